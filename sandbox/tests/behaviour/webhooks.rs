use std::{collections::BTreeSet, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use troupe_sandbox::{
    AccountChange, Batching, ControlError, DeliveryOptions, DeliveryOutcome, Envelope, Fault, FaultKind,
    Login, NewAccount, NewApp, NewComment, NewEvent, NewMedia, NewMention, NewMessage, NewPostback,
    NewReaction, OwnComment, OwnMessage, SandboxOptions, Subscription,
};

use crate::kit::{Hook, Kit, PATIENCE, Receiver, read};

fn is_signed_with(hook: &Hook, secret: &str) -> bool {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    code.update(&hook.body);
    let expected = format!("sha256={}", hex::encode(code.finalize().into_bytes()));
    hook.headers["x-hub-signature-256"] == expected
}

#[tokio::test]
async fn a_comment_arrives_signed_over_its_escaped_bytes() {
    let (kit, receiver) = Kit::with_receiver().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "schön 😀 a/b")).unwrap();
    kit.delivered().await;
    let hook = receiver.hooks().remove(0);
    assert!(is_signed_with(&hook, &kit.sandbox.apps()[0].secret));
    let text = String::from_utf8(hook.body.clone()).unwrap();
    assert!(text.contains(r"sch\u00f6n \ud83d\ude00 a\/b"), "{text}");
    assert_eq!(hook.headers["user-agent"], "facebookexternalua");
    assert!(hook.headers["x-hub-signature"].to_str().unwrap().starts_with("sha1="));
    let payload = hook.json();
    assert_eq!(payload["object"], "instagram");
    let entry = &payload["entry"][0];
    assert_eq!(entry["id"], kit.shop.user_id.as_str());
    assert!(entry["time"].as_i64().unwrap() < 100_000_000_000, "seconds");
    let value = &entry["changes"][0]["value"];
    assert_eq!(value["id"], comment.id.as_str());
    assert_eq!(value["from"], json!({"id": kit.igsid("fan"), "username": "fan"}));
    assert_eq!(value["media"]["media_product_type"], "FEED");
    assert!(value.get("parent_id").is_none());
}

#[tokio::test]
async fn own_comments_and_api_replies_come_back_as_comments() {
    let (kit, receiver) = Kit::with_receiver().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi").silent()).unwrap().id;
    kit.post(&format!("/{comment}/replies"), &[("message", "hello")]).await.ok();
    let own = OwnComment { text: "phone".to_owned(), parent: Some(comment.clone()), ..OwnComment::default() };
    kit.sandbox.own_comment(&kit.shop, own).unwrap();
    kit.delivered().await;
    let events = receiver.events();
    assert_eq!(events.len(), 2);
    for (field, value) in events {
        assert_eq!(field, "comments");
        assert_eq!(value["from"]["id"], kit.shop.user_id.as_str());
        assert_eq!(value["from"]["self_ig_scoped_id"], kit.shop.self_ig_scoped_id.as_str());
        assert_eq!(value["parent_id"], comment.as_str());
    }
}

#[tokio::test]
async fn messages_from_people_and_echoes_of_every_origin_arrive() {
    let (kit, receiver) = Kit::with_receiver().await;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap();
    kit.delivered().await;
    kit.send("fan", "by api").await.ok();
    kit.delivered().await;
    kit.sandbox
        .own_message(&kit.shop, OwnMessage { to: "fan".to_owned(), text: "by phone".to_owned() })
        .unwrap();
    kit.delivered().await;
    let events = receiver.events();
    let (_, inbound) = &events[0];
    assert_eq!(inbound["sender"]["id"], kit.igsid("fan"));
    assert_eq!(inbound["recipient"]["id"], kit.shop.user_id.as_str());
    assert!(inbound["timestamp"].as_i64().unwrap() > 100_000_000_000, "milliseconds");
    for ((_, echo), text) in events[1..].iter().zip(["by api", "by phone"]) {
        assert_eq!(echo["sender"]["id"], kit.shop.user_id.as_str());
        assert_eq!(echo["recipient"]["id"], kit.igsid("fan"));
        assert_eq!((&echo["message"]["is_echo"], &echo["message"]["text"]), (&json!(true), &json!(text)));
    }
}

