//! The files of the media library.
//!
//! A file lies under `tenant/asset/file`. Files are there before their row, and go after it; what is left without a
//! row (a crash in between) is found by the sweep, which walks tenants and assets here.

use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use object_store::aws::AmazonS3;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{
    Attribute, Attributes, GetOptions, GetResultPayload, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    PutOptions, PutPayload,
};
use tenants::clock::Timestamp;
use tenants::ids::{MediaId, TenantId};
use tenants::media::MediaFile;
use tenants::ports::{ByteStream, MediaBytes};
use tenants::tasks::Tasks;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::bucket::{self, BucketOptions};

/// Why the storage of files did not do it; nothing half is visible.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It cannot be reached, has no room, or refuses us.
    #[error("the media storage is not available, try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<object_store::Error> for FilesError {
    fn from(error: object_store::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<io::Error> for FilesError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// The bytes of a file, in pieces.
pub type FileStream = BoxStream<'static, Result<Bytes, FilesError>>;

/// The files of all tenants. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MediaFiles {
    store: Arc<dyn ObjectStore>,
    place: Place,
    tasks: Tasks,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(Arc<LocalFileSystem>),
    Bucket(Arc<AmazonS3>),
}

/// Bytes that are read from a file at once.
const PIECE: usize = 128 << 10;
/// Bytes of a part that is sent to a bucket; S3 takes none below 5 MiB but the last.
const PART: usize = 8 << 20;

