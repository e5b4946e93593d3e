//! Alerts: what somebody at the agency must know.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenants::alert::{Alert, AlertType, Severity};
use tenants::audit::Chain;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, AlertId, TenantId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{AgencyOperate, AgencyRead, Caller, TenantOperate, TenantRead};
use crate::http::extract::{Page, PageOf, PathIds, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_agency_alerts))
        .routes(routes!(resolve_agency_alert))
        .routes(routes!(list_tenant_alerts))
        .routes(routes!(resolve_tenant_alert))
}

/// What somebody must know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertView {
    #[schema(value_type = schema::Id)]
    id: AlertId,
    /// The tenant, when it concerns one.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// Its kind.
    #[schema(value_type = schema::AlertType)]
    alert_type: AlertType,
    /// How bad it is.
    #[schema(value_type = schema::Severity)]
    severity: Severity,
    /// What happened and what to do.
    message: String,
    /// Particulars.
    details: Value,
    /// How many times it was raised.
    occurrences: i64,
    /// Last raised.
    #[schema(value_type = schema::Moment)]
    last_seen_at: Timestamp,
    /// When it was resolved.
    #[schema(value_type = Option<schema::Moment>)]
    resolved_at: Option<Timestamp>,
    /// By whom.
    resolved_by: Option<String>,
    /// First raised.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        Self {
            id: alert.id,
            tenant: alert.tenant,
            alert_type: alert.alert_type,
            severity: alert.severity,
            message: alert.message,
            details: alert.details,
            occurrences: alert.occurrences,
            last_seen_at: alert.last_seen_at,
            resolved_at: alert.resolved_at,
            resolved_by: alert.resolved_by,
            created_at: alert.created_at,
        }
    }
}

/// Which alerts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AlertQuery {
    /// Only resolved or only open ones.
    resolved: Option<bool>,
}

/// List the alerts of an agency, of all its tenants and of the installation, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/alerts", tag = "alerts", params(AlertQuery),
    responses((status = 200, body = Page<AlertView>)))]
async fn list_agency_alerts(
    AgencyRead(access): AgencyRead,
    QueryOf(query): QueryOf<AlertQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<AlertView>>, Problem> {
    let store = &state.ports.store;
    let alerts = store.list_alerts(&access.agency.id, None, query.resolved, page.request()).await?;
    Ok(Json(page.page(alerts, |alert| alert.id.0)))
}

/// List the alerts of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/alerts", tag = "alerts", params(AlertQuery),
    responses((status = 200, body = Page<AlertView>)))]
async fn list_tenant_alerts(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<AlertQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<AlertView>>, Problem> {
    let (agency, tenant) = (&access.tenant.agency, &access.tenant.id);
    let alerts = state.ports.store.list_alerts(agency, Some(tenant), query.resolved, page.request()).await?;
    Ok(Json(page.page(alerts, |alert| alert.id.0)))
}

#[derive(Debug, Deserialize)]
struct AlertPath {
    alert: AlertId,
}

/// Resolve an alert of the agency. Resolving it again is answered with 409.
#[utoipa::path(post, path = "/agencies/{agency}/alerts/{alert}/resolve", tag = "alerts",
    responses((status = 200, body = AlertView)))]
async fn resolve_agency_alert(
    AgencyOperate(access): AgencyOperate,
    PathIds(path): PathIds<AlertPath>,
    State(state): State<AppState>,
) -> Result<Json<AlertView>, Problem> {
    let alert = find(&state, &access.agency.id, &path.alert).await?;
    if alert.agency.is_none() && !access.caller.is_installation() {
        let detail = "the alert concerns the whole installation: a key of the installation resolves it";
        return Err(Problem::new(ProblemKind::Forbidden, detail));
    }
    let chain = alert.tenant.map_or(access.chain(), Chain::Tenant);
    resolve(&state, &access.caller, access.agency.id, alert, chain).await
}

/// Resolve an alert of the tenant. Resolving it again is answered with 409.
#[utoipa::path(post, path = "/tenants/{tenant}/alerts/{alert}/resolve", tag = "alerts",
    responses((status = 200, body = AlertView)))]
async fn resolve_tenant_alert(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<AlertPath>,
    State(state): State<AppState>,
) -> Result<Json<AlertView>, Problem> {
    let alert = find(&state, &access.tenant.agency, &path.alert).await?;
    if alert.tenant != Some(access.tenant.id) {
        return Err(Problem::not_found("alert"));
    }
    resolve(&state, &access.caller, access.tenant.agency, alert, access.chain()).await
}

async fn find(state: &AppState, agency: &AgencyId, alert: &AlertId) -> Result<Alert, Problem> {
    let alert = state.ports.store.find_alert(agency, alert).await?;
    alert.ok_or_else(|| Problem::not_found("alert"))
}

async fn resolve(
    state: &AppState,
    caller: &Caller,
    agency: AgencyId,
    alert: Alert,
    chain: Chain,
) -> Result<Json<AlertView>, Problem> {
    let act = caller.act(state);
    if !state.ports.store.resolve_alert(&agency, &alert.id, &act.by, act.at).await? {
        return Err(Problem::conflict("the alert is resolved already").with("present", "resolved"));
    }
    let details = json!({ "alert_type": alert.alert_type, "message": alert.message });
    let entry = act.audit("alert.resolved", ("alert", alert.id.to_string()), details);
    write::commit(state, Changes { chain, list: vec![entry] }).await?;
    Ok(Json(find(state, &agency, &alert.id).await?.into()))
}
