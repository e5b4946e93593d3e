//! OpenAI's chat completions and embeddings, and what its likes make of them.

use serde_json::json;
use tenants::models::Task;
use tenants::money::MicroUsd;
use troupe_llm::Input;
use troupe_llm::request::{EmbedRequest, Message, Schema, StopReason, Tool, ToolCall, Usage};

use crate::stub::{Wire, ok};

const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1741569952,"model":"m","choices":[
    {"index":0,"message":{"role":"assistant","content":"Hello!","refusal":null,"annotations":[]},"logprobs":null,
    "finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,
    "prompt_tokens_details":{"cached_tokens":8,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},
    "service_tier":"default"}"#;

const STREAM: &str = r#"data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}

data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}],"usage":null}

data: {"id":"1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}],"usage":null}

data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"audit","arguments":""}}]},"finish_reason":null}]}

data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"event\":"}}]},"finish_reason":null}]}

data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"7}"}}]},"finish_reason":null}]}

data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}

data: {"id":"1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}

data: [DONE]

"#;

/// Kimi counts inside of the last choice, and says nothing after it.
const KIMI_STREAM: &str = r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"cached_tokens":4}}]}

"#;

fn ok_schema() -> Schema {
    let schema = json!({
        "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"],
        "additionalProperties": false,
    });
    Schema { name: "answer".into(), schema }
}

fn saying(text: &str) -> String {
    let message = json!({ "role": "assistant", "content": text });
    let choices = json!([{ "index": 0, "message": message, "finish_reason": "stop" }]);
    json!({ "choices": choices, "usage": { "prompt_tokens": 1, "completion_tokens": 1 } }).to_string()
}

#[tokio::test]
async fn a_question_is_asked_and_answered() {
    let wire = Wire::start("openai", [ok(ANSWER)]).await;
    let reply = wire.ask(Input::text("Be kind.", "Hi")).await.unwrap();

    let call = &wire.calls()[0];
    assert_eq!(call.line, "POST /chat/completions");
    assert_eq!(call.headers["authorization"], "Bearer sk-test");
    let expected = json!({
        "model": "m", "max_tokens": 2048, "temperature": 0.3,
        "messages": [{ "role": "system", "content": "Be kind." }, { "role": "user", "content": "Hi" }],
    });
    assert_eq!(call.body, expected);
    assert_eq!((reply.text.as_str(), reply.stop), ("Hello!", StopReason::End));
    assert_eq!(reply.origin.usage, Usage { input: 19, cached: 8, output: 10, ..Usage::default() });
    assert_eq!(reply.origin.cost, MicroUsd(11 + 4 + 20));
}

#[tokio::test]
async fn what_only_one_model_knows_is_sent_along() {
    let more = "temperature = false\nextra = { thinking = { type = 'disabled' } }";
    let wire = Wire::with("openai", more, [ok(ANSWER)]).await;
    wire.ask(Input::text("", "Hi")).await.unwrap();
    let body = wire.body();
    assert_eq!(body["thinking"], json!({ "type": "disabled" }));
    assert!(body.get("temperature").is_none());
}

#[tokio::test]
async fn a_conversation_with_tools_goes_out_and_comes_back() {
    let answer = r#"{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1",
        "type":"function","function":{"name":"audit","arguments":"{\"event\": 3}"}}]},"finish_reason":"tool_calls"}]}"#;
    let wire = Wire::start("openai", [ok(answer)]).await;
    let call = ToolCall { id: "call_0".into(), name: "audit".into(), arguments: json!({ "event": 2 }) };
    let messages = vec![
        Message::User("Why?".into()),
        Message::Assistant { text: "Let me see.".into(), tool_calls: vec![call] },
        Message::ToolResult {
            call_id: "call_0".into(),
            name: "audit".into(),
            text: "spam".into(),
            is_error: false,
        },
    ];
    let parameters = json!({ "type": "object" });
    let tools = vec![Tool { name: "audit".into(), description: "Reads.".into(), parameters }];
    let reply = wire.ask(Input { messages, tools, ..Input::default() }).await.unwrap();

    let expected = ToolCall { id: "call_1".into(), name: "audit".into(), arguments: json!({ "event": 3 }) };
    assert_eq!((reply.tool_calls, reply.stop), (vec![expected], StopReason::ToolUse));
    let body = wire.body();
    assert_eq!(body["tools"][0]["function"]["name"], "audit");
    assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["arguments"], r#"{"event":2}"#);
    assert_eq!(body["messages"][2], json!({ "role": "tool", "tool_call_id": "call_0", "content": "spam" }));
}

