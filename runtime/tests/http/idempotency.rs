//! `Idempotency-Key`: what is sent twice is done once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenants::ports::{
    Claimed, EffectFilter, KeyTimes, KeyedRequest, Outbox, Outside, PageRequest, Trimmed, Watches,
};

use crate::objects::COMMENT;
use crate::rig::{Reply, Rig, api_request};
use crate::world::World;

fn keyed(caller: &str, path: &str, key: &str, body: &Value) -> Request<Body> {
    let mut request = api_request(Some(caller), "POST", path, Some(body.clone()));
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

async fn post(rig: &Rig, caller: &str, path: &str, key: &str, body: &Value) -> Reply {
    rig.send(keyed(caller, path, key, body)).await
}

fn rule(name: &str) -> Value {
    json!({ "name": name, "trigger": { "on": "comment" }, "actions": [{ "do": "hide" }] })
}

fn reply(text: &str) -> Value {
    json!({ "comment_id": COMMENT, "text": text })
}

async fn rules(world: &World) -> usize {
    let list = world.rig.get(&world.bakery.key.text, &world.bakery.path("/rules")).await.ok();
    list["items"].as_array().unwrap().len()
}

async fn effects(world: &World) -> usize {
    let filter = EffectFilter::default();
    let tenant = &world.bakery.tenant.id;
    world.rig.database.list_effects(tenant, &filter, PageRequest::first(100)).await.unwrap().len()
}

#[tokio::test]
async fn the_same_request_is_carried_out_once_and_answered_alike() {
    let world = World::new().await;
    let (rig, caller, path) = (&world.rig, &world.bakery.key.text, world.bakery.path("/rules"));
    let before = rules(&world).await;
    let first = post(rig, caller, &path, "k-1", &rule("one")).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, ""));
    let again = post(rig, caller, &path, "k-1", &rule("one")).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("content-type"), first.header("content-type"));
    for header in ["etag", "location"] {
        assert_eq!(again.header(header), first.header(header));
    }
    assert_eq!(rules(&world).await, before + 1);
    // Without a key, and with another one, it is another request.
    post(rig, caller, &path, "k-2", &rule("one")).await.ok();
    rig.post(caller, &path, rule("one")).await.ok();
    assert_eq!(rules(&world).await, before + 3);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_does_nothing() {
    let world = World::new().await;
    let (rig, caller, path) = (&world.rig, &world.bakery.key.text, world.bakery.path("/rules"));
    post(rig, caller, &path, "k", &rule("one")).await.ok();
    let other = post(rig, caller, &path, "k", &rule("two")).await.problem(422);
    assert!(other["detail"].as_str().unwrap().contains("another key"), "{other}");
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_its_address() {
    let world = World::new().await;
    let rig = &world.rig;
    let path = world.bakery.path("/rules");
    post(rig, &world.bakery.key.text, &path, "k", &rule("one")).await.ok();
    let of_agency = post(rig, &world.north.key.text, &path, "k", &rule("two")).await;
    assert_eq!((of_agency.status.as_u16(), of_agency.header("idempotency-replayed")), (201, ""));
    let elsewhere = world.florist.path("/rules");
    let at_sister = post(rig, &world.north.key.text, &elsewhere, "k", &rule("three")).await;
    assert_eq!((at_sister.status.as_u16(), at_sister.header("idempotency-replayed")), (201, ""));
}

#[tokio::test]
async fn of_many_at_once_one_acts_and_the_others_are_told_to_ask_again() {
    let world = World::new().await;
    let (rig, caller) = (&world.rig, &world.bakery.key.text);
    let path = world.bakery.path("/gateway/reply-comment");
    let before = effects(&world).await;
    let body = reply("Yes, we do.");
    let answers = futures::future::join_all((0..12).map(|_| post(rig, caller, &path, "k", &body))).await;
    for answer in &answers {
        match answer.status.as_u16() {
            202 => {}
            409 => {
                assert_eq!(answer.json()["present"], "under_way");
                assert!(!answer.header("retry-after").is_empty());
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(answers.iter().any(|answer| answer.status == 202));
    assert_eq!(effects(&world).await, before + 1);
}

#[tokio::test]
async fn a_refusal_that_decided_something_is_kept_and_one_that_did_not_leaves_the_key_free() {
    let world = World::new().await;
    let (rig, caller) = (&world.rig, &world.bakery.key.text);
    let path = world.bakery.path("/gateway/send-dm");
    let stranger = json!({ "recipient_id": "999", "text": "Hello." });
    let first = post(rig, caller, &path, "forbidden", &stranger).await;
    let again = post(rig, caller, &path, "forbidden", &stranger).await;
    let without_its_request = |reply: &Reply| {
        let mut problem = reply.problem(409);
        assert_eq!(problem["request_id"], reply.header("x-request-id"));
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    };
    assert_eq!(without_its_request(&again), without_its_request(&first), "it says the same");
    assert_eq!(again.header("idempotency-replayed"), "true");
    // There is no such comment yet; when it comes, the same key goes through.
    let unknown = json!({ "comment_id": "18000000000000777", "text": "Yes." });
    let path = world.bakery.path("/gateway/reply-comment");
    post(rig, caller, &path, "free", &unknown).await.problem(404);
    post(rig, caller, &path, "free", &reply("Yes.")).await.ok();
}

#[tokio::test]
async fn keys_that_are_none_are_refused_and_bodies_too_large_are_not_read() {
    let world = World::new().await;
    let (rig, caller, path) = (&world.rig, &world.bakery.key.text, world.bakery.path("/rules"));
    for key in ["", &"k".repeat(201)] {
        post(rig, caller, &path, key, &rule("one")).await.problem(400);
    }
    let large = json!({ "name": "n".repeat(4 << 20) });
    post(rig, caller, &path, "large", &large).await.problem(413);
    let wrong_caller = post(rig, "troupe_unknown", &path, "k", &rule("one")).await;
    wrong_caller.problem(401);
}

#[tokio::test]
async fn answers_that_show_a_secret_once_are_not_kept() {
    let world = World::new().await;
    let (rig, caller) = (&world.rig, &world.north.key.text);
    let path = world.north.path("/keys");
    let body = json!({ "name": "ci" });
    let first = post(rig, caller, &path, "k", &body).await.ok();
    let second = post(rig, caller, &path, "k", &body).await;
    assert_eq!(second.header("idempotency-replayed"), "");
    assert_ne!(first["text"], second.ok()["text"]);
}

#[tokio::test]
async fn after_a_day_a_key_is_forgotten_and_upkeep_sweeps_it() {
    let world = World::new().await;
    let (rig, caller, path) = (&world.rig, &world.bakery.key.text, world.bakery.path("/rules"));
    post(rig, caller, &path, "k", &rule("one")).await.ok();
    rig.clock.advance(Duration::from_secs(24 * 3_600 + 1));
    let anew = post(rig, caller, &path, "k", &rule("two")).await;
    assert_eq!((anew.status.as_u16(), anew.header("idempotency-replayed")), (201, ""));
    let trim = async |before| rig.database.trim(Trimmed::Requests, before, 10).await.unwrap();
    assert_eq!(trim(rig.now() - Duration::from_secs(3_600)).await, 0, "it was begun anew just now");
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(trim(rig.now()).await, 1);
}

/// A process that died after it had begun: the key is taken, and there is no answer.
async fn leave_begun(world: &World, path: &str, body: &Value) {
    world.rig.mortal.dies.store(true, Ordering::Relaxed);
    let answer = post(&world.rig, &world.bakery.key.text, path, "cut", body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    world.rig.mortal.dies.store(false, Ordering::Relaxed);
}

#[tokio::test]
async fn after_a_crash_a_write_of_the_gateway_is_carried_out_again_and_queues_nothing_twice() {
    let world = World::new().await;
    let (rig, caller) = (&world.rig, &world.bakery.key.text);
    let before = effects(&world).await;
    let path = world.bakery.path("/gateway/reply-comment");
    leave_begun(&world, &path, &reply("Yes, we do.")).await;
    let at_once = post(rig, caller, &path, "cut", &reply("Yes, we do.")).await.problem(409);
    assert_eq!(at_once["present"], "under_way");
    rig.clock.advance(Duration::from_secs(121));
    let again = post(rig, caller, &path, "cut", &reply("Yes, we do.")).await;
    assert_eq!(again.status.as_u16(), 202, "{}", again.text());
    assert_eq!(effects(&world).await, before + 1);

    let path = world.bakery.path("/gateway/publish-post");
    let post_body =
        json!({ "post_type": "image", "caption": "fresh", "media": [world.bakery.objects.media] });
    leave_begun(&world, &path, &post_body).await;
    rig.clock.advance(Duration::from_secs(121));
    post(rig, caller, &path, "cut", &post_body).await.ok();
    let posts = rig.get(caller, &world.bakery.path("/posts")).await.ok();
    let fresh = posts["items"].as_array().unwrap().iter().filter(|post| post["caption"] == "fresh");
    assert_eq!(fresh.count(), 1);
}

#[tokio::test]
async fn after_a_crash_what_may_have_been_done_elsewhere_is_not_done_again() {
    let world = World::new().await;
    let (rig, caller, path) = (&world.rig, &world.bakery.key.text, world.bakery.path("/rules"));
    leave_begun(&world, &path, &rule("one")).await;
    let there = rules(&world).await;
    rig.clock.advance(Duration::from_secs(121));
    let told = post(rig, caller, &path, "cut", &rule("one")).await.problem(409);
    assert_eq!(told["present"], "cut_off");
    assert!(told["detail"].as_str().unwrap().contains("look whether it was"), "{told}");
    assert_eq!(rules(&world).await, there);
}

#[tokio::test]
async fn what_may_have_been_done_although_its_answer_was_lost_is_not_done_again() {
    let world = World::new().await;
    let (rig, caller, path) = (&world.rig, &world.bakery.key.text, world.bakery.path("/rules"));
    let before = rules(&world).await;
    rig.database.lose_next_answer();
    post(rig, caller, &path, "lost", &rule("one")).await.problem(503);
    assert_eq!(rules(&world).await, before + 1, "it was done, and nobody was told");
    let told = post(rig, caller, &path, "lost", &rule("one")).await.problem(409);
    assert_eq!(told["present"], "cut_off");
    assert!(told["detail"].as_str().unwrap().contains("look whether it was"), "{told}");
    assert_eq!(rules(&world).await, before + 1);
}

#[tokio::test]
async fn a_write_of_the_gateway_whose_answer_was_lost_is_sent_again_and_queues_nothing_twice() {
    let world = World::new().await;
    let (rig, caller) = (&world.rig, &world.bakery.key.text);
    let (before, path) = (effects(&world).await, world.bakery.path("/gateway/reply-comment"));
    rig.database.lose_next_answer();
    post(rig, caller, &path, "lost", &reply("Yes, we do.")).await.problem(503);
    let again = post(rig, caller, &path, "lost", &reply("Yes, we do.")).await;
    assert_eq!(again.status.as_u16(), 202, "{}", again.text());
    assert_eq!(effects(&world).await, before + 1);

    let path = world.bakery.path("/gateway/publish-post");
    let announced = json!({ "post_type": "image", "caption": "fresh", "media": [world.bakery.objects.media],
        "allow_duplicates": true });
    rig.database.lose_next_answer();
    post(rig, caller, &path, "lost", &announced).await.problem(503);
    rig.clock.advance(Duration::from_secs(5));
    post(rig, caller, &path, "lost", &announced).await.ok();
    let posts = rig.get(caller, &world.bakery.path("/posts")).await.ok();
    let fresh = posts["items"].as_array().unwrap().iter().filter(|post| post["caption"] == "fresh");
    assert_eq!(fresh.count(), 1);
}

#[tokio::test]
async fn a_key_is_free_when_the_database_was_away_before_anything_was_written() {
    let world = World::new().await;
    let (rig, caller) = (&world.rig, &world.bakery.key.text);
    let path = world.bakery.path("/gateway/reply-comment");
    rig.mortal.away.store(true, Ordering::Relaxed);
    post(rig, caller, &path, "away", &reply("Yes, we do.")).await.problem(503);
    // Nothing was done, so even another body is welcome.
    post(rig, caller, &path, "away", &reply("Yes, every day.")).await.ok();
}

#[tokio::test]
async fn a_claim_is_one_callers_until_it_ends() {
    let world = World::new().await;
    let (database, now) = (&world.rig.database, world.rig.now());
    let request = |claim: u128| KeyedRequest {
        id: "a".repeat(64),
        tenant: None,
        fingerprint: "f".to_owned(),
        claim: uuid::Uuid::from_u128(claim),
    };
    let times = KeyTimes {
        now,
        forgotten_before: now - Duration::from_secs(86_400),
        cut_off_before: now - Duration::from_secs(120),
    };
    assert_eq!(
        database.claim_request(&request(1), times, true).await.unwrap(),
        Claimed::Begun { first_at: now }
    );
    assert_eq!(database.claim_request(&request(2), times, true).await.unwrap(), Claimed::UnderWay);
    database.forget_request(&request(2)).await.unwrap();
    assert_eq!(database.claim_request(&request(2), times, true).await.unwrap(), Claimed::UnderWay);
    database.forget_request(&request(1)).await.unwrap();
    assert!(matches!(database.claim_request(&request(2), times, true).await.unwrap(), Claimed::Begun { .. }));
}
