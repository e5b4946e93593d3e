//! Rehearsals: what another configuration would have made of what came in. Nothing is sent, and nothing but the result
//! is stored.

use actors::rehearsal::Asked;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::account::Tenant;
use tenants::audit::Chain;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, DifferenceId, EventId, RehearsalId, TenantId};
use tenants::money::MicroUsd;
use tenants::ports::PageRequest;
use tenants::rehearsal::{Rehearsal, RehearsalDifference, RehearsalStatus};
use tenants::rule::Rule;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{AgencyOperate, AgencyRead, Caller, TenantOperate, TenantRead};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::rehearsals::{Order, Work, check_left_out};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tenant_rehearsals, rehearse_tenant))
        .routes(routes!(get_tenant_rehearsal))
        .routes(routes!(cancel_tenant_rehearsal))
        .routes(routes!(list_tenant_differences))
        .routes(routes!(list_agency_rehearsals, rehearse_agency))
        .routes(routes!(get_agency_rehearsal))
        .routes(routes!(cancel_agency_rehearsal))
        .routes(routes!(list_agency_differences))
}

/// A rehearsal: recorded events decided again with a changed configuration, without any effect.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rehearsal)]
struct RehearsalView {
    #[schema(value_type = schema::Id)]
    id: RehearsalId,
    /// The tenant; `null` for all tenants of the agency.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// `running`, `done`, or how else it ended: `cancelled`, `failed`, `interrupted`. Only `done` has a report.
    #[schema(value_type = schema::RehearsalStatus)]
    status: RehearsalStatus,
    /// Who asked for it.
    asked_by: String,
    /// What was asked. In lists, of each part that is changed only how many rules, prompts and so on it names.
    asked: Value,
    /// Events looked at so far.
    progress: u64,
    /// What was found: `total`, and (not in lists) `tenants` each for itself. Counts of events (`same`, `differing`, `not_exact`,
    /// `skipped`), of differences by kind, changes of outcome, escalations, cost, hits per rule, and where the answers
    /// of models came from.
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
    /// What went wrong.
    error: Option<String>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<schema::Moment>)]
    finished_at: Option<Timestamp>,
}

impl From<Rehearsal> for RehearsalView {
    fn from(it: Rehearsal) -> Self {
        Self {
            id: it.id,
            tenant: it.tenant,
            status: it.status,
            asked_by: it.asked_by,
            asked: it.asked,
            progress: it.progress,
            report: it.report,
            error: it.error,
            created_at: it.created_at,
            finished_at: it.finished_at,
        }
    }
}

/// An event that would have been decided differently.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RehearsalDifference)]
struct DifferenceView {
    #[schema(value_type = schema::Id)]
    id: DifferenceId,
    /// Whose event.
    #[schema(value_type = schema::Id)]
    tenant: TenantId,
    /// The event.
    #[schema(value_type = schema::Id)]
    event: EventId,
    /// `kinds` of differences, the decision as it was `recorded` and as it was `rehearsed`, where the `answers` of
    /// models came from, and the `trace` of the new decision.
    #[schema(value_type = Object)]
    difference: Value,
}

impl From<RehearsalDifference> for DifferenceView {
    fn from(it: RehearsalDifference) -> Self {
        Self { id: it.id, tenant: it.tenant, event: it.event, difference: it.body }
    }
}

#[derive(Debug, Deserialize)]
struct RehearsalPath {
    rehearsal: RehearsalId,
}

/// List the rehearsals of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/rehearsals", tag = "rehearsals",
    responses((status = 200, body = Page<RehearsalView>)))]
async fn list_tenant_rehearsals(
    TenantRead(access): TenantRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<RehearsalView>>, Problem> {
    list(&state, access.chain(), page).await
}

/// Rehearse recorded events of a tenant with a changed configuration, in the background. Nothing is sent.
///
/// One rehearsal of a tenant runs at a time; another is refused with 409 until it has ended or was cancelled.
#[utoipa::path(post, path = "/tenants/{tenant}/rehearsals", tag = "rehearsals", request_body = Order,
    responses((status = 202, body = RehearsalView)))]
async fn rehearse_tenant(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(order): JsonBody<Order>,
) -> Result<(StatusCode, Json<RehearsalView>), Problem> {
    let (chain, agency) = (access.chain(), access.tenant.agency);
    start(&state, &access.caller, chain, agency, vec![access.tenant], order).await
}

/// Read a rehearsal of a tenant, with its report when it is done.
#[utoipa::path(get, path = "/tenants/{tenant}/rehearsals/{rehearsal}", tag = "rehearsals",
    responses((status = 200, body = RehearsalView)))]
