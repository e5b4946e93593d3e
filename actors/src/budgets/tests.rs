//! Notes, words and the daily report. What rests on the database is told in the stories of the whole node.

use std::sync::Arc;
use std::time::Duration;

use llm::budget::BudgetWatch;
use llm::testing::MemoryLedger;
use tenants::event::Role;
use tenants::ids::{CallId, ReservationId};
use tenants::models::{
    BudgetLevel, BudgetScope, BudgetState, CallOutcome, LlmCall, Reservation, Reserved, Share, Task,
};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, TenantContext};

use super::{BudgetWarnings, words};
use crate::testing::{Shop, World};

fn context(world: &World, shop: Shop) -> TenantContext {
    world.store.data().contexts[&shop.tenant].clone()
}

/// The tenant's budget and its shares, this much of the daily five dollars spent.
fn states(world: &World, shop: Shop, spent: i64) -> Vec<BudgetState> {
    let lines = context(world, shop).budget().tenant_lines(world.ports.clock.now());
    let state = |line| BudgetState { line, spent: MicroUsd(spent), reserved: MicroUsd(0) };
    lines.into_iter().map(state).collect()
}

/// What waits to be told, as scope and level.
fn waiting(warnings: &BudgetWarnings) -> Vec<(BudgetScope, BudgetLevel)> {
    warnings.notes().waiting.iter().map(|(state, level)| (state.line.scope, *level)).collect()
}

fn warnings() -> BudgetWarnings {
    BudgetWarnings::register(&prometheus::Registry::new()).unwrap()
}

#[test]
fn a_thousand_calls_of_a_day_leave_one_note_of_each_kind() {
    let (world, warnings) = (World::new(), warnings());
    let shop = world.shop();
    let tenant = BudgetScope::Tenant(shop.tenant);
    for spent in 0..1_000 {
        let state = &states(&world, shop, spent * 10_000)[..1];
        warnings.settled(state);
        if spent > 490 {
            warnings.refused(&state[0]);
        }
    }
    assert_eq!(waiting(&warnings), [(tenant, BudgetLevel::Warning), (tenant, BudgetLevel::Spent)]);
}

#[test]
fn a_share_that_may_take_all_says_nothing_that_the_budget_does_not() {
    let (world, warnings) = (World::new(), warnings());
    let shop = world.shop();
    warnings.settled(&states(&world, shop, 4_100_000));
    let expected = [
        (BudgetScope::Tenant(shop.tenant), BudgetLevel::Warning),
        (BudgetScope::Share(shop.tenant, Share::Routine), BudgetLevel::Spent),
        (BudgetScope::Share(shop.tenant, Share::Planning), BudgetLevel::Spent),
    ];
    assert_eq!(waiting(&warnings), expected);
}

#[test]
fn who_wants_no_models_is_not_told_that_there_are_none() {
    let (world, warnings) = (World::new(), warnings());
    let shop = world.shop();
    let mut state = states(&world, shop, 0).remove(0);
    state.line.limit = MicroUsd(0);
    warnings.refused(&state);
    warnings.settled(&[state]);
    assert_eq!(waiting(&warnings), []);
}

#[test]
fn another_limit_may_be_told_of_again() {
    let (world, warnings) = (World::new(), warnings());
    let mut state = states(&world, world.shop(), 4_500_000).remove(0);
    warnings.settled(std::slice::from_ref(&state));
    state.line.limit = MicroUsd(5_500_000);
    warnings.settled(std::slice::from_ref(&state));
    warnings.settled(&[state]);
    assert_eq!(waiting(&warnings).len(), 2);
}

#[tokio::test]
async fn people_are_told_amounts_and_the_time_by_their_own_clock() {
    let world = World::new();
    let shop = world.shop_with(tenants::settings::TenantSettings::default());
    let state = states(&world, shop, 4_050_000).remove(0);
    let whose = words::Whose::of("Shop: the daily budget", chrono_tz::Tz::Asia__Tokyo);
    assert_eq!(
        words::message(&whose, &state, BudgetLevel::Warning),
        "Shop: the daily budget for language models is used to 81 %: $4.05 of $5.00. When it is used up, the built-in \
         model and approvals take over until 2025-11-22 09:00 (Asia/Tokyo). Raise it if that is too early."
    );
    assert_eq!(
        words::message(&whose, &state, BudgetLevel::Spent),
        "Shop: the daily budget for language models has no room for a further call: $4.05 of $5.00 are spent or set \
         aside. Until \
         2025-11-22 09:00 (Asia/Tokyo) the built-in model answers and people approve. Raise it if models shall go on \
         today."
    );
}

/// A call that cost so much, paid from the tenant's budget of its day.
async fn spend(world: &World, ledger: &MemoryLedger, shop: Shop, task: Task, cost: i64) {
    let (ids, at) = (&world.ports.ids, world.ports.clock.now());
    let id = ReservationId::new(ids);
    let lines = context(world, shop).budget().lines(task, at);
    let amount = MicroUsd(cost);
    let tenant = shop.tenant;
    let wanted =
        Reservation { id, tenant, task, amount, lines, at, expires_at: at + Duration::from_secs(60) };
    assert_eq!(ledger.reserve(wanted).await.unwrap(), Reserved::Granted);
    let call = LlmCall {
        id: CallId::new(ids),
        tenant,
        task,
        event: None,
        provider: "moonshot".into(),
        model: "kimi".into(),
        prompt: None,
        tokens_in: 100,
        tokens_cached: 0,
        tokens_out: 10,
        cost: amount,
        is_estimate: false,
        latency_us: 1_000,
        attempt: 1,
        fallback_reason: None,
        outcome: CallOutcome::Answered,
        error: None,
        at,
    };
    ledger.settle(&id, vec![call]).await.unwrap();
}

#[tokio::test]
async fn the_daily_tick_reports_what_the_day_has_cost_by_task_and_model() {
    let mut world = World::new();
    let ledger = Arc::new(MemoryLedger::default());
    world.ports.ledger = ledger.clone();
    let shop = world.shop();
    spend(&world, &ledger, shop, Task::Classify, 400).await;
    world.clock.advance(Duration::from_secs(86_400));
    spend(&world, &ledger, shop, Task::Classify, 1_000).await;
    spend(&world, &ledger, shop, Task::Crisis, 2_000).await;
    world.clock.advance(Duration::from_secs(1));
    let rig = crate::supervision::tests::rig_in(world).await;
    let tick = rig.world.tick(shop, Role::Admin, "cost_report");
    rig.until_done(&[tick]).await;
    let audit = rig.world.store.data().audit.clone();
    assert_eq!(audit.len(), 1);
    assert_eq!((audit[0].event_type.as_str(), audit[0].actor.as_str()), ("cost.reported", "admin"));
    let report = audit[0].details.value();
    assert_eq!(report["day"], "2025-11-22");
    assert_eq!((&report["total"]["calls"], &report["total"]["cost_micro_usd"]), (&2.into(), &3_000.into()));
    assert_eq!(report["by_task_and_model"][0]["task"], "crisis");
    assert_eq!(report["by_task_and_model"][1]["cost_micro_usd"], 1_000);
    assert_eq!(report["day_before"]["cost_micro_usd"], 400);
    assert_eq!(report["budget"]["limit_micro_usd"], 5_000_000);
    assert_eq!(report["budget"]["spent_micro_usd"], 3_000);
    rig.troupe.shutdown(Duration::from_secs(1), Duration::from_secs(2)).await;
}
