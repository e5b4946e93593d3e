//! What a tenant's memory holds, and what is asked of it.
//!
//! A memory belongs to one tenant and never leaves it. Everything in it is data: it is quoted, weighed and shown, and
//! never read as an instruction.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::ids::{AccountId, ConversationId, MemoryId, TenantId};
use crate::intent::Language;
use crate::words::word_enum;

/// Longest text of an item, in characters.
pub const MAX_TEXT: usize = 4_000;
/// Longest title or question, in characters.
pub const MAX_TITLE: usize = 500;
/// Longest name of a source or a person, in characters.
pub const MAX_NAME: usize = 200;
/// How many items are recalled for a decision.
pub const RECALLED: usize = 10;

word_enum! {
    /// What an item is.
    pub enum MemoryKind {
        /// Something that is true of the brand: opening hours, an entry of its FAQ.
        BrandFact = "brand_fact",
        /// What was said between a person and the brand.
        Interaction = "interaction",
        /// A reply that a person at the agency approved or wrote, with the question it answered.
        ApprovedAnswer = "approved_answer",
        /// What is known about a person.
        Person = "person",
        /// What the brand has posted.
        Post = "post",
    }
}

impl MemoryKind {
    /// True for kinds that are about one person, and are recalled for nobody else.
    pub fn is_personal(self) -> bool {
        matches!(self, MemoryKind::Interaction | MemoryKind::Person)
    }

    /// What age leaves of an item's worth, 0 to 1: it halves with each half-life, down to a rest that stays.
    pub fn decay(self, age: Duration) -> f64 {
        const DAY: f64 = 86_400.0;
        let (half_life_days, rest) = match self {
            MemoryKind::BrandFact => return 1.0,
            MemoryKind::ApprovedAnswer => (180.0, 0.4),
            MemoryKind::Person => (365.0, 0.4),
            MemoryKind::Post => (60.0, 0.2),
            MemoryKind::Interaction => (30.0, 0.1),
        };
        rest + (1.0 - rest) * 0.5_f64.powf(age.as_secs_f64() / DAY / half_life_days)
    }
}

word_enum! {
    /// Who may see an item, and on whose behalf memory is asked.
    pub enum Visibility {
        /// May be quoted to customers.
        Customer = "customer",
        /// For the people at the agency: notes.
        Internal = "internal",
    }
}

impl Visibility {
    /// True when somebody who is shown what this allows may see an item of that visibility.
    pub fn includes(self, item: Visibility) -> bool {
        self == Visibility::Internal || item == Visibility::Customer
    }
}

/// Something that a tenant's memory holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryItem {
    /// Its id.
    pub id: MemoryId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is.
    pub kind: MemoryKind,
    /// Who may see it.
    pub visibility: Visibility,
    /// The question it answers, or its heading; at most [`MAX_TITLE`] characters.
    pub title: Option<String>,
    /// The fact, the answer, what was said; at most [`MAX_TEXT`] characters.
    pub text: String,
    /// Instagram's id of the person it is about or came from. Goes when that person is forgotten.
    pub person: Option<String>,
    /// The account it came through.
    pub account: Option<AccountId>,
    /// The conversation it came from.
    pub conversation: Option<ConversationId>,
    /// Instagram's id of the media it is about.
    pub media: Option<String>,
    /// Where it comes from: `import:faq.md`, `api`, `approval`, `decision`.
    pub source: String,
    /// Its language, where that is known.
    pub language: Option<Language>,
    /// How much it counts among others, 0 to 10; 1 is usual.
    pub weight: f32,
    /// How often it was remembered.
    pub seen: u32,
    /// When it was first remembered.
    pub created_at: Timestamp,
    /// When it was last remembered: its age counts from here.
    pub updated_at: Timestamp,
}

impl MemoryItem {
    /// A plain item, remembered now.
    pub fn new(
        id: MemoryId,
        tenant: TenantId,
        kind: MemoryKind,
        visibility: Visibility,
        text: impl Into<String>,
        source: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant,
            kind,
            visibility,
            title: None,
            text: text.into(),
            person: None,
            account: None,
            conversation: None,
            media: None,
            source: source.into(),
            language: None,
            weight: 1.0,
            seen: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The same with a question or heading.
    #[must_use]
    pub fn titled(self, title: Option<String>) -> Self {
        Self { title, ..self }
    }

    /// The item as one sentence for whoever writes a reply: `question? answer`, `heading: text`, or the text.
    pub fn as_fact(&self) -> String {
        match self.title.as_deref().map(str::trim).filter(|title| !title.is_empty()) {
            Some(title) if title.ends_with(['?', '？']) => format!("{title} {}", self.text.trim()),
            Some(title) if self.kind == MemoryKind::ApprovedAnswer => {
                format!("{title}? {}", self.text.trim())
            }
            Some(title) => format!("{title}: {}", self.text.trim()),
            None => self.text.trim().to_owned(),
        }
    }

    /// Everything in it that can be searched.
    pub fn searched(&self) -> String {
        self.title.as_deref().map_or_else(|| self.text.clone(), |title| format!("{title}\n{}", self.text))
    }

    /// What tells items apart within a tenant, as 32 hexadecimal digits: kind, visibility, person, title and text, with
    /// case and white space evened out. Two items with the same fingerprint are one.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let title = evened(self.title.as_deref().unwrap_or_default());
        let person = self.person.as_deref().filter(|_| self.kind.is_personal()).unwrap_or_default();
        let parts = [self.kind.as_str(), self.visibility.as_str(), person, &title, &evened(&self.text)];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(&hash.finalize()[..16])
    }

