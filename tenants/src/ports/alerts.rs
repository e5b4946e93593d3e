//! Alerts.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::alert::{Alert, NewAlert};
use crate::clock::Timestamp;
use crate::ids::{AgencyId, AlertId, TenantId};

/// Alerts.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Raises an alert outside any tenant's unit of work.
    async fn raise_alert(&self, alert: NewAlert, at: Timestamp) -> Result<(), StoreError>;
    /// Alerts of an agency, newest first; of one tenant, or of all and of the installation.
    async fn list_alerts(
        &self,
        agency: &AgencyId,
        tenant: Option<&TenantId>,
        resolved: Option<bool>,
        page: PageRequest,
    ) -> Result<Vec<Alert>, StoreError>;
    /// One alert of an agency.
    async fn find_alert(&self, agency: &AgencyId, alert: &AlertId) -> Result<Option<Alert>, StoreError>;
    /// Unresolved alerts with this key, raised by anybody.
    async fn has_open_alert(&self, dedup_key: &str) -> Result<bool, StoreError>;
    /// Resolves an alert of an agency; false when it was resolved already or does not exist.
    async fn resolve_alert(
        &self,
        agency: &AgencyId,
        alert: &AlertId,
        by: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError>;
}
