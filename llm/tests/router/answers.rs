//! What a good answer carries, the form of answers, and the cache.

use serde_json::json;
use tenants::models::{CallOutcome, Task};
use tenants::money::MicroUsd;
use troupe_llm::provider::{Completion, Embeddings};
use troupe_llm::request::{CacheScope, EmbedRequest, Message, StopReason, Tool, ToolCall, Usage};
use troupe_llm::testing::{Turn, saying};
use troupe_llm::{Input, LlmError, Request};

use crate::stage::{Stage, intent_schema};

fn classification(stage: &Stage, text: &str) -> Request {
    let mut request = stage.request(Task::Classify, text);
    request.input.schema = Some(intent_schema());
    request
}

#[tokio::test]
async fn an_answer_says_who_gave_it_and_what_it_cost() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("Sunny side up!", 100, 10)]);
    let mut request = stage.request(Task::Caption, "eggs");
    request.prompt = Some("caption@3".to_owned());

    let reply = stage.run(stage.router.complete(request)).await.unwrap();

    assert_eq!(reply.text, "Sunny side up!");
    let origin = reply.origin;
    assert_eq!((origin.provider.as_str(), origin.model.as_str()), ("near", "small"));
    assert_eq!(origin.usage, Usage { input: 100, output: 10, ..Usage::default() });
    assert_eq!((origin.cost, origin.is_estimate, origin.attempts), (MicroUsd(120), false, 1));
    assert!(origin.fallback_reasons.is_empty() && !origin.cache_hit);
    let calls = stage.calls().await;
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!((call.tenant, call.task, call.outcome), (stage.tenant, Task::Caption, CallOutcome::Answered));
    assert_eq!(call.prompt.as_deref(), Some("caption@3"));
    assert_eq!((call.tokens_in, call.tokens_out, call.cost), (100, 10, MicroUsd(120)));
    assert_eq!(stage.budget().await.spent, MicroUsd(120));
    let metrics = stage.metrics();
    let counted =
        r#"troupe_llm_calls_total{model="small",outcome="answered",provider="near",task="caption"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(
        metrics
            .contains(r#"troupe_llm_cost_microusd_total{model="small",provider="near",task="caption"} 120"#)
    );
}

#[tokio::test]
async fn an_answer_is_never_longer_than_its_task_allows() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("yes", 1, 1)]);
    for (wanted, sent) in [(None, 512), (Some(9_999), 512), (Some(40), 40), (Some(0), 1)] {
        let mut request = stage.request(Task::ShortReply, "hi");
        request.input.max_tokens = wanted;
        stage.run(stage.router.complete(request)).await.unwrap();
        assert_eq!(stage.provider.asked().last().unwrap().max_tokens, sent);
    }
}

#[tokio::test]
async fn a_model_that_takes_no_temperature_gets_none() {
    let stage = Stage::with("tasks.plan.models = ['far/large']");
    stage.provider.on("small", [saying("yes", 1, 1)]);
    stage.provider.on("large", [saying("yes", 1, 1)]);
    stage.caption("hi").await.unwrap();
    stage.run(stage.router.complete(stage.request(Task::Plan, "hi"))).await.unwrap();
    let temperatures: Vec<_> = stage.provider.asked().iter().map(|asked| asked.temperature).collect();
    assert_eq!(temperatures, [Some(0.4), None]);
}

#[tokio::test]
async fn a_price_nobody_knows_is_taken_to_be_the_dearest() {
    let stage = Stage::with("tasks.caption.models = ['far/unlisted']");
    stage.provider.on("unlisted", [saying("yes", 100, 10)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!((reply.origin.cost, reply.origin.is_estimate), (MicroUsd(1_200), true));
    assert_eq!(stage.bill().await, ["unlisted answered about 1200"]);
}

#[tokio::test]
async fn an_answer_without_usage_is_estimated_from_its_length() {
    let stage = Stage::new();
    let silent = Completion { text: "123456".to_owned(), ..Completion::default() };
    stage.provider.on("small", [Turn::Say(silent)]);
    // "Be kind." and "hi" are 10 bytes, which makes 4 tokens; the answer makes 2 of 2 micro-dollars each.
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!((reply.origin.cost, reply.origin.is_estimate), (MicroUsd(8), true));
}

#[tokio::test]
async fn json_of_the_right_form_is_handed_over_as_json() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("```json\n{\"intent\": \"praise\"}\n```", 10, 5)]);
    let reply = stage.run(stage.router.complete(classification(&stage, "love it"))).await.unwrap();
    assert_eq!(reply.json, Some(json!({ "intent": "praise" })));
}

