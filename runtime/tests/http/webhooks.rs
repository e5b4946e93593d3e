//! Webhooks: verified, stored, answered.

use std::task::Poll;

use axum::body::Body;
use axum::http::Request;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tenants::account::Account;
use tenants::event::EventKind;
use tenants::ids::AccountId;
use tenants::ports::{Alerts, Hint, Inbox, PageRequest, UnitOfWork};
use troupe::administration::Act;
use troupe::http::HttpSettings;

use crate::rig::{OWN_SECRET, OWN_VERIFY_TOKEN, Reply, Rig};
use crate::world::World;

pub fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

pub fn delivery(path: &str, signature: Option<&str>, body: &[u8]) -> Request<Body> {
    let mut request = Request::builder().method("POST").uri(path);
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    request.body(Body::from(body.to_vec())).unwrap()
}

async fn deliver(rig: &Rig, path: &str, secret: &str, body: &str) -> Reply {
    rig.send(delivery(path, Some(&signature(secret, body.as_bytes())), body.as_bytes())).await
}

fn comment(account: &str, comment: &str, author: &str) -> String {
    let value = json!({ "id": comment, "text": "lovely", "from": { "id": author, "username": "ana" },
        "media": { "id": "179", "media_product_type": "FEED" } });
    entry(account, json!([{ "field": "comments", "value": value }])).to_string()
}

fn entry(account: &str, changes: Value) -> Value {
    json!({ "object": "instagram", "entry": [{ "id": account, "time": 1_763_690_000, "changes": changes }] })
}

pub const OWN: &str = "/webhooks/instagram";

#[tokio::test]
async fn the_handshake_echoes_the_challenge_verbatim() {
    let rig = Rig::start().await;
    let uri = format!("{OWN}?hub.mode=subscribe&hub.verify_token={OWN_VERIFY_TOKEN}&hub.challenge=a%3Cb%3E1");
    let reply = rig.send(Request::get(uri).body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "a<b>1"));
    assert!(reply.header("content-type").starts_with("text/plain"));
}

#[tokio::test]
async fn a_handshake_with_a_wrong_token_is_refused() {
    let rig = Rig::start().await;
    let get = |query: &str| Request::get(format!("{OWN}{query}")).body(Body::empty()).unwrap();
    rig.send(get("?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1")).await.problem(403);
    rig.send(get("?hub.mode=subscribe&hub.challenge=1")).await.problem(400);
    rig.send(get("/999?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1")).await.problem(404);
}

#[tokio::test]
async fn a_signed_comment_is_stored_once_and_the_tenant_is_told() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let mut hints = rig.ports.wake.subscribe();
    let body = comment(&bakery.account.external_id, "18123", "5550009");
    for _ in 0..2 {
        let reply = deliver(rig, OWN, OWN_SECRET, &body).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (200, "EVENT_RECEIVED"));
        assert_eq!(hints.recv().await, Ok(Hint::Events(bakery.tenant.id)));
    }
    let waiting = rig.database.pending_events(&bakery.tenant.id, &[], 10).await.unwrap();
    let stored: Vec<_> = waiting.iter().filter(|event| event.external_id.contains("18123")).collect();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].kind, EventKind::Comment);
}

#[tokio::test]
async fn a_comment_of_the_account_itself_is_its_own() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let own_id = &bakery.account.external_id;
    deliver(&world.rig, OWN, OWN_SECRET, &comment(own_id, "18124", own_id)).await;
    let waiting = world.rig.database.pending_events(&bakery.tenant.id, &[], 10).await.unwrap();
    assert!(waiting.iter().any(|event| event.kind == EventKind::OwnComment));
}

#[tokio::test]
async fn the_escaped_form_is_verified_as_it_is_on_the_wire() {
    let world = World::new().await;
    let body = comment(&world.bakery.account.external_id, "18125", "5550009");
    let body = body.replace("lovely", r"sch\u00f6n \ud83d\ude00 https:\/\/x.example");
    assert_eq!(deliver(&world.rig, OWN, OWN_SECRET, &body).await.status.as_u16(), 200);
}

