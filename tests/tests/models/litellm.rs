//! Against LiteLLM's proxy, named by `LITELLM_URL` (without a path), with the models of `tests/servers/litellm.yaml`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llm::provider::HttpProviders;
use llm::request::{EmbedRequest, Schema, StopReason, Tool, Usage};
use llm::{Input, LlmError};
use serde_json::json;
use storage::testing::TestDatabase;
use tenants::clock::{Clock, SystemClock};
use tenants::models::{CallOutcome, LlmCall, Task};
use tenants::money::MicroUsd;

use crate::house::{House, server_of};
use crate::pipe::breaking_after;

fn server() -> Option<String> {
    server_of("LITELLM_URL")
}

/// Protocol and what comes after the server's address.
const PROTOCOLS: [(&str, &str); 2] = [("openai", "/v1"), ("anthropic", "")];

/// A tenant who asks `model` of the server.
struct Guest {
    house: House,
    _database: TestDatabase,
}

impl Guest {
    async fn of(server: &str, (protocol, path): (&str, &str), models: &[&str]) -> Self {
        Self::with_key(server, (protocol, path), models, "sk-local").await
    }

    async fn with_key(server: &str, (protocol, path): (&str, &str), models: &[&str], key: &str) -> Self {
        let names: Vec<String> = models.iter().map(|model| format!("'proxy/{model}'")).collect();
        let names = names.join(", ");
        let prices: String = models
            .iter()
            .map(|model| {
                format!(
                    "[models.'proxy/{model}'.price]\ninput = 1000000\ncached = 500000\noutput = 2000000\n"
                )
            })
            .collect();
        let catalogue = format!(
            "tasks.caption = {{ models = [{names}], timeout_ms = 2500, deadline_ms = 20000, tries = 1 }}\n\
             embedding.models = [{names}]\n\
             providers.proxy = {{ protocol = '{protocol}', base_url = '{server}{path}', concurrency = 4 }}\n{prices}"
        );
        let keys = HashMap::from([("proxy".to_owned(), key.into())]);
        let providers = HttpProviders::new(keys, Duration::from_secs(5), Arc::new(SystemClock)).unwrap();
        let database = TestDatabase::sqlite();
        let house = House::build(&database, 1_000_000, &catalogue, &providers).await;
        Self { house, _database: database }
    }

    /// Why there was no answer, and the calls it took.
    async fn trouble(&self) -> (String, Vec<LlmCall>) {
        let error = self.house.ask(Input::text("", "hi")).await.unwrap_err();
        let LlmError::Unavailable { reason, .. } = error else { panic!("{error:?}") };
        (reason, self.house.reckon().await.1)
    }
}

fn answer_schema() -> Option<Schema> {
    let schema = json!({
        "type": "object",
        "properties": { "intent": { "enum": ["praise", "question"] } },
        "required": ["intent"],
        "additionalProperties": false,
    });
    Some(Schema { name: "answer".to_owned(), schema })
}

fn order_tool() -> Tool {
    let parameters = json!({ "type": "object", "properties": { "number": { "type": "integer" } } });
    Tool { name: "find_order".to_owned(), description: "Finds an order.".to_owned(), parameters }
}

#[tokio::test]
async fn whole_answers_come_and_are_paid() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let guest = Guest::of(&server, protocol, &["hop-ok"]).await;
        let reply = guest.house.ask(Input::text("Be kind.", "Where is my parcel?")).await.unwrap();
        assert_eq!(reply.text, "Hello! Your parcel arrives tomorrow.");
        assert_eq!(reply.stop, StopReason::End);
        // What the proxy's mock says of every answer.
        assert_eq!(reply.origin.usage, Usage { input: 10, output: 20, ..Usage::default() });
        assert_eq!((reply.origin.cost, reply.origin.is_estimate), (MicroUsd(50), false));
        let (budget, calls) = guest.house.reckon().await;
        assert_eq!((budget.spent, calls[0].outcome), (MicroUsd(50), CallOutcome::Answered));
    }
}

#[tokio::test]
async fn answers_come_in_pieces_and_are_paid() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let guest = Guest::of(&server, protocol, &["hop-ok"]).await;
        let (texts, reply) = guest.house.listen(Input::text("", "Where is my parcel?")).await.unwrap();
        assert!(texts.len() > 3, "{texts:?}");
        assert_eq!(texts.concat(), "Hello! Your parcel arrives tomorrow.");
        assert_eq!((reply.text, reply.stop), (texts.concat(), StopReason::End));
        let usage = reply.origin.usage;
        assert!(usage.input > 0 && usage.output > 0 && !reply.origin.is_estimate, "{usage:?}");
        assert_eq!(guest.house.reckon().await.0.spent, reply.origin.cost);
    }
}

#[tokio::test]
async fn a_proxy_that_ignores_the_wish_for_a_stream_is_understood() {
    let Some(server) = server() else { return };
    let guest = Guest::of(&server, ("anthropic", ""), &["mock-ok"]).await;
    let (texts, reply) = guest.house.listen(Input::text("", "hi")).await.unwrap();
    assert_eq!(texts, ["Hello! Your parcel arrives tomorrow."]);
    assert!(!reply.origin.is_estimate);
}

