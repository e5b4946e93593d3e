//! The tenant actor: holds the tenant's context, reads waiting events in batches, hands them to the role actors
//! and supervises these.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tenants::clock::Timestamp;
use tenants::event::Role;
use tenants::ids::TenantId;
use tracing::{info, warn};

use super::alarms::{Alarm, quarantine_key};
use super::desk::Desk;
use super::node::Node;
use super::pulses::{Agent, Pulse};
use super::restarts::{Restarts, Verdict};
use super::role::{RoleActor, RoleArguments, RoleMsg};
use super::router::{RouterMsg, TENANT};
use super::watched::WatchedActor;
use super::workload::Owner;

pub(super) enum TenantMsg {
    /// Show a sign of life.
    Beat,
    /// There may be work; see [`Desk::poke`].
    Look,
    /// Settings, rules, status or accounts have changed.
    Reload,
    /// Take nothing new, and sleep as soon as nothing is in hand.
    SleepSoon,
    /// The time to start a role again has come.
    StartRole { role: Role, life: u64 },
    /// End the quarantine of roles.
    Release,
    #[cfg(any(test, feature = "testing"))]
    /// Fail, or have a role do so.
    Misbehave(super::troupe::Misbehaviour, Option<Role>),
}

/// What a tenant actor is started with.
pub(super) struct TenantArguments {
    pub node: Arc<Node>,
    pub desk: Arc<Desk>,
    pub router: ActorRef<RouterMsg>,
    /// It comes out of quarantine: when it holds out, the alert is resolved.
    pub on_probation: bool,
}

/// A living role actor, or the wait for one.
enum RoleSlot {
    Running { actor: ActorRef<RoleMsg>, life: u64 },
    Resting { life: u64, quarantined: bool },
}

pub(super) struct TenantState {
    pub node: Arc<Node>,
    pub desk: Arc<Desk>,
    router: ActorRef<RouterMsg>,
    pulse: Arc<Pulse>,
    roles: HashMap<Role, RoleSlot>,
    restarts: HashMap<Role, Restarts>,
    /// Keys of quarantine alerts, and since when the part has held out.
    probations: HashMap<&'static str, Timestamp>,
    last_work_at: Timestamp,
    last_look_at: Timestamp,
    pub must_reload: bool,
    pub failures: u32,
    is_going_to_sleep: bool,
}

pub(super) struct TenantActor;

#[async_trait]
impl Actor for TenantActor {
    type Msg = TenantMsg;
    type State = TenantState;
    type Arguments = TenantArguments;

    async fn pre_start(
        &self,
        myself: ActorRef<TenantMsg>,
        arguments: TenantArguments,
    ) -> Result<TenantState, ActorProcessingErr> {
        let TenantArguments { node, desk, router, on_probation } = arguments;
        let now = node.now();
        let pulse = Pulse::new(now);
        let watched = WatchedActor::new(&myself, || TenantMsg::Beat);
        node.pulses.watch(agent(desk.tenant, TENANT), Arc::clone(&pulse), watched);
        Ok(TenantState {
            node,
            desk,
            router,
            pulse,
            roles: HashMap::new(),
            restarts: HashMap::new(),
            probations: if on_probation { HashMap::from([(TENANT, now)]) } else { HashMap::new() },
            last_work_at: now,
            last_look_at: Timestamp::default(),
            must_reload: true,
            failures: 0,
            is_going_to_sleep: false,
        })
    }

    async fn post_start(
        &self,
        myself: ActorRef<TenantMsg>,
        state: &mut TenantState,
    ) -> Result<(), ActorProcessingErr> {
        for role in Role::ALL {
            state.start_role(&myself, *role).await?;
        }
        state.desk.is_served_by(myself);
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<TenantMsg>,
        message: TenantMsg,
        state: &mut TenantState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            TenantMsg::Beat => state.beat(&myself),
            TenantMsg::Look => state.look(&myself).await?,
            TenantMsg::Reload => {
                state.must_reload = true;
                state.desk.poke();
            }
            TenantMsg::SleepSoon => {
                state.is_going_to_sleep = true;
                state.sleep_if_done(&myself);
            }
            TenantMsg::StartRole { role, life } => state.start_role_again(&myself, role, life).await?,
            TenantMsg::Release => state.release_roles(&myself).await?,
            #[cfg(any(test, feature = "testing"))]
            TenantMsg::Misbehave(misbehaviour, role) => state.misbehave(misbehaviour, role).await?,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<TenantMsg>,
        event: SupervisionEvent,
        state: &mut TenantState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(child, error) => {
                state.role_ended(&myself, &child, &error.to_string())
            }
            SupervisionEvent::ActorTerminated(child, _, reason) => {
                state.role_ended(&myself, &child, reason.as_deref().unwrap_or("stopped"));
            }
            _ => {}
        }
        Ok(())
    }
}

