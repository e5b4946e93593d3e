//! Heartbeats, ticks, and whether the database works.

use std::time::Duration;

use tenants::event::{EventBody, EventKind, EventSource, Role, TickBody};
use tenants::ports::{AgentStatus, CronTick, Heartbeat, Inbox, Operations};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::World;

contract! {
    a_database_on_a_server_is_claimed_by_one_node_at_a_time
    the_last_beat_of_an_agent_counts
    a_tick_is_added_once_and_runs_once
    of_many_who_run_a_tick_one_succeeds
    a_ping_proves_that_the_database_can_write
}

fn beat(world: &World, agent: &str, status: AgentStatus) -> Heartbeat {
    Heartbeat { tenant: Some(world.tenant), agent: agent.into(), status, last_beat_at: world.now() }
}

async fn the_last_beat_of_an_agent_counts(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let of_node = Heartbeat { tenant: None, ..beat(&world, "dispatcher", AgentStatus::Alive) };
    let beats = [
        beat(&world, "engagement", AgentStatus::Alive),
        beat(&neighbour, "engagement", AgentStatus::Alive),
        beat(&world, "engagement", AgentStatus::Down),
        beat(&world, "comms", AgentStatus::Alive),
        of_node,
    ];
    world.store.put_heartbeats(&beats).await.unwrap();
    world.pass(Duration::from_secs(5));
    let later = beat(&world, "comms", AgentStatus::Asleep);
    world.store.put_heartbeats(std::slice::from_ref(&later)).await.unwrap();
    world.store.put_heartbeats(&[]).await.unwrap();
    let found = world.store.list_heartbeats(&world.tenant).await.unwrap();
    assert_eq!(found, [later, beats[2].clone()]);
}

fn tick(world: &World, name: &str) -> CronTick {
    CronTick {
        tenant: world.tenant,
        role: Role::Admin,
        name: name.into(),
        last_run: None,
        next_run: world.now() + Duration::from_secs(60),
    }
}

fn event_of(world: &World, tick: &CronTick) -> tenants::event::NewEvent {
    let mut event = world.event(&format!("tick:{}:{}", tick.name, tick.next_run.as_micros()));
    event.account = None;
    event.source = EventSource::Cron;
    event.kind = EventKind::Tick;
    event.body =
        EventBody::Tick(TickBody { role: tick.role, name: tick.name.clone(), due_at: tick.next_run });
    event
}

async fn a_tick_is_added_once_and_runs_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let tick = tick(&world, "health");
    let moved = CronTick { next_run: world.now(), ..tick.clone() };
    world.store.add_ticks(std::slice::from_ref(&tick)).await.unwrap();
    world.store.add_ticks(&[moved]).await.unwrap();
    assert_eq!(world.store.next_tick_at().await.unwrap(), Some(tick.next_run));
    assert!(world.store.due_ticks(world.now(), 10).await.unwrap().is_empty());
    world.pass(Duration::from_secs(60));
    assert_eq!(world.store.due_ticks(world.now(), 10).await.unwrap(), std::slice::from_ref(&tick));
    let next = world.now() + Duration::from_secs(900);
    assert!(world.store.run_tick(&tick, Some(event_of(&world, &tick)), next).await.unwrap());
    let second = world.event("another");
    assert!(!world.store.run_tick(&tick, Some(second), next).await.unwrap());
    let waiting = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    assert_eq!(waiting.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Tick]);
    world.pass(Duration::from_secs(900));
    let due = world.store.due_ticks(world.now(), 10).await.unwrap();
    assert_eq!((due[0].last_run, due[0].next_run), (Some(tick.next_run), next));
    assert!(world.store.run_tick(&due[0], None, next + Duration::from_secs(900)).await.unwrap());
}

async fn of_many_who_run_a_tick_one_succeeds(database: TestDatabase) {
    let world = World::new(&database).await;
    let tick = tick(&world, "health");
    world.store.add_ticks(std::slice::from_ref(&tick)).await.unwrap();
    let next = world.now() + Duration::from_secs(900);
    let runs = (0..8).map(|_| world.store.run_tick(&tick, Some(event_of(&world, &tick)), next));
    let ran = futures::future::join_all(runs).await;
    assert_eq!(ran.into_iter().filter(|answer| *answer.as_ref().unwrap()).count(), 1);
    assert_eq!(world.store.pending_events(&world.tenant, &[], 10).await.unwrap().len(), 1);
}

async fn a_ping_proves_that_the_database_can_write(database: TestDatabase) {
    let world = World::new(&database).await;
    world.store.ping().await.unwrap();
    world.store.close().await;
    assert!(crate::world::is_unavailable(&world.store.ping().await));
}

async fn a_database_on_a_server_is_claimed_by_one_node_at_a_time(database: TestDatabase) {
    let (first, second) = (database.open().await, database.open().await);
    let claim = first.claim_node().await.unwrap();
    if database.is_sqlite() {
        // A file is claimed by the lock of its folder.
        return;
    }
    let refused = second.claim_node().await.unwrap_err().to_string();
    assert!(refused.contains("another troupe node"), "{refused}");
    drop(claim);
    second.claim_node().await.unwrap();
}
