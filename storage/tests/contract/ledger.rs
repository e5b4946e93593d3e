//! Money for language models: set aside, settled, taken for spent.

use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, CallId, EventId, ReservationId, TenantId};
use tenants::models::{
    BudgetLine, BudgetScope, BudgetState, CallCost, CallOutcome, LlmCall, Reservation, Reserved, Share, Task,
};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, CallFilter, CostReports, TimePosition};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    money_is_set_aside_in_all_budgets_or_in_none
    a_budget_can_be_used_to_the_last_and_no_further
    a_budget_of_nothing_grants_nothing
    the_budget_without_room_is_named
    a_reservation_asked_for_twice_is_granted_once
    a_call_costs_what_it_has_cost
    a_call_that_was_not_made_gives_everything_back
    a_reservation_is_settled_exactly_once
    what_nobody_settles_is_taken_for_spent
    a_late_settlement_puts_the_budget_right
    a_settlement_and_an_expiry_of_the_same_moment_count_once
    every_day_has_its_own_money
    a_limit_counts_from_the_next_call_on
    what_makes_no_sense_is_refused
    no_agency_pays_for_the_tenant_of_another
    the_trouble_of_one_reservation_is_not_that_of_its_neighbours
    calls_are_listed_newest_first_and_tenants_see_their_own
    every_column_of_a_call_is_kept
    closed_reservations_are_forgotten_after_a_while
    what_calls_have_cost_is_remembered_newest_first
    an_agencys_budget_that_is_set_during_the_day_begins_with_what_the_day_has_cost
}

pub const DAY: &str = "2025-11-17";
pub const ANY: CallFilter = CallFilter { task: None, model: None, outcome: None, event: None };
pub const HOLD: Duration = Duration::from_secs(120);

pub fn usd(micros: i64) -> MicroUsd {
    MicroUsd(micros)
}

pub fn line(world: &World, scope: BudgetScope, limit: i64) -> BudgetLine {
    let resets_at = world.now() + Duration::from_secs(43_200);
    BudgetLine { scope, day: DAY.into(), limit: usd(limit), resets_at }
}

pub fn of_agency(world: &World) -> BudgetScope {
    BudgetScope::Agency(world.agency)
}

pub fn of_tenant(world: &World) -> BudgetScope {
    BudgetScope::Tenant(world.tenant)
}

pub fn of_share(world: &World, share: Share) -> BudgetScope {
    BudgetScope::Share(world.tenant, share)
}

/// So much money out of these budgets.
pub fn wanted(world: &World, amount: i64, lines: Vec<BudgetLine>) -> Reservation {
    Reservation {
        id: ReservationId::new(&world.ids),
        tenant: world.tenant,
        task: Task::ShortReply,
        amount: usd(amount),
        lines,
        at: world.now(),
        expires_at: world.now() + HOLD,
    }
}

/// So much money out of the tenant's budget of so much.
fn from_tenant(world: &World, amount: i64, limit: i64) -> Reservation {
    wanted(world, amount, vec![line(world, of_tenant(world), limit)])
}

pub fn call(world: &World, cost: i64) -> LlmCall {
    LlmCall {
        id: CallId::new(&world.ids),
        tenant: world.tenant,
        task: Task::ShortReply,
        event: None,
        provider: "moonshot".into(),
        model: "kimi-k2.5".into(),
        prompt: None,
        tokens_in: 900,
        tokens_cached: 0,
        tokens_out: 60,
        cost: usd(cost),
        is_estimate: false,
        latency_us: 812_000,
        attempt: 1,
        fallback_reason: None,
        outcome: CallOutcome::Answered,
        error: None,
        at: world.now(),
    }
}

/// What is spent and what is set aside of a budget.
pub async fn spent_and_reserved(world: &World, scope: BudgetScope) -> (i64, i64) {
    let found = world.store.find_budget(&scope, DAY).await.unwrap();
    found.map_or((0, 0), |budget| (budget.spent.0, budget.reserved.0))
}

pub async fn granted(world: &World, wanted: &Reservation) {
    assert_eq!(world.store.reserve(wanted.clone()).await.unwrap(), Reserved::Granted);
}

