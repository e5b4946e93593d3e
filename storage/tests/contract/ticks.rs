//! Ticks: planned when something changes, run once, and how their runs end.

use std::time::Duration;

use tenants::account::{AccountStatus, TenantStatus};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, Role, TickBody};
use tenants::ports::{
    AccountWatch, CronTick, Inbox, PageRequest, Seen, TickNote, TickPlan, TickStatus, Ticks, Watches,
};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::World;

contract! {
    whatever_changes_a_tenant_marks_it_to_be_planned_anew
    a_mark_that_comes_while_a_plan_is_made_is_not_lost
    tenants_planned_with_other_ticks_are_marked_once
    a_tick_runs_once_and_moves_on
    of_many_who_run_a_tick_one_succeeds
    a_plan_changes_no_tick_that_has_run_since_it_was_read
    a_tick_that_rests_is_not_due
    a_plan_takes_ticks_out_that_it_does_not_name
    what_becomes_of_a_run_is_noted
    runs_are_listed_of_one_tick_of_one_tenant
}

fn tick(world: &World, name: &str) -> CronTick {
    let due = world.now() + Duration::from_secs(60);
    CronTick {
        tenant: world.tenant,
        role: Role::Admin,
        name: name.into(),
        zone: "Europe/Lisbon".into(),
        last_run: None,
        next_run: due,
        fire_at: Some(due + Duration::from_secs(5)),
        runs: 0,
        last_status: None,
        last_error: None,
        last_status_at: None,
    }
}

fn event_of(world: &World, tick: &CronTick) -> NewEvent {
    let mut event = world.event(&format!("{}:{}:{}", tick.role, tick.name, tick.next_run));
    event.account = None;
    event.source = EventSource::Cron;
    event.kind = EventKind::Tick;
    event.conversation_key = format!("tick:{}:{}", tick.role, tick.name);
    event.body =
        EventBody::Tick(TickBody { role: tick.role, name: tick.name.clone(), due_at: tick.next_run });
    event
}

fn after(tick: &CronTick) -> CronTick {
    let next_run = tick.next_run + Duration::from_secs(900);
    CronTick { last_run: Some(tick.next_run), next_run, fire_at: Some(next_run), ..tick.clone() }
}

async fn mark_of(world: &World) -> Option<i64> {
    let dirty = world.store.dirty_plans(100).await.unwrap();
    dirty.into_iter().find(|(tenant, _)| *tenant == world.tenant).map(|(_, mark)| mark)
}

async fn planned(world: &World, ticks: Vec<CronTick>) {
    let mark = mark_of(world).await.unwrap_or(0);
    let catalogue = "v1".to_owned();
    let plan = TickPlan { tenant: world.tenant, catalogue, mark, ticks, watches: Vec::new() };
    world.store.put_plan(plan).await.unwrap();
}

async fn listed(world: &World) -> Vec<CronTick> {
    world.store.list_ticks(&world.tenant).await.unwrap()
}

async fn whatever_changes_a_tenant_marks_it_to_be_planned_anew(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    planned(&neighbour, Vec::new()).await;
    let changes = [
        Change::PutTenant(world.tenant_row("acme")),
        world.put_account("1784acme"),
        Change::SetAccountStatus { account: world.account, status: AccountStatus::Expired },
        Change::DeleteAccount(world.account),
    ];
    for change in changes {
        planned(&world, Vec::new()).await;
        assert_eq!(mark_of(&world).await, None);
        world.commit([change.clone()]).await.unwrap();
        assert!(mark_of(&world).await.is_some(), "{change:?}");
    }
    assert_eq!(mark_of(&neighbour).await, None);
}

