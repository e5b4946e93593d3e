//! The values webhooks carry, one function per kind of event.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::{
    ids::{AccountId, CommentId, MediaId, MessageId},
    state::{
        World,
        comments::{Author, Comment},
        messages::{Message, Reaction},
    },
};

/// Parts of an inbound message that the state does not keep.
#[derive(Debug, Default)]
pub(crate) struct MessageExtras {
    pub(crate) quick_reply: Option<String>,
    pub(crate) referral: Option<Value>,
    pub(crate) metadata: Option<String>,
}

/// `comments`, `live_comments`: the id is called `id` (Meta's Facebook page prints `comment_id`).
pub(crate) fn comment(world: &World, account: &AccountId, comment: &Comment) -> Value {
    let mut media = json!({"id": comment.media});
    if let Some(node) = world.media.get(&comment.media) {
        media["media_product_type"] = json!(node.media.product);
    }
    let mut value = json!({
        "from": comment_author(world, account, comment),
        "media": media,
        "id": comment.id,
        "text": comment.text,
    });
    if let Some(parent) = &comment.parent {
        value["parent_id"] = json!(parent);
    }
    value
}

fn comment_author(world: &World, account: &AccountId, comment: &Comment) -> Value {
    let mut from = json!({"username": comment.username});
    match &comment.author {
        Author::Account(author) => {
            from["id"] = json!(author);
            if author == account
                && let Ok(node) = world.account(author)
            {
                from["self_ig_scoped_id"] = json!(node.account.self_ig_scoped_id);
            }
        }
        Author::Person(username) => {
            if let Some(igsid) = world.people.igsid(account, username) {
                from["id"] = json!(igsid);
            }
        }
    }
    from
}

/// `mentions`: ids only.
pub(crate) fn mention(media: &MediaId, comment: Option<&CommentId>) -> Value {
    let mut value = json!({"media_id": media});
    if let Some(comment) = comment {
        value["comment_id"] = json!(comment);
    }
    value
}

/// `messages`, inbound or echo.
pub(crate) fn message(message: &Message, extras: &MessageExtras) -> Value {
    let mut body = Map::new();
    body.insert("mid".into(), json!(message.id));
    if let Some(text) = &message.text {
        body.insert("text".into(), json!(text));
    }
    if !message.attachments.is_empty() {
        body.insert("attachments".into(), json!(message.attachments));
    }
    if message.unsupported {
        body.insert("is_unsupported".into(), json!(true));
    }
    if !message.is_inbound() {
        body.insert("is_echo".into(), json!(true));
    }
    if let Some(reply_to) = reply_to(message) {
        body.insert("reply_to".into(), reply_to);
    }
    if let Some(payload) = &extras.quick_reply {
        body.insert("quick_reply".into(), json!({"payload": payload}));
    }
    if let Some(referral) = &extras.referral {
        body.insert("referral".into(), referral.clone());
    }
    if let Some(metadata) = &extras.metadata {
        body.insert("metadata".into(), json!(metadata));
    }
    item(message, message.created_at, "message", Value::Object(body))
}

fn reply_to(message: &Message) -> Option<Value> {
    if let Some(story) = &message.story {
        return Some(json!({"story": {"id": story, "url": story_url(story)}}));
    }
    message.reply_to.as_ref().map(|mid| json!({"mid": mid}))
}

pub(crate) fn story_url(story: &MediaId) -> String {
    format!("https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={story}&signature=sandbox")
}

/// `messages` for an unsent message: only the id is left.
pub(crate) fn unsent(message: &Message, at: DateTime<Utc>) -> Value {
    let mut body = json!({"mid": message.id, "is_deleted": true});
    if !message.is_inbound() {
        body["is_echo"] = json!(true);
    }
    item(message, at, "message", body)
}

/// `message_edit`.
pub(crate) fn edit(message: &Message, at: DateTime<Utc>) -> Value {
    let body = json!({"mid": message.id, "text": message.text, "num_edit": message.edits});
    item(message, at, "message_edit", body)
}

/// The odd `message_edit` of live traffic: number zero, no sender, no text.
pub(crate) fn edit_zero(mid: &MessageId, at: DateTime<Utc>) -> Value {
    json!({"timestamp": at.timestamp_millis(), "message_edit": {"mid": mid, "num_edit": 0}})
}

/// `message_reactions`; taking back leaves out what it was.
pub(crate) fn reaction(message: &Message, reaction: Option<&Reaction>, at: DateTime<Utc>) -> Value {
    let body = match reaction {
        Some(reaction) => json!({
            "mid": message.id,
            "action": "react",
            "reaction": reaction.reaction,
            "emoji": reaction.emoji,
        }),
        None => json!({"mid": message.id, "action": "unreact"}),
    };
    item_from_person(message, at, "reaction", body)
}

/// A messaging item whose sender is whoever sent the message.
fn item(message: &Message, at: DateTime<Utc>, kind: &str, body: Value) -> Value {
    let (person, account) = (json!({"id": message.igsid}), json!({"id": message.account}));
    let (sender, recipient) = if message.is_inbound() { (person, account) } else { (account, person) };
    json!({"sender": sender, "recipient": recipient, "timestamp": at.timestamp_millis(), kind: body})
}

/// A messaging item in which the person did something to a message of the thread.
pub(crate) fn item_from_person(message: &Message, at: DateTime<Utc>, kind: &str, body: Value) -> Value {
    json!({
        "sender": {"id": message.igsid},
        "recipient": {"id": message.account},
        "timestamp": at.timestamp_millis(),
        kind: body,
    })
}

/// What the dashboard's test button sends for `messages`: fixed words, and a timestamp as text.
pub(crate) fn test_button_message() -> Value {
    json!({
        "sender": {"id": "12334"},
        "recipient": {"id": "23245"},
        "timestamp": "1527459824",
        "message": {"mid": "random_mid", "text": "random_text"},
    })
}

/// What the dashboard's test button sends for `comments`.
pub(crate) fn test_button_comment() -> Value {
    json!({
        "from": {"id": "232323232", "username": "test"},
        "media": {"id": "123123123", "media_product_type": "FEED"},
        "id": "17865799348089039",
        "text": "This is an example.",
    })
}
