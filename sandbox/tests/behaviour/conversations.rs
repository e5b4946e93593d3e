use chrono::TimeDelta;
use serde_json::json;
use troupe_sandbox::{LimitOptions, NewComment, NewMedia, NewMessage, OwnMessage, SandboxOptions};

use crate::kit::Kit;

async fn unlimited() -> Kit {
    let options = SandboxOptions { limits: LimitOptions::unlimited(), ..SandboxOptions::default() };
    Kit::with(options, Default::default()).await
}

#[tokio::test]
async fn conversations_are_listed_by_newest_message_and_found_by_person() {
    let kit = unlimited().await;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("first", "1")).unwrap();
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("second", "2")).unwrap();
    kit.sandbox.advance_clock(TimeDelta::seconds(1));
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("first", "3")).unwrap();
    let path = format!("/{}/conversations", kit.shop.user_id);
    let listed = kit.get(&path, &[("platform", "instagram"), ("fields", "id,participants")]).await.ok();
    let names: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thread| thread["participants"]["data"][1]["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["first", "second"]);
    let igsid = kit.igsid("second");
    let fields = "messages{id,message,from,to,created_time}";
    let found = kit.get(&path, &[("user_id", &igsid), ("fields", fields)]).await.ok();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    let message = &found["data"][0]["messages"]["data"][0];
    assert_eq!(message["message"], "2");
    assert_eq!(message["from"], json!({"id": igsid, "username": "second"}));
    assert_eq!(message["to"]["data"][0]["id"], kit.shop.user_id.as_str());
    assert_eq!(kit.get(&path, &[("user_id", "42")]).await.ok()["data"], json!([]));
    assert_eq!(kit.get(&path, &[("platform", "messenger")]).await.error().1, 100);
}

#[tokio::test]
async fn only_the_twenty_newest_messages_can_be_read() {
    let kit = unlimited().await;
    for number in 0..25 {
        kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", number.to_string())).unwrap();
    }
    let messages = kit.sandbox.messages_with(&kit.shop, "fan").unwrap();
    let thread = messages[0].conversation.clone();
    let read = kit.get(&format!("/{thread}"), &[("fields", "messages.limit(50){id,message}")]).await.ok();
    let listed = read["messages"]["data"].as_array().unwrap();
    assert_eq!(listed.len(), 25, "all ids are listed");
    assert_eq!((listed[19]["message"].as_str(), listed[20].get("message")), (Some("5"), None));
    let newest = format!("/{}", messages[24].id);
    assert_eq!(kit.get(&newest, &[("fields", "message")]).await.ok()["message"], "24");
    let old = format!("/{}", messages[4].id);
    assert_eq!(kit.get(&old, &[("fields", "message")]).await.error().1, 9_000_001);
    let page = kit.get(&format!("/{thread}/messages"), &[("limit", "10")]).await.ok();
    assert_eq!(page["data"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn an_unsent_message_reads_as_deleted() {
    let kit = unlimited().await;
    let message = kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "oops")).unwrap().id;
    kit.sandbox.unsend_message(&message).unwrap();
    assert_eq!(kit.get(&format!("/{message}"), &[("fields", "message")]).await.error().1, 9_000_001);
}

#[tokio::test]
async fn story_replies_attachments_and_reactions_are_read_back() {
    let kit = unlimited().await;
    let story = kit.sandbox.create_media(&kit.shop, NewMedia::story()).unwrap().id;
    let reply =
        kit.sandbox.direct_message(&kit.shop, NewMessage::story_reply("fan", &story, "wow")).unwrap().id;
    let read = kit.get(&format!("/{reply}"), &[("fields", "story,message,attachments")]).await.ok();
    assert_eq!(read["story"]["reply_to"]["id"], story.as_str());
    assert!(read.get("attachments").is_none());
    let mention = kit.sandbox.direct_message(&kit.shop, NewMessage::story_mention("fan")).unwrap().id;
    let read = kit.get(&format!("/{mention}"), &[("fields", "story")]).await.ok();
    assert!(read["story"]["mention"]["link"].is_string());
    let image = json!({"type": "image", "payload": {"url": "https://x/y.jpg"}});
    let picture = NewMessage { text: None, attachments: vec![image], ..NewMessage::new("fan", "") };
    let picture = kit.sandbox.direct_message(&kit.shop, picture).unwrap().id;
    let read = kit.get(&format!("/{picture}"), &[("fields", "attachments,message")]).await.ok();
    assert_eq!(read["attachments"]["data"][0]["image_data"]["url"], "https://x/y.jpg");
}

#[tokio::test]
async fn requests_at_rest_for_thirty_days_disappear_unless_answered() {
    let kit = unlimited().await;
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("ignored", "hi")).unwrap();
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("answered", "hi")).unwrap();
    kit.sandbox
        .own_message(&kit.shop, OwnMessage { to: "answered".to_owned(), text: "yo".to_owned() })
        .unwrap();
    kit.sandbox.advance_clock(TimeDelta::days(31));
    let listed = kit.get("/me/conversations", &[("fields", "name")]).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["name"], "answered");
}

#[tokio::test]
async fn a_profile_needs_consent() {
    let kit = unlimited().await;
    kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap();
    let path = format!("/{}", kit.igsid("fan"));
    let refused = kit.get(&path, &[("fields", "name,username")]).await;
    assert_eq!(refused.error(), (403, 230, 0));
    assert_eq!(refused.json["error"]["message"], "(#230) User consent is required to access user profile");
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap();
    let profile = kit.get(&path, &[("fields", "name,username,is_user_follow_business")]).await.ok();
    assert_eq!(profile["username"], "fan");
    assert_eq!(profile["is_user_follow_business"], false);
    assert_eq!(kit.get("/1230000000000456", &[("fields", "name")]).await.error().1, 9010);
}
