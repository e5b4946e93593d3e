//! Whose money a rehearsal spends, and whether it still may.

use std::sync::Arc;

use async_trait::async_trait;
use tenants::account::TenantStatus;
use tenants::budget::TenantBudget;
use tenants::clock::Clock;
use tenants::ids::TenantId;
use tenants::ports::{Store, StoreError};

/// Says what tenants may spend at this moment. A rehearsal may take hours: it asks before each call to a model, as each
/// decision does, so that a budget that is cut, also the agency's, and a suspension hold for it at once.
#[async_trait]
pub trait Payers: Send + Sync {
    /// The tenant's budget now; `None` when nothing may be spent on its behalf: it is suspended, or gone.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn payer(&self, tenant: &TenantId) -> Result<Option<TenantBudget>, StoreError>;
}

/// What is stored.
#[derive(Clone)]
pub struct StoredPayers {
    /// The tenants.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for StoredPayers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredPayers")
    }
}

#[async_trait]
impl Payers for StoredPayers {
    async fn payer(&self, tenant: &TenantId) -> Result<Option<TenantBudget>, StoreError> {
        // The day decides about hits of rules only, which nobody asks for here.
        let day = self.clock.now().to_utc().date_naive().to_string();
        let context = self.store.load_context(tenant, &day).await?;
        let served = context.filter(|context| context.tenant.status == TenantStatus::Active);
        Ok(served.map(|context| context.budget()))
    }
}