#[tokio::test]
async fn json_of_the_wrong_form_may_be_repaired_once() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("It is praise.", 10, 5), saying(r#"{"intent":"praise"}"#, 20, 5)]);

    let reply = stage.run(stage.router.complete(classification(&stage, "love it"))).await.unwrap();

    assert_eq!(reply.json, Some(json!({ "intent": "praise" })));
    assert_eq!((reply.origin.attempts, reply.origin.cost), (2, MicroUsd(50)));
    assert_eq!(stage.bill().await, ["small invalid_output 20", "small answered 30"]);
    let second = &stage.provider.asked()[1].input.messages;
    assert_eq!(second[1], Message::assistant("It is praise."));
    assert!(matches!(&second[2], Message::User(text) if text.contains("it is not JSON")));
}

#[tokio::test]
async fn json_that_reaches_its_cap_says_so() {
    let stage = Stage::new();
    let cut = Completion {
        text: r#"{"intent": "pra"#.to_owned(),
        stop: StopReason::MaxTokens,
        usage: Some(Usage { input: 10, output: 256, ..Usage::default() }),
        ..Completion::default()
    };
    stage.provider.on("small", [Turn::Say(cut.clone())]);
    stage.provider.on("large", [Turn::Say(cut)]);

    let error = stage.run(stage.router.complete(classification(&stage, "love it"))).await.unwrap_err();

    assert!(error.to_string().contains("did not end within 256 tokens"), "{error}");
    let calls = stage.calls().await;
    assert!(calls.iter().all(|call| call.error.as_deref().unwrap().contains("256 tokens")), "{calls:?}");
}

