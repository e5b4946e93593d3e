//! The health actor: asks every part for a sign of life, ends those that are silent, and stores what it saw.
//!
//! It never waits for the database itself: then a stuck database would silence the one who tells of silence.

use std::sync::Arc;

use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tenants::clock::Timestamp;
use tracing::warn;

use super::alarms::{Alarm, agent_down_key};
use super::node::Node;
use super::pulses::{Agent, Pulse};
use super::watched::WatchedActor;

/// Heartbeats in one statement.
const BEATS_AT_ONCE: usize = 500;

pub(super) enum HealthMsg {
    /// Show a sign of life.
    Beat,
    /// Time to look at everybody.
    Look,
    /// The last storing has ended.
    Stored,
}

pub(super) struct HealthState {
    node: Arc<Node>,
    pulse: Arc<Pulse>,
    stored_at: Timestamp,
    is_storing: bool,
    is_overdue: bool,
}

pub(super) struct Health;

#[async_trait]
impl Actor for Health {
    type Msg = HealthMsg;
    type State = HealthState;
    type Arguments = Arc<Node>;

    async fn pre_start(
        &self,
        myself: ActorRef<HealthMsg>,
        node: Arc<Node>,
    ) -> Result<HealthState, ActorProcessingErr> {
        let now = node.now();
        let pulse = Pulse::new(now);
        let watched = WatchedActor::new(&myself, || HealthMsg::Beat);
        node.pulses.watch(Agent { tenant: None, name: "health" }, Arc::clone(&pulse), watched);
        node.send_later(node.settings.beat_every(), myself, HealthMsg::Look);
        Ok(HealthState { node, pulse, stored_at: now, is_storing: false, is_overdue: false })
    }

    async fn handle(
        &self,
        myself: ActorRef<HealthMsg>,
        message: HealthMsg,
        state: &mut HealthState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            HealthMsg::Beat => state.pulse.beat(state.node.now()),
            HealthMsg::Look => {
                state.node.send_later(state.node.settings.beat_every(), myself.clone(), HealthMsg::Look);
                state.look();
                state.store_if_due(&myself);
            }
            HealthMsg::Stored => state.is_storing = false,
        }
        Ok(())
    }
}

impl HealthState {
    fn look(&mut self) {
        let down_after = self.node.settings.down_after();
        let findings = self.node.pulses.look(self.node.now(), down_after);
        self.is_overdue |= !findings.went_down.is_empty() || !findings.came_back.is_empty();
        for agent in findings.went_down {
            self.node.raise(Alarm::agent_down(&agent, down_after.as_secs()));
        }
        for agent in findings.came_back {
            if let Some(tenant) = agent.tenant {
                self.node.resolve(tenant, agent_down_key(&agent));
            }
        }
    }

    fn store_if_due(&mut self, myself: &ActorRef<HealthMsg>) {
        let now = self.node.now();
        let is_due = self.is_overdue || now.since(self.stored_at) >= self.node.settings.flush_beats_every();
        if !is_due || self.is_storing {
            return;
        }
        self.is_storing = true;
        self.is_overdue = false;
        self.stored_at = now;
        let (node, myself) = (Arc::clone(&self.node), myself.clone());
        self.node.ports.tasks.spawn("store-heartbeats", async move {
            store(&node).await;
            // A new health actor starts with nothing under way.
            let _ = myself.send_message(HealthMsg::Stored);
        });
    }
}

/// Stores everybody's last sign of life.
pub(super) async fn store(node: &Node) {
    let to_store = node.pulses.take_for_storing();
    for some in to_store.beats.chunks(BEATS_AT_ONCE) {
        if let Err(error) = node.ports.store.put_heartbeats(some).await {
            warn!(%error, "signs of life cannot be stored");
            node.pulses.give_back(to_store);
            return;
        }
    }
}
