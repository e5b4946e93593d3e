//! What tenants remember: rows in the database, and an index beside it that finds them.
//!
//! The rows are the truth. They are written in the same commit as the decision or act they come from, so a crash loses
//! none. The index (see `index`) holds ids and vectors only and follows the rows: one that is behind reads on, one that
//! is missing, damaged, of an old version or holds something forgotten is built anew. Whatever it finds is read from
//! the rows before it is told, under the tenant, the visibility and the person of the question.

mod blend;
#[cfg(feature = "memory-edge")]
mod index;
mod news;
mod rows;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tenants::clock::Clock;
use tenants::ids::{Ids, MemoryId, TenantId};
use tenants::memory::{MemoryFilter, MemoryItem, MemoryStats, Recall, Recalled};
use tenants::ports::{Embedder, Memory, MemoryError, PageRequest};
use tenants::tasks::Tasks;

use crate::Database;
pub(crate) use news::{Happened, MemoryNews};
pub(crate) use rows::{Recalling, STATEMENTS};

/// The newest personal items that are recalled with every question about a person.
const THEIRS: u32 = 5;

/// What a [`TenantMemory`] is made of.
#[derive(Clone)]
pub struct MemoryOptions {
    /// Folder of the indexes, one per tenant. Only one process may use it.
    pub folder: PathBuf,
    /// Most indexes that are open at once; the least recently used is closed.
    pub max_open: usize,
    /// Most items of a tenant; above it the least useful interactions go. 0 is no limit.
    pub max_items: u32,
    /// Adds nearness of meaning to nearness of words.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// Background tasks.
    pub tasks: Tasks,
}

impl std::fmt::Debug for MemoryOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryOptions({})", self.folder.display())
    }
}

/// The memory of all tenants of an installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TenantMemory {
    database: Database,
    limit: u32,
    #[cfg(feature = "memory-edge")]
    indexes: index::Indexes,
}

impl TenantMemory {
    /// Nothing is opened before it is asked for.
    ///
    /// # Errors
    /// When the search engine cannot be set up.
    pub fn new(database: Database, options: MemoryOptions) -> Result<Self, MemoryError> {
        Ok(Self {
            limit: options.max_items,
            #[cfg(feature = "memory-edge")]
            indexes: index::Indexes::new(database.clone(), options)?,
            database,
        })
    }

    /// Makes every open index durable and closes it. To be called before the database is closed; without it nothing is
    /// lost, and the next start reads more rows.
    pub async fn close(&self) {
        #[cfg(feature = "memory-edge")]
        self.indexes.close().await;
    }

    /// How many indexes are open.
    pub fn open_indexes(&self) -> usize {
        #[cfg(feature = "memory-edge")]
        return self.indexes.open();
        #[cfg(not(feature = "memory-edge"))]
        return 0;
    }

    /// The ids of every item in the tenant's index: what is left of something there, whatever the rows say. For tests
    /// and for proofs that something was erased.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn indexed(&self, tenant: &TenantId) -> Result<Vec<MemoryId>, MemoryError> {
        #[cfg(feature = "memory-edge")]
        return self.indexes.indexed(tenant).await;
        #[cfg(not(feature = "memory-edge"))]
        return absent(tenant);
    }

    #[cfg(feature = "memory-edge")]
    async fn found(&self, tenant: &TenantId, recall: &Recall) -> Result<blend::Found, MemoryError> {
        self.indexes.search(tenant, recall).await
    }

    #[cfg(not(feature = "memory-edge"))]
    async fn found(&self, tenant: &TenantId, _: &Recall) -> Result<blend::Found, MemoryError> {
        absent(tenant)
    }
}

#[cfg(not(feature = "memory-edge"))]
fn absent<T>(_: &TenantId) -> Result<T, MemoryError> {
    Err(MemoryError::Absent("this program was built without the feature `memory-edge`"))
}

#[async_trait]
impl Memory for TenantMemory {
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError> {
        let found = self.found(tenant, recall).await?;
        let ids = found.ids();
        if ids.is_empty() && recall.person.is_none() {
            return Ok(Vec::new());
        }
        let items = self.database.recalled_memory(tenant, recall, &ids, THEIRS).await?;
        Ok(blend::blend(&found, items, recall))
    }

    async fn find(&self, tenant: &TenantId, item: &MemoryId) -> Result<Option<MemoryItem>, MemoryError> {
        Ok(self.database.find_memory(tenant, item).await?)
    }

    async fn find_same(
        &self,
        tenant: &TenantId,
        item: &MemoryItem,
    ) -> Result<Option<MemoryItem>, MemoryError> {
        Ok(self.database.find_same_memory(tenant, item).await?)
    }

    async fn list(
        &self,
        tenant: &TenantId,
        filter: &MemoryFilter,
        page: PageRequest,
    ) -> Result<Vec<MemoryItem>, MemoryError> {
        Ok(self.database.list_memory(tenant, filter, page).await?)
    }

    async fn stats(&self, tenant: &TenantId) -> Result<MemoryStats, MemoryError> {
        let stats = self.database.memory_stats(tenant).await?;
        #[cfg(feature = "memory-edge")]
        let index = self.indexes.describe(tenant);
        #[cfg(not(feature = "memory-edge"))]
        let index = "this program was built without the feature `memory-edge`".to_owned();
        Ok(MemoryStats { limit: u64::from(self.limit), index, ..stats })
    }

    async fn rebuild(&self, tenant: &TenantId) -> Result<(), MemoryError> {
        #[cfg(feature = "memory-edge")]
        self.indexes.rebuild(tenant).await?;
        #[cfg(not(feature = "memory-edge"))]
        let _ = tenant;
        Ok(())
    }

    async fn erase(&self, tenant: &TenantId) -> Result<(), MemoryError> {
        #[cfg(feature = "memory-edge")]
        self.indexes.erase(tenant).await?;
        #[cfg(not(feature = "memory-edge"))]
        let _ = tenant;
        Ok(())
    }
}
