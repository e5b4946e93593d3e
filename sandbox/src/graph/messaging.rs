//! The Send API: reading what is to be sent and checking its form.

use serde_json::{Value, json};

use super::{errors::GraphError, perform::Call};
use crate::{
    ids::{CommentId, Igsid, MediaId, MessageId},
    state::{World, sends::Content},
};

/// Longest text, in bytes of UTF-8.
const MAX_TEXT_BYTES: usize = 1_000;
/// Most images in one message.
const MAX_ATTACHMENTS: usize = 10;
const MAX_QUICK_REPLIES: usize = 13;
const MAX_TITLE_CHARS: usize = 20;
const MAX_TEMPLATE_ELEMENTS: usize = 10;
const ATTACHMENT_TYPES: [&str; 4] = ["image", "audio", "video", "file"];

pub(crate) fn send(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let igsid = recipient(call)?;
    world.require_reachable(call.account, &igsid)?;
    let content = content(world, call)?;
    let message = world.send_message(call.account, &igsid, content, call.now)?;
    Ok(json!({"recipient_id": igsid, "message_id": message.id}))
}

pub(crate) fn reply_privately(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let recipient = call.request.params.structure("recipient")?.unwrap_or_default();
    let comment =
        id_text(&recipient["comment_id"]).ok_or_else(GraphError::comment_unfit_for_private_reply)?;
    let content = content(world, call)?;
    let message = world.reply_privately(call.account, &CommentId::new(comment), content, call.now)?;
    Ok(json!({"recipient_id": message.igsid, "message_id": message.id}))
}

pub(crate) fn react(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let params = &call.request.params;
    let igsid = recipient(call)?;
    let payload = params.structure("payload")?.ok_or_else(|| GraphError::missing_parameter("payload"))?;
    let message = id_text(&payload["message_id"])
        .ok_or_else(|| GraphError::missing_parameter("payload[message_id]"))?;
    let is_set = params.text("sender_action").as_deref() == Some("react");
    let reaction = payload["reaction"].as_str();
    // Documented are all emoji; seen live is that only this one passes.
    if is_set && reaction != Some("love") {
        return Err(GraphError::invalid_parameter("invalid reaction"));
    }
    let reaction = reaction.filter(|_| is_set);
    world.react_by_api(call.account, &igsid, &MessageId::new(message), reaction, call.now)?;
    Ok(json!({"recipient_id": igsid}))
}

pub(crate) fn sender_action(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    let params = &call.request.params;
    let action = params.required("sender_action")?;
    if !matches!(action.as_str(), "typing_on" | "typing_off" | "mark_seen") {
        return Err(GraphError::invalid_parameter("Param sender_action is not a known action."));
    }
    if params.structure("message")?.is_some() {
        return Err(GraphError::invalid_parameter("A sender action cannot be combined with a message."));
    }
    let igsid = recipient(call)?;
    world.require_reachable(call.account, &igsid)?;
    Ok(json!({"recipient_id": igsid}))
}

fn recipient(call: &Call<'_>) -> Result<Igsid, GraphError> {
    let recipient = call.request.params.structure("recipient")?;
    let recipient = recipient.ok_or_else(|| GraphError::missing_parameter("recipient"))?;
    id_text(&recipient["id"]).map(Igsid::new).ok_or_else(GraphError::no_matching_recipient)
}

/// Ids are text, but some clients send them as numbers.
fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn content(world: &World, call: &Call<'_>) -> Result<Content, GraphError> {
    let params = &call.request.params;
    let message = params.structure("message")?.ok_or_else(|| GraphError::missing_parameter("message"))?;
    let text = text(&message)?;
    let (attachments, is_template) = attachments(world, call, &message)?;
    if text.is_some() != attachments.is_empty() {
        return Err(GraphError::invalid_message("A message must have either text or an attachment."));
    }
    check_quick_replies(&message, text.is_some())?;
    let reply_to = params.structure("reply_to")?;
    Ok(Content {
        text,
        attachments,
        is_template,
        reply_to: reply_to.and_then(|reply_to| id_text(&reply_to["mid"])).map(MessageId::new),
        metadata: message["metadata"].as_str().map(str::to_owned),
        human_agent: tag(call)?,
    })
}

/// Quick replies belong to a text. A title is a text of at most 20 characters; those for mail address and telephone number
/// have none.
fn check_quick_replies(message: &Value, has_text: bool) -> Result<(), GraphError> {
    let Some(replies) = message["quick_replies"].as_array() else { return Ok(()) };
    if replies.len() > MAX_QUICK_REPLIES {
        return Err(GraphError::invalid_message("A message has at most 13 quick replies."));
    }
    let fits = |reply: &Value| match reply["content_type"].as_str() {
        Some("text") => {
            let title = reply["title"].as_str().unwrap_or_default();
            (1..=MAX_TITLE_CHARS).contains(&title.chars().count()) && reply["payload"].is_string()
        }
        Some("user_phone_number" | "user_email") => true,
        _ => false,
    };
    if has_text && replies.iter().all(fits) {
        return Ok(());
    }
    Err(GraphError::invalid_message("Quick replies need a text, and titles of at most 20 characters."))
}

