//! What the actors of one awake tenant share.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, ArcSwapOption};
use ractor::ActorRef;
use tenants::ids::TenantId;
use tenants::ports::TenantContext;
use tokio::sync::{Notify, Semaphore};

use super::locked;
use super::tenant::TenantMsg;
use super::workload::{Capacity, Workload};
use crate::decide::RuleSet;

/// What is known about a tenant: loaded once, shared by all lanes.
#[derive(Debug)]
pub(super) struct Known {
    pub context: Arc<TenantContext>,
    pub rules: Arc<RuleSet>,
}

/// Survives crashes of the tenant's actor; dropped when the tenant falls asleep.
pub(super) struct Desk {
    pub tenant: TenantId,
    pub workload: Workload,
    known: ArcSwapOption<Known>,
    /// One permit per conversation that may be worked on at the same time.
    permits: ArcSwap<Semaphore>,
    parallel: Mutex<u32>,
    /// A `Look` is on its way: many hints become one message.
    look_is_due: AtomicBool,
    actor: Mutex<Option<ActorRef<TenantMsg>>>,
    /// Told whenever anything of any tenant is let go of.
    released: Arc<Notify>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Desk({})", self.tenant)
    }
}

impl Desk {
    pub fn new(tenant: TenantId, capacity: Capacity, released: Arc<Notify>) -> Self {
        Self {
            tenant,
            workload: Workload::new(capacity),
            known: ArcSwapOption::empty(),
            permits: ArcSwap::from_pointee(Semaphore::new(0)),
            parallel: Mutex::new(0),
            look_is_due: AtomicBool::new(false),
            actor: Mutex::new(None),
            released,
        }
    }

    /// From now on this actor is told to look.
    pub fn is_served_by(&self, actor: ActorRef<TenantMsg>) {
        *locked(&self.actor) = Some(actor);
        self.look_is_due.store(false, Ordering::SeqCst);
        self.poke();
    }

    /// Tells the tenant's actor to look for work, unless it has been told already.
    pub fn poke(&self) {
        if self.look_is_due.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(actor) = locked(&self.actor).as_ref() {
            // A dead actor is started again by its supervisor, and looks then.
            let _ = actor.send_message(TenantMsg::Look);
        }
    }

    /// The actor has begun to look: what comes from now on needs another look.
    pub fn begins_to_look(&self) {
        self.look_is_due.store(false, Ordering::SeqCst);
    }

    /// True when somebody has told the actor to look and it has not begun.
    pub fn is_told_to_look(&self) -> bool {
        self.look_is_due.load(Ordering::SeqCst)
    }

    /// What is known, once it was loaded.
    pub fn known(&self) -> Option<Arc<Known>> {
        self.known.load_full()
    }

    /// Replaces what is known. Conversations already at work keep their permits.
    pub fn learn(&self, known: Arc<Known>) {
        let wanted = known.context.settings.max_parallel.max(1);
        let mut parallel = locked(&self.parallel);
        if *parallel != wanted {
            *parallel = wanted;
            self.permits.store(Arc::new(Semaphore::new(wanted as usize)));
        }
        self.known.store(Some(known));
    }

    /// The permits of this tenant's lanes.
    pub fn permits(&self) -> Arc<Semaphore> {
        self.permits.load_full()
    }

    /// Something was let go of.
    pub fn let_go(&self) {
        self.released.notify_waiters();
    }
}
