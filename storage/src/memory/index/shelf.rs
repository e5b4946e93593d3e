//! The indexes that are known, in the order in which they were last asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use hashlink::LinkedHashMap;
use tenants::clock::Timestamp;
use tenants::ids::TenantId;

use super::place::Note;
use super::room::Room;
use super::shard::{Broken, Point, Shard};
use crate::memory::Happened;

/// Tenants without a memory are known for every place of an open index: knowing one costs some hundred bytes.
const EMPTY_FOR_EACH: usize = 32;

/// Most points of all open indexes: about half a gigabyte.
const MOST_POINTS: usize = 200_000;

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
    /// Nothing up to here stands in this room.
    pub(super) empty_to: i64,
    /// Up to here the tenant's items were counted.
    pub(super) counted_to: i64,
    /// Items after this one were put in without their meaning, because the embedding endpoint did not answer.
    pub(super) meaningless_after: Option<i64>,
}

/// The place of one index.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) tenant: TenantId,
    pub(super) room: Room,
    /// Opening, following and closing: one after the other.
    pub(super) progress: tokio::sync::Mutex<Progress>,
    shard: RwLock<Option<Shard>>,
    seen: Mutex<Option<Seen>>,
    /// When it last could not be brought up to the rows, and why.
    trouble: Mutex<Option<(Timestamp, String)>>,
    all: Arc<All>,
}

/// What all slots hold together.
#[derive(Debug, Default)]
struct All {
    /// Shards that are open.
    open: AtomicUsize,
    /// Points in them.
    points: AtomicUsize,
}

impl Slot {
    fn new((tenant, room): (TenantId, Room), all: Arc<All>) -> Self {
        Self {
            tenant,
            room,
            progress: tokio::sync::Mutex::default(),
            shard: RwLock::default(),
            seen: Mutex::default(),
            trouble: Mutex::default(),
            all,
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

    /// How many points are in it.
    pub(super) fn points(&self) -> usize {
        self.shard.read().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, Shard::points)
    }

    /// True when a search by words need not be handed to another thread: the shard is small, and nobody replaces it.
    pub(super) fn is_small(&self) -> bool {
        self.shard.try_read().is_ok_and(|shard| shard.as_ref().is_some_and(Shard::is_small))
    }

    /// Works with the shard, when there is one. May block for as long as it takes to close one.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Shard) -> Result<T, Broken>,
    ) -> Result<Option<T>, Broken> {
        let shard = self.shard.read().unwrap_or_else(PoisonError::into_inner);
        shard.as_ref().map(work).transpose()
    }

