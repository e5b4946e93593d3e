//! The life of tokens: renewed in time, dead ones told of, keys of the vault rotated.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use sandbox::{Endpoint, Fault, FaultKind, TokenDeath};
use serde_json::{Value, json};
use tenants::clock::Clock;
use tenants::connect::TokenFacts;
use tenants::ports::{Connections, Directory};

stories!(
    every_cause_of_death_is_told_once_with_words_and_a_reconnect_goes_on,
    a_renewal_whose_answer_was_lost_is_repeated_and_nothing_is_lost,
    a_renewal_cut_off_by_the_end_of_the_node_is_made_good_at_the_next_start,
    keys_of_the_vault_are_rotated_while_replies_go_out,
    a_token_is_renewed_before_it_runs_out_and_works_long_after,
    a_token_that_nobody_could_renew_is_warned_of_and_marked_when_it_ran_out,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn facts(app: &TestApp, shop: &TestTenant) -> TokenFacts {
    app.node().foundations().database.token_facts(&shop.id).await.unwrap().remove(0)
}

fn renewals(app: &TestApp) -> usize {
    app.sandbox.calls().iter().filter(|call| call.endpoint == Endpoint::RefreshToken).count()
}

async fn open_alerts(app: &TestApp, shop: &TestTenant) -> Vec<Value> {
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    alerts["items"].as_array().unwrap().clone()
}

async fn reconnect(app: &TestApp, shop: &TestTenant) {
    let token = app.sandbox.renew_token(shop).unwrap();
    let path = shop.path(&format!("/accounts/{}/reconnect", shop.account.id));
    app.api.post(&path, json!({ "token": token })).await.ok();
}

async fn every_cause_of_death_is_told_once_with_words_and_a_reconnect_goes_on(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let deaths = [
        (TokenDeath::AppRemoved, "app_removed", "disconnected", "removed this app"),
        (TokenDeath::Checkpoint, "checkpoint", "disconnected", "log in to it at instagram.com"),
        (TokenDeath::PasswordChanged, "password_changed", "disconnected", "new password"),
        (TokenDeath::Expired, "expired", "expired", "ran out"),
        (TokenDeath::Unconfirmed, "unconfirmed", "disconnected", "regard as confirmed"),
        (TokenDeath::Invalidated, "invalidated", "disconnected", "logged out"),
        (TokenDeath::RoleLost, "role_lost", "disconnected", "no role any more"),
    ];
    let path = shop.path(&format!("/accounts/{}", shop.account.id));
    for (number, (death, cause, status, words)) in deaths.into_iter().enumerate() {
        app.sandbox.revoke_token(&shop, death).unwrap();
        let comments: Vec<_> =
            (0..2).map(|n| app.comment(&shop, &format!("fan{number}.{n}"), "I love this so much!")).collect();
        app.until("the account is marked", || async { app.api.get(&path).await.ok()["status"] == status })
            .await;
        app.settle().await;
        let alerts = open_alerts(&app, &shop).await;
        assert_eq!(alerts.len(), 1, "{death:?}: {alerts:?}");
        let message = alerts[0]["message"].as_str().unwrap();
        assert!(message.contains(words) && message.contains("its queue waits"), "{death:?}: {message}");
        let connection = app.api.get(&format!("{path}/connection")).await.ok();
        assert_eq!(connection["trouble"]["cause"], cause, "{connection}");

        reconnect(&app, &shop).await;
        app.until("the queue has gone out", || async {
            comments.iter().all(|comment| app.visible(comment).replies.len() == 1)
        })
        .await;
        app.settle().await;
        assert!(open_alerts(&app, &shop).await.is_empty(), "{death:?}");
    }
    assert!(app.sandbox.effects().doubled.is_empty());
    app
}

/// Lets the days pass one by one, each with its tick at midnight.
async fn days(app: &TestApp, count: u32) {
    for _ in 0..count {
        app.clock.advance(DAY);
        app.settle().await;
    }
}

async fn a_token_is_renewed_before_it_runs_out_and_works_long_after(app: TestApp) -> TestApp {
    app.go_on_to_noon();
    let shop = app.tenant("acme").create().await;
    app.settle().await;
    // Nobody told when the pasted token runs out: the first renewal does.
    app.clock.advance(DAY + DAY);
    app.until("it is renewed", || async { facts(&app, &shop).await.expires_at.is_some() }).await;
    let first = facts(&app, &shop).await;
    let before = app.node().foundations().database.sealed_token(&shop.id, &shop.account.id).await.unwrap();
    assert_eq!(renewals(&app), 1);

    days(&app, 48).await;
    app.settle().await;
    assert_eq!((renewals(&app), facts(&app, &shop).await.set_at), (1, first.set_at), "it is not due yet");
    days(&app, 3).await;
    app.until("it is renewed again", || async { facts(&app, &shop).await.set_at > first.set_at }).await;
    let after = app.node().foundations().database.sealed_token(&shop.id, &shop.account.id).await.unwrap();
    assert_ne!(before, after);

    // Again and again: each time the token that is stored is renewed, however long ago another one was.
    for _ in 0..2 {
        let last = facts(&app, &shop).await;
        days(&app, 52).await;
        app.until("it is renewed once more", || async { facts(&app, &shop).await.set_at > last.set_at })
            .await;
    }
    let path = shop.path(&format!("/accounts/{}", shop.account.id));
    assert_eq!(app.api.get(&path).await.ok()["status"], "active");
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.until("it is answered", || async { app.visible(&comment).replies.len() == 1 }).await;
    assert!(open_alerts(&app, &shop).await.iter().all(|alert| alert["alert_type"] != "auth_failure"));
    app
}

async fn a_token_that_nobody_could_renew_is_warned_of_and_marked_when_it_ran_out(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.settle().await;
    app.clock.advance(DAY + DAY);
    app.until("it is renewed", || async { facts(&app, &shop).await.expires_at.is_some() }).await;
    app.sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).on(Endpoint::RefreshToken));
    days(&app, 51).await;
    app.until("it has failed three times", || async {
        app.clock.advance(Duration::from_secs(3_600));
        facts(&app, &shop).await.failures >= 3
    })
    .await;
    let warned = |severity: &'static str| {
        let (app, shop) = (&app, &shop);
        async move {
            open_alerts(app, shop)
                .await
                .iter()
                .any(|alert| alert["alert_type"] == "auth_failure" && alert["severity"] == severity)
        }
    };
    app.until("people are warned", || warned("warning")).await;
    days(&app, 7).await;
    app.until("it is critical", || async {
        app.clock.advance(Duration::from_secs(3_600));
        warned("critical").await
    })
    .await;
    days(&app, 3).await;
    let path = shop.path(&format!("/accounts/{}", shop.account.id));
    app.until("it is marked", || async { app.api.get(&path).await.ok()["status"] == "expired" }).await;
    app.sandbox.clear_faults();
    reconnect(&app, &shop).await;
    app.settle().await;
    let open = open_alerts(&app, &shop).await;
    assert!(open.iter().all(|alert| alert["alert_type"] != "auth_failure"), "{open:?}");
    app
}