async fn refused(world: &World, wanted: Reservation) -> BudgetState {
    match world.store.reserve(wanted).await.unwrap() {
        Reserved::Refused(state) => state,
        Reserved::Granted => panic!("it was granted"),
    }
}

async fn money_is_set_aside_in_all_budgets_or_in_none(database: TestDatabase) {
    let world = World::new(&database).await;
    let (agency, tenant) = (of_agency(&world), of_tenant(&world));
    let (routine, care) = (of_share(&world, Share::Routine), of_share(&world, Share::Care));
    let lines = |share, limit| {
        vec![line(&world, agency, 1_000), line(&world, tenant, 500), line(&world, share, limit)]
    };
    granted(&world, &wanted(&world, 300, lines(routine, 400))).await;
    let full = refused(&world, wanted(&world, 150, lines(routine, 400))).await;
    assert_eq!(full.line.scope, routine);
    for (scope, reserved) in [(agency, 300), (tenant, 300), (routine, 300)] {
        assert_eq!(spent_and_reserved(&world, scope).await, (0, reserved));
    }
    granted(&world, &wanted(&world, 150, lines(care, 200))).await;
    let neighbour = world.neighbour().await;
    let of_agency_alone = |amount| {
        let own = line(&neighbour, of_tenant(&neighbour), 10_000);
        wanted(&neighbour, amount, vec![own, line(&world, agency, 1_000)])
    };
    assert_eq!(refused(&neighbour, of_agency_alone(551)).await.line.scope, agency);
    assert_eq!(spent_and_reserved(&neighbour, of_tenant(&neighbour)).await, (0, 0));
    granted(&neighbour, &of_agency_alone(550)).await;
    assert_eq!(spent_and_reserved(&world, agency).await, (0, 1_000));
    assert_eq!(spent_and_reserved(&world, tenant).await, (0, 450));
}

async fn a_budget_can_be_used_to_the_last_and_no_further(database: TestDatabase) {
    let world = World::new(&database).await;
    assert_eq!(world.store.find_budget(&of_tenant(&world), DAY).await.unwrap(), None);
    for amount in [700, 250, 50] {
        granted(&world, &from_tenant(&world, amount, 1_000)).await;
    }
    let full = refused(&world, from_tenant(&world, 1, 1_000)).await;
    assert_eq!(full.line, line(&world, of_tenant(&world), 1_000));
    assert_eq!((full.spent, full.reserved), (usd(0), usd(1_000)));
    assert_eq!(world.store.find_budget(&of_tenant(&world), DAY).await.unwrap(), Some(full));
    granted(&world, &from_tenant(&world, 0, 1_000)).await;
}

async fn a_budget_of_nothing_grants_nothing(database: TestDatabase) {
    let world = World::new(&database).await;
    for amount in [0, 1] {
        assert_eq!(refused(&world, from_tenant(&world, amount, 0)).await.line.limit, usd(0));
    }
}

async fn the_budget_without_room_is_named(database: TestDatabase) {
    let world = World::new(&database).await;
    let lines = || vec![line(&world, of_agency(&world), 900), line(&world, of_tenant(&world), 100)];
    let full = refused(&world, wanted(&world, 101, lines())).await;
    assert_eq!((full.line.scope, full.line.limit), (of_tenant(&world), usd(100)));
    let full = refused(&world, wanted(&world, 901, lines())).await;
    assert_eq!(full.line.scope, of_agency(&world), "the first without room");
}

async fn a_reservation_asked_for_twice_is_granted_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let wanted = from_tenant(&world, 600, 1_000);
    granted(&world, &wanted).await;
    granted(&world, &wanted).await;
    let both = futures::future::join_all((0..2).map(|_| world.store.reserve(wanted.clone()))).await;
    assert!(both.iter().all(|answer| matches!(answer, Ok(Reserved::Granted))));
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (0, 600));
    world.store.settle(&wanted.id, vec![call(&world, 500)]).await.unwrap();
    assert!(is_conflict(&world.store.reserve(wanted).await));
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (500, 0));
}

