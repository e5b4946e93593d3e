//! Whatever bytes come, reading them ends in items or in a refusal, never in a panic.

use proptest::prelude::*;
use serde_json::Value;
use tenants::account::LoginFlavour::Instagram;
use tenants::event::{EventBody, EventKind};
use tenants::ids::EventId;
use troupe_instagram::testing::{Dice, corpus, deliveries, nasty_value, spoiled_delivery, written};
use troupe_instagram::webhook::{MAX_ITEMS, ParseError, parse};

use crate::support::{self, NOW};

const ACCOUNT: &str = "17841400000000123";

/// Reads a body, and holds what it says against what everybody behind it relies on.
fn read(body: &[u8]) -> Result<usize, ParseError> {
    let items = parse(body)?;
    assert_eq!(parse(body).as_ref(), Ok(&items), "the same bytes say the same");
    assert!(items.len() <= MAX_ITEMS);
    let (account, ids) = (support::account(Instagram), support::ids());
    for item in &items {
        assert!(!item.external_id.is_empty() && !item.conversation_key.is_empty(), "{item:?}");
        let orphan = item.clone().into_orphan(EventId::new(&ids), NOW);
        assert_eq!(orphan.external_account, item.external_account);
        let event = item.clone().into_event(EventId::new(&ids), &account, NOW);
        assert!(event.kind != EventKind::Tick, "nobody outside gives us ticks");
        let stored = serde_json::to_string(&event.body).unwrap();
        assert_eq!(serde_json::from_str::<EventBody>(&stored).unwrap(), event.body);
        let stored = serde_json::to_string(&event.raw).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&stored).unwrap(), event.raw);
    }
    Ok(items.len())
}

#[test]
fn every_body_of_the_corpus_is_read_or_refused() {
    let bodies = corpus();
    assert!(bodies.len() > 40);
    for (name, body) in bodies {
        let outcome = read(&body);
        println!("{name}: {outcome:?}");
    }
}

#[test]
fn every_payload_that_instagram_sends_is_understood() {
    for (name, delivery) in deliveries(ACCOUNT) {
        let items = parse(delivery.to_string().as_bytes()).unwrap();
        assert_eq!(items.len(), 1, "{name}");
        assert_eq!(items[0].kind == EventKind::Unknown, name == "unknown field", "{name}");
    }
}

#[test]
fn bodies_that_are_no_delivery_are_refused_with_the_reason() {
    let deep = "[".repeat(100_000);
    for (body, expected) in [
        (b"".as_slice(), ParseError::CutOff),
        (b"{\"entry\":[", ParseError::CutOff),
        (b"7", ParseError::NotAnObject),
        (b"[[]]", ParseError::NotAnObject),
    ] {
        assert_eq!(parse(body), Err(expected));
    }
    for body in [b"{\"a\":\"\xff\"}".as_slice(), b"{\"a\":1e999}", deep.as_bytes()] {
        let error = parse(body).unwrap_err();
        assert!(matches!(error, ParseError::Malformed { .. }), "{error:?} for {} bytes", body.len());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        _ = read(&body);
    }

    #[test]
    fn any_json_is_read_or_refused(choices in prop::collection::vec(any::<u32>(), 0..60)) {
        let mut dice = Dice::new(choices);
        let mut members = serde_json::Map::new();
        for name in ["entry", "id", "changes", "messaging", "field", "value"] {
            members.insert(name.to_owned(), nasty_value(&mut dice));
        }
        _ = read(&written(&Value::Object(members), &mut dice));
        _ = read(&written(&nasty_value(&mut dice), &mut dice));
    }

    #[test]
    fn every_spoiled_payload_is_read_or_refused(choices in prop::collection::vec(any::<u32>(), 0..40)) {
        _ = read(&spoiled_delivery(ACCOUNT, &mut Dice::new(choices)));
    }
}
