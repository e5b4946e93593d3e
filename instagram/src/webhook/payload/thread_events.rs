//! What happens in a thread besides messages.

use serde_json::Value;
use tenants::conversation::direct_key;
use tenants::event::{EventBody, EventKind, Person};

use super::messaging::Parties;
use super::{Entry, Understood, fields, kept_raw, other_key};

/// A message was taken back.
pub(super) fn deleted(message: &Value, parties: Parties, entry: &Entry<'_>) -> Option<Understood> {
    let mid = fields::id(message, "mid")?;
    Some(Understood {
        kind: EventKind::MessageDeleted,
        external_id: format!("deleted:{mid}"),
        conversation_key: thread_key(parties.person.as_ref(), entry),
        body: EventBody::MessageDeleted { mid, person: parties.person },
    })
}

/// A message was changed. Instagram also sends empty edits with `num_edit: 0` and no sender; they are harmless.
pub(super) fn edit(edit: &Value, parties: Parties, entry: &Entry<'_>) -> Option<Understood> {
    let mid = fields::id(edit, "mid")?;
    let edits =
        fields::number(edit, "num_edit").and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
    Some(Understood {
        kind: EventKind::MessageEdited,
        external_id: format!("edit:{mid}:{edits}"),
        conversation_key: thread_key(parties.person.as_ref(), entry),
        body: EventBody::MessageEdited {
            mid,
            person: parties.person,
            text: fields::text(edit, "text"),
            edits,
        },
    })
}

/// A reaction came or went.
pub(super) fn reaction(item: &Value, parties: Parties, entry: &Entry<'_>) -> Option<Understood> {
    let reaction = &item["reaction"];
    let mid = fields::id(reaction, "mid")?;
    let Some(person) = parties.stranger() else { return Some(kept_raw(EventKind::Reaction, item, entry)) };
    let action = fields::text(reaction, "action").unwrap_or_default();
    let sign = || fields::text(reaction, "emoji").or_else(|| fields::text(reaction, "reaction"));
    let time = fields::number(item, "timestamp").unwrap_or_default();
    Some(Understood {
        kind: EventKind::Reaction,
        external_id: format!("reaction:{mid}:{}:{action}:{time}", person.id),
        conversation_key: direct_key(&person.id),
        body: EventBody::Reaction {
            mid,
            reaction: if action == "unreact" {
                None
            } else {
                Some(sign().unwrap_or_else(|| "other".to_owned()))
            },
            person,
        },
    })
}

/// A button was tapped. The account's taps on its own buttons are kept but not acted on.
pub(super) fn postback(item: &Value, parties: Parties, entry: &Entry<'_>) -> Option<Understood> {
    let postback = &item["postback"];
    let to_self = fields::flag(item, "is_self") || fields::flag(postback, "is_self");
    let Some(person) = parties.stranger().filter(|_| !to_self) else {
        return Some(kept_raw(EventKind::Postback, item, entry));
    };
    let mid = fields::id(postback, "mid");
    Some(Understood {
        kind: EventKind::Postback,
        external_id: match &mid {
            Some(mid) => format!("postback:{mid}"),
            None => kept_raw(EventKind::Postback, item, entry).external_id,
        },
        conversation_key: direct_key(&person.id),
        body: EventBody::Postback {
            mid,
            person,
            title: fields::text(postback, "title").unwrap_or_default(),
            payload: fields::text(postback, "payload"),
        },
    })
}

/// The person has read the thread.
pub(super) fn seen(item: &Value, parties: Parties, entry: &Entry<'_>) -> Option<Understood> {
    let mid = fields::id(&item["read"], "mid");
    let Some(person) = parties.stranger() else { return Some(kept_raw(EventKind::Seen, item, entry)) };
    Some(Understood {
        kind: EventKind::Seen,
        external_id: match &mid {
            Some(mid) => format!("read:{mid}"),
            None => kept_raw(EventKind::Seen, item, entry).external_id,
        },
        conversation_key: direct_key(&person.id),
        body: EventBody::Seen { mid, person },
    })
}

/// The person came through a link or an advertisement into a thread that existed.
pub(super) fn referral(item: &Value, parties: Parties, entry: &Entry<'_>) -> Option<Understood> {
    let raw = kept_raw(EventKind::Referral, item, entry);
    let Some(person) = parties.stranger() else { return Some(raw) };
    let referral = &item["referral"];
    Some(Understood {
        conversation_key: direct_key(&person.id),
        body: EventBody::Referral {
            person,
            reference: fields::text(referral, "ref"),
            source: fields::text(referral, "source"),
        },
        ..raw
    })
}

impl Parties {
    /// The person, unless the account itself is the one who acts.
    fn stranger(self) -> Option<Person> {
        if self.from_account { None } else { self.person }
    }
}

fn thread_key(person: Option<&Person>, entry: &Entry<'_>) -> String {
    person.map_or_else(|| other_key(entry), |person| direct_key(&person.id))
}
