//! What calls cost, listed and summed.

use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ids::{CallId, EventId, ReservationId};
use tenants::models::{CallOutcome, LlmCall, Task};
use tenants::ports::{BudgetLedger, CallFilter, CostKeys, CostReports, CostSum, Period, TimePosition};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::ledger::{ANY, call, usd};
use crate::world::World;

contract! {
    calls_of_the_same_microsecond_are_all_on_some_page
    calls_are_found_by_task_model_outcome_and_event
    sums_are_told_apart_by_what_is_asked_for
    a_period_begins_with_its_first_moment_and_ends_before_its_last
    half_and_nearly_all_calls_took_no_longer
    an_agency_sums_its_own_tenants_and_no_others
    where_nothing_was_asked_there_is_no_sum
    absurd_costs_are_summed_all_the_same
}

const ALL_KEYS: CostKeys = CostKeys { task: true, provider: true, model: true, prompt: true };

async fn stored(world: &World, calls: Vec<LlmCall>) {
    // Of a reservation that nobody knows the calls are stored all the same.
    world.store.settle(&ReservationId::new(&world.ids), calls).await.unwrap();
}

fn today(world: &World) -> Period {
    let hour = Duration::from_secs(3_600);
    Period { from: world.now() - hour, until: world.now() + hour }
}

async fn calls_of_the_same_microsecond_are_all_on_some_page(database: TestDatabase) {
    let world = World::new(&database).await;
    stored(&world, (1..=7).map(|cost| call(&world, cost)).collect()).await;
    let mut seen: Vec<CallId> = Vec::new();
    let mut after: Option<TimePosition> = None;
    loop {
        let page = world.store.list_calls(&world.tenant, &ANY, after, 3).await.unwrap();
        seen.extend(page.iter().map(|call| call.id));
        match page.last() {
            Some(last) => after = Some(TimePosition::of_call(last)),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|newer, older| newer > older), "each of them once: {seen:?}");
}

