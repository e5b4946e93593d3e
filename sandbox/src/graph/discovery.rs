//! What one may see of others: business discovery and hashtags. Facebook Login only.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{
    errors::GraphError,
    fields::{self, Field, Read, render},
    media,
    perform::Call,
};
use crate::{
    control::requests::{Login, MediaProduct},
    ids::MediaId,
    state::{World, accounts::AccountNode},
};

/// Hashtags that an account may search for in seven days.
const HASHTAGS: usize = 30;
/// Largest page of a hashtag's media.
const PAGE: usize = 50;
const WEEK: TimeDelta = TimeDelta::days(7);

/// `business_discovery.username(X){…}`: another professional account.
pub(crate) fn business(world: &World, call: &Call<'_>, field: &Field) -> Result<Read, GraphError> {
    let handle = field.modifier("username").ok_or_else(|| GraphError::missing_parameter("username"))?;
    // Whether it is unknown or a person's cannot be told apart.
    let node = world.accounts.id_of(handle).and_then(|id| world.accounts.get(id));
    let node = node.filter(|node| node.account.username == *handle);
    let node = node.ok_or_else(|| GraphError::new(110, "Invalid user id").subcode(2_207_013))?;
    let asked = field.fields_or(&["id"]);
    render("IGUser", call.login, &asked, |field| found(world, call, node, field)).map(Read::Value)
}

fn found(world: &World, call: &Call<'_>, node: &AccountNode, field: &Field) -> Result<Read, GraphError> {
    let account = &node.account;
    Ok(Read::Value(match field.name.as_str() {
        "id" => json!(account.user_id),
        "username" => json!(account.username),
        "name" => json!(account.name),
        "biography" => json!(account.biography),
        "website" => return Ok(Read::from(account.website.clone())),
        "profile_picture_url" => {
            json!(format!("https://scontent.cdninstagram.com/v/{}.jpg", account.user_id))
        }
        "followers_count" => json!(account.followers_count),
        "follows_count" => json!(account.follows_count),
        "media_count" => json!(node.media.len()),
        "media" => {
            let limit = field.modifier("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25);
            let asked = field.fields_or(&["id"]);
            let ids = node.media.newest_first().take(limit).map(|(_, id)| id);
            let data = ids.map(|id| others_media(world, call, id, &asked)).collect::<Result<Vec<_>, _>>()?;
            json!({ "data": data })
        }
        _ => return Ok(Read::Unknown),
    }))
}

/// A media as its owner's rivals see it.
fn others_media(world: &World, call: &Call<'_>, id: &MediaId, asked: &[Field]) -> Result<Value, GraphError> {
    let plain: Vec<Field> = asked.iter().filter(|field| field.name != "view_count").cloned().collect();
    let mut shown = media::render_media(world, call, id, &plain)?;
    if plain.len() < asked.len()
        && let Some(node) = world.media.get(id)
    {
        shown["view_count"] = json!(node.media.like_count * 9);
    }
    Ok(shown)
}

/// `GET /ig_hashtag_search`. Another look at a hashtag of the last seven days is free.
pub(crate) fn search_hashtag(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    only_on_facebook(call)?;
    own_user(call)?;
    let name = call.request.params.required("q")?.trim_start_matches('#').to_lowercase();
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(GraphError::invalid_parameter("The hashtag is invalid."));
    }
    let searches = world.hashtags.searches.entry(call.account.clone()).or_default();
    searches.retain(|(_, at)| call.now - *at < WEEK);
    if !searches.iter().any(|(known, _)| *known == name) {
        if searches.len() >= HASHTAGS {
            return Err(GraphError::new(
                18,
                "(#18) You can query a maximum of 30 unique hashtags within a 7 day rolling period.",
            )
            .subcode(2_207_034));
        }
        searches.push((name.clone(), call.now));
    }
    let id = id_of(&name);
    world.hashtags.names.insert(id.clone(), name);
    Ok(json!({ "data": [{ "id": id }] }))
}

