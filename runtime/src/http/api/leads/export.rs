//! Leads as a file for spreadsheets and other programs.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tenants::ports::PageRequest;

use super::LeadQuery;
use crate::http::access::TenantRead;
use crate::http::extract::QueryOf;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;
use crate::leads::{header_line, rows};

/// Leads read at a time.
const ROWS_AT_ONCE: u32 = 500;

/// Export the leads of a tenant as CSV, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/leads/export", tag = "leads", params(LeadQuery),
    responses((status = 200, description = "CSV with a header line.", body = String, content_type = "text/csv")))]
pub(super) async fn export_leads(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<LeadQuery>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let unwritable = |_| Problem::general(ProblemKind::Internal);
    let mut file = header_line().map_err(unwritable)?;
    let mut page = PageRequest::first(ROWS_AT_ONCE);
    loop {
        let leads = state.ports.comms.list_leads(&access.tenant.id, query.stage, page).await?;
        file.extend(rows(&leads).map_err(unwritable)?);
        match leads.last() {
            Some(last) if leads.len() == ROWS_AT_ONCE as usize => page.before = Some(last.id.0),
            _ => break,
        }
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"leads-{}.csv\"", access.tenant.slug);
    if let Ok(value) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok((headers, file).into_response())
}