fn text(message: &Value) -> Result<Option<String>, GraphError> {
    match &message["text"] {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => {
            Err(GraphError::invalid_message("The message text is empty."))
        }
        Value::String(text) if text.len() > MAX_TEXT_BYTES => Err(GraphError::invalid_parameter(
            "Length of param message[text] must be less than or equal to 1000",
        )),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(GraphError::invalid_message("Param message[text] must be a string.")),
    }
}

/// Whether the message is tagged as written by a person. No other tag is for Instagram.
fn tag(call: &Call<'_>) -> Result<bool, GraphError> {
    match call.request.params.text("tag").as_deref() {
        None => Ok(false),
        Some("HUMAN_AGENT") => Ok(true),
        Some(_) => Err(GraphError::invalid_parameter("Param tag must be HUMAN_AGENT.")),
    }
}

/// The attachments in webhook form, and whether one is a template.
fn attachments(world: &World, call: &Call<'_>, message: &Value) -> Result<(Vec<Value>, bool), GraphError> {
    let many = message["attachments"].as_array().cloned().unwrap_or_default();
    if many.len() > MAX_ATTACHMENTS {
        return Err(GraphError::invalid_message("A message has at most 10 attachments."));
    }
    let one = Some(message["attachment"].clone()).filter(|attachment| !attachment.is_null());
    let by_id = message["attachment_id"].as_str().map(|id| json!({"attachment_id": id}));
    let mut is_template = false;
    let mut checked = Vec::new();
    for attachment in many.into_iter().chain(one).chain(by_id) {
        is_template |= attachment["type"] == "template";
        checked.push(attachment_as_seen(world, call, &attachment)?);
    }
    Ok((checked, is_template))
}

fn attachment_as_seen(world: &World, call: &Call<'_>, attachment: &Value) -> Result<Value, GraphError> {
    let payload = &attachment["payload"];
    let stored = attachment["attachment_id"].as_str().or_else(|| payload["attachment_id"].as_str());
    if let Some(id) = stored {
        let node = world.accounts.get(call.account);
        let known = node.is_some_and(|node| node.attachments.iter().any(|attachment| attachment == id));
        let url = format!("https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={id}&signature=sandbox");
        let seen = json!({"type": "image", "payload": {"url": url}});
        return if known { Ok(seen) } else { Err(GraphError::unknown_attachment()) };
    }
    match attachment["type"].as_str() {
        Some("like_heart") => Ok(json!({"type": "like_heart"})),
        Some(kind) if ATTACHMENT_TYPES.contains(&kind) => match payload["url"].as_str() {
            Some(url) if url.starts_with("http") => Ok(json!({"type": kind, "payload": {"url": url}})),
            _ => Err(GraphError::invalid_message("Param attachment[payload][url] must be a URL.")),
        },
        Some("MEDIA_SHARE") => shared_post(world, call, payload),
        Some("template") => template(payload),
        _ => Err(GraphError::invalid_message("Param attachment[type] is not a known type.")),
    }
}

fn shared_post(world: &World, call: &Call<'_>, payload: &Value) -> Result<Value, GraphError> {
    let id =
        id_text(&payload["id"]).ok_or_else(|| GraphError::missing_parameter("attachment[payload][id]"))?;
    let node = world.media.get(&MediaId::new(&id)).filter(|node| node.media.is_owned_by(call.account));
    let node = node.ok_or_else(|| GraphError::invalid_message("Only own posts can be shared."))?;
    let payload = json!({"ig_post_media_id": id, "title": node.media.caption, "url": node.media.permalink()});
    Ok(json!({"type": "ig_post", "payload": payload}))
}

fn template(payload: &Value) -> Result<Value, GraphError> {
    let elements = payload["elements"].as_array().map_or(0, Vec::len);
    let buttons = payload["buttons"].as_array().map_or(0, Vec::len);
    let fits = match payload["template_type"].as_str() {
        Some("generic") => (1..=MAX_TEMPLATE_ELEMENTS).contains(&elements),
        Some("button") => (1..=3).contains(&buttons) && payload["text"].is_string(),
        _ => false,
    };
    if !fits {
        return Err(GraphError::invalid_message("Param attachment[payload] is no valid template."));
    }
    let seen = json!({"generic": {"elements": payload["elements"]}});
    Ok(json!({"type": "template", "payload": seen}))
}
