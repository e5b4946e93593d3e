//! What was learned from people's verdicts, as it is stored.

use async_trait::async_trait;

use super::StoreError;
use crate::autonomy::EarnedMode;
use crate::ids::TenantId;
use crate::intent::Intent;
use crate::tuning::TuningVersion;
use crate::verdict::Verdict;

/// A verdict and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// The version that has learned from it; `None` while none has.
    pub folded_in: Option<u32>,
    /// False when what was learned from it was taken back.
    pub counted: bool,
}

/// Verdicts and what was learned from them. What changes them is committed as a [`Lesson`](crate::tuning::Lesson).
#[async_trait]
pub trait Learning: Send + Sync {
    /// A version of what a tenant's classifier has learned, or the one in use; `None` when it has learned nothing yet,
    /// or that version is not kept.
    async fn find_tuning(
        &self,
        tenant: &TenantId,
        version: Option<u32>,
    ) -> Result<Option<TuningVersion>, StoreError>;
    /// The versions that are kept, newest first, without what they hold: nudges and record are empty.
    async fn list_tunings(&self, tenant: &TenantId) -> Result<Vec<TuningVersion>, StoreError>;
    /// Verdicts that nothing was learned from yet, oldest first.
    async fn unlearned_verdicts(&self, tenant: &TenantId, limit: u32) -> Result<Vec<Verdict>, StoreError>;
    /// Tenants that have such verdicts.
    async fn tenants_with_unlearned_verdicts(&self) -> Result<Vec<TenantId>, StoreError>;
    /// The latest verdicts on texts that were taken for this intent, newest first.
    async fn latest_verdicts(
        &self,
        tenant: &TenantId,
        intent: Intent,
        limit: u32,
    ) -> Result<Vec<KeptVerdict>, StoreError>;
    /// Where the intents of a tenant stand that may earn it to act by themselves.
    async fn earned_modes(&self, tenant: &TenantId) -> Result<Vec<EarnedMode>, StoreError>;
}