#[tokio::test]
async fn wrong_and_missing_signatures_are_answered_with_401_and_nothing_is_stored() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let before = rig.database.pending_events(&bakery.tenant.id, &[], 10).await.unwrap().len();
    let body = comment(&bakery.account.external_id, "18126", "5550009");
    rig.send(delivery(OWN, None, body.as_bytes())).await.problem(401);
    rig.send(delivery(OWN, Some("sha256=00"), body.as_bytes())).await.problem(401);
    deliver(rig, OWN, "another secret", &body).await.problem(401);
    let after = rig.database.pending_events(&bakery.tenant.id, &[], 10).await.unwrap().len();
    assert_eq!(before, after);
}

#[tokio::test]
async fn signed_nonsense_is_answered_with_400() {
    let rig = Rig::start().await;
    for body in ["", "{", "7", "[1]"] {
        deliver(&rig, OWN, OWN_SECRET, body).await.problem(400);
    }
}

#[tokio::test]
async fn other_methods_are_answered_with_405() {
    let rig = Rig::start().await;
    rig.send(Request::delete(OWN).body(Body::empty()).unwrap()).await.problem(405);
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_with_413() {
    let rig = Rig::start_with(HttpSettings { body_limit_bytes: 1_000, ..HttpSettings::default() }).await;
    let body = " ".repeat(1_001);
    deliver(&rig, OWN, OWN_SECRET, &body).await.problem(413);
}

#[tokio::test]
async fn an_unknown_account_is_stored_as_orphan_with_one_alert() {
    let world = World::new().await;
    let rig = &world.rig;
    for number in 0..3 {
        let body = comment("17841488888888888", &format!("1900{number}"), "5550009");
        assert_eq!(deliver(rig, OWN, OWN_SECRET, &body).await.status.as_u16(), 200);
    }
    let agency = &world.north.agency.id;
    let alerts = rig.database.list_alerts(agency, None, Some(false), PageRequest::first(20)).await.unwrap();
    let gaps: Vec<_> = alerts.iter().filter(|alert| alert.message.contains("17841488888888888")).collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].occurrences, 3);
}

#[tokio::test]
async fn known_and_unknown_accounts_of_one_delivery_each_go_their_way() {
    let world = World::new().await;
    let (rig, bakery, rival) = (&world.rig, &world.bakery, &world.rival);
    let change = |id: &str| json!([{ "field": "comments", "value": { "id": id, "text": "hi", "from": { "id": "5", "username": "x" } } }]);
    let body = json!({ "object": "instagram", "entry": [
        { "id": bakery.account.external_id, "time": 1, "changes": change("c1") },
        { "id": "17841488888888888", "time": 1, "changes": change("c2") },
        { "id": rival.account.external_id, "time": 1, "changes": change("c3") },
    ] });
    assert_eq!(deliver(rig, OWN, OWN_SECRET, &body.to_string()).await.status.as_u16(), 200);
    for (shop, id) in [(bakery, "c1"), (rival, "c3")] {
        let waiting = rig.database.pending_events(&shop.tenant.id, &[], 10).await.unwrap();
        assert!(waiting.iter().any(|event| event.external_id.contains(id)), "{id}");
    }
}

#[tokio::test]
async fn accounts_connected_in_quick_succession_on_another_node_are_known_with_their_first_webhook() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    deliver(rig, OWN, OWN_SECRET, &comment("17841488888888888", "19000", "5550009")).await;
    let connected = ["17841400000000007", "17841400000000008"];
    for id in connected {
        let account = Account {
            id: AccountId::new(&rig.ports.ids),
            external_id: id.to_owned(),
            username: format!("bakery_{id}"),
            ..bakery.account.clone()
        };
        let token = rig.vault.seal_token(&account.tenant, &account.id, &"t".to_owned().into()).unwrap();
        let act = Act { by: "cli".to_owned(), at: rig.now(), ids: &rig.ports.ids };
        rig.database.commit(act.put_account(account, token, "account.connected")).await.unwrap();
        deliver(rig, OWN, OWN_SECRET, &comment(id, &format!("c{id}"), "5550009")).await;
    }
    let waiting = rig.database.pending_events(&bakery.tenant.id, &[], 10).await.unwrap();
    for id in connected {
        assert!(waiting.iter().any(|event| event.external_id.contains(id)), "{id}");
    }
}

