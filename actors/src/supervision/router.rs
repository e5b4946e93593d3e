//! The router: one actor per awake tenant, started on demand, put to sleep when idle, started again after a
//! failure. It decides nothing and never waits for the database.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tenants::ids::TenantId;
use tracing::{debug, info, warn};

use super::alarms::{Alarm, quarantine_key};
use super::desk::Desk;
use super::node::Node;
use super::pulses::{Agent, Pulse};
use super::restarts::{Restarts, Verdict};
use super::tenant::{TenantActor, TenantArguments, TenantMsg};
use super::watched::WatchedActor;

/// What a tenant's actor is called in alerts and signs of life.
pub(super) const TENANT: &str = "tenant";

pub(super) enum RouterMsg {
    /// Show a sign of life.
    Beat,
    /// Somebody has said something about tenants: see [`Node::hints`].
    Hints,
    /// The database has waiting events of these tenants.
    Found(Vec<TenantId>),
    /// Look after this tenant.
    Wake(TenantId),
    /// A tenant's actor has nothing to do.
    WantsSleep { tenant: TenantId, actor: ActorId },
    /// A tenant's actor found its tenant suspended or gone.
    SetAside { tenant: TenantId, actor: ActorId, version: i64 },
    /// The time to start a tenant again has come; its quarantine has ended when it was in one.
    StartAgain { tenant: TenantId, life: u64 },
    /// Put a tenant to sleep as soon as what it has in hand is done; answers when it sleeps.
    Sleep(TenantId, RpcReplyPort<()>),
    /// End a tenant's quarantine, or that of its roles.
    Release(TenantId),
    #[cfg(any(test, feature = "testing"))]
    /// Pass this on to a tenant's actor.
    Tell(TenantId, TenantMsg),
    #[cfg(test)]
    /// Panic.
    Crash,
}

enum Slot {
    Awake {
        actor: ActorRef<TenantMsg>,
        desk: Arc<Desk>,
    },
    /// Waits to be started again. `life` tells an outdated timer from the valid one.
    Resting {
        life: u64,
        quarantined: bool,
    },
}

pub(super) struct RouterState {
    node: Arc<Node>,
    pulse: Arc<Pulse>,
    slots: HashMap<TenantId, Slot>,
    actors: HashMap<ActorId, TenantId>,
    restarts: HashMap<TenantId, Restarts>,
    /// Tenants whose quarantine alert is resolved once they have held out.
    on_probation: HashSet<TenantId>,
    /// Tenants that wait for a place, in order.
    waiting: VecDeque<TenantId>,
    is_waiting: HashSet<TenantId>,
    sleepers: HashMap<TenantId, Vec<RpcReplyPort<()>>>,
}

pub(super) struct Router;

#[async_trait]
impl Actor for Router {
    type Msg = RouterMsg;
    type State = RouterState;
    type Arguments = Arc<Node>;

    async fn pre_start(
        &self,
        myself: ActorRef<RouterMsg>,
        node: Arc<Node>,
    ) -> Result<RouterState, ActorProcessingErr> {
        let pulse = Pulse::new(node.now());
        let watched = WatchedActor::new(&myself, || RouterMsg::Beat);
        node.pulses.watch(Agent { tenant: None, name: "router" }, Arc::clone(&pulse), watched);
        node.set_router(myself);
        Ok(RouterState {
            node,
            pulse,
            slots: HashMap::new(),
            actors: HashMap::new(),
            restarts: HashMap::new(),
            on_probation: HashSet::new(),
            waiting: VecDeque::new(),
            is_waiting: HashSet::new(),
            sleepers: HashMap::new(),
        })
    }

    async fn post_start(
        &self,
        myself: ActorRef<RouterMsg>,
        state: &mut RouterState,
    ) -> Result<(), ActorProcessingErr> {
        // Whoever worked before a crash of the router has left its desk; hints may have been lost with the crash.
        for desk in state.node.desks() {
            state.wake(&myself, desk.tenant).await;
        }
        state.node.poll_now.notify_one();
        state.take_hints(&myself).await;
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<RouterMsg>,
        message: RouterMsg,
        state: &mut RouterState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RouterMsg::Beat => state.pulse.beat(state.node.now()),
            RouterMsg::Hints => state.take_hints(&myself).await,
            RouterMsg::Found(tenants) => {
                for tenant in tenants {
                    state.wake(&myself, tenant).await;
                }
            }
            RouterMsg::Wake(tenant) => state.wake(&myself, tenant).await,
            RouterMsg::WantsSleep { tenant, actor } => state.wants_sleep(&myself, tenant, actor).await,
            RouterMsg::SetAside { tenant, actor, version } => {
                state.set_aside(&myself, tenant, actor, version).await;
            }
            RouterMsg::StartAgain { tenant, life } => state.start_again(&myself, tenant, life).await,
            RouterMsg::Sleep(tenant, asleep) => state.sleep(tenant, asleep),
            RouterMsg::Release(tenant) => state.release(&myself, tenant).await,
            #[cfg(any(test, feature = "testing"))]
            RouterMsg::Tell(tenant, message) => state.tell(tenant, message),
            #[cfg(test)]
            RouterMsg::Crash => panic!("made to panic"),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<RouterMsg>,
        event: SupervisionEvent,
        state: &mut RouterState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(child, error) => {
                state.tenant_ended(&myself, &child, &error.to_string())
            }
            SupervisionEvent::ActorTerminated(child, _, reason) => {
                state.tenant_ended(&myself, &child, reason.as_deref().unwrap_or("stopped"));
            }
            _ => {}
        }
        Ok(())
    }
}

