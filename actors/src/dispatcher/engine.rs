//! What the loop and the tasks of the dispatcher share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::Registry;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::effect::EffectState;
use tenants::ids::{EffectId, TenantId};
use tenants::ports::{Hint, StoreError};
use tokio::sync::Notify;

use super::contexts::Contexts;
use super::desk::Desk;
use super::metrics::DispatcherMetrics;
use super::settings::DispatcherSettings;
use crate::Ports;

/// See the module.
pub(super) struct Engine {
    pub ports: Ports,
    pub settings: DispatcherSettings,
    pub metrics: DispatcherMetrics,
    pub contexts: Contexts,
    /// Something ended or was asked for: the loop should look.
    pub changed: Notify,
    /// Work on an effect ended.
    pub landed: Notify,
    /// Held by the one loop that runs.
    pub running: tokio::sync::Mutex<()>,
    desk: Mutex<Desk>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dispatcher")
    }
}

impl Engine {
    pub fn new(
        ports: Ports,
        settings: DispatcherSettings,
        registry: &Registry,
    ) -> Result<Arc<Self>, prometheus::Error> {
        let max_age = Duration::from_millis(settings.context_max_age_ms);
        Ok(Arc::new(Self {
            contexts: Contexts::new(max_age, settings.contexts_kept),
            metrics: DispatcherMetrics::register(registry)?,
            changed: Notify::new(),
            landed: Notify::new(),
            running: tokio::sync::Mutex::new(()),
            desk: Mutex::default(),
            ports,
            settings,
        }))
    }

    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// What is held in memory. A panic of another holder leaves nothing half done that matters: it is rebuilt
    /// from the database.
    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Settings and accounts of a tenant, with its accounts' limits brought up to date.
    pub async fn context(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<Arc<tenants::ports::TenantContext>>, StoreError> {
        let Some(context) = self.contexts.get(&*self.ports.store, tenant, self.now()).await? else {
            return Ok(None);
        };
        let is_restored = self.desk().limits.sync(&context, &self.settings);
        if is_restored {
            self.account_restored(tenant);
        }
        Ok(Some(context))
    }

    /// An account can be used again: its queue and its unknown effects are looked at. Its alert ended together with the
    /// storing of the token; ending it here, later, could end that of the token's next death.
    fn account_restored(&self, tenant: &TenantId) {
        let mut desk = self.desk();
        desk.unknown.look = true;
        desk.to_read.insert(*tenant);
    }

    /// Somebody says that an account can be used again.
    pub fn restore(&self, tenant: TenantId) {
        self.contexts.forget(&tenant);
        self.account_restored(&tenant);
    }

    /// Stores an outcome, again and again while the database is not available: until it is stored nobody may
    /// believe anything about the effect. False when it could not be stored at all.
    pub async fn store_outcome(&self, changes: Changes) -> bool {
        let mut failures = 0;
        loop {
            match self.ports.store.commit(changes.clone()).await {
                Ok(()) => return true,
                Err(StoreError::Conflict(problem)) => {
                    // Stored by an earlier attempt whose answer was lost, or taken over by another process.
                    tracing::warn!(problem, "an outcome was not stored because the effect has moved on");
                    return true;
                }
                Err(StoreError::Corrupt(problem)) => {
                    tracing::error!(problem, "an outcome cannot be stored");
                    return false;
                }
                Err(StoreError::Unavailable(error)) => {
                    failures += 1;
                    self.metrics.store_retries.inc();
                    tracing::warn!(%error, failures, "an outcome is not stored yet");
                    self.ports.clock.sleep(self.settings.store_retry(failures)).await;
                }
            }
        }
    }

    /// Tells the live feed that the audit log has grown.
    pub fn tell(&self, tenant: TenantId) {
        self.ports.wake.send(Hint::Audit(tenant));
    }

    /// Whether the comment an effect is about still shows as queued. Only asked when an effect is given up.
    pub async fn comment_waits(&self, ready: &tenants::ports::ReadyEffect) -> bool {
        let effect = &ready.effect;
        let Some(comment) = super::marks::comment_of(&effect.action) else { return false };
        let found =
            self.ports.store.find_comment_by_external_id(&effect.tenant, &effect.account, comment).await;
        matches!(found, Ok(Some(found)) if found.status == tenants::conversation::CommentStatus::Queued)
    }
}

/// Holds an effect as under way as long as it lives. Dropped while the effect may be `processing` (a panic, a
/// lost database), it hands the effect to the loop, which makes it `unknown`.
#[derive(Debug)]
pub(super) struct FlightGuard {
    engine: Arc<Engine>,
    tenant: TenantId,
    effect: EffectId,
    may_be_processing: bool,
}

impl FlightGuard {
    pub fn new(engine: Arc<Engine>, tenant: TenantId, effect: EffectId) -> Self {
        engine.metrics.in_flight.inc();
        Self { engine, tenant, effect, may_be_processing: false }
    }

    /// From now on the effect may be `processing`.
    pub fn open(&mut self) {
        self.may_be_processing = true;
    }

    /// The outcome is stored, or nothing had begun.
    pub fn close(&mut self) {
        self.may_be_processing = false;
    }
}

impl Drop for FlightGuard {
    fn drop(&mut self) {
        self.engine.metrics.in_flight.dec();
        let now = self.engine.now();
        let mut desk = self.engine.desk();
        if self.may_be_processing {
            desk.abandoned.push((self.tenant, self.effect));
        } else {
            desk.land(&self.effect, now);
        }
        drop(desk);
        self.engine.changed.notify_one();
        self.engine.landed.notify_waiters();
    }
}

/// States from which the outcome of a call is written.
pub(super) const CALLING: &[EffectState] = &[EffectState::Processing];
/// States from which an effect is settled without a call.
pub(super) const WAITING: &[EffectState] = &[EffectState::Pending, EffectState::Failed];
/// The state from which a read-back settles an effect.
pub(super) const LOST: &[EffectState] = &[EffectState::Unknown];
