//! Budgets for language models: what is set, and how the day stands.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::ids::{AgencyId, TenantId};
use tenants::money::MicroUsd;
use tenants::ports::{Hint, PageRequest, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{AgencyAccess, AgencyManage, AgencyRead, TenantAccess, TenantManage, TenantRead};
use crate::http::extract::{JsonBody, Page, PageOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::money::{self, BudgetLineView, BudgetShares, TenantBudgetView, TenantDayView};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_tenant_budget, put_tenant_budget))
        .routes(routes!(get_agency_budget, put_agency_budget))
}

/// What to set of a tenant's budget; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantBudgetChange {
    /// Most that it may spend in a day of its own, in millionths of a US dollar; nothing switches models off.
    #[schema(minimum = 0)]
    #[serde(default)]
    daily_micro_usd: Option<i64>,
    /// Most that each kind of work may take of it.
    #[serde(default)]
    shares: Option<BudgetShares>,
}

/// What to set of an agency's budget.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgencyBudgetChange {
    /// Most that all its tenants together may spend in a day of UTC, in millionths of a US dollar; `null` sets no
    /// limit.
    #[schema(minimum = 0, required = true)]
    #[serde(deserialize_with = "Option::deserialize")]
    daily_micro_usd: Option<i64>,
}

/// What an agency's tenants may spend on language models today.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgencyBudget)]
struct AgencyBudgetView {
    /// The agency.
    #[schema(value_type = schema::Id)]
    agency: AgencyId,
    /// What is set: most that all its tenants together may spend in a day, in millionths of a US dollar; `null` when
    /// there is no limit.
    daily_micro_usd: Option<i64>,
    /// How its day stands; `null` when there is no limit.
    line: Option<BudgetLineView>,
    /// How the days of its tenants stand, newest tenant first, in pages.
    tenants: Page<TenantDayView>,
}

/// Read a tenant's budget of today: what is set, what is spent, set aside and left, and when the next day begins.
///
/// With a key of the agency the agency's own budget of the day is among the lines.
#[utoipa::path(get, path = "/tenants/{tenant}/budget", tag = "budgets",
    responses((status = 200, body = TenantBudgetView)))]
async fn get_tenant_budget(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<TenantBudgetView>, Problem> {
    present(&state, &access).await
}

/// Set a tenant's daily budget, or the shares of the kinds of work, or both. Its other settings stay as they are.
///
/// It holds from the next call to a model on. Warnings that have become untrue are resolved within a minute.
#[utoipa::path(put, path = "/tenants/{tenant}/budget", tag = "budgets", request_body = TenantBudgetChange,
    responses((status = 200, body = TenantBudgetView)))]
async fn put_tenant_budget(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    JsonBody(change): JsonBody<TenantBudgetChange>,
) -> Result<Json<TenantBudgetView>, Problem> {
    let act = access.caller.act(&state);
    let (daily, shares) = (change.daily_micro_usd.map(MicroUsd), change.shares.map(Into::into));
    write::commit(&state, act.set_tenant_budget(access.tenant.id, daily, shares)?).await?;
    present(&state, &access).await
}

async fn present(state: &AppState, access: &TenantAccess) -> Result<Json<TenantBudgetView>, Problem> {
    let ports = &state.ports;
    let shows_agency = access.caller.role_in(access.tenant.agency).is_some();
    let now = ports.clock.now();
    let budget =
        money::tenant_budget(&*ports.store, &*ports.ledger, &access.tenant, shows_agency, now).await?;
    Ok(Json(budget))
}

/// Read an agency's budget of today, and the days of its tenants.
#[utoipa::path(get, path = "/agencies/{agency}/budget", tag = "budgets",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of `tenants` of the page before."),
        ("limit" = Option<u32>, Query, description = "Tenants per page, 1 to 200; 50 when left out.",
            minimum = 1, maximum = 200),
    ),
    responses((status = 200, body = AgencyBudgetView)))]
async fn get_agency_budget(
    AgencyRead(access): AgencyRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<AgencyBudgetView>, Problem> {
    present_agency(&state, &access, page).await
}

/// Set or lift an agency's daily budget.
///
/// It holds from the next call to a model on, whichever of its tenants makes it.
#[utoipa::path(put, path = "/agencies/{agency}/budget", tag = "budgets", request_body = AgencyBudgetChange,
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of `tenants` of the page before."),
        ("limit" = Option<u32>, Query, description = "Tenants per page, 1 to 200; 50 when left out.",
            minimum = 1, maximum = 200),
    ),
    responses((status = 200, body = AgencyBudgetView)))]
async fn put_agency_budget(
    AgencyManage(access): AgencyManage,
    page: PageOf,
    State(state): State<AppState>,
    JsonBody(change): JsonBody<AgencyBudgetChange>,
) -> Result<Json<AgencyBudgetView>, Problem> {
    let act = access.caller.act(&state);
    let daily = change.daily_micro_usd.map(MicroUsd);
    write::commit(&state, act.set_agency_budget(access.agency.id, daily)?).await?;
    if let Err(error) = tell_tenants(&state, &access.agency.id).await {
        tracing::warn!(%error, "tenants were not told of the new budget: those awake see it within seconds");
    }
    present_agency(&state, &access, page).await
}

async fn present_agency(
    state: &AppState,
    access: &AgencyAccess,
    page: PageOf,
) -> Result<Json<AgencyBudgetView>, Problem> {
    let (ports, agency) = (&state.ports, &access.agency);
    let now = ports.clock.now();
    let tenants = ports.store.list_tenants(&agency.id, page.request()).await?;
    let days = money::tenant_days(&*ports.store, &*ports.ledger, &tenants, now).await?;
    Ok(Json(AgencyBudgetView {
        agency: agency.id,
        daily_micro_usd: ports.ledger.agency_budget(&agency.id).await?.map(|daily| daily.0),
        line: money::agency_day(&*ports.ledger, agency, now).await?,
        tenants: page.page(days, |day| day.tenant.0),
    }))
}

/// Actors that are awake load what changed.
async fn tell_tenants(state: &AppState, agency: &AgencyId) -> Result<(), StoreError> {
    let mut page = PageRequest::first(500);
    loop {
        let tenants = state.ports.store.list_tenants(agency, page).await?;
        let ids: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
        ids.iter().for_each(|tenant| state.ports.wake.send(Hint::TenantChanged(*tenant)));
        let Some(last) = ids.last() else { return Ok(()) };
        page.before = Some(last.0);
    }
}
