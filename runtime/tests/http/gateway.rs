//! Programs outside: what they read, what they may send, and how they show that they live.

use std::time::Duration;

use serde_json::{Value, json};
use tenants::access::UserRole;
use tenants::account::{KeyScope, TenantStatus};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::conversation::{Conversation, Owner};
use tenants::effect::{Action, EffectState, ErrorCategory, ReplyTarget};
use tenants::ports::{AskError, AuditFilter, AuditLog, Conversations, Directory, Outbox, Usage};
use tenants::ports::{Hint, UnitOfWork};
use tenants::settings::TenantSettings;

use crate::objects::COMMENT;
use crate::rig::Reply;
use crate::shown::failed;
use crate::world::{Shop, World, key_with};

async fn ask(world: &World, path: &str) -> Reply {
    world.rig.get(&world.bakery.key.text, &world.bakery.path(&format!("/gateway/{path}"))).await
}

async fn send(world: &World, verb: &str, body: Value) -> Reply {
    let path = world.bakery.path(&format!("/gateway/{verb}"));
    world.rig.post(&world.bakery.key.text, &path, body).await
}

fn reply(text: &str) -> Value {
    json!({ "comment_id": COMMENT, "text": text })
}

fn dm(text: &str) -> Value {
    json!({ "recipient_id": "5550001", "text": text })
}

async fn settings(world: &World, change: impl FnOnce(&mut TenantSettings)) {
    let mut settings = world.rig.database.find_settings(&world.bakery.tenant.id).await.unwrap().unwrap();
    change(&mut settings);
    let changes = Changes::of_tenant(world.bakery.tenant.id).with(Change::PutSettings(Box::new(settings)));
    world.rig.database.commit(changes).await.unwrap();
}

async fn conversation(world: &World, change: impl FnOnce(&mut Conversation)) {
    let (database, shop) = (&world.rig.database, &world.bakery);
    let mut direct =
        database.find_conversation(&shop.tenant.id, &shop.objects.direct).await.unwrap().unwrap();
    change(&mut direct);
    let changes = Changes::of_tenant(shop.tenant.id).with(Change::PutConversation(Box::new(direct)));
    database.commit(changes).await.unwrap();
}

