//! Media: lists, one item, comments on and off, deletion.

use serde_json::{Value, json};

use super::{
    comments,
    errors::GraphError,
    fields::{Field, Read, render},
    paging,
    perform::{Call, api_time, success},
};
use crate::{
    control::requests::{Login, MediaProduct, MediaType},
    ids::MediaId,
    state::{
        World,
        media::{MediaNode, MediaOwner, STORY_LIFETIME},
        timeline::{PageRequest, Timeline},
    },
};

pub(crate) fn list(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    list_of(world, call, |node| &node.media, None)
}

pub(crate) fn list_tags(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    list_of(world, call, |node| &node.tagged, None)
}

/// Stories of the last 24 hours.
pub(crate) fn list_stories(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    list_of(world, call, |node| &node.stories, Some(call.now - STORY_LIFETIME))
}

fn list_of(
    world: &World,
    call: &Call<'_>,
    timeline: impl Fn(&crate::state::accounts::AccountNode) -> &Timeline<MediaId>,
    oldest: Option<chrono::DateTime<chrono::Utc>>,
) -> Result<Value, GraphError> {
    let fields = call.fields(&["id"])?;
    let mut asked = paging::asked(call.request, paging::MAX_LIMIT)?;
    asked.since = asked.since.max(oldest);
    let lost = || GraphError::unknown_object(&call.request.method, call.account.as_str());
    let node = world.accounts.get(call.account).ok_or_else(lost)?;
    let page = timeline(node).page(&asked, |_| true);
    paging::edge(call.request, page, |id| render_media(world, call, id, &fields))
}

pub(crate) fn expand(world: &World, call: &Call<'_>, field: &Field) -> Result<Read, GraphError> {
    let page = paging::asked_by_field(field, paging::MAX_LIMIT)?;
    expand_of(world, call, field, &page, |node| &node.media)
}

pub(crate) fn expand_stories(world: &World, call: &Call<'_>, field: &Field) -> Result<Read, GraphError> {
    let page = paging::asked_by_field(field, paging::MAX_LIMIT)?;
    let page = PageRequest { since: Some(call.now - STORY_LIFETIME), ..page };
    expand_of(world, call, field, &page, |node| &node.stories)
}

fn expand_of(
    world: &World,
    call: &Call<'_>,
    field: &Field,
    page: &PageRequest,
    timeline: impl Fn(&crate::state::accounts::AccountNode) -> &Timeline<MediaId>,
) -> Result<Read, GraphError> {
    let Some(node) = world.accounts.get(call.account) else { return Ok(Read::Omitted) };
    let page = timeline(node).page(page, |_| true);
    if page.items.is_empty() {
        return Ok(Read::Omitted);
    }
    let fields = field.fields_or(&["id"]);
    paging::bare_edge(page, |id| render_media(world, call, id, &fields)).map(Read::Value)
}

pub(crate) fn read(world: &World, call: &Call<'_>, id: &MediaId) -> Result<Value, GraphError> {
    render_media(world, call, id, &call.fields(&["id"])?)
}

pub(crate) fn render_media(
    world: &World,
    call: &Call<'_>,
    id: &MediaId,
    fields: &[Field],
) -> Result<Value, GraphError> {
    let node =
        world.media.get(id).ok_or_else(|| GraphError::unknown_object(&call.request.method, id.as_str()))?;
    render("IGMedia", call.login, fields, |field| media_field(world, call, node, field))
}