async fn a_call_costs_what_it_has_cost(database: TestDatabase) {
    let world = World::new(&database).await;
    let lines = || vec![line(&world, of_agency(&world), 5_000), line(&world, of_tenant(&world), 1_000)];
    for (amount, costs, spent) in [(300, vec![100, 80], 180), (300, vec![450], 630), (300, vec![0], 630)] {
        let wanted = wanted(&world, amount, lines());
        granted(&world, &wanted).await;
        let calls = costs.into_iter().map(|cost| call(&world, cost)).collect();
        let after = world.store.settle(&wanted.id, calls).await.unwrap();
        let scopes: Vec<_> = after.iter().map(|budget| budget.line.scope).collect();
        assert_eq!(scopes, [of_agency(&world), of_tenant(&world)]);
        assert!(after.iter().all(|budget| (budget.spent, budget.reserved) == (usd(spent), usd(0))));
    }
    let dear = from_tenant(&world, 370, 1_000);
    granted(&world, &dear).await;
    let after = world.store.settle(&dear.id, vec![call(&world, 500)]).await.unwrap();
    assert_eq!(after[0].spent, usd(1_130), "a call that was dearer than expected is paid all the same");
    refused(&world, from_tenant(&world, 0, 1_000)).await;
}

async fn a_call_that_was_not_made_gives_everything_back(database: TestDatabase) {
    let world = World::new(&database).await;
    let wanted = from_tenant(&world, 1_000, 1_000);
    granted(&world, &wanted).await;
    let after = world.store.settle(&wanted.id, Vec::new()).await.unwrap();
    assert_eq!((after[0].spent, after[0].reserved), (usd(0), usd(0)));
    granted(&world, &from_tenant(&world, 1_000, 1_000)).await;
}

async fn a_reservation_is_settled_exactly_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let (wanted, other) = (from_tenant(&world, 300, 1_000), from_tenant(&world, 300, 1_000));
    granted(&world, &wanted).await;
    granted(&world, &other).await;
    let calls = vec![call(&world, 200), call(&world, 50)];
    let settle = || world.store.settle(&wanted.id, calls.clone());
    let answers = futures::future::join_all((0..5).map(|_| settle())).await;
    let mut answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    answers.push(settle().await.unwrap());
    assert!(answers.iter().all(|it| (it[0].spent, it[0].reserved) == (usd(250), usd(300))), "{answers:?}");
    let different = world.store.settle(&wanted.id, vec![call(&world, 700)]).await.unwrap();
    assert_eq!(different, answers[0]);
    assert_eq!(world.store.list_calls(&world.tenant, &ANY, None, 10).await.unwrap().len(), 2);
    assert_eq!(world.store.expire_reservations(world.now() + HOLD).await.unwrap(), 1, "the other one");
}

async fn what_nobody_settles_is_taken_for_spent(database: TestDatabase) {
    let world = World::new(&database).await;
    let lines = || vec![line(&world, of_agency(&world), 5_000), line(&world, of_tenant(&world), 1_000)];
    let settled = wanted(&world, 100, lines());
    for wanted in [&settled, &wanted(&world, 200, lines()), &wanted(&world, 300, lines())] {
        granted(&world, wanted).await;
    }
    world.store.settle(&settled.id, vec![call(&world, 70)]).await.unwrap();
    world.pass(HOLD / 2);
    granted(&world, &wanted(&world, 50, lines())).await;
    // The process has died; the next one finds the reservations in the database.
    let store = database.open_with(std::sync::Arc::new(world.clock.clone())).await;
    assert_eq!(store.expire_reservations(world.now()).await.unwrap(), 0);
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (70, 550));
    world.pass(HOLD / 2);
    assert_eq!(store.expire_reservations(world.now()).await.unwrap(), 2);
    assert_eq!(store.expire_reservations(world.now()).await.unwrap(), 0);
    for scope in [of_agency(&world), of_tenant(&world)] {
        assert_eq!(spent_and_reserved(&world, scope).await, (570, 50));
    }
}

async fn a_late_settlement_puts_the_budget_right(database: TestDatabase) {
    let world = World::new(&database).await;
    for (cost, spent) in [(120, 120), (400, 520)] {
        let wanted = from_tenant(&world, 300, 1_000);
        granted(&world, &wanted).await;
        world.pass(HOLD);
        assert_eq!(world.store.expire_reservations(world.now()).await.unwrap(), 1);
        assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (spent - cost + 300, 0));
        let calls = vec![call(&world, cost)];
        for _ in 0..2 {
            let after = world.store.settle(&wanted.id, calls.clone()).await.unwrap();
            assert_eq!((after[0].spent, after[0].reserved), (usd(spent), usd(0)));
        }
    }
    assert_eq!(world.store.list_calls(&world.tenant, &ANY, None, 10).await.unwrap().len(), 2);
}

