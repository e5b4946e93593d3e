//! What no webhook has told is found by comparing with Instagram, and made up for once.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use sandbox::{
    AccountChange, Endpoint, Envelope, Fault, FaultKind, NewComment, NewEvent, NewMedia, NewMessage,
    OwnMessage, TokenDeath,
};
use serde_json::{Value, json};
use tenants::clock::Clock;

stories!(
    a_refused_token_rests_the_account_and_its_polls,
    a_comment_that_no_webhook_told_of_is_found_answered_and_told,
    a_webhook_that_comes_late_changes_nothing,
    a_message_that_no_webhook_told_of_is_answered,
    a_person_who_answered_from_the_phone_in_the_gap_keeps_the_conversation,
    what_was_written_days_ago_is_shown_to_a_person_instead_of_being_answered,
    what_was_written_before_the_account_was_connected_is_left_alone,
    our_own_replies_are_no_gap,
    comments_that_instagram_counts_and_does_not_show_are_told_with_advice,
    a_post_that_few_react_to_is_noticed_once,
    an_account_without_webhooks_is_told_and_its_health_shows_it,
);

const MINUTE: Duration = Duration::from_secs(60);

/// Lets time pass until every account has been polled at least once more: the first polls come within ten minutes.
async fn until_polled(app: &TestApp) {
    app.settle().await;
    app.clock.advance(MINUTE * 11);
    app.settle().await;
}

async fn open_alerts(app: &TestApp, shop: &TestTenant, key: &str) -> Vec<Value> {
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    let items = alerts["items"].as_array().unwrap().clone();
    items.into_iter().filter(|alert| alert["alert_type"] == key).collect()
}

async fn account_health(app: &TestApp, shop: &TestTenant) -> Value {
    app.api.get(&shop.path("/health")).await.ok()["accounts"][0].clone()
}

async fn a_comment_that_no_webhook_told_of_is_found_answered_and_told(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let lost =
        app.sandbox.comment(&shop, NewComment::new("fan", "I love this so much!").silent()).unwrap().id;
    until_polled(&app).await;

    assert_eq!(app.visible(&lost).replies.len(), 1);
    let alerts = open_alerts(&app, &shop, "gap").await;
    assert_eq!((alerts.len(), &alerts[0]["details"]["count"]), (1, &json!(1)), "{alerts:?}");
    assert!(account_health(&app, &shop).await["gap_at"].is_string());

    // Polled again and again, it stays one; when a webhook comes again, the alert is over.
    until_polled(&app).await;
    assert_eq!(app.visible(&lost).replies.len(), 1);
    assert_eq!(open_alerts(&app, &shop, "gap").await[0]["occurrences"], 1);
    let told = app.comment(&shop, "another", "Beautiful!");
    until_polled(&app).await;
    assert_eq!(app.visible(&told).replies.len(), 1);
    assert!(open_alerts(&app, &shop, "gap").await.is_empty());
    app
}

async fn a_webhook_that_comes_late_changes_nothing(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let lost = app.sandbox.comment(&shop, NewComment::new("fan", "I love this so much!").silent()).unwrap();
    until_polled(&app).await;
    assert_eq!(app.visible(&lost.id).replies.len(), 1);

    let fan = app.sandbox.relation(&shop, "fan").unwrap();
    let value = json!({
        "id": lost.id, "text": lost.text, "media": { "id": lost.media, "media_product_type": "FEED" },
        "from": { "id": fan.igsid, "username": "fan" },
    });
    let late = NewEvent { field: "comments".to_owned(), value, envelope: Envelope::Changes };
    app.sandbox.deliver_event(&shop, late).unwrap();
    app.settle().await;
    assert_eq!(app.visible(&lost.id).replies.len(), 1);
    let decisions = app.audit(&shop).await.into_iter().filter(|entry| entry.event_type == "decision.made");
    assert_eq!(decisions.filter(|entry| entry.details.value()["outcome"] == "act").count(), 1);
    app
}

