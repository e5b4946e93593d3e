//! Who may say what to whom, and when.

use std::time::Duration;

use kit::{TestApp, stories};
use sandbox::{OwnComment, OwnMessage};
use serde_json::{Value, json};
use tenants::effect::{EffectState, SkipReason};
use tenants::post::PostState;

use crate::publishing::{picture, plan, until};

stories!(
    our_own_reply_and_our_echo_are_not_answered,
    a_person_takes_over_from_the_phone,
    a_thread_is_handed_back,
    stop_silences_the_bot_until_start,
    a_message_whose_window_closed_while_it_waited_is_skipped_by_name,
    quiet_hours_hold_replies_back_but_not_moderation,
    whoever_writes_under_a_post_is_shown_with_it,
);

fn greeting() -> serde_json::Value {
    json!({
        "name": "greet", "trigger": { "on": "dm" }, "conditions": [],
        "actions": [{ "do": "reply", "variations": ["Thanks for your message!"] }],
    })
}

async fn our_own_reply_and_our_echo_are_not_answered(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    let comment = app.comment(&shop, "fan", "I love this so much!");
    let message = app.message(&shop, "fan", "hello there");
    app.settle().await;

    // The reply came back as a comment, the message as an echo; neither is a person taking over.
    assert_eq!(app.visible(&comment).replies.len(), 1);
    assert_eq!(app.visible(&message).messages.len(), 1);
    let threads = app.api.get(&shop.path("/conversations")).await.ok();
    assert!(threads["items"].as_array().unwrap().iter().all(|thread| thread["owner"] == "bot"), "{threads}");
    app
}

async fn a_person_takes_over_from_the_phone(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    app.message(&shop, "fan", "hello");
    app.settle().await;
    app.sandbox.own_message(&shop, OwnMessage { to: "fan".into(), text: "Hi, this is Eva".into() }).unwrap();
    app.settle().await;
    let next = app.message(&shop, "fan", "hello Eva");
    app.settle().await;

    assert!(app.visible(&next).is_untouched());
    let threads = app.api.get(&shop.path("/conversations?owner=human")).await.ok();
    assert_eq!(threads["items"].as_array().unwrap().len(), 1);

    let comment = app.comment(&shop, "other", "I love this so much!");
    app.settle().await;
    let own = OwnComment { text: "thank you, Eva".into(), parent: Some(comment.clone()), media: None };
    app.sandbox.own_comment(&shop, own).unwrap();
    app.settle().await;
    let more = sandbox::NewComment::new("other", "I love it even more!").answering(&comment);
    let more = app.sandbox.comment(&shop, more).unwrap();
    app.settle().await;
    assert!(app.visible(&more.id).is_untouched());
    app
}

async fn a_thread_is_handed_back(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    app.message(&shop, "fan", "hello");
    app.settle().await;
    app.sandbox.own_message(&shop, OwnMessage { to: "fan".into(), text: "Hi, this is Eva".into() }).unwrap();
    app.settle().await;
    let threads = app.api.get(&shop.path("/conversations?owner=human")).await.ok();
    let thread = threads["items"][0]["id"].as_str().unwrap().to_owned();
    app.api.post(&shop.path(&format!("/conversations/{thread}/hand-back")), json!({})).await.ok();

    let next = app.message(&shop, "fan", "one more thing");
    app.settle().await;
    assert_eq!(app.visible(&next).messages.len(), 1);
    app
}

async fn stop_silences_the_bot_until_start(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    app.message(&shop, "fan", "hello");
    app.settle().await;
    let stop = app.message(&shop, "fan", "STOP");
    app.settle().await;
    let after_stop = app.message(&shop, "fan", "hello?");
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    for silent in [stop.as_str(), after_stop.as_str(), comment.as_str()] {
        assert!(app.visible(silent).is_untouched(), "{:?}", app.visible(silent));
    }

    app.message(&shop, "fan", "start");
    app.settle().await;
    let after_start = app.message(&shop, "fan", "hello again");
    app.settle().await;
    assert_eq!(app.visible(&after_start).messages.len(), 1);
    app
}

async fn a_message_whose_window_closed_while_it_waited_is_skipped_by_name(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    app.sandbox.revoke_token(&shop, sandbox::TokenDeath::PasswordChanged).unwrap();
    let message = app.message(&shop, "fan", "hello");
    app.until("the queue is held", || async {
        let account = app.api.get(&shop.path("/accounts")).await.ok();
        account["items"][0]["status"] == "disconnected"
    })
    .await;

    app.clock.advance(Duration::from_secs(25 * 3_600));
    reconnect(&app, &shop).await;
    app.settle().await;

    let effects = app.effects(&shop).await;
    assert_eq!(effects[0].state, EffectState::Skipped);
    assert_eq!(effects[0].skip_reason, Some(SkipReason::WindowClosed));
    assert!(app.visible(&message).is_untouched());
    app
}

async fn reconnect(app: &TestApp, shop: &kit::TestTenant) {
    let token = app.sandbox.renew_token(shop).unwrap();
    let path = shop.path(&format!("/accounts/{}/reconnect", shop.account.id));
    app.api.post(&path, json!({ "token": token })).await.ok();
}

async fn quiet_hours_hold_replies_back_but_not_moderation(app: TestApp) -> TestApp {
    let all_day = tenants::settings::QuietHours { from: "00:00".into(), until: "23:59".into() };
    let shop = app.tenant("acme").settings(|s| s.quiet_hours = Some(all_day)).create().await;
    let praise = app.comment(&shop, "fan", "I love this so much, thank you!");
    let spam = app.comment(&shop, "bot", "Earn $5000 a week from home, click the link in my bio");
    app.settle().await;

    assert!(app.visible(&spam).hidden);
    assert!(app.visible(&praise).is_untouched());
    let waiting = app.effects(&shop).await;
    assert!(waiting.iter().any(|effect| effect.state == EffectState::Pending), "{waiting:?}");
    app
}

async fn whoever_writes_under_a_post_is_shown_with_it(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = picture(&app, &shop, 1).await;
    let document = json!({ "post_type": "image", "caption": "Fresh from the oven", "media": [media] });
    let post = plan(&app, &shop, document).await;
    let published = until(&app, &shop, &post, PostState::Published).await;
    // Under the newest post.
    app.comment(&shop, "customer", "My order never arrived and nobody answers, very disappointed");
    app.message(&shop, "fan", "Where is my order? It never arrived and nobody answers");
    app.settle().await;

    let media = app.sandbox.media_of(&shop).unwrap();
    let newest = media.iter().find(|it| it.caption.as_deref() == Some("Fresh from the oven")).unwrap();
    let expected = json!({ "external_id": newest.id, "caption": "Fresh from the oven",
        "permalink": published["permalink"] });
    for list in ["approvals", "conversations"] {
        let listed = app.api.get(&shop.path(&format!("/{list}"))).await.ok();
        let posts: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| &item["post"]).collect();
        assert_eq!(posts.len(), 2, "{listed}");
        assert!(posts.contains(&&expected) && posts.contains(&&Value::Null), "{list}: {listed}");
        let with_post = listed["items"].as_array().unwrap().iter().find(|item| item["post"] == expected);
        let id = with_post.unwrap()["id"].as_str().unwrap();
        let one = app.api.get(&shop.path(&format!("/{list}/{id}"))).await.ok();
        assert_eq!(one["post"], expected);
    }
    app
}
