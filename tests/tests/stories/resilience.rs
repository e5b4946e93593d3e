//! Parts fail, sleep, stop and start.

use std::sync::Arc;

use actors::supervision::Misbehaviour;
use kit::{Backend, TestApp, stories};
use llm::testing::{ScriptedRouter, Step};
use llm::{LlmRouter, OfflineProvider};
use serde_json::json;
use tenants::clock::ShiftedClock;
use tenants::ports::Inbox;

stories!(
    a_restart_in_the_middle_loses_and_doubles_nothing,
    a_tenant_sleeps_when_idle_and_wakes_on_demand,
    a_suspended_tenant_keeps_its_events_and_answers_after_it_resumes,
    the_audit_chain_holds_after_work,
    a_tenant_that_keeps_crashing_is_quarantined_and_goes_on_when_released,
);

async fn a_restart_in_the_middle_loses_and_doubles_nothing(mut app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let comments: Vec<_> =
        (0..40).map(|n| app.comment(&shop, &format!("fan{n}"), "I love this so much!")).collect();
    app.restart().await;
    app.until("every comment has its reply", || async {
        comments.iter().all(|comment| !app.visible(comment).replies.is_empty())
    })
    .await;
    app.settle().await;
    let answers: Vec<usize> = comments.iter().map(|comment| app.visible(comment).replies.len()).collect();
    assert_eq!(answers, vec![1; 40]);
    app
}

async fn a_tenant_sleeps_when_idle_and_wakes_on_demand(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    app.node().troupe().sleep_tenant(&shop.id).await;
    app.until("the tenant sleeps", || async { !app.node().troupe().awake_tenants().contains(&shop.id) })
        .await;

    let comment = app.comment(&shop, "other", "I love this so much!");
    app.settle().await;
    assert_eq!(app.visible(&comment).replies.len(), 1);
    app
}

async fn a_suspended_tenant_keeps_its_events_and_answers_after_it_resumes(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.api.post(&shop.path("/suspend"), json!({})).await.ok();
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.sandbox.wait_delivered(std::time::Duration::from_secs(10)).await.unwrap();
    assert!(app.visible(&comment).is_untouched());

    app.api.post(&shop.path("/resume"), json!({})).await.ok();
    app.until("the reply is visible", || async { app.visible(&comment).replies.len() == 1 }).await;
    app
}

async fn the_audit_chain_holds_after_work(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    let intact = app.api.get(&shop.path("/audit/verify")).await.ok();
    assert_eq!(intact["intact"], true, "{intact}");
    assert!(intact["entries"].as_i64().unwrap() >= 3, "{intact}");
    app
}

async fn a_tenant_that_keeps_crashing_is_quarantined_and_goes_on_when_released(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let other = app.tenant("other").create().await;
    app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    let is_quarantined = || async {
        app.node().troupe().misbehave(&shop.id, None, Misbehaviour::Panic);
        let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
        alerts["items"].as_array().unwrap().iter().any(|alert| alert["alert_type"] == "quarantine")
    };
    app.until("the tenant is quarantined", is_quarantined).await;

    let held = app.comment(&shop, "second", "I love this so much!");
    let elsewhere = app.comment(&other, "fan", "I love this so much!");
    app.settle().await;
    assert!(app.visible(&held).is_untouched());
    assert_eq!(app.visible(&elsewhere).replies.len(), 1, "another tenant goes on");

    app.node().troupe().release_quarantine(&shop.id);
    app.until("its comment is answered", || async { app.visible(&held).replies.len() == 1 }).await;
    app
}

/// A router that panics on one text and answers the rest offline.
fn poisoned(clock: &ShiftedClock) -> Arc<dyn LlmRouter> {
    let offline = Arc::new(OfflineProvider::new(Arc::new(clock.clone())).expect("the offline provider"));
    let router = ScriptedRouter::in_front_of(offline);
    router.on("poison", [Step::Panic, Step::Panic, Step::Panic]);
    router
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_event_is_set_aside_with_an_alert_and_the_rest_goes_on() {
    let settings = "[actors]\nmax_attempts = 3\nback_off_first_ms = 1\npoll_every_ms = 100\n\
                    [dispatcher]\npoll_interval_ms = 200\nread_back_delay_ms = 100\n";
    let llm = poisoned(&ShiftedClock::default());
    let app = TestApp::start_with(Backend::Sqlite, Some(llm), settings).await.unwrap();
    let shop = app.tenant("acme").create().await;
    let other = app.tenant("other").create().await;
    app.comment(&shop, "mallory", "poison");
    let healthy = app.comment(&shop, "fan", "I love this so much!");
    let elsewhere = app.comment(&other, "fan", "I love this so much!");
    app.until("an alert tells of the quarantine", || async {
        let alerts = app.api.get(&shop.path("/alerts")).await.ok();
        alerts["items"].as_array().unwrap().iter().any(|alert| alert["alert_type"] == "quarantine")
    })
    .await;
    app.settle().await;
    assert_eq!(app.visible(&healthy).replies.len(), 1);
    assert_eq!(app.visible(&elsewhere).replies.len(), 1);
    let waiting = app.node().foundations().database.pending_events(&shop.id, &[], 10).await.unwrap();
    assert!(waiting.is_empty());
    app.end().await;
}