async fn a_message_that_no_webhook_told_of_is_answered(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let lost =
        app.sandbox.direct_message(&shop, NewMessage::new("fan", "You are wonderful!").silent()).unwrap();
    until_polled(&app).await;
    let messages = app.sandbox.messages_with(&shop, "fan").unwrap();
    let texts: Vec<_> = messages.iter().map(|message| message.is_inbound()).collect();
    assert_eq!(texts, [true, false], "{messages:?}");
    assert_eq!(messages[0].id, lost.id);
    until_polled(&app).await;
    assert_eq!(app.sandbox.messages_with(&shop, "fan").unwrap().len(), 2);
    app
}

async fn a_person_who_answered_from_the_phone_in_the_gap_keeps_the_conversation(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.settle().await;
    app.sandbox.fault(Fault::new(FaultKind::DropWebhooks));
    app.sandbox.direct_message(&shop, NewMessage::new("fan", "You are wonderful!")).unwrap();
    app.clock.advance(MINUTE);
    let answer = OwnMessage { to: "fan".to_owned(), text: "That is so kind, Ana here".to_owned() };
    app.sandbox.own_message(&shop, answer).unwrap();
    app.sandbox.clear_faults();
    until_polled(&app).await;
    assert_eq!(app.sandbox.messages_with(&shop, "fan").unwrap().len(), 2, "the bot says nothing more");
    let conversations = app.api.get(&shop.path("/conversations")).await.ok();
    assert_eq!(conversations["items"][0]["owner"], "human", "{conversations}");
    app
}

async fn what_was_written_days_ago_is_shown_to_a_person_instead_of_being_answered(
    mut app: TestApp,
) -> TestApp {
    let rule = json!({
        "name": "wonder", "trigger": { "on": "comment" },
        "conditions": [{ "if": "keywords_any", "words": ["wonderful"] }],
        "actions": [{ "do": "reply", "variations": ["Thank you from the rule!"] }],
    });
    let shop = app.tenant("acme").rule(rule).create().await;
    app.settle().await;
    app.stop().await;
    let praise =
        app.sandbox.comment(&shop, NewComment::new("fan", "I love this so much!").silent()).unwrap().id;
    let ruled = app.sandbox.comment(&shop, NewComment::new("other", "wonderful shop").silent()).unwrap().id;
    app.clock.advance(MINUTE * 60 * 24 * 3);
    app.restart().await;
    app.settle().await;

    assert!(app.visible(&praise).replies.is_empty() && app.visible(&ruled).replies.is_empty());
    let approvals = app.api.get(&shop.path("/approvals?status=pending")).await.ok();
    let reasons: Vec<_> =
        approvals["items"].as_array().unwrap().iter().map(|it| it["reason"].to_string()).collect();
    assert_eq!(reasons.len(), 2, "{approvals}");
    assert!(reasons.iter().all(|reason| reason.contains("72 hours after it was written")), "{reasons:?}");
    app
}

async fn what_was_written_before_the_account_was_connected_is_left_alone(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let earlier = app.clock.now().to_utc() - chrono::TimeDelta::hours(5);
    let old =
        app.sandbox.comment(&shop, NewComment::new("fan", "I love this!").silent().at(earlier)).unwrap().id;
    until_polled(&app).await;
    assert!(app.visible(&old).replies.is_empty());
    assert!(open_alerts(&app, &shop, "gap").await.is_empty());
    app
}

async fn our_own_replies_are_no_gap(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.settle().await;
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    assert_eq!(app.visible(&comment).replies.len(), 1);
    // Webhooks about what we write get lost; that is nothing to make up for.
    app.sandbox.fault(Fault::new(FaultKind::DropWebhooks));
    app.message(&shop, "other", "hello");
    app.settle().await;
    app.sandbox.clear_faults();
    until_polled(&app).await;
    let alerts = open_alerts(&app, &shop, "gap").await;
    let counts: Vec<_> = alerts.iter().map(|alert| alert["details"]["count"].clone()).collect();
    assert_eq!(counts, [json!(1)], "the message alone");
    app
}

