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
    /// More items than Instagram ever sends at once.
    #[error("the body holds more than {MAX_ITEMS} items")]
    TooMany,
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

/// Most items of one delivery; Instagram batches up to 1,000.
pub const MAX_ITEMS: usize = 5_000;

/// Reads a delivery. Every item of it gives one [`IncomingItem`]; what is not understood is kept as
/// [`Unknown`](tenants::event::EventKind::Unknown), so that one strange item never costs the others.
pub fn parse(raw: &[u8]) -> Result<Vec<IncomingItem>, ParseError> {
    let mut items = Vec::new();
    match read_json(raw)? {
        Value::Object(delivery) => read_delivery(delivery, &mut items),
        Value::Array(deliveries) => {
            for delivery in deliveries {
                let Value::Object(delivery) = delivery else { return Err(ParseError::NotAnObject) };
                read_delivery(delivery, &mut items);
            }
        }
        _ => return Err(ParseError::NotAnObject),
    }
    if items.len() > MAX_ITEMS {
        return Err(ParseError::TooMany);
    }
    Ok(items)
}

/// Reads JSON. Half of a surrogate pair (an emoji cut in two by a length limit) is no valid text and would cost the
/// whole delivery: it becomes the replacement character, as browsers do.
fn read_json(raw: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(raw).or_else(|error| match mend_surrogates(raw) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// The bytes with every lone `\ud800`…`\udfff` escape replaced by `\ufffd`; `None` when there is none.
fn mend_surrogates(raw: &[u8]) -> Option<Vec<u8>> {
    let mut mended = raw.to_vec();
    let (mut at, mut found) = (0, false);
    while at < raw.len() {
        if raw[at] != b'\\' {
            at += 1;
            continue;
        }
        match escaped_unit(raw, at) {
            Some(0xd800..=0xdbff) if matches!(escaped_unit(raw, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                mended[at + 2..at + 6].copy_from_slice(b"fffd");
                found = true;
                at += 6;
            }
            // Any other escape: its second byte may be a backslash that begins nothing.
            _ => at += 2,
        }
    }
    found.then_some(mended)
}

/// The UTF-16 unit of the `\uXXXX` escape at a position, if there is one.
fn escaped_unit(raw: &[u8], at: usize) -> Option<u16> {
    let escape = raw.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(raw: &str) -> Vec<String> {
        let items = parse(raw.as_bytes()).unwrap();
        items.iter().map(|item| item.raw["value"]["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn half_an_emoji_costs_neither_its_comment_nor_the_others() {
        let comment = |id: u32, text: &str| {
            format!(r#"{{"field":"comments","value":{{"id":"{id}","text":"{text}","from":{{"id":"1"}}}}}}"#)
        };
        let changes =
            [comment(1, r"cut \ud83d"), comment(2, r"whole \ud83d\ude0d"), comment(3, r"back\\ud83d slash")];
        let raw = format!(r#"{{"entry":[{{"id":"17","time":1,"changes":[{}]}}]}}"#, changes.join(","));
        assert_eq!(texts(&raw), ["cut \u{fffd}", "whole \u{1f60d}", r"back\ud83d slash"]);
    }

    #[test]
    fn more_items_than_instagram_ever_sends_are_refused() {
        let raw = format!(r#"{{"entry":[{}1]}}"#, "1,".repeat(MAX_ITEMS));
        assert_eq!(parse(raw.as_bytes()), Err(ParseError::TooMany));
    }
}
