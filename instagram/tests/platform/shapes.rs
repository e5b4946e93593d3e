//! Envelopes in all their variants, and bodies that make no sense.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tenants::event::{EventBody, EventKind};
use troupe_instagram::webhook::{ParseError, parse};
use troupe_instagram::{IncomingItem, Vault};

use crate::support::{self, NOW};
use tenants::account::LoginFlavour::Instagram;

fn items(delivery: &Value) -> Vec<IncomingItem> {
    parse(delivery.to_string().as_bytes()).unwrap()
}

fn kinds(delivery: &Value) -> Vec<&'static str> {
    items(delivery).iter().map(|item| item.kind.as_str()).collect()
}

fn comment(id: &str) -> Value {
    json!({"field": "comments", "value": {"id": id, "from": {"id": "1"}, "text": "hi"}})
}

fn message(mid: &str) -> Value {
    json!({"sender": {"id": "1230"}, "recipient": {"id": "17"}, "timestamp": 1767225599800u64, "message": {"mid": mid}})
}

#[test]
fn a_delivery_may_carry_many_entries_of_every_form() {
    let mut flat = comment("3");
    flat["id"] = json!(17841400000000123u64);
    let delivery = json!({"object": "instagram", "entry": [
        {"id": "17", "time": 1, "changes": [comment("1"), comment("2")]},
        {"id": "17", "time": 1, "messaging": [message("m1")]},
        flat,
        {"id": "17", "time": 1, "standby": [message("m2")]},
        {"id": "17", "time": 1, "changes": [comment("4")], "messaging": [message("m3")]},
    ]});
    let expected = ["comment", "comment", "message", "comment", "standby", "comment", "message"];
    assert_eq!(kinds(&delivery), expected);
    assert_eq!(items(&delivery)[3].external_account, "17841400000000123");
}

#[test]
fn the_whole_may_stand_in_a_list() {
    let one = json!({"object": "instagram", "entry": [{"id": "17", "time": 1, "changes": [comment("1")]}]});
    assert_eq!(kinds(&json!([one, one])), ["comment", "comment"]);
    assert!(items(&json!([])).is_empty());
}

#[test]
fn the_test_button_of_the_dashboard_is_understood() {
    let value = json!({
        "sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824",
        "message": {"mid": "random_mid", "text": "random_text"},
    });
    let wrapped = json!({"object": "instagram", "entry": [
        {"id": "0", "time": 1767225600, "changes": [{"field": "messages", "value": value}]},
    ]});
    let bare = json!({"field": "messages", "value": value});
    for (delivery, account) in [(wrapped, "0"), (bare, "")] {
        let item = items(&delivery).remove(0);
        assert_eq!((item.kind, item.external_account.as_str()), (EventKind::Message, account));
        assert_eq!(item.external_id, "random_mid");
        assert_eq!(item.occurred_at.unwrap().as_millis(), 1_527_459_824_000);
    }
    let comments =
        json!({"field": "comments", "value": {"id": "1", "from": {"id": "232323232", "username": "test"}}});
    assert_eq!(kinds(&json!({"entry": [{"id": "0", "time": 1, "changes": [comments]}]})), ["comment"]);
}

#[test]
fn standby_is_kept_and_never_acted_on() {
    let delivery = json!({"entry": [{"id": "17", "standby": [message("m")]}]});
    let item = items(&delivery).remove(0);
    assert_eq!(
        (item.kind, &item.body, item.conversation_key.as_str()),
        (EventKind::Standby, &EventBody::Raw, "dm:1230")
    );
    let as_change =
        json!({"entry": [{"id": "17", "changes": [{"field": "standby", "value": message("m")}]}]});
    assert_eq!(kinds(&as_change), ["standby"]);
}

#[test]
fn a_strange_item_costs_no_other() {
    let delivery = json!({"entry": [
        7, null, "x", [],
        {"id": "17", "changes": [null, 5, comment("1"), {"field": 3}, {}]},
        {"id": "17", "messaging": {"sender": {"id": "1"}, "message": {"mid": "m"}}},
        {"id": "17", "news": []},
    ]});
    let strange = ["unknown"; 4];
    let changes = ["unknown", "unknown", "comment", "unknown", "unknown"];
    let expected = [strange.as_slice(), changes.as_slice(), &["message", "unknown"]].concat();
    assert_eq!(kinds(&delivery), expected);
}

