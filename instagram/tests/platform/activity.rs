//! What the read API shows, told as webhooks tell it.

use serde_json::{Value, json};
use tenants::account::LoginFlavour::{Facebook, Instagram};
use tenants::clock::Timestamp;
use tenants::event::{EventBody, EventKind};
use tenants::ports::{ActivityReader, SeenItem};
use troupe_instagram::webhook::parse;

use crate::support::{NOW, Room, Stub};

const COMMENTS: &str = "GET /ig/v25.0/1790/comments";
const THREADS: &str = "GET /ig/v25.0/17841400000000123/conversations";
const OWN: &str = "17841400000000123";

/// An hour before the present.
fn since() -> Timestamp {
    NOW - std::time::Duration::from_secs(3_600)
}

fn comment(id: &str, time: &str, from: &str, name: &str, text: &str) -> Value {
    json!({"id": id, "timestamp": format!("2026-03-04T{time}+0000"), "text": text, "username": name,
        "from": {"id": from, "username": name}})
}

/// The item that a webhook with this change or message would have given.
fn told(entry: Value) -> (EventKind, String, String, EventBody) {
    let mut entry = entry;
    entry["id"] = json!(OWN);
    entry["time"] = json!(1_772_600_767);
    let delivery = json!({"object": "instagram", "entry": [entry]});
    let item = parse(delivery.to_string().as_bytes()).unwrap().remove(0);
    (item.kind, item.external_id, item.conversation_key, item.body)
}

fn seen(item: &SeenItem) -> (EventKind, String, String, EventBody) {
    (item.kind, item.external_id.clone(), item.conversation_key.clone(), item.body.clone())
}

#[tokio::test]
async fn a_comment_is_what_its_webhook_would_have_told_to_the_letter() {
    let stub = Stub::start().await;
    let mut top = comment("1801", "05:00:00", "1230", "ana", "do you ship?");
    let reply = comment("1802", "05:01:00", "1231", "bo", "yes?");
    top["replies"] = json!({"data": [reply]});
    let old = comment("1700", "01:00:00", "1230", "ana", "long ago");
    stub.on(COMMENTS, 200, json!({"data": [top, old]}));
    let room = Room::new(&stub.address, Instagram);
    let found = room.gateway.comments_below(&room.account, "1790", since()).await.unwrap().found;
    assert_eq!((found.listed, found.items.len(), found.is_cut), (3, 2, false));
    let value = |id: &str, from: &str, name: &str, text: &str| json!({"id": id, "text": text, "media": {"id": "1790"}, "from": {"id": from, "username": name}});
    let change = |value: Value| told(json!({"changes": [{"field": "comments", "value": value}]}));
    assert_eq!(seen(&found.items[0]), change(value("1801", "1230", "ana", "do you ship?")));
    let mut reply = value("1802", "1231", "bo", "yes?");
    reply["parent_id"] = json!("1801");
    assert_eq!(seen(&found.items[1]), change(reply));
}

#[tokio::test]
async fn a_comment_of_the_account_is_its_own_and_one_without_an_author_is_left_out() {
    let stub = Stub::start().await;
    let own = comment("1801", "05:00:00", OWN, "acme", "thank you");
    let nobody = json!({"id": "1802", "timestamp": "2026-03-04T05:00:00+0000", "text": "hi"});
    stub.on(COMMENTS, 200, json!({"data": [own, nobody]}));
    let room = Room::new(&stub.address, Instagram);
    let found = room.gateway.comments_below(&room.account, "1790", since()).await.unwrap().found;
    let kinds: Vec<_> = found.items.iter().map(|item| item.kind).collect();
    assert_eq!((kinds, found.listed), (vec![EventKind::OwnComment], 2));
}

#[tokio::test]
async fn many_comments_come_in_pages_and_no_more_than_four_are_read() {
    let stub = Stub::start().await;
    let page = json!({"data": [comment("1801", "05:00:00", "1230", "ana", "hi")],
        "paging": {"cursors": {"after": "c1"}, "next": "https://x/"}});
    let mut pages = page.clone();
    pages["paging"]["cursors"]["after"] = json!("c2");
    stub.on(COMMENTS, 200, page).on(COMMENTS, 200, pages.clone());
    let room = Room::new(&stub.address, Instagram);
    let found = room.gateway.comments_below(&room.account, "1790", since()).await.unwrap().found;
    // The stub repeats its last page: the same cursor again ends the reading.
    assert!(found.listed >= 2 && found.listed <= 4, "{}", found.listed);
}

fn message(id: &str, time: &str, from: &str, to: &str, text: &str) -> Value {
    json!({"id": id, "created_time": format!("2026-03-04T{time}+0000"), "from": {"id": from},
        "to": {"data": [{"id": to}]}, "message": text})
}

