//! Numbers, reports, spikes and competitors, with the sandbox in Instagram's place.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use kit::{Backend, ModelServer, Says, TestApp, TestTenant, stories};
use sandbox::{AccountChange, Endpoint, Fault, FaultKind, NewAccount, NewMedia, TokenDeath};
use serde_json::{Value, json};
use tenants::clock::Clock;
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, Role, TickBody};
use tenants::ids::EventId;
use tenants::ports::{Delivery, Hint, Inbox, Wake};

stories!(
    a_metric_that_instagram_removes_is_named_and_the_rest_goes_on,
    a_day_on_instagram_becomes_one_report_which_a_person_can_make_again,
    a_rate_limit_in_the_middle_is_noted_and_the_next_tick_reads_the_rest,
    a_token_that_dies_while_numbers_are_read_is_told_and_replies_wait,
    competitors_are_seen_on_facebook_login_and_on_instagram_login_it_says_what_to_do,
    a_spike_is_told_once_and_its_alert_ends_with_it,
    the_clock_makes_one_report_of_a_day_however_often_it_ticks,
);

const DAY: Duration = Duration::from_secs(86_400);

/// The clock ticks for intel.
async fn tick(app: &TestApp, shop: &TestTenant, name: &str) {
    let (node, now) = (app.node().foundations(), app.clock.now());
    let event = NewEvent {
        id: EventId::new(&node.ids),
        tenant: shop.id,
        account: None,
        source: EventSource::Cron,
        kind: EventKind::Tick,
        external_id: format!("test:{name}:{now}"),
        conversation_key: format!("tick:intel:{name}"),
        occurred_at: now,
        received_at: now,
        body: EventBody::Tick(TickBody { role: Role::Intel, name: name.to_owned(), due_at: now }),
        raw: Value::Null,
    };
    node.database.accept(Delivery { events: vec![event], ..Delivery::default() }).await.unwrap();
    node.wake.send(Hint::Events(shop.id));
    app.settle().await;
}

async fn read(app: &TestApp, shop: &TestTenant, rest: &str) -> Value {
    app.api.get(&shop.path(rest)).await.ok()
}

/// The newest number of a metric.
async fn newest(app: &TestApp, shop: &TestTenant, metric: &str) -> Value {
    let series = read(app, shop, &format!("/insights?metric={metric}")).await;
    let mut items = series["items"].as_array().unwrap().iter().filter(|item| item["part"] == "");
    items.next_back().cloned().unwrap_or_default()
}

async fn alerts(app: &TestApp, shop: &TestTenant, kind: &str) -> usize {
    let alerts = read(app, shop, "/alerts?resolved=false").await;
    alerts["items"].as_array().unwrap().iter().filter(|alert| alert["alert_type"] == kind).count()
}

