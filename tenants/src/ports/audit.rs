//! The audit log, as it is read.

use async_trait::async_trait;

use super::StoreError;
use crate::audit::{AuditEntry, Chain, ChainVerdict};
use crate::clock::Timestamp;

/// Which audit entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only this event type, or all that begin with it when it ends in `.`.
    pub event_type: Option<String>,
    /// Only this actor.
    pub actor: Option<String>,
    /// Only about this thing.
    pub resource_id: Option<String>,
    /// Only successes or failures.
    pub success: Option<bool>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// The audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Entries, newest first; `before` is a sequence number.
    async fn list_audit(
        &self,
        chain: &Chain,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError>;
    /// Entries after a sequence number, oldest first: the live feed.
    async fn audit_since(&self, chain: &Chain, after: i64, limit: u32)
    -> Result<Vec<AuditEntry>, StoreError>;
    /// Every chain there is.
    async fn audit_chains(&self) -> Result<Vec<Chain>, StoreError>;
    /// Checks a whole chain.
    async fn verify_chain(&self, chain: &Chain) -> Result<ChainVerdict, StoreError>;
}