impl MediaFiles {
    /// Files in a folder of this machine, which is made when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn in_folder(folder: &FilePath, tasks: Tasks) -> Result<Self, FilesError> {
        std::fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true).with_fsync(true);
        let store = Arc::new(store);
        Ok(Self { store: store.clone(), place: Place::Folder(store), tasks })
    }

    /// Files in an S3-compatible bucket. It is not asked yet.
    ///
    /// # Errors
    /// When the options make no sense.
    pub fn in_bucket(options: &BucketOptions, tasks: Tasks) -> Result<Self, FilesError> {
        let store = Arc::new(bucket::open(options)?);
        Ok(Self { store: store.clone(), place: Place::Bucket(store), tasks })
    }

    /// Takes over a file of this machine, which must be on the same file system when files are kept in a folder.
    /// When this ends well, the file is durable, and `from` is gone.
    ///
    /// # Errors
    /// When the storage does not take it; `from` may still be there.
    pub async fn take_over(
        &self,
        to: (&TenantId, MediaId, MediaFile),
        content_type: &'static str,
        from: &FilePath,
    ) -> Result<(), FilesError> {
        let location = location(to);
        match &self.place {
            Place::Folder(store) => {
                let (from, to) = (from.to_owned(), store.path_to_filesystem(&location)?);
                let moved = self.tasks.spawn_blocking(move || move_durably(&from, &to));
                Ok(moved.await.map_err(|error| FilesError::Unavailable(Box::new(error)))??)
            }
            Place::Bucket(_) => {
                self.send(&location, content_type, from).await?;
                Ok(tokio::fs::remove_file(from).await?)
            }
        }
    }

    async fn send(
        &self,
        location: &Path,
        content_type: &'static str,
        from: &FilePath,
    ) -> Result<(), FilesError> {
        let mut file = tokio::fs::File::open(from).await?;
        let options = PutMultipartOptions { attributes: attributes(content_type), ..Default::default() };
        let mut upload = self.store.put_multipart_opts(location, options).await?;
        let sent = async {
            loop {
                let mut part = BytesMut::with_capacity(PART);
                while part.len() < PART {
                    if (&mut file).take((PART - part.len()) as u64).read_buf(&mut part).await? == 0 {
                        break;
                    }
                }
                if part.is_empty() {
                    return Ok::<(), FilesError>(());
                }
                upload.put_part(PutPayload::from(part.freeze())).await?;
            }
        };
        match sent.await {
            Ok(()) => Ok(upload.complete().await.map(drop)?),
            Err(error) => {
                // Parts that are not removed here go by the bucket's own rules.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    /// Stores a small file.
    ///
    /// # Errors
    /// When the storage does not take it.
    pub async fn put(
        &self,
        to: (&TenantId, MediaId, MediaFile),
        content_type: &'static str,
        bytes: Vec<u8>,
    ) -> Result<(), FilesError> {
        let attributes = match self.place {
            // A folder knows no content types, and refuses them.
            Place::Folder(_) => Attributes::default(),
            Place::Bucket(_) => attributes(content_type),
        };
        let options = PutOptions { attributes, ..Default::default() };
        self.store.put_opts(&location(to), PutPayload::from(bytes), options).await?;
        Ok(())
    }

    /// Size of a file in bytes; `None` when there is none.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn size(&self, of: (&TenantId, MediaId, MediaFile)) -> Result<Option<u64>, FilesError> {
        match self.store.head(&location(of)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes of a file within a range that is not empty; `None` when there is none.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn open(
        &self,
        file: (&TenantId, MediaId, MediaFile),
        range: Range<u64>,
    ) -> Result<Option<FileStream>, FilesError> {
        let options = GetOptions { range: Some(range.into()), ..GetOptions::default() };
        let found = match self.store.get_opts(&location(file), options).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(match found.payload {
            GetResultPayload::File(file, _) => pieces(file, found.range).await?,
            GetResultPayload::Stream(stream) => stream.map_err(FilesError::from).boxed(),
        }))
    }

    /// Removes all files of an asset; those that are gone already do not matter.
    ///
    /// # Errors
    /// When the storage does not answer; some may be gone.
    pub async fn delete(&self, tenant: &TenantId, media: MediaId) -> Result<(), FilesError> {
        self.delete_below(&Path::from(format!("{tenant}/{media}"))).await.map(drop)
    }

    /// Removes all files of a tenant and tells how many there were.
    ///
    /// # Errors
    /// When the storage does not answer; some may be gone.
    pub async fn erase(&self, tenant: &TenantId) -> Result<u64, FilesError> {
        self.delete_below(&Path::from(tenant.to_string())).await
    }

    async fn delete_below(&self, folder: &Path) -> Result<u64, FilesError> {
        let mut found = self.store.list(Some(folder));
        let mut deleted = 0;
        while let Some(object) = found.try_next().await? {
            match self.store.delete(&object.location).await {
                Ok(()) => deleted += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(deleted)
    }

    /// Tenants that have files, in their order.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn tenants(&self) -> Result<Vec<TenantId>, FilesError> {
        self.folders(None).await
    }

    /// Assets of a tenant that have files, in their order.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn assets(&self, tenant: &TenantId) -> Result<Vec<MediaId>, FilesError> {
        self.folders(Some(Path::from(tenant.to_string()))).await
    }

    async fn folders<Id: std::str::FromStr + Ord>(&self, below: Option<Path>) -> Result<Vec<Id>, FilesError> {
        let found = self.store.list_with_delimiter(below.as_ref()).await?;
        let names = found.common_prefixes.iter().filter_map(|folder| folder.filename()?.parse().ok());
        let mut ids: Vec<Id> = names.collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// When the newest file of an asset was stored.
    ///
    /// # Errors
    /// When the storage does not answer.
    pub async fn newest(&self, tenant: &TenantId, media: MediaId) -> Result<Option<Timestamp>, FilesError> {
        let folder = Path::from(format!("{tenant}/{media}"));
        let objects: Vec<_> = self.store.list(Some(&folder)).try_collect().await?;
        Ok(objects.iter().map(|object| object.last_modified.into()).max())
    }

    /// An address at the bucket under which anybody can fetch a file for a while; `None` for files in a folder.
    ///
    /// # Errors
    /// When the bucket's credentials cannot be had.
    pub async fn signed_url(
        &self,
        file: (&TenantId, MediaId, MediaFile),
        valid_for: Duration,
    ) -> Result<Option<String>, FilesError> {
        match &self.place {
            Place::Folder(_) => Ok(None),
            Place::Bucket(bucket) => {
                let url =
                    bucket.signed_url(object_store::signer::Method::GET, &location(file), valid_for).await?;
                Ok(Some(url.to_string()))
            }
        }
    }
}

#[async_trait]
impl MediaBytes for MediaFiles {
    async fn read_media(
        &self,
        file: (&TenantId, MediaId, MediaFile),
        range: Range<u64>,
    ) -> io::Result<Option<ByteStream>> {
        let stream = self.open(file, range).await.map_err(io::Error::other)?;
        Ok(stream.map(|stream| stream.map_err(io::Error::other).boxed()))
    }
}

fn location((tenant, media, file): (&TenantId, MediaId, MediaFile)) -> Path {
    Path::from(format!("{tenant}/{media}/{file}"))
}

fn attributes(content_type: &'static str) -> Attributes {
    Attributes::from_iter([(Attribute::ContentType, content_type)])
}

/// Moves a file and sees to it that it is there after a power cut.
fn move_durably(from: &FilePath, to: &FilePath) -> io::Result<()> {
    std::fs::File::open(from)?.sync_all()?;
    let folder = to.parent().map(PathBuf::from).unwrap_or_default();
    for tries in 0.. {
        std::fs::create_dir_all(&folder)?;
        match std::fs::rename(from, to) {
            // Somebody has just removed the folder, which was empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < 3 && from.exists() => {}
            moved => {
                moved?;
                break;
            }
        }
    }
    #[cfg(unix)]
    for folder in folder.ancestors().take(3) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

async fn pieces(file: std::fs::File, range: Range<u64>) -> Result<FileStream, FilesError> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(io::SeekFrom::Start(range.start)).await?;
    let file = file.take(range.end - range.start);
    let stream = try_unfold(file, |mut file| async move {
        if file.limit() == 0 {
            return Ok(None);
        }
        let mut piece = BytesMut::with_capacity(PIECE);
        if file.read_buf(&mut piece).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(Some((piece.freeze(), file)))
    });
    Ok(stream.boxed())
}
