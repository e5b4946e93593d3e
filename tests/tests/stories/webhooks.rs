//! Programs of an agency are told what happens.

use std::collections::BTreeSet;
use std::time::Duration;

use kit::{Backend, Received, Receiver, TestApp, TestTenant};
use reqwest::Method;
use serde_json::{Value, json};
use tenants::clock::{Clock, SystemClock};
use tenants::ports::Connections;

use crate::tokens::put_key;

kit::stories!(
    by tell:
    every_matching_entry_is_told_once_signed_and_none_of_another_agency,
    a_webhook_is_told_only_of_its_tenants_and_of_what_comes_after_it,
    a_failing_receiver_is_tried_for_three_days_under_one_id_and_again_when_ordered,
    a_receiver_that_is_gone_is_left_alone_and_gets_what_waited_once_it_is_enabled,
    a_webhook_of_which_everything_fails_for_five_days_is_disabled,
    slow_and_dead_receivers_keep_nobody_waiting,
    both_secrets_sign_until_the_old_one_ends,
    everything_that_failed_since_a_moment_is_ordered_anew,
    a_try_that_was_cut_off_is_repeated_under_the_same_id_and_nothing_is_lost,
    a_webhook_is_tried_out_changed_by_one_person_at_a_time_and_removed,
    webhooks_outlive_a_rotation_of_the_vaults_keys,
);

async fn tell<F>(backend: Backend, story: impl FnOnce(TestApp, Receiver) -> F)
where
    F: Future<Output = TestApp>,
{
    let receiver = Receiver::start().await;
    let settings = "[notices]\npoll_every_ms = 50\nallow_private_addresses = true\ntimeout_ms = 30000\n\
         [dispatcher]\nread_back_delay_ms = 100\npoll_interval_ms = 200\n\
         [actors]\npoll_every_ms = 200\nversion_poll_every_ms = 200\n[shutdown]\nsoft_ms = 500\nhard_ms = 500\n";
    let Some(app) = TestApp::start_with(backend, None, settings).await else { return };
    story(app, receiver).await.end().await;
}

/// A webhook of the agency: its path, and its secret.
struct Hook {
    path: String,
    secret: String,
}

async fn hook(app: &TestApp, url: String, events: &[&str]) -> Hook {
    hook_with(app, json!({ "name": "warehouse", "url": url, "events": events })).await
}

async fn hook_with(app: &TestApp, document: Value) -> Hook {
    let path = format!("/agencies/{}/webhooks", app.agency.id);
    let made = app.api.post(&path, document).await.ok();
    Hook {
        path: format!("{path}/{}", made["webhook"]["id"].as_str().unwrap()),
        secret: made["secret"].as_str().unwrap().to_owned(),
    }
}