    /// Says what is wrong with an item, when something is.
    ///
    /// # Errors
    /// [`InvalidItem`] tells the field.
    pub fn check(&self) -> Result<(), InvalidItem> {
        let length = |text: &str| text.chars().count();
        if self.text.trim().is_empty() {
            return Err(InvalidItem { field: "text", problem: "must not be empty".to_owned() });
        }
        let named = |text: &Option<String>| text.as_deref().map_or(0, length);
        let lengths = [
            ("text", length(&self.text), MAX_TEXT),
            ("title", named(&self.title), MAX_TITLE),
            ("person", named(&self.person), MAX_NAME),
            ("media", named(&self.media), MAX_NAME),
            ("source", length(&self.source), MAX_NAME),
        ];
        for (field, found, most) in lengths {
            if found > most {
                let problem = format!("has {found} characters, allowed are {most}");
                return Err(InvalidItem { field, problem });
            }
        }
        if !(0.0..=10.0).contains(&self.weight) {
            return Err(InvalidItem { field: "weight", problem: "must be between 0 and 10".to_owned() });
        }
        Ok(())
    }
}

fn evened(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// An item that cannot be remembered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidItem {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// What is to be removed from a memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgetting {
    /// One item.
    Item(MemoryId),
    /// Everything about or from a person, whatever its kind; with it goes what the tenant has of them outside its memory:
    /// what they wrote, drafts that answer it, their lead and name, what was told of them.
    Person(String),
    /// Everything from a source, such as an import that a new one replaces.
    Source(String),
    /// As many of the least useful interactions (then posts, then approved answers) as there are items above `keep`:
    /// those of least weight first, of these the oldest. What the brand stated and what is known of a person stays.
    Surplus {
        /// Items to keep.
        keep: u32,
    },
}

/// A question to a memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Recall {
    /// Who will see what is recalled. There is no question without it.
    pub visibility: Visibility,
    /// What it is about.
    pub text: String,
    /// The person it is about: what is personal is recalled for nobody else. Without one, nothing personal is
    /// recalled for customers.
    pub person: Option<String>,
    /// Only these kinds; all when empty.
    pub kinds: Vec<MemoryKind>,
    /// At most this many items.
    pub limit: usize,
    /// Now: age counts to here.
    pub now: Timestamp,
}

impl Recall {
    /// What may be said to a person who wrote this.
    pub fn for_customer(text: impl Into<String>, person: Option<String>, now: Timestamp) -> Self {
        Self {
            visibility: Visibility::Customer,
            text: text.into(),
            person,
            kinds: Vec::new(),
            limit: RECALLED,
            now,
        }
    }

    /// What the people at the agency may read, notes and everybody's interactions with it.
    pub fn for_operator(text: impl Into<String>, now: Timestamp) -> Self {
        Self { visibility: Visibility::Internal, ..Self::for_customer(text, None, now) }
    }

    /// True when the question allows this item. Whatever an index says, nothing else is ever given away.
    pub fn allows(&self, item: &MemoryItem) -> bool {
        let is_wanted = self.kinds.is_empty() || self.kinds.contains(&item.kind);
        let is_same_person = item.person.is_some() && item.person == self.person;
        let is_theirs = !item.kind.is_personal() || is_same_person || self.visibility == Visibility::Internal;
        is_wanted && is_theirs && self.visibility.includes(item.visibility)
    }
}

/// Something recalled, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recalled {
    /// The item.
    pub item: MemoryItem,
    /// How well it fits, 0 to about 10 (the greatest weight); only the order of one answer means something.
    pub score: f64,
    /// Where it stood among the items that share words with the question, from 1.
    pub words_rank: Option<usize>,
    /// Where it stood among the items whose meaning is near, from 1; only with an embedding endpoint.
    pub meaning_rank: Option<usize>,
    /// What age left of it, 0 to 1.
    pub decay: f64,
}

/// Which items to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryFilter {
    /// Only this kind.
    pub kind: Option<MemoryKind>,
    /// Only this visibility.
    pub visibility: Option<Visibility>,
    /// Only of this person.
    pub person: Option<String>,
    /// Only from this source.
    pub source: Option<String>,
}