fn agent(tenant: TenantId, name: &'static str) -> Agent {
    Agent { tenant: Some(tenant), name }
}

impl TenantState {
    /// Reads waiting events and hands them out, unless there is a reason not to.
    async fn look(&mut self, myself: &ActorRef<TenantMsg>) -> Result<(), ActorProcessingErr> {
        let now = self.node.now();
        let pause_left = (self.last_look_at + self.node.settings.look_pause()).since(now);
        if !pause_left.is_zero() && self.desk.workload.in_flight() > 0 {
            // This look stays due, so that hints meanwhile cost nothing.
            self.node.send_later(pause_left, myself.clone(), TenantMsg::Look);
            return Ok(());
        }
        self.last_look_at = now;
        self.desk.begins_to_look();
        if self.is_going_to_sleep || self.node.is_draining() {
            self.sleep_if_done(myself);
            return Ok(());
        }
        self.desk.workload.resume_lanes(now);
        match super::pull::pull(self).await {
            Ok(super::pull::Pulled::Nothing) => {}
            Ok(super::pull::Pulled::Some { more }) => {
                self.last_work_at = now;
                if more {
                    self.desk.poke();
                }
            }
            Ok(super::pull::Pulled::NotServed { version }) => self.set_aside(myself, version),
            Err(super::pull::PullError::Unavailable(error)) => {
                self.failures += 1;
                let delay = self.node.back_off_delay(self.failures);
                warn!(tenant.id = %self.desk.tenant, %error, ?delay, "cannot read events, trying again");
                let desk = Arc::clone(&self.desk);
                self.node.later(delay, move || desk.poke());
                return Ok(());
            }
            Err(super::pull::PullError::Broken(error)) => return Err(error.into()),
        }
        self.failures = 0;
        Ok(())
    }

    fn set_aside(&self, myself: &ActorRef<TenantMsg>, version: i64) {
        if self.desk.workload.is_done_or_tells() {
            let (tenant, actor) = (self.desk.tenant, myself.get_id());
            // Without a router this actor is about to end as well.
            let _ = self.router.send_message(RouterMsg::SetAside { tenant, actor, version });
        }
    }

    fn sleep_if_done(&self, myself: &ActorRef<TenantMsg>) {
        if self.desk.workload.is_done_or_tells() {
            self.ask_for_sleep(myself.get_id());
        }
    }

    fn ask_for_sleep(&self, actor: ActorId) {
        let _ = self.router.send_message(RouterMsg::WantsSleep { tenant: self.desk.tenant, actor });
    }

    fn beat(&mut self, myself: &ActorRef<TenantMsg>) {
        let now = self.node.now();
        self.pulse.beat(now);
        self.end_probations(now);
        if self.is_going_to_sleep {
            self.sleep_if_done(myself);
            return;
        }
        let has_quarantine =
            self.roles.values().any(|slot| matches!(slot, RoleSlot::Resting { quarantined: true, .. }));
        let idle_after = self.node.settings.idle_after();
        let is_idle_for_long = now.since(self.last_work_at) >= idle_after || self.node.is_crowded();
        if is_idle_for_long && !has_quarantine && self.desk.workload.is_idle() {
            self.ask_for_sleep(myself.get_id());
        }
    }

    /// The living actor of a role.
    pub fn owner(&self, role: Role) -> Option<Owner> {
        match self.roles.get(&role) {
            Some(RoleSlot::Running { life, .. }) => Some(Owner { role, life: *life }),
            _ => None,
        }
    }

    /// Hands work to a role. When its actor has just died, the work is let go of and read again later.
    pub fn tell_role(&self, role: Role, message: RoleMsg) {
        if let Some(RoleSlot::Running { actor, .. }) = self.roles.get(&role) {
            let _ = actor.send_message(message);
        }
    }

