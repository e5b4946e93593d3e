//! Brings an index up to the rows, opens it and closes it.

use std::sync::Arc;

use serde_json::json;
use tenants::audit::NewAuditEntry;
use tenants::changes::{Change, Changes};
use tenants::ids::{AuditId, TenantId};
use tenants::memory::{Forgetting, MemoryItem};
use tenants::ports::{MemoryError, UnitOfWork};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::place::{Note, Place, VERSION};
use super::room::Room;
use super::shard::{Broken, Point, Shard};
use super::shelf::{Progress, Seen, Slot};
use super::{Indexes, LOOK_EVERY};
use crate::memory::rows::Head;

/// Rows that are read and put in at once.
const PAGE: u32 = 256;
/// Items put in before an index is made durable; fewer wait until it is closed.
const FLUSH_AFTER: u64 = 2_048;
/// A memory may grow above its limit by this part before it is trimmed: trimming costs about as much as that is worth.
const SLACK: u32 = 10;

impl Indexes {
    /// Brings the index up to the rows, in the background: whoever waits may stop waiting.
    pub(super) fn follow(&self, slot: &Arc<Slot>, anew: bool) -> JoinHandle<Result<(), MemoryError>> {
        let (indexes, slot) = (self.clone(), Arc::clone(slot));
        self.0.tasks.spawn("memory.follow", async move {
            let mut progress = slot.progress.lock().await;
            let followed = indexes.follow_rows(&slot, &mut progress, anew).await;
            let trouble = followed.as_ref().err().map(|error| {
                warn!(%error, tenant = %slot.tenant, "a memory index could not be brought up to the rows");
                (indexes.0.clock.now(), error.to_string())
            });
            slot.mark_trouble(trouble);
            followed
        })
    }

    async fn follow_rows(
        &self,
        slot: &Arc<Slot>,
        progress: &mut Progress,
        anew: bool,
    ) -> Result<(), MemoryError> {
        let tenant = slot.tenant;
        // Looked at first: what is committed while the rows are read shows as news later.
        let seen = Seen { happened: self.happened(slot), looked_at: self.0.clock.now() };
        let is_done = |known: Seen| {
            known.happened == seen.happened && seen.looked_at.since(known.looked_at) < LOOK_EVERY
        };
        if !anew && slot.seen().is_some_and(is_done) {
            return Ok(());
        }
        let head = self.0.database.memory_head(&tenant).await?;
        if head == Head::default() {
            if slot.seen().is_none() {
                let place = self.place(slot);
                self.blocking(move || place.remove()).await?;
            }
            slot.mark_seen(Some(seen));
            return Ok(());
        }
        if progress.note.is_none() && !anew {
            self.open_shard(slot, progress, head).await?;
        }
        let is_stale = progress.note.as_ref().is_none_or(|note| note.forgotten != head.forgotten);
        if anew || is_stale || self.is_mostly_dead(slot).await? {
            self.build(slot, progress, head).await?;
        } else if let Err(error) = self.catch_up(slot, progress, head).await {
            let MemoryError::Broken(reason) = &error else { return Err(error) };
            warn!(%tenant, reason, "a memory index is broken; it is set aside and built anew");
            self.close_shard(slot, progress, true).await?;
            self.build(slot, progress, head).await?;
        }
        slot.mark_seen(Some(seen));
        self.trim(slot, progress, head).await
    }

    /// True when too many of its items have no row any more, because there was no room for them.
    async fn is_mostly_dead(&self, slot: &Arc<Slot>) -> Result<bool, MemoryError> {
        let (points, too_many) = (slot.points() as u64, u64::from(self.0.max_items.max(1_000)));
        if points <= too_many {
            return Ok(false);
        }
        let items = self.0.database.memory_count(&slot.tenant).await?;
        Ok(points.saturating_sub(items) > too_many)
    }

    /// Opens what is in the tenant's folder, if it can be used.
    async fn open_shard(
        &self,
        slot: &Arc<Slot>,
        progress: &mut Progress,
        head: Head,
    ) -> Result<(), MemoryError> {
        let place = self.place(slot);
        let dimensions = self.dimensions();
        let model = self.model();
        let shelved = Arc::clone(slot);
        let opened = self
            .blocking(move || {
                let note = place.note(model.as_deref())?;
                if note.forgotten != head.forgotten || note.read_to > head.last_seq {
                    return None;
                }
                match Shard::open(&place.build(&note.build), dimensions) {
                    Ok(shard) => {
                        shelved.replace(Some(shard));
                        place.tidy(&[&note.build], false);
                        Some(note)
                    }
                    Err(broken) => {
                        warn!(%broken, tenant = %shelved.tenant, "a memory index cannot be opened; it is set aside");
                        place.set_aside(&note.build);
                        None
                    }
                }
            })
            .await?;
        if let Some(note) = opened {
            *progress = Progress { read_to: note.read_to, note: Some(note), ..*progress };
        }
        Ok(())
    }