/// How large a memory is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MemoryStats {
    /// Items by kind; kinds without items are missing.
    pub items: Vec<(MemoryKind, u64)>,
    /// Bytes of their texts.
    pub bytes: u64,
    /// Most items of a tenant; 0 is no limit.
    pub limit: u64,
    /// How its index stands, in a few words.
    pub index: String,
}

impl MemoryStats {
    /// All items.
    pub fn total(&self) -> u64 {
        self.items.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::ids::Ids;
    use std::sync::Arc;

    const DAY: Duration = Duration::from_secs(86_400);

    fn item(kind: MemoryKind, visibility: Visibility, text: &str) -> MemoryItem {
        let ids = Ids::seeded(Arc::new(ManualClock::at(1)), 3);
        let (id, tenant) = (MemoryId::new(&ids), TenantId(uuid::Uuid::nil()));
        MemoryItem::new(id, tenant, kind, visibility, text, "test", Timestamp::from_micros(1))
    }

    #[test]
    fn facts_do_not_age_and_talk_does() {
        let year = DAY * 365;
        assert_eq!(MemoryKind::BrandFact.decay(year), 1.0);
        assert_eq!(MemoryKind::Interaction.decay(Duration::ZERO), 1.0);
        let month = MemoryKind::Interaction.decay(DAY * 30);
        assert!((0.54..0.56).contains(&month), "{month}");
        assert!(MemoryKind::Interaction.decay(year) < MemoryKind::ApprovedAnswer.decay(year));
    }

    #[test]
    fn the_same_words_are_one_item_and_a_note_is_never_a_fact() {
        let fact = item(MemoryKind::BrandFact, Visibility::Customer, "We ship  to Spain");
        let again = item(MemoryKind::BrandFact, Visibility::Customer, "we ship to\nSpain ");
        let note = item(MemoryKind::BrandFact, Visibility::Internal, "We ship to Spain");
        assert_eq!(fact.fingerprint(), again.fingerprint());
        assert_ne!(fact.fingerprint(), note.fingerprint());
        let shifted = MemoryItem { title: Some("We ship".into()), text: "to Spain".into(), ..fact.clone() };
        assert_ne!(fact.fingerprint(), shifted.fingerprint());
    }

    #[test]
    fn what_two_people_said_alike_stays_apart() {
        let said = item(MemoryKind::Interaction, Visibility::Customer, "thanks");
        let anna = MemoryItem { person: Some("anna".into()), ..said.clone() };
        let bert = MemoryItem { person: Some("bert".into()), ..said };
        assert_ne!(anna.fingerprint(), bert.fingerprint());
    }

    #[test]
    fn a_customer_is_given_no_note_and_nothing_of_another_person() {
        let now = Timestamp::from_micros(5);
        let question = Recall::for_customer("?", Some("anna".into()), now);
        let personal = |person: &str| MemoryItem {
            person: Some(person.into()),
            ..item(MemoryKind::Interaction, Visibility::Customer, "size 38")
        };
        assert!(question.allows(&personal("anna")));
        assert!(!question.allows(&personal("bert")));
        assert!(!Recall::for_customer("?", None, now).allows(&personal("anna")));
        assert!(!question.allows(&item(MemoryKind::BrandFact, Visibility::Internal, "pays late")));
        let operator = Recall::for_operator("?", now);
        assert!(operator.allows(&personal("bert")));
        assert!(operator.allows(&item(MemoryKind::BrandFact, Visibility::Internal, "pays late")));
    }

    #[test]
    fn a_question_and_its_answer_are_told_as_one_sentence() {
        let fact = item(MemoryKind::BrandFact, Visibility::Customer, "Yes, in three days.");
        let asked = fact.clone().titled(Some("Do you ship to Spain?".into()));
        assert_eq!(asked.as_fact(), "Do you ship to Spain? Yes, in three days.");
        assert_eq!(fact.clone().titled(Some("Shipping".into())).as_fact(), "Shipping: Yes, in three days.");
        assert_eq!(fact.titled(Some("  ".into())).as_fact(), "Yes, in three days.");
    }

    #[test]
    fn an_item_that_is_empty_or_too_long_is_refused_by_name() {
        let empty = item(MemoryKind::BrandFact, Visibility::Customer, " \n");
        assert_eq!(empty.check().unwrap_err().field, "text");
        let long = item(MemoryKind::BrandFact, Visibility::Customer, &"é".repeat(MAX_TEXT + 1));
        assert!(long.check().unwrap_err().to_string().contains("4001"));
        let fits = item(MemoryKind::BrandFact, Visibility::Customer, &"é".repeat(MAX_TEXT));
        assert_eq!(fits.check(), Ok(()));
        let heavy = MemoryItem { weight: f32::NAN, ..fits };
        assert_eq!(heavy.check().unwrap_err().field, "weight");
    }
}
