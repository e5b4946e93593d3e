//! The indexes of all tenants: opened when they are first asked, kept up with the rows, closed when others are needed
//! more. A tenant has one for each [`Room`] of its memory. What customers may be told is little, and asked for with every
//! decision; what was said grows with every event, and its index is opened and brought up only when people ask.
//!
//! `shelf` holds those that are known and says which to close; `follow` brings one up to the rows; `shard` is one
//! index on Qdrant Edge, `words` its words, `place` its folder.

mod follow;
mod place;
mod room;
mod shard;
mod shelf;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tenants::clock::Clock;
use tenants::ids::{Ids, MemoryId, TenantId};
use tenants::memory::{Recall, Visibility};
use tenants::ports::{Embedder, MemoryError};
use tenants::tasks::Tasks;
use tokio::sync::Semaphore;

use super::blend::Found;
use super::{Happened, MemoryOptions};
use crate::Database;
use room::Room;
use shard::{Broken, Shard};
use shelf::{Shelf, Slot};
use words::Speller;

/// What other processes commit is found after at most this time.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// New indexes whose files are made at the same time.
const MADE_AT_ONCE: usize = 2;
/// How often a search begins anew when its index is put away under it.
const TRIES: usize = 3;
/// How many times as much is looked up as is wanted: age, and rows that are gone, change the order.
const SPARE: usize = 3;
/// Most items that are looked up, whatever is wanted.
const MOST: usize = 500;

/// All indexes. Cheap to clone.
#[derive(Clone)]
pub(super) struct Indexes(Arc<Parts>);

struct Parts {
    database: Database,
    folder: PathBuf,
    max_items: u32,
    embedder: Option<Arc<dyn Embedder>>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    tasks: Tasks,
    speller: Speller,
    shelf: Shelf,
    /// Held while files of a new index are made and made durable: hundreds at once would keep disk and processors busy.
    making: Semaphore,
}

impl std::fmt::Debug for Indexes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Indexes({})", self.0.folder.display())
    }
}

/// What a search does about an index that is not up to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lag {
    None,
    /// Nothing that a search must find: it is brought up beside it.
    Small,
    /// It is waited for.
    Great,
}

impl Indexes {
    pub(super) fn new(database: Database, options: MemoryOptions) -> Result<Self, MemoryError> {
        let MemoryOptions { folder, max_open, max_items, embedder, clock, ids, tasks } = options;
        let speller = Speller::new().map_err(MemoryError::Broken)?;
        let shelf = Shelf::new(max_open);
        let making = Semaphore::new(MADE_AT_ONCE);
        Ok(Self(Arc::new(Parts {
            database,
            folder,
            max_items,
            embedder,
            clock,
            ids,
            tasks,
            speller,
            shelf,
            making,
        })))
    }

    pub(super) fn open(&self) -> usize {
        self.0.shelf.open()
    }

    /// What the tenant's memory holds that fits, in the rooms that the question may look into.
    pub(super) async fn search(&self, tenant: &TenantId, recall: &Recall) -> Result<Found, MemoryError> {
        let mut asked = Asked { recall, meaning: None };
        let mut found = Found::default();
        for room in Room::open_to(recall.visibility) {
            if let Some((by_words, by_meaning)) = self.search_room(tenant, *room, &mut asked).await? {
                found.by_words.push(by_words);
                found.by_meaning.extend(by_meaning);
            }
        }
        Ok(found)
    }

    /// `None` when nothing stands in this room.
    async fn search_room(
        &self,
        tenant: &TenantId,
        room: Room,
        asked: &mut Asked<'_>,
    ) -> Result<Option<Ranked>, MemoryError> {
        // An index can be put away between being brought up and being searched; then it is opened again.
        for _ in 0..TRIES {
            let exactly = asked.recall.visibility == Visibility::Internal;
            let slot = self.current(tenant, room, exactly).await?;
            if slot.is_empty() {
                if slot.seen().is_some() {
                    return Ok(None);
                }
                continue;
            }
            let meaning = match &asked.meaning {
                Some(meaning) => meaning.clone(),
                None => asked.meaning.insert(self.meaning(tenant, &asked.recall.text).await).clone(),
            };
            let (parts, question, shelved) = (Arc::clone(&self.0), asked.recall.clone(), Arc::clone(&slot));
            let is_quick = meaning.is_none() && slot.is_small();
            let search =
                move || shelved.read(|shard| look_up(shard, &parts.speller, &question, meaning.as_deref()));
            let searched = if is_quick { search() } else { self.blocking(search).await? };
            match searched {
                Ok(Some(ranked)) => return Ok(Some(ranked)),
                Ok(None) => {}
                Err(broken) => return Err(self.give_up(&slot, broken).await),
            }
        }
        Err(MemoryError::Broken("too many other indexes are asked at this moment".to_owned()))
    }

    /// The vector of a question. Without it words alone are searched: an answer of less worth is better than none.
    async fn meaning(&self, tenant: &TenantId, text: &str) -> Option<Vec<f32>> {
        let embedder = self.0.embedder.as_ref()?;
        match embedder.embed(tenant, &[text.to_owned()]).await {
            Ok(mut vectors) => vectors.pop().filter(|vector| vector.len() == embedder.dimensions()),
            Err(error) => {
                tracing::warn!(%error, %tenant, "memory is searched by words alone");
                None
            }
        }
    }

