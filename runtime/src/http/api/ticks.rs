//! Ticks: when the roles of a tenant do what by themselves.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenants::account::TenantStatus;
use tenants::event::Role;
use tenants::ports::{CronTick, Hint};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clocks::{TickRunView, TickView, ask};
use crate::http::access::{TenantAccess, TenantOperate, TenantRead};
use crate::http::extract::{Page, PageOf, PathIds};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_ticks)).routes(routes!(list_tick_runs)).routes(routes!(run_tick))
}

#[derive(Debug, Deserialize)]
struct TickPath {
    role: Role,
    name: String,
}

/// What became of the wish to run a tick.
#[derive(Debug, Serialize, ToSchema)]
struct TickAsked {
    /// False when a run that was asked for has not ended yet: that one counts.
    is_new: bool,
    /// The tick as it stands now.
    tick: TickView,
}

/// List the ticks of a tenant, with their next and last runs.
#[utoipa::path(get, path = "/tenants/{tenant}/ticks", tag = "operations",
    responses((status = 200, body = Page<TickView>)))]
async fn list_ticks(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<Page<TickView>>, Problem> {
    Ok(Json(Page::whole(state.ports.store.list_ticks(&access.tenant.id).await?)))
}

/// List the runs of a tick, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/ticks/{role}/{name}/runs", tag = "operations",
    responses((status = 200, body = Page<TickRunView>)))]
async fn list_tick_runs(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<TickPath>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<TickRunView>>, Problem> {
    let tick = find(&state, &access, &path).await?;
    let runs = state.ports.store.tick_runs(&access.tenant.id, tick.role, &tick.name, page.request()).await?;
    Ok(Json(page.page(runs, |run| run.event.0)))
}

/// Run a tick now, beside its planned runs. While a run that was asked for has not ended, asking again starts no other.
#[utoipa::path(post, path = "/tenants/{tenant}/ticks/{role}/{name}/run", tag = "operations",
    responses((status = 202, body = TickAsked)))]
async fn run_tick(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<TickPath>,
    State(state): State<AppState>,
) -> Result<(StatusCode, Json<TickAsked>), Problem> {
    let tick = find(&state, &access, &path).await?;
    if access.tenant.status == TenantStatus::Suspended {
        return Err(Problem::conflict("the tenant is suspended: resume it first".to_owned()));
    }
    let is_new = ask(state.ports.store.as_ref(), &tick, &access.caller.act(&state)).await?;
    if is_new {
        state.ports.wake.send(Hint::Events(access.tenant.id));
        state.ports.wake.send(Hint::Audit(access.tenant.id));
    }
    let tick = find(&state, &access, &path).await?;
    Ok((StatusCode::ACCEPTED, Json(TickAsked { is_new, tick: tick.into() })))
}

async fn find(state: &AppState, access: &TenantAccess, path: &TickPath) -> Result<CronTick, Problem> {
    let ticks = state.ports.store.list_ticks(&access.tenant.id).await?;
    let found = ticks.into_iter().find(|tick| tick.role == path.role && tick.name == path.name);
    found.ok_or_else(|| Problem::general(ProblemKind::NotFound))
}
