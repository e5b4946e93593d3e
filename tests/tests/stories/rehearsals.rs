//! Recorded events are decided again with another configuration, and nothing leaves.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::{Api, Backend, TestApp, TestTenant, stories};
use llm::testing::{ScriptedRouter, Step, classification};
use sandbox::{NewMention, NewMessage, OwnMessage};
use serde_json::{Value, json};
use tenants::clock::Clock;
use tenants::intent::Intent;
use tenants::ports::{DecisionRecords, EffectFilter, Outbox, PageRequest};
use tenants::rehearsal::Period;

stories!(
    without_a_change_a_recorded_day_is_identical,
    an_agency_rehearses_all_its_tenants,
    a_cancelled_rehearsal_leaves_no_result,
    a_rehearsal_cut_off_by_the_end_of_its_node_leaves_no_result,
    what_makes_no_sense_is_refused_before_anything_runs,
    a_strangers_rehearsal_is_not_found,
    a_changed_rule_is_told_with_both_texts_and_nothing_leaves,
);

fn rules() -> [Value; 3] {
    [
        json!({ "name": "shipping", "trigger": { "on": "comment" }, "daily_cap": 1,
            "conditions": [{ "if": "keywords_any", "words": ["shipping"] }],
            "actions": [{ "do": "reply", "variations": ["We ship everywhere, {name}!", "Everywhere!"] }] }),
        json!({ "name": "scam", "trigger": { "on": "comment" },
            "conditions": [{ "if": "keywords_any", "words": ["crypto"] }],
            "actions": [{ "do": "hide" }, { "do": "stop" }] }),
        json!({ "name": "greet", "trigger": { "on": "dm" },
            "conditions": [{ "if": "keywords_any", "words": ["hello"] }],
            "actions": [{ "do": "reply", "variations": ["Thanks for your message!"] }] }),
    ]
}

/// A tenant to which everything has happened that can.
async fn a_full_day(app: &TestApp, slug: &str) -> TestTenant {
    let mut shop = app.tenant(slug);
    for rule in rules() {
        shop = shop.rule(rule);
    }
    let shop = shop.create().await;
    // The rule's one hit of the day: conversations side by side would draw lots for it.
    app.comment(&shop, "fan", "what about shipping?");
    app.settle().await;
    for text in [
        "shipping, anyone?",
        "get crypto for free",
        "This is wonderful, thank you so much!",
        "Do you have this in blue?",
        "My parcel arrived broken and nobody answers, this is the worst shop",
        "I will call my lawyer, the fire almost killed my son",
    ] {
        app.comment(&shop, "fan", text);
    }
    app.message(&shop, "fan", "hello there");
    app.settle().await;
    approve_one(app, &shop).await;
    app.message(&shop, "quiet", "hello");
    app.settle().await;
    app.message(&shop, "quiet", "STOP");
    app.settle().await;
    app.message(&shop, "quiet", "hello again");
    app.settle().await;
    app.message(&shop, "quiet", "START");
    let text = format!("I love my new @{} bag, it is wonderful", shop.account.username);
    let mention = NewMention { from: "fan".into(), text, in_caption: false };
    app.sandbox.mention(&shop, mention).unwrap();
    let story = NewMessage::story_reply("fan", &shop.story, "what a lovely story");
    app.sandbox.direct_message(&shop, story).unwrap();
    app.settle().await;
    app.sandbox.own_message(&shop, OwnMessage { to: "fan".into(), text: "Hi, this is Eva".into() }).unwrap();
    app.settle().await;
    app.message(&shop, "fan", "hello Eva, and thank you");
    app.settle().await;
    shop
}

async fn approve_one(app: &TestApp, shop: &TestTenant) {
    let drafts = app.api.get(&shop.path("/approvals?status=pending")).await.ok();
    let with_draft = |it: &&Value| it["kind"] == "draft";
    let draft = drafts["items"].as_array().unwrap().iter().find(with_draft).unwrap().clone();
    let path = shop.path(&format!("/approvals/{}/approve", draft["id"].as_str().unwrap()));
    app.api.post(&path, json!({})).await.ok();
    app.settle().await;
}