#[tokio::test]
async fn a_model_that_keeps_schemas_gets_one() {
    let wire = Wire::start("openai", [ok(saying(r#"{"ok":true}"#))]).await;
    let reply = wire.ask(Input { schema: Some(ok_schema()), ..Input::text("S", "ok?") }).await.unwrap();
    assert_eq!(reply.json, Some(json!({ "ok": true })));
    let body = wire.body();
    let format = json!({ "name": "answer", "strict": true, "schema": ok_schema().schema });
    assert_eq!(body["response_format"], json!({ "type": "json_schema", "json_schema": format }));
    assert_eq!(body["messages"][0]["content"], "S");
}

#[tokio::test]
async fn a_model_that_does_not_is_told_in_words() {
    let wire = Wire::with("openai", "keeps_schema = false", [ok(saying(r#"{"ok":true}"#))]).await;
    wire.ask(Input { schema: Some(ok_schema()), ..Input::text("S", "ok?") }).await.unwrap();
    let body = wire.body();
    assert_eq!(body["response_format"], json!({ "type": "json_object" }));
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("\"additionalProperties\":false"));
}

#[tokio::test]
async fn a_stream_gives_text_tools_and_usage() {
    let wire = Wire::start("openai", [ok(STREAM).with("content-type", "text/event-stream")]).await;
    let (texts, reply) = wire.stream(Input::text("", "hi")).await.unwrap();
    let body = wire.body();
    assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({ "include_usage": true })));
    assert_eq!(texts, ["Hel", "lo"]);
    let call = ToolCall { id: "call_a".into(), name: "audit".into(), arguments: json!({ "event": 7 }) };
    assert_eq!((reply.tool_calls, reply.stop), (vec![call], StopReason::ToolUse));
    assert_eq!(reply.origin.usage, Usage { input: 9, output: 12, ..Usage::default() });
}

#[tokio::test]
async fn a_stream_of_kimi_is_understood() {
    let wire = Wire::start("openai", [ok(KIMI_STREAM)]).await;
    let (texts, reply) = wire.stream(Input::text("", "hi")).await.unwrap();
    assert_eq!(texts, ["Hi"]);
    assert_eq!(reply.origin.usage, Usage { input: 8, cached: 4, output: 2, ..Usage::default() });
    assert!(!reply.origin.is_estimate);
}

#[tokio::test]
async fn texts_become_vectors_in_their_own_order() {
    let answer = r#"{"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.5,0.5]},
        {"object":"embedding","index":0,"embedding":[0.25,0.75]}],"model":"m","usage":{"prompt_tokens":5,"total_tokens":5}}"#;
    let wire = Wire::start("openai", [ok(answer)]).await;
    let texts = vec!["one".to_owned(), "two".to_owned()];
    let request =
        EmbedRequest { payer: wire.payer(), task: Task::ShortReply, event: None, texts, deadline: None };
    let reply = wire.router.embed(request).await.unwrap();
    assert_eq!(reply.vectors, [[0.25, 0.75], [0.5, 0.5]]);
    assert_eq!(reply.origin.cost, MicroUsd(5));
    assert_eq!(wire.calls()[0].line, "POST /embeddings");
    assert_eq!(wire.body()["input"], json!(["one", "two"]));
}

#[tokio::test]
async fn a_server_that_ignores_the_wish_for_a_stream_is_understood() {
    let wire = Wire::start("openai", [ok(ANSWER).with("content-type", "application/json")]).await;
    let (texts, reply) = wire.stream(Input::text("", "hi")).await.unwrap();
    assert_eq!((texts, reply.stop), (vec!["Hello!".to_owned()], StopReason::End));
    assert_eq!(reply.origin.usage, Usage { input: 19, cached: 8, output: 10, ..Usage::default() });
    assert!(!reply.origin.is_estimate);
}

#[tokio::test]
async fn tools_are_called_also_by_a_server_that_says_it_stopped_as_ever() {
    let answer = r#"{"choices":[{"message":{"content":"","tool_calls":[{"id":"call_1","type":"function",
        "function":{"name":"audit","arguments":"{}"}}]},"finish_reason":"stop"}]}"#;
    let stream = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\
        \"function\":{\"name\":\"audit\",\"arguments\":\"{}\"}}]}}]}\n\n\
        data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let wire = Wire::start("openai", [ok(answer), ok(stream)]).await;
    let whole = wire.ask(Input::text("", "hi")).await.unwrap();
    let (_, in_pieces) = wire.stream(Input::text("", "hi")).await.unwrap();
    for reply in [whole, in_pieces] {
        assert_eq!((reply.tool_calls.len(), reply.stop), (1, StopReason::ToolUse));
    }
}