async fn a_settlement_and_an_expiry_of_the_same_moment_count_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let all: Vec<Reservation> = (0..20).map(|_| from_tenant(&world, 100, 2_000)).collect();
    for wanted in &all {
        granted(&world, wanted).await;
    }
    world.pass(HOLD);
    let settle = all.iter().map(|wanted| world.store.settle(&wanted.id, vec![call(&world, 30)]));
    let sweeps = (0..5).map(|_| world.store.expire_reservations(world.now()));
    let (settled, swept) = tokio::join!(futures::future::join_all(settle), futures::future::join_all(sweeps));
    assert!(settled.iter().all(Result::is_ok) && swept.iter().all(Result::is_ok));
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (600, 0));
}

async fn every_day_has_its_own_money(database: TestDatabase) {
    let world = World::new(&database).await;
    let today = from_tenant(&world, 1_000, 1_000);
    let mut tomorrow = from_tenant(&world, 1_000, 1_000);
    tomorrow.lines[0].day = "2025-11-18".into();
    granted(&world, &today).await;
    refused(&world, from_tenant(&world, 1, 1_000)).await;
    granted(&world, &tomorrow).await;
    world.store.settle(&today.id, vec![call(&world, 900)]).await.unwrap();
    assert_eq!(
        spent_and_reserved(&world, of_tenant(&world)).await,
        (900, 0),
        "the day on which it was asked"
    );
    let next = world.store.find_budget(&of_tenant(&world), "2025-11-18").await.unwrap().unwrap();
    assert_eq!((next.spent, next.reserved), (usd(0), usd(1_000)));
    // The agency's day ends at another hour than its tenant's. It has cost 900 before the agency had a budget.
    let mut two_days = wanted(&world, 10, vec![line(&world, of_agency(&world), 910)]);
    two_days.lines.push(BudgetLine { day: "2025-11-19".into(), ..line(&world, of_tenant(&world), 100) });
    granted(&world, &two_days).await;
}

async fn a_limit_counts_from_the_next_call_on(database: TestDatabase) {
    let world = World::new(&database).await;
    let first = from_tenant(&world, 800, 1_000);
    granted(&world, &first).await;
    let full = refused(&world, from_tenant(&world, 100, 500)).await;
    assert_eq!((full.line.limit, full.reserved), (usd(500), usd(800)), "lowered below what is set aside");
    let after = world.store.settle(&first.id, vec![call(&world, 800)]).await.unwrap();
    assert_eq!(after[0].line.limit, usd(500), "a settlement knows no newer limit");
    refused(&world, from_tenant(&world, 0, 500)).await;
    granted(&world, &from_tenant(&world, 400, 1_200)).await;
    let now = world.store.find_budget(&of_tenant(&world), DAY).await.unwrap().unwrap();
    assert_eq!((now.line.limit, now.spent, now.reserved), (usd(1_200), usd(800), usd(400)));
}

async fn what_makes_no_sense_is_refused(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let own = || line(&world, of_tenant(&world), 1_000);
    let foreign = line(&world, of_tenant(&neighbour), 1_000);
    let unknown = line(&world, BudgetScope::Agency(AgencyId::new(&world.ids)), 1_000);
    let nonsense = [
        wanted(&world, 1, Vec::new()),
        wanted(&world, 1, vec![own(), own()]),
        wanted(&world, 1, vec![own(), foreign]),
        wanted(&world, 1, vec![own(), unknown]),
        wanted(&world, -1, vec![own()]),
        from_tenant(&world, 1, -1),
    ];
    for wanted in nonsense {
        let id = wanted.id;
        assert!(is_conflict(&world.store.reserve(wanted).await), "{id}");
    }
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (0, 0));

    let fine = from_tenant(&world, 100, 1_000);
    granted(&world, &fine).await;
    let answer = world.store.settle(&fine.id, vec![call(&world, 10), call(&neighbour, 10)]).await;
    assert!(is_conflict(&answer));
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (0, 100));
    let after = world.store.settle(&fine.id, vec![call(&world, -50)]).await.unwrap();
    assert_eq!(after[0].spent, usd(0), "nobody is paid for a call");
}

