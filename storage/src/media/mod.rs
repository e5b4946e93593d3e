//! The media library: its rows, and its files in a folder or a bucket.

mod bucket;
mod files;
pub(crate) mod rows;

pub use bucket::BucketOptions;
pub use files::{FileStream, FilesError, MediaFiles};