/// Ids of hashtags are the same for everybody and for ever.
fn id_of(name: &str) -> String {
    let hash = name.bytes().fold(17u64, |hash, byte| crate::ids::mixed(hash ^ u64::from(byte)));
    format!("17843{:012}", hash % 1_000_000_000_000)
}

pub(crate) fn read_hashtag(world: &World, call: &Call<'_>, id: &str) -> Result<Value, GraphError> {
    render("ShadowIGHashtag", call.login, &call.fields(&["id"])?, |field| {
        Ok(match field.name.as_str() {
            "id" => Read::Value(json!(id)),
            "name" => Read::from(world.hashtags.names.get(id).cloned()),
            _ => Read::Unknown,
        })
    })
}

/// `recent_media` of the last 24 hours, or `top_media`.
pub(crate) fn hashtag_media(
    world: &World,
    call: &Call<'_>,
    id: &str,
    recent: bool,
) -> Result<Value, GraphError> {
    own_user(call)?;
    let asked = call.fields(&["id"])?;
    const SHOWN: [&str; 9] = [
        "id",
        "caption",
        "children",
        "comments_count",
        "like_count",
        "media_type",
        "media_url",
        "permalink",
        "timestamp",
    ];
    if let Some(hidden) = asked.iter().find(|field| !SHOWN.contains(&field.name.as_str())) {
        return Err(GraphError::nonexisting_field(&hidden.name, "IGMedia", call.login));
    }
    let limit =
        call.request.params.text("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25).min(PAGE);
    let tag = format!("#{}", world.hashtags.names.get(id).cloned().unwrap_or_default());
    let has_tag = |caption: &str| caption.split_whitespace().any(|word| word.to_lowercase() == tag);
    let mut found: Vec<_> = world
        .media
        .values()
        .map(|node| &node.media)
        .filter(|media| {
            media.parent.is_none() && matches!(media.product, MediaProduct::Feed | MediaProduct::Reels)
        })
        .filter(|media| media.caption.as_deref().is_some_and(has_tag))
        .filter(|media| !recent || call.now - media.created_at < TimeDelta::hours(24))
        .collect();
    found.sort_by(|one, other| match recent {
        true => other.created_at.cmp(&one.created_at),
        false => other.like_count.cmp(&one.like_count),
    });
    // The cursor is the same on each page, so a second page is never had.
    let is_first = call.request.params.text("after").is_none();
    let shown = found.into_iter().filter(|_| is_first).take(limit);
    let data = shown
        .map(|media| media::render_media(world, call, &media.id, &asked))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "data": data, "paging": { "cursors": { "after": "QVFIUkhhc2h0YWc" } } }))
}

/// `GET /{ig-id}/recently_searched_hashtags`.
pub(crate) fn recently_searched(world: &World, call: &Call<'_>) -> Result<Value, GraphError> {
    only_on_facebook(call)?;
    let searches = world.hashtags.searches.get(call.account).into_iter().flatten();
    let data: Vec<Value> = searches
        .filter(|(_, at)| call.now - *at < WEEK)
        .map(|(name, _)| {
            let mut shown = Map::new();
            shown.insert("id".to_owned(), json!(id_of(name)));
            for field in call.fields(&["id"]).unwrap_or_else(|_| fields::named(&["id"])) {
                if field.name == "name" {
                    shown.insert("name".to_owned(), json!(name));
                }
            }
            Value::Object(shown)
        })
        .collect();
    Ok(json!({ "data": data }))
}

fn only_on_facebook(call: &Call<'_>) -> Result<(), GraphError> {
    match call.login {
        Login::Facebook => Ok(()),
        Login::Instagram => Err(GraphError::unknown_path(&call.request.path.join("/"))),
    }
}

/// Hashtags are looked at in the name of one's own account.
fn own_user(call: &Call<'_>) -> Result<(), GraphError> {
    let user = call.request.params.required("user_id")?;
    if user == call.account.as_str() {
        Ok(())
    } else {
        Err(GraphError::invalid_parameter("user_id is not yours"))
    }
}
