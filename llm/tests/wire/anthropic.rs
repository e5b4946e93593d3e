//! Anthropic's Messages.

use serde_json::json;
use tenants::money::MicroUsd;
use troupe_llm::Input;
use troupe_llm::request::{Message, Schema, StopReason, Tool, ToolCall, Usage};

use crate::stub::{Wire, ok};

const ANSWER: &str = r#"{"id":"msg_01","type":"message","role":"assistant","model":"m","content":[
    {"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"Hello!"}],
    "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":3,
    "cache_read_input_tokens":100,"output_tokens":6,"service_tier":"standard","something_new":{"a":1}}}"#;

const STREAM: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":25,"cache_read_input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüß "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"dich 🙂"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"audit","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"event\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":" 7}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15}}

event: message_stop
data: {"type":"message_stop"}

"#;

const SCHEMA_STREAM: &str = r#"data: {"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1}}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_2","name":"answer","input":{}}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"ok\":"}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"true}"}}

data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":4}}

data: {"type":"message_stop"}

"#;

fn audit_tool() -> Tool {
    let parameters = json!({ "type": "object", "properties": { "event": { "type": "integer" } } });
    Tool { name: "audit".into(), description: "Reads the audit log.".into(), parameters }
}

fn ok_schema() -> Schema {
    let schema = json!({
        "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"],
    });
    Schema { name: "answer".into(), schema }
}

#[tokio::test]
async fn a_question_is_asked_and_answered() {
    let wire = Wire::start("anthropic", [ok(ANSWER)]).await;
    let reply = wire.ask(Input::text("Be kind.", "Hi")).await.unwrap();

    let call = &wire.calls()[0];
    assert_eq!(call.line, "POST /v1/messages");
    assert_eq!(call.headers["x-api-key"], "sk-test");
    assert_eq!(call.headers["anthropic-version"], "2023-06-01");
    assert!(!call.headers.contains_key("authorization"));
    let expected = json!({
        "model": "m", "max_tokens": 2048, "system": "Be kind.", "temperature": 0.3,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "Hi" }] }],
    });
    assert_eq!(call.body, expected);
    assert_eq!((reply.text.as_str(), reply.stop), ("Hello!", StopReason::End));
    assert_eq!(reply.origin.usage, Usage { input: 115, cached: 100, cache_write: 3, output: 6 });
    assert_eq!(reply.origin.cost, MicroUsd(15 + 50 + 12));
}

#[tokio::test]
async fn a_conversation_with_tools_keeps_the_turns_the_api_wants() {
    let wire = Wire::start("anthropic", [ok(ANSWER)]).await;
    let call = |id: &str, event: u32| ToolCall {
        id: id.into(),
        name: "audit".into(),
        arguments: json!({ "event": event }),
    };
    let result = |id: &str, is_error| Message::ToolResult {
        call_id: id.into(),
        name: "audit".into(),
        text: "hidden as spam".into(),
        is_error,
    };
    let messages = vec![
        Message::User("Why?".into()),
        Message::Assistant { text: String::new(), tool_calls: vec![call("a", 1), call("b", 2)] },
        result("a", false),
        result("b", true),
    ];
    wire.ask(Input { messages, tools: vec![audit_tool()], ..Input::default() }).await.unwrap();

    let body = wire.body();
    assert!(body.get("system").is_none());
    assert_eq!(body["tools"][0]["input_schema"]["type"], "object");
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(body["messages"][1]["content"][1]["id"], "b");
    let results = &body["messages"][2]["content"];
    assert_eq!((&results[0]["tool_use_id"], &results[1]["is_error"]), (&json!("a"), &json!(true)));
}

#[tokio::test]
async fn json_is_had_by_a_forced_tool_and_looks_like_any_answer() {
    let answer = r#"{"content":[{"type":"tool_use","id":"t","name":"answer","input":{"ok":true}}],
        "stop_reason":"tool_use","usage":{"input_tokens":9,"output_tokens":4}}"#;
    let wire = Wire::start("anthropic", [ok(answer)]).await;
    let reply = wire.ask(Input { schema: Some(ok_schema()), ..Input::text("", "ok?") }).await.unwrap();
    assert_eq!(reply.json, Some(json!({ "ok": true })));
    assert!(reply.tool_calls.is_empty());
    assert_eq!(reply.stop, StopReason::End);
    let body = wire.body();
    assert_eq!(body["tool_choice"], json!({ "type": "tool", "name": "answer" }));
    assert_eq!(body["tools"][0]["input_schema"], ok_schema().schema);
}