#[tokio::test]
async fn every_kind_of_message_event_has_its_shape() {
    let (kit, receiver) = Kit::with_receiver().await;
    let shop = &kit.shop;
    let story = kit.sandbox.create_media(shop, NewMedia::story()).unwrap().id;
    let message = kit.sandbox.direct_message(shop, NewMessage::story_reply("fan", &story, "wow")).unwrap().id;
    kit.delivered().await;
    kit.sandbox.edit_message(&message, "wow!").unwrap();
    kit.delivered().await;
    let react = |reaction: Option<&str>| NewReaction {
        message: Some(message.clone()),
        reaction: reaction.map(str::to_owned),
        emoji: None,
    };
    kit.sandbox.react(react(Some("love"))).unwrap();
    kit.delivered().await;
    kit.sandbox.react(react(None)).unwrap();
    kit.delivered().await;
    kit.sandbox.seen(&message).unwrap();
    kit.delivered().await;
    let tap = NewPostback { from: "fan".to_owned(), title: "Start".to_owned(), payload: "START".to_owned() };
    kit.sandbox.postback(shop, tap).unwrap();
    kit.delivered().await;
    kit.sandbox.unsend_message(&message).unwrap();
    kit.delivered().await;
    let items: Vec<Value> = receiver.events().into_iter().map(|(_, item)| item).collect();
    let mid = message.as_str();
    assert_eq!(items[0]["message"]["reply_to"]["story"]["id"], story.as_str());
    assert_eq!(items[1]["message_edit"], json!({"mid": mid, "text": "wow!", "num_edit": 1}));
    let love = json!({"mid": mid, "action": "react", "reaction": "love", "emoji": "\u{2764}\u{fe0f}"});
    assert_eq!(items[2]["reaction"], love);
    assert_eq!(items[3]["reaction"], json!({"mid": mid, "action": "unreact"}));
    assert_eq!(items[4]["read"], json!({"mid": mid}));
    assert_eq!(
        (&items[5]["postback"]["title"], &items[5]["postback"]["payload"]),
        (&json!("Start"), &json!("START"))
    );
    assert_eq!(items[6]["message"], json!({"mid": mid, "is_deleted": true}));
}

#[tokio::test]
async fn mentions_come_by_their_own_field_on_facebook_and_as_comments_on_instagram() {
    for (login, field) in [(Login::Facebook, "mentions"), (Login::Instagram, "comments")] {
        let (kit, receiver) = Kit::with_receiver_for(login).await;
        let mention = NewMention { from: "fan".to_owned(), text: "@acme".to_owned(), in_caption: false };
        let (media, comment) = kit.sandbox.mention(&kit.shop, mention).unwrap();
        kit.delivered().await;
        let (arrived, value) = receiver.events().remove(0);
        assert_eq!(arrived, field);
        let id = if login == Login::Facebook { &value["comment_id"] } else { &value["id"] };
        assert_eq!(id, comment.unwrap().as_str());
        if login == Login::Facebook {
            assert_eq!(value["media_id"], media.as_str());
        }
    }
}

#[tokio::test]
async fn a_refused_delivery_is_retried_until_it_is_accepted() {
    let (kit, receiver) = Kit::with_receiver().await;
    receiver.answer_next(&[500, 503]);
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap();
    kit.delivered().await;
    assert_eq!((receiver.posts(), receiver.hooks().len()), (3, 1));
    let delivery = kit.sandbox.deliveries().remove(0);
    assert_eq!((delivery.attempts, delivery.outcome), (3, DeliveryOutcome::Accepted));
}

#[tokio::test]
async fn a_delivery_that_is_always_refused_is_given_up() {
    let (kit, receiver) = Kit::with_receiver().await;
    receiver.answer_next(&[500; 10]);
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap();
    kit.delivered().await;
    assert_eq!(receiver.posts(), 4);
    assert_eq!(kit.sandbox.deliveries()[0].outcome, DeliveryOutcome::GivenUp);
}

#[tokio::test]
async fn an_unreachable_receiver_leaves_updates_pending() {
    let deliver = DeliveryOptions {
        callback_url: Some("http://127.0.0.1:9/".to_owned()),
        ..DeliveryOptions::default()
    };
    let kit = Kit::with(SandboxOptions { deliver, ..SandboxOptions::default() }, Login::Instagram).await;
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap();
    let error = kit.sandbox.wait_delivered(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!((error.pending, kit.sandbox.pending_deliveries()), (1, 1));
    tokio::time::timeout(Duration::from_secs(3), kit.sandbox.stop()).await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_for_unsubscribed_or_private_accounts() {
    let (kit, receiver) = Kit::with_receiver().await;
    let change = |subscribed, private| AccountChange {
        subscribed: Some(subscribed),
        private: Some(private),
        ..AccountChange::default()
    };
    kit.sandbox.change_account(&kit.shop, change(false, false)).unwrap();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "1")).unwrap();
    kit.sandbox.change_account(&kit.shop, change(true, true)).unwrap();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "2")).unwrap();
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "3")).unwrap();
    kit.delivered().await;
    let events = receiver.events();
    assert_eq!(events.len(), 1, "messages of private accounts do arrive");
    assert_eq!(events[0].1["message"]["text"], "3");
}

