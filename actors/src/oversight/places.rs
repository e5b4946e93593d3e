//! How many questions are looked into at once.
//!
//! Each may hold some thousand records in memory, so there are few places on a node. A tenant waits in the line for them
//! with few of its questions at a time: however many its people ask, the next tenant's question is soon served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenants::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Questions of all tenants.
const OF_NODE: usize = 8;
/// Questions of one tenant.
const OF_TENANT: usize = 2;
/// Tenants remembered before those that ask no more are forgotten.
const MOST_KEPT: usize = 1_024;

/// The places of a node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    of_node: Arc<Semaphore>,
    of_tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Inner { of_node: Arc::new(Semaphore::new(OF_NODE)), of_tenants: Mutex::default() }))
    }
}

/// A place, held until it is dropped. `None` never: the semaphores are not closed.
#[derive(Debug)]
pub struct Place {
    _of_tenant: Option<OwnedSemaphorePermit>,
    _of_node: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// Waits for a place.
    pub async fn take(&self, tenant: TenantId) -> Place {
        let _of_tenant = self.line_of(tenant).acquire_owned().await.ok();
        let _of_node = Arc::clone(&self.0.of_node).acquire_owned().await.ok();
        Place { _of_tenant, _of_node }
    }

    fn line_of(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut all = self.0.of_tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_KEPT {
            // Whoever waits or is served holds the semaphore, too.
            all.retain(|_, line| Arc::strong_count(line) > 1);
        }
        Arc::clone(all.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(OF_TENANT))))
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn a_tenant_with_many_questions_leaves_places_to_the_others() {
        let places = Places::default();
        let held = futures::future::join_all((0..OF_TENANT).map(|_| places.take(tenant(1)))).await;
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(places.take(tenant(1)))).collect();
        assert!(waiting.iter_mut().all(|it| it.now_or_never().is_none()));
        assert!(places.take(tenant(2)).now_or_never().is_some());
        drop(held);
        assert!(waiting.iter_mut().filter_map(|it| it.now_or_never()).count() >= OF_TENANT);
    }

    #[tokio::test]
    async fn a_node_looks_into_few_questions_at_once() {
        let places = Places::default();
        let numbers = 0..OF_NODE as u128;
        let held = futures::future::join_all(numbers.map(|it| places.take(tenant(it)))).await;
        let mut next = Box::pin(places.take(tenant(100)));
        assert!((&mut next).now_or_never().is_none());
        drop(held);
        assert!(next.now_or_never().is_some());
    }

    #[tokio::test]
    async fn little_is_kept_of_tenants_that_ask_no_more() {
        let places = Places::default();
        let held = places.take(tenant(1)).await;
        for number in 2..3 * MOST_KEPT as u128 {
            places.take(tenant(number)).await;
        }
        assert!(places.0.of_tenants.lock().unwrap().len() <= MOST_KEPT);
        let own = places.line_of(tenant(1));
        assert_eq!(own.available_permits(), OF_TENANT - 1, "who is served is not forgotten");
        drop(held);
    }
}
