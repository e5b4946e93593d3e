//! Programs outside, which hold a key and no token: what they send becomes visible once, what they read comes from
//! Instagram, and people are told when they fall silent.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use serde_json::{Value, json};

stories!(
    a_program_answers_a_comment_and_what_it_sends_twice_is_visible_once,
    a_program_answers_what_waits_for_a_person_and_nobody_is_asked_any_more,
    a_program_reads_the_account_and_hashtags_and_sees_no_token,
    a_program_that_falls_silent_is_told_of_until_it_beats_again,
);

async fn alerts(app: &TestApp, shop: &TestTenant, resolved: bool) -> Vec<Value> {
    let list = app.api.get(&shop.path(&format!("/alerts?resolved={resolved}"))).await.ok();
    let items = list["items"].as_array().unwrap();
    items.iter().filter(|alert| alert["alert_type"] == "agent_down").cloned().collect()
}

async fn a_program_answers_a_comment_and_what_it_sends_twice_is_visible_once(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.comment(&shop, "fan", "Do you ship to Spain?");
    app.settle().await;
    assert!(app.visible(&comment).is_untouched());

    let reply = json!({ "comment_id": comment.as_ref(), "text": "Yes, within three days." });
    let path = shop.path("/gateway/reply-comment");
    let first = app.api.post_with_key(&path, "answer-1", reply.clone()).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let again = app.api.post_with_key(&path, "answer-1", reply).await;
    assert_eq!(again.body, first.body);
    app.settle().await;
    assert_eq!(app.visible(&comment).answers(), 1);
    let status = first.body["status_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    assert_eq!(app.api.get(&status).await.ok()["status"], "sent");

    // The draft that waited for a person is of no use any more.
    let pending = app.api.get(&shop.path("/approvals?status=pending")).await.ok();
    assert_eq!(pending["items"], json!([]), "{pending}");
    let entries = app.audit(&shop).await;
    assert!(entries.iter().any(|it| it.event_type == "gateway.queued" && it.actor.starts_with("key:")));
    app
}

async fn a_program_answers_what_waits_for_a_person_and_nobody_is_asked_any_more(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let complaint = "My order never arrived and nobody answers, very disappointed";
    let comments = [app.comment(&shop, "customer", complaint), app.comment(&shop, "other", complaint)];
    app.settle().await;
    let waits = async || app.api.get(&shop.path("/approvals?status=pending")).await.ok()["items"].clone();
    assert_eq!(waits().await.as_array().unwrap().len(), 2);

    let reply = json!({ "comment_id": comments[0].as_ref(), "text": "We are sorry: it left today." });
    app.api.post(&shop.path("/gateway/reply-comment"), reply).await.ok();
    app.settle().await;
    assert_eq!(app.visible(&comments[0]).answers(), 1);
    let left = waits().await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["author"]["username"]), (1, &json!("other")));
    app
}

async fn a_program_reads_the_account_and_hashtags_and_sees_no_token(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").facebook().create().await;
    app.comment(&shop, "fan", "Lovely!");
    app.settle().await;
    let mut seen = String::new();
    for read in ["profile", "media", "tagged-media", "hashtags?q=bread", "insights?metrics=reach"] {
        let answer = app.api.get(&shop.path(&format!("/gateway/{read}"))).await;
        assert_eq!(answer.status, 200, "{read}: {}", answer.body);
        seen.push_str(&answer.body.to_string());
    }
    assert!(seen.contains("\"username\":\"acme"), "{seen}");
    assert!(!seen.contains("EAA") && !seen.contains("IGAA") && !seen.contains("access_token"), "{seen}");
    app
}

async fn a_program_that_falls_silent_is_told_of_until_it_beats_again(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let beat = || app.api.post("/agents/heartbeat", json!({ "tenant": shop.id, "agent": "price-bot" }));
    beat().await.ok();
    app.clock.advance(Duration::from_secs(90));
    app.until("the alert", || async { alerts(&app, &shop, false).await.len() == 1 }).await;
    assert!(alerts(&app, &shop, false).await[0]["message"].as_str().unwrap().contains("price-bot"));
    beat().await.ok();
    assert_eq!(alerts(&app, &shop, false).await, Vec::<Value>::new());
    assert_eq!(alerts(&app, &shop, true).await.len(), 1);

    // Who goes to sleep on purpose is not missed.
    let asleep = json!({ "tenant": shop.id, "agent": "price-bot", "status": "asleep" });
    app.api.post("/agents/heartbeat", asleep).await.ok();
    app.clock.advance(Duration::from_secs(600));
    app.settle().await;
    assert_eq!(alerts(&app, &shop, false).await, Vec::<Value>::new());
    app
}
