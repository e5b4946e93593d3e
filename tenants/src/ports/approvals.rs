//! Questions to people.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::approval::{Approval, ApprovalStatus, ApprovalSubject};
use crate::clock::Timestamp;
use crate::ids::{ApprovalId, TenantId};

/// Questions to people.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// One approval.
    async fn find_approval(
        &self,
        tenant: &TenantId,
        approval: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError>;
    /// Approvals, newest first.
    async fn list_approvals(
        &self,
        tenant: &TenantId,
        status: Option<ApprovalStatus>,
        page: PageRequest,
    ) -> Result<Vec<Approval>, StoreError>;
    /// Whom these approvals answer, and where; those whose conversation is not stored are missing.
    async fn approval_subjects(
        &self,
        tenant: &TenantId,
        approvals: &[ApprovalId],
    ) -> Result<Vec<(ApprovalId, ApprovalSubject)>, StoreError>;
    /// Tenants with pending approvals whose time is over.
    async fn tenants_with_overdue_approvals(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError>;
}
