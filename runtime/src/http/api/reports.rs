//! Analytics reports.

use actors::intel::report;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::ids::ReportId;
use tenants::report::ReportType;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{insights, write};
use crate::http::access::{TenantOperate, TenantReadShared};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::intel::ReportView;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_reports, make_report)).routes(routes!(get_report))
}

/// Which reports to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// Only this type.
    #[param(value_type = Option<schema::ReportType>)]
    report_type: Option<ReportType>,
}

/// A report to make now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReport {
    /// Its type.
    #[schema(value_type = schema::ReportType)]
    report_type: ReportType,
    /// Its last day on the tenant's clock; the last day that is over when left out.
    #[serde(default)]
    #[schema(example = "2026-03-04")]
    last_day: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ReportPath {
    report: ReportId,
}

/// List analytics reports of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/reports", tag = "reports", params(ReportQuery),
    responses((status = 200, body = Page<ReportView>)))]
async fn list_reports(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<ReportQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<ReportView>>, Problem> {
    let store = state.ports.intel.store();
    let found = store.list_reports(&access.tenant.id, query.report_type, page.request()).await?;
    Ok(Json(page.page(found, |it| it.id.0)))
}

/// Read an analytics report.
#[utoipa::path(get, path = "/tenants/{tenant}/reports/{report}", tag = "reports",
    responses((status = 200, body = ReportView)))]
async fn get_report(
    TenantReadShared(access): TenantReadShared,
    PathIds(path): PathIds<ReportPath>,
    State(state): State<AppState>,
) -> Result<Json<ReportView>, Problem> {
    let found = state.ports.intel.store().find_report(&access.tenant.id, &path.report).await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("report"))?.into()))
}

/// Make an analytics report now, from the numbers that are there. Instagram is not asked.
///
/// A report of the same type and period is replaced: its id stays, its revision grows, the audit log tells by whom. Its
/// sentences may come from a language model, so the answer can take a minute.
#[utoipa::path(post, path = "/tenants/{tenant}/reports", tag = "reports", request_body = NewReport,
    responses((status = 200, body = ReportView)))]
async fn make_report(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewReport>,
) -> Result<Json<ReportView>, Problem> {
    let ports = &state.ports;
    let context = insights::context_of(&state, &access.tenant).await?;
    let now = ports.clock.now();
    let period = report::period_of(&context, new.report_type, new.last_day.as_deref(), now)
        .ok_or_else(|| Problem::invalid("last_day", "must be a day that is over, written YYYY-MM-DD"))?;
    let (made, changes) =
        report::make(ports, &context, new.report_type, period, &access.caller.actor()).await?;
    write::commit(&state, changes).await?;
    let (first, last) = (&made.period.first_day, &made.period.last_day);
    let stored = ports.intel.store().find_report_of(&access.tenant.id, made.report_type, first, last).await?;
    Ok(Json(stored.unwrap_or(made).into()))
}
