//! A second model asked while the first one takes long.

use std::time::Duration;

use tenants::models::{CallOutcome, Task};
use tenants::money::MicroUsd;
use troupe_llm::provider::CallError;
use troupe_llm::testing::{Gate, Turn, saying};
use troupe_llm::{LlmError, Piece};

use crate::stage::Stage;

fn hedged() -> Stage {
    Stage::with("tasks.caption.hedge_after_ms = 500")
}

fn after(millis: u64, turn: Turn) -> Turn {
    Turn::After(Duration::from_millis(millis), Box::new(turn))
}

fn down() -> Turn {
    Turn::Fail(CallError::Server { status: 500, message: String::new() })
}

#[tokio::test]
async fn a_quick_answer_is_asked_of_one_model_only() {
    let stage = hedged();
    stage.provider.on("small", [after(300, saying("quick", 10, 5))]);
    assert_eq!(stage.caption("hi").await.unwrap().text, "quick");
    assert_eq!(stage.asked(), ["small"]);
    assert_eq!(stage.bill().await, ["small answered 20"]);
}

#[tokio::test]
async fn nothing_is_asked_twice_unless_the_task_wants_it() {
    let stage = Stage::new();
    stage.provider.on("small", [after(1_900, saying("slow", 10, 5))]);
    stage.provider.on("large", [saying("quick", 10, 5)]);
    assert_eq!(stage.caption("hi").await.unwrap().text, "slow");
    assert_eq!(stage.asked(), ["small"]);
}

#[tokio::test]
async fn the_second_model_answers_and_the_slow_one_is_given_up_and_paid() {
    let stage = hedged();
    stage.provider.on("small", [Turn::Behind(Gate::default(), Box::new(saying("never", 1, 1)))]);
    stage.provider.on("large", [after(300, saying("here", 10, 5))]);

    let reply = stage.caption("hi").await.unwrap();

    assert_eq!((reply.text.as_str(), stage.now()), ("here", Duration::from_millis(800)));
    assert_eq!(reply.origin.fallback_reasons, ["near/small: slow"]);
    let of_slow_one = stage.ledger.reserved()[0];
    // Both calls stand on the answer, the one that was given up as what was set aside for it.
    assert_eq!(reply.origin.cost, MicroUsd(200 + of_slow_one.0));
    assert_eq!((reply.origin.attempts, reply.origin.is_estimate), (2, true));
    let calls = stage.calls().await;
    let slow = calls.iter().find(|call| call.model == "small").unwrap();
    assert_eq!((slow.outcome, slow.cost), (CallOutcome::Cancelled, of_slow_one));
    let quick = calls.iter().find(|call| call.model == "large").unwrap();
    assert_eq!(quick.fallback_reason.as_deref(), Some("near/small: slow"));
    let budget = stage.budget().await;
    assert_eq!((budget.spent, budget.reserved), (reply.origin.cost, MicroUsd(0)));
}

#[tokio::test]
async fn the_first_model_may_still_win() {
    let stage = hedged();
    stage.provider.on("small", [after(700, saying("first", 10, 5))]);
    stage.provider.on("large", [after(1_500, saying("second", 10, 5))]);

    let reply = stage.caption("hi").await.unwrap();

    assert_eq!((reply.text.as_str(), stage.asked().len()), ("first", 2));
    assert!(reply.origin.fallback_reasons.is_empty());
    assert_eq!(stage.bill().await.len(), 2);
    let given_up = stage.ledger.calls().into_iter().find(|call| call.model == "large").unwrap();
    assert_eq!(given_up.outcome, CallOutcome::Cancelled);
    assert_eq!(stage.budget().await.reserved, MicroUsd(0));
}

#[tokio::test]
async fn a_failure_of_either_leaves_the_other_to_answer() {
    let (first_fails, second_fails) = (hedged(), hedged());
    first_fails.provider.on("small", [after(600, Turn::Fail(CallError::UnknownModel("gone".into())))]);
    first_fails.provider.on("large", [after(600, saying("large", 10, 5))]);
    let reply = first_fails.caption("hi").await.unwrap();
    assert_eq!(reply.text, "large");
    assert_eq!(reply.origin.fallback_reasons, ["near/small: unknown_model"]);

    second_fails.provider.on("small", [after(1_000, saying("small", 10, 5))]);
    second_fails.provider.on("large", [down()]);
    let reply = second_fails.caption("hi").await.unwrap();
    assert_eq!(reply.text, "small");
    assert!(reply.origin.fallback_reasons.is_empty());
}

#[tokio::test]
async fn when_both_fail_the_rest_of_the_list_is_asked() {
    let stage = Stage::with(
        "tasks.caption.hedge_after_ms = 500\ntasks.caption.tries = 1\n\
         tasks.caption.models = ['near/small', 'far/large', 'near/third']",
    );
    stage.provider.on("small", [after(900, down())]);
    stage.provider.on("large", [down()]);
    stage.provider.on("third", [saying("third", 10, 5)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!(reply.origin.fallback_reasons, ["near/small: server_error", "far/large: server_error"]);
    assert_eq!(stage.asked(), ["small", "large", "third"]);
}

#[tokio::test]
async fn a_budget_without_room_for_a_second_call_leaves_the_first_alone() {
    let stage = hedged().limited(2_000);
    stage.provider.on("small", [after(1_000, saying("small", 10, 5))]);
    stage.provider.on("large", [saying("large", 10, 5)]);
    let reply = stage.caption("hi").await.unwrap();
    assert_eq!((reply.text.as_str(), stage.asked().len()), ("small", 1));

    let stage = hedged().limited(2_000);
    stage.provider.on("small", [after(1_000, Turn::Fail(CallError::UnknownModel("gone".into())))]);
    let refused = stage.caption("hi").await;
    assert!(matches!(refused, Err(LlmError::OutOfBudget { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_first_stream_to_begin_is_taken() {
    let stage = hedged();
    stage.provider.on("small", [Turn::Behind(Gate::default(), Box::new(saying("never", 1, 1)))]);
    stage.provider.on("large", [saying("here", 10, 5)]);
    let mut stream = stage.run(stage.router.stream(stage.request(Task::Caption, "hi"))).await.unwrap();
    assert_eq!(stage.run(stream.next()).await.unwrap().unwrap(), Piece::Text("here".into()));
    let Some(Ok(Piece::Done(reply))) = stage.run(stream.next()).await else { panic!("an end") };
    assert_eq!(reply.origin.fallback_reasons, ["near/small: slow"]);
    assert_eq!(stage.budget().await.spent, reply.origin.cost);
}

#[tokio::test]
async fn a_request_nobody_waits_for_ends_both_calls() {
    let stage = hedged();
    for model in ["small", "large"] {
        stage.provider.on(model, [Turn::Behind(Gate::default(), Box::new(saying("never", 1, 1)))]);
    }
    let asking = stage.run(stage.router.complete(stage.request(Task::Caption, "hi")));
    tokio::select! {
        biased;
        () = stage.provider.was_asked(2) => {}
        _ = asking => panic!("nobody answers"),
    }
    assert_eq!(stage.outcomes().await, [CallOutcome::Cancelled; 2]);
    assert_eq!(stage.budget().await.reserved, MicroUsd(0));
}
