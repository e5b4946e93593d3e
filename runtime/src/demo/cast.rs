//! Who appears in the demo: `config/demo/cast.toml`, embedded.

use serde::Deserialize;
use tenants::intent::Language;

const CAST: &str = include_str!("../../../config/demo/cast.toml");

/// A brand and what people write to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Character {
    /// Short name of the tenant.
    pub slug: String,
    /// Display name.
    pub name: String,
    /// Instagram handle.
    pub username: String,
    /// Language it speaks.
    pub language: Language,
    /// IANA time zone.
    pub time_zone: String,
    /// Facts its answers may quote.
    pub facts: Vec<String>,
    /// Captions of its posts.
    pub posts: Vec<String>,
    /// (intent by a person's word, text) of comments.
    pub comments: Vec<(String, String)>,
    /// The same of direct messages.
    pub messages: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Cast {
    tenant: Vec<Character>,
}

/// Everybody.
pub(super) fn everybody() -> anyhow::Result<Vec<Character>> {
    let cast: Cast =
        figment::Figment::from(<figment::providers::Toml as figment::providers::Format>::string(CAST))
            .extract()?;
    Ok(cast.tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cast_speaks_six_languages_and_has_something_to_say() {
        let cast = everybody().unwrap();
        let languages: std::collections::BTreeSet<_> = cast.iter().map(|brand| brand.language).collect();
        assert_eq!(languages.len(), Language::ALL.len());
        assert!(cast.iter().all(|brand| brand.comments.len() >= 10 && brand.messages.len() >= 2));
    }
}
