//! The live feed: the audit log as it grows.
//!
//! The log is the truth and the hint only says "look": a listener that misses hints reads on where it stopped, so
//! nothing is ever left out or told twice.

mod follow;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenants::audit::Chain;
use tenants::ports::AuditFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::audit::AuditEntryView;
use crate::http::access::TenantRead;
use crate::http::extract::{Limit, OnlyJson, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_feed)).routes(routes!(poll_feed))
}

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FeedQuery {
    /// Begin after this position; 0 tells everything there is. When left out: only what comes from now on.
    #[param(minimum = 0)]
    since: Option<i64>,
    /// Polling only: at most this many, 1 to 200.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit<{ follow::READ_AT_ONCE }>>,
}

/// What happened since a position.
#[derive(Debug, Serialize, ToSchema)]
struct FeedPage {
    /// Entries, oldest first.
    items: Vec<AuditEntryView>,
    /// Send it as `since` next time.
    since: i64,
}

/// Follow what happens with a tenant.
///
/// Answers `text/event-stream`: `id` is the position, `event` the event type, `data` the audit entry as JSON; a
/// reconnect with `Last-Event-ID` goes on where the stream broke off. With `Accept: application/json` it answers
/// like the polling form.
#[utoipa::path(get, path = "/tenants/{tenant}/feed", tag = "feed", params(FeedQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "Begin after this position; goes before `since`.")),
    responses((status = 200, description = "A stream of events.", content(
        (schema::StreamedEvent = "text/event-stream"), (FeedPage = "application/json")))))]
async fn get_feed(
    TenantRead(access): TenantRead,
    QueryOf(mut query): QueryOf<FeedQuery>,
    OnlyJson(only_json): OnlyJson,
    headers: HeaderMap,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    if only_json {
        return Ok(poll(&state, access.chain(), &query).await?.into_response());
    }
    if let Some(last) = headers.get("last-event-id") {
        query.since = Some(last.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::new(
                ProblemKind::MalformedRequest,
                "Last-Event-ID must be a position of this feed: a number",
            )
        })?);
    }
    let after = start(&state, access.chain(), query.since).await?;
    Ok(follow::stream(state, access, after).into_response())
}

/// Read what happened with a tenant since a position, oldest first.
#[utoipa::path(get, path = "/tenants/{tenant}/feed/poll", tag = "feed", params(FeedQuery),
    responses((status = 200, body = FeedPage)))]
async fn poll_feed(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<FeedQuery>,
    State(state): State<AppState>,
) -> Result<Json<FeedPage>, Problem> {
    poll(&state, access.chain(), &query).await
}

async fn poll(state: &AppState, chain: Chain, query: &FeedQuery) -> Result<Json<FeedPage>, Problem> {
    let limit = query.limit.map_or(follow::READ_AT_ONCE, Limit::get);
    let after = start(state, chain, query.since).await?;
    let entries = state.ports.store.audit_since(&chain, after, limit).await?;
    let since = entries.last().map_or(after, |entry| entry.seq);
    Ok(Json(FeedPage { items: entries.into_iter().map(Into::into).collect(), since }))
}

/// The position to begin after: the one asked for, or the present end of the log.
async fn start(state: &AppState, chain: Chain, since: Option<i64>) -> Result<i64, Problem> {
    match since {
        Some(since) if since >= 0 => Ok(since),
        Some(_) => Err(Problem::new(ProblemKind::MalformedRequest, "since must not be negative")),
        None => {
            let newest = state.ports.store.list_audit(&chain, &AuditFilter::default(), None, 1).await?;
            Ok(newest.first().map_or(0, |entry| entry.seq))
        }
    }
}
