//! A node with language models: what they are asked, what that costs, and what happens when they are not there.

use kit::{Backend, ModelServer, Says, TestApp};
use llm::testing::Gate;
use serde_json::Value;
use std::time::Duration;
use tenants::money::MicroUsd;

/// The local classifier is not sure what this wants.
const ODD: &str = "well that went about as expected I suppose";

async fn app_with(server: &ModelServer, backend: Backend) -> Option<TestApp> {
    let settings = format!(
        "[dispatcher]\nread_back_delay_ms = 100\npoll_interval_ms = 200\n[actors]\npoll_every_ms = 200\nversion_poll_every_ms = 200\n{}",
        server.settings()
    );
    TestApp::start_with(backend, None, &settings).await
}

fn step<'d>(decision: &'d Value, name: &str) -> &'d Value {
    let trace = decision["trace"].as_array().expect("a trace");
    trace.iter().find(|step| step["step"] == name).unwrap_or(&Value::Null)
}

async fn an_unsure_text_is_read_by_a_model_and_the_decision_tells_what_that_cost(backend: Backend) {
    let server = ModelServer::start().await;
    let Some(app) = app_with(&server, backend).await else { return };
    let shop = app.tenant("acme").create().await;
    server.on(ODD, [Says::Intent("question", 0.93), Says::Reply("We will look into it!".into())]);

    app.comment(&shop, "fan", ODD);
    app.settle().await;

    let decision = app.last_decision(&shop).await;
    assert_eq!(decision["classification"]["intent"], "question", "{decision}");
    assert_eq!(step(&decision, "classify")["details"]["by"]["model"], "here/small");
    assert_eq!(step(&decision, "generate")["details"]["by"]["attempts"], 1);
    assert_eq!((&decision["cost_micro_usd"], &decision["outcome"]), (&280.into(), &"draft".into()));
    assert!(decision.get("degraded").is_none());

    let calls = app.api.get(&shop.path("/llm-calls")).await.ok();
    let items = calls["items"].as_array().expect("calls");
    assert_eq!(items.len(), 2, "{calls}");
    assert!(items.iter().all(|call| call["event"] == decision["event"]), "{calls}");
    let budget = app.api.get(&shop.path("/budget")).await.ok();
    assert!(budget.to_string().contains("\"spent_micro_usd\":280"), "{budget}");
    app.end().await;
}

async fn with_a_spent_budget_people_decide_and_are_told_once(backend: Backend) {
    let server = ModelServer::start().await;
    let Some(app) = app_with(&server, backend).await else { return };
    let shop = app.tenant("acme").settings(|set| set.daily_budget = MicroUsd(300)).create().await;
    server.on(ODD, [Says::Intent("praise", 0.95), Says::Reply("Thank you!".into())]);
    for fan in ["ann", "bob", "cem", "dot"] {
        app.comment(&shop, fan, &format!("{ODD} {fan}"));
        app.settle().await;
    }

    let decision = app.last_decision(&shop).await;
    assert_ne!(decision["outcome"], "act", "{decision}");
    assert!(decision["degraded"][0].as_str().expect("a reason").contains("is spent until"), "{decision}");
    app.until("an alert tells of it", || async {
        let alerts = app.api.get(&shop.path("/alerts")).await.ok();
        let of_budget = |alert: &&Value| alert["alert_type"] == "budget" && alert["severity"] == "critical";
        alerts["items"].as_array().expect("alerts").iter().filter(of_budget).count() == 1
    })
    .await;
    let spent: i64 = server.asked().len() as i64 * 140;
    assert!(spent <= 300 + 140, "{spent} micro-dollars of 300");
    app.end().await;
}

async fn a_provider_that_is_down_costs_no_decision(backend: Backend) {
    let server = ModelServer::start().await;
    let Some(app) = app_with(&server, backend).await else { return };
    let shop = app.tenant("acme").create().await;
    server.on("", [Says::Status(503)]);

    let (sure, unsure) = (app.comment(&shop, "fan", "I love this so much!"), app.comment(&shop, "fan", ODD));
    app.settle().await;

    assert!(app.visible(&sure).is_untouched() && app.visible(&unsure).is_untouched());
    let approvals = app.api.get(&shop.path("/approvals")).await.ok();
    let items = approvals["items"].as_array().expect("approvals");
    assert_eq!(
        items.len(),
        2,
        "nothing leaves with the words of a lesser model, and nothing is lost: {approvals}"
    );
    let decision = app.last_decision(&shop).await;
    assert!(decision["degraded"][0].as_str().expect("a reason").contains("built-in model"), "{decision}");
    app.end().await;
}

async fn a_person_who_writes_on_gets_one_answer_to_all_of_it(backend: Backend) {
    let server = ModelServer::start().await;
    let Some(app) = app_with(&server, backend).await else { return };
    let shop = app.tenant("acme").create().await;
    let gate = Gate::default();
    server.on(
        "Do you ship to Spain",
        [Says::Intent("question", 0.95), Says::Behind(gate.clone()), Says::Reply("Yes, both!".into())],
    );

    app.message(&shop, "ana", "Do you ship to Spain?");
    app.until("the reply is being written", || async {
        server.asked().iter().any(|body| body.to_string().contains("facts"))
    })
    .await;
    app.message(&shop, "ana", "and to Portugal?");
    app.settle().await;
    gate.open();

    let approvals = app.api.get(&shop.path("/approvals?status=pending")).await.ok();
    let items = approvals["items"].as_array().expect("approvals");
    assert_eq!(items.len(), 1, "{approvals}");
    let last = server.asked().pop().expect("a question").to_string();
    assert!(last.contains("Do you ship to Spain?") && last.contains("and to Portugal?"), "{last}");
    app.until("the call that was given up is settled", || async {
        let calls = app.api.get(&shop.path("/llm-calls")).await.ok();
        calls["items"].as_array().expect("calls").iter().any(|call| call["outcome"] == "cancelled")
    })
    .await;
    app.end().await;
}

async fn another_catalogue_takes_effect_without_a_restart_and_a_broken_one_changes_nothing(backend: Backend) {
    let server = ModelServer::start().await;
    let Some(app) = app_with(&server, backend).await else { return };
    let shop = app.tenant("acme").create().await;
    server.on(ODD, [Says::Intent("question", 0.95), Says::Reply("Soon!".into())]);
    server.reload("this is no catalogue");
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.comment(&shop, "ann", ODD);
    app.settle().await;
    assert_eq!(server.asked()[0]["model"], "small");

    server.reload("[models.'here/other']\nprice = { input = 1000000, output = 2000000 }\n[models.'here/small'.extra]\nseed = 7\n");
    app.until("the new catalogue is used", || async {
        app.comment(&shop, "ann", &format!("{ODD} {}", server.asked().len()));
        app.settle().await;
        server.asked().last().is_some_and(|body| body["seed"] == 7)
    })
    .await;
    app.end().await;
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(kit::Backend::Sqlite).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(kit::Backend::Postgres).await; })+
        }
    };
}

on_both!(
    an_unsure_text_is_read_by_a_model_and_the_decision_tells_what_that_cost,
    with_a_spent_budget_people_decide_and_are_told_once,
    a_provider_that_is_down_costs_no_decision,
    a_person_who_writes_on_gets_one_answer_to_all_of_it,
    another_catalogue_takes_effect_without_a_restart_and_a_broken_one_changes_nothing,
);
