//! Webhooks: signed, redelivered, batched, for several apps.

use kit::{TestApp, stories};
use sandbox::{Fault, FaultKind, NewAccount, NewApp, NewComment, NewMedia};
use serde_json::json;

stories!(
    a_redelivered_webhook_is_answered_once,
    reordered_and_batched_webhooks_lose_nothing,
    a_wrong_signature_is_refused_and_nothing_is_stored,
    a_body_that_is_no_webhook_is_refused,
    an_unknown_account_is_kept_and_raises_an_alert,
    two_apps_do_not_mix,
    nobody_connects_an_account_without_its_own_token,
);

async fn a_redelivered_webhook_is_answered_once(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.sandbox.fault(Fault::new(FaultKind::DuplicateWebhooks { copies: 4 }));
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;

    assert_eq!(app.visible(&comment).replies.len(), 1);
    let decisions = app.audit(&shop).await.into_iter().filter(|entry| entry.event_type == "decision.made");
    assert_eq!(decisions.filter(|entry| entry.details.value()["outcome"] == "act").count(), 1);
    app
}

async fn reordered_and_batched_webhooks_lose_nothing(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.sandbox.fault(Fault::new(FaultKind::ReorderWebhooks { within_ms: 100 }));
    app.sandbox.fault(Fault::new(FaultKind::BatchWebhooks(sandbox::Batching { size: 10, linger_ms: 20 })));
    let comments: Vec<_> =
        (0..30).map(|n| app.comment(&shop, &format!("fan{n}"), "I love this so much!")).collect();
    app.settle().await;

    let answers: Vec<usize> = comments.iter().map(|comment| app.visible(comment).replies.len()).collect();
    assert_eq!(answers, vec![1; 30]);
    app
}

async fn a_wrong_signature_is_refused_and_nothing_is_stored(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let body = format!(
        r#"{{"object":"instagram","entry":[{{"id":"{}","time":1,"changes":[{{"field":"comments","value":{{"id":"1","text":"hi","from":{{"id":"2"}}}}}}]}}]}}"#,
        shop.account.external_id
    );
    let wrong = format!("sha256={}", "0".repeat(64));
    for headers in
        [vec![], vec![("x-hub-signature-256", wrong.as_str())], vec![("x-hub-signature-256", "junk")]]
    {
        let reply = app.api.raw_post("/webhooks/instagram", &headers, body.clone().into_bytes()).await;
        assert_eq!(reply.status, 401, "{}", reply.body);
    }
    app.settle().await;
    assert!(app.effects(&shop).await.is_empty());
    let comments = app.api.get(&shop.path("/comments")).await.ok();
    assert!(comments["items"].as_array().unwrap().is_empty());
    app
}

async fn a_body_that_is_no_webhook_is_refused(app: TestApp) -> TestApp {
    let secret = app.sandbox.apps()[0].secret.clone();
    for (body, status) in [(b"{".to_vec(), 400), (b"\"text\"".to_vec(), 400), (vec![b' '; 4 << 20], 413)] {
        let signature = sign(&secret, &body);
        let headers = [("x-hub-signature-256", signature.as_str())];
        let reply = app.api.raw_post("/webhooks/instagram", &headers, body).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    app
}

pub fn sign(secret: &str, body: &[u8]) -> String {
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

async fn an_unknown_account_is_kept_and_raises_an_alert(app: TestApp) -> TestApp {
    let stranger = app.sandbox.create_account(NewAccount::new("stranger")).unwrap();
    app.sandbox.comment(&stranger, NewComment::new("fan", "hello?")).unwrap();
    app.settle().await;

    let delivered = app.sandbox.deliveries();
    assert!(delivered.last().is_some(), "the webhook was accepted");
    let path = format!("/agencies/{}/alerts", app.agency.id);
    let alerts = app.api.get(&path).await.ok();
    assert_eq!(alerts["items"][0]["alert_type"], "gap", "{alerts}");
    app
}

async fn two_apps_do_not_mix(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let second = app.sandbox.create_app(NewApp::default()).unwrap();
    let new = json!({ "external_id": second.id.as_str(), "secret": second.secret, "verify_token": second.verify_token });
    let registered = app.api.post(&format!("/agencies/{}/apps", app.agency.id), new).await.ok();
    let to = sandbox::Subscription {
        callback_url: format!("{}/webhooks/instagram/{}", app.node().base_url(), second.id.as_str()),
        ..sandbox::Subscription::default()
    };
    app.sandbox.subscribe(&second.id, to).await.expect("the handshake of the second app");

    // The second app's secret does not sign for the first, nor may it speak of an account it does not own.
    let body = format!(
        r#"{{"object":"instagram","entry":[{{"id":"{}","time":1767225600,"changes":[{{"field":"comments","value":{{"id":"180000001","text":"I love this","from":{{"id":"12300001","username":"fan"}}}}}}]}}]}}"#,
        shop.account.external_id
    );
    let signature = sign(&second.secret, body.as_bytes());
    let headers = [("x-hub-signature-256", signature.as_str())];
    let first = app.api.raw_post("/webhooks/instagram", &headers, body.clone().into_bytes()).await;
    assert_eq!(first.status, 401);
    let own_path = format!("/webhooks/instagram/{}", second.id.as_str());
    let foreign = app.api.raw_post(&own_path, &headers, body.into_bytes()).await;
    assert_eq!(foreign.status, 200);
    app.settle().await;
    assert!(app.effects(&shop).await.is_empty());

    // An account connected through the second app is served by that app's webhooks.
    let own = app.sandbox.create_account(NewAccount::new("second.insta").app(&second.id)).unwrap();
    app.sandbox.create_media(&own, NewMedia::post("new")).unwrap();
    let account = json!({
        "external_id": own.user_id.as_str(), "username": "second.insta", "flavour": "instagram",
        "token": app.sandbox.token(&own).unwrap(), "app": registered["id"],
    });
    app.api.post(&shop.path("/accounts"), account).await.ok();
    let comment = app.sandbox.comment(&own, NewComment::new("fan", "I love this so much!")).unwrap();
    app.settle().await;
    assert_eq!(app.visible(&comment.id).replies.len(), 1);
    app
}

async fn nobody_connects_an_account_without_its_own_token(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let strangers = app.sandbox.create_account(NewAccount::new("stranger")).unwrap();
    let others_token = app.sandbox.token(&shop).unwrap();
    for token in ["IGAAbogus", others_token.as_str()] {
        let account = json!({
            "external_id": strangers.user_id.as_str(), "username": "stranger", "flavour": "instagram", "token": token,
        });
        let refused = app.api.post(&shop.path("/accounts"), account).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
    }
    let accounts = app.api.get(&shop.path("/accounts")).await.ok();
    assert_eq!(accounts["items"].as_array().unwrap().len(), 1);
    app
}