#[test]
fn nothing_to_say_is_no_error() {
    for delivery in [json!({}), json!({"object": "instagram", "entry": []}), json!({"entry": null})] {
        assert!(items(&delivery).is_empty(), "{delivery}");
    }
    assert_eq!(kinds(&json!({"object": "instagram"})), ["unknown"], "what has no entry is kept");
}

#[test]
fn a_body_that_is_no_delivery_is_refused() {
    assert_eq!(parse(b"\"text\""), Err(ParseError::NotAnObject));
    assert_eq!(parse(b"[1]"), Err(ParseError::NotAnObject));
    assert_eq!(parse(b""), Err(ParseError::CutOff));
    assert_eq!(parse(br#"{"entry":["#), Err(ParseError::CutOff));
    assert_eq!(parse(b"{\n]"), Err(ParseError::Malformed { line: 2, column: 1 }));
    assert!(matches!(parse(b"{} {}"), Err(ParseError::Malformed { .. })));
    assert!(matches!(parse(b"{\"a\":\"\xff\"}"), Err(ParseError::Malformed { .. })));
    let deep = format!("{{\"entry\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(parse(deep.as_bytes()), Err(ParseError::Malformed { .. })));
}

#[test]
fn an_orphan_keeps_the_item_and_the_account_it_was_for() {
    let delivery = json!({"entry": [{"id": "17", "time": 1, "changes": [comment("1")]}]});
    let orphan = items(&delivery).remove(0).into_orphan(tenants::ids::EventId(uuid::Uuid::nil()), NOW);
    assert_eq!((orphan.external_account.as_str(), orphan.external_id.as_str()), ("17", "1"));
    assert_eq!(orphan.raw, comment("1"));
}

#[test]
fn an_event_without_a_time_happened_when_it_came() {
    let delivery = json!({"entry": [{"id": "17", "changes": [comment("1")]}]});
    let account = support::account(Instagram);
    let event =
        items(&delivery).remove(0).into_event(tenants::ids::EventId(uuid::Uuid::nil()), &account, NOW);
    assert_eq!((event.occurred_at, event.tenant, event.account), (NOW, account.tenant, Some(account.id)));
}

/// JSON built from the words of real payloads, so that it gets past the first checks.
fn json_like_a_payload() -> impl Strategy<Value = Value> {
    let words = [
        "entry",
        "changes",
        "messaging",
        "standby",
        "field",
        "value",
        "id",
        "time",
        "timestamp",
        "from",
        "username",
        "sender",
        "recipient",
        "message",
        "mid",
        "text",
        "attachments",
        "type",
        "payload",
        "reply_to",
        "story",
        "is_echo",
        "is_deleted",
        "is_self",
        "reaction",
        "action",
        "postback",
        "read",
        "referral",
        "message_edit",
        "num_edit",
        "comments",
        "mentions",
        "media_id",
        "parent_id",
        "self_ig_scoped_id",
        "optin",
        "messages",
    ];
    let word = proptest::sample::select(words.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 120, 8, move |inner| {
        let member = (word.clone(), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            proptest::collection::vec(member, 0..8).prop_map(|members| {
                let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_json_makes_it_panic_or_lose_an_item(entries in proptest::collection::vec(json_like_a_payload(), 0..4)) {
        let account = support::account(Instagram);
        let delivery = json!({"object": "instagram", "entry": entries});
        let found = items(&delivery);
        prop_assert_eq!(&found, &items(&delivery), "the same delivery gives the same items");
        for item in found {
            prop_assert!(!item.external_id.is_empty() && !item.conversation_key.is_empty());
            item.for_account(&account);
        }
    }

    #[test]
    fn a_sealed_secret_never_opens_after_a_change(position in 0usize..60, flip in 1u8..) {
        let vault: Vault = support::vault();
        let secret = secrecy::SecretString::from("0123456789012345678901234567890123456789");
        let mut sealed = vault.seal_app_secret("1", &secret).unwrap();
        sealed.sealed[position] ^= flip;
        prop_assert!(vault.reseal_app_secret("1", &sealed).is_err());
    }
}
