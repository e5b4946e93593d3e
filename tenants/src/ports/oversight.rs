//! Conversations in which people ask why, as they are read.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::ids::{OversightId, TenantId};
use crate::oversight::{OversightSession, OversightTurn};

/// Conversations in which people ask why. What changes them is committed as
/// [`OversightChange`](crate::oversight::OversightChange).
#[async_trait]
pub trait OversightSessions: Send + Sync + 'static {
    /// Somebody's conversations about a tenant, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_oversight(
        &self,
        tenant: &TenantId,
        asked_by: &str,
        page: PageRequest,
    ) -> Result<Vec<OversightSession>, StoreError>;

    /// One of them.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_oversight(
        &self,
        tenant: &TenantId,
        asked_by: &str,
        session: &OversightId,
    ) -> Result<Option<OversightSession>, StoreError>;

    /// What was asked and answered in a conversation, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn oversight_turns(
        &self,
        tenant: &TenantId,
        session: &OversightId,
        page: PageRequest,
    ) -> Result<Vec<OversightTurn>, StoreError>;
}