async fn a_renewal_whose_answer_was_lost_is_repeated_and_nothing_is_lost(app: TestApp) -> TestApp {
    app.go_on_to_noon();
    let shop = app.tenant("acme").create().await;
    let set_at = facts(&app, &shop).await.set_at;
    app.settle().await;
    let lost = FaultKind::DoneButConnectionDropped { hang: false };
    app.sandbox.fault(Fault::new(lost).on(Endpoint::RefreshToken).times(1));
    app.clock.advance(DAY + DAY);
    app.until("the answer was lost", || async { facts(&app, &shop).await.failures == 1 }).await;
    assert_eq!(facts(&app, &shop).await.set_at, set_at, "the stored token is the old one");
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.until("it is answered all the same", || async { app.visible(&comment).replies.len() == 1 }).await;
    app.clock.advance(Duration::from_secs(16 * 60));
    app.until("it is renewed", || async { facts(&app, &shop).await.set_at > set_at }).await;
    assert_eq!((renewals(&app), facts(&app, &shop).await.failures), (2, 0));
    app
}

async fn a_renewal_cut_off_by_the_end_of_the_node_is_made_good_at_the_next_start(
    mut app: TestApp,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.settle().await;
    let set_at = facts(&app, &shop).await.set_at;
    // Instagram has renewed it, and the node ends before it hears of that.
    let silent = FaultKind::DoneButConnectionDropped { hang: true };
    app.sandbox.fault(Fault::new(silent).on(Endpoint::RefreshToken).times(1));
    app.clock.advance(DAY + DAY);
    app.until("Instagram was asked", || async { renewals(&app) == 1 }).await;
    app.restart().await;
    app.clock.advance(Duration::from_secs(16 * 60));
    app.until("it is renewed", || async { facts(&app, &shop).await.set_at > set_at }).await;
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.until("it is answered", || async { app.visible(&comment).replies.len() == 1 }).await;
    app
}

async fn keys_of_the_vault_are_rotated_while_replies_go_out(mut app: TestApp) -> TestApp {
    let mut shops = Vec::new();
    for number in 0..60 {
        shops.push(app.tenant(&format!("shop{number}")).create().await);
    }
    let mut comments: Vec<_> =
        shops.iter().map(|shop| app.comment(shop, "fan", "I love this so much!")).collect();
    put_key(&app, "local-2", true);
    comments.extend(shops.iter().map(|shop| app.comment(shop, "other", "I love this so much!")));
    app.clock.advance(Duration::from_secs(31));
    let database = app.node().foundations().database.clone();
    app.until("every token is sealed with the new key", || async {
        let uses = database.key_uses(app.clock.now()).await.unwrap();
        uses.iter().map(|key| (key.key_id.as_str(), key.tokens)).eq([("local-2", 60)])
    })
    .await;
    app.settle().await;
    let answers: Vec<usize> = comments.iter().map(|comment| app.visible(comment).replies.len()).collect();
    assert_eq!(answers, vec![1; 120]);
    assert!(app.sandbox.effects().doubled.is_empty());

    // The old key is not needed any more, also by a node that starts without it.
    put_key(&app, "local-2", false);
    app.restart().await;
    let comment = app.comment(&shops[7], "fan", "still here, and I love this so much!");
    app.until("it is answered", || async { app.visible(&comment).replies.len() == 1 }).await;
    app
}

/// Writes the key file anew, as `troupe vault rotate` and `remove-key` do: a new key in front, or only that one.
pub(super) fn put_key(app: &TestApp, id: &str, keep_old: bool) {
    let path = app.data_dir().join("vault.key");
    let old = std::fs::read_to_string(&path).unwrap();
    let new = format!("{id}:{}\n", "bm9ib2R5IGtub3dzIHRoaXMga2V5LCBvbmx5IHRlc3Q=");
    let text = if keep_old { format!("{new}{old}") } else { new };
    let beside = app.data_dir().join("vault.key.test");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, &path).unwrap();
}