#[tokio::test]
async fn a_stream_gives_text_tools_and_usage() {
    let wire = Wire::start("anthropic", [ok(STREAM).with("content-type", "text/event-stream")]).await;
    let (texts, reply) =
        wire.stream(Input { tools: vec![audit_tool()], ..Input::text("", "hi") }).await.unwrap();
    assert_eq!(wire.body()["stream"], true);
    assert_eq!(texts, ["Grüß ", "dich 🙂"]);
    let call = ToolCall { id: "toolu_1".into(), name: "audit".into(), arguments: json!({ "event": 7 }) };
    assert_eq!((reply.tool_calls, reply.stop), (vec![call], StopReason::ToolUse));
    assert_eq!(reply.origin.usage, Usage { input: 30, cached: 5, output: 15, ..Usage::default() });
    assert!(!reply.origin.is_estimate);
}

#[tokio::test]
async fn json_may_come_in_a_stream_too() {
    let wire = Wire::start("anthropic", [ok(SCHEMA_STREAM)]).await;
    let input = Input { schema: Some(ok_schema()), ..Input::text("", "ok?") };
    let (texts, reply) = wire.stream(input).await.unwrap();
    assert_eq!(texts.concat(), r#"{"ok":true}"#);
    assert_eq!((reply.json, reply.stop), (Some(json!({ "ok": true })), StopReason::End));
}

#[tokio::test]
async fn what_is_written_to_the_cache_has_its_own_price() {
    let entry = "price = { input = 1000000, cached = 500000, cache_write = 4000000, output = 2000000 }";
    let wire = Wire::priced("anthropic", entry, [ok(ANSWER)]).await;
    let reply = wire.ask(Input::text("", "Hi")).await.unwrap();
    assert_eq!(reply.origin.cost, MicroUsd(12 + 3 * 4 + 50 + 12));
}

#[tokio::test]
async fn a_stream_that_counts_at_its_end_only_is_counted() {
    // As LiteLLM sends it in front of other servers.
    let body = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":0,\
        \"output_tokens\":0,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0}}}\n\n\
        data: {\"type\": \"content_block_delta\", \"index\": 0, \"delta\": {\"type\": \"text_delta\", \"text\": \"Hi\"}}\n\n\
        data: {\"type\": \"message_delta\", \"delta\": {\"stop_reason\": \"end_turn\"}, \"usage\": {\"input_tokens\": 8, \"output_tokens\": 11}}\n\n\
        data: {\"type\": \"message_stop\"}\n\n";
    let wire = Wire::start("anthropic", [ok(body).with("content-type", "text/event-stream")]).await;
    let (_, reply) = wire.stream(Input::text("", "hi")).await.unwrap();
    assert_eq!(reply.origin.usage, Usage { input: 8, output: 11, ..Usage::default() });
}

#[tokio::test]
async fn a_server_that_ignores_the_wish_for_a_stream_is_understood() {
    let answer = r#"{"content":[{"type":"text","text":"Hello!"},{"type":"tool_use","id":"t","name":"audit","input":{"event":7}}],
        "stop_reason":"tool_use","usage":{"input_tokens":9,"output_tokens":4}}"#;
    let wire =
        Wire::start("anthropic", [ok(answer).with("content-type", "application/json; charset=utf-8")]).await;
    let (texts, reply) = wire.stream(Input::text("", "hi")).await.unwrap();
    assert_eq!(texts, ["Hello!"]);
    let call = ToolCall { id: "t".into(), name: "audit".into(), arguments: json!({ "event": 7 }) };
    assert_eq!((reply.tool_calls, reply.stop), (vec![call], StopReason::ToolUse));
    assert_eq!(reply.origin.usage, Usage { input: 9, output: 4, ..Usage::default() });
}
