//! Items of direct messages: which shape an item has, and between whom it is.

use serde_json::Value;
use tenants::event::{EventKind, Person};

use super::{Entry, Understood, fields, kept_raw, message, thread_events};

/// Between whom an item is.
pub(super) struct Parties {
    /// The one that is not the account; the account itself when it writes to itself.
    pub(super) person: Option<Person>,
    /// The account sent it.
    pub(super) from_account: bool,
}

impl Parties {
    pub(super) fn of(item: &Value, entry: &Entry<'_>) -> Self {
        let sender = fields::person(&item["sender"]);
        let recipient = fields::person(&item["recipient"]);
        let is_account = |person: &Option<Person>| person.as_ref().is_some_and(|it| it.id == entry.account);
        // On echoes the sender is the account whatever id it goes by.
        let from_account = is_account(&sender) || fields::flag(&item["message"], "is_echo");
        let person = if from_account {
            recipient.or(sender)
        } else {
            sender.or(recipient.filter(|person| person.id != entry.account))
        };
        Self { person, from_account }
    }
}

/// Reads an item by the member that names its kind.
pub(super) fn understand(item: &Value, entry: &Entry<'_>) -> Option<Understood> {
    let has = |name: &str| item.get(name).is_some_and(Value::is_object);
    let parties = Parties::of(item, entry);
    if has("message") {
        message::message(item, parties, entry)
    } else if has("message_edit") {
        thread_events::edit(&item["message_edit"], parties, entry)
    } else if has("reaction") {
        thread_events::reaction(item, parties, entry)
    } else if has("postback") {
        thread_events::postback(item, parties, entry)
    } else if has("read") {
        thread_events::seen(item, parties, entry)
    } else if has("referral") {
        thread_events::referral(item, parties, entry)
    } else {
        kind_by_member(item).map(|kind| kept_raw(kind, item, entry))
    }
}

/// An item of a thread that another app owns: kept and shown, never acted on.
pub(super) fn standby(item: &Value, entry: &Entry<'_>) -> Understood {
    kept_raw(EventKind::Standby, item, entry)
}

/// Kinds that are stored and shown but not acted on.
fn kind_by_member(item: &Value) -> Option<EventKind> {
    const KINDS: [(&str, EventKind); 7] = [
        ("optin", EventKind::OptIn),
        ("pass_thread_control", EventKind::Handover),
        ("take_thread_control", EventKind::Handover),
        ("request_thread_control", EventKind::Handover),
        ("app_roles", EventKind::Handover),
        ("policy_enforcement", EventKind::PolicyEnforcement),
        ("response_feedback", EventKind::Feedback),
    ];
    KINDS.iter().find(|(member, _)| item.get(member).is_some()).map(|(_, kind)| *kind)
}