async fn comments_that_instagram_counts_and_does_not_show_are_told_with_advice(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comment = app.sandbox.comment(&shop, NewComment::new("fan", "I love this!").silent()).unwrap().id;
    app.sandbox.fault(Fault::new(FaultKind::EmptyLists).on(Endpoint::ListComments));
    until_polled(&app).await;
    let alerts = open_alerts(&app, &shop, "gap").await;
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0]["message"].as_str().unwrap().contains("Advanced Access"), "{alerts:?}");
    assert!(app.visible(&comment).replies.is_empty());

    app.sandbox.clear_faults();
    app.comment(&shop, "other", "Great!");
    until_polled(&app).await;
    assert_eq!(app.visible(&comment).replies.len(), 1, "what can be seen now is made up for");
    let messages = open_alerts(&app, &shop, "gap").await;
    assert!(messages.iter().all(|alert| !alert["message"].as_str().unwrap().contains("Advanced Access")));
    app
}

async fn a_post_that_few_react_to_is_noticed_once(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let days_ago = |days| Some(app.clock.now().to_utc() - chrono::TimeDelta::days(days));
    for likes in [90, 100, 110, 120, 130] {
        let post = NewMedia { like_count: likes, created_at: days_ago(3), ..NewMedia::post("usual") };
        app.sandbox.create_media(&shop, post).unwrap();
    }
    let post = NewMedia { like_count: 4, created_at: days_ago(2), ..NewMedia::post("nobody cares") };
    let low = app.sandbox.create_media(&shop, post).unwrap().id;
    until_polled(&app).await;
    until_polled(&app).await;
    let alerts = open_alerts(&app, &shop, "low_engagement").await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["details"]["media"], json!(low));
    let noticed =
        app.audit(&shop).await.into_iter().filter(|entry| entry.event_type == "media.low_engagement");
    assert_eq!(noticed.count(), 1);
    app
}

async fn a_refused_token_rests_the_account_and_its_polls(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.settle().await;
    app.sandbox.revoke_token(&shop, TokenDeath::PasswordChanged).unwrap();
    until_polled(&app).await;
    assert_eq!(open_alerts(&app, &shop, "auth_failure").await.len(), 1);
    let account = app.api.get(&shop.path("/accounts")).await.ok()["items"][0].clone();
    assert_eq!(account["status"], "disconnected");
    app.until("the account rests", || async { account_health(&app, &shop).await["next_poll_at"].is_null() })
        .await;
    assert_eq!(account_health(&app, &shop).await["status"], "broken");
    let calls = app.sandbox.calls().len();
    until_polled(&app).await;
    assert_eq!(app.sandbox.calls().len(), calls, "nobody asks with a dead token again");
    app
}

async fn an_account_without_webhooks_is_told_and_its_health_shows_it(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    until_polled(&app).await;
    let health = account_health(&app, &shop).await;
    assert_eq!((&health["token"], &health["webhooks"]), (&json!("fine"), &json!("fine")), "{health}");
    assert_eq!(health["status"], "fine", "{health}");

    let switch = |subscribed| AccountChange { subscribed: Some(subscribed), ..AccountChange::default() };
    app.sandbox.change_account(&shop, switch(false)).unwrap();
    app.clock.advance(MINUTE * 60);
    app.settle().await;
    assert_eq!(account_health(&app, &shop).await["webhooks"], "broken");
    assert_eq!(open_alerts(&app, &shop, "gap").await.len(), 1);
    app.sandbox.change_account(&shop, switch(true)).unwrap();
    app.clock.advance(MINUTE * 60);
    app.settle().await;
    assert_eq!(account_health(&app, &shop).await["webhooks"], "fine");
    assert!(open_alerts(&app, &shop, "gap").await.is_empty());
    app
}
