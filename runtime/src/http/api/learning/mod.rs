//! What was learned from people's verdicts: versions, thresholds, agreement, and which intents act by themselves.

mod feedback;
mod views;

use actors::learning::{self, HistoryError};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::autonomy::WINDOW;
use tenants::changes::Changes;
use tenants::ids::TenantId;
use tenants::intent::Intent;
use tenants::ports::StoreError;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{TenantAccess, TenantManage, TenantRead};
use crate::http::extract::{JsonBody, QueryOf};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use views::{ChangeView, LearningView};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_learning))
        .routes(routes!(compare_learning))
        .routes(routes!(revert_learning))
        .routes(routes!(reset_learning))
        .routes(routes!(feedback::give_feedback))
}

/// What was learned from verdicts, and which intents act by themselves.
#[utoipa::path(get, path = "/tenants/{tenant}/learning", tag = "learning",
    responses((status = 200, body = LearningView)))]
async fn get_learning(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<LearningView>, Problem> {
    Ok(Json(read(&state, &access.tenant.id).await?))
}

async fn read(state: &AppState, tenant: &TenantId) -> Result<LearningView, Problem> {
    let store = state.ports.store.as_ref();
    let settings = store.find_settings(tenant).await?.unwrap_or_default();
    let present = learning::present(store, tenant).await?;
    let earned = store.earned_modes(tenant).await?;
    let mut latest = Vec::new();
    for intent in Intent::ALL {
        let verdicts = store.latest_verdicts(tenant, *intent, WINDOW).await?;
        latest.push((*intent, verdicts.into_iter().map(|kept| kept.verdict).collect()));
    }
    let versions = store.list_tunings(tenant).await?;
    Ok(LearningView::of(&settings, &present, &earned, &latest, versions))
}

/// The version to compare with the one in use.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Compared {
    /// A version that is kept; nothing learned at all when left out.
    version: Option<u32>,
}

/// What the version in use does otherwise than an earlier one.
#[utoipa::path(get, path = "/tenants/{tenant}/learning/changes", tag = "learning", params(Compared),
    responses((status = 200, body = ChangeView)))]
async fn compare_learning(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<Compared>,
    State(state): State<AppState>,
) -> Result<Json<ChangeView>, Problem> {
    let (store, tenant) = (state.ports.store.as_ref(), &access.tenant.id);
    let present = learning::present(store, tenant).await?;
    let earlier = match query.version.filter(|version| *version > 0) {
        Some(version) => {
            let found = store.find_tuning(tenant, Some(version)).await?;
            found.ok_or_else(|| Problem::not_found("version"))?.learned
        }
        None => tenants::tuning::Learned::default(),
    };
    Ok(Json(ChangeView::between(&earlier.tuning, &present.tuning)))
}

/// Where to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revert {
    /// A version that is kept.
    version: u32,
}

/// Go back to an earlier version. It becomes the newest; verdicts that were learned from since count no more.
#[utoipa::path(post, path = "/tenants/{tenant}/learning/revert", tag = "learning", request_body = Revert,
    responses((status = 200, body = LearningView)))]
async fn revert_learning(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    JsonBody(revert): JsonBody<Revert>,
) -> Result<Json<LearningView>, Problem> {
    let act = access.caller.act(&state);
    let store = state.ports.store.as_ref();
    let changes =
        learning::revert(store, &access.tenant.id, revert.version, &act.by, act.at, act.ids).await?;
    go_back(&state, &access, changes).await
}

/// Forget everything that was learned from verdicts. The version before stays in the list and can be gone back to.
#[utoipa::path(post, path = "/tenants/{tenant}/learning/reset", tag = "learning",
    responses((status = 200, body = LearningView)))]
async fn reset_learning(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
) -> Result<Json<LearningView>, Problem> {
    let act = access.caller.act(&state);
    let store = state.ports.store.as_ref();
    let changes = learning::reset(store, &access.tenant.id, &act.by, act.at, act.ids).await?;
    go_back(&state, &access, changes).await
}

async fn go_back(
    state: &AppState,
    access: &TenantAccess,
    changes: Changes,
) -> Result<Json<LearningView>, Problem> {
    write::commit(state, changes).await?;
    Ok(Json(read(state, &access.tenant.id).await?))
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::NotKept { .. } => Problem::invalid("version", error),
            HistoryError::InUse { version } => Problem::conflict(error.to_string()).with("present", version),
            HistoryError::Store(error) => StoreError::into(error),
        }
    }
}