/// Something happens: a rule is made. Gives what the entry is about.
async fn happen(app: &TestApp, shop: &TestTenant) -> String {
    let rule = json!({ "name": "r", "trigger": { "on": "dm" }, "conditions": [], "enabled": false,
        "actions": [{ "do": "reply", "variations": ["Thanks!"] }] });
    let made = app.api.post(&shop.path("/rules"), rule).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

async fn come(app: &TestApp, receiver: &Receiver, path: &str, count: usize) {
    app.until(&format!("{count} came to {path}"), || async { receiver.received_at(path).len() >= count })
        .await;
}

async fn deliveries(app: &TestApp, hook: &Hook, state: &str) -> Vec<Value> {
    let list = app.api.get(&format!("{}/deliveries?limit=200{state}", hook.path)).await.ok();
    list["items"].as_array().unwrap().clone()
}

async fn all_in(app: &TestApp, hook: &Hook, state: &str, count: usize) {
    let filter = format!("&state={state}");
    app.until(&format!("{count} deliveries are {state}"), || async {
        deliveries(app, hook, &filter).await.len() == count
    })
    .await;
}

async fn every_matching_entry_is_told_once_signed_and_none_of_another_agency(
    app: TestApp,
    receiver: Receiver,
) -> TestApp {
    let shop = app
        .tenant("acme")
        .rule(json!({ "name": "greet", "trigger": { "on": "comment" }, "conditions": [],
        "actions": [{ "do": "reply", "variations": ["Thank you!"] }] }))
        .create()
        .await;
    let own = hook(&app, receiver.url("/own"), &["decision.made", "effect.*", "key.created"]).await;
    // Another agency listens to everything, and things happen there, too.
    let (other, stranger) = app.other_agency().await;
    let theirs = json!({ "name": "all", "url": receiver.url("/theirs"), "events": ["*"] });
    stranger.post(&format!("/agencies/{}/webhooks", other.id), theirs).await.ok();
    let tenant = json!({ "slug": "rival", "name": "Rival", "time_zone": "Europe/Lisbon" });
    stranger.post(&format!("/agencies/{}/tenants", other.id), tenant).await.ok();
    for number in 0..6 {
        app.comment(&shop, &format!("fan{number}"), "So beautiful, I love it!");
    }
    app.settle().await;
    // What concerns the agency itself stands in its own log.
    app.api.post(&format!("/agencies/{}/keys", app.agency.id), json!({ "name": "till" })).await.ok();

    let log = app.audit(&shop).await;
    let wanted: BTreeSet<String> = log
        .iter()
        .filter(|it| it.event_type == "decision.made" || it.event_type.starts_with("effect."))
        .map(|it| it.id.to_string())
        .collect();
    assert!(wanted.len() >= 12, "six decisions and their effects: {wanted:?}");
    come(&app, &receiver, "/own", wanted.len() + 1).await;
    all_in(&app, &own, "delivered", wanted.len() + 1).await;
    let came = receiver.received_at("/own");
    assert!(came.iter().all(|it| it.is_signed_with(&own.secret)));
    let ids: BTreeSet<&str> = came.iter().map(|it| it.header("webhook-id")).collect();
    assert_eq!(ids.len(), came.len(), "no id twice");
    let told: BTreeSet<String> = came
        .iter()
        .filter(|it| it.json()["type"] != "key.created")
        .map(|it| it.json()["data"]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, wanted, "every entry that it asked for, and no other");

    // What is told is what the API shows of the entry, with whose it is.
    let one = came.iter().map(Received::json).find(|it| it["type"] == "decision.made").unwrap();
    let shown = app.api.get(&shop.path("/audit?event_type=decision.made&limit=200")).await.ok();
    let shown = shown["items"].as_array().unwrap().iter().find(|it| it["id"] == one["data"]["id"]).unwrap();
    for (name, value) in shown.as_object().unwrap() {
        assert_eq!(&one["data"][name], value, "{name}");
    }
    assert_eq!(one["timestamp"], shown["at"]);
    assert_eq!(one["data"]["tenant"], shop.id.to_string());
    assert_eq!(one["data"]["agency"], app.agency.id.to_string());

    come(&app, &receiver, "/theirs", 1).await;
    let theirs = receiver.received_at("/theirs");
    assert!(theirs.iter().all(|it| it.json()["data"]["agency"] == other.id.to_string()));
    assert!(theirs.iter().all(|it| !it.body.contains(&shop.id.to_string())));
    app
}

async fn a_webhook_is_told_only_of_its_tenants_and_of_what_comes_after_it(
    app: TestApp,
    receiver: Receiver,
) -> TestApp {
    let (shop, sister) = (app.tenant("acme").create().await, app.tenant("sister").create().await);
    happen(&app, &shop).await;
    app.clock.advance(Duration::from_secs(1));
    let url = receiver.url("/one");
    let one =
        hook_with(&app, json!({ "name": "one", "url": url, "events": ["*"], "tenants": [shop.id] })).await;
    happen(&app, &sister).await;
    let wanted = happen(&app, &shop).await;
    come(&app, &receiver, "/one", 1).await;
    all_in(&app, &one, "delivered", 1).await;
    assert_eq!(receiver.received_at("/one")[0].json()["data"]["resource_id"], wanted);

    // Tenants of others cannot be chosen, nor places in private networks or events that do not exist.
    let (_, stranger) = app.other_agency().await;
    assert_eq!(stranger.get(&one.path).await.status, 404);
    for (field, document) in [
        (
            "tenants",
            json!({ "name": "n", "url": url, "events": ["*"], "tenants": ["ten_01890000000070008000000000000000"] }),
        ),
        ("events", json!({ "name": "n", "url": url, "events": ["decision.mad"] })),
        ("url", json!({ "name": "n", "url": "ftp://example.com", "events": ["*"] })),
        ("name", json!({ "name": " ", "url": url, "events": ["*"] })),
    ] {
        let refused = app.api.call(Method::PUT, &one.path, Some(document)).await;
        assert_eq!((refused.status, &refused.body["field"]), (422, &json!(field)), "{}", refused.body);
    }
    app
}

async fn a_failing_receiver_is_tried_for_three_days_under_one_id_and_again_when_ordered(
    app: TestApp,
    receiver: Receiver,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let hook = hook(&app, receiver.url("/in"), &["rule.created"]).await;
    receiver.always("/in", 503, Duration::ZERO);
    happen(&app, &shop).await;
    for (tries, pause) in
        [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].into_iter().enumerate()
    {
        app.until("the try is noted", || async {
            let it = &deliveries(&app, &hook, "").await;
            it.len() == 1
                && it[0]["tries"] == tries + 1
                && it[0]["last_status"] == 503
                && it[0]["under_way"] == false
                && receiver.received_at("/in").len() == tries + 1
        })
        .await;
        // A tenth longer at most.
        app.clock.advance(Duration::from_secs(pause + pause / 10 + 1));
    }
    all_in(&app, &hook, "failed", 1).await;
    let failed = deliveries(&app, &hook, "&state=failed").await.remove(0);
    assert_eq!((failed["tries"].as_u64(), &failed["next_try_at"]), (Some(10), &Value::Null));
    let one = format!("{}/deliveries/{}", hook.path, failed["id"].as_str().unwrap());
    let attempts = app.api.get(&one).await.ok()["attempts"].as_array().unwrap().clone();
    assert_eq!(attempts.len(), 10);
    assert_eq!((&attempts[9]["number"], &attempts[9]["status"]), (&json!(10), &json!(503)));
    assert_eq!(attempts[9]["response"], "503 said the receiver");

    receiver.always("/in", 200, Duration::ZERO);
    app.api.post(&format!("{one}/redeliver"), json!({})).await.ok();
    all_in(&app, &hook, "delivered", 1).await;
    let came = receiver.received_at("/in");
    assert_eq!(came.len(), 11);
    assert!(
        came.iter()
            .all(|it| it.header("webhook-id") == came[0].header("webhook-id") && it.body == came[0].body)
    );
    assert!(came.iter().all(|it| it.is_signed_with(&hook.secret)), "each with the time of its try");
    app
}

async fn a_receiver_that_is_gone_is_left_alone_and_gets_what_waited_once_it_is_enabled(
    app: TestApp,
    receiver: Receiver,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let hook = hook(&app, receiver.url("/in"), &["rule.created"]).await;
    receiver.always("/in", 410, Duration::ZERO);
    let first = happen(&app, &shop).await;
    app.until("the webhook is disabled", || async {
        app.api.get(&hook.path).await.ok()["disabled"]["reason"] == "gone"
    })
    .await;
    let alerts = format!("/agencies/{}/alerts", app.agency.id);
    let raised = app.api.get(&alerts).await.ok()["items"].as_array().unwrap().clone();
    let alert = raised.iter().find(|it| it["alert_type"] == "webhook_disabled").expect("an alert");
    assert!(alert["message"].as_str().unwrap().contains("enable the webhook"), "it says what to do: {alert}");
    let log = format!("/agencies/{}/audit?event_type=webhook.disabled", app.agency.id);
    assert_eq!(app.api.get(&log).await.ok()["items"].as_array().unwrap().len(), 1, "told once");

    let second = happen(&app, &shop).await;
    all_in(&app, &hook, "pending", 2).await;
    app.clock.advance(Duration::from_secs(3_600));
    SystemClock.sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.received_at("/in").len(), 1, "it is left alone");
    let again = format!("{}/redeliver-failed", hook.path);
    assert_eq!(app.api.post(&again, json!({ "since": "2020-01-01T00:00:00Z" })).await.status, 409);

    receiver.always("/in", 204, Duration::ZERO);
    let document = json!({ "name": "warehouse", "url": receiver.url("/in"), "events": ["rule.created"] });
    let enabled = app.api.call(Method::PUT, &hook.path, Some(document)).await.ok();
    assert_eq!((&enabled["enabled"], &enabled["disabled"]), (&json!(true), &Value::Null));
    all_in(&app, &hook, "delivered", 2).await;
    let told: BTreeSet<String> = receiver.received_at("/in")[1..]
        .iter()
        .map(|it| it.json()["data"]["resource_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, BTreeSet::from([first, second]));
    let open = app.api.get(&format!("{alerts}?resolved=false")).await.ok();
    assert!(!open["items"].as_array().unwrap().iter().any(|it| it["alert_type"] == "webhook_disabled"));
    app
}

async fn a_webhook_of_which_everything_fails_for_five_days_is_disabled(
    app: TestApp,
    receiver: Receiver,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let hook = hook(&app, receiver.url("/in"), &["rule.created"]).await;
    receiver.always("/in", 500, Duration::ZERO);
    let state = async || app.api.get(&hook.path).await.ok();
    for day in 0..5 {
        assert_eq!(state().await["enabled"], true, "not before the fifth day is over: {day}");
        happen(&app, &shop).await;
        let before = receiver.received_at("/in").len();
        come(&app, &receiver, "/in", before + 1).await;
        app.until("the failure is noted", || async {
            let it = state().await;
            it["failing_since"].is_string()
        })
        .await;
        app.clock.advance(Duration::from_secs(86_400));
    }
    app.until("it is disabled", || async { state().await["disabled"]["reason"] == "failing" }).await;
    app
}

async fn slow_and_dead_receivers_keep_nobody_waiting(app: TestApp, receiver: Receiver) -> TestApp {
    let shop = app.tenant("acme").create().await;
    receiver.always("/slow", 200, Duration::from_secs(20));
    let slow = hook(&app, receiver.url("/slow"), &["rule.created"]).await;
    // Nobody listens there.
    let dead = hook(&app, "http://127.0.0.1:9/".to_owned(), &["rule.created"]).await;
    let quick = hook(&app, receiver.url("/quick"), &["rule.created"]).await;
    let began = SystemClock.now();
    for _ in 0..30 {
        happen(&app, &shop).await;
    }
    all_in(&app, &quick, "delivered", 30).await;
    assert!(SystemClock.now().since(began) < Duration::from_secs(18), "nobody has waited for the slow one");
    assert!(deliveries(&app, &slow, "&state=delivered").await.is_empty());
    assert!(receiver.received_at("/slow").len() <= 4, "a few at a time");
    assert_eq!(deliveries(&app, &dead, "&state=pending").await.len(), 30);
    app
}

async fn both_secrets_sign_until_the_old_one_ends(app: TestApp, receiver: Receiver) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let hook = hook(&app, receiver.url("/in"), &["rule.created"]).await;
    let rotated = app.api.post(&format!("{}/rotate-secret", hook.path), json!({})).await.ok();
    let new = rotated["secret"].as_str().unwrap();
    happen(&app, &shop).await;
    come(&app, &receiver, "/in", 1).await;
    let first = receiver.received_at("/in").remove(0);
    assert!(first.is_signed_with(&hook.secret) && first.is_signed_with(new));
    app.clock.advance(Duration::from_secs(24 * 3_600 + 1));
    happen(&app, &shop).await;
    come(&app, &receiver, "/in", 2).await;
    let second = receiver.received_at("/in").remove(1);
    assert!(second.is_signed_with(new) && !second.is_signed_with(&hook.secret));
    // A secret that leaked ends at once.
    let rotated =
        app.api.post(&format!("{}/rotate-secret", hook.path), json!({ "overlap_hours": 0 })).await.ok();
    let newest = rotated["secret"].as_str().unwrap();
    happen(&app, &shop).await;
    come(&app, &receiver, "/in", 3).await;
    let third = receiver.received_at("/in").remove(2);
    assert!(third.is_signed_with(newest) && !third.is_signed_with(new));

    // None of them is ever shown again.
    let agency = app.agency.id;
    let mut shown = app.api.get(&format!("/agencies/{agency}/webhooks")).await.ok().to_string();
    shown += &app.api.get(&format!("/agencies/{agency}/audit?event_type=webhook.")).await.ok().to_string();
    assert!(
        [hook.secret.as_str(), new, newest].iter().all(|secret| !shown.contains(secret))
            && !shown.contains("whsec_")
    );
    app
}

async fn everything_that_failed_since_a_moment_is_ordered_anew(app: TestApp, receiver: Receiver) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let hook = hook(&app, receiver.url("/in"), &["rule.created"]).await;
    receiver.always("/in", 500, Duration::ZERO);
    let since = app.clock.now();
    for _ in 0..3 {
        happen(&app, &shop).await;
    }
    // Longer than all pauses together, with looks in between.
    for (tries, pause) in
        [6, 331, 1_981, 7_921, 19_801, 39_601, 55_441, 79_201, 95_041].into_iter().enumerate()
    {
        app.until("all tries are noted", || async {
            let all = deliveries(&app, &hook, "").await;
            let is_noted = |it: &Value| it["tries"] == tries + 1 && it["under_way"] == false;
            all.len() == 3 && all.iter().all(is_noted)
        })
        .await;
        app.clock.advance(Duration::from_secs(pause));
    }
    all_in(&app, &hook, "failed", 3).await;
    receiver.always("/in", 200, Duration::ZERO);
    let again = format!("{}/redeliver-failed", hook.path);
    let none = app.api.post(&again, json!({ "since": app.clock.now() })).await.ok();
    assert_eq!(none["redelivered"], 0);
    let ordered = app.api.post(&again, json!({ "since": since })).await.ok();
    assert_eq!((&ordered["redelivered"], &ordered["more"]), (&json!(3), &json!(false)));
    all_in(&app, &hook, "delivered", 3).await;
    app
}

