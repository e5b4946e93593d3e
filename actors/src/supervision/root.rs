//! The root supervisor: starts the router, the health actor and the background parts, and starts them again.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::alarms::Alarm;
use super::health::Health;
use super::node::Node;
use super::panics::panic_message;
use super::part::{Factory, Part, PartResult, WatchedPart};
use super::pulses::{Agent, Pulse};
use super::restarts::{Restarts, Verdict};
use super::router::Router;
use super::watched::WatchedActor;

/// The actors right below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pillar {
    Router,
    Health,
}

impl Pillar {
    fn name(self) -> &'static str {
        match self {
            Pillar::Router => "router",
            Pillar::Health => "health",
        }
    }
}

pub(super) enum RootMsg {
    /// Show a sign of life.
    Beat,
    /// Start an actor below the root (again).
    Start(Pillar),
    /// Take charge of a new background part.
    Supervise(&'static str, Factory),
    /// Start a background part (again).
    StartPart(&'static str),
    /// One life of a background part has ended.
    PartEnded { name: &'static str, life: u64, result: Result<(), String> },
    /// Nothing is started any more.
    Drain,
}

struct Supervised {
    factory: Factory,
    restarts: Restarts,
    life: u64,
    abort: Option<AbortHandle>,
}

pub(super) struct RootState {
    node: Arc<Node>,
    pulse: Arc<Pulse>,
    stop_parts: CancellationToken,
    pillars: BTreeMap<Pillar, (ActorId, Restarts)>,
    parts: BTreeMap<&'static str, Supervised>,
    draining: bool,
}

impl Drop for RootState {
    fn drop(&mut self) {
        for part in self.parts.values() {
            if let Some(abort) = &part.abort {
                abort.abort();
            }
        }
    }
}

pub(super) struct Root;

#[async_trait]
impl Actor for Root {
    type Msg = RootMsg;
    type State = RootState;
    type Arguments = (Arc<Node>, CancellationToken);

    async fn pre_start(
        &self,
        myself: ActorRef<RootMsg>,
        (node, stop_parts): Self::Arguments,
    ) -> Result<RootState, ActorProcessingErr> {
        let pulse = Pulse::new(node.now());
        let watched = WatchedActor::new(&myself, || RootMsg::Beat);
        node.pulses.watch(Agent { tenant: None, name: "root" }, Arc::clone(&pulse), watched);
        Ok(RootState {
            node,
            pulse,
            stop_parts,
            pillars: BTreeMap::new(),
            parts: BTreeMap::new(),
            draining: false,
        })
    }

    async fn post_start(
        &self,
        myself: ActorRef<RootMsg>,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        state.start(&myself, Pillar::Router).await;
        state.start(&myself, Pillar::Health).await;
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<RootMsg>,
        message: RootMsg,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RootMsg::Beat => state.pulse.beat(state.node.now()),
            RootMsg::Start(pillar) => state.start(&myself, pillar).await,
            RootMsg::Supervise(name, factory) => state.supervise(&myself, name, factory),
            RootMsg::StartPart(name) => state.start_part(&myself, name),
            RootMsg::PartEnded { name, life, result } => state.part_ended(&myself, name, life, result),
            RootMsg::Drain => state.draining = true,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<RootMsg>,
        event: SupervisionEvent,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(child, error) => {
                state.child_ended(&myself, &child, &error.to_string())
            }
            SupervisionEvent::ActorTerminated(child, _, reason) => {
                state.child_ended(&myself, &child, reason.as_deref().unwrap_or("stopped"));
            }
            _ => {}
        }
        Ok(())
    }
}

impl RootState {
    async fn start(&mut self, myself: &ActorRef<RootMsg>, pillar: Pillar) {
        if self.draining {
            return;
        }
        let node = Arc::clone(&self.node);
        let started = match pillar {
            Pillar::Router => Actor::spawn_linked(None, Router, node, myself.get_cell())
                .await
                .map(|(actor, _)| actor.get_id()),
            Pillar::Health => Actor::spawn_linked(None, Health, node, myself.get_cell())
                .await
                .map(|(actor, _)| actor.get_id()),
        };
        match started {
            Ok(id) => {
                let restarts =
                    self.pillars.remove(&pillar).map_or_else(Restarts::default, |(_, restarts)| restarts);
                self.pillars.insert(pillar, (id, restarts));
            }
            Err(error) => {
                warn!(%error, part = pillar.name(), "cannot start, trying again");
                self.node.send_later(self.node.back_off_delay(5), myself.clone(), RootMsg::Start(pillar));
            }
        }
    }

    fn child_ended(&mut self, myself: &ActorRef<RootMsg>, child: &ActorCell, reason: &str) {
        let ended = self.pillars.iter_mut().find(|(_, (id, _))| *id == child.get_id());
        let Some((pillar, (_, restarts))) = ended else { return };
        if self.draining {
            return;
        }
        let pillar = *pillar;
        let delay = after_failure(&self.node, pillar.name(), restarts, reason);
        self.node.send_later(delay, myself.clone(), RootMsg::Start(pillar));
    }

    fn supervise(&mut self, myself: &ActorRef<RootMsg>, name: &'static str, factory: Factory) {
        let supervised = Supervised { factory, restarts: Restarts::default(), life: 0, abort: None };
        if let Some(Supervised { abort: Some(abort), .. }) = self.parts.insert(name, supervised) {
            warn!(part = name, "a background part of this name was replaced");
            abort.abort();
        }
        self.start_part(myself, name);
    }

    fn start_part(&mut self, myself: &ActorRef<RootMsg>, name: &'static str) {
        let Some(supervised) = self.parts.get_mut(name) else { return };
        if self.draining {
            return;
        }
        let life = self.node.new_life();
        let part = Part {
            pulse: Pulse::new(self.node.now()),
            clock: Arc::clone(&self.node.ports.clock),
            tasks: self.node.ports.tasks.clone(),
            stop: self.stop_parts.clone(),
        };
        let end =
            TellsTheEnd { node: Arc::clone(&self.node), root: myself.clone(), name, life, result: None };
        self.node.part_begins();
        let running = run_part(end, Arc::clone(&supervised.factory), part.clone());
        let abort = self.node.ports.tasks.spawn(name, running).abort_handle();
        supervised.life = life;
        supervised.abort = Some(abort.clone());
        let pulse = Arc::clone(&part.pulse);
        self.node.pulses.watch(Agent { tenant: None, name }, pulse, WatchedPart { part, abort });
    }

    fn part_ended(
        &mut self,
        myself: &ActorRef<RootMsg>,
        name: &'static str,
        life: u64,
        result: Result<(), String>,
    ) {
        let Some(supervised) = self.parts.get_mut(name).filter(|supervised| supervised.life == life) else {
            return;
        };
        supervised.abort = None;
        match result {
            Ok(()) => {
                info!(part = name, "background part has ended");
                self.parts.remove(name);
            }
            Err(_) if self.draining => {}
            Err(reason) => {
                let delay = after_failure(&self.node, name, &mut supervised.restarts, &reason);
                self.node.send_later(delay, myself.clone(), RootMsg::StartPart(name));
            }
        }
    }
}

/// Notes the failure of a part of the node and says when to start it again. The node cannot do without: a
/// quarantine means an alert and the longest wait.
fn after_failure(node: &Arc<Node>, name: &'static str, restarts: &mut Restarts, reason: &str) -> Duration {
    node.metrics.restarts.with_label_values(&[name]).inc();
    match restarts.record(&node.settings.restart_policy(), node.now(), node.ports.ids.random_u64()) {
        Verdict::RestartAfter(delay) => {
            warn!(part = name, reason, ?delay, "a part of the node failed, starting it again");
            delay
        }
        Verdict::Quarantine => {
            node.metrics.quarantines.with_label_values(&[name]).inc();
            node.raise(Alarm::quarantine(None, name, reason, node.settings.back_off_max_s));
            node.settings.back_off().longest
        }
    }
}

/// Tells the root how a life of a part ended, also when its task is aborted.
struct TellsTheEnd {
    node: Arc<Node>,
    root: ActorRef<RootMsg>,
    name: &'static str,
    life: u64,
    result: Option<Result<(), String>>,
}

impl Drop for TellsTheEnd {
    fn drop(&mut self) {
        let result = self.result.take().unwrap_or_else(|| Err("was stuck and has been ended".to_owned()));
        // Without a root the node is going down.
        let _ = self.root.send_message(RootMsg::PartEnded { name: self.name, life: self.life, result });
        self.node.part_ends();
    }
}

async fn run_part(mut end: TellsTheEnd, factory: Factory, part: Part) {
    let running = async move { factory(part).await };
    let result: Result<PartResult, _> = AssertUnwindSafe(running).catch_unwind().await;
    end.result = Some(match result {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(panic_message(panic.as_ref())),
    });
}