    /// Reads the rows behind those that are in the index, and puts them in.
    async fn catch_up(
        &self,
        slot: &Arc<Slot>,
        progress: &mut Progress,
        head: Head,
    ) -> Result<(), MemoryError> {
        if let Some(whole_to) = progress.meaningless_after.take() {
            progress.read_to = whole_to;
        }
        loop {
            let rows = self.rows_after(slot, progress.read_to, PAGE).await?;
            let Some((last, _)) = rows.last() else { break };
            let (last, count) = (*last, rows.len() as u64);
            let points = self.points(&slot.tenant, rows, progress).await?;
            let shelved = Arc::clone(slot);
            self.blocking(move || shelved.put(points)).await?.map_err(broken)?;
            progress.read_to = last;
            progress.unflushed += count;
            if count < u64::from(PAGE) {
                break;
            }
        }
        // What stands in the other room need not be passed over again.
        progress.read_to = progress.read_to.max(head.last_seq);
        if progress.unflushed >= FLUSH_AFTER {
            self.flush(slot, progress).await?;
        }
        Ok(())
    }

    /// Makes a new shard of all rows of the room and puts it in place of the old one, whose files are removed. An empty
    /// room has no files.
    async fn build(&self, slot: &Arc<Slot>, progress: &mut Progress, head: Head) -> Result<(), MemoryError> {
        let (tenant, room, place) = (slot.tenant, slot.room, self.place(slot));
        if self.rows_after(slot, progress.empty_to, 1).await?.is_empty() {
            let shelved = Arc::clone(slot);
            *progress =
                Progress { empty_to: head.last_seq, counted_to: progress.counted_to, ..Progress::default() };
            return self
                .blocking(move || {
                    shelved.replace(None);
                    place.remove();
                })
                .await;
        }
        let build = format!("b{}", self.0.ids.uuid().simple());
        let (dimensions, folder) = (self.dimensions(), place.build(&build));
        let shard = self.making(move || Shard::create(&folder, dimensions)).await?.map_err(broken)?;
        let shard = Arc::new(shard);
        let mut built = Progress { read_to: progress.empty_to, ..Progress::default() };
        let mut items = 0;
        loop {
            let rows = self.rows_after(slot, built.read_to, PAGE).await?;
            let Some((last, _)) = rows.last() else { break };
            let (last, count) = (*last, rows.len() as u64);
            let points = self.points(&tenant, rows, &mut built).await?;
            let filling = Arc::clone(&shard);
            self.blocking(move || filling.put(points)).await?.map_err(broken)?;
            built.read_to = last;
            items += count;
        }
        built.read_to = built.read_to.max(head.last_seq);
        let note = Note {
            version: VERSION,
            tenant,
            room,
            build,
            model: self.model(),
            read_to: built.meaningless_after.unwrap_or(built.read_to),
            forgotten: head.forgotten,
        };
        let (shelved, written) = (Arc::clone(slot), note.clone());
        self.making(move || {
            let shard = Arc::into_inner(shard).ok_or_else(|| Broken("the shard is in use".to_owned()))?;
            shard.flush()?;
            place.write(&written).map_err(|error| Broken(error.to_string()))?;
            shelved.replace(Some(shard));
            // The one that was set aside holds what was forgotten, too.
            place.tidy(&[&written.build], written.forgotten > 0);
            Ok(())
        })
        .await?
        .map_err(broken)?;
        info!(%tenant, room = room.name(), items, "a memory index was built");
        let (empty_to, counted_to) = (progress.empty_to, progress.counted_to);
        *progress = Progress { note: Some(note), empty_to, counted_to, ..built };
        Ok(())
    }

    async fn points(
        &self,
        tenant: &TenantId,
        rows: Vec<(i64, MemoryItem)>,
        progress: &mut Progress,
    ) -> Result<Vec<Point>, MemoryError> {
        let items: Vec<MemoryItem> = rows.into_iter().map(|(_, item)| item).collect();
        let meanings = self.meanings(tenant, &items, progress).await;
        let parts = Arc::clone(&self.0);
        self.blocking(move || {
            let point = |(item, meaning): (&MemoryItem, Option<Vec<f32>>)| Point {
                id: item.id,
                words: parts.speller.document(&item.searched()),
                meaning,
            };
            items.iter().zip(meanings).map(point).collect()
        })
        .await
    }

    /// A vector per item, where there is an embedding endpoint and it answers. What is put in without is put in again
    /// when it does.
    async fn meanings(
        &self,
        tenant: &TenantId,
        items: &[MemoryItem],
        progress: &mut Progress,
    ) -> Vec<Option<Vec<f32>>> {
        let without = || vec![None; items.len()];
        let Some(embedder) = &self.0.embedder else { return without() };
        if progress.meaningless_after.is_some() {
            return without();
        }
        let texts: Vec<String> = items.iter().map(MemoryItem::searched).collect();
        let problem = match embedder.embed(tenant, &texts).await {
            Ok(vectors) => {
                let fits = |vector: &Vec<f32>| vector.len() == embedder.dimensions();
                if vectors.len() == items.len() && vectors.iter().all(fits) {
                    return vectors.into_iter().map(Some).collect();
                }
                format!("{} gave vectors of another number or size", embedder.model())
            }
            Err(error) => error.to_string(),
        };
        warn!(problem, %tenant, "items of a memory are found by words alone until they have vectors");
        progress.meaningless_after = Some(progress.read_to);
        without()
    }

