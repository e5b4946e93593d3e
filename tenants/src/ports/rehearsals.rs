//! What rehearsals are made from, and where their results are kept.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::audit::Chain;
use crate::clock::Timestamp;
use crate::ids::{RehearsalId, TenantId};
use crate::rehearsal::{ConfigurationPart, Period, RecordedDecision, Rehearsal, RehearsalDifference};

/// What was decided, and with which configuration: all that a rehearsal reads. Nothing here writes.
#[async_trait]
pub trait DecisionRecords: Send + Sync {
    /// Decisions of a period after a position in the tenant's audit chain, oldest first, with their events.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn recorded_decisions(
        &self,
        tenant: &TenantId,
        period: Period,
        after: i64,
        limit: u32,
    ) -> Result<Vec<RecordedDecision>, StoreError>;

    /// Parts of configurations by their hashes; those that are not kept are missing.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn configuration_parts(
        &self,
        tenant: &TenantId,
        hashes: &[String],
    ) -> Result<Vec<ConfigurationPart>, StoreError>;
}

/// The results of rehearsals. They are written with [`Change::PutRehearsal`] and [`Change::AddDifferences`].
///
/// A chain names whose they are: a tenant's, or those of all tenants of an agency together.
///
/// [`Change::PutRehearsal`]: crate::changes::Change::PutRehearsal
/// [`Change::AddDifferences`]: crate::changes::Change::AddDifferences
#[async_trait]
pub trait Rehearsals: Send + Sync {
    /// One rehearsal.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_rehearsal(
        &self,
        of: &Chain,
        rehearsal: &RehearsalId,
    ) -> Result<Option<Rehearsal>, StoreError>;

    /// Rehearsals, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_rehearsals(&self, of: &Chain, page: PageRequest) -> Result<Vec<Rehearsal>, StoreError>;

    /// What a rehearsal has found, the last event first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_differences(
        &self,
        of: &Chain,
        rehearsal: &RehearsalId,
        page: PageRequest,
    ) -> Result<Vec<RehearsalDifference>, StoreError>;

    /// At start: rehearsals that were running when the last process ended have no result. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn interrupt_rehearsals(&self, at: Timestamp) -> Result<u64, StoreError>;
}
