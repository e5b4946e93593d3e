//! The media library: its rows, its files, and addresses under which Instagram fetches them.

use std::io;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use super::{PageRequest, StoreError};
use crate::account::LoginFlavour;
use crate::clock::Timestamp;
use crate::ids::{MediaId, TenantId, UploadId};
use crate::media::{MediaAsset, MediaFile, MediaFilter, MediaUpload, MediaUse};

/// What the library holds. It is changed with [`Change::PutMedia`], [`Change::DeleteMedia`] and
/// [`Change::SetMediaUses`].
///
/// [`Change::PutMedia`]: crate::changes::Change::PutMedia
/// [`Change::DeleteMedia`]: crate::changes::Change::DeleteMedia
/// [`Change::SetMediaUses`]: crate::changes::Change::SetMediaUses
#[async_trait]
pub trait MediaLibrary: Send + Sync {
    /// One asset.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_media(&self, tenant: &TenantId, media: MediaId) -> Result<Option<MediaAsset>, StoreError>;

    /// The asset with this content (SHA-256, hex).
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_media_by_content(
        &self,
        tenant: &TenantId,
        sha256: &str,
    ) -> Result<Option<MediaAsset>, StoreError>;

    /// Assets, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_media(
        &self,
        tenant: &TenantId,
        filter: &MediaFilter,
        page: PageRequest,
    ) -> Result<Vec<MediaAsset>, StoreError>;

    /// Who uses these assets.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn media_uses(&self, tenant: &TenantId, media: &[MediaId]) -> Result<Vec<MediaUse>, StoreError>;
}

/// Uploads in parts, and what the sweep must know. Uploads are changed with [`Change::PutUpload`] and
/// [`Change::DeleteUpload`].
///
/// [`Change::PutUpload`]: crate::changes::Change::PutUpload
/// [`Change::DeleteUpload`]: crate::changes::Change::DeleteUpload
#[async_trait]
pub trait MediaUploads: Send + Sync {
    /// One upload.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_upload(
        &self,
        tenant: &TenantId,
        upload: UploadId,
    ) -> Result<Option<MediaUpload>, StoreError>;

    /// Uploads of a tenant, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_uploads(
        &self,
        tenant: &TenantId,
        page: PageRequest,
    ) -> Result<Vec<MediaUpload>, StoreError>;

    /// Bytes that uploads of a tenant which are under way have announced, and how many these uploads are.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn announced_bytes(&self, tenant: &TenantId) -> Result<(u64, u32), StoreError>;

    /// Uploads of all tenants that have not moved on since `before`, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn stale_uploads(&self, before: Timestamp, limit: u32) -> Result<Vec<MediaUpload>, StoreError>;

    /// Which of these assets are in the tenant's library.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn media_among(&self, tenant: &TenantId, media: &[MediaId]) -> Result<Vec<MediaId>, StoreError>;
}

/// The bytes of a file, in pieces.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// Reads files, for a platform that they are sent to.
#[async_trait]
pub trait MediaBytes: Send + Sync {
    /// The bytes of a file within a range that is not empty; `None` when there is none. It is never held in memory as a
    /// whole.
    ///
    /// # Errors
    /// When the storage does not answer; pieces may be errors, too.
    async fn read_media(
        &self,
        file: (&TenantId, MediaId, MediaFile),
        range: Range<u64>,
    ) -> io::Result<Option<ByteStream>>;
}

/// How platforms get at files: by addresses under which anybody can fetch one for a while, or because they are sent.
#[async_trait]
pub trait PublicMedia: Send + Sync {
    /// Whether videos of accounts with this login are sent to the platform instead of being fetched by it.
    fn sends_videos(&self, _login: LoginFlavour) -> bool {
        false
    }

    /// An address of the file that is published, in ASCII.
    ///
    /// # Errors
    /// When the installation has no public address.
    async fn public_url(
        &self,
        tenant: &TenantId,
        asset: &MediaAsset,
        valid_for: Duration,
    ) -> Result<String, PublicMediaError>;
}

/// Why there is no public address.
#[derive(Debug, thiserror::Error)]
pub enum PublicMediaError {
    /// The installation does not know its own public address.
    #[error(
        "Instagram cannot fetch media: set http.public_url to the address under which this installation is \
             reached from the internet, or media.public_url to where its media are (videos alone, without a cover \
             picture, can be sent to it with media.videos = \"push\")"
    )]
    NoPublicAddress,
    /// The storage could not sign it.
    #[error("the media storage is not available, try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A media library that is not there: for tests that are about something else.
#[derive(Debug, Clone, Copy)]
pub struct NoMedia;

#[async_trait]
impl MediaLibrary for NoMedia {
    async fn find_media(&self, _: &TenantId, _: MediaId) -> Result<Option<MediaAsset>, StoreError> {
        Ok(None)
    }

    async fn find_media_by_content(&self, _: &TenantId, _: &str) -> Result<Option<MediaAsset>, StoreError> {
        Ok(None)
    }

    async fn list_media(
        &self,
        _: &TenantId,
        _: &MediaFilter,
        _: PageRequest,
    ) -> Result<Vec<MediaAsset>, StoreError> {
        Ok(Vec::new())
    }

    async fn media_uses(&self, _: &TenantId, _: &[MediaId]) -> Result<Vec<MediaUse>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl PublicMedia for NoMedia {
    async fn public_url(
        &self,
        _: &TenantId,
        _: &MediaAsset,
        _: Duration,
    ) -> Result<String, PublicMediaError> {
        Err(PublicMediaError::NoPublicAddress)
    }
}
