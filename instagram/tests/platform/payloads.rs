//! What each payload of the reference becomes.

use serde_json::{Value, json};
use tenants::event::EventKind;
use troupe_instagram::IncomingItem;
use troupe_instagram::webhook::parse;

use crate::support::{self, NOW};
use tenants::account::LoginFlavour::Instagram;

const ACCOUNT: &str = "17841400000000123";

fn only(delivery: &Value) -> IncomingItem {
    let mut items = parse(delivery.to_string().as_bytes()).unwrap();
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
}

fn change(field: &str, value: Value) -> IncomingItem {
    let raw = json!({"field": field, "value": value});
    let item = only(
        &json!({"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1767225600, "changes": [raw]}]}),
    );
    assert_eq!(item.raw, raw, "the raw form is kept");
    item
}

/// An item from the person to the account, with `members` added.
fn inbound(members: Value) -> IncomingItem {
    messaging(
        json!({"sender": {"id": "1230"}, "recipient": {"id": ACCOUNT}, "timestamp": 1767225599800u64}),
        members,
    )
}

fn outbound(members: Value) -> IncomingItem {
    messaging(
        json!({"sender": {"id": ACCOUNT}, "recipient": {"id": "1230"}, "timestamp": 1767225599800u64}),
        members,
    )
}

fn messaging(mut raw: Value, members: Value) -> IncomingItem {
    raw.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let entry = json!([{"time": 1767225600123u64, "id": ACCOUNT, "messaging": [raw]}]);
    let item = only(&json!({"object": "instagram", "entry": entry}));
    assert_eq!(item.raw, raw, "the raw form is kept");
    item
}

/// Kind, external id and conversation key in one line.
fn line(item: &IncomingItem) -> String {
    format!("{} {} {}", item.kind, item.external_id, item.conversation_key)
}

fn body(item: &IncomingItem) -> Value {
    serde_json::to_value(&item.body).unwrap()
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit())
}

#[test]
fn a_reply_to_a_comment_belongs_to_the_thread_of_the_top_comment() {
    let item = change(
        "comments",
        json!({
            "from": {"id": "1230000000000456", "username": "fan_one"},
            "media": {"id": "17900000000000001", "media_product_type": "REELS", "ad_id": "1", "ad_title": "Spring"},
            "id": "18000000000000077", "parent_id": "18000000000000070", "text": "price?",
        }),
    );
    assert_eq!(line(&item), "comment 18000000000000077 comment:18000000000000070");
    assert_eq!(item.external_account, ACCOUNT);
    assert_eq!(item.occurred_at.unwrap().as_millis(), 1_767_225_600_000);
    assert_eq!(
        body(&item),
        json!({
            "body": "comment", "comment_id": "18000000000000077", "parent_id": "18000000000000070",
            "media_id": "17900000000000001", "media_product_type": "REELS",
            "from": {"id": "1230000000000456", "username": "fan_one"}, "text": "price?",
        })
    );
}

#[test]
fn a_comment_needs_little_and_takes_ids_of_any_form() {
    let item =
        change("comments", json!({"from": {"id": 1230000000000456u64}, "comment_id": 18000000000000077u64}));
    assert_eq!(line(&item), "comment 18000000000000077 comment:18000000000000077");
    let expected = json!({
        "body": "comment", "comment_id": "18000000000000077", "from": {"id": "1230000000000456"}, "text": "",
    });
    assert_eq!(body(&item), expected);
}

#[test]
fn a_live_comment_is_a_comment_of_its_own_kind() {
    let item =
        change("live_comments", json!({"from": {"id": "1"}, "id": "2", "text": "hi", "media": {"id": "3"}}));
    assert_eq!(line(&item), "live_comment 2 comment:2");
}

#[test]
fn comments_of_the_account_itself_are_recognised() {
    let by_id = json!({"from": {"id": ACCOUNT, "username": "acme"}, "id": "2", "text": "hi"});
    let by_mark =
        json!({"from": {"id": "9", "self_ig_scoped_id": "990000000000001"}, "id": "2", "text": "hi"});
    for value in [by_id, by_mark] {
        assert_eq!(line(&change("comments", value.clone())), "own_comment 2 comment:2");
        assert_eq!(line(&change("live_comments", value)), "own_comment 2 comment:2");
    }
    let account = support::account(Instagram);
    for from in [json!({"id": "24000000000000001"}), json!({"id": "5", "username": "ACME"})] {
        let item = change("comments", json!({"from": from, "id": "2", "text": "hi"}));
        assert_eq!(item.kind, EventKind::Comment);
        assert_eq!(item.for_account(&account).kind, EventKind::OwnComment);
    }
    let stranger = change("comments", json!({"from": {"id": "5", "username": "fan"}, "id": "2"}));
    assert_eq!(stranger.for_account(&account).kind, EventKind::Comment);
}

#[test]
fn a_comment_without_author_or_id_is_kept_but_not_answered() {
    for value in [json!({"id": "2", "text": "hi"}), json!({"from": {"id": "1"}, "text": "hi"}), json!("hi")] {
        let item = change("comments", value);
        assert_eq!((item.kind, body(&item)), (EventKind::Unknown, json!({"body": "raw"})));
        assert!(is_hash(&item.external_id));
    }
}

#[test]
fn a_mention_is_in_a_caption_or_in_a_comment() {
    let item = change("mentions", json!({"media_id": "179"}));
    assert_eq!(line(&item), "mention 179 mention:179");
    assert_eq!(body(&item), json!({"body": "mention", "media_id": "179"}));
    let item = change("mentions", json!({"media_id": "179", "comment_id": "188"}));
    assert_eq!(line(&item), "mention 179:188 mention:179:188");
    assert_eq!(body(&item), json!({"body": "mention", "media_id": "179", "comment_id": "188"}));
}

#[test]
fn a_text_message() {
    let item = inbound(json!({"message": {"mid": "m1", "text": "hi"}}));
    assert_eq!(line(&item), "message m1 dm:1230");
    assert_eq!(item.occurred_at.unwrap().as_millis(), 1_767_225_599_800);
    let expected = json!({"body": "message", "mid": "m1", "person": {"id": "1230"}, "text": "hi", "to_self": false, "unsupported": false});
    assert_eq!(body(&item), expected);
}

#[test]
fn members_of_messages_are_read() {
    let quick = inbound(json!({"message": {"mid": "m", "text": "A", "quick_reply": {"payload": "PICK_A"}}}));
    assert_eq!(body(&quick)["quick_reply"], "PICK_A");
    let inline = inbound(
        json!({"message": {"mid": "m", "text": "A", "reply_to": {"mid": "m0", "is_self_reply": false}}}),
    );
    assert_eq!(
        (inline.kind, &body(&inline)["reply_to"]),
        (EventKind::Message, &json!({"to": "message", "mid": "m0"}))
    );
    let unsupported = inbound(json!({"message": {"mid": "m", "is_unsupported": true}}));
    assert_eq!(body(&unsupported)["unsupported"], true);
    let referral = json!({"ref": "r", "ad_id": "12", "source": "ADS", "type": "OPEN_THREAD"});
    let from_ad = inbound(json!({"message": {"mid": "m", "text": "A", "referral": referral}}));
    assert_eq!(line(&from_ad), "message m dm:1230");
}

#[test]
fn attachments_are_kept_in_order_whatever_they_are() {
    let attachments = json!([
        {"type": "image", "payload": {"url": "https://l.example/1"}},
        {"type": "ig_reel", "payload": {"reel_video_id": "1", "title": "t", "url": "https://i.example/reel"}},
        {"type": "ephemeral"},
        {"type": "template", "payload": {"generic": {"elements": []}}},
        {"type": "ig_story", "payload": {"story_media_id": "1", "story_media_url": "https://l.example/s"}},
        {"type": "hologram", "payload": 7},
        {"payload": {}},
        null,
    ]);
    let item = inbound(json!({"message": {"mid": "m", "attachments": attachments}}));
    assert_eq!(
        body(&item)["attachments"],
        json!([
            {"kind": "image", "url": "https://l.example/1"},
            {"kind": "ig_reel", "url": "https://i.example/reel"},
            {"kind": "ephemeral"},
            {"kind": "template"},
            {"kind": "ig_story", "url": "https://l.example/s"},
            {"kind": "hologram"},
            {"kind": "unknown"},
            {"kind": "unknown"},
        ])
    );
}

#[test]
fn a_post_shared_under_both_names_counts_once() {
    let post = |kind: &str, id: &str| json!({"type": kind, "payload": {"ig_post_media_id": id, "url": id}});
    let attachments = json!([post("share", "1"), post("ig_post", "1"), post("share", "2")]);
    let item = inbound(json!({"message": {"mid": "m", "attachments": attachments}}));
    assert_eq!(
        body(&item)["attachments"],
        json!([{"kind": "ig_post", "url": "1"}, {"kind": "share", "url": "2"}])
    );
}

#[test]
fn replies_to_and_mentions_in_stories_are_story_replies() {
    let story =
        json!({"story": {"id": "179", "url": "https://l.example", "link_sticker_url": "https://s.example"}});
    let item = inbound(json!({"message": {"mid": "m", "text": "wow", "reply_to": story}}));
    assert_eq!(line(&item), "story_reply m dm:1230");
    assert_eq!(body(&item)["reply_to"], json!({"to": "story", "id": "179"}));
    let mention = json!([{"type": "story_mention", "payload": {"url": "https://l.example"}}]);
    let item = inbound(json!({"message": {"mid": "m", "attachments": mention}}));
    assert_eq!(line(&item), "story_reply m dm:1230");
}

#[test]
fn an_echo_belongs_to_the_thread_of_its_recipient() {
    let item = outbound(json!({"message": {"mid": "m", "text": "hi", "is_echo": true, "metadata": "ours"}}));
    assert_eq!(line(&item), "echo m dm:1230");
    assert_eq!((&body(&item)["person"], &body(&item)["metadata"]), (&json!({"id": "1230"}), &json!("ours")));
    let unmarked = outbound(json!({"message": {"mid": "m", "text": "hi"}}));
    assert_eq!(line(&unmarked), "echo m dm:1230");
    let other_id = messaging(
        json!({"sender": {"id": "24000000000000001"}, "recipient": {"id": "1230"}}),
        json!({"message": {"mid": "m", "text": "hi", "is_echo": true}}),
    );
    assert_eq!(line(&other_id), "echo m dm:1230");
}

#[test]
fn a_message_sent_under_the_other_id_of_the_account_is_an_echo() {
    let account = support::account(Instagram);
    let raw = json!({"sender": {"id": "24000000000000001"}, "recipient": {"id": "1230"}});
    let item = messaging(raw, json!({"message": {"mid": "m", "text": "hi"}}));
    assert_eq!(line(&item), "message m dm:24000000000000001");
    let event = item.into_event(tenants::ids::EventId(uuid::Uuid::nil()), &account, NOW);
    assert_eq!((event.kind, event.conversation_key.as_str()), (EventKind::Echo, "dm:1230"));
    assert_eq!(serde_json::to_value(&event.body).unwrap()["person"]["id"], "1230");
}

#[test]
fn an_account_that_writes_to_itself_is_marked() {
    let raw = json!({"sender": {"id": ACCOUNT}, "recipient": {"id": ACCOUNT}});
    let item = messaging(raw.clone(), json!({"message": {"mid": "m", "text": "hi", "is_self": true}}));
    assert_eq!((item.kind, &body(&item)["to_self"]), (EventKind::Message, &json!(true)));
    let echo =
        messaging(raw, json!({"message": {"mid": "m", "text": "hi", "is_self": true, "is_echo": true}}));
    assert_eq!((echo.kind, &body(&echo)["to_self"]), (EventKind::Echo, &json!(true)));
}

#[test]
fn a_message_taken_back() {
    let item = inbound(json!({"message": {"mid": "m", "is_deleted": true}}));
    assert_eq!(line(&item), "message_deleted deleted:m dm:1230");
    assert_eq!(body(&item), json!({"body": "message_deleted", "mid": "m", "person": {"id": "1230"}}));
}

#[test]
fn an_edited_message_counts_its_edits_as_number_or_text() {
    for count in [json!(1), json!("1")] {
        let item = inbound(json!({"message_edit": {"mid": "m", "text": "new", "num_edit": count}}));
        assert_eq!(line(&item), "message_edited edit:m:1 dm:1230");
        let expected = json!({"body": "message_edited", "mid": "m", "person": {"id": "1230"}, "text": "new", "edits": 1});
        assert_eq!(body(&item), expected);
    }
}

#[test]
fn an_empty_edit_without_sender_is_harmless() {
    let item = messaging(json!({}), json!({"message_edit": {"mid": "m", "num_edit": 0}}));
    assert_eq!(line(&item), format!("message_edited edit:m:0 account:{ACCOUNT}"));
    assert_eq!(item.occurred_at.unwrap().as_millis(), 1_767_225_600_123, "the time of the entry stands in");
    assert_eq!(
        body(&item),
        json!({"body": "message_edited", "mid": "m", "person": null, "text": null, "edits": 0})
    );
}

#[test]
fn reactions_come_and_go() {
    let heart = json!({"mid": "m", "action": "react", "reaction": "love", "emoji": "\u{2764}\u{fe0f}"});
    let item = inbound(json!({ "reaction": heart }));
    assert_eq!(line(&item), "reaction reaction:m:1230:react:1767225599800 dm:1230");
    let expected =
        json!({"body": "reaction", "mid": "m", "person": {"id": "1230"}, "reaction": "\u{2764}\u{fe0f}"});
    assert_eq!(body(&item), expected);
    let item = inbound(json!({"reaction": {"mid": "m", "action": "unreact"}}));
    assert_eq!(line(&item), "reaction reaction:m:1230:unreact:1767225599800 dm:1230");
    assert_eq!(body(&item)["reaction"], Value::Null);
}

#[test]
fn taps_on_buttons() {
    let item = inbound(
        json!({"postback": {"mid": "m", "title": "Start", "payload": "START", "referral": {"ref": "r"}}}),
    );
    assert_eq!(line(&item), "postback postback:m dm:1230");
    assert_eq!(
        body(&item),
        json!({"body": "postback", "mid": "m", "person": {"id": "1230"}, "title": "Start", "payload": "START"})
    );
    let own =
        inbound(json!({"is_self": true, "postback": {"mid": "m", "title": "Start", "payload": "START"}}));
    assert_eq!((own.kind, body(&own)), (EventKind::Postback, json!({"body": "raw"})));
}

#[test]
fn what_the_account_does_itself_in_a_thread_is_not_acted_on() {
    let account = support::account(Instagram);
    let members = [
        json!({"postback": {"mid": "m", "title": "t", "payload": "p"}}),
        json!({"reaction": {"mid": "m", "action": "react", "reaction": "love"}}),
        json!({"read": {"mid": "m"}}),
        json!({"referral": {"ref": "r"}}),
    ];
    for members in members {
        assert_eq!(body(&outbound(members.clone())), json!({"body": "raw"}), "{members}");
        let scoped = json!({"sender": {"id": "24000000000000001"}, "recipient": {"id": "1230"}});
        let item = messaging(scoped, members.clone()).for_account(&account);
        assert_eq!(body(&item), json!({"body": "raw"}), "{members}");
    }
}

#[test]
fn seen_and_referrals() {
    let item = inbound(json!({"read": {"mid": "m"}}));
    assert_eq!(line(&item), "seen read:m dm:1230");
    assert_eq!(body(&item), json!({"body": "seen", "mid": "m", "person": {"id": "1230"}}));

    let referral = json!({"ref": "summer", "source": "https://ig.me/m/acme", "type": "OPEN_THREAD"});
    let item = inbound(json!({ "referral": referral }));
    assert_eq!((item.kind, item.conversation_key.as_str()), (EventKind::Referral, "dm:1230"));
    assert!(is_hash(&item.external_id));
    let source = "https://ig.me/m/acme";
    let expected =
        json!({"body": "referral", "person": {"id": "1230"}, "reference": "summer", "source": source});
    assert_eq!(body(&item), expected);
}

#[test]
fn kinds_that_are_only_kept() {
    let control = json!({"previous_owner_app_id": null, "new_owner_app_id": "222", "metadata": "x"});
    let cases = [
        (json!({"optin": {"type": "notification_messages", "payload": "p"}}), EventKind::OptIn),
        (json!({"pass_thread_control": control}), EventKind::Handover),
        (json!({"take_thread_control": control}), EventKind::Handover),
        (json!({"request_thread_control": {"requested_owner_app_id": "222"}}), EventKind::Handover),
        (json!({"app_roles": {"222": ["primary_receiver"]}}), EventKind::Handover),
        (json!({"response_feedback": {"feedback": "Good response", "mid": "m"}}), EventKind::Feedback),
        (json!({"policy_enforcement": {"action": "warning", "reason": "r"}}), EventKind::PolicyEnforcement),
        (json!({"something_new": {"mid": "m"}}), EventKind::Unknown),
        (json!({"message": "not an object"}), EventKind::Unknown),
        (json!({"message": {"text": "no id"}}), EventKind::Unknown),
    ];
    for (members, kind) in cases {
        let item = inbound(members.clone());
        assert_eq!((item.kind, body(&item)), (kind, json!({"body": "raw"})), "{members}");
        assert!(is_hash(&item.external_id));
        assert_eq!(item.conversation_key, "dm:1230");
    }
    let item = messaging(json!({}), json!({"policy_enforcement": {"action": "block"}}));
    assert_eq!(item.conversation_key, format!("account:{ACCOUNT}"));
}

#[test]
fn story_insights_come_once_per_story() {
    let item = change("story_insights", json!({"media_id": "179", "impressions": 444, "reach": -1}));
    assert_eq!(line(&item), "story_insights 179 story:179");
    assert_eq!(body(&item), json!({"body": "raw"}));
}

#[test]
fn an_unknown_field_is_kept() {
    let item = change("follow", json!({"from": {"id": "1"}}));
    assert_eq!((item.kind, item.external_account.as_str()), (EventKind::Unknown, ACCOUNT));
    assert!(is_hash(&item.external_id));
}

#[test]
fn an_item_without_an_id_is_the_same_when_redelivered_and_another_at_another_time() {
    let unknown = |time: u64, account: &str| {
        let changes = json!([{"field": "follow", "value": {"n": 1}}]);
        only(&json!({"entry": [{"id": account, "time": time, "changes": changes}]})).external_id
    };
    assert_eq!(unknown(1, "1"), unknown(1, "1"));
    assert_ne!(unknown(1, "1"), unknown(2, "1"));
    assert_ne!(unknown(1, "1"), unknown(1, "2"));
}
