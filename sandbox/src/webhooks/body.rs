//! One POST body out of one or more updates.

use serde_json::{Map, Value, json};

use super::{Envelope, Update};
use crate::json::escaped;

/// The bytes to sign and send. Neighbouring updates of one account and kind share an entry, as with Meta.
pub(crate) fn body(updates: &[Update]) -> Vec<u8> {
    if let [Update { raw: Some(raw), .. }] = updates {
        return raw.clone();
    }
    let mut entries: Vec<Map<String, Value>> = Vec::new();
    let mut previous: Option<&Update> = None;
    for update in updates.iter().filter(|update| update.raw.is_none()) {
        let list = list_name(update.envelope);
        let joins = previous.is_some_and(|previous| {
            list.is_some() && previous.account == update.account && previous.envelope == update.envelope
        });
        let shared = if joins { entries.last_mut() } else { None };
        match (shared, list) {
            (Some(entry), Some(list)) => {
                if let Some(Value::Array(items)) = entry.get_mut(list) {
                    items.push(list_item(update));
                }
            }
            _ => entries.push(entry(update, list)),
        }
        previous = Some(update);
    }
    escaped(&json!({"object": "instagram", "entry": entries}))
}

fn entry(update: &Update, list: Option<&str>) -> Map<String, Value> {
    let mut entry = Map::new();
    // Changes carry seconds, messaging carries milliseconds.
    let time = match update.envelope {
        Envelope::Messaging | Envelope::Standby => update.at.timestamp_millis(),
        Envelope::Changes | Envelope::Flat => update.at.timestamp(),
    };
    entry.insert("id".into(), json!(update.account));
    entry.insert("time".into(), json!(time));
    match list {
        Some(list) => {
            entry.insert(list.to_owned(), Value::Array(vec![list_item(update)]));
        }
        None => {
            entry.insert("field".into(), json!(update.field));
            entry.insert("value".into(), update.value.clone());
        }
    }
    entry
}

fn list_name(envelope: Envelope) -> Option<&'static str> {
    match envelope {
        Envelope::Changes => Some("changes"),
        Envelope::Messaging => Some("messaging"),
        Envelope::Standby => Some("standby"),
        Envelope::Flat => None,
    }
}

fn list_item(update: &Update) -> Value {
    match update.envelope {
        Envelope::Changes => json!({"field": update.field, "value": update.value}),
        _ => update.value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::ids::{AccountId, AppId};

    fn update(account: &str, field: &str, envelope: Envelope) -> Update {
        let at = DateTime::from_timestamp_millis(1_767_225_600_123).unwrap();
        Update::new(AppId::new("1"), AccountId::new(account), field, envelope, json!({"n": 1}), at)
    }

    fn parsed(updates: &[Update]) -> Value {
        serde_json::from_slice(&body(updates)).unwrap()
    }

    #[test]
    fn changes_carry_seconds_and_messaging_milliseconds() {
        let changes = parsed(&[update("7", "comments", Envelope::Changes)]);
        assert_eq!(changes["entry"][0]["time"], 1_767_225_600);
        assert_eq!(changes["entry"][0]["changes"][0]["field"], "comments");
        let messaging = parsed(&[update("7", "messages", Envelope::Messaging)]);
        assert_eq!(messaging["entry"][0]["time"], 1_767_225_600_123_i64);
        assert_eq!(messaging["entry"][0]["messaging"][0]["n"], 1);
    }

    #[test]
    fn flat_and_standby_envelopes_are_written_as_documented() {
        let flat = parsed(&[update("7", "comments", Envelope::Flat)]);
        assert_eq!(flat["entry"][0]["field"], "comments");
        let standby = parsed(&[update("7", "messages", Envelope::Standby)]);
        assert!(standby["entry"][0]["standby"].is_array());
    }

    #[test]
    fn neighbours_of_one_account_share_an_entry() {
        let batch = [
            update("7", "comments", Envelope::Changes),
            update("7", "comments", Envelope::Changes),
            update("8", "comments", Envelope::Changes),
            update("8", "messages", Envelope::Messaging),
        ];
        let parsed = parsed(&batch);
        assert_eq!(parsed["entry"].as_array().unwrap().len(), 3);
        assert_eq!(parsed["entry"][0]["changes"].as_array().unwrap().len(), 2);
    }
}
