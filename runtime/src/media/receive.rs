//! From bytes on this machine to an asset in the library.

use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use tenants::changes::Changes;
use tenants::ids::{MediaId, TenantId, UploadId};
use tenants::media::{MediaAsset, MediaFile, MediaFormat};
use tenants::ports::{Hint, MediaLibrary, StoreError, UnitOfWork};

use super::inspect::{self, InspectLimits, Inspected, Refusal};
use super::staging::{self, Allowance, Staged};
use super::{MediaDesk, MediaError, MediaPatch};
use crate::administration::Act;

/// Who brings a file, and what is said about it.
#[derive(Debug, Clone)]
pub struct NewMedia {
    /// Whose library it comes into.
    pub tenant: TenantId,
    /// Who brings it.
    pub by: String,
    /// Its name, already checked.
    pub file_name: String,
    /// More words about it.
    pub words: MediaPatch,
}

/// An asset of the library.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// The asset.
    pub asset: MediaAsset,
    /// False when the library held the same content already.
    pub is_new: bool,
}

impl MediaDesk {
    /// Takes in a file that comes in one piece. Nothing is left of it when this fails.
    ///
    /// # Errors
    /// [`MediaError`] says what to do.
    pub async fn receive<S, E>(
        self: &Arc<Self>,
        new: NewMedia,
        announced: Option<u64>,
        body: S,
    ) -> Result<Admitted, MediaError>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let limit = self.limits().max_bytes;
        if announced.is_some_and(|bytes| bytes > limit) {
            return Err(MediaError::TooLarge { limit });
        }
        let staged = self.staged(UploadId::new(&self.parts.ids));
        let allowed = Allowance { limit, idle: self.limits().idle_timeout };
        let written = staging::write_body(staged.path(), 0, body, allowed, self.parts.clock.as_ref()).await?;
        self.admit_apart(new, staged, written.bytes, written.sha256).await
    }

    pub(super) fn staged(&self, upload: UploadId) -> Staged {
        Staged::at(self.staged_path(upload))
    }

    pub(super) fn staged_path(&self, upload: UploadId) -> std::path::PathBuf {
        self.parts.staging.join(format!("{upload}.part"))
    }

    /// [`MediaDesk::admit`] in a task of its own: a caller who goes away leaves nothing half done.
    pub(super) async fn admit_apart(
        self: &Arc<Self>,
        new: NewMedia,
        staged: Staged,
        bytes: u64,
        sha256: String,
    ) -> Result<Admitted, MediaError> {
        let desk = self.clone();
        let admitting = async move { desk.admit(new, staged, bytes, sha256).await };
        let task = self.parts.tasks.spawn("media.admit", admitting);
        task.await.unwrap_or_else(|error| Err(MediaError::unavailable("the node is stopping", error)))
    }

    async fn admit(
        &self,
        new: NewMedia,
        staged: Staged,
        bytes: u64,
        sha256: String,
    ) -> Result<Admitted, MediaError> {
        let database = &self.parts.database;
        if let Some(asset) = database.find_media_by_content(&new.tenant, &sha256).await? {
            return Ok(Admitted { asset, is_new: false });
        }
        let (format, inspected) = self.look_at(&staged).await?;
        let asset = MediaAsset {
            id: MediaId::new(&self.parts.ids),
            tenant: new.tenant,
            file_name: new.file_name,
            kind: format.kind(),
            content_type: format,
            bytes,
            width: inspected.width,
            height: inspected.height,
            duration: inspected.duration,
            video: inspected.video.clone(),
            publish_copy: inspected.copy.as_ref().map(|(copy, _)| *copy),
            has_thumbnail: inspected.thumbnail.is_some(),
            sha256,
            alt_text: None,
            tags: Vec::new(),
            created_by: new.by.clone(),
            created_at: self.parts.clock.now(),
        };
        let asset = new.words.apply(asset).map_err(|error| Refusal::new(error.to_string()))?;
        if let Err(error) = self.store_files(&asset, &staged, inspected).await {
            self.forget_files(&asset).await;
            return Err(error);
        }
        let act = Act { by: new.by, at: self.parts.clock.now(), ids: &self.parts.ids };
        match self.commit(act.add_media(&asset)).await {
            Ok(()) => Ok(Admitted { asset, is_new: true }),
            // Somebody has brought the same content meanwhile.
            Err(StoreError::Conflict(problem)) => {
                self.forget_files(&asset).await;
                match database.find_media_by_content(&new.tenant, &asset.sha256).await? {
                    Some(asset) => Ok(Admitted { asset, is_new: false }),
                    None => Err(MediaError::Conflict(problem)),
                }
            }
            // The row may be there all the same: then its files must be. Otherwise the sweep finds them.
            Err(error) => Err(error.into()),
        }
    }

    /// What the file is, once the virus scanner has nothing against it.
    async fn look_at(&self, staged: &Staged) -> Result<(MediaFormat, Inspected), MediaError> {
        let turn = self.inspections.acquire().await;
        let _turn = turn.map_err(|error| MediaError::unavailable("the node is stopping", error))?;
        let path = staged.path().to_owned();
        let sniffed = self.parts.tasks.spawn_blocking(move || inspect::format_of(&path)).await;
        let format = sniffed.map_err(|error| MediaError::unavailable("the node is stopping", error))??;
        if let Some(scanner) = self.scanner() {
            scanner.scan(staged.path(), self.parts.clock.as_ref()).await?;
        }
        let (path, limits) =
            (staged.path().to_owned(), InspectLimits { max_pixels: self.limits().max_pixels });
        let looked = self.parts.tasks.spawn_blocking(move || inspect::inspect(&path, format, limits)).await;
        match looked {
            Ok(inspected) => Ok((format, inspected?)),
            // A file that makes a library stumble is no file that Instagram would take.
            Err(stumbled) if stumbled.is_panic() => {
                tracing::warn!("a file could not be read without a panic; it is refused");
                Err(Refusal::new("the file is damaged and cannot be read: export it anew").into())
            }
            Err(error) => Err(MediaError::unavailable("the node is stopping", error)),
        }
    }

    async fn store_files(
        &self,
        asset: &MediaAsset,
        staged: &Staged,
        inspected: Inspected,
    ) -> Result<(), MediaError> {
        let files = &self.parts.files;
        let jpeg = MediaFormat::Jpeg.as_str();
        if let Some(thumbnail) = inspected.thumbnail {
            files.put((&asset.tenant, asset.id, MediaFile::Thumbnail), jpeg, thumbnail).await?;
        }
        if let Some((_, copy)) = inspected.copy {
            files.put((&asset.tenant, asset.id, MediaFile::Publish), jpeg, copy).await?;
        }
        let original = (&asset.tenant, asset.id, MediaFile::Original);
        Ok(files.take_over(original, asset.content_type.as_str(), staged.path()).await?)
    }

    /// Removes the files of an asset that did not come into the library, or has left it.
    pub(super) async fn forget_files(&self, asset: &MediaAsset) {
        if let Err(error) = self.parts.files.delete(&asset.tenant, asset.id).await {
            tracing::warn!(%error, media.id = %asset.id, "files were not removed; the sweep will");
        }
    }

    pub(super) async fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        let tenant = changes.chain;
        self.parts.database.commit(changes).await?;
        if let tenants::audit::Chain::Tenant(tenant) = tenant {
            self.parts.wake.send(Hint::Audit(tenant));
        }
        Ok(())
    }

    /// Gives an asset other words.
    ///
    /// # Errors
    /// When a word cannot be used, or the database does not answer.
    pub async fn change(
        &self,
        asset: MediaAsset,
        patch: &MediaPatch,
        by: String,
    ) -> Result<MediaAsset, MediaError> {
        let asset = patch.apply(asset).map_err(|error| Refusal::new(error.to_string()))?;
        let act = Act { by, at: self.parts.clock.now(), ids: &self.parts.ids };
        self.commit(act.change_media(&asset)).await?;
        Ok(asset)
    }

    /// Removes an asset that nobody holds, and its files.
    ///
    /// # Errors
    /// A conflict names who holds it.
    pub async fn delete(&self, asset: &MediaAsset, by: String) -> Result<(), MediaError> {
        let act = Act { by, at: self.parts.clock.now(), ids: &self.parts.ids };
        self.commit(act.delete_media(asset)).await?;
        self.forget_files(asset).await;
        Ok(())
    }
}
