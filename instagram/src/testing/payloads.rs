//! One delivery of every kind that Instagram documents or sends.

use serde_json::{Value, json};

/// A delivery of every kind for this account, each with a name.
pub fn deliveries(account: &str) -> Vec<(&'static str, Value)> {
    let mut all = changes(account);
    all.extend(messaging(account));
    all.extend(envelopes(account));
    all
}

fn changes(account: &str) -> Vec<(&'static str, Value)> {
    let media = json!({ "id": "17900000000000001", "media_product_type": "REELS", "ad_id": "1200000000000001",
        "ad_title": "Spring", "original_media_id": "17900000000000009" });
    let comment = json!({ "from": { "id": "1230000000000456", "username": "fan_one" }, "media": media,
        "id": "18000000000000077", "parent_id": "18000000000000070", "text": "price? \u{1f60d}" });
    let own = json!({ "from": { "id": account, "username": "acme", "self_ig_scoped_id": "990000000000001" },
        "media": { "id": "179" }, "id": "18000000000000078", "text": "thank you" });
    let insights = json!({ "media_id": "17910000000000003", "impressions": 444, "reach": 396,
        "taps_forward": 200, "taps_back": 100, "exits": 40, "replies": -1 });
    let mention = json!({ "media_id": "17900000000000002", "comment_id": "18000000000000088" });
    [
        ("comment", "comments", comment.clone()),
        ("own comment", "comments", own),
        ("live comment", "live_comments", comment),
        ("mention in a comment", "mentions", mention),
        ("mention in a caption", "mentions", json!({ "media_id": "17900000000000002" })),
        ("story insights", "story_insights", insights),
        ("unknown field", "follow", json!({ "id": "1" })),
    ]
    .into_iter()
    .map(|(name, field, value)| (name, entry(account, "changes", json!({ "field": field, "value": value }))))
    .collect()
}

fn messaging(account: &str) -> Vec<(&'static str, Value)> {
    members()
        .into_iter()
        .map(|(name, members)| {
            let (sender, recipient) =
                if name == "echo" { (account, "1230000000000456") } else { ("1230000000000456", account) };
            let mut item = json!({ "sender": { "id": sender }, "recipient": { "id": recipient },
                "timestamp": 1_767_225_599_800_u64 });
            if let (Some(item), Value::Object(members)) = (item.as_object_mut(), members) {
                item.extend(members);
            }
            (name, entry(account, "messaging", item))
        })
        .collect()
}

fn members() -> Vec<(&'static str, Value)> {
    let mut all = messages();
    all.extend(thread_events());
    all
}

fn messages() -> Vec<(&'static str, Value)> {
    let url = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=x";
    let attachments = json!([
        { "type": "image", "payload": { "url": url } },
        { "type": "share", "payload": { "ig_post_media_id": "18100000000000004", "url": url } },
        { "type": "ig_post", "payload": { "ig_post_media_id": "18100000000000004", "title": "t", "url": url } },
        { "type": "ig_reel", "payload": { "reel_video_id": "17906000000000005", "title": "..", "url": url } },
        { "type": "ig_story", "payload": { "story_media_id": "1", "story_media_url": url } },
        { "type": "ephemeral" },
        { "type": "template", "payload": { "generic": { "elements": [{}] } } },
    ]);
    let story =
        json!({ "id": "17910000000000003", "url": url, "link_sticker_url": "https://shop.example/x" });
    let context = json!({ "ad_title": "t", "photo_url": url, "video_url": url });
    let referral = json!({ "ref": "r", "ad_id": "1200", "source": "ADS", "type": "OPEN_THREAD",
        "ads_context_data": context, "product": { "id": "55" } });
    let message = |members: Value| json!({ "message": members });
    vec![
        ("message", message(json!({ "mid": "aWdfZAG1", "text": "hi, do you ship to Spain?" }))),
        ("quick reply", message(json!({ "mid": "m2", "text": "A", "quick_reply": { "payload": "PICK_A" } }))),
        ("attachments", message(json!({ "mid": "m3", "attachments": attachments }))),
        (
            "story mention",
            message(json!({ "mid": "m4",
            "attachments": [{ "type": "story_mention", "payload": { "url": url } }] })),
        ),
        (
            "inline reply",
            message(json!({ "mid": "m5", "text": "yes",
            "reply_to": { "mid": "aWdf", "is_self_reply": false } })),
        ),
        ("story reply", message(json!({ "mid": "m6", "text": "nice", "reply_to": { "story": story } }))),
        (
            "echo",
            message(json!({ "mid": "m7", "text": "hello", "is_echo": true, "app_id": 1, "metadata": "x" })),
        ),
        ("message to oneself", message(json!({ "mid": "m8", "text": "test", "is_self": true }))),
        ("deleted message", message(json!({ "mid": "m9", "is_deleted": true }))),
        ("unsupported message", message(json!({ "mid": "m10", "is_unsupported": true }))),
        ("message from an ad", message(json!({ "mid": "m11", "text": "hi", "referral": referral }))),
    ]
}

