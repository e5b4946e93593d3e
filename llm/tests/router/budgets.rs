//! Money: set aside before, settled after, whatever happens.

use std::sync::Arc;

use tenants::models::{BudgetScope, BudgetState, CallOutcome, Task};
use tenants::money::MicroUsd;
use tenants::ports::BudgetLedger;
use troupe_llm::provider::CallError;
use troupe_llm::testing::{Gate, Turn, saying};
use troupe_llm::{LlmError, Payer};

use crate::stage::{DAY, Stage, midnight};

#[tokio::test]
async fn a_spent_budget_refuses_before_any_provider_is_asked() {
    let stage = Stage::new().limited(50);
    stage.provider.on("small", [saying("yes", 1, 1)]);

    let error = stage.caption("hi").await.unwrap_err();

    let scope = BudgetScope::Tenant(stage.tenant);
    assert_eq!(error, LlmError::OutOfBudget { scope, resets_at: midnight() });
    assert!(!error.is_transient());
    assert!(error.to_string().contains("2026-03-03T00:00:00"), "{error}");
    assert!(stage.asked().is_empty());
    assert!(stage.metrics().contains(r#"troupe_llm_budget_refusals_total{scope="tenant"} 1"#));
}

#[tokio::test]
async fn a_dearer_fallback_needs_money_of_its_own() {
    // A guess for the small model is 4 + 2 × 256, ten times that for the large one.
    let stage = Stage::new().limited(1_000);
    stage.provider.on("small", [Turn::Fail(CallError::Unreachable("refused".into()))]);
    let error = stage.caption("hi").await.unwrap_err();
    assert!(matches!(error, LlmError::OutOfBudget { .. }), "{error}");
    let budget = stage.budget().await;
    assert_eq!((budget.spent, budget.reserved), (MicroUsd(0), MicroUsd(0)));
    assert_eq!(stage.outcomes().await, [CallOutcome::Failed, CallOutcome::Failed]);
}

#[tokio::test]
async fn what_calls_cost_is_learned_so_that_a_small_budget_can_be_used_up() {
    let stage = Stage::new().limited(2_500);
    stage.provider.on("small", [saying("Thank you!", 30, 10)]);

    let mut answered = 0;
    while stage.caption("hi").await.is_ok() {
        stage.budget().await;
        answered += 1;
    }

    let reserved = stage.ledger.reserved();
    assert_eq!(reserved[0], MicroUsd(516), "a guess");
    assert_eq!(*reserved.last().unwrap(), MicroUsd(50), "learned");
    assert_eq!(answered, 50, "all of the budget was of use");
    assert_eq!(stage.budget().await.spent, MicroUsd(2_500));
}

#[tokio::test]
async fn what_calls_have_cost_is_known_again_after_a_restart() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("yes", 30, 10)]);
    for _ in 0..12 {
        stage.caption("hi").await.unwrap();
    }
    stage.calls().await;

    let restarted = stage.restarted();
    assert_eq!(restarted.router.recall_costs().await.unwrap(), 12);
    restarted.caption("hi").await.unwrap();
    assert_eq!(*stage.ledger.reserved().last().unwrap(), MicroUsd(50));
}

#[tokio::test]
async fn many_requests_at_once_do_not_overspend_a_nearly_spent_budget() {
    let stage = Stage::with("providers.near.concurrency = 1000").limited(3_000);
    stage.provider.on("small", [saying("Thank you!", 30, 10)]);
    for _ in 0..20 {
        stage.caption("hi").await.unwrap();
    }
    stage.budget().await;

    let ask = || {
        let (router, request) = (stage.router.clone(), stage.request(Task::Caption, "hi"));
        stage.tasks.spawn("request", async move { router.complete(request).await })
    };
    let asking: Vec<_> = (0..1_000).map(|_| ask()).collect();
    let mut refused = 0;
    for request in asking {
        match stage.run(request).await.unwrap() {
            Ok(_) => {}
            Err(LlmError::OutOfBudget { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }

    let budget = stage.budget().await;
    assert_eq!((budget.spent, budget.reserved), (MicroUsd(3_000), MicroUsd(0)));
    assert_eq!(refused, 1_000 - 40);
}

#[tokio::test]
async fn a_further_try_of_a_call_that_must_be_paid_needs_money_of_its_own() {
    let stage = Stage::new().limited(700);
    stage.provider.on("small", [Turn::Fail(CallError::TimedOut), saying("yes", 10, 5)]);
    let error = stage.caption("hi").await.unwrap_err();
    assert!(matches!(error, LlmError::OutOfBudget { .. }), "{error}");
    let budget = stage.budget().await;
    assert_eq!((budget.spent, budget.reserved), (MicroUsd(516), MicroUsd(0)));
}

#[tokio::test]
async fn a_ledger_that_does_not_answer_lets_no_call_through() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("yes", 1, 1)]);
    stage.ledger.fail_next(1);
    let error = stage.caption("hi").await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("the budget cannot be asked"), "{error}");
    assert!(stage.asked().is_empty());
    stage.caption("hi").await.unwrap();
}

