//! The indexes of all tenants: opened when they are first asked, kept up with the rows, closed when others are needed
//! more.
//!
//! `shelf` holds those that are known and says which to close; `follow` brings one up to the rows; `shard` is one
//! index on Qdrant Edge, `words` its words, `place` its folder.

mod follow;
mod place;
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

use super::MemoryOptions;
use super::blend::Found;
use crate::Database;
use shard::{Broken, Room, Shard};
use shelf::{Shelf, Slot};
use words::Speller;

/// What other processes commit is found after at most this time.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Interactions that may be committed before an index must take them in.
const MOST_BEHIND: u64 = 256;
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
        Ok(Self(Arc::new(Parts { database, folder, max_items, embedder, clock, ids, tasks, speller, shelf })))
    }

    pub(super) fn open(&self) -> usize {
        self.0.shelf.open()
    }

    /// What the tenant's index finds, in the rooms that the question may look into.
    pub(super) async fn search(&self, tenant: &TenantId, recall: &Recall) -> Result<Found, MemoryError> {
        let mut meaning = None;
        // An index can be put away between being brought up and being searched; then it is opened again.
        for _ in 0..TRIES {
            let slot = self.current(tenant, recall.visibility == Visibility::Internal).await?;
            if slot.is_empty() {
                if slot.seen().is_some() {
                    return Ok(Found::default());
                }
                continue;
            }
            if meaning.is_none() {
                meaning = self.meaning(tenant, &recall.text).await;
            }
            let (parts, question) = (Arc::clone(&self.0), recall.clone());
            let (shelved, vector) = (Arc::clone(&slot), meaning.clone());
            let searched = self.blocking(move || {
                shelved.read(|shard| look_up(shard, &parts.speller, &question, vector.as_deref()))
            });
            match searched.await? {
                Ok(Some(found)) => return Ok(found),
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

    /// The tenant's slot, as far up to the rows as a search needs.
    async fn current(&self, tenant: &TenantId, exactly: bool) -> Result<Arc<Slot>, MemoryError> {
        let slot = self.slot(tenant);
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

    fn slot(&self, tenant: &TenantId) -> Arc<Slot> {
        let (slot, crowded) = self.0.shelf.take(*tenant);
        for other in crowded {
            let indexes = self.clone();
            self.0.tasks.spawn("memory.close", async move { indexes.put_away(&other).await });
        }
        slot
    }

    fn lag(&self, slot: &Slot, exactly: bool) -> Lag {
        let Some(seen) = slot.seen() else { return Lag::Great };
        let happened = self.0.database.memory_news().look(slot.tenant);
        let minor = happened.minor.saturating_sub(seen.happened.minor);
        if happened.urgent != seen.happened.urgent || (exactly && minor > 0) {
            return Lag::Great;
        }
        let is_due = self.0.clock.now().since(seen.looked_at) >= LOOK_EVERY;
        if exactly && is_due {
            // Who asks exactly wants what other processes did, too.
            return Lag::Great;
        }
        let has_forgotten = happened.forgettings != seen.happened.forgettings;
        if is_due || has_forgotten || minor >= MOST_BEHIND { Lag::Small } else { Lag::None }
    }

    /// Waits until the index is up to the rows; built anew when `anew`.
    async fn caught_up(&self, slot: &Arc<Slot>, anew: bool) -> Result<(), MemoryError> {
        let followed = self.follow(slot, anew).await;
        followed.unwrap_or_else(|error| Err(MemoryError::Broken(error.to_string())))
    }

    pub(super) async fn rebuild(&self, tenant: &TenantId) -> Result<(), MemoryError> {
        let slot = self.slot(tenant);
        self.caught_up(&slot, true).await
    }

    /// An index is built anew when something was forgotten after it was built, and only then: whoever waits for another's
    /// build finds it done.
    pub(super) async fn erase(&self, tenant: &TenantId) -> Result<(), MemoryError> {
        let slot = self.slot(tenant);
        self.caught_up(&slot, false).await
    }

    pub(super) async fn indexed(&self, tenant: &TenantId) -> Result<Vec<MemoryId>, MemoryError> {
        let slot = self.current(tenant, false).await?;
        let all = self.blocking(move || slot.read(Shard::all)).await?;
        Ok(all.map_err(|broken| MemoryError::Broken(broken.0))?.unwrap_or_default())
    }

    pub(super) fn describe(&self, tenant: &TenantId) -> String {
        match self.0.shelf.find(tenant) {
            None => "closed".to_owned(),
            Some(slot) if slot.seen().is_none() => "being opened".to_owned(),
            Some(slot) if slot.is_empty() => "empty".to_owned(),
            Some(slot) => match self.lag(&slot, true) {
                Lag::None => "open, up to date".to_owned(),
                Lag::Small | Lag::Great => "open, following".to_owned(),
            },
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, MemoryError> {
        let done = self.0.tasks.spawn_blocking(work).await;
        done.map_err(|error| MemoryError::Broken(error.to_string()))
    }
}

fn look_up(
    shard: &Shard,
    speller: &Speller,
    question: &Recall,
    meaning: Option<&[f32]>,
) -> Result<Found, Broken> {
    let words = speller.question(&question.text);
    let most = question.limit.clamp(1, MOST) * SPARE;
    let mut found = Found::default();
    for room in Room::open_to(question.visibility) {
        found.by_words.push(shard.by_words(*room, &words, most)?);
        if let Some(meaning) = meaning {
            found.by_meaning.push(shard.by_meaning(*room, meaning, most)?);
        }
    }
    Ok(found)
}
