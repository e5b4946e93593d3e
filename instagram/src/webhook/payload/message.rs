//! Direct messages.

use serde_json::Value;
use tenants::conversation::direct_key;
use tenants::event::{Attachment, EventBody, EventKind, MessageBody, ReplyTo};

use super::messaging::Parties;
use super::{Entry, Understood, fields, thread_events};

/// A message in either direction, or the news that one was taken back.
pub(super) fn message(item: &Value, parties: Parties, entry: &Entry<'_>) -> Option<Understood> {
    let message = &item["message"];
    if fields::flag(message, "is_deleted") {
        return thread_events::deleted(message, parties, entry);
    }
    let to_self = fields::flag(message, "is_self") || fields::flag(item, "is_self");
    let person = parties.person?;
    let body = MessageBody {
        mid: fields::id(message, "mid")?,
        text: fields::text(message, "text").unwrap_or_default(),
        attachments: attachments(&message["attachments"]),
        reply_to: reply_to(&message["reply_to"]),
        quick_reply: fields::text(&message["quick_reply"], "payload"),
        metadata: fields::text(message, "metadata"),
        to_self: to_self || person.id == entry.account,
        unsupported: fields::flag(message, "is_unsupported"),
        person,
    };
    let about_story = matches!(body.reply_to, Some(ReplyTo::Story { .. }))
        || body.attachments.iter().any(|attachment| attachment.kind == "story_mention");
    let kind = match (parties.from_account, about_story) {
        (true, _) if !body.to_self || fields::flag(message, "is_echo") => EventKind::Echo,
        (_, true) => EventKind::StoryReply,
        (_, false) => EventKind::Message,
    };
    Some(Understood {
        kind,
        external_id: body.mid.clone(),
        conversation_key: direct_key(&body.person.id),
        body: EventBody::Message(body),
    })
}

fn reply_to(value: &Value) -> Option<ReplyTo> {
    if let Some(mid) = fields::id(value, "mid") {
        return Some(ReplyTo::Message { mid });
    }
    let story = value.get("story").filter(|story| story.is_object())?;
    Some(ReplyTo::Story { id: fields::id(story, "id") })
}

/// Attachments in order. A shared post comes twice during Instagram's change of names, as `share` and as
/// `ig_post`; only the latter is kept.
fn attachments(value: &Value) -> Vec<Attachment> {
    let Some(list) = value.as_array() else { return Vec::new() };
    let posts: Vec<&Value> = list
        .iter()
        .filter(|item| item["type"] == "ig_post")
        .map(|item| &item["payload"]["ig_post_media_id"])
        .collect();
    let is_twin = |item: &Value| {
        let media = &item["payload"]["ig_post_media_id"];
        item["type"] == "share" && !media.is_null() && posts.contains(&media)
    };
    list.iter().filter(|item| !is_twin(item)).map(attachment).collect()
}

fn attachment(item: &Value) -> Attachment {
    let payload = &item["payload"];
    Attachment {
        kind: fields::text(item, "type").unwrap_or_else(|| "unknown".to_owned()),
        url: fields::text(payload, "url").or_else(|| fields::text(payload, "story_media_url")),
    }
}