#[tokio::test]
async fn a_model_that_cannot_do_it_right_is_passed_over() {
    let stage = Stage::new();
    stage.provider.on("small", [saying(r#"{"intent":"rage"}"#, 10, 5)]);
    stage.provider.on("large", [saying(r#"{"intent":"question"}"#, 10, 5)]);

    let reply = stage.run(stage.router.complete(classification(&stage, "where?"))).await.unwrap();

    assert_eq!(reply.json, Some(json!({ "intent": "question" })));
    assert_eq!(reply.origin.fallback_reasons, ["near/small: invalid_output"]);
    let calls = stage.calls().await;
    assert_eq!(calls.len(), 3);
    let last = calls.iter().find(|call| call.model == "large").unwrap();
    assert_eq!(last.fallback_reason.as_deref(), Some("near/small: invalid_output"));
    assert_eq!(last.attempt, 3);
}

#[tokio::test]
async fn when_no_model_can_do_it_right_a_person_should() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("no", 1, 1)]);
    stage.provider.on("large", [saying("neither", 1, 1)]);
    let error = stage.run(stage.router.complete(classification(&stage, "?"))).await.unwrap_err();
    assert!(matches!(error, LlmError::InvalidOutput { .. }), "{error}");
    assert_eq!(stage.asked(), ["small", "small", "large", "large"]);
}

#[tokio::test]
async fn a_refusal_and_an_empty_answer_are_no_answers() {
    let stage = Stage::new();
    let refusal = Completion { text: "No.".to_owned(), stop: StopReason::Refused, ..Completion::default() };
    stage.provider.on("small", [Turn::Say(refusal)]);
    stage.provider.on("large", [saying("  ", 1, 0)]);
    let error = stage.caption("hi").await.unwrap_err();
    let LlmError::InvalidOutput { reason } = error else { panic!("{error}") };
    assert_eq!(reason, "the model refused to answer; the answer is empty");
    assert_eq!(stage.asked(), ["small", "large"]);
}

#[tokio::test]
async fn a_wish_for_a_tool_is_an_answer() {
    let stage = Stage::new();
    let call = ToolCall { id: "1".into(), name: "audit".into(), arguments: json!({ "event": 7 }) };
    let wish =
        Completion { tool_calls: vec![call.clone()], stop: StopReason::ToolUse, ..Completion::default() };
    stage.provider.on("small", [Turn::Say(wish)]);
    let mut request = stage.request(Task::Oversight, "why?");
    let (name, description) = ("audit".to_owned(), "Reads the audit log.".to_owned());
    request.input.tools = vec![Tool { name, description, parameters: json!({ "type": "object" }) }];
    let reply = stage.run(stage.router.complete(request)).await.unwrap();
    assert_eq!(reply.tool_calls, [call]);
}

#[tokio::test]
async fn the_same_question_is_asked_once_and_the_second_answer_is_free() {
    let stage = Stage::new();
    stage.provider.on("small", [saying(r#"{"intent":"praise"}"#, 10, 5)]);
    let mut request = classification(&stage, "love it");
    request.cache = CacheScope::Tenant;

    let first = stage.run(stage.router.complete(request.clone())).await.unwrap();
    let second = stage.run(stage.router.complete(request)).await.unwrap();

    assert!(!first.origin.cache_hit && second.origin.cache_hit);
    assert_eq!((second.json, second.origin.cost, second.origin.attempts), (first.json, MicroUsd(0), 0));
    assert_eq!(second.origin.model, "small");
    let calls = stage.calls().await;
    let rows: Vec<_> = calls.iter().map(|row| (row.outcome, row.cost, row.model.as_str())).collect();
    let expected =
        [(CallOutcome::Answered, first.origin.cost, "small"), (CallOutcome::Cached, MicroUsd(0), "small")];
    assert_eq!(rows, expected, "the second leaves a row, too, and costs nothing");
    assert_eq!(stage.budget().await.spent, first.origin.cost);
    assert!(stage.metrics().contains(r#"troupe_llm_cache_total{result="hit",task="classify"} 1"#));
}

#[tokio::test]
async fn whatever_could_change_the_answer_makes_it_another_question() {
    type Change = fn(&Stage, &mut Request);
    let changes: [(&str, Change); 8] = [
        ("text", |_, request| request.input.messages = vec![Message::User("love  it".into())]),
        ("instructions", |_, request| request.input.system.push('!')),
        ("prompt version", |_, request| request.prompt = Some("classify@2".into())),
        ("language", |_, request| request.input.language_hint = Some("de".into())),
        ("schema", |_, request| request.input.schema = None),
        ("cap", |_, request| request.input.max_tokens = Some(7)),
        ("temperature", |_, request| request.input.temperature = Some(0.9)),
        ("tenant", |stage, request| {
            request.payer = stage.payer_of(tenants::ids::TenantId::new(&stage.ids));
        }),
    ];
    for (what, change) in changes {
        let stage = Stage::new();
        stage.provider.on("small", [saying(r#"{"intent":"praise"}"#, 10, 5)]);
        let mut request = classification(&stage, "love it");
        request.cache = CacheScope::Tenant;
        stage.run(stage.router.complete(request.clone())).await.unwrap();
        change(&stage, &mut request);
        let reply = stage.run(stage.router.complete(request)).await.unwrap();
        assert!(!reply.origin.cache_hit, "another {what} is the same question");
    }
}

#[tokio::test]
async fn tenants_share_earlier_answers_only_where_that_is_asked_for() {
    let stage = Stage::new();
    stage.provider.on("small", [saying(r#"{"intent":"praise"}"#, 10, 5)]);
    let mut request = classification(&stage, "love it");
    request.cache = CacheScope::Everyone;
    stage.run(stage.router.complete(request.clone())).await.unwrap();
    request.payer = stage.payer_of(tenants::ids::TenantId::new(&stage.ids));
    assert!(stage.run(stage.router.complete(request)).await.unwrap().origin.cache_hit);
}

#[tokio::test]
async fn replies_are_never_given_twice_from_the_cache() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("Thanks!", 10, 5)]);
    let mut request = stage.request(Task::ShortReply, "love it");
    request.cache = CacheScope::Everyone;
    for _ in 0..2 {
        let reply = stage.run(stage.router.complete(request.clone())).await.unwrap();
        assert!(!reply.origin.cache_hit);
    }
}

#[tokio::test]
async fn texts_become_vectors_and_are_paid_for() {
    let stage = Stage::new();
    let vectors = vec![vec![0.1, 0.2], vec![0.3, 0.4]];
    let usage = Some(Usage { input: 8, ..Usage::default() });
    stage.provider.on("vectors", [Turn::Vectors(Embeddings { vectors: vectors.clone(), usage })]);
    let texts = vec!["open at nine".to_owned(), "closed on Sundays".to_owned()];
    let request = |texts| EmbedRequest {
        payer: stage.payer(),
        task: Task::ShortReply,
        event: None,
        texts,
        deadline: None,
    };

    let reply = stage.run(stage.router.embed(request(texts))).await.unwrap();

    assert_eq!(reply.vectors, vectors);
    assert_eq!(stage.bill().await, ["vectors answered about 80"]);
    let nothing = stage.run(stage.router.embed(request(Vec::new()))).await.unwrap();
    assert!(nothing.vectors.is_empty() && stage.asked().len() == 1);
}

#[tokio::test]
async fn an_unlisted_model_can_be_asked_by_a_plain_text() {
    let stage = Stage::with("tasks.caption.models = ['near/anything']");
    stage.provider.on("anything", [saying("ok", 1, 1)]);
    let request = Request::new(stage.payer(), Task::Caption, Input::text("", "hi"));
    assert_eq!(stage.run(stage.router.complete(request)).await.unwrap().text, "ok");
}

#[tokio::test]
async fn an_answer_many_times_as_long_as_its_cap_is_none() {
    let stage = Stage::new();
    let whole = json!({ "intent": "praise", "because": "x".repeat(1 << 20) }).to_string();
    stage.provider.on("small", [saying(&whole, 10, 256)]);
    stage.provider.on("large", [saying(r#"{"intent":"praise"}"#, 10, 5)]);
    let reply = stage.run(stage.router.complete(classification(&stage, "love it"))).await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["near/small: invalid_output"]);
    assert_eq!(stage.asked(), ["small", "large"], "it is not sent back for repair either");
}

#[tokio::test]
async fn a_long_answer_that_is_to_be_repaired_is_quoted_in_part() {
    let stage = Stage::new();
    let long = "é".repeat(7_000);
    stage.provider.on("small", [saying(&long, 10, 256), saying(r#"{"intent":"praise"}"#, 20, 5)]);
    stage.run(stage.router.complete(classification(&stage, "love it"))).await.unwrap();
    let asked = stage.provider.asked();
    let Message::Assistant { text, .. } = &asked[1].input.messages[1] else { panic!("{:?}", asked[1].input) };
    assert!(long.starts_with(text.as_str()) && text.len() <= 4_096 && text.len() > 4_000, "{}", text.len());
    assert!(asked[1].input.bytes() < asked[0].input.bytes() + 5_500);
}

#[tokio::test]
async fn tokens_that_can_not_have_been_are_not_billed() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("Sunny side up!", u32::MAX, u32::MAX)]);
    let reply = stage.caption("eggs").await.unwrap();
    let bytes = "Be kind.".len() + "eggs".len();
    let (sent, allowed) = (u32::try_from(bytes).unwrap() + 4_096, 2 * 1_024 + 4_096);
    let usage = Usage { input: sent, output: allowed, ..Usage::default() };
    assert_eq!((reply.origin.usage, reply.origin.is_estimate), (usage, true));
    let cost = i64::from(sent) + 2 * i64::from(allowed);
    assert_eq!(stage.bill().await, [format!("small answered about {cost}")]);
    assert_eq!(stage.budget().await.spent, MicroUsd(cost));
}