#[tokio::test]
async fn a_settlement_is_tried_again_until_the_ledger_answers() {
    let stage = Stage::new();
    let gate = Gate::default();
    stage.provider.on("small", [Turn::Behind(gate.clone(), Box::new(saying("yes", 10, 5)))]);
    let (router, request) = (stage.router.clone(), stage.request(Task::Caption, "hi"));
    let asking = stage.tasks.spawn("request", async move { router.complete(request).await });
    stage.provider.was_asked(1).await;
    stage.ledger.fail_next(4);
    gate.open();
    // The answer does not wait for it.
    asking.await.unwrap().unwrap();
    let budget = stage.budget().await;
    assert_eq!((budget.spent, budget.reserved), (MicroUsd(20), MicroUsd(0)));
}

#[tokio::test]
async fn money_of_a_process_that_died_counts_as_spent_once_it_expires() {
    let stage = Stage::new();
    stage.provider.on("small", [Turn::Behind(Gate::default(), Box::new(saying("yes", 1, 1)))]);
    let mut asking = Box::pin(stage.router.complete(stage.request(Task::Caption, "hi")));
    tokio::select! {
        biased;
        () = stage.provider.was_asked(1) => {}
        _ = &mut asking => panic!("nobody answers"),
    }
    // Neither dropped nor polled any more: as after a crash.
    std::mem::forget(asking);

    let deadline = tenants::clock::Clock::now(&*stage.clock) + std::time::Duration::from_secs(20);
    let grace = std::time::Duration::from_secs(60);
    assert_eq!(stage.ledger.expire_reservations(deadline).await.unwrap(), 0);
    assert_eq!(stage.ledger.expire_reservations(deadline + grace).await.unwrap(), 1);
    let budget = stage.budget().await;
    assert_eq!((budget.spent, budget.reserved), (stage.ledger.reserved()[0], MicroUsd(0)));
}

#[tokio::test]
async fn a_call_counts_against_all_budgets_or_none() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("yes", 10, 5)]);
    let agency = BudgetScope::Agency(tenants::ids::AgencyId::new(&stage.ids));
    let mut of_agency = stage.line(stage.tenant);
    of_agency.scope = agency;
    of_agency.limit = MicroUsd(0);
    let mut request = stage.request(Task::Caption, "hi");
    let lines = vec![stage.line(stage.tenant), of_agency.clone()];
    request.payer = Payer::new(stage.tenant, lines).unwrap();

    let error = stage.run(stage.router.complete(request.clone())).await.unwrap_err();
    assert!(matches!(error, LlmError::OutOfBudget { scope, .. } if scope == agency), "{error}");

    of_agency.limit = MicroUsd(1_000_000);
    request.payer = Payer::new(stage.tenant, vec![stage.line(stage.tenant), of_agency]).unwrap();
    stage.run(stage.router.complete(request)).await.unwrap();
    stage.budget().await;
    for scope in [BudgetScope::Tenant(stage.tenant), agency] {
        let budget = stage.ledger.find_budget(&scope, DAY).await.unwrap().unwrap();
        assert_eq!((budget.spent, budget.reserved), (MicroUsd(20), MicroUsd(0)));
    }
}

#[test]
fn nobody_asks_without_a_budget() {
    let stage = Stage::new();
    assert!(Payer::new(stage.tenant, Vec::new()).is_err());
}

/// Keeps what it hears.
#[derive(Default)]
struct Listening(std::sync::Mutex<Vec<String>>);

impl troupe_llm::budget::BudgetWatch for Listening {
    fn settled(&self, states: &[BudgetState]) {
        let heard = states.iter().map(|state| format!("spent {}", state.spent.0));
        self.0.lock().unwrap().extend(heard);
    }

    fn refused(&self, state: &BudgetState) {
        self.0.lock().unwrap().push(format!("refused at {} of {}", state.spent.0, state.line.limit.0));
    }
}

#[tokio::test]
async fn whoever_warns_people_hears_how_budgets_stand() {
    let stage = Stage::new().limited(530);
    stage.provider.on("small", [saying("yes", 10, 5)]);
    let watch = Arc::new(Listening::default());
    let parts = troupe_llm::RouterParts {
        ledger: stage.ledger.clone(),
        watch: watch.clone(),
        clock: stage.clock.clone(),
        ids: stage.ids.clone(),
        tasks: stage.tasks.clone(),
        metrics: troupe_llm::LlmMetrics::register(&prometheus::Registry::new()).unwrap(),
    };
    let router = troupe_llm::Router::new(parts, crate::stage::catalogue(""), &stage.provider).unwrap();
    let ask = || router.complete(stage.request(Task::Caption, "hi"));
    stage.run(ask()).await.unwrap();
    stage.budget().await;
    stage.run(ask()).await.unwrap_err();
    assert_eq!(*watch.0.lock().unwrap(), ["spent 20", "refused at 20 of 530"]);
}