async fn a_try_that_was_cut_off_is_repeated_under_the_same_id_and_nothing_is_lost(
    app: TestApp,
    receiver: Receiver,
) -> TestApp {
    let mut app = app;
    let shop = app.tenant("acme").create().await;
    let hook = hook(&app, receiver.url("/in"), &["rule.created"]).await;
    receiver.always("/in", 200, Duration::from_secs(25));
    happen(&app, &shop).await;
    come(&app, &receiver, "/in", 1).await;
    // The receiver has it, and the node ends before it hears so.
    app.restart().await;
    receiver.always("/in", 200, Duration::ZERO);
    let second = happen(&app, &shop).await;
    all_in(&app, &hook, "delivered", 1).await;
    assert_eq!(receiver.received_at("/in")[1].json()["data"]["resource_id"], second);
    let waits = deliveries(&app, &hook, "&state=pending").await;
    assert_eq!(waits.len(), 1, "nobody tries while the first try may still be under way");
    app.clock.advance(Duration::from_secs(61));
    all_in(&app, &hook, "delivered", 2).await;
    let came = receiver.received_at("/in");
    assert_eq!(came.len(), 3);
    assert_eq!(came[2].header("webhook-id"), came[0].header("webhook-id"));
    let one = format!("{}/deliveries/{}", hook.path, waits[0]["id"].as_str().unwrap());
    let attempts = app.api.get(&one).await.ok()["attempts"].as_array().unwrap().clone();
    assert_eq!(attempts.iter().map(|it| it["number"].as_u64().unwrap()).collect::<Vec<_>>(), [2]);
    app
}

