//! `/me`, `/{ig-id}` and the linked Page.

use serde_json::{Value, json};

use super::{
    comments, discovery,
    errors::GraphError,
    fields::{Field, Read, render},
    media,
    perform::Call,
};
use crate::{
    control::requests::Login,
    ids::MediaId,
    state::{World, accounts::AccountNode},
};

pub(crate) fn read(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    render_account(world, call, &call.fields(&["id"])?)
}

fn render_account(world: &World, call: &Call<'_>, fields: &[Field]) -> Result<Value, GraphError> {
    let node = own(world, call)?;
    render("IGUser", call.login, fields, |field| account_field(world, call, node, field))
}

fn own<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w AccountNode, GraphError> {
    let lost = || GraphError::unknown_object(&call.request.method, call.account.as_str());
    world.accounts.get(call.account).ok_or_else(lost)
}

fn account_field(
    world: &World,
    call: &Call<'_>,
    node: &AccountNode,
    field: &Field,
) -> Result<Read, GraphError> {
    let account = &node.account;
    let picture = || format!("https://scontent.cdninstagram.com/v/{}.jpg", account.user_id);
    let shared = match field.name.as_str() {
        // The Instagram host shows the app-scoped id here, the Facebook host the professional account's.
        "id" if call.login == Login::Instagram => json!(account.app_scoped_id),
        "id" => json!(account.user_id),
        "username" => json!(account.username),
        "name" => json!(account.name),
        "biography" => json!(account.biography),
        "website" => return Ok(Read::from(account.website.clone())),
        "profile_picture_url" => json!(picture()),
        "followers_count" => json!(account.followers_count),
        "follows_count" => json!(account.follows_count),
        "media_count" => json!(node.media.len()),
        "media" => return media::expand(world, call, field),
        "stories" => return media::expand_stories(world, call, field),
        _ => return host_field(world, call, node, field),
    };
    Ok(Read::Value(shared))
}

/// Fields that only one of the hosts knows.
fn host_field(world: &World, call: &Call<'_>, node: &AccountNode, field: &Field) -> Result<Read, GraphError> {
    let account = &node.account;
    match (call.login, field.name.as_str()) {
        (Login::Instagram, "user_id") => Ok(Read::Value(json!(account.user_id))),
        (Login::Instagram, "account_type") => Ok(Read::Value(json!("BUSINESS"))),
        (Login::Facebook, "ig_id" | "legacy_instagram_user_id") => Ok(Read::Value(json!(account.user_id))),
        (Login::Facebook, "has_profile_pic" | "is_published") => Ok(Read::Value(json!(true))),
        (Login::Facebook, "business_discovery") => discovery::business(world, call, field),
        (_, "mentioned_comment") => mentioned_comment(world, call, field),
        (_, "mentioned_media") => mentioned_media(world, call, field),
        _ => Ok(Read::Unknown),
    }
}

/// `mentioned_comment.comment_id(X){…}`: the one way to read a comment on somebody else's media.
fn mentioned_comment(world: &World, call: &Call<'_>, field: &Field) -> Result<Read, GraphError> {
    let id = field.modifier("comment_id").ok_or_else(|| GraphError::missing_parameter("comment_id"))?;
    let mentioned = world.mentions.contains(&(call.account.clone(), id.to_owned()));
    let node = world.comments.find(id).filter(|_| mentioned);
    let node = node.ok_or_else(|| GraphError::unknown_object(&call.request.method, id))?;
    let fields = field.fields_or(&["id", "text", "timestamp"]);
    comments::render_comment(world, call, &node.comment.id, &fields).map(Read::Value)
}

/// `mentioned_media.media_id(X){…}`.
fn mentioned_media(world: &World, call: &Call<'_>, field: &Field) -> Result<Read, GraphError> {
    let id = field.modifier("media_id").ok_or_else(|| GraphError::missing_parameter("media_id"))?;
    if !world.mentions.contains(&(call.account.clone(), id.to_owned())) {
        return Err(GraphError::unknown_object(&call.request.method, id));
    }
    media::render_media(world, call, &MediaId::new(id), &field.fields_or(&["id"])).map(Read::Value)
}

/// The Page of Facebook Login.
pub(crate) fn read_page(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    let node = own(world, call)?;
    let page = &node.account;
    render("Page", call.login, &call.fields(&["id", "name"])?, |field| {
        Ok(match field.name.as_str() {
            "id" => Read::Value(json!(page.page_id)),
            "name" => Read::Value(json!(page.name)),
            "access_token" => Read::from(call.request.token.clone()),
            "tasks" => Read::Value(json!(["MESSAGING", "MODERATE", "CREATE_CONTENT"])),
            "instagram_business_account" => {
                Read::Value(render_account(world, call, &field.fields_or(&["id"]))?)
            }
            _ => Read::Unknown,
        })
    })
}
