//! The public handle of the supervision tree.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use ractor::{Actor, ActorRef};
use tenants::account::TenantStatus;
use tenants::ids::TenantId;
use tenants::ports::Heartbeat;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::decider::{ByTheBook, Decider};
use super::metrics::Metrics;
use super::node::Node;
use super::part::{Part, PartResult};
use super::root::{Root, RootMsg};
use super::router::RouterMsg;
use super::settings::{ActorSettings, InvalidActorSetting};
use super::{health, hints};
use crate::Ports;

/// Tenants whose waiting events are named in [`Troupe::busy`].
const NAMED_AT_MOST: usize = 20;

/// Why the actors could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot work; change it.
    #[error(transparent)]
    Setting(#[from] InvalidActorSetting),
    /// The registry has a metric of the same name already; give every node its own registry.
    #[error("a metric cannot be registered")]
    Metrics(#[from] prometheus::Error),
    /// The root supervisor did not start.
    #[error("the root supervisor did not start")]
    Root(#[from] ractor::SpawnErr),
}

/// The running actors of this node.
#[derive(Clone)]
pub struct Troupe {
    node: Arc<Node>,
    root: ActorRef<RootMsg>,
    stop_parts: CancellationToken,
}

impl fmt::Debug for Troupe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Troupe")
    }
}

impl Troupe {
    /// Starts the tree; it takes up waiting events at once. Metrics go to `registry`.
    ///
    /// # Errors
    /// See [`StartError`]; nothing runs then.
    pub async fn start(
        ports: Ports,
        settings: ActorSettings,
        registry: &prometheus::Registry,
    ) -> Result<Self, StartError> {
        let decider = Arc::new(ByTheBook(ports.clone()));
        Self::start_with(ports, settings, registry, decider).await
    }

    pub(super) async fn start_with(
        ports: Ports,
        settings: ActorSettings,
        registry: &prometheus::Registry,
        decider: Arc<dyn Decider>,
    ) -> Result<Self, StartError> {
        settings.validate()?;
        let node = Arc::new(Node::new(ports, settings, Metrics::new(registry)?, decider));
        let stop_parts = CancellationToken::new();
        let (root, _) = Actor::spawn(None, Root, (Arc::clone(&node), stop_parts.clone())).await?;
        let troupe = Self { node, root, stop_parts };
        troupe.start_listening();
        Ok(troupe)
    }

    fn start_listening(&self) {
        let node = Arc::clone(&self.node);
        self.supervise("hints", move |part| {
            // Subscribed before the first poll of a new life looks at everything.
            let hints = node.ports.wake.subscribe();
            node.poll_now.notify_one();
            hints::listen(Arc::clone(&node), hints, part)
        });
        let node = Arc::clone(&self.node);
        self.supervise("poll", move |part| hints::poll(Arc::clone(&node), part));
    }