#[tokio::test]
async fn json_of_a_given_form_is_read_and_checked() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let guest = Guest::of(&server, protocol, &["hop-json"]).await;
        let reply =
            guest.house.ask(Input { schema: answer_schema(), ..Input::text("", "great") }).await.unwrap();
        assert_eq!(reply.json, Some(json!({ "intent": "praise" })));

        let guest = Guest::of(&server, protocol, &["hop-ok"]).await;
        let input = Input { schema: answer_schema(), ..Input::text("", "great") };
        let refused = guest.house.ask(input).await;
        assert!(matches!(refused, Err(LlmError::InvalidOutput { .. })), "{refused:?}");
        // The answer and one try to repair it, both paid.
        let (budget, calls) = guest.house.reckon().await;
        assert_eq!((budget.spent, calls.len()), (MicroUsd(100), 2));
    }
}

#[tokio::test]
async fn tools_are_called() {
    let Some(server) = server() else { return };
    for (protocol, model) in
        [(PROTOCOLS[0], "mock-tools"), (PROTOCOLS[0], "hop-tools"), (PROTOCOLS[1], "hop-tools")]
    {
        let guest = Guest::of(&server, protocol, &[model]).await;
        let input = Input { tools: vec![order_tool()], ..Input::text("", "Where is order 17?") };
        let reply = guest.house.ask(input).await.unwrap();
        assert_eq!(reply.stop, StopReason::ToolUse);
        let call = &reply.tool_calls[0];
        assert_eq!((call.name.as_str(), &call.arguments), ("find_order", &json!({ "number": 17 })));
    }
}

#[tokio::test]
async fn texts_become_vectors_and_too_few_of_them_are_refused() {
    let Some(server) = server() else { return };
    for (texts, is_answered) in
        [(vec!["one".to_owned()], true), (vec!["one".to_owned(), "two".to_owned()], false)]
    {
        let guest = Guest::of(&server, PROTOCOLS[0], &["mock-vectors"]).await;
        let payer = guest.house.payer();
        let request = EmbedRequest { payer, task: Task::Caption, event: None, texts, deadline: None };
        // The proxy's mock gives one vector, whatever it is asked.
        match guest.house.router.embed(request).await {
            Ok(reply) => assert_eq!((reply.vectors, is_answered), (vec![vec![0.1, 0.2, 0.3]], true)),
            Err(error) => assert!(!is_answered && error.to_string().contains("malformed"), "{error}"),
        }
        guest.house.reckon().await;
    }
}

#[tokio::test]
async fn refusals_have_their_names_and_cost_nothing() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let cases = [
            ("mock-429", "sk-local", "rate_limited"),
            ("mock-500", "sk-local", "server_error"),
            ("mock-ok", "sk-wrong", "key_rejected"),
            ("nowhere", "sk-local", "unknown_model"),
        ];
        for (model, key, word) in cases {
            let guest = Guest::with_key(&server, protocol, &[model], key).await;
            let (reason, calls) = guest.trouble().await;
            assert_eq!(reason, format!("proxy/{model}: {word}"), "{protocol:?}");
            assert_eq!((calls[0].outcome, calls[0].cost), (CallOutcome::Failed, MicroUsd(0)));
        }
    }
}

#[tokio::test]
async fn the_next_model_answers_for_one_that_fails() {
    let Some(server) = server() else { return };
    let guest = Guest::of(&server, PROTOCOLS[0], &["mock-500", "mock-ok"]).await;
    let reply = guest.house.ask(Input::text("", "hi")).await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["proxy/mock-500: server_error"]);
    let (_, calls) = guest.house.reckon().await;
    assert_eq!(calls[1].fallback_reason.as_deref(), Some("proxy/mock-500: server_error"));
}

#[tokio::test]
async fn a_model_that_takes_too_long_is_given_up_and_paid_as_estimated() {
    let Some(server) = server() else { return };
    let guest = Guest::of(&server, PROTOCOLS[0], &["mock-slow"]).await;
    let (reason, calls) = guest.trouble().await;
    assert_eq!(reason, "proxy/mock-slow: timed_out");
    assert_eq!((calls[0].outcome, calls[0].is_estimate), (CallOutcome::Cancelled, true));
    assert!(calls[0].cost > MicroUsd(0));
}

#[tokio::test]
async fn a_call_nobody_waits_for_is_settled() {
    let Some(server) = server() else { return };
    let guest = Guest::of(&server, PROTOCOLS[0], &["mock-slow"]).await;
    let asking = guest.house.ask(Input::text("", "hi"));
    tokio::select! {
        answer = asking => panic!("{answer:?}"),
        () = SystemClock.sleep(Duration::from_millis(500)) => {}
    }
    let (budget, calls) = guest.house.reckon().await;
    assert_eq!((calls[0].outcome, budget.spent), (CallOutcome::Cancelled, calls[0].cost));
    assert!(budget.spent > MicroUsd(0));
}

#[tokio::test]
async fn an_answer_that_breaks_off_has_its_name_and_is_paid_as_far_as_it_came() {
    let Some(server) = server() else { return };
    let there = server.trim_start_matches("http://");
    for protocol in PROTOCOLS {
        let broken = format!("http://{}", breaking_after(there, 700).await);
        let guest = Guest::of(&broken, protocol, &["hop-ok"]).await;
        let error = guest.house.listen(Input::text("", "hi")).await.unwrap_err();
        assert!(error.to_string().contains("broke off"), "{protocol:?}: {error}");
        let (_, calls) = guest.house.reckon().await;
        assert_eq!((calls[0].outcome, calls[0].is_estimate), (CallOutcome::Truncated, true));

        let broken = format!("http://{}", breaking_after(there, 100).await);
        let guest = Guest::of(&broken, protocol, &["hop-ok"]).await;
        let (reason, calls) = guest.trouble().await;
        assert_eq!(reason, "proxy/hop-ok: truncated");
        assert_eq!(calls[0].outcome, CallOutcome::Truncated);
    }
}
