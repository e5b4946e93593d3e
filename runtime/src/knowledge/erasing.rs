//! What was forgotten also leaves the search index, soon, however much there is to build.

use std::sync::Arc;
use std::time::Duration;

use tenants::clock::Clock;
use tenants::ids::TenantId;
use tenants::ports::Memory;
use tracing::{error, warn};

/// Pauses after tries that failed.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120), Duration::from_secs(600)];

/// Builds the tenant's index anew until nothing of what was forgotten is left in it; false when that failed too often.
/// Then it happens when the memory is next asked, and at the latest when the node is started again.
pub async fn erase_from_index(memory: Arc<dyn Memory>, clock: Arc<dyn Clock>, tenant: TenantId) -> bool {
    for pause in PAUSES {
        match memory.erase(&tenant).await {
            Ok(()) => return true,
            Err(error) => {
                warn!(%tenant, %error, "a search index still holds what was forgotten, trying again")
            }
        }
        clock.sleep(pause).await;
    }
    let is_done = memory.erase(&tenant).await.is_ok();
    if !is_done {
        error!(%tenant, "a search index still holds what was forgotten; it is built when the memory is next asked");
    }
    is_done
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use tenants::clock::ManualClock;
    use tenants::ids::MemoryId;
    use tenants::memory::{MemoryFilter, MemoryItem, MemoryStats, Recall, Recalled};
    use tenants::ports::{MemoryError, NoMemory, PageRequest};

    use super::*;

    /// Fails some times before it works.
    struct Stubborn {
        failures: u32,
        tries: AtomicU32,
    }

    #[async_trait]
    impl Memory for Stubborn {
        async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError> {
            NoMemory("test").recall(tenant, recall).await
        }

        async fn find(&self, tenant: &TenantId, item: &MemoryId) -> Result<Option<MemoryItem>, MemoryError> {
            NoMemory("test").find(tenant, item).await
        }

        async fn find_same(
            &self,
            tenant: &TenantId,
            item: &MemoryItem,
        ) -> Result<Option<MemoryItem>, MemoryError> {
            NoMemory("test").find_same(tenant, item).await
        }

        async fn list(
            &self,
            tenant: &TenantId,
            filter: &MemoryFilter,
            page: PageRequest,
        ) -> Result<Vec<MemoryItem>, MemoryError> {
            NoMemory("test").list(tenant, filter, page).await
        }

        async fn stats(&self, tenant: &TenantId) -> Result<MemoryStats, MemoryError> {
            NoMemory("test").stats(tenant).await
        }

        async fn rebuild(&self, _: &TenantId) -> Result<(), MemoryError> {
            let tried = self.tries.fetch_add(1, Ordering::Relaxed);
            if tried < self.failures { Err(MemoryError::Broken("disk full".into())) } else { Ok(()) }
        }
    }

    async fn erased(failures: u32) -> (bool, u32) {
        let clock = Arc::new(ManualClock::at(0));
        let memory = Arc::new(Stubborn { failures, tries: AtomicU32::new(0) });
        let tenant = TenantId(uuid::Uuid::nil());
        let mut erasing = std::pin::pin!(erase_from_index(memory.clone(), clock.clone(), tenant));
        loop {
            tokio::select! {
                biased;
                done = &mut erasing => return (done, memory.tries.load(Ordering::Relaxed)),
                () = tokio::task::yield_now() => clock.advance(Duration::from_secs(60)),
            }
        }
    }

    #[tokio::test]
    async fn a_build_that_fails_is_tried_again_until_it_works_or_there_is_no_hope() {
        assert_eq!(erased(0).await, (true, 1));
        assert_eq!(erased(3).await, (true, 4));
        assert_eq!(erased(100).await, (false, 5));
    }
}