async fn a_webhook_is_tried_out_changed_by_one_person_at_a_time_and_removed(
    app: TestApp,
    receiver: Receiver,
) -> TestApp {
    let hook = hook(&app, receiver.url("/in"), &["decision.*"]).await;
    let test = format!("{}/test", hook.path);
    let said = app.api.post(&test, json!({})).await.ok();
    assert_eq!((&said["taken"], &said["status"]), (&json!(true), &json!(200)), "{said}");
    let came = receiver.received_at("/in").remove(0);
    assert_eq!(came.json()["type"], "webhook.test");
    assert_eq!(came.header("webhook-id"), said["message_id"]);
    assert!(came.is_signed_with(&hook.secret));
    for (status, words) in [(302, "redirects are not followed"), (500, "500")] {
        receiver.always("/in", status, Duration::ZERO);
        let said = app.api.post(&test, json!({})).await.ok();
        assert_eq!((&said["taken"], &said["status"]), (&json!(false), &json!(status)));
        assert!(said["error"].as_str().unwrap().contains(words), "{said}");
    }

    let types = app.api.get(&format!("/agencies/{}/webhooks/event-types", app.agency.id)).await.ok();
    assert!(types["types"].as_array().unwrap().iter().any(|it| it["type"] == "decision.made"));
    let document = json!({ "name": "two", "url": receiver.url("/in"), "events": ["*"], "enabled": false });
    let changed = app.api.put_if_match(&hook.path, "\"1\"", document.clone()).await.ok();
    assert_eq!((&changed["name"], &changed["disabled"]["reason"]), (&json!("two"), &json!("by_hand")));
    assert_eq!(app.api.put_if_match(&hook.path, "\"1\"", document).await.status, 412, "somebody was quicker");
    app.api.call(Method::DELETE, &hook.path, None).await.ok();
    assert_eq!(app.api.get(&hook.path).await.status, 404);
    app
}

async fn webhooks_outlive_a_rotation_of_the_vaults_keys(app: TestApp, receiver: Receiver) -> TestApp {
    let mut app = app;
    let hook = hook(&app, receiver.url("/in"), &["*"]).await;
    put_key(&app, "local-2", true);
    app.clock.advance(Duration::from_secs(31));
    let database = app.node().foundations().database.clone();
    app.until("its secret is sealed with the new key", || async {
        let uses = database.key_uses(app.clock.now()).await.unwrap();
        uses.iter().map(|key| (key.key_id.as_str(), key.channels)).eq([("local-2", 1)])
    })
    .await;
    put_key(&app, "local-2", false);
    app.restart().await;
    let said = app.api.post(&format!("{}/test", hook.path), json!({})).await.ok();
    assert_eq!(said["taken"], true, "{said}");
    let came = receiver.received_at("/in");
    let test = came.iter().find(|it| it.header("webhook-id") == said["message_id"]).unwrap();
    assert!(test.is_signed_with(&hook.secret), "with the secret it always had");
    app
}