async fn no_agency_pays_for_the_tenant_of_another(database: TestDatabase) {
    let world = World::new(&database).await;
    let elsewhere = world.another_agency().await;
    let own = line(&world, of_agency(&world), 1_000);
    for _ in 0..2 {
        let foreign = line(&world, of_agency(&elsewhere), 1_000);
        let lines = vec![foreign, line(&world, of_tenant(&world), 1_000)];
        assert!(is_conflict(&world.store.reserve(wanted(&world, 10, lines)).await));
        granted(&world, &wanted(&world, 10, vec![own.clone()])).await;
    }
    assert_eq!(world.store.find_budget(&of_agency(&elsewhere), DAY).await.unwrap(), None);
    let nobody = World { tenant: TenantId::new(&world.ids), ..world.clone() };
    assert!(is_conflict(&nobody.store.reserve(wanted(&nobody, 10, vec![own])).await));
}

async fn the_trouble_of_one_reservation_is_not_that_of_its_neighbours(database: TestDatabase) {
    let world = World::new(&database).await;
    let stranger = World { tenant: TenantId::new(&world.ids), ..world.clone() };
    let all = (0..40).map(|number| {
        let who = if number % 8 == 3 { &stranger } else { &world };
        who.store.reserve(from_tenant(who, 10, 1_000))
    });
    let answers = futures::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| is_conflict(answer)).count(), 5);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(Reserved::Granted))).count(), 35);
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (0, 350));
}

async fn calls_are_listed_newest_first_and_tenants_see_their_own(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    for cost in 1..=5 {
        let wanted = from_tenant(&world, 10, 1_000);
        granted(&world, &wanted).await;
        world.store.settle(&wanted.id, vec![call(&world, cost)]).await.unwrap();
        world.pass(Duration::from_secs(1));
    }
    // Of a reservation that nobody knows the calls are stored all the same.
    let unknown = ReservationId::new(&world.ids);
    assert_eq!(neighbour.store.settle(&unknown, vec![call(&neighbour, 99)]).await.unwrap(), []);
    let costs = |calls: &[LlmCall]| calls.iter().map(|call| call.cost.0).collect::<Vec<_>>();
    let page = world.store.list_calls(&world.tenant, &ANY, None, 3).await.unwrap();
    assert_eq!(costs(&page), [5, 4, 3]);
    let next =
        world.store.list_calls(&world.tenant, &ANY, Some(TimePosition::of_call(&page[2])), 3).await.unwrap();
    assert_eq!(costs(&next), [2, 1]);
    assert_eq!(costs(&world.store.list_calls(&neighbour.tenant, &ANY, None, 10).await.unwrap()), [99]);
    assert_eq!(spent_and_reserved(&world, of_tenant(&neighbour)).await, (0, 0));
}

async fn every_column_of_a_call_is_kept(database: TestDatabase) {
    let world = World::new(&database).await;
    let full = LlmCall {
        event: Some(EventId::new(&world.ids)),
        prompt: Some("short_reply@3".into()),
        tokens_in: u32::MAX,
        tokens_cached: 800,
        tokens_out: 60,
        is_estimate: true,
        latency_us: 9_000_000,
        attempt: 2,
        fallback_reason: Some("the first choice was overloaded".into()),
        outcome: CallOutcome::Truncated,
        error: Some("it broke off".into()),
        ..call(&world, 1_234)
    };
    let hostile =
        LlmCall { error: Some("\0'; --".into()), at: Timestamp::from_micros(i64::MIN), ..full.clone() };
    let hostile = LlmCall { id: CallId::new(&world.ids), ..hostile };
    let wanted = from_tenant(&world, 2_000, 2_000);
    granted(&world, &wanted).await;
    world.store.settle(&wanted.id, vec![full.clone(), hostile]).await.unwrap();
    let found = world.store.list_calls(&world.tenant, &ANY, None, 10).await.unwrap();
    assert_eq!(found[0], full);
    assert_eq!(found[1].error.as_deref(), Some("\u{fffd}'; --"));
}

