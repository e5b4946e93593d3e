//! What all actors of this node share.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ractor::{ActorRef, Message};
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::decider::Decider;
use super::desk::Desk;
use super::hints::PendingHints;
use super::locked;
use super::metrics::Metrics;
use super::pulses::Pulses;
use super::router::RouterMsg;
use super::settings::ActorSettings;
use super::workload::Capacity;
use crate::Ports;

/// Survives every actor; built once at start.
pub(super) struct Node {
    pub ports: Ports,
    pub settings: ActorSettings,
    pub metrics: Metrics,
    pub decider: Arc<dyn Decider>,
    pub pulses: Pulses,
    pub hints: PendingHints,
    /// Told whenever an event is let go of or a background part has ended.
    pub released: Arc<Notify>,
    /// Told when somebody wants the database to be asked for waiting tenants now.
    pub poll_now: Notify,
    /// Ends decisions that are still under way in the hard step of a shutdown.
    pub cut: CancellationToken,
    desks: Mutex<HashMap<TenantId, Arc<Desk>>>,
    quarantined: Mutex<HashSet<TenantId>>,
    set_aside: Mutex<HashMap<TenantId, i64>>,
    router: Mutex<Option<ActorRef<RouterMsg>>>,
    draining: AtomicBool,
    crowded: AtomicBool,
    lives: AtomicU64,
    parts_running: AtomicUsize,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Node")
    }
}

impl Node {
    pub fn new(ports: Ports, settings: ActorSettings, metrics: Metrics, decider: Arc<dyn Decider>) -> Self {
        Self {
            ports,
            settings,
            metrics,
            decider,
            pulses: Pulses::default(),
            hints: PendingHints::default(),
            released: Arc::default(),
            poll_now: Notify::new(),
            cut: CancellationToken::new(),
            desks: Mutex::default(),
            quarantined: Mutex::default(),
            set_aside: Mutex::default(),
            router: Mutex::default(),
            draining: AtomicBool::new(false),
            crowded: AtomicBool::new(false),
            lives: AtomicU64::new(1),
            parts_running: AtomicUsize::new(0),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// A number that no other life of an actor has.
    pub fn new_life(&self) -> u64 {
        self.lives.fetch_add(1, Ordering::Relaxed)
    }

    /// The desk of a tenant, new if it has none.
    pub fn desk(&self, tenant: TenantId) -> Arc<Desk> {
        let capacity = Capacity {
            in_flight: self.settings.max_in_flight,
            parked: self.settings.max_parked,
            lane: self.settings.lane_capacity,
        };
        let mut desks = locked(&self.desks);
        let desk = desks
            .entry(tenant)
            .or_insert_with(|| Arc::new(Desk::new(tenant, capacity, Arc::clone(&self.released))));
        Arc::clone(desk)
    }

    pub fn find_desk(&self, tenant: &TenantId) -> Option<Arc<Desk>> {
        locked(&self.desks).get(tenant).cloned()
    }

    pub fn desks(&self) -> Vec<Arc<Desk>> {
        locked(&self.desks).values().cloned().collect()
    }

    pub fn remove_desk(&self, tenant: &TenantId) {
        locked(&self.desks).remove(tenant);
    }

    pub fn in_flight(&self) -> usize {
        locked(&self.desks).values().map(|desk| desk.workload.in_flight()).sum()
    }

    /// Notes whether a tenant is out of service because it failed too often.
    pub fn set_quarantined(&self, tenant: TenantId, quarantined: bool) {
        let mut all = locked(&self.quarantined);
        if quarantined {
            all.insert(tenant)
        } else {
            all.remove(&tenant)
        };
    }

    pub fn is_quarantined(&self, tenant: &TenantId) -> bool {
        locked(&self.quarantined).contains(tenant)
    }

    /// Notes that a tenant is suspended (or gone) in this version; `None` forgets it.
    pub fn set_aside(&self, tenant: TenantId, version: Option<i64>) {
        let mut all = locked(&self.set_aside);
        match version {
            Some(version) => all.insert(tenant, version),
            None => all.remove(&tenant),
        };
    }

    pub fn is_set_aside(&self, tenant: &TenantId) -> bool {
        locked(&self.set_aside).contains_key(tenant)
    }

    /// The versions in which tenants are known here: those awake, and those set aside.
    pub fn known_versions(&self) -> HashMap<TenantId, i64> {
        let mut versions = locked(&self.set_aside).clone();
        for desk in self.desks() {
            if let Some(known) = desk.known() {
                versions.insert(desk.tenant, known.context.tenant.version);
            }
        }
        versions
    }

    pub fn set_router(&self, router: ActorRef<RouterMsg>) {
        *locked(&self.router) = Some(router);
    }

    pub fn tell_router(&self, message: RouterMsg) {
        if let Some(router) = locked(&self.router).as_ref() {
            // While the router is being started again nobody hears this; the new one looks at everything.
            let _ = router.send_message(message);
        }
    }

    /// Asks the router to put a tenant to sleep, and waits until it sleeps.
    pub async fn ask_to_sleep(&self, tenant: TenantId) {
        let router = locked(&self.router).clone();
        if let Some(router) = router {
            // Without a router nobody is awake.
            let _ = router.call(|asleep| RouterMsg::Sleep(tenant, asleep), None).await;
        }
    }

    /// Notes that a life of a background part begins.
    pub fn part_begins(&self) {
        self.parts_running.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes that a life of a background part has ended.
    pub fn part_ends(&self) {
        self.parts_running.fetch_sub(1, Ordering::SeqCst);
        self.released.notify_waiters();
    }

    /// True when no event is in hand and no background part runs.
    pub fn is_empty(&self) -> bool {
        self.in_flight() == 0 && self.parts_running.load(Ordering::SeqCst) == 0
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// From now on nothing new is taken up.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// True when tenants wait for a place: whoever has nothing to do makes room at once.
    pub fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    pub fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::Relaxed);
    }

    /// How long to wait after the `failures`-th failure in a row.
    pub fn back_off_delay(&self, failures: u32) -> Duration {
        self.settings.back_off().delay(failures, self.ports.ids.random_u64())
    }

    /// Waits after the `failures`-th failure in a row.
    pub async fn back_off(&self, failures: u32) {
        self.ports.clock.sleep(self.back_off_delay(failures)).await;
    }

    /// Sends a message after a while, unless the process is shutting down by then.
    pub fn send_later<M: Message>(&self, after: Duration, actor: ActorRef<M>, message: M) {
        self.later(after, move || {
            // The actor may have gone meanwhile; then nobody needs the message.
            let _ = actor.send_message(message);
        });
    }

    /// Does something after a while, unless the process is shutting down by then.
    pub fn later(&self, after: Duration, act: impl FnOnce() + Send + 'static) {
        let sleep = self.ports.clock.sleep(after);
        let tasks = self.ports.tasks.clone();
        self.ports.tasks.spawn("timer", async move {
            tokio::select! {
                () = sleep => act(),
                () = tasks.stopping() => {}
            }
        });
    }
}
