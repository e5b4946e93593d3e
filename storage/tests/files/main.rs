//! What the storage of files must do, in a folder and in a bucket. The bucket is that of `s3s-fs`, a server that speaks
//! S3's language and checks signatures, run in this process.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod server;

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use secrecy::SecretString;
use tempfile::TempDir;
use tenants::clock::{Clock, SystemClock};
use tenants::ids::{Ids, MediaId, TenantId};
use tenants::media::MediaFile;
use tenants::tasks::Tasks;
use troupe_storage::{BucketOptions, FilesError, MediaFiles};

use server::{BUCKET, Server};

/// The storage of a case, with ids to use in it.
struct Place {
    files: MediaFiles,
    ids: Ids,
    tenant: TenantId,
    /// Where files come from, on the file system of the folder.
    incoming: TempDir,
    _folder: TempDir,
    _server: Option<Server>,
}

impl Place {
    async fn new(kind: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (files, server) = match kind {
            "folder" => (MediaFiles::in_folder(folder.path(), Tasks::default()).unwrap(), None),
            _ => {
                let server = Server::start(folder.path()).await;
                (MediaFiles::in_bucket(&server.options(), Tasks::default()).unwrap(), Some(server))
            }
        };
        let ids = Ids::seeded(Arc::new(SystemClock), 5);
        let incoming = tempfile::tempdir().unwrap();
        Self { files, tenant: TenantId::new(&ids), ids, incoming, _folder: folder, _server: server }
    }

    fn media(&self) -> MediaId {
        MediaId::new(&self.ids)
    }

    fn incoming(&self, bytes: &[u8]) -> std::path::PathBuf {
        let path = self.incoming.path().join(self.ids.uuid().to_string());
        std::fs::write(&path, bytes).unwrap();
        path
    }

    async fn read(&self, media: MediaId, file: MediaFile, range: std::ops::Range<u64>) -> Option<Vec<u8>> {
        let stream = self.files.open((&self.tenant, media, file), range).await.unwrap()?;
        let pieces: Vec<_> = stream.try_collect().await.unwrap();
        Some(pieces.concat())
    }
}

/// Bytes that differ from each other.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|number| (number * 31 % 251) as u8).collect()
}

/// Each case becomes a test in either place.
macro_rules! cases {
    ($($case:ident)+) => {
        mod folder {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Place::new("folder").await).await;
            })+
        }
        mod bucket {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Place::new("bucket").await).await;
            })+
        }
    };
}

cases! {
    a_file_is_taken_over_and_read_in_any_part
    what_is_there_can_be_walked_and_removed
    what_is_not_there_is_not_found
    a_file_that_cannot_be_taken_over_is_not_visible
}

async fn a_file_is_taken_over_and_read_in_any_part(place: Place) {
    let (media, content) = (place.media(), bytes(20_000_001));
    let from = place.incoming(&content);
    let original = (&place.tenant, media, MediaFile::Original);
    place.files.take_over(original, "video/mp4", &from).await.unwrap();
    assert!(!from.exists(), "it was taken over");
    place.files.put((&place.tenant, media, MediaFile::Thumbnail), "image/jpeg", bytes(100)).await.unwrap();
    assert_eq!(place.files.size(original).await.unwrap(), Some(20_000_001));
    for range in [0..20_000_001, 0..1, 8_388_600..8_388_700, 20_000_000..20_000_001] {
        let expected = content[range.start as usize..range.end as usize].to_vec();
        assert!(place.read(media, MediaFile::Original, range).await.unwrap() == expected);
    }
    assert_eq!(place.read(media, MediaFile::Thumbnail, 0..100).await.unwrap(), bytes(100));
}

