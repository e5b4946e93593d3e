//! Strangers send whatever they like, signed by Instagram: all of it is taken, decided, and harms nobody.

use instagram::testing::{Dice, corpus, deliveries, spoiled_delivery};
use kit::{TestApp, TestTenant, stories};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::delivery::sign;

stories!(the_corpus_is_decided_without_a_panic, spoiled_payloads_are_decided_without_a_panic,);

/// The account that the bodies of the corpus name.
const NAMED: &str = "17841400000000123";

/// Has Instagram deliver a body as it is, signed. A body that is no delivery is refused and not sent again.
async fn deliver(app: &TestApp, body: &[u8]) {
    let secret = app.sandbox.apps()[0].secret.clone();
    let signature = sign(&secret, body);
    let headers = [("x-hub-signature-256", signature.as_str())];
    let reply = app.api.raw_post("/webhooks/instagram", &headers, body.to_vec()).await;
    assert!(matches!(reply.status, 200 | 400 | 413), "{}: {}", reply.status, String::from_utf8_lossy(body));
}

/// Everything was decided; what was set aside was not set aside because of a panic.
async fn all_is_decided(app: &TestApp, shop: &TestTenant, other: &TestTenant) {
    let healthy = [shop, other].map(|tenant| app.comment(tenant, "fan", "I love this so much!"));
    app.settle().await;
    for comment in &healthy {
        assert_eq!(app.visible(comment).replies.len(), 1, "the others go on");
    }
    let alerts = app.api.get(&shop.path("/alerts?limit=200")).await.ok();
    let panics = alerts["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|alert| alert["alert_type"] == "quarantine" && alert.to_string().contains("panic"));
    assert_eq!(panics.count(), 0, "{alerts}");
}

async fn the_corpus_is_decided_without_a_panic(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let other = app.tenant("other").create().await;
    for (_, body) in corpus() {
        deliver(&app, &in_place_of(NAMED, &shop.account.external_id, body)).await;
    }
    for (_, delivery) in deliveries(&shop.account.external_id) {
        deliver(&app, delivery.to_string().as_bytes()).await;
    }
    all_is_decided(&app, &shop, &other).await;
    app
}

async fn spoiled_payloads_are_decided_without_a_panic(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let other = app.tenant("other").create().await;
    let mut runner = TestRunner::deterministic();
    let choices = proptest::collection::vec(proptest::num::u32::ANY, 0..40);
    for _ in 0..runner.config().cases {
        let choices = choices.new_tree(&mut runner).unwrap().current();
        deliver(&app, &spoiled_delivery(&shop.account.external_id, &mut Dice::new(choices))).await;
    }
    all_is_decided(&app, &shop, &other).await;
    app
}

fn in_place_of(old: &str, new: &str, mut body: Vec<u8>) -> Vec<u8> {
    while let Some(at) = body.windows(old.len()).position(|part| part == old.as_bytes()) {
        body.splice(at..at + old.len(), new.bytes());
    }
    body
}