    /// The slot of a room, as far up to the rows as a search needs.
    async fn current(&self, tenant: &TenantId, room: Room, exactly: bool) -> Result<Arc<Slot>, MemoryError> {
        let slot = self.slot(tenant, room);
        match self.lag(&slot, exactly) {
            Lag::None => {}
            Lag::Small => {
                // Somebody else is at it already when it is locked.
                if slot.progress.try_lock().is_ok() {
                    drop(self.follow(&slot, false));
                }
            }
            Lag::Great => {
                // What has just failed is not tried again by everybody who comes by.
                if let Some(reason) = slot.trouble_since(self.0.clock.now() - LOOK_EVERY) {
                    return Err(MemoryError::Broken(reason));
                }
                self.caught_up(&slot, false).await?;
            }
        }
        Ok(slot)
    }

    fn slot(&self, tenant: &TenantId, room: Room) -> Arc<Slot> {
        let (slot, crowded) = self.0.shelf.take(*tenant, room);
        for other in crowded {
            let indexes = self.clone();
            self.0.tasks.spawn("memory.close", async move { indexes.put_away(&other).await });
        }
        slot
    }

    fn lag(&self, slot: &Slot, exactly: bool) -> Lag {
        let Some(seen) = slot.seen() else { return Lag::Great };
        let happened = self.happened(slot);
        let minor = happened.minor.saturating_sub(seen.happened.minor);
        if happened.urgent != seen.happened.urgent || minor > 0 {
            return Lag::Great;
        }
        let is_due = self.0.clock.now().since(seen.looked_at) >= LOOK_EVERY;
        if exactly && is_due {
            // Who asks exactly wants what other processes did, too.
            return Lag::Great;
        }
        let has_forgotten = happened.forgettings != seen.happened.forgettings;
        if is_due || has_forgotten { Lag::Small } else { Lag::None }
    }

    /// What has happened in this room: of what people said, nothing comes into the open one.
    fn happened(&self, slot: &Slot) -> Happened {
        let happened = self.0.database.memory_news().look(slot.tenant);
        match slot.room {
            Room::Open => Happened { minor: 0, ..happened },
            Room::House => happened,
        }
    }

    /// Waits until the index is up to the rows; built anew when `anew`.
    async fn caught_up(&self, slot: &Arc<Slot>, anew: bool) -> Result<(), MemoryError> {
        let followed = self.follow(slot, anew).await;
        followed.unwrap_or_else(|error| Err(MemoryError::Broken(error.to_string())))
    }

    pub(super) async fn rebuild(&self, tenant: &TenantId) -> Result<(), MemoryError> {
        for room in Room::ALL {
            self.caught_up(&self.slot(tenant, room), true).await?;
        }
        Ok(())
    }

    /// An index is built anew when something was forgotten after it was built, and only then: whoever waits for another's
    /// build finds it done. Where there is none, nothing is left of anybody.
    pub(super) async fn erase(&self, tenant: &TenantId) -> Result<(), MemoryError> {
        for room in Room::ALL {
            let slot = self.slot(tenant, room);
            if slot.seen().is_some() || self.place(&slot).exists() {
                self.caught_up(&slot, false).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn indexed(&self, tenant: &TenantId) -> Result<Vec<MemoryId>, MemoryError> {
        let mut found = Vec::new();
        for room in Room::ALL {
            let slot = self.current(tenant, room, false).await?;
            let all = self.blocking(move || slot.read(Shard::all)).await?;
            found.extend(all.map_err(|broken| MemoryError::Broken(broken.0))?.unwrap_or_default());
        }
        Ok(found)
    }

    pub(super) fn describe(&self, tenant: &TenantId) -> String {
        match self.0.shelf.find(*tenant, Room::Open) {
            None => "closed".to_owned(),
            Some(slot) if slot.seen().is_none() => "being opened".to_owned(),
            Some(slot) if slot.is_empty() => "empty".to_owned(),
            Some(slot) => match self.lag(&slot, true) {
                Lag::None => "open, up to date".to_owned(),
                Lag::Small | Lag::Great => "open, following".to_owned(),
            },
        }
    }

    /// The same for whatever makes many files; few do so at the same time.
    async fn making<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, MemoryError> {
        let permit = self.0.making.acquire().await;
        let made = self.blocking(work).await;
        drop(permit);
        made
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, MemoryError> {
        let done = self.0.tasks.spawn_blocking(work).await;
        done.map_err(|error| MemoryError::Broken(error.to_string()))
    }
}

/// What is asked, and its vector once that is known: `None` inside where there is none to be had.
struct Asked<'r> {
    recall: &'r Recall,
    meaning: Option<Option<Vec<f32>>>,
}

/// What one room holds that fits, best first: by words, and by meaning where the question has one.
type Ranked = (Vec<MemoryId>, Option<Vec<MemoryId>>);

fn look_up(
    shard: &Shard,
    speller: &Speller,
    question: &Recall,
    meaning: Option<&[f32]>,
) -> Result<Ranked, Broken> {
    let words = speller.question(&question.text);
    let most = question.limit.clamp(1, MOST) * SPARE;
    let by_words = shard.by_words(&words, most)?;
    let by_meaning = meaning.map(|meaning| shard.by_meaning(meaning, most)).transpose()?;
    Ok((by_words, by_meaning))
}
