//! The queue of effects.

mod acts;
mod status;
mod view;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::effect::{ActionType, Effect, EffectState};
use tenants::ids::{AccountId, ConversationId, EffectId};
use tenants::ports::EffectFilter;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::view::EffectView;
use crate::http::access::{TenantAccess, TenantRead};
use crate::http::extract::{Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_effects))
        .routes(routes!(status::get_status))
        .routes(routes!(list_dead_letters))
        .routes(routes!(get_effect))
        .routes(routes!(acts::retry))
        .routes(routes!(acts::cancel))
}

/// Which effects to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EffectQuery {
    /// Only this status.
    #[param(value_type = Option<schema::EffectState>)]
    status: Option<EffectState>,
    /// Only this kind of action.
    #[param(value_type = Option<schema::ActionType>)]
    action_type: Option<ActionType>,
    /// Only this account.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Only this conversation.
    #[param(value_type = Option<schema::Id>)]
    conversation: Option<ConversationId>,
}

/// List effects, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/queue", tag = "queue", params(EffectQuery),
    responses((status = 200, body = Page<EffectView>)))]
async fn list_effects(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<EffectQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<EffectView>>, Problem> {
    let EffectQuery { status, action_type, account, conversation } = query;
    let filter = EffectFilter { state: status, action_type, account, conversation };
    list(&state, &access, &filter, page).await
}

/// List dead letters: effects that were given up after too many tries, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/queue/dlq", tag = "queue",
    responses((status = 200, body = Page<EffectView>)))]
async fn list_dead_letters(
    TenantRead(access): TenantRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<EffectView>>, Problem> {
    let filter = EffectFilter { state: Some(EffectState::Dlq), ..EffectFilter::default() };
    list(&state, &access, &filter, page).await
}

async fn list(
    state: &AppState,
    access: &TenantAccess,
    filter: &EffectFilter,
    page: PageOf,
) -> Result<Json<Page<EffectView>>, Problem> {
    let effects = state.ports.store.list_effects(&access.tenant.id, filter, page.request()).await?;
    Ok(Json(page.page(effects, |effect| effect.id.0)))
}

#[derive(Debug, Deserialize)]
struct EffectPath {
    effect: EffectId,
}

async fn find(state: &AppState, access: &TenantAccess, effect: &EffectId) -> Result<Effect, Problem> {
    let effect = state.ports.store.find_effect(&access.tenant.id, effect).await?;
    effect.ok_or_else(|| Problem::not_found("effect"))
}

/// Read an effect.
#[utoipa::path(get, path = "/tenants/{tenant}/queue/{effect}", tag = "queue",
    responses((status = 200, body = EffectView)))]
async fn get_effect(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<EffectPath>,
    State(state): State<AppState>,
) -> Result<Json<EffectView>, Problem> {
    Ok(Json(find(&state, &access, &path.effect).await?.into()))
}