#[tokio::test]
async fn the_apps_own_fields_decide_not_the_accounts() {
    let (kit, receiver) = Kit::with_receiver().await;
    let path = format!("/{}/subscribed_apps", kit.shop.user_id);
    kit.post(&path, &[("subscribed_fields", "messages")]).await.ok();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap();
    kit.delivered().await;
    assert_eq!(receiver.events()[0].0, "comments");
    let app = kit.sandbox.apps().remove(0);
    let only_messages = Subscription {
        callback_url: receiver.url.clone(),
        fields: Some(vec!["messages".to_owned()]),
        unverified: true,
        ..Subscription::default()
    };
    kit.sandbox.subscribe(&app.id, only_messages).await.unwrap();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap();
    kit.delivered().await;
    assert_eq!(receiver.events().len(), 1);
}

#[tokio::test]
async fn two_apps_sign_with_their_own_secrets_for_their_own_accounts() {
    let (kit, first) = Kit::with_receiver().await;
    let second = Receiver::start().await;
    let new = NewApp { callback_url: Some(second.url.clone()), ..NewApp::default() };
    let app = kit.sandbox.create_app(new).unwrap();
    let other = kit.sandbox.create_account(NewAccount::new("rival").app(&app.id)).unwrap();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "1")).unwrap();
    kit.sandbox.comment(&other, NewComment::new("fan", "2")).unwrap();
    kit.delivered().await;
    assert_eq!((first.hooks().len(), second.hooks().len()), (1, 1));
    assert!(is_signed_with(&second.hooks()[0], &app.secret));
    assert!(!is_signed_with(&second.hooks()[0], &kit.sandbox.apps()[0].secret));
}

#[tokio::test]
async fn subscribing_runs_the_handshake_and_a_wrong_answer_is_refused() {
    let kit = Kit::start().await;
    let receiver = Receiver::start().await;
    let app = kit.sandbox.apps().remove(0);
    let to = || Subscription { callback_url: receiver.url.clone(), ..Subscription::default() };
    let refused = kit.sandbox.subscribe(&app.id, to()).await.unwrap_err();
    assert!(matches!(refused, ControlError::Handshake(_)));
    receiver.expect_verify_token(&app.verify_token);
    kit.sandbox.subscribe(&app.id, to()).await.unwrap();
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap();
    kit.delivered().await;
    assert_eq!(receiver.hooks().len(), 1);
}