#[tokio::test]
async fn an_agencys_app_speaks_only_for_the_accounts_connected_through_it() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let own = Account {
        id: AccountId::new(&rig.ports.ids),
        external_id: "17841400000000009".to_owned(),
        username: "bakery_two".to_owned(),
        app: Some(world.north.app.id),
        ..bakery.account.clone()
    };
    let token = rig.vault.seal_token(&own.tenant, &own.id, &"t".to_owned().into()).unwrap();
    let act = Act { by: "cli".to_owned(), at: rig.now(), ids: &rig.ports.ids };
    rig.database.commit(act.put_account(own.clone(), token, "account.connected")).await.unwrap();

    let path = format!("{OWN}/{}", world.north.app.external_id);
    let secret = format!("secret-{}", world.north.app.external_id);
    for (account, id) in [(&own, "c10"), (&bakery.account, "c11"), (&world.rival.account, "c12")] {
        let body = comment(&account.external_id, id, "5550009");
        assert_eq!(deliver(rig, &path, &secret, &body).await.status.as_u16(), 200);
    }
    let waiting = rig.database.pending_events(&bakery.tenant.id, &[], 10).await.unwrap();
    let has = |id: &str| waiting.iter().any(|event| event.external_id.contains(id));
    assert!(has("c10") && !has("c11"));
    // The app of another agency, or an address that names none.
    deliver(rig, &path, "secret-2002", &comment(&own.external_id, "c13", "1")).await.problem(401);
    deliver(rig, &format!("{OWN}/4711"), &secret, &comment(&own.external_id, "c14", "1")).await.problem(404);
}

#[tokio::test]
async fn an_account_is_known_to_webhooks_as_soon_as_it_is_connected() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    // A miss a moment ago must not hide the account.
    deliver(rig, OWN, OWN_SECRET, &comment("17841477777777777", "c20", "1")).await;
    let account = json!({ "external_id": "17841477777777777", "username": "@new", "token": "t",
        "flavour": "instagram" });
    rig.post(&bakery.key.text, &bakery.path("/accounts"), account).await.ok();
    deliver(rig, OWN, OWN_SECRET, &comment("17841477777777777", "c21", "1")).await;
    let waiting = rig.database.pending_events(&bakery.tenant.id, &[], 10).await.unwrap();
    assert!(waiting.iter().any(|event| event.external_id.contains("c21")));
}

/// A process, or its connection, may end at every await between the first byte and the 200. The last word has
/// Instagram, which delivers again whatever was not answered with 200.
#[tokio::test]
async fn wherever_the_way_to_the_200_is_cut_an_event_is_stored_once() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let stored = async |id: &str| {
        let waiting = rig.database.pending_events(&bakery.tenant.id, &[], 1_000).await.unwrap();
        waiting.iter().filter(|event| event.external_id.contains(id)).count()
    };
    let mut ways_cut = 0;
    for awaits in 0.. {
        let id = format!("77{awaits:03}");
        let body = comment(&bakery.account.external_id, &id, "5550009");
        let answer = cut_after(awaits, deliver(rig, OWN, OWN_SECRET, &body)).await;
        if let Some(reply) = &answer {
            assert_eq!((reply.status.as_u16(), stored(&id).await), (200, 1));
        }
        assert_eq!(deliver(rig, OWN, OWN_SECRET, &body).await.status.as_u16(), 200);
        assert_eq!(stored(&id).await, 1, "cut after {awaits} awaits");
        match answer {
            Some(_) => break,
            None => ways_cut += 1,
        }
    }
    assert!(ways_cut > 1, "at least before anything is read and while it is being stored");
}

/// What a future comes to, unless it has to wait more than so many times.
async fn cut_after<T>(awaits: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut left = awaits;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test]
async fn while_the_database_is_away_instagram_is_told_to_come_again() {
    let world = World::new().await;
    let body = comment(&world.bakery.account.external_id, "18127", "5550009");
    world.rig.database.close().await;
    let reply = deliver(&world.rig, OWN, OWN_SECRET, &body).await;
    reply.problem(503);
    assert!(!reply.header("retry-after").is_empty());
}
