//! Hints that say "look". A lost hint costs time, never work: whoever listens also polls.

use std::fmt;

use tokio::sync::{broadcast, watch};

use crate::ids::{AccountId, AgencyId, TenantId};

/// Something may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Events of this tenant are waiting.
    Events(TenantId),
    /// Effects of this tenant are waiting, or were cancelled.
    Effects(TenantId),
    /// Posts of this tenant were changed, or a step of one has ended.
    Posts(TenantId),
    /// Settings, rules, status or accounts of this tenant changed.
    TenantChanged(TenantId),
    /// An account can be used again: its queue goes on.
    AccountRestored(TenantId, AccountId),
    /// The audit log of this tenant has grown.
    Audit(TenantId),
    /// The audit log of this agency itself has grown.
    AgencyAudit(AgencyId),
    /// There is a verdict of this tenant to learn from.
    Verdict(TenantId),
    /// Tenants, accounts or apps came or went.
    DirectoryChanged,
}

/// Carries hints between the parts of a node (and, over Redis, between nodes).
pub trait Wake: Send + Sync + fmt::Debug + 'static {
    /// Tells everybody; never waits, never fails.
    fn send(&self, hint: Hint);

    /// Hears every hint from now on. A listener that lags behind gets an error and should look at everything.
    fn subscribe(&self) -> broadcast::Receiver<Hint>;

    /// Changes with every [`Hint::Audit`] of this tenant, and with nothing else: who follows one log must not be woken
    /// by those of thousands.
    fn watch_log(&self, tenant: &TenantId) -> watch::Receiver<()>;
}
