//! Comments and replies.

use serde_json::{Value, json};

use super::{
    errors::GraphError,
    fields::{Field, Read, render},
    media, paging,
    perform::{Call, api_time, success},
};
use crate::{
    control::requests::Login,
    ids::{CommentId, MediaId},
    state::{
        World,
        comments::{Author, CommentNode},
        media::MediaNode,
    },
};

const LISTED: [&str; 3] = ["timestamp", "text", "id"];

/// Top-level comments, newest first.
pub(crate) fn list(world: &World, call: &Call<'_>, id: &MediaId) -> Result<Value, GraphError> {
    let fields = call.fields(&LISTED)?;
    let mut asked = paging::asked(call.request, paging::MAX_COMMENTS)?;
    // This edge has no time filter.
    (asked.since, asked.until) = (None, None);
    let node =
        world.media.get(id).ok_or_else(|| GraphError::unknown_object(&call.request.method, id.as_str()))?;
    let page = node.comments.page(&asked, |_| true);
    paging::edge(call.request, page, |comment| render_comment(world, call, comment, &fields))
}

pub(crate) fn list_replies(world: &World, call: &Call<'_>, id: &CommentId) -> Result<Value, GraphError> {
    let fields = call.fields(&LISTED)?;
    let asked = paging::asked(call.request, paging::MAX_COMMENTS)?;
    let page = found(world, call, id)?.replies.page(&asked, |_| true);
    paging::edge(call.request, page, |reply| render_comment(world, call, reply, &fields))
}

pub(crate) fn read(world: &World, call: &Call<'_>, id: &CommentId) -> Result<Value, GraphError> {
    render_comment(world, call, id, &call.fields(&LISTED)?)
}

/// `comments{…}` of a media.
pub(crate) fn expand(
    world: &World,
    call: &Call<'_>,
    node: &MediaNode,
    field: &Field,
) -> Result<Read, GraphError> {
    let page = node.comments.page(&paging::asked_by_field(field, paging::MAX_COMMENTS)?, |_| true);
    if page.items.is_empty() {
        return Ok(Read::Omitted);
    }
    let fields = field.fields_or(&LISTED);
    paging::bare_edge(page, |id| render_comment(world, call, id, &fields)).map(Read::Value)
}

fn found<'w>(world: &'w World, call: &Call<'_>, id: &CommentId) -> Result<&'w CommentNode, GraphError> {
    let lost = || GraphError::unknown_object(&call.request.method, id.as_str());
    world.comments.find(id.as_str()).ok_or_else(lost)
}

pub(crate) fn render_comment(
    world: &World,
    call: &Call<'_>,
    id: &CommentId,
    fields: &[Field],
) -> Result<Value, GraphError> {
    let node = found(world, call, id)?;
    render("IGComment", call.login, fields, |field| comment_field(world, call, node, field))
}

fn comment_field(
    world: &World,
    call: &Call<'_>,
    node: &CommentNode,
    field: &Field,
) -> Result<Read, GraphError> {
    let comment = &node.comment;
    Ok(match field.name.as_str() {
        "id" => Read::Value(json!(comment.id)),
        "text" => Read::Value(json!(comment.text)),
        "timestamp" => Read::Value(api_time(comment.created_at)),
        "username" => Read::Value(json!(comment.username)),
        "from" => Read::Value(from(world, call, node, field)?),
        "like_count" => Read::Value(json!(comment.liked_by.len())),
        "hidden" => Read::Value(json!(comment.hidden)),
        "parent_id" => Read::from(comment.parent.as_ref().map(|parent| json!(parent))),
        // Only shown for the account's own comments.
        "user" => Read::from(match &comment.author {
            Author::Account(author) if author == call.account => Some(json!({"id": author})),
            _ => None,
        }),
        "media" => {
            let fields = field.fields_or(&["id"]);
            Read::Value(media::render_media(world, call, &comment.media, &fields)?)
        }
        "replies" => replies(world, call, node, field)?,
        "legacy_instagram_comment_id" if call.login == Login::Facebook => Read::Value(json!(comment.id)),
        _ => Read::Unknown,
    })
}

fn from(world: &World, call: &Call<'_>, node: &CommentNode, field: &Field) -> Result<Value, GraphError> {
    let comment = &node.comment;
    render("IGUser", call.login, &field.fields_or(&["id", "username"]), |field| {
        Ok(match field.name.as_str() {
            "username" => Read::Value(json!(comment.username)),
            "id" => match &comment.author {
                Author::Account(author) => Read::Value(json!(author)),
                Author::Person(username) => {
                    Read::from(world.people.igsid(call.account, username).map(|igsid| json!(igsid)))
                }
            },
            "self_ig_scoped_id" => Read::Omitted,
            _ => Read::Unknown,
        })
    })
}

fn replies(world: &World, call: &Call<'_>, node: &CommentNode, field: &Field) -> Result<Read, GraphError> {
    let page = node.replies.page(&paging::asked_by_field(field, paging::MAX_COMMENTS)?, |_| true);
    if page.items.is_empty() {
        return Ok(Read::Omitted);
    }
    let fields = field.fields_or(&LISTED);
    paging::bare_edge(page, |id| render_comment(world, call, id, &fields)).map(Read::Value)
}

/// A new top-level comment.
pub(crate) fn create(world: &mut World, call: &Call<'_>, id: &MediaId) -> Result<Value, GraphError> {
    let text = call.request.params.required("message")?;
    let comment = world.comment_by_api(call.account, id, &text, call.now)?;
    Ok(json!({"id": comment}))
}

pub(crate) fn reply(world: &mut World, call: &Call<'_>, id: &CommentId) -> Result<Value, GraphError> {
    let text = call.request.params.required("message")?;
    let reply = world.reply_by_api(call.account, id, &text, call.now)?;
    Ok(json!({"id": reply}))
}

pub(crate) fn answer_mention(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let params = &call.request.params;
    let media = MediaId::new(params.required("media_id")?);
    let comment = params.text("comment_id").map(CommentId::new);
    let text = params.required("message")?;
    let reply = world.answer_mention(call.account, &media, comment.as_ref(), &text, call.now)?;
    Ok(json!({"id": reply}))
}

pub(crate) fn hide(world: &mut World, call: &Call<'_>, id: &CommentId) -> Result<Value, GraphError> {
    let hidden = call.request.params.flag("hide")?.ok_or_else(|| GraphError::missing_parameter("hide"))?;
    require_own_media(world, call, id)?;
    world.set_hidden(call.account, id, hidden, call.now)?;
    Ok(success())
}

/// Only the owner of the media may delete, whoever wrote the comment.
pub(crate) fn delete(world: &mut World, call: &Call<'_>, id: &CommentId) -> Result<Value, GraphError> {
    require_own_media(world, call, id)?;
    world.delete_by_api(call.account, id, call.now)?;
    Ok(success())
}

fn require_own_media(world: &World, call: &Call<'_>, id: &CommentId) -> Result<(), GraphError> {
    let media = &found(world, call, id)?.comment.media;
    let own = world.media.get(media).is_some_and(|node| node.media.is_owned_by(call.account));
    if own { Ok(()) } else { Err(GraphError::unknown_object(&call.request.method, id.as_str())) }
}
