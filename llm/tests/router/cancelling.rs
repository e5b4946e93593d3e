//! Requests nobody waits for any more: the conversation moved on.

use tenants::models::{CallOutcome, Task};
use tenants::money::MicroUsd;
use troupe_llm::provider::Delta;
use troupe_llm::request::Usage;
use troupe_llm::testing::{Gate, StreamStep, Turn, saying};
use troupe_llm::{Piece, Request};

use crate::stage::Stage;

#[tokio::test]
async fn a_call_dropped_half_way_is_settled_as_cancelled() {
    let stage = Stage::new();
    stage.provider.on("small", [Turn::Behind(Gate::default(), Box::new(saying("yes", 1, 1)))]);
    let asking = stage.router.complete(stage.request(Task::Caption, "hi"));
    tokio::select! {
        biased;
        () = stage.provider.was_asked(1) => {}
        _ = asking => panic!("nobody answers"),
    }

    let reserved = stage.ledger.reserved()[0];
    let calls = stage.calls().await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (calls[0].outcome, calls[0].cost, calls[0].is_estimate),
        (CallOutcome::Cancelled, reserved, true)
    );
    let budget = stage.budget().await;
    assert_eq!((budget.spent, budget.reserved), (reserved, MicroUsd(0)));
}

#[tokio::test]
async fn a_stream_dropped_half_way_is_settled_for_what_had_come() {
    let stage = Stage::new();
    let usage = Usage { input: 40, cached: 10, output: 1, ..Usage::default() };
    stage.provider.on(
        "small",
        [Turn::Stream(vec![
            StreamStep::Piece(Delta::Usage(usage)),
            StreamStep::Piece(Delta::Text("123456789".into())),
            StreamStep::Wait(Gate::default()),
        ])],
    );
    let mut stream = stage.run(stage.router.stream(stage.request(Task::Caption, "hi"))).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(first, Piece::Text("123456789".into()));

    drop(stream);

    let calls = stage.calls().await;
    // 30 tokens and 10 cached ones at half the price; nine bytes make three tokens.
    assert_eq!((calls[0].outcome, calls[0].cost), (CallOutcome::Cancelled, MicroUsd(30 + 5 + 6)));
    assert!(calls[0].is_estimate);
    assert_eq!((calls[0].tokens_in, calls[0].tokens_cached, calls[0].tokens_out), (40, 10, 3));
}

#[tokio::test]
async fn a_request_dropped_in_the_pause_between_tries_leaves_nothing_open() {
    let stage = Stage::new();
    let down = troupe_llm::provider::CallError::Unreachable("refused".into());
    stage.provider.on("small", [Turn::Fail(down)]);
    let asking = stage.router.complete(stage.request(Task::Caption, "hi"));
    let pausing = async {
        stage.provider.was_asked(1).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = asking => panic!("nobody answers"),
        () = pausing => {}
    }
    assert_eq!(stage.bill().await, ["small failed 0"]);
    assert_eq!(stage.budget().await.reserved, MicroUsd(0));
}

#[tokio::test]
async fn a_request_dropped_at_any_moment_leaves_nothing_open_and_no_place_taken() {
    let stage = Stage::with("providers.near.concurrency = 1");
    stage.provider.on("small", [saying("yes", 10, 5)]);
    for polls in 0..30 {
        let asking = stage.router.complete(stage.request(Task::Caption, "hi"));
        let enough = async {
            for _ in 0..polls {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = asking => {}
            () = enough => {}
        }
    }
    stage.calls().await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let budget = stage.budget().await;
    assert_eq!(budget.reserved, MicroUsd(0));
    let stored: i64 = stage.ledger.calls().iter().map(|call| call.cost.0).sum();
    assert_eq!(budget.spent, MicroUsd(stored));
    stage.caption("still open?").await.unwrap();
}

#[tokio::test]
async fn a_probe_nobody_waits_for_makes_room_for_another() {
    let stage = Stage::with("tasks.caption.models = ['near/small']\nbreaker.failures_to_open = 1");
    let down = troupe_llm::provider::CallError::Unreachable("refused".into());
    let silent = Turn::Behind(Gate::default(), Box::new(saying("yes", 1, 1)));
    stage.provider.on("small", [Turn::Fail(down), silent, saying("back", 1, 1)]);
    stage.caption("hi").await.unwrap_err();
    stage.clock.advance(std::time::Duration::from_secs(30));
    tokio::select! {
        biased;
        () = stage.provider.was_asked(2) => {}
        _ = stage.router.complete(stage.request(Task::Caption, "hi")) => panic!("nobody answers"),
    }
    assert_eq!(stage.caption("hi").await.unwrap().text, "back");
}

#[tokio::test]
async fn a_shutdown_waits_for_what_was_spent_to_be_stored() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("yes", 10, 5)]);
    let request: Request = stage.request(Task::Caption, "hi");
    stage.run(stage.router.complete(request)).await.unwrap();
    assert!(stage.tasks.shut_down(std::time::Duration::from_secs(5)).await);
    assert_eq!(stage.ledger.calls().len(), 1);
}