async fn calls_are_found_by_task_model_outcome_and_event(database: TestDatabase) {
    let world = World::new(&database).await;
    let event = EventId::new(&world.ids);
    let plain = call(&world, 1);
    let classified = LlmCall { task: Task::Classify, event: Some(event), ..call(&world, 2) };
    let other_model = LlmCall { model: "opus".into(), outcome: CallOutcome::Failed, ..call(&world, 3) };
    stored(&world, vec![plain, classified, other_model]).await;
    let cases = [
        (CallFilter { task: Some(Task::Classify), ..ANY }, vec![2]),
        (CallFilter { event: Some(event), ..ANY }, vec![2]),
        (CallFilter { model: Some("opus".into()), ..ANY }, vec![3]),
        (CallFilter { model: Some("moonshot/opus".into()), ..ANY }, vec![3]),
        (CallFilter { model: Some("elsewhere/opus".into()), ..ANY }, vec![]),
        (CallFilter { model: Some("op".into()), ..ANY }, vec![]),
        (CallFilter { outcome: Some(CallOutcome::Answered), ..ANY }, vec![2, 1]),
        (CallFilter { task: Some(Task::ShortReply), outcome: Some(CallOutcome::Answered), ..ANY }, vec![1]),
    ];
    for (filter, expected) in cases {
        let found = world.store.list_calls(&world.tenant, &filter, None, 10).await.unwrap();
        assert_eq!(found.iter().map(|call| call.cost.0).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn sums_are_told_apart_by_what_is_asked_for(database: TestDatabase) {
    let world = World::new(&database).await;
    let reply = |cost| call(&world, cost);
    let failed = LlmCall { outcome: CallOutcome::Failed, tokens_in: 0, tokens_out: 0, ..reply(0) };
    let prompted = LlmCall { prompt: Some("short_reply@2".into()), is_estimate: true, ..reply(40) };
    let classified = LlmCall { task: Task::Classify, model: "small".into(), tokens_cached: 300, ..reply(5) };
    // An earlier answer that was given again is no call.
    let again = LlmCall { outcome: CallOutcome::Cached, tokens_in: 0, tokens_out: 0, ..reply(0) };
    stored(&world, vec![reply(10), reply(20), failed, prompted, classified, again]).await;
    let sums = |by| world.store.tenant_costs(&world.tenant, today(&world), by);

    let whole = sums(CostKeys::default()).await.unwrap();
    let expected = CostSum {
        task: None,
        provider: None,
        model: None,
        prompt: None,
        calls: 5,
        unanswered: 1,
        estimates: 1,
        tokens_in: 3_600,
        tokens_cached: 300,
        tokens_out: 240,
        cost: usd(75),
        p50_us: 812_000,
        p95_us: 812_000,
    };
    assert_eq!(whole, [expected]);

    let by_task = sums(CostKeys { task: true, ..CostKeys::default() }).await.unwrap();
    let told: Vec<_> = by_task.iter().map(|sum| (sum.task.unwrap(), sum.calls, sum.cost.0)).collect();
    assert_eq!(told, [(Task::ShortReply, 4, 70), (Task::Classify, 1, 5)], "dearest first");

    let all = sums(ALL_KEYS).await.unwrap();
    let told: Vec<_> =
        all.iter().map(|sum| (sum.model.as_deref().unwrap(), sum.prompt.as_deref(), sum.cost.0)).collect();
    let expected = [("kimi-k2.5", Some("short_reply@2"), 40), ("kimi-k2.5", None, 30), ("small", None, 5)];
    assert_eq!(told, expected);
}

async fn a_period_begins_with_its_first_moment_and_ends_before_its_last(database: TestDatabase) {
    let world = World::new(&database).await;
    let at = |micros| Timestamp::from_micros(world.now().as_micros() + micros);
    let calls = [-1, 0, 9, 10].map(|micros| LlmCall { at: at(micros), ..call(&world, 1 << (micros + 1)) });
    stored(&world, calls.into()).await;
    let period = Period { from: at(0), until: at(10) };
    let sum = world.store.tenant_costs(&world.tenant, period, CostKeys::default()).await.unwrap();
    assert_eq!(sum[0].cost, usd(2 + 1_024));
}

async fn half_and_nearly_all_calls_took_no_longer(database: TestDatabase) {
    let world = World::new(&database).await;
    // From 1 to 100 milliseconds, in no order.
    let calls =
        (0..100).map(|number| LlmCall { latency_us: (number * 37 % 100 + 1) * 1_000, ..call(&world, 1) });
    stored(&world, calls.collect()).await;
    let single = LlmCall { task: Task::Plan, latency_us: 5_000_000, ..call(&world, 1) };
    stored(&world, vec![single]).await;
    let by = CostKeys { task: true, ..CostKeys::default() };
    let sums = world.store.tenant_costs(&world.tenant, today(&world), by).await.unwrap();
    let told: Vec<_> = sums.iter().map(|sum| (sum.p50_us, sum.p95_us)).collect();
    assert_eq!(told, [(50_000, 95_000), (5_000_000, 5_000_000)]);
}

async fn an_agency_sums_its_own_tenants_and_no_others(database: TestDatabase) {
    let world = World::new(&database).await;
    let (neighbour, elsewhere) = (world.neighbour().await, world.another_agency().await);
    for (who, cost) in [(&world, 1), (&neighbour, 10), (&elsewhere, 100)] {
        stored(who, vec![call(who, cost)]).await;
    }
    for (who, own, of_agency) in [(&world, 1, 11), (&neighbour, 10, 11), (&elsewhere, 100, 100)] {
        let (tenant, agency, period) = (who.tenant, who.agency, today(who));
        let sum = who.store.tenant_costs(&tenant, period, CostKeys::default()).await.unwrap();
        assert_eq!(sum[0].cost, usd(own));
        let sum = who.store.agency_costs(&agency, period, CostKeys::default()).await.unwrap();
        assert_eq!(sum[0].cost, usd(of_agency));
    }
}

async fn where_nothing_was_asked_there_is_no_sum(database: TestDatabase) {
    let world = World::new(&database).await;
    for by in [CostKeys::default(), ALL_KEYS] {
        assert_eq!(world.store.tenant_costs(&world.tenant, today(&world), by).await.unwrap(), []);
        assert_eq!(world.store.agency_costs(&world.agency, today(&world), by).await.unwrap(), []);
    }
}

async fn absurd_costs_are_summed_all_the_same(database: TestDatabase) {
    let world = World::new(&database).await;
    let calls = [i64::MAX, i64::MAX, 1_000_000_000_000, 7].map(|cost| call(&world, cost));
    stored(&world, calls.into()).await;
    let of_tenant =
        world.store.tenant_costs(&world.tenant, today(&world), CostKeys::default()).await.unwrap();
    let of_agency =
        world.store.agency_costs(&world.agency, today(&world), CostKeys::default()).await.unwrap();
    for sums in [of_tenant, of_agency] {
        assert_eq!(
            (sums[0].calls, sums[0].cost),
            (4, usd(3_000_000_000_007)),
            "a call counts at most a million dollars"
        );
    }
}