async fn what_is_there_can_be_walked_and_removed(place: Place) {
    let (first, second, other) = (place.media(), place.media(), TenantId::new(&place.ids));
    let before = SystemClock.now() - Duration::from_secs(5);
    for (tenant, media) in [(place.tenant, first), (place.tenant, second), (other, first)] {
        for file in [MediaFile::Publish, MediaFile::Thumbnail] {
            place.files.put((&tenant, media, file), "image/jpeg", bytes(10)).await.unwrap();
        }
    }
    assert_eq!(place.files.tenants().await.unwrap(), [place.tenant, other]);
    assert_eq!(place.files.assets(&place.tenant).await.unwrap(), [first, second]);
    assert!(place.files.newest(&place.tenant, first).await.unwrap().unwrap() > before);
    place.files.delete(&place.tenant, first).await.unwrap();
    place.files.delete(&place.tenant, first).await.unwrap();
    assert_eq!(place.files.assets(&place.tenant).await.unwrap(), [second]);
    assert_eq!(place.files.newest(&place.tenant, first).await.unwrap(), None);
    assert_eq!(place.files.erase(&place.tenant).await.unwrap(), 2);
    assert_eq!(place.files.tenants().await.unwrap(), [other], "the neighbour's are still there");
}

async fn what_is_not_there_is_not_found(place: Place) {
    let media = place.media();
    assert_eq!(place.files.size((&place.tenant, media, MediaFile::Original)).await.unwrap(), None);
    assert_eq!(place.read(media, MediaFile::Original, 0..1).await, None);
    assert_eq!(place.files.tenants().await.unwrap(), []);
    assert_eq!(place.files.erase(&place.tenant).await.unwrap(), 0);
}

async fn a_file_that_cannot_be_taken_over_is_not_visible(place: Place) {
    let media = place.media();
    let nowhere = place.incoming.path().join("nowhere");
    let original = (&place.tenant, media, MediaFile::Original);
    let refused = place.files.take_over(original, "video/mp4", &nowhere).await;
    assert!(matches!(refused, Err(FilesError::Unavailable(_))));
    assert_eq!(place.files.size(original).await.unwrap(), None);
}

#[tokio::test]
async fn a_presigned_address_gives_one_file_of_the_bucket_to_anybody_and_no_other() {
    let place = Place::new("bucket").await;
    let (media, other) = (place.media(), place.media());
    for media in [media, other] {
        let publish = (&place.tenant, media, MediaFile::Publish);
        place.files.put(publish, "image/jpeg", bytes(1_000)).await.unwrap();
    }
    let publish = (&place.tenant, media, MediaFile::Publish);
    let url = place.files.signed_url(publish, Duration::from_secs(60)).await.unwrap().unwrap();
    let http = server::client();
    let fetched = http.get(&url).send().await.unwrap();
    assert_eq!(fetched.status().as_u16(), 200);
    assert_eq!(fetched.headers()["content-type"], "image/jpeg");
    assert_eq!(fetched.bytes().await.unwrap(), bytes(1_000));
    let forged = url.replace(&media.to_string(), &other.to_string());
    assert_eq!(http.get(&forged).send().await.unwrap().status().as_u16(), 403);
    let unsigned = url.split('?').next().unwrap();
    assert_eq!(http.get(unsigned).send().await.unwrap().status().as_u16(), 403);
}

#[tokio::test]
async fn a_bucket_that_refuses_us_or_is_gone_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let wrong = BucketOptions { secret_access_key: SecretString::from("wrong"), ..server.options() };
    let nobody = BucketOptions { endpoint: Some("http://127.0.0.1:1".to_owned()), ..server.options() };
    let unknown = BucketOptions { name: format!("{BUCKET}-2"), ..server.options() };
    let ids = Ids::seeded(Arc::new(SystemClock), 5);
    let (tenant, media) = (TenantId::new(&ids), MediaId::new(&ids));
    for options in [wrong, nobody, unknown] {
        let files = MediaFiles::in_bucket(&options, Tasks::default()).unwrap();
        let refused = files.put((&tenant, media, MediaFile::Publish), "image/jpeg", bytes(10)).await;
        let error = refused.unwrap_err();
        assert!(!format!("{error:?}").contains("wrong"), "no secret in an error");
    }
}
