//! Settings and accounts of tenants, kept in memory and checked by version.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::ports::{Store, StoreError, TenantContext};
use tenants::settings::local_day;

/// A bounded cache. A hint forgets an entry at once; a lost hint costs `max_age`.
#[derive(Debug)]
pub(crate) struct Contexts {
    max_age: Duration,
    kept: usize,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    entries: HashMap<TenantId, Entry>,
    /// Counts what was forgotten, so that something loaded before is not kept after.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry {
    context: Arc<TenantContext>,
    checked_at: Timestamp,
}

impl Contexts {
    pub fn new(max_age: Duration, kept: usize) -> Self {
        Self { max_age, kept: kept.max(1), cache: Mutex::default() }
    }

    /// The context of a tenant; `None` when the tenant is gone.
    pub async fn get(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Option<Arc<TenantContext>>, StoreError> {
        let (kept, forgotten) = self.look_up(tenant);
        if let Some((context, checked_at)) = kept {
            if now.since(checked_at) < self.max_age {
                return Ok(Some(context));
            }
            let versions = store.tenant_versions(std::slice::from_ref(tenant)).await?;
            if versions.contains(&(*tenant, context.tenant.version)) {
                self.keep(&context, now, forgotten);
                return Ok(Some(context));
            }
        }
        // The rule hits of the day do not matter here, so any day will do.
        let loaded = store.load_context(tenant, &local_day(now, chrono_tz::UTC)).await?.map(Arc::new);
        match &loaded {
            Some(context) => self.keep(context, now, forgotten),
            None => self.forget(tenant),
        }
        Ok(loaded)
    }

    /// Forgets a tenant: the next look loads it.
    pub fn forget(&self, tenant: &TenantId) {
        let mut cache = self.lock();
        cache.forgotten += 1;
        cache.entries.remove(tenant);
    }

    fn look_up(&self, tenant: &TenantId) -> (Option<(Arc<TenantContext>, Timestamp)>, u64) {
        let cache = self.lock();
        let entry = cache.entries.get(tenant).map(|entry| (Arc::clone(&entry.context), entry.checked_at));
        (entry, cache.forgotten)
    }

    fn keep(&self, context: &Arc<TenantContext>, now: Timestamp, forgotten: u64) {
        let mut cache = self.lock();
        if cache.forgotten != forgotten {
            return;
        }
        if cache.entries.len() >= self.kept && !cache.entries.contains_key(&context.tenant.id) {
            let oldest = cache.entries.iter().min_by_key(|(tenant, entry)| (entry.checked_at, **tenant));
            if let Some(tenant) = oldest.map(|(tenant, _)| *tenant) {
                cache.entries.remove(&tenant);
            }
        }
        cache.entries.insert(context.tenant.id, Entry { context: Arc::clone(context), checked_at: now });
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
