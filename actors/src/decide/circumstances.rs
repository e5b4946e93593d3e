//! What a decision depended on beside its event, compactly: with this it can be made again, exactly.
//!
//! It stands in the decision's audit entry as `situation`. Times are microseconds before `at`, conversations are lists:
//! most decisions have no more than some ten bytes of it, a conversation is about 120.

use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::conversation::{Conversation, ConversationKind, Owner, direct_key};
use tenants::event::{InboxEvent, Person};
use tenants::ids::{AccountId, ConversationId};

use super::before::Before;

/// What a decision depended on beside its event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    /// The moment at which it was decided, in microseconds since 1970.
    at: i64,
    /// Name of the configuration: settings, rules, prompts and what was learned.
    pub with: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread: Option<Thread>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direct: Option<Thread>,
    /// Hits on this day of every rule with a daily cap, without those of this event, in the rules' order; left out
    /// when all are zero, `null` when they could not be told.
    #[serde(default = "no_hits", skip_serializing_if = "are_no_hits")]
    pub hits: Option<Vec<u32>>,
    /// What was said before, where models want to know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// Names of the facts that were recalled and are too long to stand in the trace, in their order there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// Who wrote a text that had to be read first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Person>,
}

fn no_hits() -> Option<Vec<u32>> {
    Some(Vec::new())
}

fn are_no_hits(hits: &Option<Vec<u32>>) -> bool {
    hits.as_ref().is_some_and(Vec::is_empty)
}

impl Circumstances {
    /// Those of a decision made at `at`, with the conversations as they stood before it.
    pub fn new(
        at: Timestamp,
        with: &str,
        thread: Option<&Conversation>,
        direct: Option<&Conversation>,
    ) -> Self {
        Self {
            at: at.as_micros(),
            with: with.to_owned(),
            thread: thread.map(|thread| Thread::of(thread, at)),
            direct: direct.map(|direct| Thread::of(direct, at)),
            hits: no_hits(),
            before: None,
            facts: Vec::new(),
            author: None,
        }
    }

    /// The moment at which it was decided.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    /// The thread of the event as it stood.
    pub fn thread(&self, event: &InboxEvent) -> Option<Conversation> {
        let key = event.conversation_key.clone();
        Some(self.thread.as_ref()?.conversation(event.account?, key, self.at()))
    }

    /// The direct messages with the author of a comment or mention as they stood.
    pub fn direct(&self, event: &InboxEvent) -> Option<Conversation> {
        let direct = self.direct.as_ref()?;
        let key = direct_key(&direct.1);
        Some(direct.conversation(event.account?, key, self.at()))
    }
}

/// A conversation: id, id and handle of the person, owner, then times as microseconds before the decision:
/// owner since, window's end, opted out, last inbound, last outbound, created, updated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Thread(
    ConversationId,
    String,
    Option<String>,
    Owner,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
    /// When the person was last told that a program answers; missing where they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    Option<i64>,
);

impl Thread {
    fn of(it: &Conversation, at: Timestamp) -> Self {
        let ago = |moment: Timestamp| at.as_micros().saturating_sub(moment.as_micros());
        Self(
            it.id,
            it.person.id.clone(),
            it.person.username.clone(),
            it.owner,
            ago(it.owner_since),
            it.window_ends_at.map(ago),
            it.opted_out_at.map(ago),
            it.last_inbound_at.map(ago),
            it.last_outbound_at.map(ago),
            ago(it.created_at),
            ago(it.updated_at),
            it.disclosed_at.map(ago),
        )
    }

    fn conversation(&self, account: AccountId, key: String, at: Timestamp) -> Conversation {
        let moment = |ago: i64| Timestamp::from_micros(at.as_micros().saturating_sub(ago));
        let kind = match key.split(':').next() {
            Some("comment") => ConversationKind::CommentThread,
            Some("mention") => ConversationKind::Mention,
            _ => ConversationKind::Direct,
        };
        Conversation {
            id: self.0,
            account,
            kind,
            key,
            person: Person { id: self.1.clone(), username: self.2.clone() },
            owner: self.3,
            owner_since: moment(self.4),
            window_ends_at: self.5.map(moment),
            opted_out_at: self.6.map(moment),
            last_inbound_at: self.7.map(moment),
            last_outbound_at: self.8.map(moment),
            disclosed_at: self.11.map(moment),
            assigned_to: None,
            created_at: moment(self.9),
            updated_at: moment(self.10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::world::{World, hours, maria, noon};
    use super::*;

    #[tokio::test]
    async fn a_conversation_is_read_back_as_it_was_in_little_room() {
        let world = World::new();
        world.happens(&world.message("hello, is anybody there?")).await;
        let direct = Conversation {
            opted_out_at: Some(noon()),
            last_outbound_at: Some(noon() + hours(2)),
            owner: Owner::Human,
            person: maria(),
            ..world.direct().unwrap()
        };
        let event = world.comment("and here?");
        let thread = Conversation { key: event.conversation_key.clone(), ..direct.clone() };
        let thread = Conversation { kind: ConversationKind::CommentThread, ..thread };
        let at = noon() + hours(1);
        let written =
            Circumstances::new(at, "0123456789abcdef0123456789abcdef", Some(&thread), Some(&direct));
        let text = serde_json::to_string(&written).unwrap();
        assert!(text.len() < 420, "{} bytes: {text}", text.len());
        let read: Circumstances = serde_json::from_str(&text).unwrap();
        assert_eq!(read.thread(&event), Some(thread));
        assert_eq!(read.direct(&event), Some(direct));
        assert_eq!(read.at(), at);
        let bare =
            serde_json::to_string(&Circumstances::new(at, "0123456789abcdef0123456789abcdef", None, None));
        assert!(bare.unwrap().len() < 80);
    }

    #[test]
    fn counters_that_could_not_be_told_are_not_taken_for_zero() {
        let none = Circumstances { hits: None, ..Circumstances::new(noon(), "c", None, None) };
        let read: Circumstances = serde_json::from_str(&serde_json::to_string(&none).unwrap()).unwrap();
        assert_eq!(read.hits, None);
        let zero: Circumstances = serde_json::from_str(r#"{"at":1,"with":"c"}"#).unwrap();
        assert_eq!(zero.hits, Some(Vec::new()));
    }
}
