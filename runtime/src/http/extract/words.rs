//! Short texts of people: names, handles, remarks. What surrounds them is not meant, and nothing but spaces is no text.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads a text that must say something, without the space around it. For `deserialize_with`.
///
/// # Errors
/// When it says nothing.
pub fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    spoken(&String::deserialize(deserializer)?)
}

/// Reads a text that may be left out or `null`, but says something where it is given. With `serde(default)`.
///
/// # Errors
/// When it says nothing.
pub fn maybe_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| spoken(&text)).transpose()
}

/// Reads a text of a patch: left out, it stays (with `serde(default)`); `null` or an empty text takes it away, which is told as
/// an empty text.
///
/// # Errors
/// When it is given and says nothing: that is rather a slip than a wish to take something away.
pub fn changed_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(Some(String::new())),
        Some(text) if text.is_empty() => Ok(Some(text)),
        Some(text) => spoken(&text).map(Some),
    }
}

fn spoken<E: Error>(text: &str) -> Result<String, E> {
    match text.trim() {
        "" => Err(E::custom("must not be empty: write something, or leave it out where that is allowed")),
        text => Ok(text.to_owned()),
    }
}
