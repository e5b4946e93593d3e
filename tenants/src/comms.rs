//! What a tenant has set for direct messages, leads and briefings.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::conversation::{Conversation, Owner};
use crate::intent::Language;
use crate::settings::InvalidSetting;

/// Longest text of a disclosure, in bytes: it shares Instagram's 1,000 bytes with what is said after it.
const LONGEST_DISCLOSURE: usize = 300;
/// Most seconds for which typing is shown: Instagram takes it away after about that time.
const LONGEST_TYPING: u32 = 20;
/// How long what was decided may be on its way. A disclosure after which nothing came within this time was never said.
const ON_ITS_WAY: Duration = Duration::from_secs(3_600);

/// Direct messages, leads and briefings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommsSettings {
    /// How people are told that a program answers; `None` does not tell them.
    pub disclosure: Option<Disclosure>,
    /// Whether leads are kept, with what they say of themselves.
    pub qualify_leads: bool,
    /// Language of briefings and reports; the first of the tenant's languages when not set.
    pub briefing_language: Option<Language>,
    /// How many seconds a person sees that we write before a direct message comes, 0 to 20; their message is shown as
    /// seen first. 0 shows nothing. It costs two more calls of the account for each message.
    pub typing_seconds: u32,
}

impl Default for CommsSettings {
    fn default() -> Self {
        Self { disclosure: None, qualify_leads: true, briefing_language: None, typing_seconds: 0 }
    }
}

/// How and when people are told that a program answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// What is put before the message, by language; in other languages the first one is said.
    pub texts: BTreeMap<Language, String>,
    /// At the beginning of a conversation.
    #[serde(default = "yes")]
    pub at_start: bool,
    /// After so many hours in which the account wrote nothing.
    #[serde(default)]
    pub after_pause_hours: Option<u32>,
    /// When a conversation comes back from a person.
    #[serde(default = "yes")]
    pub after_hand_back: bool,
}

fn yes() -> bool {
    true
}

impl CommsSettings {
    pub(crate) fn validate(&self) -> Result<(), InvalidSetting> {
        let wrong = |field: &str, problem: &str| Err(InvalidSetting::new(field, problem));
        if self.typing_seconds > LONGEST_TYPING {
            return wrong("comms.typing_seconds", "must lie between 0 and 20");
        }
        let Some(disclosure) = &self.disclosure else { return Ok(()) };
        if disclosure.texts.is_empty() {
            return wrong("comms.disclosure.texts", "give the text in at least one language");
        }
        let is_usable = |text: &String| !text.trim().is_empty() && text.len() <= LONGEST_DISCLOSURE;
        if !disclosure.texts.values().all(is_usable) {
            return wrong("comms.disclosure.texts", "each text must have 1 to 300 bytes");
        }
        if disclosure.after_pause_hours.is_some_and(|hours| !(1..=8_760).contains(&hours)) {
            return wrong("comms.disclosure.after_pause_hours", "must lie between 1 and 8760");
        }
        Ok(())
    }
}

impl Disclosure {
    /// What is to be said before the next automatic message; `None` when the person knows. `direct` is `None` when
    /// there are no direct messages yet.
    pub fn due(&self, direct: Option<&Conversation>, language: Language, now: Timestamp) -> Option<&str> {
        let is_due = match direct {
            None => self.at_start,
            Some(direct) => self.is_due(direct, now),
        };
        let text = self.texts.get(&language).or_else(|| self.texts.values().next())?;
        is_due.then_some(text.trim())
    }

    fn is_due(&self, direct: &Conversation, now: Timestamp) -> bool {
        let Some(said_at) = direct.disclosed_at else {
            return self.at_start || self.is_after_hand_back(direct, None);
        };
        let came_out = direct.last_outbound_at.is_some_and(|out| out >= said_at);
        if !came_out && now.since(said_at) > ON_ITS_WAY {
            return true;
        }
        let pause = self.after_pause_hours.map(|hours| Duration::from_secs(u64::from(hours) * 3_600));
        let last_sign = direct.last_outbound_at.max(Some(said_at)).unwrap_or(said_at);
        pause.is_some_and(|pause| now.since(last_sign) >= pause)
            || self.is_after_hand_back(direct, Some(said_at))
    }

