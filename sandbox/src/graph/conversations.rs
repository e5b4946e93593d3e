//! Conversations and single messages, as read back.

use serde_json::{Value, json};

use super::{
    errors::GraphError,
    fields::{Field, Read, named, render},
    paging,
    perform::{Call, api_time},
};
use crate::{
    ids::{ConversationId, Igsid, MessageId},
    state::{
        World,
        messages::{ConversationNode, Message, REQUEST_LIFETIME},
        timeline::{Page, PageRequest},
    },
    webhooks::payload::story_url,
};

/// The account's threads, newest first, or the one with `user_id`.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    let params = &call.request.params;
    if params.text("platform").is_some_and(|platform| platform != "instagram") {
        return Err(GraphError::invalid_parameter("Param platform must be instagram."));
    }
    let fields = call.fields(&["id", "updated_time"])?;
    let page = match params.text("user_id") {
        Some(person) => thread_with(world, call, &Igsid::new(person)),
        None => {
            let asked = paging::asked(call.request, paging::MAX_LIMIT)?;
            let lost = || GraphError::unknown_object(&call.request.method, call.account.as_str());
            let node = world.accounts.get(call.account).ok_or_else(lost)?;
            node.conversations.page(&asked, |id| is_listed(world, call, id))
        }
    };
    paging::edge(call.request, page, |id| render_conversation(world, call, id, &fields))
}

fn thread_with(world: &World, call: &Call<'_>, igsid: &Igsid) -> Page<ConversationId> {
    let node = world.inboxes.with(igsid).filter(|node| node.conversation.account == *call.account);
    let items = node.map(|node| (node.position, node.conversation.id.clone())).into_iter().collect();
    Page { items, has_older: false, has_newer: false }
}

/// Requests that rest for 30 days disappear from the list.
fn is_listed(world: &World, call: &Call<'_>, id: &ConversationId) -> bool {
    world.inboxes.conversation(id.as_str()).is_some_and(|node| {
        let conversation = &node.conversation;
        !conversation.is_request || call.now - conversation.updated_at < REQUEST_LIFETIME
    })
}

pub(crate) fn read(world: &World, call: &Call<'_>, id: &ConversationId) -> Result<Value, GraphError> {
    render_conversation(world, call, id, &call.fields(&["id", "updated_time"])?)
}

pub(crate) fn list_messages(
    world: &World,
    call: &Call<'_>,
    id: &ConversationId,
) -> Result<Value, GraphError> {
    let fields = call.fields(&["id", "created_time"])?;
    let asked = paging::asked(call.request, paging::MAX_LIMIT)?;
    let page = found(world, call, id)?.messages.page(&asked, |_| true);
    paging::edge(call.request, page, |message| listed_message(world, call, message, &fields))
}

fn found<'w>(
    world: &'w World,
    call: &Call<'_>,
    id: &ConversationId,
) -> Result<&'w ConversationNode, GraphError> {
    let lost = || GraphError::unknown_object(&call.request.method, id.as_str());
    world.inboxes.conversation(id.as_str()).ok_or_else(lost)
}

fn render_conversation(
    world: &World,
    call: &Call<'_>,
    id: &ConversationId,
    fields: &[Field],
) -> Result<Value, GraphError> {
    let node = found(world, call, id)?;
    render("UnifiedThread", call.login, fields, |field| conversation_field(world, call, node, field))
}

fn conversation_field(
    world: &World,
    call: &Call<'_>,
    node: &ConversationNode,
    field: &Field,
) -> Result<Read, GraphError> {
    let conversation = &node.conversation;
    Ok(match field.name.as_str() {
        "id" => Read::Value(json!(conversation.id)),
        "updated_time" => Read::Value(api_time(conversation.updated_at)),
        "name" => Read::Value(json!(conversation.username)),
        "message_count" => Read::Value(json!(node.messages.len())),
        "unread_count" => Read::Value(json!(conversation.unanswered)),
        "folder" => Read::Value(json!(if conversation.is_request { "pending" } else { "inbox" })),
        "participants" => Read::Value(json!({"data": [
            party(world, call, true, &conversation.igsid),
            party(world, call, false, &conversation.igsid),
        ]})),
        "messages" => {
            let asked = paging::asked_by_field(field, paging::MAX_LIMIT)?;
            Read::Value(expand_messages(world, call, node, field, &asked)?)
        }
        _ => Read::Unknown,
    })
}

