//! Against llama.cpp's server with a real, very small model, named by `LLAMA_URL` (without a path), as
//! `tests/servers/start.sh llama` starts it. What the model says is of no matter here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llm::provider::HttpProviders;
use llm::request::{EmbedRequest, Schema, StopReason};
use llm::{Input, LlmError, Piece};
use serde_json::json;
use storage::testing::TestDatabase;
use tenants::clock::SystemClock;
use tenants::models::{CallOutcome, Task};

use crate::house::{House, server_of};

fn server() -> Option<String> {
    server_of("LLAMA_URL")
}

const PROTOCOLS: [(&str, &str); 2] = [("openai", "/v1"), ("anthropic", "")];

async fn guest(server: &str, (protocol, path): (&str, &str), key: &str) -> (House, TestDatabase) {
    let catalogue = format!(
        "tasks.caption = {{ models = ['own/gemma'], timeout_ms = 30000, deadline_ms = 60000, tries = 1 }}\n\
         embedding.models = ['own/gemma']\n\
         providers.own = {{ protocol = '{protocol}', base_url = '{server}{path}', concurrency = 1 }}\n\
         [models.'own/gemma'.price]\ninput = 1000000\ncached = 500000\noutput = 2000000"
    );
    let keys = HashMap::from([("own".to_owned(), key.into())]);
    let providers = HttpProviders::new(keys, Duration::from_secs(5), Arc::new(SystemClock)).unwrap();
    let database = TestDatabase::sqlite();
    (House::build(&database, 10_000_000, &catalogue, &providers).await, database)
}

fn few_tokens(text: &str) -> Input {
    Input { max_tokens: Some(12), ..Input::text("", text) }
}

#[tokio::test]
async fn a_real_model_answers_as_a_whole_and_in_pieces() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let (house, _database) = guest(&server, protocol, "sk-local").await;
        let reply = house.ask(few_tokens("Count: one, two, three,")).await.unwrap();
        let usage = reply.origin.usage;
        assert!(usage.input > 0 && (1..=12).contains(&usage.output), "{usage:?}");
        let (texts, reply) = house.listen(few_tokens("Count: one, two, three,")).await.unwrap();
        assert!(texts.len() > 1 && reply.text == texts.concat(), "{texts:?}");
        assert!(reply.origin.usage.cached > 0, "the server keeps what it has read: {:?}", reply.origin.usage);
        let (_, calls) = house.reckon().await;
        assert!(calls.iter().all(|call| call.outcome == CallOutcome::Answered && !call.is_estimate));
    }
}

#[tokio::test]
async fn a_real_model_keeps_to_a_schema() {
    let Some(server) = server() else { return };
    let (house, _database) = guest(&server, PROTOCOLS[0], "sk-local").await;
    let schema = json!({
        "type": "object",
        "properties": { "intent": { "enum": ["praise", "question", "complaint"] } },
        "required": ["intent"],
        "additionalProperties": false,
    });
    let schema = Some(Schema { name: "answer".to_owned(), schema });
    let input =
        Input { schema, temperature: Some(0.0), ..Input::text("Say what the text is.", "I love it!") };
    let reply = house.ask(input).await.unwrap();
    assert!(reply.json.unwrap()["intent"].is_string());
    assert_eq!(house.reckon().await.1.len(), 1, "nothing had to be repaired");
}

#[tokio::test]
async fn an_answer_that_reaches_its_cap_says_so() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let (house, _database) = guest(&server, protocol, "sk-local").await;
        let input = Input { max_tokens: Some(2), ..Input::text("", "Count: one, two, three,") };
        let reply = house.ask(input).await.unwrap();
        assert_eq!((reply.stop, reply.origin.usage.output), (StopReason::MaxTokens, 2));
    }
}

#[tokio::test]
async fn a_stream_nobody_listens_to_any_more_ends_and_is_paid_as_far_as_it_came() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let (house, _database) = guest(&server, protocol, "sk-local").await;
        let long = Input { max_tokens: Some(1_000), ..Input::text("", "Tell a long story.") };
        let mut stream = house.router.stream(house.request(long)).await.unwrap();
        let mut heard = 0;
        while heard < 3 {
            match stream.next().await.unwrap().unwrap() {
                Piece::Text(_) => heard += 1,
                Piece::Done(reply) => panic!("so short: {reply:?}"),
            }
        }
        drop(stream);
        // The only place is free again, and the server at work on something else at once.
        house.ask(few_tokens("Count:")).await.unwrap();
        let (_, calls) = house.reckon().await;
        let given_up = calls.iter().find(|call| call.outcome == CallOutcome::Cancelled).unwrap();
        assert!((1..100).contains(&given_up.tokens_out) && given_up.is_estimate, "{given_up:?}");
    }
}

#[tokio::test]
async fn refusals_have_their_names() {
    let Some(server) = server() else { return };
    for protocol in PROTOCOLS {
        let (house, _database) = guest(&server, protocol, "sk-wrong").await;
        assert_eq!(reason(house.ask(few_tokens("hi")).await), "own/gemma: key_rejected");
        let (house, _database) = guest(&server, protocol, "sk-local").await;
        let too_long = "word ".repeat(9_000);
        assert_eq!(reason(house.ask(few_tokens(&too_long)).await), "own/gemma: bad_request");
    }
    let (house, _database) = guest(&server, PROTOCOLS[0], "sk-local").await;
    let (payer, texts) = (house.payer(), vec!["one".to_owned()]);
    let request = EmbedRequest { payer, task: Task::Caption, event: None, texts, deadline: None };
    assert_eq!(reason(house.router.embed(request).await), "own/gemma: bad_request");
}

fn reason<T: std::fmt::Debug>(answer: Result<T, LlmError>) -> String {
    match answer {
        Err(LlmError::Unavailable { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}
