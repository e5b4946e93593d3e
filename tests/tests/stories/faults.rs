//! Instagram misbehaves.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use sandbox::{Endpoint, Fault, FaultKind, TokenDeath};
use serde_json::json;
use tenants::effect::EffectState;

stories!(
    a_dead_token_holds_the_queue_and_a_reconnect_sends_it,
    a_spell_of_5xx_is_waited_out_without_doubling,
    a_lost_answer_is_settled_by_reading_back,
    a_dropped_connection_is_settled_by_reading_back,
    a_refusal_for_good_becomes_a_dead_letter_that_a_person_retries,
    a_rate_limit_waits_without_using_up_tries,
);

async fn a_dead_token_holds_the_queue_and_a_reconnect_sends_it(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let other = app.tenant("other").create().await;
    app.sandbox.revoke_token(&shop, TokenDeath::PasswordChanged).unwrap();
    let comments: Vec<_> =
        (0..3).map(|n| app.comment(&shop, &format!("fan{n}"), "I love this so much!")).collect();
    let elsewhere = app.comment(&other, "fan", "I love this so much!");
    app.until("an alert is raised", || async {
        let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
        alerts["items"][0]["alert_type"] == "auth_failure"
    })
    .await;
    app.settle().await;
    assert_eq!(app.visible(&elsewhere).replies.len(), 1, "another tenant is not held");
    assert!(comments.iter().all(|comment| app.visible(comment).is_untouched()));

    reconnect(&app, &shop).await;
    app.until("the queue has gone out", || async {
        comments.iter().all(|comment| app.visible(comment).replies.len() == 1)
    })
    .await;
    app.settle().await;
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    assert!(alerts["items"].as_array().unwrap().is_empty(), "{alerts}");
    app
}

async fn reconnect(app: &TestApp, shop: &TestTenant) {
    let token = app.sandbox.renew_token(shop).unwrap();
    let path = shop.path(&format!("/accounts/{}/reconnect", shop.account.id));
    app.api.post(&path, json!({ "token": token })).await.ok();
}

async fn a_spell_of_5xx_is_waited_out_without_doubling(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).times(8));
    let comments: Vec<_> =
        (0..6).map(|n| app.comment(&shop, &format!("fan{n}"), "I love this so much!")).collect();
    all_replied_after_waiting(&app, &comments).await;
    app
}

async fn a_lost_answer_is_settled_by_reading_back(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.sandbox
        .fault(Fault::new(FaultKind::DoneBut500 { status: 500 }).on(Endpoint::ReplyToComment).times(3));
    let comments: Vec<_> =
        (0..3).map(|n| app.comment(&shop, &format!("fan{n}"), "I love this so much!")).collect();
    all_replied_after_waiting(&app, &comments).await;
    assert!(app.audit(&shop).await.iter().any(|entry| entry.event_type == "effect.unknown"));
    app
}

async fn a_dropped_connection_is_settled_by_reading_back(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let drop = FaultKind::DoneButConnectionDropped { hang: false };
    app.sandbox.fault(Fault::new(drop).on(Endpoint::ReplyToComment).times(2));
    let comments: Vec<_> =
        (0..2).map(|n| app.comment(&shop, &format!("fan{n}"), "I love this so much!")).collect();
    all_replied_after_waiting(&app, &comments).await;
    app
}

/// Lets time pass until every comment has its reply; exactly one.
async fn all_replied_after_waiting(app: &TestApp, comments: &[sandbox::CommentId]) {
    app.until("every comment has its reply", || async {
        app.settle().await;
        let done = comments.iter().all(|comment| !app.visible(comment).replies.is_empty());
        if !done {
            app.clock.advance(Duration::from_secs(60));
        }
        done
    })
    .await;
    app.settle().await;
    let answers: Vec<usize> = comments.iter().map(|comment| app.visible(comment).replies.len()).collect();
    assert_eq!(answers, vec![1; comments.len()]);
    assert!(app.sandbox.effects().doubled.is_empty());
}

async fn a_refusal_for_good_becomes_a_dead_letter_that_a_person_retries(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let refusal = FaultKind::PermissionRefused { code: 3 };
    app.sandbox.fault(Fault::new(refusal).on(Endpoint::ReplyToComment).times(1));
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    let dead = app.api.get(&shop.path("/queue/dlq")).await.ok();
    let effect = dead["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{dead}")).to_owned();
    assert!(app.visible(&comment).is_untouched());

    app.api.post(&shop.path(&format!("/queue/{effect}/retry")), json!({})).await.ok();
    app.settle().await;
    assert_eq!(app.visible(&comment).replies.len(), 1);
    app
}

async fn a_rate_limit_waits_without_using_up_tries(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let limit = FaultKind::RateLimit {
        code: 80002,
        status: None,
        retry_after_seconds: None,
        regain_minutes: Some(5),
    };
    app.sandbox.fault(Fault::new(limit).on(Endpoint::ReplyToComment).times(1));
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    let effects = app.effects(&shop).await;
    assert_eq!((effects[0].state, effects[0].retry_count), (EffectState::Failed, 0));

    app.clock.advance(Duration::from_secs(6 * 60));
    app.until("the reply has gone out", || async { app.visible(&comment).replies.len() == 1 }).await;
    app
}
