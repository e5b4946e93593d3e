//! Reads of the gateway. Each asks Instagram at once, within a number of calls an hour that is kept for programs outside.

use std::time::Duration;

use actors::intel::ReadRefused;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::clock::Timestamp;
use tenants::ids::AccountId;
use utoipa::{IntoParams, ToSchema};

use super::account_of;
use super::views::{InsightsView, MediaListView, ProfileView};
use crate::http::access::TenantRead;
use crate::http::extract::{Limit, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

/// Items of a list when nothing is said.
const USUAL_LIMIT: u32 = 25;
/// Longest time that numbers are asked for at once: Instagram's own limit.
const LONGEST_TIME: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Through which account.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AccountQuery {
    /// The account; the only one of the tenant when left out.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The account; the only one of the tenant when left out.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// `after` of the part before; the newest when left out.
    #[param(max_length = 1000)]
    after: Option<String>,
    /// Items, 1 to 100; 25 when left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit<100>>,
}

/// Which posts with a hashtag.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HashtagQuery {
    /// The account; the only one of the tenant when left out.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// The hashtag, with or without `#`. An account may look for 30 different ones in seven days.
    #[param(min_length = 1, max_length = 100)]
    q: String,
    /// `recent`, those of the last 24 hours, or `top`, the most liked; `recent` when left out.
    #[param(inline)]
    order: Option<HashtagOrder>,
    /// Items, 1 to 50; 25 when left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50)]
    limit: Option<Limit<50>>,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HashtagOrder {
    Recent,
    Top,
}

/// Which numbers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NumbersQuery {
    /// The account; the only one of the tenant when left out.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Instagram's id of a post of the account; about the account itself when left out.
    media: Option<String>,
    /// Names with commas between them, such as `reach,views`; the usual ones when left out.
    metrics: Option<String>,
    /// Begin, for the account; a day ago when left out. At most 30 days before the end.
    #[param(value_type = Option<schema::Moment>)]
    since: Option<Timestamp>,
    /// End, for the account; now when left out.
    #[param(value_type = Option<schema::Moment>)]
    until: Option<Timestamp>,
}

/// Read the account as it shows itself on Instagram now.
#[utoipa::path(get, path = "/tenants/{tenant}/gateway/profile", tag = "gateway", params(AccountQuery),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn read_profile(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<AccountQuery>,
    State(state): State<AppState>,
) -> Result<Json<ProfileView>, Problem> {
    let account = account_of(&state, &access, query.account).await?;
    let shown = state.ports.intel.outside().profile(&account, &*state.ports.clock).await?;
    Ok(Json(ProfileView::of(account.id, shown)))
}

/// List posts and reels of the account, newest first, as Instagram shows them now.
#[utoipa::path(get, path = "/tenants/{tenant}/gateway/media", tag = "gateway", params(ListQuery),
    responses((status = 200, body = MediaListView)))]
pub(super) async fn list_gateway_media(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<ListQuery>,
    State(state): State<AppState>,
) -> Result<Json<MediaListView>, Problem> {
    let limit = query.limit.map_or(USUAL_LIMIT, Limit::get);
    let account = account_of(&state, &access, query.account).await?;
    let (reads, clock) = (state.ports.intel.outside(), &*state.ports.clock);
    let page = reads.own_media(&account, clock, query.after.as_deref(), limit).await?;
    Ok(Json(MediaListView::of(account.id, page)))
}

/// List public posts of others in which the account is tagged, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/gateway/tagged-media", tag = "gateway", params(ListQuery),
    responses((status = 200, body = MediaListView)))]
pub(super) async fn list_tagged_media(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<ListQuery>,
    State(state): State<AppState>,
) -> Result<Json<MediaListView>, Problem> {
    let limit = query.limit.map_or(USUAL_LIMIT, Limit::get);
    let account = account_of(&state, &access, query.account).await?;
    let (reads, clock) = (state.ports.intel.outside(), &*state.ports.clock);
    let page = reads.tagged_media(&account, clock, query.after.as_deref(), limit).await?;
    Ok(Json(MediaListView::of(account.id, page)))
}

/// Search public posts by a hashtag. Needs an account that is connected through Facebook Login.
#[utoipa::path(get, path = "/tenants/{tenant}/gateway/hashtags", tag = "gateway", params(HashtagQuery),
    responses((status = 200, body = MediaListView)))]
pub(super) async fn search_hashtag(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<HashtagQuery>,
    State(state): State<AppState>,
) -> Result<Json<MediaListView>, Problem> {
    let limit = query.limit.map_or(USUAL_LIMIT, Limit::get);
    let account = account_of(&state, &access, query.account).await?;
    let newest = query.order != Some(HashtagOrder::Top);
    let (reads, clock) = (state.ports.intel.outside(), &*state.ports.clock);
    let page = reads.hashtag_media(&account, clock, &query.q, newest, limit).await?;
    Ok(Json(MediaListView::of(account.id, page)))
}

/// Read numbers of the account, or of one of its posts, from Instagram now. What Troupe has gathered by itself, day by day,
/// is under `/tenants/{tenant}/insights` and costs no call.
#[utoipa::path(get, path = "/tenants/{tenant}/gateway/insights", tag = "gateway", params(NumbersQuery),
    responses((status = 200, body = InsightsView)))]
pub(super) async fn read_insights(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<NumbersQuery>,
    State(state): State<AppState>,
) -> Result<Json<InsightsView>, Problem> {
    let names = query.metrics.iter().flat_map(|list| list.split(','));
    let metrics: Vec<String> =
        names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let now = state.ports.clock.now();
    let until = query.until.unwrap_or(now);
    let since = query.since.unwrap_or(until - Duration::from_secs(24 * 3_600));
    if since >= until || until.since(since) > LONGEST_TIME {
        let detail = "since must lie before until, and at most 30 days before it";
        return Err(Problem::new(ProblemKind::MalformedRequest, detail));
    }
    let account = account_of(&state, &access, query.account).await?;
    let (reads, clock) = (state.ports.intel.outside(), &*state.ports.clock);
    let numbers = match &query.media {
        Some(media) => reads.media_numbers(&account, clock, media, &metrics).await?,
        None => reads.account_numbers(&account, clock, &metrics, (since, until)).await?,
    };
    let items = numbers.readings.into_iter().map(Into::into).collect();
    Ok(Json(InsightsView { account: account.id, media: query.media, items }))
}

impl From<ReadRefused> for Problem {
    fn from(refused: ReadRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            ReadRefused::Wrong(_) => Problem::new(ProblemKind::MalformedRequest, detail),
            ReadRefused::NotAvailable(_) => Problem::conflict(detail).with("reason", "not_available"),
            ReadRefused::Disconnected(_) => Problem::conflict(detail).with("reason", "reconnect"),
            ReadRefused::Limited { wait, .. } => {
                Problem::new(ProblemKind::TooManyRequests, detail).retry_after(wait.as_secs() + 1)
            }
            ReadRefused::NoAnswer { wait, .. } => {
                Problem::new(ProblemKind::Unavailable, detail).retry_after(wait.as_secs() + 1)
            }
        }
    }
}
