//! What waits for people at many tenants, counted in one look.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::account::Tenant;
use crate::alert::Severity;
use crate::ids::{AgencyId, TenantId};

/// What waits at one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaitingAt {
    /// Drafts and escalations that nobody has decided.
    pub approvals: i64,
    /// Alerts that nobody has resolved, by how bad they are.
    pub alerts: BTreeMap<Severity, i64>,
    /// Conversations in which a person answers.
    pub conversations: i64,
    /// Effects that were given up.
    pub dead_letters: i64,
    /// Accounts that must be connected anew.
    pub reconnects: i64,
}

/// Looks over the tenants of an agency.
#[async_trait]
pub trait Overview: Send + Sync + 'static {
    /// Tenants of an agency whose name or slug contains a text, newest first.
    async fn search_tenants(
        &self,
        agency: &AgencyId,
        text: &str,
        page: PageRequest,
    ) -> Result<Vec<Tenant>, StoreError>;

    /// What waits at these tenants; those at which nothing does are missing.
    async fn waiting(&self, tenants: &[TenantId]) -> Result<BTreeMap<TenantId, WaitingAt>, StoreError>;
}
