use chrono::TimeDelta;
use serde_json::{Value, json};
use troupe_sandbox::{
    AccountChange, NewAccount, NewApp, NewMedia, NewMessage, NewPostback, RelationChange, SandboxOptions,
};

use crate::kit::{Kit, read};

async fn kit_with_message() -> (Kit, String) {
    let kit = Kit::start().await;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap();
    let igsid = kit.igsid("fan");
    (kit, igsid)
}

#[tokio::test]
async fn a_message_inside_the_window_is_sent_by_json_or_form() {
    let (kit, igsid) = kit_with_message().await;
    let sent = kit.send("fan", "hello").await.ok();
    assert_eq!(sent["recipient_id"], igsid);
    let form =
        [("recipient", format!("{{\"id\":\"{igsid}\"}}")), ("message", "{\"text\":\"by form\"}".to_owned())];
    let url = kit.url(&format!("/v25.0/{}/messages", kit.shop.user_id));
    read(kit.client.post(url).bearer_auth(&kit.token).form(&form)).await.ok();
    let texts: Vec<_> = kit
        .sandbox
        .messages_with(&kit.shop, "fan")
        .unwrap()
        .into_iter()
        .filter_map(|message| message.text)
        .collect();
    assert_eq!(texts, ["hi", "hello", "by form"]);
}

#[tokio::test]
async fn a_page_sends_by_its_own_id_on_the_facebook_host() {
    let kit = Kit::facebook().await;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap();
    let body = json!({"recipient": {"id": kit.igsid("fan")}, "message": {"text": "hello"}});
    kit.post_json(&format!("/v25.0/{}/messages", kit.shop.page_id), &body).await.ok();
}

#[tokio::test]
async fn after_a_day_only_a_human_agent_may_write_and_after_a_week_nobody() {
    let (kit, igsid) = kit_with_message().await;
    kit.sandbox.advance_clock(TimeDelta::hours(24) + TimeDelta::seconds(1));
    let closed = kit.send("fan", "late").await;
    assert_eq!(closed.error(), (403, 10, 2_534_022));
    assert_eq!(closed.json["error"]["type"], "IGApiException");
    let human = json!({"recipient": {"id": igsid}, "message": {"text": "a person"},
        "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"});
    kit.post_json("/me/messages", &human).await.ok();
    kit.sandbox.advance_clock(TimeDelta::days(7));
    assert_eq!(kit.post_json("/me/messages", &human).await.error(), (403, 10, 2_534_022));
}

#[tokio::test]
async fn the_human_agent_tag_needs_its_approval() {
    let app = NewApp { human_agent: Some(false), ..NewApp::default() };
    let kit = Kit::with(SandboxOptions { app, ..SandboxOptions::default() }, Default::default()).await;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap();
    let body = json!({"recipient": {"id": kit.igsid("fan")}, "message": {"text": "x"}, "tag": "HUMAN_AGENT"});
    assert_eq!(kit.post_json("/me/messages", &body).await.error(), (403, 10, 0));
}

#[tokio::test]
async fn a_button_tap_opens_the_window_and_a_comment_does_not() {
    let kit = Kit::start().await;
    kit.sandbox.comment(&kit.shop, troupe_sandbox::NewComment::new("fan", "hi")).unwrap();
    assert_eq!(kit.send("fan", "cold").await.error(), (403, 10, 2_534_022));
    let tap = NewPostback { from: "fan".to_owned(), title: "Start".to_owned(), payload: "START".to_owned() };
    kit.sandbox.postback(&kit.shop, tap).unwrap();
    kit.send("fan", "warm").await.ok();
}

#[tokio::test]
async fn a_person_id_of_another_account_matches_nobody() {
    let (kit, _) = kit_with_message().await;
    let other = kit.sandbox.create_account(NewAccount::new("rival")).unwrap();
    kit.sandbox.direct_message(&other, NewMessage::new("fan", "hi")).unwrap();
    let foreign = kit.sandbox.relation(&other, "fan").unwrap().igsid;
    assert_ne!(foreign.as_str(), kit.igsid("fan"), "the same person has another id for every account");
    for id in [foreign.as_str(), "123"] {
        let body = json!({"recipient": {"id": id}, "message": {"text": "x"}});
        assert_eq!(kit.post_json("/me/messages", &body).await.error(), (400, 100, 2_534_014));
    }
}

#[tokio::test]
async fn text_is_limited_to_a_thousand_bytes_not_characters() {
    let (kit, _) = kit_with_message().await;
    kit.send("fan", &"ä".repeat(500)).await.ok();
    assert_eq!(kit.send("fan", &"ä".repeat(501)).await.error().1, 100);
}

