//! Answers in pieces.

use serde_json::json;
use tenants::models::{CallOutcome, Task};
use tenants::money::MicroUsd;
use troupe_llm::provider::{CallError, Delta};
use troupe_llm::request::{StopReason, ToolCall, Usage};
use troupe_llm::testing::{Gate, StreamStep, Turn, saying};
use troupe_llm::{LlmError, Piece, Reply, ReplyStream};

use crate::stage::{Stage, intent_schema};

fn text(text: &str) -> StreamStep {
    StreamStep::Piece(Delta::Text(text.to_owned()))
}

fn usage(input: u32, output: u32) -> StreamStep {
    StreamStep::Piece(Delta::Usage(Usage { input, output, ..Usage::default() }))
}

fn end() -> StreamStep {
    StreamStep::Piece(Delta::End(StopReason::End))
}

async fn begun(stage: &Stage) -> ReplyStream {
    stage.run(stage.router.stream(stage.request(Task::Oversight, "why?"))).await.unwrap()
}

/// All texts, and how it ended.
async fn read(stage: &Stage, stream: &mut ReplyStream) -> (String, Result<Reply, LlmError>) {
    let mut texts = String::new();
    loop {
        match stage.run(stream.next()).await.expect("an end") {
            Ok(Piece::Text(text)) => texts.push_str(&text),
            Ok(Piece::Done(reply)) => return (texts, Ok(*reply)),
            Err(error) => return (texts, Err(error)),
        }
    }
}

#[tokio::test]
async fn pieces_come_one_by_one_and_the_whole_with_its_price_at_the_end() {
    let stage = Stage::new();
    let steps = vec![text("Because "), text("you asked."), usage(20, 5), end()];
    stage.provider.on("small", [Turn::Stream(steps)]);
    let mut stream = begun(&stage).await;
    let (texts, reply) = read(&stage, &mut stream).await;
    let reply = reply.unwrap();
    assert_eq!((texts.as_str(), reply.text.as_str()), ("Because you asked.", "Because you asked."));
    assert_eq!((reply.origin.cost, reply.origin.is_estimate), (MicroUsd(30), false));
    assert!(stream.next().await.is_none());
    // Settled although the stream is still held.
    assert_eq!(stage.bill().await, ["small answered 30"]);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error_and_what_came_is_paid() {
    let stage = Stage::new();
    stage.provider.on("small", [Turn::Stream(vec![text("Because "), text("y")])]);
    let mut stream = begun(&stage).await;
    let (texts, reply) = read(&stage, &mut stream).await;
    assert_eq!(texts, "Because y");
    let error = reply.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("broke off"), "{error}");
    let calls = stage.calls().await;
    assert_eq!((calls[0].outcome, calls[0].is_estimate), (CallOutcome::Truncated, true));
    assert_eq!(calls[0].tokens_out, 3);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_given_up() {
    let stage = Stage::new();
    let steps = vec![text("Because "), StreamStep::Wait(Gate::default())];
    stage.provider.on("small", [Turn::Stream(steps)]);
    let mut stream = begun(&stage).await;
    let (_, reply) = read(&stage, &mut stream).await;
    assert!(reply.unwrap_err().to_string().contains("no answer in time"));
    assert_eq!(stage.outcomes().await, [CallOutcome::Cancelled]);
}

#[tokio::test]
async fn a_model_that_fails_before_it_has_begun_is_passed_over() {
    let stage = Stage::new();
    let overloaded = CallError::Overloaded { retry_after: None };
    stage.provider.on("small", [Turn::Stream(vec![StreamStep::Fail(overloaded)])]);
    stage.provider.on("large", [saying("Because.", 10, 5)]);
    let mut stream = begun(&stage).await;
    let (_, reply) = read(&stage, &mut stream).await;
    assert_eq!(reply.unwrap().origin.fallback_reasons, ["near/small: overloaded"]);
}

#[tokio::test]
async fn tool_calls_are_put_together_from_their_pieces() {
    let stage = Stage::new();
    let tool = |id: Option<&str>, name: Option<&str>, arguments: &str| {
        let (id, name) = (id.map(str::to_owned), name.map(str::to_owned));
        StreamStep::Piece(Delta::Tool { index: 0, id, name, arguments: arguments.to_owned() })
    };
    let steps = vec![
        tool(Some("t1"), Some("audit"), "{\"ev"),
        tool(None, None, "ent\": 7}"),
        StreamStep::Piece(Delta::End(StopReason::ToolUse)),
    ];
    stage.provider.on("small", [Turn::Stream(steps)]);
    let mut stream = begun(&stage).await;
    let (_, reply) = read(&stage, &mut stream).await;
    let call = ToolCall { id: "t1".into(), name: "audit".into(), arguments: json!({ "event": 7 }) };
    assert_eq!(reply.unwrap().tool_calls, [call]);
}

#[tokio::test]
async fn tool_arguments_that_are_no_json_are_a_failure_with_a_name() {
    let stage = Stage::new();
    let tool = Delta::Tool { index: 0, id: None, name: Some("audit".into()), arguments: "{".into() };
    stage.provider.on("small", [Turn::Stream(vec![StreamStep::Piece(tool), end()])]);
    let mut stream = begun(&stage).await;
    let (_, reply) = read(&stage, &mut stream).await;
    assert!(reply.unwrap_err().to_string().contains("arguments of tool audit"));
    assert_eq!(stage.outcomes().await, [CallOutcome::InvalidOutput]);
}

#[tokio::test]
async fn json_in_pieces_is_checked_at_its_end() {
    for (answer, is_good) in [(r#"{"intent":"praise"}"#, true), ("praise", false)] {
        let stage = Stage::new();
        stage.provider.on("small", [Turn::Stream(vec![text(answer), usage(1, 1), end()])]);
        let mut request = stage.request(Task::Oversight, "?");
        request.input.schema = Some(intent_schema());
        let mut stream = stage.run(stage.router.stream(request)).await.unwrap();
        let (_, reply) = read(&stage, &mut stream).await;
        match reply {
            Ok(reply) => assert!(is_good && reply.json == Some(json!({ "intent": "praise" }))),
            Err(error) => assert!(!is_good && matches!(error, LlmError::InvalidOutput { .. }), "{error}"),
        }
    }
}
