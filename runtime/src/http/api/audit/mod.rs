//! The audit log of a tenant, and of an agency for what concerns no tenant.

mod csv_rows;
mod export;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::audit::{AuditEntry, Chain, ChainVerdict, Details};
use tenants::clock::Timestamp;
use tenants::ids::AuditId;
use tenants::ports::AuditFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{AgencyManage, TenantRead};
use crate::http::extract::{AuditPage, Page, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tenant_audit))
        .routes(routes!(export::export_audit))
        .routes(routes!(verify_tenant_audit))
        .routes(routes!(list_agency_audit))
        .routes(routes!(verify_agency_audit))
}

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct AuditEntryView {
    #[schema(value_type = schema::Id)]
    id: AuditId,
    /// Position in its chain, from 1, without gaps.
    pub(super) seq: i64,
    /// What happened.
    #[schema(example = "decision.made")]
    pub(super) event_type: String,
    /// The verb.
    #[schema(example = "reply_comment")]
    action: String,
    /// What kind of thing it happened to.
    resource_type: String,
    /// Its id.
    resource_id: String,
    /// Who did it: a role, `dispatcher`, `key:…`, `cli`.
    actor: String,
    /// False when it failed.
    success: bool,
    /// What went wrong.
    error: Option<String>,
    /// Particulars; for decisions the whole decision with its trace.
    #[schema(value_type = serde_json::Value)]
    details: Details,
    /// When it happened.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// SHA-256 over the previous hash and this entry.
    hash: String,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            seq: entry.seq,
            event_type: entry.event_type,
            action: entry.action,
            resource_type: entry.resource_type,
            resource_id: entry.resource_id,
            actor: entry.actor,
            success: entry.success,
            error: entry.error,
            details: entry.details,
            at: entry.at,
            hash: entry.hash,
        }
    }
}

/// Which entries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only this event type, or all that begin with it when it ends in a dot.
    #[param(example = "effect.")]
    event_type: Option<String>,
    /// Only this actor.
    actor: Option<String>,
    /// Only about this thing.
    resource_id: Option<String>,
    /// Only successes or failures.
    success: Option<bool>,
    /// Not before.
    #[param(value_type = Option<schema::Moment>)]
    from: Option<Timestamp>,
    /// Before.
    #[param(value_type = Option<schema::Moment>)]
    until: Option<Timestamp>,
}

impl From<AuditQuery> for AuditFilter {
    fn from(query: AuditQuery) -> Self {
        let AuditQuery { event_type, actor, resource_id, success, from, until } = query;
        Self { event_type, actor, resource_id, success, from, until }
    }
}

/// What a check of a chain found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerdict)]
struct VerdictView {
    /// True when no row was altered, removed or added.
    intact: bool,
    /// Number of entries, when intact.
    entries: Option<i64>,
    /// Position of the first entry that does not fit.
    broken_at: Option<i64>,
    /// What does not fit.
    problem: Option<String>,
}

impl From<ChainVerdict> for VerdictView {
    fn from(verdict: ChainVerdict) -> Self {
        match verdict {
            ChainVerdict::Intact { entries } => {
                Self { intact: true, entries: Some(entries), broken_at: None, problem: None }
            }
            ChainVerdict::Broken { seq, problem } => {
                Self { intact: false, entries: None, broken_at: Some(seq), problem: Some(problem) }
            }
        }
    }
}

/// Search the audit log of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditEntryView>)))]
async fn list_tenant_audit(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<AuditQuery>,
    page: AuditPage,
    State(state): State<AppState>,
) -> Result<Json<Page<AuditEntryView>>, Problem> {
    list(&state, access.chain(), query.into(), page).await
}

/// Search the audit log of an agency, newest first: what concerns no tenant.
#[utoipa::path(get, path = "/agencies/{agency}/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditEntryView>)))]
async fn list_agency_audit(
    AgencyManage(access): AgencyManage,
    QueryOf(query): QueryOf<AuditQuery>,
    page: AuditPage,
    State(state): State<AppState>,
) -> Result<Json<Page<AuditEntryView>>, Problem> {
    list(&state, access.chain(), query.into(), page).await
}

async fn list(
    state: &AppState,
    chain: Chain,
    filter: AuditFilter,
    page: AuditPage,
) -> Result<Json<Page<AuditEntryView>>, Problem> {
    let limit = page.limit as usize;
    let mut entries = state.ports.store.list_audit(&chain, &filter, page.before, page.limit + 1).await?;
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| has_more).map(|entry| entry.seq);
    let next_cursor = last.map(|position| page.cursor(position));
    Ok(Json(Page { next_cursor, ..Page::whole(entries) }))
}

/// Check the whole audit log of a tenant: tells any row that was altered, removed or added.
#[utoipa::path(get, path = "/tenants/{tenant}/audit/verify", tag = "audit",
    responses((status = 200, body = VerdictView)))]
async fn verify_tenant_audit(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<VerdictView>, Problem> {
    Ok(Json(state.ports.store.verify_chain(&access.chain()).await?.into()))
}

/// Check the whole audit log of an agency.
#[utoipa::path(get, path = "/agencies/{agency}/audit/verify", tag = "audit",
    responses((status = 200, body = VerdictView)))]
async fn verify_agency_audit(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
) -> Result<Json<VerdictView>, Problem> {
    Ok(Json(state.ports.store.verify_chain(&access.chain()).await?.into()))
}