    async fn start_role(
        &mut self,
        myself: &ActorRef<TenantMsg>,
        role: Role,
    ) -> Result<(), ActorProcessingErr> {
        let life = self.node.new_life();
        let arguments = RoleArguments { node: Arc::clone(&self.node), desk: Arc::clone(&self.desk), role };
        let (actor, _) = Actor::spawn_linked(None, RoleActor, arguments, myself.get_cell()).await?;
        self.roles.insert(role, RoleSlot::Running { actor, life });
        self.desk.workload.resume_role(role);
        Ok(())
    }

    fn role_ended(&mut self, myself: &ActorRef<TenantMsg>, child: &ActorCell, reason: &str) {
        let ended = self.roles.iter().find_map(|(role, slot)| match slot {
            RoleSlot::Running { actor, .. } if actor.get_id() == child.get_id() => Some(*role),
            _ => None,
        });
        let Some(role) = ended else { return };
        self.node.metrics.restarts.with_label_values(&[role.as_str()]).inc();
        let (policy, now, random) =
            (self.node.settings.restart_policy(), self.node.now(), self.node.ports.ids.random_u64());
        let verdict = self.restarts.entry(role).or_default().record(&policy, now, random);
        let (delay, quarantined) = match verdict {
            Verdict::RestartAfter(delay) => {
                warn!(tenant.id = %self.desk.tenant, %role, reason, ?delay, "role actor failed, starting it again");
                (delay, false)
            }
            Verdict::Quarantine => {
                self.quarantine(role, reason);
                (self.node.settings.quarantine_pause(), true)
            }
        };
        let life = self.node.new_life();
        self.roles.insert(role, RoleSlot::Resting { life, quarantined });
        self.node.send_later(delay, myself.clone(), TenantMsg::StartRole { role, life });
        // What the dead actor had in hand is let go of; events of its conversations wait for the next one.
        self.desk.poke();
    }

    fn quarantine(&mut self, role: Role, reason: &str) {
        let name = role.as_str();
        self.node.metrics.quarantines.with_label_values(&[name]).inc();
        self.node.pulses.take_out(&agent(self.desk.tenant, name));
        self.probations.remove(name);
        let pause_s = self.node.settings.quarantine_pause_s;
        self.node.raise(Alarm::quarantine(Some(self.desk.tenant), name, reason, pause_s));
    }

    async fn start_role_again(
        &mut self,
        myself: &ActorRef<TenantMsg>,
        role: Role,
        life: u64,
    ) -> Result<(), ActorProcessingErr> {
        match self.roles.get(&role) {
            Some(RoleSlot::Resting { life: present, quarantined }) if *present == life => {
                if *quarantined {
                    self.probations.insert(role.as_str(), self.node.now());
                }
                self.start_role(myself, role).await?;
                self.desk.poke();
            }
            _ => {}
        }
        Ok(())
    }

    async fn release_roles(&mut self, myself: &ActorRef<TenantMsg>) -> Result<(), ActorProcessingErr> {
        for role in Role::ALL {
            if matches!(self.roles.get(role), Some(RoleSlot::Resting { quarantined: true, .. })) {
                info!(tenant.id = %self.desk.tenant, %role, "role released from quarantine");
                self.node.resolve(self.desk.tenant, quarantine_key(Some(self.desk.tenant), role.as_str()));
                self.start_role(myself, *role).await?;
            }
        }
        self.desk.poke();
        Ok(())
    }

    /// Resolves the alerts of parts that came out of quarantine and have held out as long as restarts count.
    fn end_probations(&mut self, now: Timestamp) {
        let (node, tenant) = (&self.node, self.desk.tenant);
        let period = node.settings.restart_policy().period;
        self.probations.retain(|part, since| {
            let has_held_out = now.since(*since) >= period;
            if has_held_out {
                node.resolve(tenant, quarantine_key(Some(tenant), part));
            }
            !has_held_out
        });
    }

    #[cfg(any(test, feature = "testing"))]
    async fn misbehave(
        &self,
        misbehaviour: super::troupe::Misbehaviour,
        role: Option<Role>,
    ) -> Result<(), ActorProcessingErr> {
        match role {
            Some(role) => {
                self.tell_role(role, RoleMsg::Misbehave(misbehaviour));
                Ok(())
            }
            None => misbehaviour.commit().await,
        }
    }
}
