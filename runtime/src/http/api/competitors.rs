//! Competitors and what was seen of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenants::ids::CompetitorId;
use tenants::insights::Competitor;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{TenantAccess, TenantOperate, TenantRead};
use crate::http::extract::{JsonBody, Limit, PathIds, QueryOf, maybe_words, words};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::intel::{
    CompetitorView, InvalidCompetitor, SnapshotView, add_competitor as adding, delete_competitor as removing,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_competitors, add_competitor))
        .routes(routes!(get_competitor, delete_competitor))
        .routes(routes!(list_competitor_snapshots))
}

/// All competitors of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompetitorList)]
struct CompetitorList {
    /// By handle.
    items: Vec<CompetitorView>,
}

/// A competitor to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCompetitor {
    /// Handle of a professional account, with or without `@`.
    #[serde(deserialize_with = "words")]
    username: String,
    /// A remark.
    #[serde(default, deserialize_with = "maybe_words")]
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CompetitorPath {
    competitor: CompetitorId,
}

impl From<InvalidCompetitor> for Problem {
    fn from(invalid: InvalidCompetitor) -> Self {
        match &invalid {
            InvalidCompetitor::Handle(_) => Problem::invalid("username", invalid),
            InvalidCompetitor::Note => Problem::invalid("note", invalid),
            InvalidCompetitor::TooMany(_) => Problem::conflict(invalid.to_string()),
        }
    }
}

/// List the competitors of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/competitors", tag = "competitors",
    responses((status = 200, body = CompetitorList)))]
async fn list_competitors(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<CompetitorList>, Problem> {
    let found = state.ports.intel.store().list_competitors(&access.tenant.id).await?;
    Ok(Json(CompetitorList { items: found.into_iter().map(CompetitorView::from).collect() }))
}

/// Add a competitor. It is looked at every Friday at 10:00 by the tenant's clock, through an account of the tenant that
/// is connected by Facebook Login.
#[utoipa::path(post, path = "/tenants/{tenant}/competitors", tag = "competitors", request_body = NewCompetitor,
    responses((status = 201, body = CompetitorView)))]
async fn add_competitor(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewCompetitor>,
) -> Result<(StatusCode, Json<CompetitorView>), Problem> {
    let intel = &state.ports.intel;
    let present = intel.store().list_competitors(&access.tenant.id).await?.len();
    let room = (present, intel.settings().max_competitors);
    let act = access.caller.act(&state);
    let (added, changes) = adding(&act, access.tenant.id, &new.username, new.note, room)?;
    write::commit(&state, changes).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// Read a competitor.
#[utoipa::path(get, path = "/tenants/{tenant}/competitors/{competitor}", tag = "competitors",
    responses((status = 200, body = CompetitorView)))]
async fn get_competitor(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<CompetitorPath>,
    State(state): State<AppState>,
) -> Result<Json<CompetitorView>, Problem> {
    Ok(Json(find(&state, &access, &path).await?.into()))
}

/// Remove a competitor, with all that was seen of it. Reports stay as they are.
#[utoipa::path(delete, path = "/tenants/{tenant}/competitors/{competitor}", tag = "competitors",
    responses((status = 204, description = "It is removed.")))]
async fn delete_competitor(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<CompetitorPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let competitor = find(&state, &access, &path).await?;
    write::commit(&state, removing(&access.caller.act(&state), &competitor)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many snapshots.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SnapshotQuery {
    /// At most this many, 1 to 200; 50 when left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit<200>>,
}

/// Snapshots of a competitor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompetitorSnapshotList)]
struct SnapshotList {
    /// Newest first.
    items: Vec<SnapshotView>,
}

/// List what was seen of a competitor, newest first. Where nothing could be seen, the problem says why.
#[utoipa::path(get, path = "/tenants/{tenant}/competitors/{competitor}/snapshots", tag = "competitors",
    params(SnapshotQuery), responses((status = 200, body = SnapshotList)))]
async fn list_competitor_snapshots(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<CompetitorPath>,
    QueryOf(query): QueryOf<SnapshotQuery>,
    State(state): State<AppState>,
) -> Result<Json<SnapshotList>, Problem> {
    let competitor = find(&state, &access, &path).await?;
    let limit = query.limit.map_or(50, Limit::get);
    let found = state.ports.intel.store().list_snapshots(&access.tenant.id, &competitor.id, limit).await?;
    Ok(Json(SnapshotList { items: found.into_iter().map(SnapshotView::from).collect() }))
}

async fn find(state: &AppState, access: &TenantAccess, path: &CompetitorPath) -> Result<Competitor, Problem> {
    let found = state.ports.intel.store().find_competitor(&access.tenant.id, &path.competitor).await?;
    found.ok_or_else(|| Problem::not_found("competitor"))
}