async fn closed_reservations_are_forgotten_after_a_while(database: TestDatabase) {
    let world = World::new(&database).await;
    let (settled, expired) = (from_tenant(&world, 100, 1_000), from_tenant(&world, 200, 1_000));
    granted(&world, &settled).await;
    granted(&world, &expired).await;
    let calls = vec![call(&world, 40)];
    world.store.settle(&settled.id, calls.clone()).await.unwrap();
    world.pass(HOLD);
    world.store.expire_reservations(world.now()).await.unwrap();
    world.pass(Duration::from_secs(3_000));
    world.store.expire_reservations(world.now()).await.unwrap();
    assert_eq!(world.store.settle(&settled.id, calls.clone()).await.unwrap().len(), 1, "known for an hour");
    world.pass(Duration::from_secs(3_000));
    let open = from_tenant(&world, 300, 1_000);
    granted(&world, &open).await;
    world.store.expire_reservations(world.now()).await.unwrap();
    for (reservation, calls) in [(&settled, calls), (&expired, vec![call(&world, 50)])] {
        assert!(world.store.settle(&reservation.id, calls).await.unwrap().is_empty());
    }
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (240, 300));
    assert_eq!(world.store.list_calls(&world.tenant, &ANY, None, 10).await.unwrap().len(), 2);
    assert_eq!(world.store.settle(&open.id, Vec::new()).await.unwrap().len(), 1);
}

async fn what_calls_have_cost_is_remembered_newest_first(database: TestDatabase) {
    let world = World::new(&database).await;
    assert!(world.store.recent_costs(10).await.unwrap().is_empty());
    let mut calls = Vec::new();
    for (cost, outcome) in [
        (10, CallOutcome::Answered),
        (20, CallOutcome::InvalidOutput),
        (30, CallOutcome::Cancelled),
        (0, CallOutcome::Failed),
        (50, CallOutcome::Truncated),
        (60, CallOutcome::Answered),
    ] {
        world.pass(Duration::from_secs(1));
        calls.push(LlmCall { outcome, ..call(&world, cost) });
    }
    let newest = CallCost::from(calls.last().unwrap());
    world.store.settle(&ReservationId::new(&world.ids), calls).await.unwrap();

    let costs = |costs: Vec<CallCost>| costs.iter().map(|call| call.cost.0).collect::<Vec<_>>();
    let all = world.store.recent_costs(10).await.unwrap();
    assert_eq!(all[0], newest);
    assert_eq!(costs(all), [60, 20, 10]);
    assert_eq!(costs(world.store.recent_costs(5).await.unwrap()), [60, 20], "five calls are looked through");
}

async fn an_agencys_budget_that_is_set_during_the_day_begins_with_what_the_day_has_cost(
    database: TestDatabase,
) {
    let world = World::new(&database).await;
    let yesterday = LlmCall { at: world.now() - Duration::from_secs(43_201), ..call(&world, 5_000) };
    let stranger = world.another_agency().await;
    world.store.settle(&ReservationId::new(&world.ids), vec![yesterday]).await.unwrap();
    stranger.store.settle(&ReservationId::new(&world.ids), vec![call(&stranger, 900)]).await.unwrap();
    let free = from_tenant(&world, 300, 10_000);
    world.store.reserve(free.clone()).await.unwrap();
    world.store.settle(&free.id, vec![call(&world, 400)]).await.unwrap();
    assert_eq!(spent_and_reserved(&world, of_agency(&world)).await, (0, 0), "it has no budget yet");

    let limited = |amount| wanted(&world, amount, vec![line(&world, of_agency(&world), 500)]);
    let answer = world.store.reserve(limited(200)).await.unwrap();
    let Reserved::Refused(budget) = answer else { panic!("{answer:?}") };
    assert_eq!(budget.spent, usd(400));
    let fits = limited(60);
    assert_eq!(world.store.reserve(fits.clone()).await.unwrap(), Reserved::Granted);
    assert_eq!(spent_and_reserved(&world, of_agency(&world)).await, (400, 60));
    world.store.settle(&fits.id, vec![call(&world, 50)]).await.unwrap();
    assert_eq!(spent_and_reserved(&world, of_agency(&world)).await, (450, 0), "nothing counts twice");
}
