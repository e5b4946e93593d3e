//! One thing a delivery tells.

use serde_json::Value;
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::conversation::direct_key;
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, OrphanedEvent, Person};
use tenants::ids::EventId;

use super::payload::fields;

/// One thing a delivery tells, before we know whose account it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct IncomingItem {
    /// Instagram's id of the account it is for; empty when the payload names none.
    pub external_account: String,
    /// What it is about.
    pub kind: EventKind,
    /// With account and kind the same for every delivery of the same thing.
    pub external_id: String,
    /// Items with the same key are worked on in order.
    pub conversation_key: String,
    /// When it happened, by Instagram's word; `None` when the payload does not say.
    pub occurred_at: Option<Timestamp>,
    /// What it says.
    pub body: EventBody,
    /// The item as it came.
    pub raw: Value,
}

impl IncomingItem {
    /// Judges again whether the account itself did this, now that all its ids and its name are known.
    ///
    /// A payload compares with one id of the account only, but the account has several: without this step our own
    /// reply could come back as a stranger's comment and be answered.
    pub fn for_account(mut self, account: &Account) -> Self {
        let by_account = |person: &Person| account.is_self(&person.id, person.username.as_deref());
        match &mut self.body {
            EventBody::Comment(comment) if by_account(&comment.from) => self.kind = EventKind::OwnComment,
            EventBody::Message(message) if self.kind != EventKind::Echo && by_account(&message.person) => {
                match recipient(&self.raw).filter(|person| !account.is_self(&person.id, None)) {
                    None => message.to_self = true,
                    Some(person) => {
                        self.kind = EventKind::Echo;
                        self.conversation_key = direct_key(&person.id);
                        message.person = person;
                    }
                }
            }
            EventBody::Reaction { person, .. }
            | EventBody::Postback { person, .. }
            | EventBody::Seen { person, .. }
            | EventBody::Referral { person, .. }
                if by_account(person) =>
            {
                self.body = EventBody::Raw;
            }
            _ => {}
        }
        self
    }

    /// The event to store for a known account.
    pub fn into_event(self, id: EventId, account: &Account, received_at: Timestamp) -> NewEvent {
        let item = self.for_account(account);
        NewEvent {
            id,
            tenant: account.tenant,
            account: Some(account.id),
            source: EventSource::Webhook,
            kind: item.kind,
            external_id: item.external_id,
            conversation_key: item.conversation_key,
            occurred_at: item.occurred_at.unwrap_or(received_at),
            received_at,
            body: item.body,
            raw: item.raw,
        }
    }

    /// The record to store when no account has this external id.
    pub fn into_orphan(self, id: EventId, received_at: Timestamp) -> OrphanedEvent {
        OrphanedEvent {
            id,
            external_account: self.external_account,
            kind: self.kind,
            external_id: self.external_id,
            received_at,
            raw: self.raw,
        }
    }
}

/// The recipient of a messaging item, in both of its wrappings.
fn recipient(raw: &Value) -> Option<Person> {
    fields::person(&raw["recipient"]).or_else(|| fields::person(&raw["value"]["recipient"]))
}
