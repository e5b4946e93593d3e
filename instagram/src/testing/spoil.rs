//! Ways to spoil a document: members dropped, renamed, doubled or of another type, and bytes that are no JSON.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::payloads::deliveries;

/// Stands in a document for text that [`Value`] cannot hold; [`written`] puts it in.
const RAW: &str = "\u{e000}raw";

/// JSON that [`Value`] cannot hold, or not without changing it.
const RAW_TEXTS: &[&str] = &[
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""cut \ud83d""#,
    r#""\ud83d\\ude00""#,
    r#""\u0000""#,
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890",
    "-0",
    "1e308",
    "1e-400",
    "1.0000000000000000000000000000000000001",
    r#"{"a":1,"a":2,"a":{"a":[]}}"#,
    // From here on it is no JSON at all.
    "1e999",
    "-1e999",
    "NaN",
    "01",
    "'text'",
    "\"\u{1}\"",
    r#""\x""#,
    r#""\ud8""#,
    "",
    ",",
    "]",
];

/// A value that nobody expects, of any type.
pub fn nasty_value(dice: &mut Dice) -> Value {
    let texts = [
        "",
        " ",
        "\0",
        "a\0b",
        "0",
        "-5",
        "1e9",
        "17841400000000123",
        "null",
        "%00",
        "../..",
        "'; --",
        "{name}{brand}{",
        "\u{202e}\u{200b}\u{feff}",
        "👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
        "ß\u{130}\u{1e9e}\u{fb01}",
        "@",
        "a\u{301}\u{301}\u{301}",
        "stop",
        "9999-12-31T23:59:60Z",
        "+262143-01-01T00:00:00Z",
        "sha256=",
    ];
    match dice.below(12) {
        0 => Value::Null,
        1 => json!(*dice.pick(&texts)),
        2 => json!(*dice.pick(&[true, false])),
        3 => json!(*dice.pick(&[0_i64, -1, 1, i64::MIN, -62_135_596_801, 99_999_999_999, 100_000_000_000])),
        4 => json!(*dice.pick(&[u64::MAX, 9_007_199_254_740_993, 253_402_300_800_000, i64::MAX as u64])),
        5 => json!(*dice.pick(&[0.5, -0.0, 1e300, -1e300, 5e-324, 9_007_199_254_740_993.5])),
        6 => json!(*dice.pick(&[
            json!([]),
            json!({}),
            json!([null]),
            json!([[]]),
            json!([{}]),
            json!({ "": {} })
        ])),
        7 => json!("long ".repeat(*dice.pick(&[10, 500, 20_000]))),
        8 => deep(*dice.pick(&[5, 60, 100, 118, 124, 130])),
        9 => json!(vec![dice.pick(&[json!(1), json!({ "id": "1" }), Value::Null]).clone(); 1_200]),
        10 => json!(format!("{RAW}{}", dice.below(12))),
        _ => json!(format!("{RAW}{}", dice.below(RAW_TEXTS.len()))),
    }
}

/// A list in a list in a list …
fn deep(levels: usize) -> Value {
    (0..levels)
        .fold(json!("x"), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
}

/// Spoils one place of a document.
pub fn spoil(document: &mut Value, dice: &mut Dice) {
    let places = count_places(document);
    let mut index = dice.below(places);
    if let Some(place) = place_mut(document, &mut index) {
        spoil_place(place, dice);
    }
}

fn spoil_place(place: &mut Value, dice: &mut Dice) {
    match (dice.below(5), &mut *place) {
        (1, Value::Object(members)) => drop_member(members, dice),
        (2, Value::Object(members)) => rename_member(members, dice),
        (3, Value::Object(members)) => {
            _ = members.insert((*dice.pick(&["id", "message", "extra", ""])).to_owned(), nasty_value(dice))
        }
        (1, Value::Array(list)) => list.clear(),
        (2, Value::Array(list)) => list.extend(list.clone()),
        (3, Value::Array(list)) => list.push(nasty_value(dice)),
        (4, _) => *place = json!([place.take()]),
        _ => *place = nasty_value(dice),
    }
}

fn a_member(members: &Map<String, Value>, dice: &mut Dice) -> Option<String> {
    members.keys().nth(dice.below(members.len())).cloned()
}

fn drop_member(members: &mut Map<String, Value>, dice: &mut Dice) {
    if let Some(name) = a_member(members, dice) {
        members.remove(&name);
    }
}

fn rename_member(members: &mut Map<String, Value>, dice: &mut Dice) {
    if let Some(name) = a_member(members, dice)
        && let Some(value) = members.remove(&name)
    {
        let other = dice.pick(&["ID", "id", "text", "message", "value", "x\0y"]);
        members.insert((*other).to_owned(), value);
    }
}

fn count_places(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(list) => list.iter().map(count_places).sum(),
        Value::Object(members) => members.values().map(count_places).sum(),
        _ => 0,
    };
    inner + 1
}

fn place_mut<'v>(value: &'v mut Value, index: &mut usize) -> Option<&'v mut Value> {
    if *index == 0 {
        return Some(value);
    }
    *index -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|inner| place_mut(inner, index)),
        Value::Object(members) => members.values_mut().find_map(|inner| place_mut(inner, index)),
        _ => None,
    }
}

/// The document as bytes, with what [`nasty_value`] could not write into a [`Value`], and in some cases cut off,
/// wrapped, or with bytes that are no UTF-8.
pub fn written(document: &Value, dice: &mut Dice) -> Vec<u8> {
    let mut text = document.to_string();
    while let Some(at) = text.find(&format!("\"{RAW}")) {
        let end = at + 1 + text[at + 1..].find('"').unwrap_or_default();
        let number: usize = text[at + 1 + RAW.len()..end].parse().unwrap_or_default();
        text.replace_range(at..=end, RAW_TEXTS[number % RAW_TEXTS.len()]);
    }
    let mut bytes = text.into_bytes();
    let at = dice.below(bytes.len());
    match dice.below(24) {
        19 => bytes.truncate(at),
        20 => bytes.insert(at, 0xff),
        21 => bytes.splice(at..at, [0xed, 0xa0, 0x80]).for_each(drop),
        22 => bytes = [b"\xef\xbb\xbf".as_slice(), &bytes].concat(),
        23 => bytes = [b"[".as_slice(), &bytes, b",", &bytes, b"]"].concat(),
        _ => {}
    }
    bytes
}

/// A delivery of some kind for this account, spoiled in up to four places.
pub fn spoiled_delivery(account: &str, dice: &mut Dice) -> Vec<u8> {
    let all = deliveries(account);
    let mut delivery = dice.pick(&all).1.clone();
    for _ in 0..dice.below(5) {
        spoil(&mut delivery, dice);
    }
    written(&delivery, dice)
}
