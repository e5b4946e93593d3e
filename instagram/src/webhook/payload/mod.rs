//! What items say. Each function reads one shape; `None` means that it is not that shape.

mod comments;
pub(crate) mod fields;
mod message;
mod messaging;
mod thread_events;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tenants::clock::Timestamp;
use tenants::conversation::direct_key;
use tenants::event::{EventBody, EventKind};

use super::item::IncomingItem;

/// What is said around the items of an entry.
pub(super) struct Entry<'a> {
    /// Instagram's id of the account.
    pub(super) account: &'a str,
    /// When Instagram sent it.
    pub(super) time: Option<Timestamp>,
}

/// What an item says.
struct Understood {
    kind: EventKind,
    external_id: String,
    conversation_key: String,
    body: EventBody,
}

/// Reads `{"field", "value"}`, a member of `changes` or a flat entry.
pub(super) fn read_change(change: Value, entry: &Entry<'_>) -> IncomingItem {
    let value = &change["value"];
    let understood = match change["field"].as_str() {
        Some("comments") => comments::comment(value, EventKind::Comment, entry),
        Some("live_comments") => comments::comment(value, EventKind::LiveComment, entry),
        Some("mentions") => comments::mention(value),
        Some("story_insights") => comments::story_insights(value),
        Some("standby") => Some(messaging::standby(value, entry)),
        // The dashboard's test button sends messaging items as changes.
        Some(_) => messaging::understand(value, entry),
        None => None,
    };
    let occurred_at = fields::moment(value, "timestamp").or(entry.time);
    finish(change, understood, occurred_at, entry)
}

/// Reads a member of `messaging`.
pub(super) fn read_messaging(item: Value, entry: &Entry<'_>) -> IncomingItem {
    let understood = messaging::understand(&item, entry);
    let occurred_at = fields::moment(&item, "timestamp").or(entry.time);
    finish(item, understood, occurred_at, entry)
}

/// Reads a member of `standby`.
pub(super) fn read_standby(item: Value, entry: &Entry<'_>) -> IncomingItem {
    let understood = messaging::standby(&item, entry);
    let occurred_at = fields::moment(&item, "timestamp").or(entry.time);
    finish(item, Some(understood), occurred_at, entry)
}

/// Keeps something that has no known shape.
pub(super) fn read_unknown(raw: Value, entry: &Entry<'_>) -> IncomingItem {
    finish(raw, None, entry.time, entry)
}

fn finish(
    raw: Value,
    understood: Option<Understood>,
    occurred_at: Option<Timestamp>,
    entry: &Entry<'_>,
) -> IncomingItem {
    let understood = understood.unwrap_or_else(|| kept_raw(EventKind::Unknown, &raw, entry));
    IncomingItem {
        external_account: entry.account.to_owned(),
        kind: understood.kind,
        external_id: understood.external_id,
        conversation_key: understood.conversation_key,
        occurred_at,
        body: understood.body,
        raw,
    }
}

/// An item of which only the kind matters. Instagram gives these no id, so the text of the item stands for one,
/// together with account and time: two equal items at different times are two events.
fn kept_raw(kind: EventKind, raw: &Value, entry: &Entry<'_>) -> Understood {
    let time = fields::moment(raw, "timestamp").or(entry.time).map_or(0, Timestamp::as_millis);
    let mut hash = Sha256::new();
    hash.update((entry.account.len() as u64).to_be_bytes());
    hash.update(entry.account);
    hash.update(time.to_be_bytes());
    hash.update(raw.to_string());
    let conversation_key = match messaging::Parties::of(raw, entry).person {
        Some(person) => direct_key(&person.id),
        None => other_key(entry),
    };
    Understood { kind, external_id: hex::encode(hash.finalize()), conversation_key, body: EventBody::Raw }
}

/// The key of items that belong to no conversation.
fn other_key(entry: &Entry<'_>) -> String {
    format!("account:{}", entry.account)
}
