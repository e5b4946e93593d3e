//! Heartbeats, and whether the database works.

use std::time::Duration;

use tenants::ports::{AgentStatus, Heartbeat, Operations};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::World;

contract! {
    a_database_on_a_server_is_claimed_by_one_node_at_a_time
    the_last_beat_of_an_agent_counts
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
