//! What people do with media, each with its audit entry.

use serde_json::json;
use tenants::changes::{Change, Changes};
use tenants::media::{MAX_ALT_TEXT, MAX_FILE_NAME, MAX_TAG, MAX_TAGS, MediaAsset};
use tenants::settings::InvalidSetting;

use crate::administration::Act;

/// What people say about an asset; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaPatch {
    /// Its name.
    pub file_name: Option<String>,
    /// What blind people hear; an empty text takes it back.
    pub alt_text: Option<String>,
    /// Words to find it by.
    pub tags: Option<Vec<String>>,
}

impl MediaPatch {
    /// Finds out whether the words can be used.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.file_name.as_deref().map(checked_file_name).transpose()?;
        self.alt_text.as_deref().map(checked_alt_text).transpose()?;
        self.tags.as_deref().map(checked_tags).transpose()?;
        Ok(())
    }

    /// The asset with these words.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub fn apply(&self, mut asset: MediaAsset) -> Result<MediaAsset, InvalidSetting> {
        if let Some(name) = &self.file_name {
            asset.file_name = checked_file_name(name)?;
        }
        if let Some(text) = &self.alt_text {
            asset.alt_text = checked_alt_text(text)?;
        }
        if let Some(tags) = &self.tags {
            asset.tags = checked_tags(tags)?;
        }
        Ok(asset)
    }
}

impl Act<'_> {
    /// An asset comes into the library.
    pub fn add_media(&self, asset: &MediaAsset) -> Changes {
        let details = json!({
            "file_name": asset.file_name, "content_type": asset.content_type, "bytes": asset.bytes,
            "sha256": asset.sha256,
        });
        Changes::of_tenant(asset.tenant).with(Change::PutMedia(Box::new(asset.clone()))).with(self.audit(
            "media.added",
            ("media", asset.id.to_string()),
            details,
        ))
    }

    /// An asset gets another name, text or tags.
    pub fn change_media(&self, asset: &MediaAsset) -> Changes {
        let details = json!({ "file_name": asset.file_name, "alt_text": asset.alt_text, "tags": asset.tags });
        Changes::of_tenant(asset.tenant).with(Change::PutMedia(Box::new(asset.clone()))).with(self.audit(
            "media.changed",
            ("media", asset.id.to_string()),
            details,
        ))
    }

    /// An asset leaves the library.
    pub fn delete_media(&self, asset: &MediaAsset) -> Changes {
        let details = json!({ "file_name": asset.file_name, "sha256": asset.sha256 });
        Changes::of_tenant(asset.tenant).with(Change::DeleteMedia(asset.id)).with(self.audit(
            "media.deleted",
            ("media", asset.id.to_string()),
            details,
        ))
    }
}

fn invalid(field: &str, problem: String) -> InvalidSetting {
    InvalidSetting { field: field.to_owned(), problem }
}

/// Without controls, and without characters that turn the direction of what follows: with these `gpj.exe` can look like
/// `exe.jpg`.
fn is_plain(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.chars().any(|c| c.is_control() || turns(c))
}

/// A name for people: the last part of a path, without characters that nobody sees.
///
/// # Errors
/// When nothing is left, or too much.
pub fn checked_file_name(name: &str) -> Result<String, InvalidSetting> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    let is_fine = !name.is_empty() && name.chars().count() <= MAX_FILE_NAME && is_plain(name);
    is_fine.then(|| name.to_owned()).ok_or_else(|| {
        invalid("file_name", format!("give a name of 1 to {MAX_FILE_NAME} characters that can be seen"))
    })
}

fn checked_alt_text(text: &str) -> Result<Option<String>, InvalidSetting> {
    let text = text.trim();
    if text.chars().count() > MAX_ALT_TEXT || text.contains('\0') {
        return Err(invalid("alt_text", format!("write at most {MAX_ALT_TEXT} characters")));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn checked_tags(tags: &[String]) -> Result<Vec<String>, InvalidSetting> {
    let mut checked: Vec<String> = Vec::with_capacity(tags.len().min(MAX_TAGS));
    for tag in tags {
        let tag = tag.trim().to_lowercase();
        if tag.is_empty() || tag.chars().count() > MAX_TAG || !is_plain(&tag) {
            return Err(invalid("tags", format!("use tags of 1 to {MAX_TAG} characters")));
        }
        if !checked.contains(&tag) {
            checked.push(tag);
        }
    }
    if checked.len() > MAX_TAGS {
        return Err(invalid("tags", format!("use at most {MAX_TAGS} tags")));
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_the_last_part_of_a_path_and_never_more() {
        assert_eq!(checked_file_name("../../etc/passwd").unwrap(), "passwd");
        assert_eq!(checked_file_name("C:\\Photos\\cake.jpg").unwrap(), "cake.jpg");
        for name in ["", "  ", "a\nb", "photos/", &"x".repeat(MAX_FILE_NAME + 1)] {
            assert_eq!(checked_file_name(name).unwrap_err().field, "file_name", "{name:?}");
        }
    }

    #[test]
    fn tags_are_told_apart_whatever_their_case() {
        let tags =
            |list: &[&str]| checked_tags(&list.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>());
        assert_eq!(tags(&["Cake", " cake ", "ÉTÉ"]).unwrap(), ["cake", "été"]);
        assert_eq!(tags(&["a\nb"]).unwrap_err().field, "tags");
        assert_eq!(tags(&[""]).unwrap_err().field, "tags");
    }
}
