//! Insights: numbers of accounts and media, and the hours that suit them.

use actors::intel::best_times;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenants::account::Tenant;
use tenants::clock::Timestamp;
use tenants::ids::AccountId;
use tenants::ports::{InsightQuery, MediaQuery, TenantContext};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::TenantReadShared;
use crate::http::extract::{Limit, PathIds, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;
use crate::intel::{BestTimesView, Days, InsightView, InvalidDays, MediaView, csv_of_insights};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_insights))
        .routes(routes!(export_insights))
        .routes(routes!(list_media_insights))
        .routes(routes!(get_media_insights))
        .routes(routes!(get_best_times))
}

/// Which numbers of accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SeriesQuery {
    /// Only of this account.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Only this metric, such as `reach`; all but those by the hour when left out.
    metric: Option<String>,
    /// First day on the tenant's clock; 27 days before the last one when left out.
    #[param(example = "2026-03-04")]
    from: Option<String>,
    /// Last day; today when left out. At most 92 days at once, or 731 of one metric.
    #[param(example = "2026-03-10")]
    to: Option<String>,
}

/// Numbers by day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InsightSeries)]
struct SeriesView {
    /// First day.
    from: String,
    /// Last day.
    to: String,
    /// By day, metric and part.
    items: Vec<InsightView>,
}

impl From<InvalidDays> for Problem {
    fn from(invalid: InvalidDays) -> Self {
        Problem::new(ProblemKind::MalformedRequest, invalid.to_string())
    }
}

/// Read numbers of the tenant's accounts by day: one metric or all, with the parts Instagram tells.
///
/// A number that Instagram does not tell is `null` with the reason, never zero.
#[utoipa::path(get, path = "/tenants/{tenant}/insights", tag = "insights", params(SeriesQuery),
    responses((status = 200, body = SeriesView)))]
async fn list_insights(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<SeriesQuery>,
    State(state): State<AppState>,
) -> Result<Json<SeriesView>, Problem> {
    let (days, items) = series(&state, &access.tenant, query).await?;
    Ok(Json(SeriesView { from: days.first.to_string(), to: days.last.to_string(), items }))
}

/// Export numbers of the tenant's accounts as CSV, by day.
#[utoipa::path(get, path = "/tenants/{tenant}/insights/export", tag = "insights", params(SeriesQuery),
    responses((status = 200, description = "CSV with a header line.", body = String, content_type = "text/csv")))]
async fn export_insights(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<SeriesQuery>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let (_, items) = series(&state, &access.tenant, query).await?;
    let body = csv_of_insights(&items).map_err(|error| {
        tracing::error!(%error, "insights could not be written as CSV");
        Problem::general(ProblemKind::Internal)
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let file = format!("attachment; filename=\"insights-{}.csv\"", access.tenant.slug);
    if let Ok(value) = HeaderValue::from_str(&file) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok((headers, body).into_response())
}

async fn series(
    state: &AppState,
    tenant: &Tenant,
    query: SeriesQuery,
) -> Result<(Days, Vec<InsightView>), Problem> {
    let now = state.ports.clock.now();
    let days = Days::read(query.from.as_deref(), query.to.as_deref(), query.metric.is_some(), tenant, now)?;
    let query = InsightQuery {
        account: query.account,
        metric: query.metric,
        first_day: days.first.to_string(),
        last_day: days.last.to_string(),
    };
    let found = state.ports.intel.store().account_insights(&tenant.id, &query).await?;
    Ok((days, found.into_iter().map(InsightView::from).collect()))
}

/// Which media.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MediaListQuery {
    /// Only of this account.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Only those published before this moment: `published_at` of the last one of the page before.
    #[param(value_type = Option<schema::Moment>)]
    before: Option<Timestamp>,
    /// Media per page, 1 to 200; 50 when left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit<200>>,
}

/// Media with their numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaInsightsList)]
struct MediaList {
    /// Newest first.
    items: Vec<MediaView>,
}

/// List posts, reels and stories with their newest numbers, newest media first.
#[utoipa::path(get, path = "/tenants/{tenant}/insights/media", tag = "insights", params(MediaListQuery),
    responses((status = 200, body = MediaList)))]
async fn list_media_insights(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<MediaListQuery>,
    State(state): State<AppState>,
) -> Result<Json<MediaList>, Problem> {
    let limit = query.limit.map_or(50, Limit::get);
    let query = MediaQuery {
        account: query.account,
        published_from: Timestamp::from_micros(0),
        published_until: query
            .before
            .unwrap_or(state.ports.clock.now() + std::time::Duration::from_secs(86_400)),
        read_until: "9999-12-31".to_owned(),
        limit,
    };
    let found = state.ports.intel.store().media_readings(&access.tenant.id, &query).await?;
    Ok(Json(MediaList { items: found.into_iter().map(MediaView::from).collect() }))
}

#[derive(Debug, Deserialize)]
struct MediaPath {
    instagram_media: String,
}

/// Read how the numbers of one post, reel or story grew: a reading for each day, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/insights/media/{instagram_media}", tag = "insights",
    responses((status = 200, body = MediaList)))]
async fn get_media_insights(
    TenantReadShared(access): TenantReadShared,
    PathIds(path): PathIds<MediaPath>,
    State(state): State<AppState>,
) -> Result<Json<MediaList>, Problem> {
    let found = state.ports.intel.store().media_history(&access.tenant.id, &path.instagram_media).await?;
    if found.is_empty() {
        return Err(Problem::not_found("media"));
    }
    Ok(Json(MediaList { items: found.into_iter().map(MediaView::from).collect() }))
}

/// Which account.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BestTimesQuery {
    /// Only posts of this account.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
}

/// Suggest when to publish: hours of the week by how posts of the last half year did, each with its number of posts.
///
/// With too few posts nothing is suggested, and the remark says so.
#[utoipa::path(get, path = "/tenants/{tenant}/insights/best-times", tag = "insights", params(BestTimesQuery),
    responses((status = 200, body = BestTimesView)))]
async fn get_best_times(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<BestTimesQuery>,
    State(state): State<AppState>,
) -> Result<Json<BestTimesView>, Problem> {
    let now = state.ports.clock.now();
    let context = context_of(&state, &access.tenant).await?;
    let found = best_times::of(&state.ports.intel, &context, query.account, now).await?;
    Ok(Json(found.into()))
}

/// What actors know about a tenant.
pub(super) async fn context_of(state: &AppState, tenant: &Tenant) -> Result<TenantContext, Problem> {
    let zone = actors::intel::periods::zone_of(tenant);
    let day = state.ports.clock.now().to_utc().with_timezone(&zone).date_naive().to_string();
    let context = state.ports.store.load_context(&tenant.id, &day).await?;
    context.ok_or_else(|| Problem::not_found("tenant"))
}
