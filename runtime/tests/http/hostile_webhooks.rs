//! Whatever is posted to the webhook address: it is stored, or refused with a problem document.

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use instagram::testing::{Dice, corpus, spoiled_delivery};
use instagram::webhook;
use proptest::prelude::*;
use tenants::account::Account;
use tenants::ids::EventId;
use tenants::ports::{Accepted, Delivery, Inbox};
use tokio::runtime::Runtime;
use troupe::http::HttpSettings;

use crate::checked::{assert_answered, check, choices};
use crate::rig::{OWN_SECRET, Reply, Rig};
use crate::webhooks::{OWN, delivery, signature};
use crate::world::World;

/// The account that the bodies of the corpus name.
const NAMED: &str = "17841400000000123";

async fn deliver(rig: &Rig, body: &[u8]) -> Reply {
    rig.send(delivery(OWN, Some(&signature(OWN_SECRET, body)), body)).await
}

/// Delivers a body; when it was taken, every item of it must be known already.
async fn deliver_and_look(rig: &Rig, account: &Account, body: &[u8]) -> Reply {
    let reply = deliver(rig, body).await;
    let what = String::from_utf8_lossy(&body[..body.len().min(2_000)]).into_owned();
    assert_answered(&reply, &what);
    if !reply.status.is_success() {
        assert!(webhook::parse(body).is_err(), "{what}: {}", reply.text());
        return reply;
    }
    let items = webhook::parse(body).unwrap();
    let of_account = items.into_iter().filter(|item| item.external_account == account.external_id);
    let events =
        of_account.map(|item| item.into_event(EventId::new(&rig.ports.ids), account, rig.now())).collect();
    let answers = rig.database.accept(Delivery { events, ..Delivery::default() }).await.unwrap();
    assert!(answers.iter().all(|answer| *answer == Accepted::Duplicate), "{what}");
    reply
}

/// The corpus with another account in the place of the one it names.
fn bodies_for(account: &Account) -> Vec<(String, Vec<u8>)> {
    assert_eq!(account.external_id.len(), NAMED.len());
    let renamed = |body: Vec<u8>| {
        let mut body = body;
        while let Some(at) = body.windows(NAMED.len()).position(|part| part == NAMED.as_bytes()) {
            body[at..at + NAMED.len()].copy_from_slice(account.external_id.as_bytes());
        }
        body
    };
    corpus().into_iter().map(|(name, body)| (name, renamed(body))).collect()
}

#[tokio::test]
async fn every_body_of_the_corpus_is_stored_or_refused() {
    let world = World::new().await;
    let account = &world.bakery.account;
    for (name, body) in bodies_for(account) {
        let reply = deliver_and_look(&world.rig, account, &body).await;
        println!("{name}: {}", reply.status);
    }
}

#[test]
fn every_spoiled_payload_is_stored_or_refused() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let account = &world.bakery.account;
    check(&runtime, file!(), 1.0, &choices(40), async |choices| {
        let body = spoiled_delivery(&account.external_id, &mut Dice::new(choices));
        deliver_and_look(&world.rig, account, &body).await;
    });
}

#[test]
fn any_bytes_are_stored_or_refused() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    check(&runtime, file!(), 0.5, &prop::collection::vec(any::<u8>(), 0..200), async |body| {
        deliver_and_look(&world.rig, &world.bakery.account, &body).await;
    });
}

#[test]
fn any_signature_but_the_right_one_is_answered_with_401() {
    let runtime = Runtime::new().unwrap();
    let rig = runtime.block_on(Rig::start());
    let right = signature(OWN_SECRET, b"{}");
    let (digits, known) = (right["sha256=".len()..].to_owned(), right.clone());
    let header = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        "sha256=[0-9a-fA-F]{0,130}".prop_map(String::into_bytes),
        "(sha1|SHA256|sha256|)[=: ]{0,2}".prop_map(move |start| format!("{start}{digits}").into_bytes()),
        "[ -~]{0,3}".prop_map(move |more| format!("{known}{more}").into_bytes()),
    ];
    check(&runtime, file!(), 1.0, &prop::collection::vec(header, 0..4), async |headers| {
        let mut request = Request::post(OWN);
        let values: Vec<_> = headers.iter().filter_map(|value| HeaderValue::from_bytes(value).ok()).collect();
        for value in &values {
            request = request.header("x-hub-signature-256", value);
        }
        let reply = rig.send(request.body(Body::from("{}")).unwrap()).await;
        let is_right = values.first().is_some_and(|value| value.as_bytes().trim_ascii() == right.as_bytes());
        if is_right { assert_eq!(reply.status.as_u16(), 200) } else { _ = reply.problem(401) }
    });
}