impl RouterState {
    async fn take_hints(&mut self, myself: &ActorRef<RouterMsg>) {
        for (tenant, has_changed) in self.node.hints.take() {
            if has_changed {
                self.node.set_aside(tenant, None);
                if let Some(Slot::Awake { actor, .. }) = self.slots.get(&tenant) {
                    // A dead actor loads everything when it is started again.
                    let _ = actor.send_message(TenantMsg::Reload);
                    continue;
                }
            }
            self.wake(myself, tenant).await;
        }
    }

    /// Has the tenant's actor look for work, and starts it if need be.
    async fn wake(&mut self, myself: &ActorRef<RouterMsg>, tenant: TenantId) {
        match self.slots.get(&tenant) {
            Some(Slot::Awake { desk, .. }) => desk.poke(),
            Some(Slot::Resting { .. }) => {}
            None if self.node.is_draining() || self.node.is_set_aside(&tenant) => {}
            None if self.awake() >= self.node.settings.max_awake => self.queue(tenant),
            None => self.start(myself, tenant).await,
        }
    }

    fn awake(&self) -> usize {
        self.actors.len()
    }

    fn queue(&mut self, tenant: TenantId) {
        if self.is_waiting.insert(tenant) {
            self.waiting.push_back(tenant);
            self.show_counts();
        }
    }

    async fn start(&mut self, myself: &ActorRef<RouterMsg>, tenant: TenantId) {
        let desk = self.node.desk(tenant);
        let arguments = TenantArguments {
            node: Arc::clone(&self.node),
            desk: Arc::clone(&desk),
            router: myself.clone(),
            on_probation: self.on_probation.remove(&tenant),
        };
        match Actor::spawn_linked(None, TenantActor, arguments, myself.get_cell()).await {
            Ok((actor, _)) => {
                debug!(tenant.id = %tenant, "tenant woken");
                self.actors.insert(actor.get_id(), tenant);
                self.slots.insert(tenant, Slot::Awake { actor, desk });
            }
            Err(error) => self.failed(myself, tenant, &error.to_string()),
        }
        self.show_counts();
    }

    /// Starts those who wait, as far as there is room.
    async fn let_in(&mut self, myself: &ActorRef<RouterMsg>) {
        while self.awake() < self.node.settings.max_awake {
            let Some(next) = self.waiting.pop_front() else { break };
            self.is_waiting.remove(&next);
            self.wake(myself, next).await;
        }
        self.show_counts();
    }

    fn show_counts(&self) {
        self.node.set_crowded(!self.waiting.is_empty());
        self.node.metrics.tenants_awake.set(self.awake() as i64);
        self.node.metrics.tenants_waiting.set(self.waiting.len() as i64);
    }

    /// The actor of this tenant, if it is still the one with this id.
    fn is_current(&self, tenant: TenantId, actor: ActorId) -> bool {
        matches!(self.slots.get(&tenant), Some(Slot::Awake { actor: present, .. }) if present.get_id() == actor)
    }

    async fn wants_sleep(&mut self, myself: &ActorRef<RouterMsg>, tenant: TenantId, actor: ActorId) {
        let Some(Slot::Awake { desk, .. }) = self.slots.get(&tenant) else { return };
        let may_sleep = if self.sleepers.contains_key(&tenant) {
            desk.workload.in_flight() == 0
        } else {
            // A hint that came meanwhile wins.
            desk.workload.is_idle() && !desk.is_told_to_look()
        };
        if may_sleep && self.is_current(tenant, actor) {
            self.put_to_sleep(tenant);
            self.let_in(myself).await;
        }
    }

    async fn set_aside(
        &mut self,
        myself: &ActorRef<RouterMsg>,
        tenant: TenantId,
        actor: ActorId,
        version: i64,
    ) {
        if !self.is_current(tenant, actor) {
            return;
        }
        self.node.set_aside(tenant, Some(version));
        self.put_to_sleep(tenant);
        self.let_in(myself).await;
    }

