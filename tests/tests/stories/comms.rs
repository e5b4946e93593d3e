//! Direct messages: leads, disclosure, people who take over, opt-out.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use sandbox::{Endpoint, OwnMessage};
use serde_json::{Value, json};
use tenants::intent::{Intent, Language};
use tenants::settings::{CommsSettings, Disclosure, Mode};

stories!(
    a_direct_conversation_becomes_a_qualified_lead,
    a_person_takes_over_in_the_dashboard_and_hands_back,
    stop_ends_everything_about_a_lead,
    a_draft_expires_with_its_window,
    people_are_told_once_that_a_program_answers,
    after_a_private_reply_the_conversation_goes_on_in_direct_messages,
    attachments_are_kept_with_their_temporary_addresses,
    a_conversation_is_assigned_and_stays_so,
    a_question_with_quick_replies_is_asked_and_a_tap_is_answered,
    a_person_sees_that_somebody_writes_before_the_answer_comes,
);

fn greeting() -> Value {
    json!({
        "name": "greet", "trigger": { "on": "dm" }, "conditions": [],
        "actions": [{ "do": "reply", "variations": ["Thanks for your message!"] }],
    })
}

async fn leads(app: &TestApp, shop: &TestTenant) -> Vec<Value> {
    app.api.get(&shop.path("/leads")).await.ok()["items"].as_array().unwrap().clone()
}

async fn direct(app: &TestApp, shop: &TestTenant) -> Value {
    app.api.get(&shop.path("/conversations?kind=direct")).await.ok()["items"][0].clone()
}

async fn a_direct_conversation_becomes_a_qualified_lead(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let first = app.message(
        &shop,
        "anna",
        "Hi! I want to buy your wedding cake, how much does it cost and how can I order?",
    );
    app.settle().await;
    let found = leads(&app, &shop).await;
    assert_eq!(found.len(), 1, "{}", app.last_decision(&shop).await);
    assert_eq!(found[0]["stage"], "new");
    assert_eq!(found[0]["facts"]["need"]["message"], first.as_str());

    app.message(&shop, "anna", "My name is Anna Berg, our budget is 600 € and the party is on 12 June");
    let contact = app.message(&shop, "anna", "please write to anna.berg@example.com");
    app.settle().await;
    let lead = &leads(&app, &shop).await[0];
    assert_eq!(lead["stage"], "qualified", "{lead}");
    assert_eq!(lead["facts"]["name"]["value"], "Anna Berg");
    assert_eq!(lead["facts"]["budget"]["value"], "600 €");
    assert_eq!(lead["facts"]["email"]["message"], contact.as_str(), "every fact names its message");
    let parts = lead["score_parts"].as_array().unwrap();
    assert_eq!(
        parts.iter().map(|part| part["points"].as_u64().unwrap()).sum::<u64>(),
        lead["score"].as_u64().unwrap()
    );

    let path = shop.path(&format!("/leads/{}", lead["id"].as_str().unwrap()));
    let won = app
        .api
        .call(reqwest::Method::PATCH, &path, Some(json!({ "stage": "won", "note": "paid" })))
        .await
        .ok();
    assert_eq!((&won["stage"], &won["note"]), (&json!("won"), &json!("paid")));
    let csv = app.api.get(&shop.path("/leads/export")).await;
    let csv = csv.body.as_str().unwrap().to_owned();
    assert!(csv.lines().nth(1).unwrap().contains("anna.berg@example.com"), "{csv}");

    let person = lead["person"]["id"].as_str().unwrap();
    let path = shop.path(&format!("/memory/people/{person}"));
    app.api.call(reqwest::Method::DELETE, &path, None).await.ok();
    assert!(leads(&app, &shop).await.is_empty(), "a forgotten person is no lead");
    app
}

async fn a_person_takes_over_in_the_dashboard_and_hands_back(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    app.message(&shop, "fan", "hello");
    app.settle().await;
    let id = direct(&app, &shop).await["id"].as_str().unwrap().to_owned();
    let taken = app.api.post(&shop.path(&format!("/conversations/{id}/take-over")), json!({})).await.ok();
    assert_eq!(taken["owner"], "human");
    let while_taken = app.message(&shop, "fan", "is anybody there?");
    app.settle().await;
    assert!(app.visible(&while_taken).is_untouched());
    app.sandbox.own_message(&shop, OwnMessage { to: "fan".into(), text: "Yes, Eva".into() }).unwrap();
    app.settle().await;
    app.api.post(&shop.path(&format!("/conversations/{id}/hand-back")), json!({})).await.ok();
    let after = app.message(&shop, "fan", "one more thing");
    app.settle().await;
    assert_eq!(app.visible(&after).messages.len(), 1);
    app
}