async fn a_mark_that_comes_while_a_plan_is_made_is_not_lost(database: TestDatabase) {
    let world = World::new(&database).await;
    let mark = mark_of(&world).await.unwrap();
    let mut suspended = world.tenant_row("acme");
    suspended.status = TenantStatus::Suspended;
    world.commit([Change::PutTenant(suspended)]).await.unwrap();
    let plan = TickPlan {
        tenant: world.tenant,
        catalogue: "v1".into(),
        mark,
        ticks: vec![tick(&world, "health")],
        watches: Vec::new(),
    };
    world.store.put_plan(plan).await.unwrap();
    assert!(mark_of(&world).await.is_some_and(|since| since > mark));
}

async fn tenants_planned_with_other_ticks_are_marked_once(database: TestDatabase) {
    let world = World::new(&database).await;
    planned(&world, Vec::new()).await;
    assert_eq!(world.store.mark_plans("v1", world.now()).await.unwrap(), 0);
    assert_eq!(world.store.mark_plans("v2", world.now()).await.unwrap(), 1);
    assert_eq!(world.store.mark_plans("v2", world.now()).await.unwrap(), 0);
    assert!(mark_of(&world).await.is_some());
}

async fn a_tick_runs_once_and_moves_on(database: TestDatabase) {
    let world = World::new(&database).await;
    let tick = tick(&world, "health");
    planned(&world, vec![tick.clone()]).await;
    assert_eq!(world.store.next_tick_at().await.unwrap(), tick.fire_at);
    world.pass(Duration::from_secs(60));
    assert!(world.store.due_ticks(world.now(), 10).await.unwrap().is_empty(), "due, but its turn is later");
    world.pass(Duration::from_secs(5));
    assert_eq!(world.store.due_ticks(world.now(), 10).await.unwrap(), std::slice::from_ref(&tick));
    assert!(world.store.run_tick(&tick, Some(event_of(&world, &tick)), after(&tick)).await.unwrap());
    let second = world.event("another");
    assert!(!world.store.run_tick(&tick, Some(second), after(&tick)).await.unwrap());
    let waiting = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    assert_eq!(waiting.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Tick]);
    let moved = listed(&world).await.remove(0);
    assert_eq!((moved.last_run, moved.next_run), (Some(tick.next_run), after(&tick).next_run));
    assert_eq!(moved.last_status, Some(TickStatus::Waiting));
    assert!(world.store.run_tick(&moved, None, after(&moved)).await.unwrap());
    assert_eq!(listed(&world).await[0].last_status, Some(TickStatus::Skipped));
}

async fn of_many_who_run_a_tick_one_succeeds(database: TestDatabase) {
    let world = World::new(&database).await;
    let tick = tick(&world, "health");
    planned(&world, vec![tick.clone()]).await;
    let runs = (0..8).map(|_| world.store.run_tick(&tick, Some(event_of(&world, &tick)), after(&tick)));
    let ran = futures::future::join_all(runs).await;
    assert_eq!(ran.into_iter().filter(|answer| *answer.as_ref().unwrap()).count(), 1);
    assert_eq!(world.store.pending_events(&world.tenant, &[], 10).await.unwrap().len(), 1);
}

async fn a_plan_changes_no_tick_that_has_run_since_it_was_read(database: TestDatabase) {
    let world = World::new(&database).await;
    let read = tick(&world, "health");
    planned(&world, vec![read.clone()]).await;
    assert!(world.store.run_tick(&read, None, after(&read)).await.unwrap());
    planned(&world, vec![read.clone()]).await;
    assert_eq!(listed(&world).await[0].next_run, after(&read).next_run);
}

async fn a_tick_that_rests_is_not_due(database: TestDatabase) {
    let world = World::new(&database).await;
    let rests = CronTick { fire_at: None, ..tick(&world, "health") };
    planned(&world, vec![rests.clone()]).await;
    world.pass(Duration::from_secs(3_600));
    assert!(world.store.due_ticks(world.now(), 10).await.unwrap().is_empty());
    assert_eq!(world.store.next_tick_at().await.unwrap(), None);
    assert!(!world.store.run_tick(&rests, None, after(&rests)).await.unwrap());
}