/// Everything that a rehearsal must not change: what is on Instagram, the queue, approvals, conversations, rules' hits.
#[derive(Debug, PartialEq)]
struct Outside {
    instagram: Value,
    /// Requests that ever reached Instagram.
    calls: usize,
    effects: Vec<tenants::effect::Effect>,
    lists: BTreeMap<&'static str, Value>,
    decisions: usize,
}

async fn outside(app: &TestApp, shop: &TestTenant) -> Outside {
    let mut lists = BTreeMap::new();
    for list in ["approvals", "conversations", "comments", "alerts", "queue"] {
        lists.insert(list, app.api.get(&shop.path(&format!("/{list}?limit=200"))).await.ok());
    }
    lists.insert("rules", app.api.get(&shop.path("/rules")).await.ok());
    let database = &app.node().foundations().database;
    let page = PageRequest::first(500);
    let effects = database.list_effects(&shop.id, &EffectFilter::default(), page).await.unwrap();
    let audit = app.audit(shop).await;
    let is_beside = |event_type: &str| event_type.starts_with("rehearsal.");
    Outside {
        instagram: serde_json::to_value(app.sandbox.effects()).unwrap(),
        calls: app.sandbox.calls().len(),
        effects,
        lists,
        decisions: audit.iter().filter(|entry| !is_beside(&entry.event_type)).count(),
    }
}

fn order(app: &TestApp, changed: Value) -> Value {
    let hour = std::time::Duration::from_secs(3_600);
    let now = app.clock.now();
    json!({ "from": now - hour, "until": now + hour, "changed": changed })
}

/// Starts a rehearsal and waits for its end.
async fn rehearse(app: &TestApp, path: &str, order: Value) -> Value {
    let started = app.api.post(path, order).await.ok();
    let one = format!("{path}/{}", started["id"].as_str().unwrap());
    app.until("the rehearsal has ended", || async { app.api.get(&one).await.ok()["status"] != "running" })
        .await;
    app.api.get(&one).await.ok()
}

async fn differences(app: &TestApp, path: &str, rehearsal: &Value) -> Vec<Value> {
    let path = format!("{path}/{}/differences?limit=200", rehearsal["id"].as_str().unwrap());
    app.api.get(&path).await.ok()["items"].as_array().unwrap().clone()
}

async fn without_a_change_a_recorded_day_is_identical(app: TestApp) -> TestApp {
    let shop = a_full_day(&app, "acme").await;
    let before = outside(&app, &shop).await;
    let path = shop.path("/rehearsals");
    let done = rehearse(&app, &path, order(&app, json!({}))).await;
    assert_eq!(done["status"], "done", "{done}");
    let total = &done["report"]["total"];
    assert_eq!(differences(&app, &path, &done).await, Vec::<Value>::new());
    assert!(total["events"].as_u64().unwrap() >= 16, "{total}");
    assert_eq!(total["same"], total["events"], "{total}");
    assert_eq!(done["progress"], total["events"]);
    assert_eq!(outside(&app, &shop).await, before);
    app
}

async fn a_changed_rule_is_told_with_both_texts_and_nothing_leaves(app: TestApp) -> TestApp {
    let shop = a_full_day(&app, "acme").await;
    let before = outside(&app, &shop).await;
    let mut shipping = rules()[0].clone();
    shipping["actions"] = json!([{ "do": "reply", "variations": ["Only in Europe."] }]);
    shipping["daily_cap"] = json!(9);
    let everybody = json!({ "name": "everybody", "trigger": { "on": "dm" },
        "actions": [{ "do": "dm", "variations": ["Buy now!"] }, { "do": "like" }] });
    let changed = json!({ "put_rules": [shipping, everybody], "settings": { "modes": { "question": "A" } } });
    let path = shop.path("/rehearsals");
    let done = rehearse(&app, &path, order(&app, changed)).await;
    assert_eq!(done["status"], "done", "{done}");
    let found = differences(&app, &path, &done).await;
    let said = |text: &str| {
        let it = found.iter().find(|it| it["difference"]["incoming_text"] == text);
        it.unwrap_or_else(|| panic!("`{text}` differs")).clone()
    };
    let first = said("what about shipping?");
    assert_eq!(first["difference"]["rehearsed"]["actions"][0]["text"], "Only in Europe.");
    assert_eq!(first["difference"]["kinds"], json!(["text"]), "{first}");
    let asked = said("Do you have this in blue?");
    assert_eq!(asked["difference"]["recorded"]["outcome"], "draft");
    assert_eq!(asked["difference"]["rehearsed"]["outcome"], "act");
    let total = &done["report"]["total"];
    assert_eq!(total["differing"].as_u64().unwrap() as usize, found.len());
    let shipping =
        total["rules"].as_object().unwrap().values().find(|rule| rule["name"] == "shipping").unwrap();
    assert_eq!((&shipping["recorded"], &shipping["rehearsed"]), (&json!(1), &json!(2)));

    app.settle().await;
    assert_eq!(outside(&app, &shop).await, before, "nothing has left, and nothing is stored but the result");
    let page = format!("{path}/{}/differences?limit=1", done["id"].as_str().unwrap());
    let page = app.api.get(&page).await.ok();
    assert_eq!((page["items"].as_array().unwrap().len(), page["next_cursor"].is_string()), (1, true));
    app
}