async fn stop_ends_everything_about_a_lead(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    app.message(&shop, "anna", "STOP");
    app.settle().await;
    let after =
        app.message(&shop, "anna", "I want to buy your cake, how much does it cost? anna@example.com");
    app.settle().await;
    assert!(app.visible(&after).is_untouched());
    assert!(leads(&app, &shop).await.is_empty());
    app
}

async fn a_draft_expires_with_its_window(app: TestApp) -> TestApp {
    let shop =
        app.tenant("acme").settings(|s| _ = s.modes.insert(Intent::Question, Mode::Draft)).create().await;
    app.message(&shop, "anna", "Do you ship to Spain and how long does it take?");
    app.settle().await;
    let waiting = app.api.get(&shop.path("/approvals?status=pending")).await.ok();
    let id = waiting["items"][0]["id"].as_str().unwrap().to_owned();
    app.clock.advance(Duration::from_secs(24 * 3_600 + 60));
    let refused = app.api.post(&shop.path(&format!("/approvals/{id}/approve")), json!({})).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    app.until("the draft has expired", || async {
        let approval = app.api.get(&shop.path(&format!("/approvals/{id}"))).await.ok();
        approval["status"] == "expired"
    })
    .await;
    assert!(app.effects(&shop).await.is_empty());
    app
}

fn disclosure() -> CommsSettings {
    let texts = BTreeMap::from([(Language::English, "This is an automatic answer.".to_owned())]);
    CommsSettings {
        disclosure: Some(Disclosure {
            texts,
            at_start: true,
            after_pause_hours: Some(48),
            after_hand_back: true,
        }),
        ..CommsSettings::default()
    }
}

async fn people_are_told_once_that_a_program_answers(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").settings(|s| s.comms = disclosure()).rule(greeting()).create().await;
    let said = |id: &sandbox::MessageId| app.visible(id).messages[0].text.clone();
    let first = app.message(&shop, "fan", "hello");
    app.settle().await;
    assert_eq!(said(&first), "This is an automatic answer.\n\nThanks for your message!");
    let second = app.message(&shop, "fan", "and another thing");
    app.settle().await;
    assert_eq!(said(&second), "Thanks for your message!", "once is enough");

    let id = direct(&app, &shop).await["id"].as_str().unwrap().to_owned();
    for act in ["take-over", "hand-back"] {
        app.api.post(&shop.path(&format!("/conversations/{id}/{act}")), json!({})).await.ok();
    }
    let third = app.message(&shop, "fan", "a third thing");
    app.settle().await;
    assert!(said(&third).starts_with("This is an automatic answer."), "a program answers again");

    app.clock.advance(Duration::from_secs(49 * 3_600));
    let fourth = app.message(&shop, "fan", "after a long time");
    app.settle().await;
    assert!(said(&fourth).starts_with("This is an automatic answer."), "after a long pause");
    app
}

async fn after_a_private_reply_the_conversation_goes_on_in_direct_messages(app: TestApp) -> TestApp {
    let private = json!({
        "name": "price", "trigger": { "on": "comment" }, "conditions": [],
        "actions": [{ "do": "private_reply", "variations": ["Our prices are in the shop"] }],
    });
    let shop =
        app.tenant("acme").settings(|s| s.comms = disclosure()).rule(private).rule(greeting()).create().await;
    let comment = app.comment(&shop, "fan", "price?");
    app.settle().await;
    assert_eq!(app.visible(&comment).private_replies.len(), 1);
    let thread = direct(&app, &shop).await;
    assert!(thread["window_ends_at"].is_null(), "our own message opens no window: {thread}");
    assert!(!thread["disclosed_at"].is_null(), "the private reply said it: {thread}");

    let answer = app.message(&shop, "fan", "thanks, and in blue?");
    app.settle().await;
    assert_eq!(app.visible(&answer).messages[0].text, "Thanks for your message!");
    let threads = app.api.get(&shop.path("/conversations?kind=direct")).await.ok();
    assert_eq!(threads["items"].as_array().unwrap().len(), 1, "it is one conversation");
    assert!(!threads["items"][0]["window_ends_at"].is_null(), "the answer opens the window");
    app
}