fn thread_events() -> Vec<(&'static str, Value)> {
    let optin = json!({ "type": "notification_messages", "payload": "p", "title": "t",
        "notification_messages_token": "..", "token_expiry_timestamp": "..", "user_token_status": ".." });
    let owners = json!({ "previous_owner_app_id": null, "new_owner_app_id": "222", "metadata": "x" });
    let request = json!({ "requested_owner_app_id": "222", "metadata": "x" });
    vec![
        ("edit", json!({ "message_edit": { "mid": "aWdf", "text": "new text", "num_edit": "1" } })),
        ("empty edit", json!({ "message_edit": { "mid": "aWdf", "num_edit": 0 } })),
        (
            "reaction",
            json!({ "reaction": { "mid": "aWdf", "action": "react", "reaction": "love",
            "emoji": "\u{2764}\u{fe0f}" } }),
        ),
        ("reaction taken back", json!({ "reaction": { "mid": "aWdf", "action": "unreact" } })),
        ("postback", json!({ "postback": { "mid": "aWdf", "title": "Start", "payload": "START" } })),
        ("seen", json!({ "read": { "mid": "aWdf" } })),
        ("referral", json!({ "referral": { "ref": "summer", "source": "ig.me", "type": "OPEN_THREAD" } })),
        ("opt-in", json!({ "optin": optin })),
        ("control passed", json!({ "pass_thread_control": owners })),
        ("control taken", json!({ "take_thread_control": owners })),
        ("control asked for", json!({ "request_thread_control": request })),
        ("app roles", json!({ "app_roles": { "222": ["primary_receiver"] } })),
        ("policy enforcement", json!({ "policy_enforcement": { "action": "block", "reason": "spam" } })),
        ("feedback", json!({ "response_feedback": { "feedback": "Good response", "mid": "aWdf" } })),
    ]
}

/// The other wrappings: flat, the test button's, standby, a list around it all.
fn envelopes(account: &str) -> Vec<(&'static str, Value)> {
    let comment = json!({ "id": "18", "text": "hi", "from": { "id": "5", "username": "x" } });
    let message = json!({ "sender": { "id": "12334" }, "recipient": { "id": account },
        "timestamp": "1527459824", "message": { "mid": "random_mid", "text": "random_text" } });
    let test = json!({ "field": "messages", "value": message });
    vec![
        (
            "flat entry",
            json!({ "object": "instagram",
            "entry": [{ "id": account, "time": 1, "field": "comments", "value": comment }] }),
        ),
        ("test button", entry(account, "changes", test.clone())),
        ("entry without wrapping", test),
        ("standby", entry(account, "standby", message)),
        (
            "list of deliveries",
            json!([entry(account, "changes", json!({ "field": "comments", "value": comment }))]),
        ),
    ]
}

fn entry(account: &str, list: &str, item: Value) -> Value {
    json!({ "object": "instagram", "entry": [{ "id": account, "time": 1_767_225_600, list: [item] }] })
}
