//! The memory of tenants.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::ids::{MemoryId, TenantId};
use crate::memory::{MemoryFilter, MemoryItem, MemoryStats, Recall, Recalled};

/// Why a memory did not answer. Whoever decides goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// This program was built without it, or there is none here.
    #[error("there is no memory to search: {0}")]
    Absent(&'static str),
    /// The rows cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index does not work; it is being built anew from the rows.
    #[error("the memory's index does not work and is built anew: {0}")]
    Broken(String),
    /// No vector could be had for a text.
    #[error("the embedding endpoint did not answer: {0}")]
    Embedding(String),
}

/// The memory of tenants, each its own. What it holds are rows, written with [`Change::Remember`] and
/// [`Change::Forget`]; what is searched is an index that follows them.
///
/// [`Change::Remember`]: crate::changes::Change::Remember
/// [`Change::Forget`]: crate::changes::Change::Forget
#[async_trait]
pub trait Memory: Send + Sync {
    /// What the tenant's memory knows about something, best first. Notes are recalled only where the question's
    /// visibility allows them. Brand facts and approved answers are found as soon as they are committed;
    /// interactions may take some seconds.
    ///
    /// # Errors
    /// When the memory does not answer.
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError>;

    /// One item.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find(&self, tenant: &TenantId, item: &MemoryId) -> Result<Option<MemoryItem>, MemoryError>;

    /// The remembered item that is the same as this one (see [`MemoryItem::fingerprint`]).
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_same(
        &self,
        tenant: &TenantId,
        item: &MemoryItem,
    ) -> Result<Option<MemoryItem>, MemoryError>;

    /// Items, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list(
        &self,
        tenant: &TenantId,
        filter: &MemoryFilter,
        page: PageRequest,
    ) -> Result<Vec<MemoryItem>, MemoryError>;

    /// How large it is.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn stats(&self, tenant: &TenantId) -> Result<MemoryStats, MemoryError>;

    /// Builds the index anew from the rows and removes the old one's files: after something was forgotten, nothing
    /// of it is left there.
    ///
    /// # Errors
    /// When the database does not answer or the index cannot be built.
    async fn rebuild(&self, tenant: &TenantId) -> Result<(), MemoryError>;

    /// Sees to it that the index holds nothing of what has been forgotten so far, in its files neither: built anew as
    /// [`rebuild`](Self::rebuild) does, unless that has been done since. Many who wait for this side by side wait for
    /// one or two builds together.
    ///
    /// # Errors
    /// As [`rebuild`](Self::rebuild).
    async fn erase(&self, tenant: &TenantId) -> Result<(), MemoryError> {
        self.rebuild(tenant).await
    }
}

/// Turns texts into vectors whose nearness is nearness of meaning.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The model; another name makes every index be built anew.
    fn model(&self) -> &str;

    /// Numbers in a vector.
    fn dimensions(&self) -> usize;

    /// A vector per text, in their order, on the tenant's budget.
    ///
    /// # Errors
    /// [`MemoryError::Embedding`] when the endpoint does not answer or the budget is spent.
    async fn embed(&self, tenant: &TenantId, texts: &[String]) -> Result<Vec<Vec<f32>>, MemoryError>;
}

/// A memory that is not there: for nodes without one, and for tests that are about something else.
#[derive(Debug, Clone, Copy)]
pub struct NoMemory(
    /// Why there is none.
    pub &'static str,
);

#[async_trait]
impl Memory for NoMemory {
    async fn recall(&self, _: &TenantId, _: &Recall) -> Result<Vec<Recalled>, MemoryError> {
        Err(MemoryError::Absent(self.0))
    }

    async fn find(&self, _: &TenantId, _: &MemoryId) -> Result<Option<MemoryItem>, MemoryError> {
        Err(MemoryError::Absent(self.0))
    }

    async fn find_same(&self, _: &TenantId, _: &MemoryItem) -> Result<Option<MemoryItem>, MemoryError> {
        Err(MemoryError::Absent(self.0))
    }

    async fn list(
        &self,
        _: &TenantId,
        _: &MemoryFilter,
        _: PageRequest,
    ) -> Result<Vec<MemoryItem>, MemoryError> {
        Err(MemoryError::Absent(self.0))
    }

    async fn stats(&self, _: &TenantId) -> Result<MemoryStats, MemoryError> {
        Err(MemoryError::Absent(self.0))
    }

    async fn rebuild(&self, _: &TenantId) -> Result<(), MemoryError> {
        Err(MemoryError::Absent(self.0))
    }
}
