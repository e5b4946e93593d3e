//! What will run out is told before it does.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use runtime::media::samples;
use sandbox::{LimitOptions, PublishingOptions, Quota};
use serde_json::{Value, json};
use tenants::clock::Clock;

stories!(
    posts_that_will_not_fit_the_days_limit_are_told_the_day_before,
    an_account_that_has_nearly_used_up_its_calls_is_told_before_it_is_stopped,
);

const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3_600);

async fn warnings(app: &TestApp, shop: &TestTenant) -> Vec<Value> {
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    let items = alerts["items"].as_array().unwrap().clone();
    items.into_iter().filter(|alert| alert["alert_type"] == "forecast").collect()
}

/// A post planned so long ahead; its id and moment.
async fn plan(app: &TestApp, shop: &TestTenant, ahead: Duration, seed: u8) -> (String, Value) {
    let media = app.api.upload(&shop.path("/media?name=cake.jpg"), samples::jpeg(320, 400, seed)).await.ok();
    let document = json!({ "post_type": "image", "caption": format!("Cake {seed}"), "media": [media["id"]],
        "scheduled_at": app.clock.now() + ahead });
    let post = app.api.post(&shop.path("/posts"), document).await.ok();
    (post["id"].as_str().unwrap().to_owned(), post["scheduled_at"].clone())
}

async fn posts_that_will_not_fit_the_days_limit_are_told_the_day_before(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.sandbox.set_publishing(PublishingOptions { posts_per_day: 1, ..PublishingOptions::default() });
    plan(&app, &shop, HOUR * 10, 1).await;
    let (second, its_moment) = plan(&app, &shop, HOUR * 12, 2).await;
    plan(&app, &shop, HOUR * 40, 3).await;
    app.settle().await;
    app.clock.advance(HOUR);
    app.settle().await;
    let health = app.api.get(&shop.path("/health")).await.ok();
    let forecasts = health["forecasts"].as_array().unwrap();
    let posts = forecasts.iter().find(|it| it["supply"] == "posts").unwrap_or_else(|| panic!("{health}"));
    assert_eq!((&posts["used"], &posts["limit"], &posts["runs_out_at"]), (&json!(0), &json!(1), &its_moment));
    let told = warnings(&app, &shop).await;
    assert!(told.len() == 1 && told[0]["message"].as_str().unwrap().contains("have to wait"), "{told:?}");

    app.api.post(&shop.path(&format!("/posts/{second}/cancel")), json!({})).await.ok();
    app.clock.advance(HOUR);
    app.settle().await;
    assert_eq!(warnings(&app, &shop).await, Vec::<Value>::new(), "what is left fits");
    app
}

async fn an_account_that_has_nearly_used_up_its_calls_is_told_before_it_is_stopped(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let few = Quota::new(100, HOUR * 24);
    app.sandbox.set_limits(LimitOptions {
        headers_after_calls: 0,
        instagram: Some(few),
        ..LimitOptions::default()
    });
    let mut told = Vec::new();
    for _ in 0..60 {
        app.clock.advance(QUARTER);
        app.settle().await;
        told = warnings(&app, &shop).await;
        if !told.is_empty() {
            break;
        }
    }
    let used = told.first().and_then(|alert| alert["details"]["used_percent"].as_u64()).expect("a warning");
    assert!((75..100).contains(&used), "{told:?}");
    let health = app.api.get(&shop.path("/health")).await.ok();
    assert_eq!(health["accounts"][0]["usage_percent"], used);

    app.sandbox.set_limits(LimitOptions::default());
    for _ in 0..8 {
        app.clock.advance(QUARTER);
        app.settle().await;
    }
    assert_eq!(warnings(&app, &shop).await, Vec::<Value>::new());
    app
}
