//! Uploads in parts: begun, gone on with after a broken connection, completed.
//!
//! How many bytes are there is said by the file alone, so a part costs no row of its own, and what a crash leaves is
//! what can be gone on from.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use futures::Stream;
use tenants::changes::{Change, Changes};
use tenants::ids::{TenantId, UploadId};
use tenants::media::{MediaUpload, UploadStatus};
use tenants::ports::{MediaLibrary, MediaUploads, PageRequest, UnitOfWork};

use super::receive::{Admitted, NewMedia};
use super::staging::{self, Allowance};
use super::{MediaDesk, MediaError, MediaPatch};

/// An upload and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadState {
    /// The upload.
    pub upload: MediaUpload,
    /// Bytes that are there.
    pub received: u64,
}

/// The right to work on an upload; only one request has it.
struct Turn<'d>(&'d MediaDesk, UploadId);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl MediaDesk {
    fn turn(&self, upload: UploadId) -> Result<Turn<'_>, MediaError> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.insert(upload) {
            return Ok(Turn(self, upload));
        }
        Err(MediaError::Conflict("another request works on this upload: wait for its end".to_owned()))
    }

    /// Begins an upload of so many bytes.
    ///
    /// # Errors
    /// When it is too large, or too many are under way.
    pub async fn begin_upload(
        &self,
        tenant: TenantId,
        by: String,
        file_name: String,
        bytes: u64,
    ) -> Result<UploadState, MediaError> {
        let limit = self.limits().max_bytes;
        if bytes > limit {
            return Err(MediaError::TooLarge { limit });
        }
        let (_, open) = self.parts.database.announced_bytes(&tenant).await?;
        if open >= self.limits().max_open_uploads {
            let problem = format!(
                "{open} uploads are under way: list them, and complete or cancel one first; those that nobody goes on \
                 with are removed after a day"
            );
            return Err(MediaError::Conflict(problem));
        }
        let now = self.parts.clock.now();
        let upload = MediaUpload {
            id: UploadId::new(&self.parts.ids),
            tenant,
            file_name,
            bytes,
            status: UploadStatus::Receiving,
            media: None,
            error: None,
            created_by: by,
            created_at: now,
            updated_at: now,
        };
        self.put_upload(&upload).await?;
        Ok(UploadState { upload, received: 0 })
    }

    async fn put_upload(&self, upload: &MediaUpload) -> Result<(), MediaError> {
        let change = Change::PutUpload(Box::new(upload.clone()));
        Ok(self.parts.database.commit(Changes::of_tenant(upload.tenant).with(change)).await?)
    }

    async fn found(&self, tenant: &TenantId, upload: UploadId) -> Result<MediaUpload, MediaError> {
        self.parts.database.find_upload(tenant, upload).await?.ok_or(MediaError::UnknownUpload)
    }

    /// How far an upload has come.
    ///
    /// # Errors
    /// When there is none.
    pub async fn upload_state(&self, tenant: &TenantId, upload: UploadId) -> Result<UploadState, MediaError> {
        self.progress(self.found(tenant, upload).await?).await
    }

    /// Uploads of a tenant and how far they have come, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn list_uploads(
        &self,
        tenant: &TenantId,
        page: PageRequest,
    ) -> Result<Vec<UploadState>, MediaError> {
        let uploads = self.parts.database.list_uploads(tenant, page).await?;
        let mut states = Vec::with_capacity(uploads.len());
        for upload in uploads {
            states.push(self.progress(upload).await?);
        }
        Ok(states)
    }

    async fn progress(&self, upload: MediaUpload) -> Result<UploadState, MediaError> {
        let received = match upload.status {
            UploadStatus::Done => upload.bytes,
            _ => staging::length(&self.staged_path(upload.id)).await?,
        };
        Ok(UploadState { upload, received })
    }

    /// Takes in bytes from `offset` on, which must be where the upload stands. When the connection breaks, what came
    /// before stays.
    ///
    /// # Errors
    /// [`MediaError::WrongOffset`] says where to go on.
    pub async fn add_part<S, E>(
        &self,
        tenant: &TenantId,
        upload: UploadId,
        offset: u64,
        body: S,
    ) -> Result<UploadState, MediaError>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let mut upload = self.found(tenant, upload).await?;
        let _turn = self.turn(upload.id)?;
        if upload.status != UploadStatus::Receiving {
            return Err(MediaError::Conflict(format!("the upload is {}: begin another one", upload.status)));
        }
        let path = self.staged_path(upload.id);
        let received = staging::length(&path).await?;
        if received != offset {
            return Err(MediaError::WrongOffset { received });
        }
        let allowed =
            Allowance { limit: upload.bytes.saturating_sub(offset), idle: self.limits().idle_timeout };
        let clock = self.parts.clock.as_ref();
        let written = match staging::write_body(&path, offset, body, allowed, clock).await {
            Err(MediaError::TooLarge { .. }) => return Err(MediaError::TooLarge { limit: upload.bytes }),
            written => written?,
        };
        upload.updated_at = self.parts.clock.now();
        self.put_upload(&upload).await?;
        Ok(UploadState { upload, received: offset + written.bytes })
    }

    /// Makes an asset of an upload whose bytes are all there. Completing it once more gives the same asset.
    ///
    /// # Errors
    /// [`MediaError::WrongOffset`] when bytes are missing.
    pub async fn complete_upload(
        self: &Arc<Self>,
        tenant: &TenantId,
        upload: UploadId,
        by: String,
    ) -> Result<Admitted, MediaError> {
        let mut upload = self.found(tenant, upload).await?;
        let _turn = self.turn(upload.id)?;
        match upload.status {
            UploadStatus::Done => return self.completed(&upload).await,
            UploadStatus::Refused => {
                let why = upload.error.unwrap_or_default();
                return Err(super::Refusal::new(why).into());
            }
            // Checking without anybody who works on it: the node ended meanwhile.
            UploadStatus::Receiving | UploadStatus::Checking => {}
        }
        let path = self.staged_path(upload.id);
        let received = staging::length(&path).await?;
        if received != upload.bytes {
            return Err(MediaError::WrongOffset { received });
        }
        self.moved_on(&mut upload, UploadStatus::Checking).await?;
        let hashed = self.parts.tasks.spawn_blocking(move || staging::hash_of(&path)).await;
        let sha256 = hashed
            .map_err(|error| MediaError::unavailable("the node is stopping", error))?
            .map_err(|error| MediaError::unavailable("the disk of this node cannot be read", error))?;
        let new = NewMedia {
            tenant: upload.tenant,
            by,
            file_name: upload.file_name.clone(),
            words: MediaPatch::default(),
        };
        self.admit_kept(new, &mut upload, sha256).await
    }

    /// Admits the file of an upload, and keeps it when the trouble is ours: then completing can be tried again.
    async fn admit_kept(
        self: &Arc<Self>,
        new: NewMedia,
        upload: &mut MediaUpload,
        sha256: String,
    ) -> Result<Admitted, MediaError> {
        let path = self.staged_path(upload.id);
        let spare = self.staged(UploadId::new(&self.parts.ids));
        let kept = path.clone();
        let (from, to) = (path.clone(), spare.path().to_owned());
        let linked = self.parts.tasks.spawn_blocking(move || std::fs::hard_link(from, to)).await;
        linked.map_err(|error| MediaError::unavailable("the node is stopping", error))?.map_err(|error| {
            MediaError::unavailable("the disk of this node does not take the file", error)
        })?;
        let admitted = self.admit_apart(new, spare, upload.bytes, sha256).await;
        match &admitted {
            Ok(Admitted { asset, .. }) => {
                upload.media = Some(asset.id);
                self.moved_on(upload, UploadStatus::Done).await?;
                let _ = tokio::fs::remove_file(kept).await;
            }
            Err(MediaError::Refused(refusal)) => {
                upload.error = Some(refusal.to_string());
                self.moved_on(upload, UploadStatus::Refused).await?;
                let _ = tokio::fs::remove_file(kept).await;
            }
            Err(_) => self.moved_on(upload, UploadStatus::Receiving).await?,
        }
        admitted
    }

    async fn moved_on(&self, upload: &mut MediaUpload, status: UploadStatus) -> Result<(), MediaError> {
        upload.status = status;
        upload.updated_at = self.parts.clock.now();
        self.put_upload(upload).await
    }

    async fn completed(&self, upload: &MediaUpload) -> Result<Admitted, MediaError> {
        let asset = match upload.media {
            Some(media) => self.parts.database.find_media(&upload.tenant, media).await?,
            None => None,
        };
        let gone = || MediaError::Conflict("the asset was deleted meanwhile: upload it again".to_owned());
        Ok(Admitted { asset: asset.ok_or_else(gone)?, is_new: false })
    }

    /// Gives an upload up and removes its bytes.
    ///
    /// # Errors
    /// When there is none, or a request works on it.
    pub async fn cancel_upload(&self, tenant: &TenantId, upload: UploadId) -> Result<(), MediaError> {
        let upload = self.found(tenant, upload).await?;
        let _turn = self.turn(upload.id)?;
        let change = Change::DeleteUpload(upload.id);
        self.parts.database.commit(Changes::of_tenant(upload.tenant).with(change)).await?;
        drop(self.staged(upload.id));
        Ok(())
    }
}