async fn a_day_on_instagram_becomes_one_report_which_a_person_can_make_again(app: TestApp) -> TestApp {
    app.go_on_to_noon();
    let shop = app.tenant("acme").create().await;
    let now = app.clock.now().to_utc();
    for (hours, likes, caption) in [(3, 80, "Fresh bread"), (5, 10, "Closed on Monday")] {
        let created_at = Some(now - TimeDelta::hours(hours));
        let post = NewMedia { like_count: likes, created_at, ..NewMedia::post(caption) };
        app.sandbox.create_media(&shop, post).unwrap();
    }
    app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    tick(&app, &shop, "insights").await;
    assert_eq!(newest(&app, &shop, "followers").await["value"], 900.0);
    assert!(newest(&app, &shop, "reach").await["value"].as_f64().unwrap() > 50.0);
    let media = read(&app, &shop, "/insights/media").await;
    let bread =
        media["items"].as_array().unwrap().iter().find(|item| item["caption"] == "Fresh bread").unwrap();
    assert_eq!((&bread["kind"], &bread["metrics"]["likes"]["value"]), (&json!("image"), &json!(80.0)));
    let id = bread["media"].as_str().unwrap();
    let history = read(&app, &shop, &format!("/insights/media/{id}")).await;
    assert_eq!(history["items"].as_array().unwrap().len(), 1);
    let csv = app.api.get(&shop.path("/insights/export?metric=reach")).await;
    assert!(csv.body.as_str().unwrap().starts_with("account,day,metric,part,value,reason"), "{:?}", csv.body);
    let times = read(&app, &shop, "/insights/best-times").await;
    assert_eq!(times["suggestions"], json!([]));
    assert!(times["remark"].as_str().unwrap().contains("too few"), "{times}");

    app.clock.advance(2 * DAY);
    app.settle().await;
    tick(&app, &shop, "insights").await;
    let day = (now.date_naive()).to_string();
    let made =
        app.api.post(&shop.path("/reports"), json!({ "report_type": "daily", "last_day": day })).await.ok();
    assert_eq!((&made["first_day"], &made["last_day"]), (&json!(day), &json!(day)));
    let instagram = &made["instagram_metrics"];
    assert!(instagram["reach"].as_f64().unwrap() > 50.0, "{made}");
    assert_eq!(instagram["followers"], 900.0);
    assert!(instagram["not_available"]["follower_growth"].is_string(), "{made}");
    assert_eq!(made["media_metrics"]["best"]["caption"], "Fresh bread");
    assert_eq!(made["revenue_metrics"]["source"], "none yet");
    assert_eq!(made["insights"]["written_by"], "offline");
    assert!(!made["insights"]["findings"].as_array().unwrap().is_empty());
    let again =
        app.api.post(&shop.path("/reports"), json!({ "report_type": "daily", "last_day": day })).await.ok();
    assert_eq!(again["id"], made["id"]);
    assert_eq!(again["revision"].as_u64().unwrap(), made["revision"].as_u64().unwrap() + 1);
    let tomorrow = (app.clock.now().to_utc() + TimeDelta::days(1)).date_naive().to_string();
    let early = json!({ "report_type": "daily", "last_day": tomorrow });
    assert_eq!(app.api.post(&shop.path("/reports"), early).await.status, 422);
    app
}

async fn a_metric_that_instagram_removes_is_named_and_the_rest_goes_on(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let removed_metrics = Some(vec!["views".to_owned(), "saved".to_owned()]);
    app.sandbox.change_account(&shop, AccountChange { removed_metrics, ..AccountChange::default() }).unwrap();
    tick(&app, &shop, "insights").await;
    assert!(newest(&app, &shop, "reach").await["value"].is_number());
    let views = newest(&app, &shop, "views").await;
    assert!(views["value"].is_null() && views["reason"].as_str().unwrap().contains("100"), "{views}");
    let media = read(&app, &shop, "/insights/media").await;
    let post = media["items"].as_array().unwrap().iter().find(|item| item["kind"] == "image").unwrap();
    assert!(post["metrics"]["reach"]["value"].is_number(), "{post}");
    assert!(
        post["metrics"]["saved"]["value"].is_null() && post["metrics"]["saved"]["reason"].is_string(),
        "{post}"
    );
    let accounts = read(&app, &shop, "/accounts").await;
    assert_eq!(accounts["items"][0]["status"], "active");
    app
}

async fn a_rate_limit_in_the_middle_is_noted_and_the_next_tick_reads_the_rest(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let limit = FaultKind::RateLimit {
        code: 80_002,
        status: None,
        retry_after_seconds: None,
        regain_minutes: Some(30),
    };
    app.sandbox.fault(Fault::new(limit).on(Endpoint::ListMedia).times(1));
    tick(&app, &shop, "insights").await;
    assert!(newest(&app, &shop, "reach").await["value"].is_number(), "what was read is kept");
    assert_eq!(read(&app, &shop, "/insights/media").await["items"].as_array().unwrap().len(), 1, "the story");
    let audit = read(&app, &shop, "/audit?event_type=insights.postponed").await;
    assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
    assert_eq!(alerts(&app, &shop, "auth_failure").await, 0);

    // Replies are not held up by what insights were told.
    let comment = app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    assert_eq!(app.visible(&comment).replies.len(), 1);
    app.clock.advance(Duration::from_secs(31 * 60));
    tick(&app, &shop, "insights").await;
    assert_eq!(read(&app, &shop, "/insights/media").await["items"].as_array().unwrap().len(), 2);
    app
}

