//! The dashboard of Troupe, embedded in the binary: the files that `npm run build` puts into `web/dist`.
//!
//! Without them (Node.js was not there when the binary was built) there is no dashboard, and [`index`] is `None`.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Files;

/// A file of the dashboard.
#[derive(Debug, Clone)]
pub struct File {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, such as `text/javascript`.
    pub media_type: String,
    /// Changes with its content: hex of its SHA-256.
    pub tag: String,
    /// Its name changes with its content too, so that it can be kept for ever.
    pub is_immutable: bool,
}

/// The file with this path below the folder, such as `assets/index-1a2b3c.js`.
pub fn file(path: &str) -> Option<File> {
    let EmbeddedFile { data, metadata } = Files::get(path)?;
    let tag: String = metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(File {
        bytes: data,
        media_type: metadata.mimetype().to_owned(),
        tag,
        is_immutable: path.starts_with("assets/"),
    })
}

/// The page that begins the application, whatever its address; `None` when the dashboard was not built.
pub fn index() -> Option<File> {
    file("index.html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_path_and_nothing_else_is() {
        for path in ["", "../Cargo.toml", "/etc/passwd", "assets", "no-such-file.js"] {
            assert!(file(path).is_none(), "{path}");
        }
        if let Some(index) = index() {
            assert_eq!((index.media_type.as_str(), index.is_immutable), ("text/html", false));
            assert_eq!(index.tag.len(), 64);
        }
    }
}