    /// A conversation that never changed hands has its owner since it began.
    fn is_after_hand_back(&self, direct: &Conversation, said_at: Option<Timestamp>) -> bool {
        let was_handed_back = direct.owner == Owner::Bot && direct.owner_since > direct.created_at;
        self.after_hand_back && was_handed_back && said_at.is_none_or(|said_at| said_at < direct.owner_since)
    }

    /// True when a text begins with one of the texts.
    pub fn is_said_in(&self, text: &str) -> bool {
        self.texts.values().any(|said| text.starts_with(said.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::conversation::ConversationKind;
    use crate::event::Person;
    use crate::ids::{AccountId, ConversationId, Ids};
    use std::sync::Arc;

    const HOUR: i64 = 3_600_000;

    fn disclosure() -> Disclosure {
        Disclosure {
            texts: BTreeMap::from([
                (Language::English, "This is an automatic answer.".to_owned()),
                (Language::German, "Dies ist eine automatische Antwort.".to_owned()),
            ]),
            at_start: true,
            after_pause_hours: Some(48),
            after_hand_back: true,
        }
    }

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_millis(hour * HOUR)
    }

    fn direct() -> Conversation {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        Conversation {
            id: ConversationId::new(&ids),
            account: AccountId::new(&ids),
            kind: ConversationKind::Direct,
            key: "dm:p".into(),
            person: Person::default(),
            owner: Owner::Bot,
            owner_since: hour(0),
            window_ends_at: None,
            opted_out_at: None,
            last_inbound_at: None,
            last_outbound_at: None,
            disclosed_at: None,
            assigned_to: None,
            created_at: hour(0),
            updated_at: hour(0),
        }
    }

    #[test]
    fn it_is_said_at_the_start_and_then_not_again() {
        let (rule, mut thread) = (disclosure(), direct());
        assert!(rule.due(None, Language::German, hour(0)).unwrap().starts_with("Dies"));
        assert!(rule.due(Some(&thread), Language::French, hour(0)).unwrap().starts_with("This"));
        (thread.disclosed_at, thread.last_outbound_at) = (Some(hour(1)), Some(hour(1)));
        assert_eq!(rule.due(Some(&thread), Language::English, hour(20)), None);
    }

    #[test]
    fn it_is_said_after_a_long_pause() {
        let mut thread = direct();
        (thread.disclosed_at, thread.last_outbound_at) = (Some(hour(1)), Some(hour(10)));
        assert_eq!(disclosure().due(Some(&thread), Language::English, hour(57)), None);
        assert!(disclosure().due(Some(&thread), Language::English, hour(58)).is_some());
    }

    #[test]
    fn it_is_said_when_a_person_hands_back() {
        let mut thread = direct();
        (thread.disclosed_at, thread.last_outbound_at) = (Some(hour(1)), Some(hour(2)));
        thread.owner_since = hour(3);
        assert!(disclosure().due(Some(&thread), Language::English, hour(4)).is_some());
        thread.disclosed_at = Some(hour(4));
        thread.last_outbound_at = Some(hour(4));
        assert_eq!(disclosure().due(Some(&thread), Language::English, hour(5)), None);
    }

    #[test]
    fn what_never_came_out_is_said_again() {
        let mut thread = direct();
        thread.disclosed_at = Some(hour(1));
        assert_eq!(disclosure().due(Some(&thread), Language::English, hour(1)), None, "it is on its way");
        assert!(disclosure().due(Some(&thread), Language::English, hour(3)).is_some());
    }

    #[test]
    fn texts_that_are_too_long_or_missing_are_refused() {
        let settings = |texts: BTreeMap<Language, String>| CommsSettings {
            disclosure: Some(Disclosure { texts, ..disclosure() }),
            ..CommsSettings::default()
        };
        assert!(settings(BTreeMap::new()).validate().is_err());
        assert!(settings(BTreeMap::from([(Language::English, "x".repeat(301))])).validate().is_err());
        assert!(settings(disclosure().texts).validate().is_ok());
    }
}
