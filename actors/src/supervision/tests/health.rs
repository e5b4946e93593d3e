//! Signs of life.

use std::time::Duration;

use tenants::alert::AlertType;
use tenants::event::{EventKind, Role};
use tenants::ports::AgentStatus;

use super::rig::{Rig, SECOND};
use crate::supervision::Misbehaviour;
use crate::testing::until;

const STEP: Duration = Duration::from_secs(5);

#[tokio::test]
async fn agents_of_awake_tenants_and_parts_of_the_node_show_signs_of_life() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let event = rig.world.comment(shop, "t", "hello");
    rig.until_done(&[event]).await;
    let beats = rig.troupe.heartbeats();
    let of = |tenant| {
        let mut agents: Vec<_> =
            beats.iter().filter(|beat| beat.tenant == tenant).map(|beat| beat.agent.as_str()).collect();
        agents.sort_unstable();
        agents
    };
    assert_eq!(of(Some(shop.tenant)), ["admin", "comms", "content", "engagement", "intel", "tenant"]);
    assert_eq!(of(None), ["health", "hints", "poll", "root", "router"]);
    let is_stored = || rig.world.store.data().last_beat(shop.tenant, "comms").is_some();
    rig.world.pass_time_until(SECOND, "signs of life are stored", is_stored).await;
    rig.troupe.sleep_tenant(&shop.tenant).await;
    let key = (Some(shop.tenant), "comms".to_owned());
    let is_asleep = || rig.world.store.data().heartbeats[&key].status == AgentStatus::Asleep;
    rig.world.pass_time_until(SECOND, "it is stored that they sleep", is_asleep).await;
}

#[tokio::test]
async fn an_agent_that_hangs_is_down_after_a_minute_with_an_alert_and_comes_back() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let first = rig.world.comment(shop, "t", "hello");
    rig.until_done(&[first]).await;
    rig.troupe.misbehave(&shop.tenant, Some(Role::Comms), Misbehaviour::Hang);
    let message = rig.world.message(shop, "ana", EventKind::Message, "hello");
    let down = || rig.status(shop.tenant, "comms") == Some(AgentStatus::Down);
    let hung_at = rig.world.ports.clock.now();
    rig.world.pass_time_until(STEP, "it is down", down).await;
    let silent = rig.world.ports.clock.now().since(hung_at);
    assert!(silent >= SECOND * 60 && silent <= SECOND * 80, "{silent:?}");
    assert_eq!(rig.status(shop.tenant, "engagement"), Some(AgentStatus::Alive));

    rig.pass_time_until_done(&[message]).await;
    let is_back = || rig.status(shop.tenant, "comms") == Some(AgentStatus::Alive);
    rig.world.pass_time_until(SECOND, "it is back", is_back).await;
    let key = format!("agent_down:{}:comms", shop.tenant);
    until("the alert is resolved", || rig.world.store.data().resolved_alerts == [key.clone()]).await;
    let data = rig.world.store.data();
    assert_eq!(data.alerts.len(), 1);
    assert_eq!((data.alerts[0].alert_type, &data.alerts[0].dedup_key), (AlertType::AgentDown, &key));
    assert_eq!(data.alerts[0].agency, Some(rig.world.agency));
}

#[tokio::test]
async fn a_tenant_actor_that_hangs_is_ended_and_started_again() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let first = rig.world.comment(shop, "t", "hello");
    rig.until_done(&[first]).await;
    rig.troupe.misbehave(&shop.tenant, None, Misbehaviour::Hang);
    let event = rig.world.comment(shop, "t", "hello again");
    rig.world.pass_time_until(STEP, "the event is done", || rig.is_done(event)).await;
    assert!(rig.has_alert(&format!("agent_down:{}:tenant", shop.tenant)));
}
