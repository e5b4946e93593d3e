//! The sections `[media]` and `[media.bucket]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::Secret;
use crate::media::MediaLimits;

/// The media library.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaSettings {
    /// Folder of the files; empty for `media` in the data folder.
    pub folder: PathBuf,
    /// Where Instagram fetches media, when that is elsewhere than `http.public_url`.
    pub public_url: String,
    /// How Instagram gets videos.
    pub videos: VideoWay,
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Largest picture, in pixels.
    pub max_pixels: u64,
    /// Uploads in parts that a tenant may have under way.
    pub max_open_uploads: u32,
    /// How long a request that uploads may be silent, in seconds.
    pub idle_timeout_s: u64,
    /// When what nobody needs is removed, in hours.
    pub abandoned_after_h: u64,
    /// ClamAV's daemon as `host:port`; empty for none.
    pub clamd: String,
    /// Longest time for scanning a file, in seconds.
    pub clamd_timeout_s: u64,
    /// A bucket for the files.
    pub bucket: BucketSettings,
}

/// How Instagram gets videos. It fetches pictures always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoWay {
    /// It fetches them where it can, else they are sent to it, where that is documented.
    Auto,
    /// It fetches them.
    Fetch,
    /// They are sent to it.
    Push,
}

/// A bucket for the files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// Its name; empty keeps files in the folder.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Where it is; empty for Amazon's own.
    pub endpoint: String,
    /// The key's id; empty for the credentials of the machine.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
    /// True when the bucket is part of the host name.
    pub virtual_hosted: bool,
    /// True when Instagram fetches media from the bucket itself.
    pub presign: bool,
}

impl MediaSettings {
    /// Limits of the library.
    pub fn limits(&self) -> MediaLimits {
        MediaLimits {
            max_bytes: self.max_bytes,
            max_pixels: self.max_pixels,
            max_open_uploads: self.max_open_uploads,
            idle_timeout: Duration::from_secs(self.idle_timeout_s),
            abandoned_after: Duration::from_secs(self.abandoned_after_h.saturating_mul(3_600)),
        }
    }

    /// The key of a value that cannot be used, and what is allowed.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const URL: &str = "must begin with https:// (or http:// for trying things out)";
        let is_url = |url: &str| url.is_empty() || url.starts_with("https://") || url.starts_with("http://");
        let at_least_one = [
            ("media.max_bytes", self.max_bytes),
            ("media.max_pixels", self.max_pixels),
            ("media.max_open_uploads", u64::from(self.max_open_uploads)),
            ("media.idle_timeout_s", self.idle_timeout_s),
            ("media.abandoned_after_h", self.abandoned_after_h),
            ("media.clamd_timeout_s", self.clamd_timeout_s),
        ];
        if !is_url(&self.public_url) || !self.public_url.is_ascii() {
            return Err(("media.public_url", URL));
        }
        if !is_url(&self.bucket.endpoint) {
            return Err(("media.bucket.endpoint", URL));
        }
        if !(self.clamd.is_empty() || self.clamd.contains(':')) {
            return Err(("media.clamd", "write host and port, such as 127.0.0.1:3310"));
        }
        match at_least_one.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err((key, "must be at least 1")),
            None => Ok(()),
        }
    }
}
