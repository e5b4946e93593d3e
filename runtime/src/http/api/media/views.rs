//! Media as the API shows them.

use std::time::Duration;

use serde::Serialize;
use tenants::access::UserRole;
use tenants::clock::Timestamp;
use tenants::ids::{MediaId, TenantId, UploadId};
use tenants::media::{
    MediaAsset, MediaFile, MediaFormat, MediaKind, MediaProblem, MediaUse, MediaUserKind, Placement,
    ProblemCode, UploadStatus, advice, problems,
};
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::media::UploadState;

/// How long the addresses in a view are good.
const GOOD_FOR: Duration = Duration::from_secs(3_600);

/// A picture or video of the library.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Media)]
pub(super) struct MediaView {
    #[schema(value_type = schema::Id)]
    id: MediaId,
    /// Picture or video.
    #[schema(value_type = schema::MediaKind)]
    kind: MediaKind,
    /// The format, from its content.
    #[schema(value_type = schema::MediaFormat)]
    content_type: MediaFormat,
    /// The name people gave it.
    file_name: String,
    /// Size of the uploaded file.
    bytes: u64,
    /// Pixels, upright.
    width: u32,
    /// Pixels, upright.
    height: u32,
    /// Length of a video in milliseconds.
    duration_ms: Option<u64>,
    /// What else is known of a video.
    video: Option<VideoView>,
    /// The JPEG that is published in its place: of PNGs, turned pictures, and JPEGs that Instagram would refuse.
    publish_copy: Option<CopyView>,
    /// What blind people hear.
    alt_text: Option<String>,
    /// Words to find it by.
    tags: Vec<String>,
    /// SHA-256 of the uploaded file, hex. The library holds a content once.
    sha256: String,
    /// Where it can be published, and what keeps it from there.
    placements: Vec<PlacementView>,
    /// Who uses it; clients are not told.
    used_by: Vec<UseView>,
    /// An address of the uploaded file, good for an hour, without a key.
    url: String,
    /// An address of a small JPEG, good for an hour, without a key; `null` for videos.
    thumbnail_url: Option<String>,
    /// Who uploaded it.
    created_by: String,
    /// When.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

/// What is known of a video.
#[derive(Debug, Serialize, ToSchema)]
struct VideoView {
    /// The codec of the pictures, such as `h264`.
    video_codec: String,
    /// The codec of the sound, such as `aac`; `null` when it is silent.
    audio_codec: Option<String>,
    /// Pictures per second.
    frames_per_second: Option<f64>,
    /// Bits per second of the pictures.
    video_bits_per_second: Option<u64>,
    /// Channels of the sound.
    audio_channels: Option<u32>,
    /// Samples per second of the sound.
    audio_sample_rate: Option<u32>,
}

/// The file that is published.
#[derive(Debug, Serialize, ToSchema)]
struct CopyView {
    /// Its size.
    bytes: u64,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
}

/// A place where media are published.
#[derive(Debug, Serialize, ToSchema)]
struct PlacementView {
    /// The place.
    #[schema(value_type = schema::Placement)]
    placement: Placement,
    /// True when nothing keeps it from there.
    fits: bool,
    /// What keeps it from there: all of it.
    problems: Vec<ProblemView>,
    /// What is worth knowing before.
    advice: Vec<ProblemView>,
}

/// What is wrong with a picture or video at a place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaProblem)]
struct ProblemView {
    /// What is wrong, for programs.
    #[schema(value_type = schema::ProblemCode)]
    code: ProblemCode,
    /// The same for people, with what to do.
    message: String,
}

impl From<MediaProblem> for ProblemView {
    fn from(problem: MediaProblem) -> Self {
        Self { code: problem.code, message: problem.message }
    }
}

impl MediaView {
    /// The view as somebody of this role may have it: which drafts of the agency use a file is not the client's business.
    pub(super) fn seen_by(mut self, role: UserRole) -> Self {
        if role == UserRole::Client {
            self.used_by.clear();
        }
        self
    }
}

/// Somebody who uses an asset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaUse)]
struct UseView {
    /// What it is.
    #[schema(value_type = schema::MediaUserKind)]
    kind: MediaUserKind,
    /// Its id.
    #[schema(value_type = schema::Id)]
    id: String,
    /// True while the asset cannot be deleted because of it.
    holds: bool,
}

fn placement(asset: &MediaAsset, placement: Placement) -> PlacementView {
    let list = |found: Vec<MediaProblem>| found.into_iter().map(ProblemView::from).collect();
    let problems: Vec<ProblemView> = list(problems(asset, placement));
    PlacementView { placement, fits: problems.is_empty(), problems, advice: list(advice(asset, placement)) }
}

fn build(state: &AppState, asset: MediaAsset, uses: &[MediaUse]) -> MediaView {
    let links = state.media.links();
    let used_by = uses.iter().filter(|used| used.media == asset.id).map(|used| UseView {
        kind: used.by.kind,
        id: used.by.to_string(),
        holds: used.holds,
    });
    MediaView {
        id: asset.id,
        kind: asset.kind,
        content_type: asset.content_type,
        bytes: asset.bytes,
        width: asset.width,
        height: asset.height,
        duration_ms: asset.duration.map(|duration| duration.as_millis() as u64),
        video: asset.video.as_ref().map(|video| VideoView {
            video_codec: video.video_codec.clone(),
            audio_codec: video.audio_codec.clone(),
            frames_per_second: video.frames_per_second,
            video_bits_per_second: video.video_bits_per_second,
            audio_channels: video.audio_channels,
            audio_sample_rate: video.audio_sample_rate,
        }),
        publish_copy: asset.publish_copy.map(|copy| CopyView {
            bytes: copy.bytes,
            width: copy.width,
            height: copy.height,
        }),
        placements: Placement::ALL.iter().map(|place| placement(&asset, *place)).collect(),
        used_by: used_by.collect(),
        url: links.path(&asset, MediaFile::Original, GOOD_FOR),
        thumbnail_url: asset.has_thumbnail.then(|| links.path(&asset, MediaFile::Thumbnail, GOOD_FOR)),
        file_name: asset.file_name,
        alt_text: asset.alt_text,
        tags: asset.tags,
        sha256: asset.sha256,
        created_by: asset.created_by,
        created_at: asset.created_at,
    }
}

/// Views of assets of one tenant, with who uses them.
pub(super) async fn views(
    state: &AppState,
    tenant: &TenantId,
    assets: Vec<MediaAsset>,
) -> Result<Vec<MediaView>, Problem> {
    let ids: Vec<MediaId> = assets.iter().map(|asset| asset.id).collect();
    let uses = state.ports.media.media_uses(tenant, &ids).await?;
    Ok(assets.into_iter().map(|asset| build(state, asset, &uses)).collect())
}

/// View of one asset.
pub(super) async fn view(state: &AppState, asset: MediaAsset) -> Result<MediaView, Problem> {
    let uses = state.ports.media.media_uses(&asset.tenant, &[asset.id]).await?;
    Ok(build(state, asset, &uses))
}

/// An upload in parts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(super) struct UploadView {
    #[schema(value_type = schema::Id)]
    id: UploadId,
    /// How far it has come.
    #[schema(value_type = schema::UploadStatus)]
    status: UploadStatus,
    /// The name of the file.
    file_name: String,
    /// Bytes that will come.
    bytes: u64,
    /// Bytes that are there: the offset of the next part.
    received: u64,
    /// The asset, once it is in the library.
    #[schema(value_type = Option<schema::Id>)]
    media: Option<MediaId>,
    /// Why it was refused.
    error: Option<String>,
    /// When it began.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it last moved on. A day after that it is removed.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl From<UploadState> for UploadView {
    fn from(UploadState { upload, received }: UploadState) -> Self {
        Self {
            id: upload.id,
            status: upload.status,
            file_name: upload.file_name,
            bytes: upload.bytes,
            received,
            media: upload.media,
            error: upload.error,
            created_at: upload.created_at,
            updated_at: upload.updated_at,
        }
    }
}