#[tokio::test]
async fn messages_without_or_with_too_much_content_are_refused() {
    let (kit, igsid) = kit_with_message().await;
    let image = json!({"type": "image", "payload": {"url": "https://x/y.jpg"}});
    let cases = [
        json!({}),
        json!({"text": ""}),
        json!({"text": 5}),
        json!({"text": "both", "attachment": image}),
        json!({"attachment": {"type": "image", "payload": {}}}),
        json!({"attachment": {"type": "hologram"}}),
        json!({"attachments": vec![image.clone(); 11]}),
        json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": []}}}),
        json!({"text": "x", "quick_replies": vec![json!({"content_type": "text", "title": "a"}); 14]}),
        json!({"attachment_id": "999"}),
        json!([]),
    ];
    for message in cases {
        let body = json!({"recipient": {"id": igsid}, "message": message});
        assert_eq!(kit.post_json("/me/messages", &body).await.error().1, 100, "{message}");
    }
    for body in
        [json!({}), json!({"recipient": {"id": igsid}}), json!({"recipient": [], "message": {"text": "x"}})]
    {
        assert_eq!(kit.post_json("/me/messages", &body).await.error().1, 100, "{body}");
    }
    assert_eq!(kit.sandbox.messages_with(&kit.shop, "fan").unwrap().len(), 1, "nothing was sent");
}

#[tokio::test]
async fn attachments_templates_hearts_and_own_posts_are_accepted() {
    let (kit, igsid) = kit_with_message().await;
    let media = kit.sandbox.create_media(&kit.shop, NewMedia::post("mine")).unwrap().id;
    let upload = json!({"message": {"attachment": {"type": "image", "payload": {"url": "https://x/y.png"}}}});
    let stored = kit.post_json("/me/message_attachments", &upload).await.ok()["attachment_id"].clone();
    let messages = [
        json!({"attachment": {"type": "image", "payload": {"url": "https://x/y.jpg"}}}),
        json!({"attachments": [{"type": "image", "payload": {"url": "https://x/1.jpg"}}]}),
        json!({"attachment": {"type": "like_heart"}}),
        json!({"attachment": {"type": "MEDIA_SHARE", "payload": {"id": media.as_str()}}}),
        json!({"attachment": {"type": "template", "payload": {"template_type": "generic",
            "elements": [{"title": "T", "subtitle": "S"}]}}}),
        json!({"attachment_id": stored}),
        json!({"text": "pick", "quick_replies": [{"content_type": "text", "title": "A", "payload": "A"}]}),
    ];
    for message in messages {
        let body = json!({"recipient": {"id": igsid}, "message": message});
        kit.post_json("/me/messages", &body).await.ok();
    }
}

#[tokio::test]
async fn the_account_reacts_with_love_and_takes_it_back() {
    let (kit, igsid) = kit_with_message().await;
    let inbound = kit.sandbox.messages_with(&kit.shop, "fan").unwrap()[0].id.clone();
    let body = |action: &str, payload: Value| json!({"recipient": {"id": igsid}, "sender_action": action, "payload": payload});
    let react = |reaction: &str| body("react", json!({"message_id": inbound.as_str(), "reaction": reaction}));
    assert_eq!(kit.post_json("/me/messages", &react("love")).await.ok(), json!({"recipient_id": igsid}));
    assert_eq!(kit.sandbox.effects_of(&inbound).unwrap().reactions, ["love"]);
    assert!(kit.post_json("/me/messages", &react("fire")).await.text.contains("invalid reaction"));
    let unreact = body("unreact", json!({"message_id": inbound.as_str()}));
    kit.post_json("/me/messages", &unreact).await.ok();
    assert!(kit.sandbox.effects_of(&inbound).unwrap().reactions.is_empty());
}

#[tokio::test]
async fn sender_actions_stand_alone() {
    let (kit, igsid) = kit_with_message().await;
    for action in ["typing_on", "typing_off", "mark_seen"] {
        let body = json!({"recipient": {"id": igsid}, "sender_action": action});
        assert_eq!(kit.post_json("/me/messages", &body).await.ok(), json!({"recipient_id": igsid}));
    }
    let mixed = json!({"recipient": {"id": igsid}, "sender_action": "typing_on", "message": {"text": "x"}});
    assert_eq!(kit.post_json("/me/messages", &mixed).await.error().1, 100);
    let unknown = json!({"recipient": {"id": igsid}, "sender_action": "dance"});
    assert_eq!(kit.post_json("/me/messages", &unknown).await.error().1, 100);
}

#[tokio::test]
async fn people_who_block_and_owners_who_close_message_access_stop_sends() {
    let (kit, _) = kit_with_message().await;
    let blocks = |blocks| RelationChange { blocks_account: Some(blocks), ..RelationChange::default() };
    kit.sandbox.relate(&kit.shop, "fan", blocks(true)).unwrap();
    assert_eq!(kit.send("fan", "x").await.error(), (400, 551, 1_545_041));
    kit.sandbox.relate(&kit.shop, "fan", blocks(false)).unwrap();
    let closed = AccountChange { message_access: Some(false), ..AccountChange::default() };
    kit.sandbox.change_account(&kit.shop, closed).unwrap();
    assert_eq!(kit.send("fan", "x").await.error(), (403, 200, 2_534_041));
}
