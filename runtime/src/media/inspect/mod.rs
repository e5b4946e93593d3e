//! What a file is, read from its content. Names and content types that callers give are never asked.
//!
//! Work and memory are bounded before anything is decoded: pictures by their pixels and the passes over them, videos
//! by the size of their index. Everything here blocks.

mod jpeg;
mod picture;
mod sniff;
mod video;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use tenants::media::{MediaFormat, MediaKind, PublishCopy, VideoFacts};

/// Why a file is not taken: for people, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl Refusal {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn damaged() -> Self {
        Self::new("the file is damaged and cannot be read: export it anew")
    }
}

/// How much looking at a file may cost.
#[derive(Debug, Clone, Copy)]
pub struct InspectLimits {
    /// Largest picture, in pixels.
    pub max_pixels: u64,
}

/// Largest picture file, in bytes: it is held in memory while it is decoded.
const MAX_PICTURE_FILE: u64 = 64 << 20;

/// What was read from a file, and what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inspected {
    /// Pixels, upright.
    pub width: u32,
    pub height: u32,
    pub duration: Option<Duration>,
    pub video: Option<VideoFacts>,
    /// The JPEG that is published instead of the file.
    pub copy: Option<(PublishCopy, Vec<u8>)>,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
}

/// The format of a file.
pub(super) fn format_of(path: &Path) -> Result<MediaFormat, super::MediaError> {
    let mut head = [0u8; sniff::HEAD];
    let mut filled = 0;
    let mut file = File::open(path).map_err(unreadable)?;
    while filled < head.len() {
        match file.read(&mut head[filled..]).map_err(unreadable)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(sniff::format(&head[..filled])?)
}

fn unreadable(error: std::io::Error) -> super::MediaError {
    super::MediaError::unavailable("the disk of this node cannot be read", error)
}

/// Reads a file of this format.
pub(super) fn inspect(
    path: &Path,
    format: MediaFormat,
    limits: InspectLimits,
) -> Result<Inspected, super::MediaError> {
    match format.kind() {
        MediaKind::Image => {
            let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
            if bytes > MAX_PICTURE_FILE {
                let text = format!("a picture may have {} MiB: send a smaller one", MAX_PICTURE_FILE >> 20);
                return Err(Refusal::new(text).into());
            }
            let bytes = std::fs::read(path).map_err(unreadable)?;
            Ok(picture::read(&bytes, format, limits)?)
        }
        MediaKind::Video => {
            let mut file = File::open(path).map_err(unreadable)?;
            Ok(video::read(&mut file)?)
        }
    }
}
