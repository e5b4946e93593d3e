//! The dispatcher: performs queued effects, each of them once.
//!
//! The way of an effect, which `deliver` walks: the *intent* is stored (`processing`), Instagram is called, the
//! *outcome* is stored. Instagram offers no idempotency key and an answer can be lost after the effect has
//! happened, so whatever breaks between intent and outcome leaves the effect `unknown`, and `read_back` reads
//! Instagram before anything is tried again.
//!
//! What goes when: `share` says whose turn it is, the queue itself keeps deadlines and the order of
//! conversations, `limits` holds buckets, pace and circuit breakers, and `picking` puts them together. `verdict`
//! is the error table, `records` what is written down. Everything in memory can be lost at any moment.
//!
//! To add an action: give it a bucket in `account_limits`, and say in `records` which comment or message it
//! concerns. To add an error category: give it a verdict.

use std::sync::Arc;

use prometheus::Registry;
use tenants::clock::Timestamp;
use tenants::effect::{ActionType, EffectState};
use tenants::ids::{AccountId, TenantId};
use tenants::ports::StoreError;

use crate::Ports;

mod account_limits;
mod alarms;
mod alerts;
mod bucket;
pub(crate) mod contexts;
mod deliver;
mod desk;
mod engine;
mod entries;
mod limits;
mod marks;
mod metrics;
pub mod operations;
mod pace;
mod picking;
mod read_back;
mod reading;
mod reads;
mod records;
mod settings;
mod settle;
mod share;
#[cfg(test)]
mod tests;
mod typing;
mod verdict;
mod views;
mod watching;
mod work;

pub use operations::{OperationError, cancel, retry_from_dlq};
pub use settings::DispatcherSettings;
pub(crate) use settings::LONGEST_UPLOAD;
pub use settle::settle_publication;
pub use views::{AccountBreakerView, BucketView};

use account_limits::Group;
use engine::Engine;

/// The handle of the dispatcher; cheap to clone.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    engine: Arc<Engine>,
}

impl Dispatcher {
    /// Makes a dispatcher and registers its metrics. Nothing happens before [`run`](Self::run).
    ///
    /// # Errors
    /// When the registry has metrics of these names already.
    pub fn start(
        ports: Ports,
        settings: DispatcherSettings,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        Ok(Self { engine: Engine::new(ports, settings, registry)? })
    }

    /// Works until a shutdown is asked for. May be called again after a panic: what was under way goes on
    /// beside it. Called while it runs already, it waits for its turn.
    pub async fn run(&self) {
        let engine = &self.engine;
        let _only_one = engine.running.lock().await;
        tokio::select! {
            biased;
            () = engine.ports.tasks.stopping() => {}
            () = engine.work() => {}
            () = engine.count_queue() => {}
        }
    }

    /// Begins nothing more, and ends when everything that was under way has its outcome stored. That takes as
    /// long as the slowest call, or as the database is not available: put a limit on it.
    pub async fn shutdown(&self) {
        self.engine.desk().closing = true;
        loop {
            let landed = self.engine.landed.notified();
            if self.engine.desk().flights.is_empty() {
                return;
            }
            landed.await;
        }
    }

    /// Circuit breakers of the accounts used lately.
    pub fn breakers(&self) -> Vec<AccountBreakerView> {
        self.engine.desk().limits.breakers()
    }

    /// Token buckets of the accounts and apps used lately.
    pub fn buckets(&self) -> Vec<BucketView> {
        let now = self.engine.now();
        self.engine.desk().limits.buckets(now, &self.engine.settings)
    }

    /// True when [`busy`](Self::busy) finds nothing.
    pub async fn is_quiet(&self) -> bool {
        self.busy().await.is_empty()
    }

    /// What is under way, due and able to be sent, or to be read back now: a sentence each. What waits for its
    /// time, a limit, or an account to be connected again does not count.
    pub async fn busy(&self) -> Vec<String> {
        let engine = &self.engine;
        let held = engine.desk().busy();
        if !held.is_empty() {
            return held;
        }
        match engine.find_undone().await {
            Ok(undone) => undone,
            Err(error) => vec![format!("the queue cannot be read: {error}")],
        }
    }

    /// When the last effect of this kind that waits in an account's queue will go, if nothing else changes; the
    /// present moment when nothing holds it. `None` when nobody can say: the account is not connected.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn eta(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        action: ActionType,
    ) -> Result<Option<Timestamp>, StoreError> {
        let engine = &self.engine;
        if engine.context(tenant).await?.is_none() {
            return Ok(None);
        }
        let waiting = engine.ports.store.waiting_effects(tenant, account).await?;
        let same_bucket = waiting.iter().filter(|count| {
            Group::of(count.action_type) == Group::of(action)
                && matches!(count.state, EffectState::Pending | EffectState::Failed)
        });
        let place = same_bucket.map(|count| count.count.max(0) as u64).sum::<u64>().max(1);
        let now = engine.now();
        let mut desk = engine.desk();
        if desk.limits.tenant_of(account) != Some(*tenant) {
            return Ok(None);
        }
        Ok(desk.limits.eta(account, action, place, now, &engine.settings))
    }
}
