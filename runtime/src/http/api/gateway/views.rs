//! What the gateway answers. Nothing here holds a token: Instagram's own addresses of next pages do, and are left out.

use serde::Serialize;
use tenants::clock::Timestamp;
use tenants::ids::AccountId;
use tenants::ports::{Reading, ShownMedia, ShownPage, ShownProfile};
use utoipa::ToSchema;

use crate::http::api::posts::PostView;
use crate::http::api::queue::EffectView;
use crate::http::schema;

/// An account as it shows itself on Instagram. What Instagram leaves out is `null`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayProfile)]
pub(super) struct ProfileView {
    #[schema(value_type = schema::Id)]
    pub account: AccountId,
    /// Instagram's professional account id.
    pub external_id: String,
    /// Handle without `@`.
    pub username: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// What it says of itself.
    pub biography: Option<String>,
    /// The address it names.
    pub website: Option<String>,
    /// Its picture; the address is good for some days.
    pub picture_url: Option<String>,
    pub followers: Option<u64>,
    pub follows: Option<u64>,
    pub media_count: Option<u64>,
}

impl ProfileView {
    pub fn of(account: AccountId, shown: ShownProfile) -> Self {
        Self {
            account,
            external_id: shown.external_id,
            username: shown.username,
            name: shown.name,
            biography: shown.biography,
            website: shown.website,
            picture_url: shown.picture_url,
            followers: shown.followers,
            follows: shown.follows,
            media_count: shown.media_count,
        }
    }
}

/// A post or reel as Instagram shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayMedia)]
pub(super) struct MediaView {
    /// Instagram's id.
    id: String,
    /// `FEED`, `REELS` or `STORY`, where it is told.
    product: Option<String>,
    /// `IMAGE`, `VIDEO` or `CAROUSEL_ALBUM`.
    media_type: Option<String>,
    /// Whose it is; never told of what a hashtag finds.
    username: Option<String>,
    caption: Option<String>,
    /// The file; the address is good for some days.
    media_url: Option<String>,
    /// Where people see it.
    permalink: Option<String>,
    #[schema(value_type = Option<schema::Moment>)]
    published_at: Option<Timestamp>,
    /// Likes, unless hidden.
    likes: Option<u64>,
    comments: Option<u64>,
}

impl From<ShownMedia> for MediaView {
    fn from(shown: ShownMedia) -> Self {
        Self {
            id: shown.id,
            product: shown.product,
            media_type: shown.media_type,
            username: shown.username,
            caption: shown.caption,
            media_url: shown.media_url,
            permalink: shown.permalink,
            published_at: shown.published_at,
            likes: shown.likes,
            comments: shown.comments,
        }
    }
}

/// Part of a list of Instagram's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayMediaList)]
pub(super) struct MediaListView {
    #[schema(value_type = schema::Id)]
    account: AccountId,
    /// Newest first; by likes for the most liked.
    items: Vec<MediaView>,
    /// Send it as `after` to get what comes next; `null` at the end.
    after: Option<String>,
}

impl MediaListView {
    pub fn of(account: AccountId, page: ShownPage) -> Self {
        Self { account, items: page.items.into_iter().map(Into::into).collect(), after: page.after }
    }
}

/// One number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayNumber)]
pub(super) struct NumberView {
    metric: String,
    value: f64,
    /// End of the day it is for, where Instagram tells numbers by days.
    #[schema(value_type = Option<schema::Moment>)]
    ends_at: Option<Timestamp>,
}

/// Numbers as Instagram tells them now. What it has no data for is missing, never zero.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayInsights)]
pub(super) struct InsightsView {
    #[schema(value_type = schema::Id)]
    pub account: AccountId,
    /// Instagram's id of the post they are about; `null` for the account.
    pub media: Option<String>,
    pub items: Vec<NumberView>,
}

impl From<Reading> for NumberView {
    fn from(reading: Reading) -> Self {
        Self { metric: reading.metric, value: reading.value, ends_at: reading.ends_at }
    }
}

/// Something that waits in the queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayQueued)]
pub(super) struct QueuedView {
    /// As it stands in the queue.
    pub effect: EffectView,
    /// Where to read how it stands.
    #[schema(
        example = "/api/v1/tenants/ten_0190b6a0c0007000800000000000000a/queue/eff_0190b6a0c0007000800000000000000b"
    )]
    pub status_url: String,
}

/// A post that is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayPost)]
pub(super) struct PublishingView {
    /// As it stands. `pending`: the tenant wants somebody's yes first.
    pub post: PostView,
    /// Where to read how it stands.
    pub status_url: String,
}