async fn attachments_are_kept_with_their_temporary_addresses(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let url = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=x";
    let mut message = sandbox::NewMessage::new("fan", "look at this");
    message.attachments = vec![json!({ "type": "image", "payload": { "url": url } })];
    app.sandbox.direct_message(&shop, message).unwrap();
    app.settle().await;
    let id = direct(&app, &shop).await["id"].as_str().unwrap().to_owned();
    let path = shop.path(&format!("/conversations/{id}/messages"));
    let messages = app.api.get(&path).await.ok();
    let inbound =
        messages["items"].as_array().unwrap().iter().find(|it| it["direction"] == "inbound").unwrap();
    assert_eq!(inbound["attachments"], json!(["image"]));
    assert_eq!(inbound["temporary_attachment_urls"], json!([url]));
    app
}

async fn a_conversation_is_assigned_and_stays_so(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").rule(greeting()).create().await;
    app.message(&shop, "fan", "hello");
    app.settle().await;
    let id = direct(&app, &shop).await["id"].as_str().unwrap().to_owned();
    let path = shop.path(&format!("/conversations/{id}/assign"));
    app.api.post(&path, json!({ "to": "eva" })).await.ok();
    app.message(&shop, "fan", "hello again");
    app.settle().await;
    assert_eq!(direct(&app, &shop).await["assigned_to"], "eva", "further messages leave it");
    app.api.post(&path, json!({ "to": null })).await.ok();
    assert!(direct(&app, &shop).await["assigned_to"].is_null());
    app
}

async fn a_question_with_quick_replies_is_asked_and_a_tap_is_answered(app: TestApp) -> TestApp {
    let ask = json!({
        "name": "ask", "trigger": { "on": "dm" },
        "conditions": [{ "if": "keywords_any", "words": ["hello"] }],
        "actions": [{ "do": "ask", "variations": ["What is it about?"], "quick_replies": ["Prices", "My order"] }],
    });
    let prices = json!({
        "name": "prices", "trigger": { "on": "dm" },
        "conditions": [{ "if": "keywords_any", "words": ["prices"] }],
        "actions": [{ "do": "reply", "variations": ["Our prices are in the shop"] }],
    });
    let shop = app.tenant("acme").rule(ask).rule(prices).create().await;
    let hello = app.message(&shop, "fan", "hello");
    app.settle().await;
    assert_eq!(app.visible(&hello).messages[0].text, "What is it about?");
    let sent = &app.effects(&shop).await[0];
    let asked = serde_json::to_value(&sent.action).unwrap();
    assert_eq!(asked["quick_replies"], json!(["Prices", "My order"]));

    let mut tap = sandbox::NewMessage::new("fan", "Prices");
    tap.quick_reply = Some("Prices".to_owned());
    let tap = app.sandbox.direct_message(&shop, tap).unwrap();
    app.settle().await;
    assert_eq!(app.visible(&tap.id).messages[0].text, "Our prices are in the shop");
    let too_many = json!({
        "name": "ask", "trigger": { "on": "dm" }, "conditions": [],
        "actions": [{ "do": "ask", "variations": ["?"], "quick_replies": ["a title that is much too long for it"] }],
    });
    assert_eq!(app.api.post(&shop.path("/rules"), too_many).await.status, 422);
    app
}

async fn a_person_sees_that_somebody_writes_before_the_answer_comes(app: TestApp) -> TestApp {
    let comms = CommsSettings { typing_seconds: 1, ..CommsSettings::default() };
    let shop = app.tenant("acme").settings(|settings| settings.comms = comms).rule(greeting()).create().await;
    let hello = app.message(&shop, "anna", "hello there");
    app.settle().await;
    assert_eq!(app.visible(&hello).messages.len(), 1);
    let shown = app.sandbox.calls();
    let of_messages =
        shown.iter().filter(|call| call.path.ends_with("/messages") && call.status == Some(200));
    let endpoints: Vec<Endpoint> = of_messages.map(|call| call.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::SenderAction, Endpoint::SenderAction, Endpoint::SendMessage]);
    let (signals, answer) = (&shown[shown.len() - 2], &shown[shown.len() - 1]);
    assert!(answer.at - signals.at >= chrono::TimeDelta::seconds(1), "{shown:?}");
    app
}