async fn get_tenant_rehearsal(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<RehearsalPath>,
    State(state): State<AppState>,
) -> Result<Json<RehearsalView>, Problem> {
    Ok(Json(find(&state, access.chain(), &path.rehearsal).await?.into()))
}

/// Cancel a rehearsal of a tenant: it leaves no result. One that has ended stays as it is.
#[utoipa::path(post, path = "/tenants/{tenant}/rehearsals/{rehearsal}/cancel", tag = "rehearsals",
    responses((status = 200, body = RehearsalView)))]
async fn cancel_tenant_rehearsal(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<RehearsalPath>,
    State(state): State<AppState>,
) -> Result<Json<RehearsalView>, Problem> {
    cancel(&state, &access.caller, access.chain(), &path.rehearsal).await
}

/// List the events that a rehearsal of a tenant decided differently, the last one first.
#[utoipa::path(get, path = "/tenants/{tenant}/rehearsals/{rehearsal}/differences", tag = "rehearsals",
    responses((status = 200, body = Page<DifferenceView>)))]
async fn list_tenant_differences(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<RehearsalPath>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<DifferenceView>>, Problem> {
    differences(&state, access.chain(), &path.rehearsal, page).await
}

/// List the rehearsals over all tenants of an agency, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/rehearsals", tag = "rehearsals",
    responses((status = 200, body = Page<RehearsalView>)))]
async fn list_agency_rehearsals(
    AgencyRead(access): AgencyRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<RehearsalView>>, Problem> {
    list(&state, access.chain(), page).await
}

/// Rehearse recorded events of all tenants of an agency with a changed configuration, in the background. Nothing is
/// sent.
///
/// One such rehearsal of an agency runs at a time; another is refused with 409 until it has ended or was cancelled.
#[utoipa::path(post, path = "/agencies/{agency}/rehearsals", tag = "rehearsals", request_body = Order,
    responses((status = 202, body = RehearsalView)))]
async fn rehearse_agency(
    AgencyOperate(access): AgencyOperate,
    State(state): State<AppState>,
    JsonBody(order): JsonBody<Order>,
) -> Result<(StatusCode, Json<RehearsalView>), Problem> {
    let agency = access.agency.id;
    let tenants = tenants_of(&state, &agency).await?;
    start(&state, &access.caller, access.chain(), agency, tenants, order).await
}

/// Read a rehearsal over all tenants of an agency, with its report when it is done.
#[utoipa::path(get, path = "/agencies/{agency}/rehearsals/{rehearsal}", tag = "rehearsals",
    responses((status = 200, body = RehearsalView)))]
async fn get_agency_rehearsal(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<RehearsalPath>,
    State(state): State<AppState>,
) -> Result<Json<RehearsalView>, Problem> {
    Ok(Json(find(&state, access.chain(), &path.rehearsal).await?.into()))
}

/// Cancel a rehearsal over all tenants of an agency: it leaves no result. One that has ended stays as it is.
#[utoipa::path(post, path = "/agencies/{agency}/rehearsals/{rehearsal}/cancel", tag = "rehearsals",
    responses((status = 200, body = RehearsalView)))]
async fn cancel_agency_rehearsal(
    AgencyOperate(access): AgencyOperate,
    PathIds(path): PathIds<RehearsalPath>,
    State(state): State<AppState>,
) -> Result<Json<RehearsalView>, Problem> {
    cancel(&state, &access.caller, access.chain(), &path.rehearsal).await
}

/// List the events that a rehearsal over all tenants of an agency decided differently, the last one first.
#[utoipa::path(get, path = "/agencies/{agency}/rehearsals/{rehearsal}/differences", tag = "rehearsals",
    responses((status = 200, body = Page<DifferenceView>)))]
