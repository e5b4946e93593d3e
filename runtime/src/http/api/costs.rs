//! What language models were asked, and what that cost.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::clock::Timestamp;
use tenants::ids::EventId;
use tenants::models::{CallOutcome, Task};
use tenants::ports::{CallFilter, TimePosition};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{AgencyRead, TenantRead};
use crate::http::extract::{Page, QueryOf, TimePage};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;
use crate::money::{Breakdown, CallView, CostReport, CostScope, InvalidBreakdown, cost_report};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_llm_calls))
        .routes(routes!(get_tenant_costs))
        .routes(routes!(get_agency_costs))
}

/// Which calls to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallQuery {
    /// Only of this kind of work.
    #[param(value_type = Option<schema::Task>)]
    task: Option<Task>,
    /// Only to this model, as the provider calls it or as `provider/model`.
    model: Option<String>,
    /// Only those that ended so.
    #[param(value_type = Option<schema::CallOutcome>)]
    outcome: Option<CallOutcome>,
    /// Only those made for this event.
    #[param(value_type = Option<schema::Id>)]
    event: Option<EventId>,
}

/// Which days, and what sums are told apart by.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CostQuery {
    /// First day; six days before the last one when left out. A report covers 92 days at most.
    #[param(example = "2026-03-04")]
    from: Option<String>,
    /// Last day; today when left out.
    #[param(example = "2026-03-10")]
    to: Option<String>,
    /// What sums are told apart by: a list of `day`, `task`, `provider`, `model`, `prompt`. Day, task and model when
    /// left out.
    #[param(example = "day,model")]
    by: Option<String>,
}

impl CostQuery {
    fn breakdown(&self, scope: CostScope, now: Timestamp) -> Result<Breakdown, InvalidBreakdown> {
        Breakdown::read(scope, self.from.as_deref(), self.to.as_deref(), self.by.as_deref(), now)
    }
}

impl From<InvalidBreakdown> for Problem {
    fn from(invalid: InvalidBreakdown) -> Self {
        Problem::new(ProblemKind::MalformedRequest, invalid.to_string())
    }
}

/// List the calls to language models made for a tenant, newest first. They hold no text of anybody.
#[utoipa::path(get, path = "/tenants/{tenant}/llm-calls", tag = "costs", params(CallQuery),
    responses((status = 200, body = Page<CallView>)))]
async fn list_llm_calls(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<CallQuery>,
    page: TimePage,
    State(state): State<AppState>,
) -> Result<Json<Page<CallView>>, Problem> {
    let CallQuery { task, model, outcome, event } = query;
    let filter = CallFilter { task, model, outcome, event };
    let (after, limit) = page.request();
    let mut calls = state.ports.ledger.list_calls(&access.tenant.id, &filter, after, limit).await?;
    let next_cursor = page.cut(&mut calls, TimePosition::of_call);
    Ok(Json(Page { next_cursor, ..Page::whole(calls) }))
}

/// Sum up what language models have cost for a tenant, by the tenant's own days.
#[utoipa::path(get, path = "/tenants/{tenant}/costs", tag = "costs", params(CostQuery),
    responses((status = 200, body = CostReport)))]
async fn get_tenant_costs(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<CostQuery>,
    State(state): State<AppState>,
) -> Result<Json<CostReport>, Problem> {
    report(&state, CostScope::tenant(&access.tenant), &query).await
}

/// Sum up what language models have cost for all tenants of an agency, by days of UTC.
#[utoipa::path(get, path = "/agencies/{agency}/costs", tag = "costs", params(CostQuery),
    responses((status = 200, body = CostReport)))]
async fn get_agency_costs(
    AgencyRead(access): AgencyRead,
    QueryOf(query): QueryOf<CostQuery>,
    State(state): State<AppState>,
) -> Result<Json<CostReport>, Problem> {
    report(&state, CostScope::agency(&access.agency), &query).await
}

async fn report(state: &AppState, scope: CostScope, query: &CostQuery) -> Result<Json<CostReport>, Problem> {
    let breakdown = query.breakdown(scope, state.ports.clock.now())?;
    Ok(Json(cost_report(&*state.ports.ledger, scope, breakdown).await?))
}