async fn a_token_that_dies_while_numbers_are_read_is_told_and_replies_wait(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    tick(&app, &shop, "insights").await;
    app.sandbox.revoke_token(&shop, TokenDeath::Expired).unwrap();
    app.clock.advance(Duration::from_secs(3_700));
    tick(&app, &shop, "insights").await;
    assert_eq!(alerts(&app, &shop, "auth_failure").await, 1);
    assert_eq!(read(&app, &shop, "/accounts").await["items"][0]["status"], "expired");
    let token = app.sandbox.renew_token(&shop).unwrap();
    let path = shop.path(&format!("/accounts/{}/reconnect", shop.account.id));
    app.api.post(&path, json!({ "token": token })).await.ok();
    app.settle().await;
    assert_eq!(alerts(&app, &shop, "auth_failure").await, 0, "the alert ends with the reconnect");
    app.clock.advance(Duration::from_secs(3_700));
    tick(&app, &shop, "insights").await;
    let read_at = newest(&app, &shop, "followers").await["read_at"].as_str().unwrap().to_owned();
    let age = app.clock.now().to_utc() - read_at.parse::<chrono::DateTime<Utc>>().unwrap();
    assert!(age < TimeDelta::minutes(10), "{age}");
    app
}

async fn competitors_are_seen_on_facebook_login_and_on_instagram_login_it_says_what_to_do(
    app: TestApp,
) -> TestApp {
    let rival = NewAccount { followers_count: 4_321, ..NewAccount::new("rival.shop") };
    let rival = app.sandbox.create_account(rival).unwrap();
    app.sandbox.create_media(&rival, NewMedia { like_count: 12, ..NewMedia::post("theirs") }).unwrap();
    for is_facebook in [true, false] {
        let builder = app.tenant(if is_facebook { "page" } else { "plain" });
        let shop = if is_facebook { builder.facebook().create().await } else { builder.create().await };
        for handle in ["@Rival.Shop", "no.such.account"] {
            app.api.post(&shop.path("/competitors"), json!({ "username": handle })).await.ok();
        }
        let twice = app.api.post(&shop.path("/competitors"), json!({ "username": "rival.shop" })).await;
        assert_eq!(twice.status, 409);
        tick(&app, &shop, "competitors").await;
        let list = read(&app, &shop, "/competitors").await;
        let mut seen = Vec::new();
        for competitor in list["items"].as_array().unwrap() {
            let path = format!("/competitors/{}/snapshots", competitor["id"].as_str().unwrap());
            seen.push(read(&app, &shop, &path).await["items"][0].clone());
        }
        let report = read(&app, &shop, "/reports?report_type=competitors").await["items"][0].clone();
        let line = report["competitors"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["username"] == "rival.shop")
            .unwrap();
        if is_facebook {
            assert!(seen[0]["problem"].as_str().unwrap().contains("cannot be seen"), "{seen:?}");
            assert_eq!(seen[1]["seen"]["followers"], 4_321.0);
            assert_eq!(line["metrics"]["average_likes"]["current"], 12.0);
        } else {
            assert!(
                seen.iter().all(|it| it["problem"].as_str().unwrap().contains("Facebook Login")),
                "{seen:?}"
            );
            assert!(line["problem"].is_string());
        }
    }
    app
}

async fn a_spike_is_told_once_and_its_alert_ends_with_it(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let shower = |count: usize| (0..count).for_each(|n| _ = app.comment(&shop, &format!("fan{n}"), "💛"));
    shower(55);
    app.settle().await;
    app.clock.advance(Duration::from_secs(600));
    tick(&app, &shop, "spikes").await;
    assert_eq!(alerts(&app, &shop, "spike").await, 1);
    shower(52);
    app.settle().await;
    app.clock.advance(Duration::from_secs(3_550));
    tick(&app, &shop, "spikes").await;
    assert_eq!(alerts(&app, &shop, "spike").await, 1);
    let told = read(&app, &shop, "/audit?event_type=spike.noticed").await;
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told}");
    app.clock.advance(Duration::from_secs(3_700));
    tick(&app, &shop, "spikes").await;
    assert_eq!(alerts(&app, &shop, "spike").await, 0, "the spike is over");
    app
}