async fn list_agency_differences(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<RehearsalPath>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<DifferenceView>>, Problem> {
    differences(&state, access.chain(), &path.rehearsal, page).await
}

async fn list(state: &AppState, chain: Chain, page: PageOf) -> Result<Json<Page<RehearsalView>>, Problem> {
    let found = state.rehearsals.results().list_rehearsals(&chain, page.request()).await?;
    let found: Vec<Rehearsal> = found.into_iter().map(in_brief).collect();
    Ok(Json(page.page(found, |it| it.id.0)))
}

/// As it stands in a list: of what is changed so much as that it is, and the result of all tenants together.
fn in_brief(mut rehearsal: Rehearsal) -> Rehearsal {
    if let Some(changed) = rehearsal.asked.get_mut("changed").and_then(Value::as_object_mut) {
        for part in changed.values_mut() {
            let size = match part {
                Value::Array(list) => list.len(),
                Value::Object(members) => members.len(),
                _ => continue,
            };
            *part = size.into();
        }
    }
    if let Some(report) = rehearsal.report.as_mut().and_then(Value::as_object_mut) {
        report.remove("tenants");
    }
    rehearsal
}

async fn find(state: &AppState, chain: Chain, rehearsal: &RehearsalId) -> Result<Rehearsal, Problem> {
    let found = state.rehearsals.results().find_rehearsal(&chain, rehearsal).await?;
    found.ok_or_else(|| Problem::not_found("rehearsal"))
}

async fn start(
    state: &AppState,
    caller: &Caller,
    chain: Chain,
    agency: AgencyId,
    tenants: Vec<Tenant>,
    order: Order,
) -> Result<(StatusCode, Json<RehearsalView>), Problem> {
    let period = order.period()?;
    let as_sent = order.to_document()?;
    let Order { max_events, changed, ask_models, .. } = order;
    let models = changed.models.clone();
    let changed = changed.into_changed(&state.ports.ids, state.ports.clock.now())?;
    if !changed.without_rules.is_empty() {
        check_left_out(&changed.without_rules, &rules_of(state, &tenants).await?)?;
    }
    for tenant in &tenants {
        if let Some(present) = state.rehearsals.present(tenant).await? {
            changed.check(&present)?;
        }
    }
    let other = |problem: String| Problem::invalid("changed.models", problem);
    let router = state.rehearsals.router(&models).map_err(other)?;
    let ask = ask_models.map(|ask| (router, MicroUsd(ask.max_cost_micro_usd)));
    let asked = Asked { period, max_events, changed };
    let work = Work { chain, agency, tenants, asked, ask, order: as_sent };
    let started = state.rehearsals.start(work, caller.actor()).await?;
    Ok((StatusCode::ACCEPTED, Json(started.into())))
}

async fn cancel(
    state: &AppState,
    caller: &Caller,
    chain: Chain,
    rehearsal: &RehearsalId,
) -> Result<Json<RehearsalView>, Problem> {
    let found = find(state, chain, rehearsal).await?;
    Ok(Json(state.rehearsals.cancel(found, chain, &caller.actor()).await?.into()))
}

async fn differences(
    state: &AppState,
    chain: Chain,
    rehearsal: &RehearsalId,
    page: PageOf,
) -> Result<Json<Page<DifferenceView>>, Problem> {
    let found = find(state, chain, rehearsal).await?;
    if found.status != RehearsalStatus::Done {
        let problem = format!("the rehearsal is {}: only one that is done has a result", found.status);
        return Err(Problem::conflict(problem).with("present", found.status.as_str()));
    }
    let found = state.rehearsals.results().list_differences(&chain, rehearsal, page.request()).await?;
    Ok(Json(page.page(found, |it| it.id.0)))
}

/// The rules of all these tenants, those that are switched off among them.
async fn rules_of(state: &AppState, tenants: &[Tenant]) -> Result<Vec<Rule>, Problem> {
    let mut rules = Vec::new();
    for tenant in tenants {
        rules.extend(state.ports.store.list_rules(&tenant.id).await?);
    }
    Ok(rules)
}

/// Every tenant of the agency.
async fn tenants_of(state: &AppState, agency: &AgencyId) -> Result<Vec<Tenant>, Problem> {
    let mut all = Vec::new();
    let mut page = PageRequest::first(500);
    loop {
        let next = state.ports.store.list_tenants(agency, page).await?;
        let Some(last) = next.last() else { return Ok(all) };
        page.before = Some(last.id.0);
        all.extend(next);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_list_holds_neither_whole_orders_nor_every_tenants_report() {
        let (id, agency) = (RehearsalId(Uuid::nil()), AgencyId(Uuid::nil()));
        let changed =
            json!({ "prompts": { "reply": "Be brief." }, "without_rules": ["a", "b"], "base": "present" });
        let whole = Rehearsal {
            id,
            agency,
            tenant: None,
            status: RehearsalStatus::Done,
            asked_by: "cli".to_owned(),
            asked: json!({ "max_events": 5, "changed": changed }),
            progress: 3,
            report: Some(json!({ "total": { "events": 3 }, "tenants": [{}, {}] })),
            error: None,
            created_at: Timestamp::default(),
            finished_at: None,
        };
        let brief = in_brief(whole);
        let changed = json!({ "prompts": 1, "without_rules": 2, "base": "present" });
        assert_eq!(brief.asked, json!({ "max_events": 5, "changed": changed }));
        assert_eq!(brief.report, Some(json!({ "total": { "events": 3 } })));
    }
}