    /// Puts points into the shard, when there is one.
    pub(super) fn put(&self, points: Vec<Point>) -> Result<(), Broken> {
        let more = points.len();
        if self.read(|shard| shard.put(points))?.is_some() {
            self.all.points.fetch_add(more, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Puts a shard in place of another, which is closed before this returns. Blocks until nobody works with it.
    pub(super) fn replace(&self, shard: Option<Shard>) {
        if let Some(new) = &shard {
            self.all.open.fetch_add(1, Ordering::Relaxed);
            self.all.points.fetch_add(new.points(), Ordering::Relaxed);
        }
        let mut place = self.shard.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, shard);
        drop(place);
        if let Some(old) = old {
            self.all.open.fetch_sub(1, Ordering::Relaxed);
            self.all.points.fetch_sub(old.points(), Ordering::Relaxed);
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Shelf {
    slots: Mutex<LinkedHashMap<(TenantId, Room), Arc<Slot>>>,
    all: Arc<All>,
    max_open: usize,
    max_points: usize,
}

impl Shelf {
    pub(super) fn new(max_open: usize) -> Self {
        Self {
            slots: Mutex::default(),
            all: Arc::default(),
            max_open: max_open.max(1),
            max_points: MOST_POINTS,
        }
    }

    /// The slot of a room, now the last one asked, and the slots that should be put away to make place.
    pub(super) fn take(&self, tenant: TenantId, room: Room) -> (Arc<Slot>, Vec<Arc<Slot>>) {
        let (mut slots, key) = (self.slots(), (tenant, room));
        let slot = match slots.to_back(&key) {
            Some(slot) => Arc::clone(slot),
            None => {
                let slot = Arc::new(Slot::new(key, Arc::clone(&self.all)));
                slots.insert(key, Arc::clone(&slot));
                slot
            }
        };
        let crowded = self.crowded(&slots, &slot);
        (slot, crowded)
    }

    fn crowded(&self, slots: &LinkedHashMap<(TenantId, Room), Arc<Slot>>, but: &Arc<Slot>) -> Vec<Arc<Slot>> {
        let mut too_many_open = self.open().saturating_sub(self.max_open);
        let mut too_many_points = self.all.points.load(Ordering::Relaxed).saturating_sub(self.max_points);
        let too_many = slots.len().saturating_sub(self.max_open * EMPTY_FOR_EACH);
        if too_many_open == 0 && too_many_points == 0 && too_many == 0 {
            return Vec::new();
        }
        let others = || slots.values().filter(|slot| !Arc::ptr_eq(slot, but));
        let mut crowded = Vec::new();
        for slot in others().filter(|slot| !slot.is_empty()) {
            if too_many_open == 0 && too_many_points == 0 {
                break;
            }
            too_many_open = too_many_open.saturating_sub(1);
            too_many_points = too_many_points.saturating_sub(slot.points());
            crowded.push(Arc::clone(slot));
        }
        crowded.extend(others().filter(|slot| slot.is_empty()).take(too_many).cloned());
        crowded
    }

    pub(super) fn find(&self, tenant: TenantId, room: Room) -> Option<Arc<Slot>> {
        self.slots().get(&(tenant, room)).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Slot>> {
        self.slots().values().cloned().collect()
    }

    /// Forgets a slot that was put away, unless somebody took it in the meantime. To be called while its progress is
    /// held: whoever comes later makes a new slot, and finds the folder closed. True when no slot of the tenant is left.
    pub(super) fn remove(&self, slot: &Arc<Slot>) -> bool {
        let mut slots = self.slots();
        // One is the map's, one the caller's.
        let is_unused = Arc::strong_count(slot) <= 2;
        is_unused
            && slots.remove(&(slot.tenant, slot.room)).is_some()
            && !Room::ALL.iter().any(|room| slots.contains_key(&(slot.tenant, *room)))
    }

    /// How many shards are open.
    pub(super) fn open(&self) -> usize {
        self.all.open.load(Ordering::Relaxed)
    }

    fn slots(&self) -> MutexGuard<'_, LinkedHashMap<(TenantId, Room), Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::index::words::Words;
    use tenants::ids::MemoryId;
    use uuid::Uuid;

    fn points(count: u128) -> Vec<Point> {
        let words = Words { places: vec![1], weights: vec![1.0] };
        let point =
            |number| Point { id: MemoryId(Uuid::from_u128(number)), words: words.clone(), meaning: None };
        (1..=count).map(point).collect()
    }

    /// A shelf for five indexes and thirty points, and a way to fill the index of a tenant.
    fn small_shelf(folder: &std::path::Path) -> (Shelf, impl Fn(&Shelf, u128, u128) -> Vec<TenantId>) {
        let shelf = Shelf { max_points: 30, ..Shelf::new(5) };
        let folder = folder.to_owned();
        let fill = move |shelf: &Shelf, tenant: u128, count: u128| {
            let (slot, _) = shelf.take(TenantId(Uuid::from_u128(tenant)), Room::Open);
            slot.replace(Some(Shard::create(&folder.join(tenant.to_string()), None).unwrap()));
            slot.put(points(count)).unwrap();
            shelf.take(slot.tenant, Room::Open).1.iter().map(|crowded| crowded.tenant).collect()
        };
        (shelf, fill)
    }

    fn tenants(numbers: &[u128]) -> Vec<TenantId> {
        numbers.iter().map(|number| TenantId(Uuid::from_u128(*number))).collect()
    }

    #[test]
    fn large_indexes_make_place_for_others_before_there_are_many() {
        let home = tempfile::tempdir().unwrap();
        let (shelf, fill) = small_shelf(home.path());
        assert_eq!(fill(&shelf, 1, 20), []);
        assert_eq!(fill(&shelf, 2, 5), []);
        assert_eq!(
            fill(&shelf, 3, 10),
            tenants(&[1]),
            "the one that was asked longest ago, and no more than needed"
        );
        assert_eq!(fill(&shelf, 4, 40), tenants(&[1, 2, 3]), "one that alone is too large stays");
        for number in [1, 2, 3] {
            shelf.find(TenantId(Uuid::from_u128(number)), Room::Open).unwrap().replace(None);
        }
        assert_eq!(shelf.all.points.load(Ordering::Relaxed), 40);
        shelf.find(TenantId(Uuid::from_u128(4)), Room::Open).unwrap().replace(None);
        assert_eq!((shelf.open(), shelf.all.points.load(Ordering::Relaxed)), (0, 0));
    }
}