#[tokio::test]
async fn upper_case_digits_sign_as_well_and_only_the_first_of_several_signatures_counts() {
    let rig = Rig::start().await;
    let right = signature(OWN_SECRET, b"{}");
    let post = |signatures: &[&str]| {
        let mut request = Request::post(OWN);
        for signature in signatures {
            request = request.header("x-hub-signature-256", *signature);
        }
        request.body(Body::from("{}")).unwrap()
    };
    let upper = format!("sha256={}", right["sha256=".len()..].to_uppercase());
    assert_eq!(rig.send(post(&[&upper])).await.status.as_u16(), 200);
    assert_eq!(rig.send(post(&[&right, "sha256=00"])).await.status.as_u16(), 200);
    rig.send(post(&["sha256=00", &right])).await.problem(401);
    rig.send(post(&[&right["sha256=".len()..]])).await.problem(401);
    rig.send(post(&[])).await.problem(401);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_answered_with_400() {
    let rig = Rig::start().await;
    let deep = "[".repeat(100_000);
    let huge = br#"{"entry":[{"id":"1","time":1e999}]}"#.as_slice();
    for body in [deep.as_bytes(), b"{\"entry\":\"\xff\"}", b"\xef\xbb\xbf{}", huge, b"[[]]"] {
        deliver(&rig, body).await.problem(400);
    }
}

#[tokio::test]
async fn numbers_beyond_every_integer_and_unknown_kinds_are_kept() {
    let world = World::new().await;
    let account = &world.bakery.account;
    for value in [r#"{"id":18446744073709551616,"from":{"id":1e30}}"#, r#"{"id":"1"}"#, "null", "[[]]"] {
        for field in ["comments", "no_such_field", ""] {
            let body = format!(
                r#"{{"entry":[{{"id":"{}","time":9223372036854775807,"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#,
                account.external_id
            );
            let reply = deliver_and_look(&world.rig, account, body.as_bytes()).await;
            assert_eq!(reply.status.as_u16(), 200, "{body}");
        }
    }
}

#[tokio::test]
async fn more_items_than_a_delivery_may_hold_are_answered_with_400() {
    let world = World::new().await;
    let items = vec!["null"; webhook::MAX_ITEMS + 1].join(",");
    let body = format!(r#"{{"entry":[{{"id":"1","changes":[{items}]}}]}}"#);
    deliver(&world.rig, body.as_bytes()).await.problem(400);
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_problem_whatever_its_signature() {
    let rig = Rig::start_with(HttpSettings { body_limit_bytes: 1_000, ..HttpSettings::default() }).await;
    let body = vec![b' '; 1_001];
    deliver(&rig, &body).await.problem(413);
    rig.send(delivery(OWN, None, &body)).await.problem(413);
}

#[tokio::test]
async fn strange_addresses_below_the_webhook_are_problems() {
    let rig = Rig::start().await;
    for app in ["%ff", "%00", "%", "%2f", "..", "%F0%9F%98%80", "a%20b", &"9".repeat(3_000)] {
        let path = format!("{OWN}/{app}");
        let body = b"{}";
        let reply = rig.send(delivery(&path, Some(&signature(OWN_SECRET, body)), body)).await;
        assert_answered(&reply, &path);
        assert!(reply.status.is_client_error(), "{path}");
        for query in
            ["", "?hub.mode=subscribe", "?hub.mode=%ff&hub.challenge=%00", "?hub.mode&hub.mode=a&&=="]
        {
            let request = Request::get(format!("{path}{query}")).body(Body::empty()).unwrap();
            let reply = rig.send(request).await;
            assert_answered(&reply, &path);
            assert!(reply.status.is_client_error(), "{path}{query}");
        }
    }
}
