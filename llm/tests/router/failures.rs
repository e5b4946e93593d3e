//! Providers that are down, slow, overloaded, or wrongly set up.

use std::time::Duration;

use tenants::breaker::BreakerState;
use tenants::models::{CallOutcome, Task};
use troupe_llm::LlmError;
use troupe_llm::provider::CallError;
use troupe_llm::testing::{Gate, Turn, saying};

use crate::stage::Stage;

fn down() -> Turn {
    Turn::Fail(CallError::Unreachable("connection refused".into()))
}

fn limited(seconds: Option<u64>) -> Turn {
    Turn::Fail(CallError::RateLimited { retry_after: seconds.map(Duration::from_secs) })
}

fn unavailable(error: LlmError) -> (Option<Duration>, String) {
    match error {
        LlmError::Unavailable { retry_after, reason } => (retry_after, reason),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn when_the_first_model_is_down_the_second_answers_and_says_why() {
    let stage = Stage::new();
    stage.provider.on("small", [down()]);
    stage.provider.on("large", [saying("here", 10, 5)]);

    let reply = stage.caption("hi").await.unwrap();

    assert_eq!((reply.text.as_str(), reply.origin.model.as_str()), ("here", "large"));
    assert_eq!(reply.origin.fallback_reasons, ["near/small: unreachable"]);
    assert_eq!(reply.origin.attempts, 3);
    assert_eq!(stage.asked(), ["small", "small", "large"]);
    let mut bill = stage.bill().await;
    bill.sort();
    assert_eq!(bill, ["large answered 200", "small failed 0", "small failed 0"]);
    let passed =
        r#"troupe_llm_fallbacks_total{model="small",provider="near",reason="unreachable",task="caption"} 1"#;
    assert!(stage.metrics().contains(passed));
}

#[tokio::test]
async fn trouble_that_passes_costs_a_pause_and_nothing_else() {
    let stage = Stage::new();
    stage.provider.on("small", [down(), saying("here", 10, 5)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!((reply.origin.model.as_str(), reply.origin.attempts), ("small", 2));
    assert!(reply.origin.fallback_reasons.is_empty());
    let at = stage.asked_at();
    let pause = at[1] - at[0];
    assert!((100..=220).contains(&pause.as_millis()), "{pause:?}");
}

#[tokio::test]
async fn a_provider_that_says_how_long_to_wait_is_left_alone_so_long() {
    let stage = Stage::new();
    stage.provider.on("small", [limited(Some(3)), saying("here", 10, 5)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!(reply.origin.model, "small");
    let at = stage.asked_at();
    assert!((3_000..3_100).contains(&(at[1] - at[0]).as_millis()), "{at:?}");
}

#[tokio::test]
async fn a_provider_that_does_not_say_is_asked_again_after_a_short_pause() {
    let stage = Stage::new();
    stage.provider.on("small", [limited(None), saying("here", 10, 5)]);
    stage.caption("hi").await.unwrap();
    let at = stage.asked_at();
    assert!((at[1] - at[0]).as_millis() <= 220, "{at:?}");
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_waited_out_and_holds_for_everybody() {
    let stage = Stage::new();
    stage.provider.on("small", [limited(Some(60)), saying("again", 10, 5)]);
    stage.provider.on("large", [saying("here", 10, 5)]);

    let first = stage.caption("hi").await.unwrap();
    let second = stage.caption("hi").await.unwrap();

    assert_eq!(first.origin.fallback_reasons, ["near/small: rate_limited"]);
    assert_eq!(second.origin.fallback_reasons, ["near/small: resting"]);
    assert_eq!(stage.asked(), ["small", "large", "large"]);
    stage.clock.advance(Duration::from_secs(60));
    assert_eq!(stage.caption("hi").await.unwrap().text, "again");
}

#[tokio::test]
async fn nobody_is_told_to_come_back_before_a_provider_wants_to_be_asked() {
    let stage = Stage::new();
    stage.provider.on("small", [limited(Some(60))]);
    stage
        .provider
        .on("large", [Turn::Fail(CallError::Overloaded { retry_after: Some(Duration::from_secs(40)) })]);
    let (retry_after, reason) = unavailable(stage.caption("hi").await.unwrap_err());
    assert_eq!(retry_after, Some(Duration::from_secs(40)));
    assert_eq!(reason, "near/small: rate_limited; far/large: overloaded");
}

#[tokio::test]
async fn a_slow_model_is_given_up_and_what_it_may_have_written_is_paid() {
    let stage = Stage::new();
    stage.provider.on("small", [Turn::Behind(Gate::default(), Box::new(saying("late", 1, 1)))]);
    stage.provider.on("large", [saying("here", 10, 5)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["near/small: timed_out"]);
    let calls = stage.calls().await;
    let slow: Vec<_> = calls.iter().filter(|call| call.model == "small").collect();
    let reserved = stage.ledger.reserved()[0];
    for call in &slow {
        assert_eq!((call.outcome, call.cost, call.is_estimate), (CallOutcome::Cancelled, reserved, true));
        assert_eq!(call.error.as_deref(), Some("no answer in time"));
    }
    assert_eq!(slow.len(), 2);
}

#[tokio::test]
async fn wrong_keys_unknown_models_and_bad_requests_are_not_tried_again() {
    let cases = [
        (CallError::KeyRejected("invalid x-api-key".into()), "key_rejected"),
        (CallError::UnknownModel("no such model".into()), "unknown_model"),
        (CallError::BadRequest { status: 400, message: "too long".into() }, "bad_request"),
    ];
    for (error, word) in cases {
        let stage = Stage::new();
        stage.provider.on("small", [Turn::Fail(error)]);
        stage.provider.on("large", [saying("here", 10, 5)]);
        let reply = stage.caption("hi").await.unwrap();
        assert_eq!(reply.origin.fallback_reasons, [format!("near/small: {word}")]);
        assert_eq!(stage.asked(), ["small", "large"]);
    }
}

#[tokio::test]
async fn a_provider_without_a_key_is_passed_over_without_a_call() {
    let stage = Stage::new();
    stage.provider.without_key("near");
    stage.router.reload(crate::stage::catalogue(""), &stage.provider).unwrap();
    stage.provider.on("large", [saying("here", 10, 5)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["near/small: no_key"]);
    assert!(stage.router.has_models(Task::Caption));
    stage.provider.without_key("far");
    stage.router.reload(crate::stage::catalogue(""), &stage.provider).unwrap();
    assert!(!stage.router.has_models(Task::Caption));
    unavailable(stage.caption("hi").await.unwrap_err());
}

#[tokio::test]
async fn a_model_that_keeps_failing_is_left_alone_then_probed_then_used_again() {
    let stage = Stage::new();
    stage.provider.on("small", [down(), down(), down(), down(), saying("back", 1, 1)]);
    stage.provider.on("large", [saying("here", 10, 5)]);
    let state = |stage: &Stage| {
        let breakers = stage.router.breakers();
        breakers.iter().find(|breaker| breaker.name == "near/small").unwrap().view.state
    };

    stage.caption("one").await.unwrap();
    assert_eq!(state(&stage), BreakerState::Closed);
    stage.caption("two").await.unwrap();
    assert_eq!(state(&stage), BreakerState::Open);
    let reply = stage.caption("three").await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["near/small: breaker_open"]);
    assert_eq!(stage.asked(), ["small", "small", "large", "small", "large", "large"]);
    assert!(stage.metrics().contains(r#"troupe_llm_breaker_state{model="small",provider="near"} 2"#));

    stage.clock.advance(Duration::from_secs(30));
    let probe = stage.caption("four").await.unwrap();
    assert_eq!(probe.origin.fallback_reasons, ["near/small: breaker_open"], "the probe failed");
    stage.clock.advance(Duration::from_secs(60));
    assert_eq!(stage.caption("five").await.unwrap().text, "back");
    assert_eq!(state(&stage), BreakerState::Closed);
}

#[tokio::test]
async fn rate_limits_and_bad_requests_do_not_open_the_breaker() {
    let stage = Stage::new();
    let bad = Turn::Fail(CallError::BadRequest { status: 400, message: String::new() });
    stage.provider.on("small", [limited(None), limited(None), bad]);
    stage.provider.on("large", [saying("here", 10, 5)]);
    for _ in 0..5 {
        stage.caption("hi").await.unwrap();
    }
    assert!(stage.router.breakers().iter().all(|breaker| breaker.view.state == BreakerState::Closed));
}

#[tokio::test]
async fn no_request_outlives_its_deadline() {
    let stage = Stage::new();
    stage.provider.on("small", [Turn::Behind(Gate::default(), Box::new(saying("late", 1, 1)))]);
    let mut request = stage.request(Task::Caption, "hi");
    let limit = Duration::from_millis(1_500);
    request.deadline = Some(tenants::clock::Clock::now(&*stage.clock) + limit);
    let error = stage.run(stage.router.complete(request)).await.unwrap_err();
    unavailable(error);
    assert!(stage.now() <= limit + Duration::from_millis(20), "{:?}", stage.now());
    assert_eq!(stage.asked(), ["small"]);
    let view = stage.router.breakers().into_iter().find(|breaker| breaker.name == "near/small").unwrap().view;
    assert_eq!(view.consecutive_failures, 0, "our haste is not the model's fault");
}

#[tokio::test]
async fn an_answer_nobody_can_read_is_a_failure_with_a_name() {
    let stage = Stage::new();
    stage.provider.on("small", [Turn::Fail(CallError::Malformed("<html>".into()))]);
    stage.provider.on("large", [saying("here", 10, 5)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["near/small: malformed"]);
    assert_eq!(stage.outcomes().await[0], CallOutcome::InvalidOutput);
}

#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_for_good_is_left_alone_for_an_hour_and_everybody_can_see_it()
{
    let stage = Stage::new();
    stage.provider.on("small", [limited(Some(u64::MAX / 2_000_000)), saying("back", 1, 1)]);
    stage.provider.on("large", [saying("here", 10, 5)]);
    let rests_until = |stage: &Stage| {
        let breakers = stage.router.breakers();
        breakers.into_iter().find(|breaker| breaker.name == "near/small").unwrap().rests_until
    };

    assert_eq!(rests_until(&stage), None);
    let asked_at = tenants::clock::Clock::now(&*stage.clock);
    stage.caption("one").await.unwrap();
    let until = rests_until(&stage).expect("it rests");
    assert!(until.since(asked_at) <= Duration::from_secs(3_601), "{until:?}");
    let reply = stage.caption("two").await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["near/small: resting"]);
    let seconds = until.as_micros() / 1_000_000;
    let shown = format!(r#"troupe_llm_rests_until_seconds{{model="small",provider="near"}} {seconds}"#);
    assert!(stage.metrics().contains(&shown), "{}", stage.metrics());

    stage.clock.advance(Duration::from_secs(3_601));
    assert_eq!(stage.caption("three").await.unwrap().text, "back");
    assert_eq!(rests_until(&stage), None);
}