#[tokio::test]
async fn messages_in_both_directions_are_what_their_webhooks_would_have_told() {
    let stub = Stub::start().await;
    let messages = [
        message("m3", "05:00:30", OWN, "1230", "hello back"),
        message("m2", "05:00:00", "1230", OWN, "hello"),
        message("m1", "01:00:00", "1230", OWN, "long ago"),
    ];
    let thread =
        json!({"id": "t1", "updated_time": "2026-03-04T05:00:30+0000", "messages": {"data": messages}});
    let rests = json!({"id": "t2", "updated_time": "2026-03-04T01:00:00+0000", "messages": {"data": []}});
    stub.on(THREADS, 200, json!({"data": [thread, rests]}));
    let room = Room::new(&stub.address, Instagram);
    let found = room.gateway.messages(&room.account, since()).await.unwrap().found;
    assert_eq!((found.items.len(), found.is_cut), (2, false));
    let item = |sender: &str, recipient: &str, body: Value| {
        told(json!({"messaging": [{"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": 1,
            "message": body}]}))
    };
    let echo = item(OWN, "1230", json!({"mid": "m3", "text": "hello back", "is_echo": true}));
    assert_eq!(seen(&found.items[0]), echo);
    assert_eq!(seen(&found.items[1]), item("1230", OWN, json!({"mid": "m2", "text": "hello"})));
    assert_eq!(found.items[1].written_at.to_string(), "2026-03-04T05:00:00.000000Z");
}

#[tokio::test]
async fn story_replies_mentions_and_attachments_keep_their_kind() {
    let stub = Stub::start().await;
    let mut reply = message("m1", "05:00:00", "1230", OWN, "wow");
    reply["story"] = json!({"reply_to": {"id": "1799", "link": "https://x/"}});
    let mut mention = message("m2", "05:00:01", "1230", OWN, "");
    mention["story"] = json!({"mention": {"link": "https://x/s"}});
    let mut image = message("m3", "05:00:02", "1230", OWN, "");
    image["attachments"] =
        json!({"data": [{"image_data": {"url": "https://x/i"}}, {"file_url": "https://x/f"}]});
    let thread = json!({"id": "t1", "updated_time": "2026-03-04T05:00:02+0000",
        "messages": {"data": [image, mention, reply]}});
    stub.on(THREADS, 200, json!({"data": [thread]}));
    let room = Room::new(&stub.address, Instagram);
    let items = room.gateway.messages(&room.account, since()).await.unwrap().found.items;
    let kinds: Vec<_> = items.iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [EventKind::Message, EventKind::StoryReply, EventKind::StoryReply]);
    let EventBody::Message(body) = &items[0].body else { panic!("{items:?}") };
    let attached: Vec<_> = body.attachments.iter().map(|file| file.kind.as_str()).collect();
    assert_eq!(attached, ["image", "file"]);
}

#[tokio::test]
async fn beyond_the_newest_twenty_messages_something_may_be_missing() {
    let stub = Stub::start().await;
    let mut messages: Vec<Value> =
        (0..20).map(|n| message(&format!("m{n}"), "05:00:00", "1230", OWN, "hi")).collect();
    messages.push(json!({"id": "m20", "created_time": "2026-03-04T04:59:00+0000"}));
    let thread =
        json!({"id": "t1", "updated_time": "2026-03-04T05:00:00+0000", "messages": {"data": messages}});
    stub.on(THREADS, 200, json!({"data": [thread]}));
    let room = Room::new(&stub.address, Instagram);
    let found = room.gateway.messages(&room.account, since()).await.unwrap().found;
    assert_eq!((found.items.len(), found.is_cut), (20, true));
}

#[tokio::test]
async fn media_come_with_their_numbers_and_webhooks_with_their_fields() {
    let stub = Stub::start().await;
    let media = json!({"data": [
        {"id": "1790", "timestamp": "2026-03-04T05:00:00+0000", "comments_count": 3, "like_count": 9},
        {"id": "1791", "timestamp": "2026-03-04T04:00:00+0000"},
        {"id": "1792"},
    ]});
    stub.on("GET /ig/v25.0/17841400000000123/media", 200, media);
    let apps = json!({"data": [{"app_id": "1", "subscribed_fields": ["messages", "comments"]},
        {"app_id": "2", "subscribed_fields": [{"name": "comments"}]}]});
    stub.on("GET /ig/v25.0/17841400000000123/subscribed_apps", 200, apps.clone());
    stub.on("GET /fb/v25.0/1029384756/subscribed_apps", 200, apps);
    for flavour in [Instagram, Facebook] {
        let room = Room::new(&stub.address, flavour);
        let fields = room.gateway.webhook_fields(&room.account).await.unwrap().found;
        assert_eq!(fields, ["comments", "messages"]);
    }
    let room = Room::new(&stub.address, Instagram);
    let media = room.gateway.recent_media(&room.account).await.unwrap().found;
    let numbers: Vec<_> =
        media.iter().map(|media| (media.id.as_str(), media.comments, media.likes)).collect();
    assert_eq!(numbers, [("1790", Some(3), Some(9)), ("1791", None, None)]);
}