async fn a_plan_takes_ticks_out_that_it_does_not_name(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    planned(&world, vec![tick(&world, "old"), tick(&world, "kept")]).await;
    planned(&neighbour, vec![tick(&neighbour, "old")]).await;
    planned(&world, vec![tick(&world, "kept")]).await;
    let fires = |ticks: Vec<CronTick>| -> Vec<(String, bool)> {
        ticks.into_iter().map(|tick| (tick.name, tick.fire_at.is_some())).collect()
    };
    assert_eq!(fires(listed(&world).await), [("kept".to_owned(), true), ("old".to_owned(), false)]);
    assert_eq!(fires(listed(&neighbour).await), [("old".to_owned(), true)]);
}

fn note(status: TickStatus, error: Option<&str>, at: Timestamp, while_runs: Option<i64>) -> Change {
    Change::NoteTick(Box::new(TickNote {
        role: Role::Admin,
        name: "health".into(),
        status,
        error: error.map(Into::into),
        at,
        while_runs,
    }))
}

async fn what_becomes_of_a_run_is_noted(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    planned(&world, vec![tick(&world, "health")]).await;
    planned(&neighbour, vec![tick(&neighbour, "health")]).await;
    let now = world.now();
    let standing = async || {
        let tick = listed(&world).await.remove(0);
        (tick.last_status, tick.last_error, tick.runs)
    };
    world.commit([note(TickStatus::Retrying, Some("no answer"), now, None)]).await.unwrap();
    assert_eq!(standing().await, (Some(TickStatus::Retrying), Some("no answer".to_owned()), 0));
    world.commit([note(TickStatus::Done, None, now, None)]).await.unwrap();
    assert_eq!(standing().await, (Some(TickStatus::Done), None, 1));
    // A note about a run that has ended meanwhile comes too late.
    world.commit([note(TickStatus::Waiting, None, now, Some(0))]).await.unwrap();
    assert_eq!(standing().await, (Some(TickStatus::Done), None, 1));
    world.commit([note(TickStatus::Waiting, None, now, Some(1))]).await.unwrap();
    assert_eq!(standing().await, (Some(TickStatus::Waiting), None, 1));
    assert_eq!(listed(&neighbour).await[0].last_status, None);
}

async fn runs_are_listed_of_one_tick_of_one_tenant(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    for (world, name) in [(&world, "health"), (&world, "other"), (&neighbour, "health")] {
        let tick = tick(world, name);
        planned(world, vec![tick.clone()]).await;
        assert!(world.store.run_tick(&tick, Some(event_of(world, &tick)), after(&tick)).await.unwrap());
    }
    let runs =
        world.store.tick_runs(&world.tenant, Role::Admin, "health", PageRequest::first(10)).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].due_at, runs[0].done_at), (tick(&world, "health").next_run, None));
    let event = runs[0].event;
    let older = PageRequest { before: Some(event.0), limit: 10 };
    assert!(world.store.tick_runs(&world.tenant, Role::Admin, "health", older).await.unwrap().is_empty());
    world.commit([Change::EventDone { event, at: world.now() }]).await.unwrap();
    let runs =
        world.store.tick_runs(&world.tenant, Role::Admin, "health", PageRequest::first(10)).await.unwrap();
    assert_eq!(runs[0].done_at, Some(world.now()));
}

/// For cases about watches.
pub fn watch(world: &World, at: Option<Timestamp>) -> AccountWatch {
    AccountWatch {
        account: world.account,
        tenant: world.tenant,
        poll_at: at,
        health_at: at,
        polled_at: None,
        checked_at: None,
        seen: Seen::default(),
        health: None,
    }
}

/// Plans the watch of a world's account.
pub async fn watched(world: &World, watches: Vec<AccountWatch>) {
    let mark = mark_of(world).await.unwrap_or(0);
    let plan = TickPlan { tenant: world.tenant, catalogue: "v1".into(), mark, ticks: Vec::new(), watches };
    world.store.put_plan(plan).await.unwrap();
    assert!(world.store.list_watches(&world.tenant).await.is_ok());
}
