//! A media's insights: lifetime numbers, by the kind of media.

use serde_json::{Value, json};

use super::{asked, item, numbers::of_media};
use crate::{
    control::requests::MediaProduct,
    graph::{errors::GraphError, perform::Call},
    ids::MediaId,
    state::{World, media::STORY_LIFETIME},
};

/// Fewer viewers than this of a story are not told.
const FEWEST_VIEWERS: u64 = 5;

const EVERY: &[&str] = &["reach", "views", "total_interactions", "shares", "reposts", "facebook_views"];
const POSTS: &[&str] = &["likes", "comments", "saved"];
const FEED_AND_STORY: &[&str] = &["follows", "profile_visits", "profile_activity"];
const REELS: &[&str] =
    &["ig_reels_avg_watch_time", "ig_reels_video_view_total_time", "reels_skip_rate", "crossposted_views"];
const STORY: &[&str] = &["navigation", "replies"];

pub(crate) fn read(world: &World, call: &Call<'_>, id: &MediaId) -> Result<Value, GraphError> {
    let lost = || GraphError::unknown_object(&call.request.method, id.as_str());
    let node = world.media.get(id).ok_or_else(lost)?;
    let media = &node.media;
    if media.parent.is_some()
        || (media.product == MediaProduct::Story && call.now - media.created_at > STORY_LIFETIME)
    {
        return Err(lost());
    }
    let names = asked(call)?;
    let account = world.accounts.get(call.account).ok_or_else(lost)?;
    for name in &names {
        let is_removed = account.account.removed_metrics.iter().any(|removed| removed == name);
        if is_removed || !is_supported(media.product, name) {
            return Err(GraphError::new(
                100,
                format!(
                    "(#100) The Media Insights API does not support the {name} metric for this media product type."
                ),
            ));
        }
    }
    let gathered = of_media(world, node, account.account.followers_count, call.now);
    if media.product == MediaProduct::Story && gathered.reach < FEWEST_VIEWERS {
        return Err(GraphError::new(10, "(#10) Not enough viewers for the media to show insights"));
    }
    let all_likes = media.like_count + media.liked_by.len() as u64;
    let data: Vec<Value> = names
        .iter()
        .map(|name| {
            let value = match name.as_str() {
                // These two are told as they are now, as the media itself shows them.
                "likes" => all_likes,
                "total_interactions" => gathered.interactions() - gathered.likes + all_likes,
                "ig_reels_avg_watch_time" => 4_200,
                "ig_reels_video_view_total_time" => gathered.views * 4_200,
                "navigation" => gathered.views / 2,
                name => gathered.named(name),
            };
            item(id.as_str(), name, "lifetime", json!({ "values": [{ "value": value }] }))
        })
        .collect();
    Ok(json!({ "data": data }))
}

fn is_supported(product: MediaProduct, name: &str) -> bool {
    let lists: &[&[&str]] = match product {
        MediaProduct::Feed => &[EVERY, POSTS, FEED_AND_STORY],
        MediaProduct::Reels => &[EVERY, POSTS, REELS],
        MediaProduct::Story => &[EVERY, FEED_AND_STORY, STORY],
        MediaProduct::Ad => &[],
    };
    lists.iter().any(|list| list.contains(&name))
}