fn effect_id(answer: &Value) -> tenants::ids::EffectId {
    answer["effect"]["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_program_reads_profile_media_tagged_media_hashtags_and_numbers_through_the_account() {
    let world = World::new().await;
    let profile = ask(&world, "profile").await.ok();
    assert_eq!((&profile["username"], &profile["followers"]), (&json!("bakery"), &json!(900)));
    assert_eq!(profile["account"], world.bakery.account.id.to_string());
    for (path, id) in [
        ("media?limit=2", "17900000000000001"),
        ("tagged-media", "17900000000000002"),
        ("hashtags?q=bread&order=top", "17900000000000003"),
    ] {
        let list = ask(&world, path).await.ok();
        assert_eq!((&list["items"][0]["id"], &list["after"]), (&json!(id), &json!("QVFI")), "{path}");
    }
    let numbers = ask(&world, "insights?metrics=reach,views").await.ok();
    assert_eq!(numbers["items"][0], json!({ "metric": "reach", "value": 7.0, "ends_at": null }));
    let of_media = ask(&world, "insights?media=17900000000000001").await.ok();
    assert_eq!(of_media["media"], "17900000000000001");
}

#[tokio::test]
async fn what_instagram_refuses_becomes_a_problem_that_says_what_to_do() {
    let world = World::new().await;
    let refuse = |refusal: AskError| *world.rig.shown.refusal.lock().unwrap() = Some(refusal);
    let not_told = AskError::NotAvailable {
        reason: "(#10) no".to_owned(),
        names_metric: false,
        usage: Usage::default(),
    };
    refuse(not_told);
    assert_eq!(ask(&world, "profile").await.problem(409)["reason"], "not_available");
    refuse(failed(ErrorCategory::AuthFailure, "code 190", None));
    let dead = ask(&world, "profile").await.problem(409);
    assert_eq!(dead["reason"], "reconnect");
    assert!(dead["detail"].as_str().unwrap().contains("connected anew"), "{dead}");
    refuse(failed(ErrorCategory::Transient, "no answer", None));
    assert!(!ask(&world, "profile").await.header("retry-after").is_empty());
    ask(&world, "profile").await.problem(503);
    refuse(failed(ErrorCategory::RateLimit, "code 4", Some(Duration::from_secs(600))));
    let limited = ask(&world, "profile").await;
    limited.problem(429);
    assert_eq!(limited.header("retry-after"), "601");
}

#[tokio::test]
async fn while_instagram_limits_or_fails_it_is_not_asked_again() {
    let world = World::new().await;
    let calls = || *world.rig.shown.calls.lock().unwrap();
    let limit = failed(ErrorCategory::RateLimit, "code 4", Some(Duration::from_secs(600)));
    *world.rig.shown.refusal.lock().unwrap() = Some(limit);
    ask(&world, "profile").await.problem(429);
    *world.rig.shown.refusal.lock().unwrap() = None;
    ask(&world, "media").await.problem(429);
    assert_eq!(calls(), 1);
    world.rig.clock.advance(Duration::from_secs(601));
    ask(&world, "media").await.ok();
    assert_eq!(calls(), 2);
    // The limit of calls an hour is the programs' own.
    let mut refused = None;
    for _ in 0..250 {
        let answer = ask(&world, "media").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    assert!(refused.is_some_and(|answer| answer.text().contains("hour")) && calls() <= 201);
}

#[tokio::test]
async fn nonsense_in_a_question_is_answered_with_400_and_an_unknown_account_with_404() {
    let world = World::new().await;
    for path in [
        "media?limit=0",
        "hashtags",
        "hashtags?q=a&order=best",
        "insights?metrics=impressions",
        "insights?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
        "profile?account=nonsense",
    ] {
        ask(&world, path).await.problem(400);
    }
    ask(&world, &format!("profile?account={}", world.rival.account.id)).await.problem(404);
    let foreign = json!({ "account": world.rival.account.id, "comment_id": COMMENT, "text": "Yes." });
    send(&world, "reply-comment", foreign).await.problem(404);
}

#[tokio::test]
async fn an_answer_to_a_comment_waits_in_the_queue_with_its_author_in_the_audit_log() {
    let world = World::new().await;
    let (database, bakery) = (&world.rig.database, &world.bakery);
    let mut hints = world.rig.ports.wake.subscribe();
    let sent = send(&world, "reply-comment", reply("Yes, to all of Portugal.")).await;
    assert_eq!(sent.status.as_u16(), 202, "{}", sent.text());
    assert_eq!(hints.recv().await, Ok(Hint::Effects(bakery.tenant.id)));
    let answer = sent.json();
    assert_eq!(sent.header("location"), answer["status_url"]);
    let status_path = answer["status_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    assert_eq!(world.rig.get(&bakery.key.text, &status_path).await.ok()["status"], "pending");

    let effect = database.find_effect(&bakery.tenant.id, &effect_id(&answer)).await.unwrap().unwrap();
    let target = ReplyTarget::Comment { comment_id: COMMENT.to_owned() };
    assert_eq!(effect.action, Action::ReplyComment { target, text: "Yes, to all of Portugal.".to_owned() });
    assert_eq!((effect.state, effect.approved_by_person), (EffectState::Pending, false));
    let log = database
        .list_audit(&Chain::Tenant(bakery.tenant.id), &AuditFilter::default(), None, 5)
        .await
        .unwrap();
    let entry = log.iter().find(|entry| entry.event_type == "gateway.queued").unwrap();
    assert_eq!(entry.actor, format!("key:{}", bakery.key.key.id));
    assert_eq!(entry.resource_id, effect.id.to_string());
    // The draft and the escalation of the comment would have it answered a second time.
    let approvals = world.rig.get(&bakery.key.text, &bakery.path("/approvals?status=expired")).await.ok();
    assert_eq!(approvals["items"].as_array().unwrap().len(), 2, "{approvals}");
}

#[tokio::test]
async fn a_private_answer_and_direct_messages_become_what_they_say() {
    let world = World::new().await;
    let private = json!({ "comment_id": COMMENT, "text": "Here you are.", "private": true });
    let sent = send(&world, "reply-comment", private).await.ok();
    assert_eq!(sent["effect"]["payload"]["action"], "private_reply");
    assert!(sent["effect"]["deadline"].is_string());
    let answer = json!({ "recipient_id": "5550001", "message_id": "mid.7", "text": "It is ready." });
    let sent = send(&world, "reply-dm", answer).await.ok();
    assert_eq!(
        sent["effect"]["payload"],
        json!({ "action": "reply_dm", "recipient_id": "5550001",
        "mid": "mid.7", "text": "It is ready." })
    );
    let mut question = dm("Which one?");
    question["quick_replies"] = json!(["Apple", "Plum"]);
    assert_eq!(send(&world, "send-dm", question.clone()).await.ok()["effect"]["payload"]["action"], "ask_dm");
    question["quick_replies"] = json!(["Apple", "Apple"]);
    assert_eq!(send(&world, "send-dm", question).await.problem(422)["field"], "quick_replies");
}

#[tokio::test]
async fn a_send_that_the_policy_forbids_is_refused_with_the_name_of_the_rule() {
    let world = World::new().await;
    let rule = async |verb: &str, body: Value| send(&world, verb, body).await.problem(409)["rule"].clone();
    // Nobody is written to who has not written.
    let stranger = json!({ "recipient_id": "999", "text": "Hello." });
    assert_eq!(rule("send-dm", stranger).await, "window_closed");
    conversation(&world, |direct| direct.owner = Owner::Human).await;
    assert_eq!(rule("send-dm", dm("Hello.")).await, "human_took_over");
    conversation(&world, |direct| direct.owner = Owner::Bot).await;
    settings(&world, |settings| settings.blocked_authors = vec!["@ana".to_owned()]).await;
    assert_eq!(rule("reply-comment", reply("Yes.")).await, "author_blocked");
    settings(&world, |settings| settings.blocked_authors.clear()).await;
    conversation(&world, |direct| direct.opted_out_at = Some(world.rig.now())).await;
    assert_eq!(rule("send-dm", dm("Hello.")).await, "opted_out");
    assert_eq!(rule("reply-comment", reply("Yes.")).await, "opted_out");
    let nothing = world
        .rig
        .database
        .list_audit(&Chain::Tenant(world.bakery.tenant.id), &AuditFilter::default(), None, 50)
        .await
        .unwrap();
    assert!(nothing.iter().all(|entry| entry.event_type != "gateway.queued"));
}

#[tokio::test]
async fn the_window_and_the_seven_days_close_and_a_suspended_tenant_sends_nothing() {
    let world = World::new().await;
    world.rig.clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(send(&world, "send-dm", dm("Hello.")).await.problem(409)["rule"], "window_closed");
    world.rig.clock.advance(Duration::from_secs(6 * 24 * 3_600));
    let private = json!({ "comment_id": COMMENT, "text": "Here you are.", "private": true });
    let late = send(&world, "reply-comment", private).await.problem(409);
    assert_eq!(late["rule"], "private_reply_expired");
    assert!(late["detail"].as_str().unwrap().contains("in public"), "{late}");
    let mut tenant = world.bakery.tenant.clone();
    tenant.status = TenantStatus::Suspended;
    let changes = Changes::of_tenant(tenant.id).with(Change::PutTenant(tenant));
    world.rig.database.commit(changes).await.unwrap();
    let refused = send(&world, "reply-comment", reply("Yes.")).await.problem(409);
    assert_eq!(refused["rule"], "tenant_suspended");
    let post = json!({ "post_type": "image", "media": [world.bakery.objects.media] });
    assert_eq!(send(&world, "publish-post", post).await.problem(409)["rule"], "tenant_suspended");
}

#[tokio::test]
async fn words_of_programs_pass_the_same_guards_as_the_actors_own() {
    let world = World::new().await;
    settings(&world, |settings| settings.blocked_words = vec!["cheap".to_owned()]).await;
    let refused = send(&world, "reply-comment", reply("So cheap! See https://evil.example.com")).await;
    let problem = refused.problem(422);
    let guards: Vec<&str> =
        problem["guards"].as_array().unwrap().iter().map(|it| it["guard"].as_str().unwrap()).collect();
    assert!(guards.contains(&"blocked_word") && guards.contains(&"link"), "{problem}");
    assert_eq!(send(&world, "send-dm", dm("")).await.problem(422)["guards"][0]["guard"], "empty");
    assert_eq!(
        send(&world, "send-dm", dm(&"a ".repeat(600))).await.problem(422)["guards"][0]["guard"],
        "length"
    );
}

#[tokio::test]
async fn captions_of_programs_pass_the_same_guards_as_their_answers() {
    let world = World::new().await;
    settings(&world, |settings| settings.blocked_words = vec!["cheap".to_owned()]).await;
    let post = |more: serde_json::Value| {
        let mut post = json!({ "post_type": "image", "media": [world.bakery.objects.media] });
        post.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post
    };
    for (field, words, guard) in [
        ("caption", "So cheap!", "blocked_word"),
        ("caption", "More at https://evil.example.com", "link"),
        ("caption", "With @somebody", "mention"),
        ("first_comment", "50 % off, guaranteed", "promise"),
    ] {
        let problem = send(&world, "publish-post", post(json!({ field: words }))).await.problem(422);
        assert_eq!(
            (&problem["field"], &problem["guards"][0]["guard"]),
            (&json!(field), &json!(guard)),
            "{problem}"
        );
    }
    // Who is tagged may be named, and is no way to smuggle a link in; a picture may go without words.
    let tagged = |caption: &str, handle: &str| {
        post(
            json!({ "caption": caption, "options": { "user_tags": [{ "username": handle, "x": 1, "y": 1 }] } }),
        )
    };
    let smuggled = send(&world, "publish-post", tagged("See evil.com", "evil.com")).await.problem(422);
    assert_eq!(smuggled["guards"][0]["guard"], "link");
    send(&world, "publish-post", tagged("Baked by @somebody #bakery", "somebody")).await.ok();
    let settled = send(&world, "publish-post", post(json!({ "allow_duplicates": true }))).await;
    assert_eq!(settled.status.as_u16(), 202, "{}", settled.text());
}

#[tokio::test]
async fn a_first_direct_message_says_that_a_program_writes() {
    let world = World::new().await;
    let disclosure = json!({ "texts": { "en": "You are writing with an assistant." }, "at_start": true });
    settings(&world, |settings| {
        settings.comms.disclosure = Some(serde_json::from_value(disclosure).unwrap());
    })
    .await;
    let sent = send(&world, "send-dm", dm("Your cake is ready.")).await.ok();
    assert_eq!(
        sent["effect"]["payload"]["text"],
        "You are writing with an assistant.\n\nYour cake is ready."
    );
    let public = send(&world, "reply-comment", reply("Yes.")).await.ok();
    assert_eq!(public["effect"]["payload"]["text"], "Yes.");
}

#[tokio::test]
async fn words_wait_for_the_end_of_the_quiet_hours() {
    let world = World::new().await;
    let all_day = json!({ "from": "00:00", "until": "23:59" });
    settings(&world, |settings| {
        settings.quiet_hours = Some(serde_json::from_value(all_day).unwrap());
    })
    .await;
    let sent = send(&world, "reply-comment", reply("Yes.")).await.ok();
    let not_before = sent["effect"]["next_retry_at"].as_str().unwrap();
    assert!(not_before.parse::<tenants::clock::Timestamp>().unwrap() > world.rig.now(), "{not_before}");
}

#[tokio::test]
async fn a_post_is_published_through_the_usual_approvals() {
    let world = World::new().await;
    let post = |caption: &str| json!({ "post_type": "image", "caption": caption, "media": [world.bakery.objects.media] });
    let sent = send(&world, "publish-post", post("fresh bread")).await;
    assert_eq!(sent.status.as_u16(), 202, "{}", sent.text());
    assert_eq!(sent.json()["post"]["state"], "approved");
    settings(&world, |settings| settings.post_approval = tenants::post::ApprovalPolicy::One).await;
    let asked = send(&world, "publish-post", post("a quite different announcement")).await.ok();
    assert_eq!(asked["post"]["state"], "pending");
    let mut later = post("something for the spring");
    later["scheduled_at"] = json!("2040-01-01T09:00:00Z");
    send(&world, "publish-post", later).await.problem(422);
    // The same again is a duplicate.
    send(&world, "publish-post", post("fresh bread")).await.problem(409);
}

#[tokio::test]
async fn an_operators_key_writes_and_a_viewers_only_reads() {
    let world = World::new().await;
    let shop: &Shop = &world.bakery;
    let scope = KeyScope::Tenant { agency: world.north.agency.id, tenant: shop.tenant.id };
    let viewer = key_with(&world.rig, "viewer", scope, UserRole::Viewer).await.text;
    world.rig.get(&viewer, &shop.path("/gateway/profile")).await.ok();
    world.rig.post(&viewer, &shop.path("/gateway/send-dm"), dm("Hello.")).await.problem(403);
    let beat = json!({ "tenant": shop.tenant.id, "agent": "price-bot" });
    world.rig.post(&viewer, "/agents/heartbeat", beat).await.problem(403);
}

#[tokio::test]
async fn a_program_outside_beats_and_stands_among_the_agents() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let beat = |agent: &str| json!({ "tenant": bakery.tenant.id, "agent": agent });
    let seen = rig.post(&bakery.key.text, "/agents/heartbeat", beat("price-bot")).await.ok();
    assert_eq!((&seen["status"], &seen["outside"]), (&json!("alive"), &json!(true)));
    let list = rig.get(&bakery.key.text, &bakery.path("/heartbeats")).await.ok();
    assert_eq!(list["items"][0]["agent"], "price-bot");
    rig.clock.advance(Duration::from_secs(61));
    let list = rig.get(&bakery.key.text, &bakery.path("/heartbeats")).await.ok();
    assert_eq!(list["items"][0]["status"], "down");
    for inner in ["comms", "dispatcher", "tenant", "Price Bot", ""] {
        assert_eq!(
            rig.post(&bakery.key.text, "/agents/heartbeat", beat(inner)).await.problem(422)["field"],
            "agent"
        );
    }
    // Whose tenant it is not, does not learn that there is one.
    rig.post(&world.rival.key.text, "/agents/heartbeat", beat("price-bot")).await.problem(404);
}