async fn an_agency_rehearses_all_its_tenants(app: TestApp) -> TestApp {
    let (one, other) = (a_full_day(&app, "acme").await, app.tenant("quiet").create().await);
    app.comment(&other, "fan", "This is wonderful, thank you so much!");
    app.settle().await;
    let path = format!("/agencies/{}/rehearsals", app.agency.id);
    let done =
        rehearse(&app, &path, order(&app, json!({ "settings": { "modes": { "praise": "C" } } }))).await;
    assert_eq!(done["status"], "done", "{done}");
    let tenants = done["report"]["tenants"].as_array().unwrap();
    let events = |index: usize| tenants[index]["report"]["events"].as_u64().unwrap();
    assert_eq!(
        (tenants.len(), done["report"]["total"]["events"].as_u64().unwrap()),
        (2, events(0) + events(1))
    );
    let found = differences(&app, &path, &done).await;
    let of = |tenant: &TestTenant| found.iter().filter(|it| it["tenant"] == json!(tenant.id)).count();
    assert_eq!(of(&other), 1, "{found:?} of {done}");
    assert!(of(&one) > 0);
    assert!(done["report"]["total"]["escalations"]["new"].as_u64().unwrap() >= 2, "{done}");
    let listed = app.api.get(&one.path("/rehearsals")).await.ok();
    assert_eq!(listed["items"], json!([]), "it is the agency's, not the tenant's");
    app
}

/// An installation whose model answers the first time, and holds its answers back from then on.
async fn with_a_model_that_waits(app: &TestApp) -> (TestApp, Arc<ScriptedRouter>, llm::testing::Gate) {
    let backend = if app.node().foundations().database.kind() == "sqlite" {
        Backend::Sqlite
    } else {
        Backend::Postgres
    };
    let gate = llm::testing::Gate::default();
    let script = ScriptedRouter::new();
    let question = Step::Classify(classification(Intent::Question, 0.9));
    let steps = [question, Step::Reply("Yes.".into()), Step::Wait(gate.clone()), Step::Reply("No.".into())];
    script.on("is it open?", steps);
    let other = TestApp::start_with(backend, Some(script.clone()), "").await.unwrap();
    (other, script, gate)
}

fn another_prompt(app: &TestApp) -> Value {
    let mut order = order(app, json!({ "prompts": { "reply": "Answer briefly." } }));
    order["ask_models"] = json!({ "max_cost_micro_usd": 1_000 });
    order
}

async fn a_cancelled_rehearsal_leaves_no_result(app: TestApp) -> TestApp {
    let (other, script, gate) = with_a_model_that_waits(&app).await;
    let shop = other.tenant("acme").create().await;
    other.comment(&shop, "fan", "is it open?");
    other.settle().await;
    let calls = script.calls().len();
    let path = shop.path("/rehearsals");
    let started = other.api.post(&path, another_prompt(&other)).await.ok();
    other.until("the model is asked", || async { script.calls().len() > calls }).await;
    let second = other.api.post(&path, order(&other, json!({}))).await;
    assert_eq!(second.status, 409, "{}", second.body);
    let one = format!("{path}/{}", started["id"].as_str().unwrap());
    let cancelled = other.api.post(&format!("{one}/cancel"), json!({})).await.ok();
    assert_eq!((cancelled["status"].as_str(), &cancelled["report"]), (Some("cancelled"), &Value::Null));
    gate.open();
    assert_eq!(other.api.get(&format!("{one}/differences")).await.status, 409);
    let again = other.api.post(&format!("{one}/cancel"), json!({})).await.ok();
    assert_eq!(again, other.api.get(&one).await.ok());
    let next = rehearse(&other, &path, order(&other, json!({}))).await;
    assert_eq!((next["status"].as_str(), &next["report"]["total"]["same"]), (Some("done"), &json!(1)));
    other.end().await;
    app
}

