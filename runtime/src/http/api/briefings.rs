//! Morning briefings and weekly reports, as they were told.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::briefing::{Briefing, BriefingKind};
use tenants::clock::Timestamp;
use tenants::ids::BriefingId;
use tenants::intent::Language;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::TenantRead;
use crate::http::extract::{Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_briefings)).routes(routes!(get_briefing))
}

/// A briefing, without its words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BriefingHead)]
struct BriefingHead {
    #[schema(value_type = schema::Id)]
    id: BriefingId,
    /// Of a day or of a week.
    #[schema(value_type = schema::BriefingKind)]
    kind: BriefingKind,
    /// Covers what happened from here.
    #[schema(value_type = schema::Moment)]
    from: Timestamp,
    /// Up to here.
    #[schema(value_type = schema::Moment)]
    until: Timestamp,
    /// The language it is in.
    #[schema(value_type = schema::Language)]
    language: Language,
    /// One line.
    subject: String,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Briefing> for BriefingHead {
    fn from(it: Briefing) -> Self {
        Self {
            id: it.id,
            kind: it.kind,
            from: it.from,
            until: it.until,
            language: it.language,
            subject: it.subject,
            created_at: it.created_at,
        }
    }
}

/// A briefing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Briefing)]
struct BriefingView {
    #[serde(flatten)]
    head: BriefingHead,
    /// Plain text.
    text: String,
    /// The same as a page; everything in it is escaped.
    html: String,
    /// The same for programs: `sections` with `title` and `lines`.
    #[schema(value_type = Object)]
    data: Value,
}

/// Which briefings to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BriefingQuery {
    /// Only of days or only of weeks.
    #[param(value_type = Option<schema::BriefingKind>)]
    kind: Option<BriefingKind>,
}

/// List the briefings of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/briefings", tag = "briefings", params(BriefingQuery),
    responses((status = 200, body = Page<BriefingHead>)))]
async fn list_briefings(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<BriefingQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<BriefingHead>>, Problem> {
    let found = state.ports.comms.list_briefings(&access.tenant.id, query.kind, page.request()).await?;
    Ok(Json(page.page(found, |it| it.id.0)))
}

#[derive(Debug, Deserialize)]
struct BriefingPath {
    briefing: BriefingId,
}

/// Read a briefing.
#[utoipa::path(get, path = "/tenants/{tenant}/briefings/{briefing}", tag = "briefings",
    responses((status = 200, body = BriefingView)))]
async fn get_briefing(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<BriefingPath>,
    State(state): State<AppState>,
) -> Result<Json<BriefingView>, Problem> {
    let found = state.ports.comms.find_briefing(&access.tenant.id, &path.briefing).await?;
    let found = found.ok_or_else(|| Problem::not_found("briefing"))?;
    let (text, html, data) = (found.text.clone(), found.html.clone(), found.data.clone());
    Ok(Json(BriefingView { head: found.into(), text, html, data }))
}
