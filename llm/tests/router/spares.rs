//! Money for the next call, set aside while the present one runs.

use std::time::Duration;

use tenants::models::Task;
use tenants::money::MicroUsd;
use tenants::ports::BudgetLedger;
use troupe_llm::testing::saying;

use crate::stage::Stage;

/// Two calls in a row, so that the money for a third is ready.
async fn warmed_up(limit: i64) -> Stage {
    let stage = Stage::with("calling.spare_ms = 2000").limited(limit);
    stage.provider.on("small", [saying("yes", 30, 10)]);
    for _ in 0..2 {
        stage.caption("hi").await.unwrap();
    }
    stage.settled_down().await;
    stage
}

#[tokio::test]
async fn a_call_whose_money_is_ready_does_not_wait_for_the_ledger() {
    let stage = warmed_up(1_000_000_000).await;
    assert_eq!(stage.ledger.reserved().len(), 3);
    stage.ledger.fail_next(1);
    stage.caption("hi").await.unwrap();

    let unprepared = Stage::new();
    unprepared.provider.on("small", [saying("yes", 30, 10)]);
    unprepared.ledger.fail_next(1);
    unprepared.caption("hi").await.unwrap_err();
}

#[tokio::test]
async fn what_is_not_used_is_given_back_after_a_moment() {
    let stage = warmed_up(1_000_000_000).await;
    let (before, spare) = (stage.now(), stage.ledger.reserved()[2]);
    let held =
        stage.ledger.find_budget(&stage.line(stage.tenant).scope, crate::stage::DAY).await.unwrap().unwrap();
    assert_eq!(held.reserved, spare);

    let budget = stage.budget().await;

    assert_eq!((budget.spent, budget.reserved), (MicroUsd(100), MicroUsd(0)));
    assert!(stage.now() - before <= Duration::from_millis(2_100));
    assert_eq!(stage.ledger.calls().len(), 2);
}

#[tokio::test]
async fn single_calls_set_nothing_aside_ahead() {
    let stage = Stage::with("calling.spare_ms = 2000");
    stage.provider.on("small", [saying("yes", 30, 10)]);
    for _ in 0..3 {
        stage.caption("hi").await.unwrap();
        stage.clock.advance(Duration::from_secs(3));
    }
    assert_eq!(stage.ledger.reserved().len(), 3);
}

#[tokio::test]
async fn no_more_than_a_hundredth_of_a_budget_is_kept_ready() {
    // A call is taken to cost 516 as long as nothing has been learned.
    let stage = warmed_up(51_599).await;
    assert_eq!(stage.ledger.reserved().len(), 2, "a hundredth is less than a call");
    let stage = warmed_up(51_600).await;
    assert_eq!(stage.ledger.reserved().len(), 3);
    // While nobody uses it, no second one is made for another kind of need.
    let asked = (0..20).map(|_| stage.router.complete(stage.request(Task::Caption, "hi")));
    stage.run(futures::future::join_all(asked)).await;
    stage.settled_down().await;
    let held =
        stage.ledger.find_budget(&stage.line(stage.tenant).scope, crate::stage::DAY).await.unwrap().unwrap();
    assert!(held.reserved <= MicroUsd(516), "{held:?}");
}

#[tokio::test]
async fn what_is_too_little_for_the_calls_that_come_now_makes_room() {
    let stage = warmed_up(100_000).await;
    assert_eq!(stage.ledger.reserved().len(), 3, "one spare, which is all that a hundredth allows");
    let long = "Tell everything about our cakes. ".repeat(40);
    stage.caption(&long).await.unwrap();
    stage.settled_down().await;
    // Two for the call and its successor, both dearer than the spare that was there.
    let reserved = stage.ledger.reserved();
    assert_eq!(reserved.len(), 5, "{reserved:?}");
    assert!(reserved[4] > reserved[2] && reserved[4] <= MicroUsd(1_000), "{reserved:?}");
    stage.ledger.fail_next(1);
    stage.caption(&long).await.expect("its money was ready");
}

#[tokio::test]
async fn a_new_limit_counts_from_the_next_call_on() {
    let mut stage = warmed_up(1_000_000_000).await;
    stage.limit = MicroUsd(100);
    stage.caption("hi").await.unwrap_err();
    assert_eq!(stage.budget().await.reserved, MicroUsd(0), "the spare of the old limit is given back");
}

#[tokio::test]
async fn a_spare_of_another_tenant_or_task_is_not_touched() {
    let mut stage = warmed_up(1_000_000_000).await;
    stage.run(stage.router.complete(stage.request(Task::Plan, "hi"))).await.unwrap();
    stage.settled_down().await;
    assert_eq!(stage.ledger.reserved().len(), 4);
    let own = stage.tenant;
    stage.tenant = tenants::ids::TenantId::new(&stage.ids);
    stage.caption("hi").await.unwrap();
    stage.settled_down().await;
    assert_eq!(stage.ledger.reserved().len(), 5);
    let held = stage.ledger.find_budget(&stage.line(own).scope, crate::stage::DAY).await.unwrap().unwrap();
    assert!(held.reserved > MicroUsd(0));
}

#[tokio::test]
async fn a_shutdown_gives_spares_back() {
    let stage = warmed_up(1_000_000_000).await;
    assert!(stage.tasks.shut_down(Duration::from_secs(5)).await);
    assert_eq!(stage.budget().await.reserved, MicroUsd(0));
}

#[tokio::test]
async fn a_spare_of_a_process_that_died_counts_as_spent_once_it_expires() {
    let stage = warmed_up(1_000_000_000).await;
    let spare = stage.ledger.reserved()[2];
    let end = tenants::clock::Clock::now(&*stage.clock) + Duration::from_secs(83);
    assert_eq!(stage.ledger.expire_reservations(end).await.unwrap(), 1);
    assert_eq!(stage.budget().await.spent, MicroUsd(100 + spare.0));
}

#[tokio::test]
async fn a_spare_never_takes_the_last_money_from_a_call_and_none_is_made_without_room() {
    let stage = Stage::with("calling.spare_ms = 2000").limited(51_600);
    stage.provider.on("small", [saying("yes", 30, 10)]);
    stage.caption("hi").await.unwrap();
    stage.settled_down().await;
    // All but what one more call is taken to cost is somebody else's.
    let elsewhere = stage.elsewhere(51_600 - 50 - 516).await;
    stage.caption("hi").await.unwrap();
    stage.settled_down().await;
    let held =
        stage.ledger.find_budget(&stage.line(stage.tenant).scope, crate::stage::DAY).await.unwrap().unwrap();
    assert_eq!(held.reserved, elsewhere, "there was no room for a spare");
    stage.caption("hi").await.unwrap_err();
    assert_eq!(stage.asked().len(), 2);
}
