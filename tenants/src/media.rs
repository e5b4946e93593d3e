//! The media library: pictures and videos of a tenant, and what Instagram takes of them.
//!
//! What a file is, is read from its content, never from its name. [`problems`] says what keeps an asset from being
//! published at a place; planning a post calls it, so that everything is said before anything is scheduled.

mod limits;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use limits::{MediaProblem, Placement, ProblemCode, advice, problems};

use crate::clock::Timestamp;
use crate::ids::{MediaId, PostId, TenantId, UploadId};
use crate::words::word_enum;

/// Longest alternative text that Instagram takes, in characters.
pub const MAX_ALT_TEXT: usize = 1_000;
/// Longest file name that is kept, in characters.
pub const MAX_FILE_NAME: usize = 200;
/// Most tags of an asset.
pub const MAX_TAGS: usize = 30;
/// Longest tag, in characters.
pub const MAX_TAG: usize = 60;

word_enum! {
    /// What an asset is.
    pub enum MediaKind {
        /// A still picture.
        Image = "image",
        /// A video.
        Video = "video",
    }
}

word_enum! {
    /// The file formats of the library, told apart by their first bytes.
    pub enum MediaFormat {
        /// JPEG.
        Jpeg = "image/jpeg",
        /// PNG. Instagram takes JPEG only, so a copy is published.
        Png = "image/png",
        /// MP4.
        Mp4 = "video/mp4",
        /// QuickTime, as phones record it.
        Mov = "video/quicktime",
    }
}

impl MediaFormat {
    /// Picture or video.
    pub const fn kind(self) -> MediaKind {
        match self {
            MediaFormat::Jpeg | MediaFormat::Png => MediaKind::Image,
            MediaFormat::Mp4 | MediaFormat::Mov => MediaKind::Video,
        }
    }

    /// The usual ending of file names, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            MediaFormat::Jpeg => "jpg",
            MediaFormat::Png => "png",
            MediaFormat::Mp4 => "mp4",
            MediaFormat::Mov => "mov",
        }
    }
}

/// What is known of a video beside its measures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VideoFacts {
    /// The codec of the pictures: `h264`, `hevc`, or the four letters of the file.
    pub video_codec: String,
    /// The codec of the sound: `aac`, or the four letters of the file; `None` when it is silent.
    pub audio_codec: Option<String>,
    /// Pictures per second.
    pub frames_per_second: Option<f64>,
    /// Bits per second of the pictures.
    pub video_bits_per_second: Option<u64>,
    /// Channels of the sound.
    pub audio_channels: Option<u32>,
    /// Samples per second of the sound.
    pub audio_sample_rate: Option<u32>,
    /// True when the index (`moov`) stands before the data, as Instagram asks for.
    pub index_first: bool,
    /// True when the file asks players to skip parts (an edit list).
    pub has_edit_list: bool,
}

/// The file that is published in the place of the uploaded one: a picture as upright JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishCopy {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// A picture or video of a tenant's library.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaAsset {
    /// Its id.
    pub id: MediaId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The name people gave it. Nothing depends on it.
    pub file_name: String,
    /// Picture or video.
    pub kind: MediaKind,
    /// The format of the uploaded file, from its content; its text form is the content type.
    pub content_type: MediaFormat,
    /// Size of the uploaded file in bytes.
    pub bytes: u64,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// How long a video is.
    pub duration: Option<Duration>,
    /// What else is known of a video.
    pub video: Option<VideoFacts>,
    /// The copy that is published, where the uploaded file is not what Instagram takes.
    pub publish_copy: Option<PublishCopy>,
    /// True when there is a small JPEG of it. Videos have none.
    pub has_thumbnail: bool,
    /// SHA-256 of the uploaded file, hex. One tenant holds a content once.
    pub sha256: String,
    /// What blind people hear.
    pub alt_text: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Who uploaded it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

impl MediaAsset {
    /// Size in bytes of the file that is published.
    pub fn published_bytes(&self) -> u64 {
        self.publish_copy.map_or(self.bytes, |copy| copy.bytes)
    }

    /// The format of the file that is published.
    pub fn published_format(&self) -> MediaFormat {
        self.publish_copy.map_or(self.content_type, |_| MediaFormat::Jpeg)
    }

    /// The file that is published.
    pub fn published_file(&self) -> MediaFile {
        self.publish_copy.map_or(MediaFile::Original, |_| MediaFile::Publish)
    }
}

word_enum! {
    /// The files of an asset.
    pub enum MediaFile {
        /// As it was uploaded.
        Original = "original",
        /// The copy for Instagram.
        Publish = "publish",
        /// A small JPEG.
        Thumbnail = "thumbnail",
    }
}

word_enum! {
    /// Kinds of things that use assets.
    pub enum MediaUserKind {
        /// A post.
        Post = "post",
        /// A template of posts.
        Template = "template",
    }
}

/// Something that uses assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaUser {
    /// What it is.
    pub kind: MediaUserKind,
    /// Its id.
    pub id: Uuid,
}

impl MediaUser {
    /// A post.
    pub fn post(post: PostId) -> Self {
        Self { kind: MediaUserKind::Post, id: post.0 }
    }
}

impl std::fmt::Display for MediaUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            MediaUserKind::Post => PostId(self.id).fmt(f),
            MediaUserKind::Template => write!(f, "tpl_{}", self.id.simple()),
        }
    }
}

/// Who uses an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaUse {
    /// The asset.
    pub media: MediaId,
    /// Who.
    pub by: MediaUser,
    /// True while the asset must not be deleted.
    pub holds: bool,
}

/// Which assets are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MediaFilter {
    /// Only pictures or only videos.
    pub kind: Option<MediaKind>,
    /// Only those with this tag.
    pub tag: Option<String>,
    /// Only those whose name or alternative text contains this, whatever its case (ASCII letters).
    pub text: Option<String>,
    /// Only those that something uses (`true`), or that nothing uses (`false`).
    pub used: Option<bool>,
}

word_enum! {
    /// How far an upload has come.
    pub enum UploadStatus {
        /// Bytes are awaited.
        Receiving = "receiving",
        /// All bytes are there; the content is being checked and stored.
        Checking = "checking",
        /// The asset is in the library.
        Done = "done",
        /// The content was refused.
        Refused = "refused",
    }
}

/// An upload in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaUpload {
    /// Its id.
    pub id: UploadId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The name of the file.
    pub file_name: String,
    /// Bytes that will come.
    pub bytes: u64,
    /// How far it has come.
    pub status: UploadStatus,
    /// The asset, once it is in the library.
    pub media: Option<MediaId>,
    /// Why it was refused, for people.
    pub error: Option<String>,
    /// Who uploads.
    pub created_by: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last moved on.
    pub updated_at: Timestamp,
}