#[tokio::test]
async fn an_app_subscribes_itself_with_its_app_token() {
    let kit = Kit::start().await;
    let receiver = Receiver::start().await;
    receiver.expect_verify_token("mine");
    let app = kit.sandbox.apps().remove(0);
    let app_token = format!("{}|{}", app.id, app.secret);
    let url = kit.url(&format!("/v25.0/{}/subscriptions", app.id));
    let form = |verify: &'static str| {
        [
            ("object", "instagram"),
            ("callback_url", &receiver.url),
            ("fields", "comments,messages"),
            ("verify_token", verify),
            ("access_token", &app_token),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let wrong = read(kit.client.post(&url).form(&form("other"))).await;
    assert_eq!(wrong.error().1, 2200);
    read(kit.client.post(&url).form(&form("mine"))).await.ok();
    let listed = read(kit.client.get(&url).query(&[("access_token", &app_token)])).await.ok();
    assert_eq!(listed["data"][0]["callback_url"], receiver.url.as_str());
    assert_eq!(listed["data"][0]["fields"].as_array().unwrap().len(), 2);
    assert_eq!(kit.get(&format!("/{}/subscriptions", app.id), &[]).await.error().1, 15);
}

#[tokio::test]
async fn webhook_faults_drop_duplicate_delay_and_forge() {
    let (kit, receiver) = Kit::with_receiver().await;
    let comment = |text: &str| kit.sandbox.comment(&kit.shop, NewComment::new("fan", text)).unwrap();
    kit.sandbox.fault(Fault::new(FaultKind::DropWebhooks).times(1));
    comment("dropped");
    kit.delivered().await;
    assert_eq!(receiver.posts(), 0);
    assert_eq!(kit.sandbox.deliveries()[0].outcome, DeliveryOutcome::Dropped);
    kit.sandbox.fault(Fault::new(FaultKind::DuplicateWebhooks { copies: 2 }).times(1));
    comment("thrice");
    kit.delivered().await;
    assert_eq!(receiver.hooks().len(), 3);
    assert_eq!(receiver.hooks()[0].body, receiver.hooks()[2].body);
    kit.sandbox.fault(Fault::new(FaultKind::DelayWebhooks { delay_ms: 30 }).times(1));
    comment("late");
    kit.delivered().await;
    assert_eq!(receiver.hooks().len(), 4);
    kit.sandbox.fault(Fault::new(FaultKind::WrongSignature).times(1));
    comment("forged");
    kit.delivered().await;
    assert!(!is_signed_with(&receiver.hooks()[4], &kit.sandbox.apps()[0].secret));
}

#[tokio::test]
async fn reordered_webhooks_all_arrive() {
    let (kit, receiver) = Kit::with_receiver().await;
    kit.sandbox.fault(FaultKind::ReorderWebhooks { within_ms: 60 });
    let sent: Vec<String> = (0..30).map(|number| format!("{number:02}")).collect();
    for text in &sent {
        kit.sandbox.comment(&kit.shop, NewComment::new("fan", text)).unwrap();
    }
    kit.delivered().await;
    let arrived: Vec<String> =
        receiver.events().iter().map(|(_, value)| value["text"].as_str().unwrap().to_owned()).collect();
    assert_ne!(arrived, sent);
    assert_eq!(arrived.iter().collect::<BTreeSet<_>>().len(), 30);
}

#[tokio::test]
async fn batched_webhooks_share_a_post() {
    let (kit, receiver) = Kit::with_receiver().await;
    kit.sandbox.fault(FaultKind::BatchWebhooks(Batching { size: 10, linger_ms: 100 }));
    for number in 0..20 {
        kit.sandbox.comment(&kit.shop, NewComment::new("fan", number.to_string())).unwrap();
    }
    kit.delivered().await;
    assert_eq!((receiver.hooks().len(), receiver.events().len()), (2, 20));
}

#[tokio::test]
async fn the_odd_edit_number_zero_follows_messages_when_asked_for() {
    let (kit, receiver) = Kit::with_receiver().await;
    kit.sandbox.fault(FaultKind::NumEditZero);
    let message = kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap().id;
    kit.delivered().await;
    let events = receiver.events();
    let edit = events.iter().map(|(_, item)| item).find(|item| item.get("message_edit").is_some()).unwrap();
    assert_eq!(edit["message_edit"], json!({"mid": message.as_str(), "num_edit": 0}));
    assert!(edit.get("sender").is_none());
}

#[tokio::test]
async fn any_envelope_any_value_and_raw_bytes_can_be_sent() {
    let (kit, receiver) = Kit::with_receiver().await;
    let app = kit.sandbox.apps().remove(0);
    kit.sandbox
        .comment(&kit.shop, NewComment { envelope: Envelope::Flat, ..NewComment::new("fan", "flat") })
        .unwrap();
    kit.delivered().await;
    let standby = NewMessage { envelope: Envelope::Standby, ..NewMessage::new("fan", "other app") };
    kit.sandbox.direct_message(&kit.shop, standby).unwrap();
    kit.delivered().await;
    let event = NewEvent {
        field: "story_insights".to_owned(),
        value: json!({"media_id": "1"}),
        envelope: Envelope::Changes,
    };
    kit.sandbox.deliver_event(&kit.shop, event).unwrap();
    kit.delivered().await;
    kit.sandbox.deliver_test_event(&app.id, "messages").unwrap();
    kit.delivered().await;
    kit.sandbox.deliver_raw(&app.id, "not json at all".as_bytes().to_vec()).unwrap();
    kit.delivered().await;
    let hooks = receiver.hooks();
    let entry = |index: usize| hooks[index].json()["entry"][0].clone();
    assert_eq!((&entry(0)["field"], &entry(0)["value"]["text"]), (&json!("comments"), &json!("flat")));
    assert_eq!(entry(1)["standby"][0]["message"]["text"], "other app");
    assert_eq!(entry(2)["changes"][0]["field"], "story_insights");
    assert_eq!(
        (&entry(3)["id"], &entry(3)["changes"][0]["value"]["message"]["mid"]),
        (&json!("0"), &json!("random_mid"))
    );
    assert_eq!(hooks[4].body, b"not json at all");
    assert!(is_signed_with(&hooks[4], &app.secret));
}

#[tokio::test]
async fn a_thousand_webhooks_are_delivered_concurrently() {
    let (kit, receiver) = Kit::with_receiver().await;
    for number in 0..1_000 {
        kit.sandbox.comment(&kit.shop, NewComment::new(format!("fan{}", number % 50), "hi")).unwrap();
    }
    kit.sandbox.wait_delivered(PATIENCE).await.unwrap();
    assert_eq!(receiver.hooks().len(), 1_000);
}