    async fn flush(&self, slot: &Arc<Slot>, progress: &mut Progress) -> Result<(), MemoryError> {
        let Some(note) = &mut progress.note else { return Ok(()) };
        note.read_to = progress.meaningless_after.unwrap_or(progress.read_to);
        let (place, shelved, written) = (self.place(slot), Arc::clone(slot), note.clone());
        self.blocking(move || {
            shelved.read(Shard::flush)?;
            place.write(&written).map_err(|error| Broken(error.to_string()))
        })
        .await?
        .map_err(broken)?;
        progress.unflushed = 0;
        Ok(())
    }

    /// Closes the shard; sets it aside when it is broken.
    async fn close_shard(
        &self,
        slot: &Arc<Slot>,
        progress: &mut Progress,
        is_broken: bool,
    ) -> Result<(), MemoryError> {
        let note = std::mem::take(progress).note;
        slot.mark_seen(None);
        let (place, shelved) = (self.place(slot), Arc::clone(slot));
        self.blocking(move || {
            shelved.replace(None);
            if let Some(note) = note.filter(|_| is_broken) {
                place.set_aside(&note.build);
            }
        })
        .await
    }

    /// A search found the shard broken: it is closed, set aside and built anew in the background.
    pub(super) async fn give_up(&self, slot: &Arc<Slot>, reason: Broken) -> MemoryError {
        warn!(%reason, tenant = %slot.tenant, "a memory index is broken; it is set aside and built anew");
        let mut progress = slot.progress.lock().await;
        if let Err(error) = self.close_shard(slot, &mut progress, true).await {
            warn!(%error, tenant = %slot.tenant, "a broken memory index could not be closed");
        }
        drop(progress);
        drop(self.follow(slot, false));
        MemoryError::Broken(reason.0)
    }

    /// Makes an index durable and closes it, because others are needed more.
    pub(super) async fn put_away(&self, slot: &Arc<Slot>) {
        let mut progress = slot.progress.lock().await;
        if progress.unflushed > 0
            && let Err(error) = self.flush(slot, &mut progress).await
        {
            warn!(%error, tenant = %slot.tenant, "a memory index could not be made durable");
        }
        if let Err(error) = self.close_shard(slot, &mut progress, false).await {
            warn!(%error, tenant = %slot.tenant, "a memory index could not be closed");
        }
        if self.0.shelf.remove(slot) {
            self.0.database.memory_news().leave(slot.tenant);
        }
    }

    pub(in crate::memory) async fn close(&self) {
        for slot in self.0.shelf.all() {
            self.put_away(&slot).await;
        }
    }

    /// Lets the least useful interactions go when there are too many items. Whoever follows the open room sees to it: that
    /// is followed as long as anything is decided.
    async fn trim(&self, slot: &Slot, progress: &mut Progress, head: Head) -> Result<(), MemoryError> {
        let (tenant, limit) = (slot.tenant, self.0.max_items);
        let few = i64::from((limit / SLACK / 2).max(1));
        if limit == 0 || slot.room != Room::Open || head.last_seq - progress.counted_to < few {
            return Ok(());
        }
        progress.counted_to = head.last_seq;
        let items = self.0.database.memory_count(&tenant).await?;
        if items <= u64::from(limit + limit / SLACK) {
            return Ok(());
        }
        let entry = NewAuditEntry {
            id: AuditId::new(&self.0.ids),
            event_type: "memory.trimmed".to_owned(),
            action: "trim".to_owned(),
            resource_type: "memory".to_owned(),
            resource_id: tenant.to_string(),
            actor: "memory".to_owned(),
            success: true,
            error: None,
            details: json!({ "items": items, "limit": limit }).into(),
            at: self.0.clock.now(),
        };
        let changes = Changes::of_tenant(tenant)
            .with(Change::Forget(Forgetting::Surplus { keep: limit }))
            .with(Change::Audit(Box::new(entry)));
        Ok(self.0.database.commit(changes).await?)
    }

    /// Rows of the slot's room.
    async fn rows_after(
        &self,
        slot: &Slot,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<(i64, MemoryItem)>, MemoryError> {
        Ok(self.0.database.memory_after(&slot.tenant, slot.room == Room::Open, seq, limit).await?)
    }

    pub(super) fn place(&self, slot: &Slot) -> Place {
        Place::of(&self.0.folder, &slot.tenant, slot.room)
    }

    fn model(&self) -> Option<String> {
        self.0.embedder.as_ref().map(|embedder| format!("{}/{}", embedder.model(), embedder.dimensions()))
    }

    fn dimensions(&self) -> Option<usize> {
        self.0.embedder.as_ref().map(|embedder| embedder.dimensions())
    }
}

fn broken(error: Broken) -> MemoryError {
    MemoryError::Broken(error.0)
}
