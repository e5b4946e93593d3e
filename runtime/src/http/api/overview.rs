//! The tenants of an agency in one look: what waits for people where, and what the day has cost.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::account::{Tenant, TenantStatus};
use tenants::alert::Severity;
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::models::{BudgetScope, BudgetState};
use tenants::ports::WaitingAt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::AgencyRead;
use crate::http::extract::{Page, PageOf, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

/// Longest text that is searched for.
const LONGEST_SEARCH: usize = 200;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(overlook))
}

/// Which tenants to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TenantSearch {
    /// Only those whose name or slug contains this, in any case.
    #[param(max_length = 200)]
    q: Option<String>,
}

impl TenantSearch {
    /// A page of the agency's tenants.
    pub(super) async fn find(
        &self,
        state: &AppState,
        access: &crate::http::access::AgencyAccess,
        page: &PageOf,
    ) -> Result<Vec<Tenant>, Problem> {
        let agency = &access.agency.id;
        let Some(text) = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(state.ports.store.list_tenants(agency, page.request()).await?);
        };
        if text.chars().count() > LONGEST_SEARCH {
            let detail = format!("q must have at most {LONGEST_SEARCH} characters");
            return Err(Problem::new(ProblemKind::MalformedRequest, detail));
        }
        Ok(state.overview.search_tenants(agency, text, page.request()).await?)
    }
}

/// What waits at a tenant, and what its day has cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantOverview)]
struct OverviewView {
    #[schema(value_type = schema::Id)]
    tenant: TenantId,
    slug: String,
    name: String,
    #[schema(value_type = schema::TenantStatus)]
    status: TenantStatus,
    /// Drafts and escalations that nobody has decided.
    pending_approvals: i64,
    /// Alerts that nobody has resolved.
    open_alerts: AlertCounts,
    /// Conversations in which a person answers.
    conversations_with_people: i64,
    /// Effects that were given up.
    dead_letters: i64,
    /// Accounts that must be connected anew.
    accounts_to_reconnect: i64,
    /// What language models have cost since the tenant's midnight, in millionths of a US dollar.
    spent_today_micro_usd: i64,
    /// Most that they may cost in the day; `null` as long as none was asked today.
    budget_today_micro_usd: Option<i64>,
}

/// How many of each severity.
#[derive(Debug, Default, Serialize, ToSchema)]
struct AlertCounts {
    info: i64,
    warning: i64,
    error: i64,
    critical: i64,
}

impl From<BTreeMap<Severity, i64>> for AlertCounts {
    fn from(counts: BTreeMap<Severity, i64>) -> Self {
        let of = |severity| counts.get(&severity).copied().unwrap_or_default();
        Self {
            info: of(Severity::Info),
            warning: of(Severity::Warning),
            error: of(Severity::Error),
            critical: of(Severity::Critical),
        }
    }
}

impl From<(Tenant, WaitingAt, Option<BudgetState>)> for OverviewView {
    fn from((tenant, waiting, budget): (Tenant, WaitingAt, Option<BudgetState>)) -> Self {
        Self {
            tenant: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            status: tenant.status,
            pending_approvals: waiting.approvals,
            open_alerts: waiting.alerts.into(),
            conversations_with_people: waiting.conversations,
            dead_letters: waiting.dead_letters,
            accounts_to_reconnect: waiting.reconnects,
            spent_today_micro_usd: budget.as_ref().map_or(0, |budget| budget.spent.0),
            budget_today_micro_usd: budget.map(|budget| budget.line.limit.0),
        }
    }
}

/// Look over the tenants of an agency, newest first: what waits for people where, and what the day has cost. A page costs
/// three reads however many tenants are on it.
#[utoipa::path(get, path = "/agencies/{agency}/overview", tag = "tenants", params(TenantSearch),
    responses((status = 200, body = Page<OverviewView>)))]
async fn overlook(
    AgencyRead(access): AgencyRead,
    QueryOf(search): QueryOf<TenantSearch>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<OverviewView>>, Problem> {
    let tenants = search.find(&state, &access, &page).await?;
    let ids: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
    let mut waiting = state.overview.waiting(&ids).await?;
    let mut budgets = budgets_of_today(&state, &ids).await?;
    let rows: Vec<(Tenant, WaitingAt, Option<BudgetState>)> = tenants
        .into_iter()
        .map(|tenant| {
            let id = tenant.id;
            (tenant, waiting.remove(&id).unwrap_or_default(), budgets.remove(&id))
        })
        .collect();
    Ok(Json(page.page(rows, |(tenant, ..)| tenant.id.0)))
}

/// The budgets whose day is the present one of their tenant.
async fn budgets_of_today(
    state: &AppState,
    tenants: &[TenantId],
) -> Result<HashMap<TenantId, BudgetState>, Problem> {
    let now: Timestamp = state.ports.clock.now();
    // The day of a place that is furthest behind is the one before that of UTC.
    let since = (now - Duration::from_secs(86_400)).to_utc().date_naive().to_string();
    let budgets = state.ports.ledger.tenant_budgets(tenants, &since).await?;
    let of_today = budgets.into_iter().filter(|budget| budget.line.resets_at > now);
    Ok(of_today
        .filter_map(|budget| match budget.line.scope {
            BudgetScope::Tenant(tenant) => Some((tenant, budget)),
            BudgetScope::Agency(_) | BudgetScope::Share(..) => None,
        })
        .collect())
}
