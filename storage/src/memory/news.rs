//! Tells the indexes of this process what was committed here, so that they need not ask the database before every
//! search. What other processes commit is found by asking now and then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::TenantId;

/// How much has happened to a tenant's memory since it was first watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Happened {
    /// Changes that must be found at once: facts, answers.
    pub(crate) urgent: u64,
    /// Forgetting: whatever an index still holds, the rows give nothing of it away.
    pub(crate) forgettings: u64,
    /// Interactions, which may wait until some have gathered.
    pub(crate) minor: u64,
}

impl Happened {
    /// What a unit of work does to a memory.
    pub(crate) fn in_unit(changes: &Changes) -> Option<(TenantId, Self)> {
        let Chain::Tenant(tenant) = changes.chain else { return None };
        let mut happened = Self::default();
        for change in &changes.list {
            match change {
                Change::Remember(item) if item.kind.is_personal() => happened.minor += 1,
                Change::Remember(_) => happened.urgent += 1,
                Change::Forget(_) => happened.forgettings += 1,
                _ => {}
            }
        }
        (happened != Self::default()).then_some((tenant, happened))
    }
}

/// The tenants that somebody watches, and what has happened to them.
#[derive(Debug, Default)]
pub(crate) struct MemoryNews(Mutex<HashMap<TenantId, Happened>>);

impl MemoryNews {
    /// Something was committed.
    pub(crate) fn tell(&self, tenant: TenantId, more: Happened) {
        if let Some(happened) = self.watched().get_mut(&tenant) {
            happened.urgent += more.urgent;
            happened.forgettings += more.forgettings;
            happened.minor += more.minor;
        }
    }

    /// What has happened so far; from now on the tenant is watched.
    pub(crate) fn look(&self, tenant: TenantId) -> Happened {
        *self.watched().entry(tenant).or_default()
    }

    /// Nobody watches this tenant any more.
    pub(crate) fn leave(&self, tenant: TenantId) {
        self.watched().remove(&tenant);
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, HashMap<TenantId, Happened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