    /// Has a background part of the node supervised: `factory` makes one life of it; when that fails or panics,
    /// or is silent for too long (see [`Part::beat`]), another is made after a back-off. `Ok(())` means that it
    /// has finished. Its signs of life appear among the [heartbeats](Self::heartbeats).
    pub fn supervise<F, T>(&self, name: &'static str, factory: F)
    where
        F: Fn(Part) -> T + Send + Sync + 'static,
        T: Future<Output = PartResult> + Send + 'static,
    {
        let factory = Arc::new(move |part| factory(part).boxed());
        // Without a root the node is going down.
        let _ = self.root.send_message(RootMsg::Supervise(name, factory));
    }

    /// Tenants whose actors are awake.
    pub fn awake_tenants(&self) -> Vec<TenantId> {
        let mut tenants: Vec<_> = self.node.desks().iter().map(|desk| desk.tenant).collect();
        tenants.sort_unstable();
        tenants
    }

    /// The last signs of life of the node's parts and of the agents of awake tenants.
    pub fn heartbeats(&self) -> Vec<Heartbeat> {
        self.node.pulses.heartbeats()
    }

    /// True when nothing is left to do: see [`busy`](Self::busy).
    pub async fn is_quiet(&self) -> bool {
        self.busy().await.is_empty()
    }

    /// What is still to be done, for people. Every event that was accepted before the call and is neither done
    /// nor set aside counts, except those that wait for a tenant that is suspended, or for a tenant or role in
    /// quarantine.
    pub async fn busy(&self) -> Vec<String> {
        // The database first: what is in hand is still waiting there until it is committed.
        let waiting = match self.node.ports.store.tenants_with_events().await {
            Ok(waiting) => waiting,
            Err(error) => return vec![error.to_string()],
        };
        let mut busy = Vec::new();
        for tenant in waiting {
            if self.has_work(&tenant).await {
                busy.push(format!("events of {tenant} wait"));
            }
            if busy.len() >= NAMED_AT_MOST {
                break;
            }
        }
        for desk in self.node.desks() {
            match desk.workload.in_flight() {
                0 => {}
                count => busy.push(format!("{count} events of {} are being worked on", desk.tenant)),
            }
        }
        busy
    }

    async fn has_work(&self, tenant: &TenantId) -> bool {
        if self.node.is_quarantined(tenant) {
            return false;
        }
        let store = &self.node.ports.store;
        match store.find_tenant(tenant).await {
            Ok(Some(found)) if found.status == TenantStatus::Active => {}
            Ok(_) => return false,
            Err(_) => return true,
        }
        let resting =
            self.node.find_desk(tenant).map(|desk| desk.workload.waiting_for_roles()).unwrap_or_default();
        if resting.is_empty() {
            return true;
        }
        // Events that wait for a role in quarantine are nobody's work now.
        store.pending_events(tenant, &resting, 1).await.map_or(true, |others| !others.is_empty())
    }

    /// Has a tenant's actors look for work; starts them if they sleep.
    pub fn wake(&self, tenant: &TenantId) {
        self.node.set_aside(*tenant, None);
        self.node.tell_router(RouterMsg::Wake(*tenant));
    }

    /// Puts a tenant's actors to sleep as soon as what they have in hand is done, and returns when they sleep.
    /// Hints and waiting events wake them again.
    pub async fn sleep_tenant(&self, tenant: &TenantId) {
        self.node.ask_to_sleep(*tenant).await;
    }

    /// Ends the quarantine of a tenant, or of its roles, and resolves the alert.
    pub fn release_quarantine(&self, tenant: &TenantId) {
        self.node.set_quarantined(*tenant, false);
        self.node.tell_router(RouterMsg::Release(*tenant));
    }

    /// Ends everything in two steps. For at most `soft`, what is in hand is finished and nothing new is taken
    /// up; then all actors are ended, decisions under way are cut, and for at most `hard` the commits under way
    /// are waited for. True when nothing was left; what was left is waiting in the database.
    pub async fn shutdown(&self, soft: Duration, hard: Duration) -> bool {
        self.node.drain();
        self.stop_parts.cancel();
        // The root may be gone; then nothing is started any more either.
        let _ = self.root.send_message(RootMsg::Drain);
        let finished_softly = self.is_empty_within(soft).await;
        if !finished_softly {
            warn!(events = self.node.in_flight(), "events in hand are cut short");
        }
        self.node.cut.cancel();
        self.root.stop(Some("shutdown".to_owned()));
        let finished = self.is_empty_within(hard).await;
        self.put_everybody_to_sleep(hard).await;
        info!(finished, "actors have ended");
        finished
    }

    async fn is_empty_within(&self, limit: Duration) -> bool {
        let time_is_up = self.node.ports.clock.sleep(limit);
        let all_released = async {
            loop {
                let released = self.node.released.notified();
                tokio::pin!(released);
                released.as_mut().enable();
                if self.node.is_empty() {
                    return;
                }
                released.await;
            }
        };
        tokio::select! {
            biased;
            () = all_released => true,
            () = time_is_up => false,
        }
    }

    /// Stores that everybody sleeps, so that nobody looks alive after the end.
    async fn put_everybody_to_sleep(&self, limit: Duration) {
        for desk in self.node.desks() {
            self.node.pulses.put_to_sleep(&desk.tenant);
        }
        tokio::select! {
            () = health::store(&self.node) => {}
            () = self.node.ports.clock.sleep(limit) => {}
        }
    }
}

/// How an actor is made to fail in tests.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// It returns an error.
    Fail,
    /// It panics.
    Panic,
    /// It never comes back.
    Hang,
}

#[cfg(any(test, feature = "testing"))]
impl Misbehaviour {
    pub(super) async fn commit(self) -> Result<(), ractor::ActorProcessingErr> {
        match self {
            Misbehaviour::Fail => Err("made to fail".into()),
            Misbehaviour::Panic => panic!("made to panic"),
            Misbehaviour::Hang => std::future::pending().await,
        }
    }
}

#[cfg(any(test, feature = "testing"))]
impl Troupe {
    /// Makes a tenant's actor fail, or that of one of its roles. A tenant that sleeps is left alone.
    pub fn misbehave(
        &self,
        tenant: &TenantId,
        role: Option<tenants::event::Role>,
        misbehaviour: Misbehaviour,
    ) {
        use super::tenant::TenantMsg;
        self.node.tell_router(RouterMsg::Tell(*tenant, TenantMsg::Misbehave(misbehaviour, role)));
    }

    /// Makes the router panic.
    #[cfg(test)]
    pub(super) fn crash_router(&self) {
        self.node.tell_router(RouterMsg::Crash);
    }

    /// How many conversations a tenant that is awake works on at the same time.
    #[cfg(test)]
    pub(super) fn parallel(&self, tenant: &TenantId) -> Option<u32> {
        let known = self.node.find_desk(tenant)?.known()?;
        Some(known.context.settings.max_parallel)
    }

    /// True once a shutdown has begun.
    #[cfg(test)]
    pub(super) fn is_ending(&self) -> bool {
        self.node.is_draining()
    }
}
