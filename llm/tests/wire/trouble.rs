//! What goes wrong on the wire has a name, whoever says it and however.

use std::time::Duration;

use tenants::models::{CallOutcome, Task};
use troupe_llm::request::EmbedRequest;
use troupe_llm::{Input, LlmError};

use crate::stub::{Answer, Wire, ok, refused};

async fn reason(protocol: &str, answer: Answer) -> (Option<Duration>, String) {
    let wire = Wire::start(protocol, [answer]).await;
    match wire.ask(Input::text("", "hi")).await {
        Err(LlmError::Unavailable { retry_after, reason }) => (retry_after, reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn refusals_are_named_for_what_can_be_done() {
    let anthropic = |kind: &str| format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"No."}}}}"#);
    let cases = [
        ("anthropic", 529, anthropic("overloaded_error"), "overloaded"),
        ("anthropic", 429, anthropic("rate_limit_error"), "rate_limited"),
        ("anthropic", 401, anthropic("authentication_error"), "key_rejected"),
        ("anthropic", 404, anthropic("not_found_error"), "unknown_model"),
        ("anthropic", 400, anthropic("invalid_request_error"), "bad_request"),
        ("anthropic", 500, anthropic("api_error"), "server_error"),
        ("openai", 401, r#"{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}"#.into(), "key_rejected"),
        ("openai", 400, r#"{"error":{"message":"Authentication Error, Invalid proxy server token passed","type":"auth_error","code":"400"}}"#.into(), "key_rejected"),
        ("openai", 400, r#"{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}"#.into(), "key_rejected"),
        ("openai", 400, r#"{"error":{"message":"/chat/completions: Invalid model name passed in model=m. Call `/v1/models` to view available models for your key.","type":"invalid_request_error","code":"400"}}"#.into(), "unknown_model"),
        ("openai", 400, r#"{"error":{"code":400,"message":"request (9024 tokens) exceeds the available context size (4096 tokens)","type":"exceed_context_size_error"}}"#.into(), "bad_request"),
        ("openai", 501, r#"{"error":{"code":501,"message":"This server does not support embeddings.","type":"not_supported_error"}}"#.into(), "bad_request"),
        ("openai", 404, r#"{"error":{"message":"The model does not exist","code":"model_not_found"}}"#.into(), "unknown_model"),
        ("openai", 503, "upstream connect error".into(), "overloaded"),
        ("ollama", 404, r#"{"error":"model 'm' not found"}"#.into(), "unknown_model"),
        ("ollama", 500, r#"{"error":"out of memory"}"#.into(), "server_error"),
    ];
    for (protocol, status, body, word) in cases {
        let (_, reason) = reason(protocol, refused(status, body)).await;
        assert_eq!(reason, format!("p/m: {word}"), "{protocol} {status}");
    }
}

#[tokio::test]
async fn how_long_to_wait_reaches_the_caller() {
    let limited = refused(429, "{}");
    assert_eq!(
        reason("openai", limited.clone().with("retry-after", "17")).await.0,
        Some(Duration::from_secs(17))
    );
    assert_eq!(
        reason("anthropic", limited.with("retry-after-ms", "2500")).await.0,
        Some(Duration::from_millis(2_500))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_never_a_panic() {
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        "<html>Bad gateway</html>",
        r#"{"choices":[]}"#,
        r#"{"choices":[{}]}"#,
        r#"{"choices":[{"message":{"tool_calls":[{"function":{"name":"a","arguments":"{"}}]}}]}"#,
        r#"{"content":"text"}"#,
        r#"{"content":[{"type":"tool_use"}]}"#,
        r#"{"message":{"content":7}}"#,
        "data: {\"type\":",
        "data: [DONE]\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":99999999,\"function\":{}}]}}]}\n\n",
    ];
    for protocol in ["openai", "anthropic", "ollama"] {
        for body in bodies {
            let wire = Wire::start(protocol, [ok(body)]).await;
            let whole = wire.ask(Input::text("", "hi")).await;
            let pieces = wire.stream(Input::text("", "hi")).await.map(|(_, reply)| reply);
            for result in [whole, pieces] {
                assert!(result.is_err(), "{protocol}: {body}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_paid_as_far_as_it_came() {
    let half = r#"{"choices":[{"message":{"content":"Hel"#;
    let wire = Wire::start("openai", [ok(half).cut()]).await;
    wire.ask(Input::text("", "hi")).await.unwrap_err();
    let calls = wire.bill().await;
    assert_eq!((calls[0].outcome, calls[0].is_estimate), (CallOutcome::Truncated, true));
    assert_eq!(calls[0].cost, wire.ledger.reserved()[0]);
}

#[tokio::test]
async fn streams_that_stop_too_early_are_told_from_those_that_end() {
    let openai = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let anthropic = "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
        data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n";
    let ollama = "{\"message\":{\"content\":\"Hel\"},\"done\":false}\n";
    for (protocol, body) in [("openai", openai), ("anthropic", anthropic), ("ollama", ollama)] {
        for answer in [ok(body), ok(body).cut()] {
            let wire = Wire::start(protocol, [answer]).await;
            let error = wire.stream(Input::text("", "hi")).await.unwrap_err();
            assert!(error.to_string().contains("broke off"), "{protocol}: {error}");
            let calls = wire.bill().await;
            assert_eq!((calls[0].outcome, calls[0].tokens_out), (CallOutcome::Truncated, 1), "{protocol}");
        }
    }
}

#[tokio::test]
async fn trouble_inside_a_stream_has_its_name() {
    let anthropic = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let openai = "data: {\"error\":{\"message\":\"Slow down\",\"code\":\"429\"}}\n\n";
    let ollama = "{\"error\":\"out of memory\"}\n";
    let cases = [
        ("anthropic", anthropic, "overloaded"),
        ("openai", openai, "rate_limited"),
        ("ollama", ollama, "server_error"),
    ];
    for (protocol, body, word) in cases {
        let wire = Wire::start(protocol, [ok(body)]).await;
        let error = wire.stream(Input::text("", "hi")).await.unwrap_err();
        assert!(error.to_string().contains(&format!("p/m: {word}")), "{protocol}: {error}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_unreachable_and_costs_nothing() {
    let wire = Wire::start("openai", []).await;
    let gone = Wire::start("openai", []).await;
    // A port that was free a moment ago, on an address nobody listens on.
    let text = troupe_llm::catalogue::BUILT_IN.replace("https://api.moonshot.ai/v1", "http://127.0.0.1:1");
    let catalogue = troupe_llm::Catalogue::alone(&text).unwrap();
    let keys = std::collections::HashMap::from([("moonshot".to_owned(), "sk-test".into())]);
    let clock = std::sync::Arc::new(tenants::clock::SystemClock);
    let providers = troupe_llm::provider::HttpProviders::new(keys, Duration::from_secs(5), clock).unwrap();
    wire.router.reload(catalogue, &providers).unwrap();
    drop(gone);
    let request = troupe_llm::Request::new(wire.payer(), Task::Classify, Input::text("", "hi"));
    let error = wire.router.complete(request).await.unwrap_err();
    assert!(error.to_string().contains("moonshot/kimi-k2.5: unreachable"), "{error}");
    assert!(wire.bill().await.iter().all(|call| call.outcome == CallOutcome::Failed && call.cost.0 == 0));
}

#[tokio::test]
async fn vectors_that_do_not_fit_the_texts_are_refused() {
    let bodies = [
        r#"{"data":[{"index":0,"embedding":[0.5]}]}"#,
        r#"{"data":[{"index":0,"embedding":[0.5]},{"index":1,"embedding":[0.5,0.1]}]}"#,
        r#"{"data":[{"index":0,"embedding":[0.5]},{"index":7,"embedding":[0.5]}]}"#,
        r#"{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}"#,
    ];
    for body in bodies {
        let wire = Wire::start("openai", [ok(body)]).await;
        let texts = vec!["one".to_owned(), "two".to_owned()];
        let request =
            EmbedRequest { payer: wire.payer(), task: Task::ShortReply, event: None, texts, deadline: None };
        let error = wire.router.embed(request).await.unwrap_err();
        assert!(error.to_string().contains("malformed"), "{body}: {error}");
    }
}

#[tokio::test]
async fn neither_the_key_nor_the_address_shows_in_errors() {
    let wire = Wire::start("openai", [ok("{").cut()]).await;
    let error = wire.ask(Input::text("", "hi")).await.unwrap_err();
    let calls = format!("{error} {:?}", wire.bill().await);
    assert!(!calls.contains("sk-test") && !calls.contains(&wire.address), "{calls}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let words = "we ship ".repeat(10 << 17);
    let whole = |text: &str| {
        let openai = serde_json::json!({ "choices": [{ "message": { "content": text } }] });
        let anthropic = serde_json::json!({ "content": [{ "type": "text", "text": text }] });
        let ollama = serde_json::json!({ "message": { "content": text }, "done": true });
        [("openai", openai), ("anthropic", anthropic), ("ollama", ollama)]
    };
    for (protocol, body) in whole(&words) {
        let (_, reason) = reason(protocol, ok(body.to_string())).await;
        assert_eq!(reason, "p/m: malformed", "{protocol}");
    }
    let event =
        format!("data: {}\n\n", serde_json::json!({ "choices": [{ "delta": { "content": "we ship" } }] }));
    let wire = Wire::start("openai", [ok(event.repeat(200_000))]).await;
    let error = wire.stream(Input::text("", "hi")).await.unwrap_err();
    assert!(error.to_string().contains("without end"), "{error}");
}

#[tokio::test]
async fn nobody_is_told_to_wait_for_longer_than_an_hour() {
    for value in ["1e308", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "86400"] {
        let (wait, _) = reason("openai", refused(429, "{}").with("retry-after", value)).await;
        assert_eq!(wait, Some(Duration::from_secs(3_600)), "{value}");
    }
}