fn media_field(world: &World, call: &Call<'_>, node: &MediaNode, field: &Field) -> Result<Read, GraphError> {
    let media = &node.media;
    let is_child = media.parent.is_some();
    Ok(match field.name.as_str() {
        "id" => Read::Value(json!(media.id)),
        // Children of an album have no text, address or counts of their own.
        "caption" | "permalink" | "like_count" | "comments_count" if is_child => Read::Omitted,
        "caption" => Read::from(caption(call, node)),
        "media_type" => Read::Value(json!(media.media_type)),
        "media_product_type" => Read::Value(json!(media.product)),
        "media_url" => Read::Value(json!(file_url(media.id.as_str(), media.media_type))),
        "thumbnail_url" if media.media_type == MediaType::Video => {
            Read::Value(json!(file_url(media.id.as_str(), MediaType::Image)))
        }
        "thumbnail_url" | "alt_text" | "current_live_viewer_count" => Read::Omitted,
        "permalink" => Read::Value(json!(media.permalink())),
        "shortcode" => Read::Value(json!(media.shortcode)),
        "timestamp" => Read::Value(api_time(media.created_at)),
        "username" => Read::Value(json!(media.username)),
        "owner" if media.is_owned_by(call.account) => Read::Value(json!({"id": call.account})),
        "owner" => Read::Omitted,
        "like_count" => Read::Value(json!(media.like_count + media.liked_by.len() as u64)),
        "comments_count" => Read::Value(json!(node.comments_count)),
        "is_comment_enabled" => Read::Value(json!(media.comment_enabled)),
        "is_shared_to_feed" if media.product == MediaProduct::Reels => Read::Value(json!(true)),
        "is_shared_to_feed" => Read::Omitted,
        "comments" => comments::expand(world, call, node, field)?,
        "children" => children(world, call, node, field)?,
        name if call.login == Login::Facebook => facebook_field(node, name),
        _ => Read::Unknown,
    })
}

/// `@` is taken out of other people's captions.
fn caption(call: &Call<'_>, node: &MediaNode) -> Option<String> {
    let caption = node.media.caption.clone()?;
    let own = node.media.is_owned_by(call.account);
    Some(if own { caption } else { caption.replace('@', "") })
}

fn facebook_field(node: &MediaNode, name: &str) -> Read {
    let media = &node.media;
    match name {
        "ig_id" | "legacy_instagram_media_id" => Read::Value(json!(media.id)),
        "has_poll" | "has_slider" | "is_ai_generated" => Read::Value(json!(false)),
        "reposts_count" | "saved_count" | "shares_count" | "total_views_count" => Read::Value(json!(0)),
        "total_comments_count" => Read::Value(json!(node.comments_count)),
        "total_like_count" => Read::Value(json!(media.like_count + media.liked_by.len() as u64)),
        "boost_ads_list"
        | "boost_eligibility_info"
        | "copyright_check_information"
        | "media_audio_type"
        | "video_title" => Read::Omitted,
        _ => Read::Unknown,
    }
}

fn children(world: &World, call: &Call<'_>, node: &MediaNode, field: &Field) -> Result<Read, GraphError> {
    if node.media.children.is_empty() {
        return Ok(Read::Omitted);
    }
    let fields = field.fields_or(&["id"]);
    let children = node.media.children.iter().map(|child| render_media(world, call, child, &fields));
    let data = children.collect::<Result<Vec<_>, _>>()?;
    Ok(Read::Value(json!({ "data": data })))
}

pub(crate) fn list_children(world: &World, call: &Call<'_>, id: &MediaId) -> Result<Value, GraphError> {
    let fields = call.fields(&["id"])?;
    let children = world.media.get(id).map(|node| node.media.children.as_slice()).unwrap_or_default();
    let data: Result<Vec<_>, _> =
        children.iter().map(|child| render_media(world, call, child, &fields)).collect();
    Ok(json!({ "data": data? }))
}

fn file_url(id: &str, media_type: MediaType) -> String {
    let ending = if media_type == MediaType::Video { "mp4" } else { "jpg" };
    format!("https://scontent.cdninstagram.com/v/{id}.{ending}")
}

/// Switches comments on or off.
pub(crate) fn configure(world: &mut World, call: &Call<'_>, id: &MediaId) -> Result<Value, GraphError> {
    let enabled = call.request.params.flag("comment_enabled")?;
    let enabled = enabled.ok_or_else(|| GraphError::missing_parameter("comment_enabled"))?;
    if let Some(node) = world.media.get_mut(id) {
        node.media.comment_enabled = enabled;
    }
    Ok(success())
}

/// Deletes posts, reels and stories; Facebook Login only.
pub(crate) fn delete(world: &mut World, call: &Call<'_>, id: &MediaId) -> Result<Value, GraphError> {
    if call.login == Login::Instagram {
        return Err(GraphError::unsupported_method(&call.request.method));
    }
    let deletable = world.media.get(id).is_some_and(|node| {
        let media = &node.media;
        media.product != MediaProduct::Ad
            && media.parent.is_none()
            && matches!(&media.owner, MediaOwner::Account(owner) if owner == call.account)
    });
    if !deletable {
        return Err(GraphError::media_not_deletable());
    }
    world.delete_media(id);
    Ok(json!({"success": true, "deleted_id": id}))
}
