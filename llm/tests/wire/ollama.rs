//! Ollama's own API.

use serde_json::json;
use tenants::models::Task;
use troupe_llm::Input;
use troupe_llm::request::{EmbedRequest, Schema, StopReason, Tool, Usage};

use crate::stub::{Wire, ok};

const ANSWER: &str = r#"{"model":"m","created_at":"2026-03-02T12:00:00Z","message":{"role":"assistant",
    "content":"{\"ok\":true}"},"done":true,"done_reason":"stop","total_duration":4648158584,
    "prompt_eval_count":36,"eval_count":10,"eval_duration":4413}"#;

const STREAM: &str = r#"{"model":"m","message":{"role":"assistant","content":"Hel"},"done":false}
{"model":"m","message":{"role":"assistant","content":"lo"},"done":false}
{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"audit","arguments":{"event":7}}}]},"done":false}
{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":9}
"#;

#[tokio::test]
async fn a_question_with_a_schema_is_asked_and_answered() {
    let wire = Wire::start("ollama", [ok(ANSWER)]).await;
    let schema = json!({ "type": "object", "required": ["ok"] });
    let input = Input {
        schema: Some(Schema { name: "answer".into(), schema: schema.clone() }),
        ..Input::text("Be kind.", "ok?")
    };
    let reply = wire.ask(input).await.unwrap();

    let call = &wire.calls()[0];
    assert_eq!(call.line, "POST /api/chat");
    let expected = json!({
        "model": "m", "stream": false, "format": schema,
        "options": { "num_predict": 2048, "temperature": 0.3 },
        "messages": [{ "role": "system", "content": "Be kind." }, { "role": "user", "content": "ok?" }],
    });
    assert_eq!(call.body, expected);
    assert_eq!(reply.json, Some(json!({ "ok": true })));
    assert_eq!(reply.origin.usage, Usage { input: 36, output: 10, ..Usage::default() });
}

#[tokio::test]
async fn a_stream_gives_text_tools_and_usage() {
    let wire = Wire::start("ollama", [ok(STREAM)]).await;
    let (name, description) = ("audit".to_owned(), "Reads.".to_owned());
    let tools = vec![Tool { name, description, parameters: json!({ "type": "object" }) }];
    let (texts, reply) = wire.stream(Input { tools, ..Input::text("", "hi") }).await.unwrap();
    assert_eq!(texts, ["Hel", "lo"]);
    assert_eq!(reply.tool_calls[0].arguments, json!({ "event": 7 }));
    assert_eq!(reply.stop, StopReason::ToolUse);
    assert_eq!(reply.origin.usage, Usage { input: 26, output: 9, ..Usage::default() });
}

#[tokio::test]
async fn texts_become_vectors() {
    let answer =
        r#"{"model":"m","embeddings":[[0.5,0.25],[0.75,0.5]],"total_duration":1,"prompt_eval_count":8}"#;
    let wire = Wire::start("ollama", [ok(answer)]).await;
    let texts = vec!["one".to_owned(), "two".to_owned()];
    let request =
        EmbedRequest { payer: wire.payer(), task: Task::ShortReply, event: None, texts, deadline: None };
    let reply = wire.router.embed(request).await.unwrap();
    assert_eq!(reply.vectors, [[0.5, 0.25], [0.75, 0.5]]);
    assert_eq!(wire.calls()[0].line, "POST /api/embed");
}