async fn a_rehearsal_cut_off_by_the_end_of_its_node_leaves_no_result(app: TestApp) -> TestApp {
    let (mut other, script, gate) = with_a_model_that_waits(&app).await;
    let shop = other.tenant("acme").create().await;
    other.comment(&shop, "fan", "is it open?");
    other.settle().await;
    let calls = script.calls().len();
    let path = shop.path("/rehearsals");
    let started = other.api.post(&path, another_prompt(&other)).await.ok();
    other.until("the model is asked", || async { script.calls().len() > calls }).await;
    other.restart().await;
    gate.open();
    let one = format!("{path}/{}", started["id"].as_str().unwrap());
    let ended = other.api.get(&one).await.ok();
    assert_eq!((ended["status"].as_str(), &ended["report"]), (Some("interrupted"), &Value::Null), "{ended}");
    assert_eq!(other.api.get(&format!("{one}/differences")).await.status, 409);
    let next = rehearse(&other, &path, order(&other, json!({}))).await;
    assert_eq!(next["status"], "done");
    other.end().await;
    app
}

async fn what_makes_no_sense_is_refused_before_anything_runs(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let path = shop.path("/rehearsals");
    let now = app.clock.now();
    let wrong = [
        (json!({ "from": now, "until": now }), "until"),
        (order(&app, json!({ "settings": { "min_confidence": 3 } })), "min_confidence"),
        (order(&app, json!({ "prompts": { "reply": " " } })), "prompts"),
        (order(&app, json!({ "prompts": { "reply": "Write for {{ customer }}." } })), "prompts.reply"),
        (order(&app, json!({ "daily_budget_micro_usd": -1 })), "daily_budget_micro_usd"),
        (order(&app, json!({ "settings": { "daily_budget_micro_usd": 0 } })), "beside `settings`"),
        (order(&app, json!({ "without_rules": ["nope"] })), "no rule `nope`"),
        (
            order(&app, json!({ "models": { "short_reply": ["nowhere/x"] } })),
            "`nowhere/x` is not in the catalogue",
        ),
    ];
    for (order, field) in wrong {
        let refused = app.api.post(&path, order).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body["detail"].as_str().unwrap().contains(field), "{}", refused.body);
    }
    assert_eq!(app.api.get(&path).await.ok()["items"], json!([]));
    app
}

async fn a_strangers_rehearsal_is_not_found(app: TestApp) -> TestApp {
    let shop = a_full_day(&app, "acme").await;
    let (_, stranger): (_, Api) = app.other_agency().await;
    let path = shop.path("/rehearsals");
    let done = rehearse(&app, &path, order(&app, json!({}))).await;
    let one = format!("{path}/{}", done["id"].as_str().unwrap());
    for path in [&path, &one, &format!("{one}/differences")] {
        assert_eq!(stranger.get(path).await.status, 404);
    }
    assert_eq!(stranger.post(&path, order(&app, json!({}))).await.status, 404);
    assert_eq!(stranger.post(&format!("{one}/cancel"), json!({})).await.status, 404);
    let sister = app.tenant("sister").create().await;
    let elsewhere = sister.path(&format!("/rehearsals/{}", done["id"].as_str().unwrap()));
    assert_eq!(app.api.get(&elsewhere).await.status, 404);
    let database = &app.node().foundations().database;
    let all = Period { from: tenants::clock::Timestamp::from_micros(0), until: app.clock.now() };
    assert_eq!(database.recorded_decisions(&sister.id, all, 0, 10).await.unwrap(), []);
    app
}