async fn the_clock_makes_one_report_of_a_day_however_often_it_ticks(mut app: TestApp) -> TestApp {
    app.go_on_to_noon();
    let shop = app.tenant("acme").create().await;
    tick(&app, &shop, "insights").await;
    app.clock.advance(DAY);
    app.settle().await;
    tick(&app, &shop, "daily_report").await;
    app.restart().await;
    tick(&app, &shop, "daily_report").await;
    let reports = read(&app, &shop, "/reports?report_type=daily").await;
    assert_eq!(reports["items"].as_array().unwrap().len(), 1, "{reports}");
    assert_eq!(reports["items"][0]["revision"], 1);
    let made = read(&app, &shop, "/audit?event_type=report.made").await;
    let daily =
        made["items"].as_array().unwrap().iter().filter(|it| it["details"]["report_type"] == "daily").count();
    assert_eq!(daily, 1, "{made}");
    app
}

async fn what_a_model_finds_is_held_to_the_numbers_and_a_model_that_is_down_costs_nothing(backend: Backend) {
    let server = ModelServer::start().await;
    let Some(app) = TestApp::start_with(
        backend,
        None,
        &format!("[actors]\npoll_every_ms = 200\nversion_poll_every_ms = 200\n{}", server.settings()),
    )
    .await
    else {
        return;
    };
    let shop = app.tenant("acme").create().await;
    tick(&app, &shop, "insights").await;
    // Yesterday was made up for.
    let day = (app.clock.now().to_utc() - TimeDelta::days(1)).date_naive().to_string();
    let series = read(&app, &shop, &format!("/insights?metric=reach&from={day}&to={day}")).await;
    let reach =
        series["items"].as_array().unwrap().iter().find(|item| item["part"] == "").unwrap()["value"].clone();
    let line = |text: &str| json!({ "text": text, "metrics": ["reach", "invented"] });
    let said = json!({
        "findings": [line(&format!("Reach was {}.", reach.as_f64().unwrap())), line("Reach grew by 987654 people.")],
        "recommendations": ["Post 7654321 reels a day.", "Ask a question."],
        "anomalies": [],
    });
    server.on("", [Says::Raw(said.to_string()), Says::Status(500)]);
    let ask = json!({ "report_type": "daily", "last_day": day });
    let made = app.api.post(&shop.path("/reports"), ask.clone()).await.ok();
    let insights = &made["insights"];
    assert_eq!(insights["written_by"], "here/small", "{made}");
    assert_eq!(insights["findings"].as_array().unwrap().len(), 1);
    assert_eq!(insights["findings"][0]["metrics"], json!(["reach"]));
    assert_eq!(
        (&insights["recommendations"], &insights["left_out"]),
        (&json!(["Ask a question."]), &json!(2))
    );
    // What a call has cost is written down while its answer is already used.
    app.until("the call is written down", || async {
        let calls = app.api.get(&shop.path("/llm-calls?task=report")).await.ok();
        calls["items"].as_array().unwrap().len() == 1
    })
    .await;

    let again = app.api.post(&shop.path("/reports"), ask).await.ok();
    assert_eq!(again["insights"]["written_by"], "offline");
    assert!(again["insights"]["degraded"].is_string(), "{again}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_model_finds_is_held_to_the_numbers_on_sqlite() {
    what_a_model_finds_is_held_to_the_numbers_and_a_model_that_is_down_costs_nothing(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_model_finds_is_held_to_the_numbers_on_postgres() {
    what_a_model_finds_is_held_to_the_numbers_and_a_model_that_is_down_costs_nothing(Backend::Postgres).await;
}
