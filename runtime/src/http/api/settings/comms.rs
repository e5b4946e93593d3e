//! Settings of direct messages, leads and briefings, as they are sent and received.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenants::intent::Language;
use tenants::settings::{CommsSettings, Disclosure};
use utoipa::ToSchema;

use crate::http::schema;

/// Direct messages, leads and briefings.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Comms)]
pub struct CommsDocument {
    /// How people are told that a program answers; `null` does not tell them.
    disclosure: Option<DisclosureDocument>,
    /// Whether leads are kept, with what they say of themselves.
    qualify_leads: bool,
    /// Language of briefings and reports; the first of the tenant's languages when not set.
    #[schema(value_type = Option<schema::Language>)]
    briefing_language: Option<Language>,
    /// How many seconds a person sees that we write before a direct message comes, after theirs was shown as seen; 0
    /// shows nothing. It costs two more calls of the account for each message.
    #[schema(maximum = 20)]
    typing_seconds: u32,
}

/// How and when people are told that a program answers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Disclosure)]
struct DisclosureDocument {
    /// What is put before the message, by language, each at most 300 bytes; in other languages the first is said.
    #[schema(value_type = BTreeMap<String, String>)]
    texts: BTreeMap<Language, String>,
    /// At the beginning of a conversation.
    #[serde(default = "yes")]
    at_start: bool,
    /// After so many hours in which the account wrote nothing.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 8760)]
    after_pause_hours: Option<u32>,
    /// When a conversation comes back from a person.
    #[serde(default = "yes")]
    after_hand_back: bool,
}

fn yes() -> bool {
    true
}

impl Default for CommsDocument {
    fn default() -> Self {
        CommsSettings::default().into()
    }
}

impl From<CommsSettings> for CommsDocument {
    fn from(
        CommsSettings { disclosure, qualify_leads, briefing_language, typing_seconds }: CommsSettings,
    ) -> Self {
        let disclosure =
            disclosure.map(|Disclosure { texts, at_start, after_pause_hours, after_hand_back }| {
                DisclosureDocument { texts, at_start, after_pause_hours, after_hand_back }
            });
        Self { disclosure, qualify_leads, briefing_language, typing_seconds }
    }
}

impl From<CommsDocument> for CommsSettings {
    fn from(
        CommsDocument { disclosure, qualify_leads, briefing_language, typing_seconds }: CommsDocument,
    ) -> Self {
        let disclosure =
            disclosure.map(|DisclosureDocument { texts, at_start, after_pause_hours, after_hand_back }| {
                Disclosure { texts, at_start, after_pause_hours, after_hand_back }
            });
        Self { disclosure, qualify_leads, briefing_language, typing_seconds }
    }
}
