//! The media library: uploads come in, are looked at, stored, shown to Instagram, and swept up.
//!
//! A file comes in through [`receive`](MediaDesk::receive) in one piece or through the uploads in parts, always as a
//! file on this machine first (flat memory, whatever its size). `inspect` reads from its content what it is, and
//! refuses what it is not; a virus scanner is asked when one is configured. Then its files are stored, and last its
//! row: an asset is in the library only when all of it is there. What a crash leaves behind is found by the sweep.

mod acts;
mod clamd;
mod inspect;
mod links;
mod receive;
pub mod samples;
mod staging;
mod sweep;
mod uploads;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use storage::{Database, FilesError, MediaFiles};
use tenants::clock::Clock;
use tenants::ids::{Ids, TenantId, UploadId};
use tenants::ports::{StoreError, Wake};
use tenants::tasks::Tasks;
use tokio::sync::Semaphore;

pub use acts::{MediaPatch, checked_file_name};
pub use clamd::Clamd;
pub use inspect::{InspectLimits, Refusal};
pub use links::{LinkKeys, LinkRefused, Linked, MediaLinks, SentVideos};
pub use receive::{Admitted, NewMedia};
pub use sweep::{Swept, run as run_sweep};
pub use uploads::UploadState;

/// Looked at side by side: each may take some hundred megabytes while a large picture is decoded.
const INSPECTED_AT_ONCE: usize = 2;

/// Limits of the library.
#[derive(Debug, Clone)]
pub struct MediaLimits {
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Largest picture, in pixels.
    pub max_pixels: u64,
    /// Uploads of one tenant that may be under way at the same time.
    pub max_open_uploads: u32,
    /// How long a request that uploads may be silent.
    pub idle_timeout: Duration,
    /// After this time, an upload that nobody goes on with is removed, and files that belong to no asset.
    pub abandoned_after: Duration,
}

/// What a [`MediaDesk`] is made of.
pub struct MediaParts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// Background tasks.
    pub tasks: Tasks,
    /// Rows.
    pub database: Database,
    /// Hints.
    pub wake: Arc<dyn Wake>,
    /// Files.
    pub files: MediaFiles,
    /// Folder of uploads under way; on the file system of the files when these are in a folder.
    pub staging: PathBuf,
    /// Asked about every file, when there is one.
    pub scanner: Option<Clamd>,
    /// Addresses for Instagram.
    pub links: Arc<MediaLinks>,
    /// Limits.
    pub limits: MediaLimits,
}

/// Takes media in and hands them out. Cheap to share in an [`Arc`].
pub struct MediaDesk {
    parts: MediaParts,
    inspections: Semaphore,
    /// Uploads that a request is working on.
    busy: Mutex<HashSet<UploadId>>,
}

impl fmt::Debug for MediaDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaDesk")
    }
}

/// Why media were not taken in.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The file is larger than allowed, or larger than was announced.
    #[error("the file has more than {limit} bytes: send a smaller one")]
    TooLarge {
        /// What is allowed.
        limit: u64,
    },
    /// The content is not what the library takes.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such upload.
    #[error("no upload with this id: begin another one")]
    UnknownUpload,
    /// The present state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// A part does not begin where the upload stands.
    #[error("the upload holds {received} bytes: go on from there")]
    WrongOffset {
        /// Bytes that are there.
        received: u64,
    },
    /// The body ended early, or stopped coming.
    #[error("the body did not come to its end: send it again, or go on with an upload in parts")]
    Interrupted,
    /// A part of ours cannot be reached or has no room.
    #[error("media cannot be taken in at the moment: {what}; try again later")]
    Unavailable {
        /// Which part.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MediaError {
    fn unavailable(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { what, source: source.into() }
    }
}

impl From<FilesError> for MediaError {
    fn from(error: FilesError) -> Self {
        Self::unavailable("the storage of files does not answer", error)
    }
}

impl MediaDesk {
    /// A desk; the folder for uploads is made when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(parts: MediaParts) -> std::io::Result<Self> {
        std::fs::create_dir_all(&parts.staging)?;
        Ok(Self { parts, inspections: Semaphore::new(INSPECTED_AT_ONCE), busy: Mutex::default() })
    }

    /// The files of all tenants.
    pub fn files(&self) -> &MediaFiles {
        &self.parts.files
    }

    /// Addresses for Instagram and browsers.
    pub fn links(&self) -> &Arc<MediaLinks> {
        &self.parts.links
    }

    /// Limits.
    pub fn limits(&self) -> &MediaLimits {
        &self.parts.limits
    }

    /// The virus scanner, when one is configured.
    pub fn scanner(&self) -> Option<&Clamd> {
        self.parts.scanner.as_ref()
    }

    /// Removes all files of a tenant that is erased, and tells how many there were. Its rows must be gone.
    ///
    /// # Errors
    /// When the storage does not answer; the sweep removes what is left.
    pub async fn erase_files(&self, tenant: &TenantId) -> Result<u64, MediaError> {
        Ok(self.parts.files.erase(tenant).await?)
    }
}
