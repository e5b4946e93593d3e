//! The envelope around items, in all its variants.

use serde_json::error::Category;
use serde_json::{Map, Value};

use super::item::IncomingItem;
use super::payload::{self, Entry, fields};

/// Why a body is no delivery. All mean: answer 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, or nested deeper than 128 levels.
    #[error("the body is not valid JSON (line {line}, column {column}), or nested too deeply")]
    Malformed {
        /// Where it stops making sense, 1-based.
        line: usize,
        /// Byte in that line, 1-based.
        column: usize,
    },
    /// The body ends in the middle of a value.
    #[error("the body is cut off")]
    CutOff,
    /// JSON, but neither an object nor a list of objects.
    #[error("the body is neither an object nor a list of objects")]
    NotAnObject,
}

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            Category::Eof => Self::CutOff,
            _ => Self::Malformed { line: error.line(), column: error.column() },
        }
    }
}

/// Reads a delivery. Every item of it gives one [`IncomingItem`]; what is not understood is kept as
/// [`Unknown`](tenants::event::EventKind::Unknown), so that one strange item never costs the others.
pub fn parse(raw: &[u8]) -> Result<Vec<IncomingItem>, ParseError> {
    let mut items = Vec::new();
    match serde_json::from_slice(raw)? {
        Value::Object(delivery) => read_delivery(delivery, &mut items),
        Value::Array(deliveries) => {
            for delivery in deliveries {
                let Value::Object(delivery) = delivery else { return Err(ParseError::NotAnObject) };
                read_delivery(delivery, &mut items);
            }
        }
        _ => return Err(ParseError::NotAnObject),
    }
    Ok(items)
}

fn read_delivery(mut delivery: Map<String, Value>, items: &mut Vec<IncomingItem>) {
    match delivery.remove("entry") {
        Some(entries) => each(entries, |entry| read_entry(entry, items)),
        None if delivery.is_empty() => {}
        // The test button can send an entry without its wrapping.
        None => read_entry(Value::Object(delivery), items),
    }
}

fn read_entry(mut value: Value, items: &mut Vec<IncomingItem>) {
    let account = fields::id(&value, "id").unwrap_or_default();
    let entry = Entry { account: &account, time: fields::moment(&value, "time") };
    let Value::Object(members) = &mut value else {
        return items.push(payload::read_unknown(value, &entry));
    };
    let (changes, messaging, standby) =
        (members.remove("changes"), members.remove("messaging"), members.remove("standby"));
    let wrapped = changes.is_some() || messaging.is_some() || standby.is_some();

    each(changes.unwrap_or_default(), |change| items.push(payload::read_change(change, &entry)));
    each(messaging.unwrap_or_default(), |item| items.push(payload::read_messaging(item, &entry)));
    each(standby.unwrap_or_default(), |item| items.push(payload::read_standby(item, &entry)));
    if !wrapped {
        items.push(payload::read_change(value, &entry));
    }
}

/// Visits the members of a list; anything else but null counts as a list of one.
fn each(value: Value, visit: impl FnMut(Value)) {
    match value {
        Value::Null => {}
        Value::Array(list) => list.into_iter().for_each(visit),
        single => std::iter::once(single).for_each(visit),
    }
}