fn expand_messages(
    world: &World,
    call: &Call<'_>,
    node: &ConversationNode,
    field: &Field,
    asked: &PageRequest,
) -> Result<Value, GraphError> {
    let fields = field.fields_or(&["id", "created_time", "is_unsupported"]);
    let page = node.messages.page(asked, |_| true);
    paging::bare_edge(page, |id| listed_message(world, call, id, &fields))
}

/// Who stands on one side of a thread.
fn party(world: &World, call: &Call<'_>, is_account: bool, igsid: &Igsid) -> Value {
    if is_account {
        let username = world.accounts.get(call.account).map(|node| &node.account.username);
        json!({"username": username, "id": call.account})
    } else {
        let username = world.people.relation(igsid.as_str()).map(|relation| &relation.username);
        json!({"username": username, "id": igsid})
    }
}

pub(crate) fn read_message(world: &World, call: &Call<'_>, id: &MessageId) -> Result<Value, GraphError> {
    let fields = call.fields(&["id", "created_time"])?;
    let message = world.inboxes.message(id.as_str()).filter(|message| world.inboxes.is_readable(message));
    render_message(world, call, message.ok_or_else(GraphError::message_gone)?, &fields)
}

/// A message in a list: all ids are listed, but only the newest show more than id and time.
fn listed_message(
    world: &World,
    call: &Call<'_>,
    id: &MessageId,
    fields: &[Field],
) -> Result<Value, GraphError> {
    let message = world.inboxes.message(id.as_str()).ok_or_else(GraphError::message_gone)?;
    if world.inboxes.is_readable(message) {
        render_message(world, call, message, fields)
    } else {
        render_message(world, call, message, &named(&["id", "created_time"]))
    }
}

fn render_message(
    world: &World,
    call: &Call<'_>,
    message: &Message,
    fields: &[Field],
) -> Result<Value, GraphError> {
    render("Message", call.login, fields, |field| {
        Ok(match field.name.as_str() {
            "id" => Read::Value(json!(message.id)),
            "created_time" => Read::Value(api_time(message.created_at)),
            "from" => Read::Value(party(world, call, !message.is_inbound(), &message.igsid)),
            "to" => Read::Value(json!({"data": [party(world, call, message.is_inbound(), &message.igsid)]})),
            "message" => Read::Value(json!(message.text.as_deref().unwrap_or_default())),
            "is_unsupported" => Read::Value(json!(message.unsupported)),
            "attachments" => Read::from(attachments(message)),
            "shares" => Read::from(shares(message)),
            "story" => Read::from(story(message)),
            "reactions" => Read::from(reactions(world, call, message)),
            "reply_to" => Read::from(message.reply_to.as_ref().map(|mid| json!({"mid": mid}))),
            "tags" => Read::Omitted,
            _ => Read::Unknown,
        })
    })
}

fn attachments(message: &Message) -> Option<Value> {
    let data: Vec<Value> = message
        .attachments
        .iter()
        .filter_map(|attachment| {
            let url = attachment["payload"]["url"].as_str()?;
            Some(match attachment["type"].as_str()? {
                "image" => {
                    json!({"image_data": {"url": url, "preview_url": url, "width": 1080, "height": 1080}})
                }
                "video" => {
                    json!({"video_data": {"url": url, "preview_url": url, "width": 1080, "height": 1920}})
                }
                "audio" | "file" => json!({"file_url": url}),
                _ => return None,
            })
        })
        .collect();
    (!data.is_empty()).then(|| json!({ "data": data }))
}

fn shares(message: &Message) -> Option<Value> {
    let is_share = |attachment: &&Value| {
        matches!(attachment["type"].as_str(), Some("ig_post" | "share" | "ig_reel" | "reel"))
    };
    let shared: Vec<Value> = message
        .attachments
        .iter()
        .filter(is_share)
        .map(|attachment| json!({"link": attachment["payload"]["url"]}))
        .collect();
    (!shared.is_empty()).then(|| json!({ "data": shared }))
}

fn story(message: &Message) -> Option<Value> {
    if let Some(story) = &message.story {
        return Some(json!({"reply_to": {"link": story_url(story), "id": story}}));
    }
    let mention = message.attachments.iter().find(|attachment| attachment["type"] == "story_mention")?;
    Some(json!({"mention": {"link": mention["payload"]["url"]}}))
}

fn reactions(world: &World, call: &Call<'_>, message: &Message) -> Option<Value> {
    let data: Vec<Value> = message
        .reactions
        .iter()
        .map(|reaction| {
            let user = party(world, call, reaction.by_account, &message.igsid);
            json!({"reaction": reaction.reaction, "users": [user]})
        })
        .collect();
    (!data.is_empty()).then(|| json!({ "data": data }))
}
