//! The sweep: removes uploads that nobody goes on with, and files without an asset.
//!
//! It asks for a bounded number of assets at a time and goes on from there the next time, so that a large library costs
//! no more than a small one.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actors::supervision::Part;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{MediaId, TenantId};
use tenants::ports::{MediaUploads, UnitOfWork};

use super::{MediaDesk, MediaError};

/// Time between two rounds.
const EVERY: Duration = Duration::from_secs(3_600);
/// Uploads that a round looks at.
const UPLOADS: u32 = 1_000;
/// Assets that a round looks at, in files.
const ASSETS: usize = 5_000;
/// Assets that are looked up at once.
const BATCH: usize = 500;

/// What a round has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that nobody went on with.
    pub uploads: usize,
    /// Files under way that belong to no upload.
    pub staged: usize,
    /// Assets without a row whose files were there.
    pub orphans: usize,
}

/// Sweeps at start and then every hour, until the node stops.
pub async fn run(desk: Arc<MediaDesk>, part: Part) {
    let mut from = None;
    loop {
        match desk.sweep(&mut from).await {
            Ok(swept) if swept == Swept::default() => {}
            Ok(swept) => tracing::info!(
                swept.uploads,
                swept.staged,
                swept.orphans,
                "uploads and files that belonged to nobody were removed"
            ),
            Err(error) => tracing::warn!(%error, "media could not be swept; it is tried again in an hour"),
        }
        tokio::select! {
            () = part.stopping() => return,
            () = desk.parts.clock.sleep(EVERY) => {}
        }
    }
}

impl MediaDesk {
    /// One round. `from` is the tenant after which files are looked at; it is moved on, and back to the first tenant
    /// after the last.
    ///
    /// # Errors
    /// When the database or the storage does not answer; what was removed is removed.
    pub async fn sweep(&self, from: &mut Option<TenantId>) -> Result<Swept, MediaError> {
        let before = self.parts.clock.now() - self.limits().abandoned_after;
        Ok(Swept {
            uploads: self.sweep_uploads(before).await?,
            staged: self.sweep_staging(before).await?,
            orphans: self.sweep_files(before, from).await?,
        })
    }

    async fn sweep_uploads(&self, before: Timestamp) -> Result<usize, MediaError> {
        let stale = self.parts.database.stale_uploads(before, UPLOADS).await?;
        for upload in &stale {
            let change = Change::DeleteUpload(upload.id);
            self.parts.database.commit(Changes::of_tenant(upload.tenant).with(change)).await?;
            drop(self.staged(upload.id));
        }
        Ok(stale.len())
    }

    async fn sweep_staging(&self, before: Timestamp) -> Result<usize, MediaError> {
        let folder = self.parts.staging.clone();
        let swept = self.parts.tasks.spawn_blocking(move || remove_older(&folder, before)).await;
        swept
            .map_err(|error| MediaError::unavailable("the node is stopping", error))?
            .map_err(|error| MediaError::unavailable("the folder of uploads cannot be read", error))
    }

    async fn sweep_files(&self, before: Timestamp, from: &mut Option<TenantId>) -> Result<usize, MediaError> {
        let tenants = self.parts.files.tenants().await?;
        let (mut looked, mut orphans) = (0, 0);
        let after = *from;
        for tenant in tenants.into_iter().filter(|tenant| after.is_none_or(|after| *tenant > after)) {
            let assets = self.parts.files.assets(&tenant).await?;
            for batch in assets.chunks(BATCH) {
                orphans += self.sweep_assets(&tenant, batch, before).await?;
            }
            looked += assets.len();
            *from = Some(tenant);
            if looked >= ASSETS {
                return Ok(orphans);
            }
        }
        *from = None;
        Ok(orphans)
    }

    async fn sweep_assets(
        &self,
        tenant: &TenantId,
        assets: &[MediaId],
        before: Timestamp,
    ) -> Result<usize, MediaError> {
        let known = self.parts.database.media_among(tenant, assets).await?;
        let mut orphans = 0;
        for media in assets.iter().filter(|media| !known.contains(media)) {
            // What was stored a moment ago may get its row in the next one.
            if self.parts.files.newest(tenant, *media).await?.is_some_and(|newest| newest < before) {
                self.parts.files.delete(tenant, *media).await?;
                orphans += 1;
            }
        }
        Ok(orphans)
    }
}

/// Removes files that nobody has written to since. Blocks.
fn remove_older(folder: &std::path::Path, before: Timestamp) -> io::Result<usize> {
    let mut removed = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let written = entry.metadata().and_then(|meta| meta.modified());
        if written.is_ok_and(|at| moment(at) < before) && std::fs::remove_file(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

fn moment(time: SystemTime) -> Timestamp {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
}