    fn put_to_sleep(&mut self, tenant: TenantId) {
        if let Some(Slot::Awake { actor, desk }) = self.slots.remove(&tenant) {
            self.actors.remove(&actor.get_id());
            actor.stop(Some("sleep".to_owned()));
            // A commit may be under way; then the desk stays, and the next actor knows of it.
            if desk.workload.in_flight() == 0 {
                self.node.remove_desk(&tenant);
            }
            debug!(tenant.id = %tenant, "tenant sleeps");
        }
        self.node.pulses.put_to_sleep(&tenant);
        let (policy, now) = (self.node.settings.restart_policy(), self.node.now());
        self.restarts.retain(|_, restarts| !restarts.is_forgotten(&policy, now));
        for asleep in self.sleepers.remove(&tenant).into_iter().flatten() {
            // Whoever asked may have stopped waiting.
            let _ = asleep.send(());
        }
        self.show_counts();
    }

    fn sleep(&mut self, tenant: TenantId, asleep: RpcReplyPort<()>) {
        if let Some(Slot::Awake { actor, .. }) = self.slots.get(&tenant) {
            self.sleepers.entry(tenant).or_default().push(asleep);
            // A dead actor has nothing in hand; it is told again when it was started again.
            let _ = actor.send_message(TenantMsg::SleepSoon);
        } else {
            let _ = asleep.send(());
        }
    }

    fn tenant_ended(&mut self, myself: &ActorRef<RouterMsg>, child: &ActorCell, reason: &str) {
        let Some(tenant) = self.actors.remove(&child.get_id()) else { return };
        if self.node.is_draining() {
            self.slots.remove(&tenant);
            return;
        }
        self.failed(myself, tenant, reason);
        self.show_counts();
    }

    fn failed(&mut self, myself: &ActorRef<RouterMsg>, tenant: TenantId, reason: &str) {
        self.node.metrics.restarts.with_label_values(&[TENANT]).inc();
        let (policy, now, random) =
            (self.node.settings.restart_policy(), self.node.now(), self.node.ports.ids.random_u64());
        let verdict = self.restarts.entry(tenant).or_default().record(&policy, now, random);
        let life = self.node.new_life();
        let (delay, quarantined) = match verdict {
            Verdict::RestartAfter(delay) => {
                warn!(tenant.id = %tenant, reason, ?delay, "tenant actor failed, starting it again");
                (delay, false)
            }
            Verdict::Quarantine => {
                self.quarantine(tenant, reason);
                (self.node.settings.quarantine_pause(), true)
            }
        };
        self.slots.insert(tenant, Slot::Resting { life, quarantined });
        self.node.send_later(delay, myself.clone(), RouterMsg::StartAgain { tenant, life });
        for asleep in self.sleepers.remove(&tenant).into_iter().flatten() {
            let _ = asleep.send(());
        }
    }

    fn quarantine(&mut self, tenant: TenantId, reason: &str) {
        self.node.metrics.quarantines.with_label_values(&[TENANT]).inc();
        self.node.set_quarantined(tenant, true);
        self.node.pulses.take_out_tenant(&tenant);
        let pause_s = self.node.settings.quarantine_pause_s;
        self.node.raise(Alarm::quarantine(Some(tenant), TENANT, reason, pause_s));
    }

    async fn start_again(&mut self, myself: &ActorRef<RouterMsg>, tenant: TenantId, life: u64) {
        match self.slots.get(&tenant) {
            Some(Slot::Resting { life: present, quarantined }) if *present == life => {
                if *quarantined {
                    self.node.set_quarantined(tenant, false);
                    self.on_probation.insert(tenant);
                }
                self.slots.remove(&tenant);
                self.wake(myself, tenant).await;
            }
            _ => {}
        }
    }

    async fn release(&mut self, myself: &ActorRef<RouterMsg>, tenant: TenantId) {
        match self.slots.get(&tenant) {
            Some(Slot::Awake { actor, .. }) => {
                // A dead actor is started again with all its roles.
                let _ = actor.send_message(TenantMsg::Release);
            }
            Some(Slot::Resting { quarantined: true, .. }) => {
                info!(tenant.id = %tenant, "tenant released from quarantine");
                self.node.resolve(tenant, quarantine_key(Some(tenant), TENANT));
                self.slots.remove(&tenant);
                self.wake(myself, tenant).await;
            }
            _ => {}
        }
    }

    #[cfg(any(test, feature = "testing"))]
    fn tell(&mut self, tenant: TenantId, message: TenantMsg) {
        if let Some(Slot::Awake { actor, .. }) = self.slots.get(&tenant) {
            let _ = actor.send_message(message);
        }
    }
}
