//! From what was read to what a webhook would have said.

use serde_json::{Value, json};
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::event::EventKind;
use tenants::ports::SeenItem;

use crate::webhook::{IncomingItem, fields, parse};

/// The item of a webhook about a change.
pub(super) fn of_change(account: &Account, value: Value, written_at: Timestamp) -> Option<SeenItem> {
    read(account, json!({ "changes": [{ "field": "comments", "value": value }] }), written_at)
}

/// The item of a webhook about a message.
pub(super) fn of_message(account: &Account, item: Value, written_at: Timestamp) -> Option<SeenItem> {
    read(account, json!({ "messaging": [item] }), written_at)
}

/// Goes the way of a webhook, so that kind, id and conversation are the same to the letter. What is not understood is
/// nothing that a webhook could be missing for.
fn read(account: &Account, mut entry: Value, written_at: Timestamp) -> Option<SeenItem> {
    entry["id"] = json!(account.external_id);
    entry["time"] = json!(written_at.as_millis());
    let delivery = json!({ "object": "instagram", "entry": [entry] });
    let item: IncomingItem = parse(delivery.to_string().as_bytes()).ok()?.pop()?.for_account(account);
    if item.kind == EventKind::Unknown {
        return None;
    }
    Some(SeenItem {
        kind: item.kind,
        external_id: item.external_id,
        conversation_key: item.conversation_key,
        written_at,
        body: item.body,
        raw: item.raw,
    })
}

/// A person with what is told of them; `None` without an id: nobody could be answered.
pub(super) fn person(value: &Value) -> Option<Value> {
    let person = fields::person(value)?;
    Some(match person.username {
        Some(username) => json!({ "id": person.id, "username": username }),
        None => json!({ "id": person.id }),
    })
}
