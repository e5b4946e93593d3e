//! Keys: what they open, and when they stop working.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tenants::account::KeyScope;
use troupe::http::HttpSettings;

use crate::world::{World, key};

#[tokio::test]
async fn a_key_is_taken_from_either_header() {
    let world = World::new().await;
    let text = &world.bakery.key.text;
    let bearer = Request::get("/api/v1/me").header("authorization", format!("Bearer {text}"));
    let reply = world.rig.send(bearer.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.ok()["tenant"], world.bakery.tenant.id.to_string());
    assert_eq!(world.rig.get(text, "/me").await.ok()["scope"], "tenant");
}

#[tokio::test]
async fn a_refusal_says_how_to_authenticate_and_never_repeats_the_key() {
    let world = World::new().await;
    let reply = world.rig.get("troupe_wrong_key", "/me").await;
    reply.problem(401);
    assert!(reply.header("www-authenticate").starts_with("Bearer"));
    assert!(!reply.text().contains("troupe_wrong_key"));
}

#[tokio::test]
async fn a_key_too_narrow_for_the_act_is_answered_with_403() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    rig.get(&world.bakery.key.text, &north.path("")).await.problem(403);
    rig.get(&world.bakery.key.text, &north.path("/keys")).await.problem(403);
    rig.post(&north.key.text, "/agencies", json!({ "name": "n" })).await.problem(403);
    rig.get(&north.key.text, "/breakers").await.problem(403);
}

#[tokio::test]
async fn a_new_key_is_shown_once_works_and_stops_when_it_is_withdrawn() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    let body = json!({ "name": "ci", "tenant": world.bakery.tenant.id });
    let made = rig.post(&north.key.text, &north.path("/keys"), body).await.ok();
    let text = made["text"].as_str().unwrap();
    rig.get(text, &world.bakery.path("")).await.ok();
    rig.get(text, &world.florist.path("")).await.problem(404);

    let list = rig.get(&north.key.text, &north.path("/keys")).await;
    assert!(list.text().contains(made["key"]["id"].as_str().unwrap()));
    assert!(!list.text().contains(text));

    let path = north.path(&format!("/keys/{}", made["key"]["id"].as_str().unwrap()));
    assert_eq!(rig.call(&north.key.text, "DELETE", &path, None).await.status.as_u16(), 204);
    rig.get(text, &world.bakery.path("")).await.problem(401);
    assert_eq!(rig.call(&north.key.text, "DELETE", &path, None).await.status.as_u16(), 204);
}

#[tokio::test]
async fn a_key_stops_working_when_it_expires() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    let soon = (rig.now() + Duration::from_secs(60)).to_string();
    let made =
        rig.post(&north.key.text, &north.path("/keys"), json!({ "name": "k", "expires_at": soon })).await;
    let text = made.ok()["text"].as_str().unwrap().to_owned();
    rig.get(&text, "/me").await.ok();
    rig.clock.advance(Duration::from_secs(61));
    rig.get(&text, "/me").await.problem(401);

    let past = json!({ "name": "k", "expires_at": "2020-01-01T00:00:00Z" });
    rig.post(&north.key.text, &north.path("/keys"), past).await.problem(422);
}

#[tokio::test]
async fn a_key_that_asks_too_fast_is_told_when_to_come_again() {
    let world = World::with(HttpSettings { requests_per_second: Some(2), ..HttpSettings::default() }).await;
    let (rig, text) = (&world.rig, &world.florist.key.text);
    let mut refused = None;
    for _ in 0..50 {
        let reply = rig.get(text, "/me").await;
        if reply.status.as_u16() == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("50 requests at once are more than 2 a second");
    refused.problem(429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    rig.clock.advance(Duration::from_secs(wait));
    rig.get(text, "/me").await.ok();
    // Others are not concerned.
    rig.get(&world.rival.key.text, "/me").await.ok();
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    let used = key(rig, "used", KeyScope::Agency { agency: north.agency.id }).await;
    rig.get(&used.text, "/me").await.ok();
    rig.ports.tasks.shut_down(Duration::from_secs(5)).await;
    let keys = rig.get(&north.key.text, &north.path("/keys")).await.ok();
    let shown = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == "used").unwrap();
    assert!(shown["last_used_at"].is_string());
}
