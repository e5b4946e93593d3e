//! The indexes that are known, in the order in which they were last asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use hashlink::LinkedHashMap;
use tenants::clock::Timestamp;
use tenants::ids::TenantId;

use super::place::Note;
use super::shard::{Broken, Shard};
use crate::memory::Happened;

/// Tenants without a memory are known for every place of an open index: knowing one costs some hundred bytes.
const EMPTY_FOR_EACH: usize = 32;

/// Up to where an index has followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) happened: Happened,
    pub(super) looked_at: Timestamp,
}

/// What the one who follows the rows keeps.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The note on disk, once there is an index.
    pub(super) note: Option<Note>,
    /// Read up to here, durable or not.
    pub(super) read_to: i64,
    /// Items put in since the last flush.
    pub(super) unflushed: u64,
    /// Items put in since the items were counted.
    pub(super) uncounted: u64,
    /// Items after this one were put in without their meaning, because the embedding endpoint did not answer.
    pub(super) meaningless_after: Option<i64>,
}

/// The place of one tenant's index.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) tenant: TenantId,
    /// Opening, following and closing: one after the other.
    pub(super) progress: tokio::sync::Mutex<Progress>,
    shard: RwLock<Option<Shard>>,
    seen: Mutex<Option<Seen>>,
    /// When it last could not be brought up to the rows, and why.
    trouble: Mutex<Option<(Timestamp, String)>>,
    open: Arc<AtomicUsize>,
}

impl Slot {
    fn new(tenant: TenantId, open: Arc<AtomicUsize>) -> Self {
        Self {
            tenant,
            progress: tokio::sync::Mutex::default(),
            shard: RwLock::default(),
            seen: Mutex::default(),
            trouble: Mutex::default(),
            open,
        }
    }

    /// `None` until the index is open, or known to be empty.
    pub(super) fn seen(&self) -> Option<Seen> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mark_seen(&self, seen: Option<Seen>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// What went wrong after this moment, if something did.
    pub(super) fn trouble_since(&self, moment: Timestamp) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().filter(|(at, _)| *at > moment).map(|(_, reason)| reason.clone())
    }

    pub(super) fn mark_trouble(&self, trouble: Option<(Timestamp, String)>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// True when no shard is open here.
    pub(super) fn is_empty(&self) -> bool {
        // A shard that is just being replaced is there.
        self.shard.try_read().is_ok_and(|shard| shard.is_none())
    }

    /// Works with the shard, when there is one. May block for as long as it takes to close one.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Shard) -> Result<T, Broken>,
    ) -> Result<Option<T>, Broken> {
        let shard = self.shard.read().unwrap_or_else(PoisonError::into_inner);
        shard.as_ref().map(work).transpose()
    }

    /// Puts a shard in place of another, which is closed before this returns. Blocks until nobody works with it.
    pub(super) fn replace(&self, shard: Option<Shard>) {
        let is_open = shard.is_some();
        let mut place = self.shard.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, shard);
        drop(place);
        match (old.is_some(), is_open) {
            (false, true) => _ = self.open.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = self.open.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
        drop(old);
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Shelf {
    slots: Mutex<LinkedHashMap<TenantId, Arc<Slot>>>,
    open: Arc<AtomicUsize>,
    max_open: usize,
}

impl Shelf {
    pub(super) fn new(max_open: usize) -> Self {
        Self { slots: Mutex::default(), open: Arc::default(), max_open: max_open.max(1) }
    }

    /// The tenant's slot, now the last one asked, and the slots that should be put away to make room.
    pub(super) fn take(&self, tenant: TenantId) -> (Arc<Slot>, Vec<Arc<Slot>>) {
        let mut slots = self.slots();
        let slot = match slots.to_back(&tenant) {
            Some(slot) => Arc::clone(slot),
            None => {
                let slot = Arc::new(Slot::new(tenant, Arc::clone(&self.open)));
                slots.insert(tenant, Arc::clone(&slot));
                slot
            }
        };
        (slot, self.crowded(&slots, tenant))
    }

    fn crowded(&self, slots: &LinkedHashMap<TenantId, Arc<Slot>>, but: TenantId) -> Vec<Arc<Slot>> {
        let too_many_open = self.open().saturating_sub(self.max_open);
        let too_many = slots.len().saturating_sub(self.max_open * EMPTY_FOR_EACH);
        if too_many_open == 0 && too_many == 0 {
            return Vec::new();
        }
        let others = || slots.values().filter(|slot| slot.tenant != but);
        let mut crowded: Vec<_> =
            others().filter(|slot| !slot.is_empty()).take(too_many_open).cloned().collect();
        crowded.extend(others().filter(|slot| slot.is_empty()).take(too_many).cloned());
        crowded
    }

    pub(super) fn find(&self, tenant: &TenantId) -> Option<Arc<Slot>> {
        self.slots().get(tenant).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Slot>> {
        self.slots().values().cloned().collect()
    }

    /// Forgets a slot that was put away, unless somebody took it in the meantime. To be called while its progress is
    /// held: whoever comes later makes a new slot, and finds the folder closed.
    pub(super) fn remove(&self, slot: &Arc<Slot>) -> bool {
        let mut slots = self.slots();
        // One is the map's, one the caller's.
        let is_unused = Arc::strong_count(slot) <= 2;
        is_unused && slots.remove(&slot.tenant).is_some()
    }

    /// How many shards are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn slots(&self) -> MutexGuard<'_, LinkedHashMap<TenantId, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
