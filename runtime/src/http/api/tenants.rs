//! Tenants: the client brands of an agency.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenants::account::{Tenant, TenantStatus};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, TenantId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::overview::TenantSearch;
use super::settings::SettingsDocument;
use super::write;
use crate::http::access::{AgencyManage, AgencyRead, TenantAccess, TenantManage, TenantReadShared};
use crate::http::extract::{JsonBody, Page, PageOf, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tenants, create_tenant))
        .routes(routes!(get_tenant, patch_tenant))
        .routes(routes!(suspend_tenant))
        .routes(routes!(resume_tenant))
}

/// A client brand of an agency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
struct TenantView {
    #[schema(value_type = schema::Id)]
    id: TenantId,
    #[schema(value_type = schema::Id)]
    agency: AgencyId,
    /// Short name, unique in the agency.
    slug: String,
    /// Display name.
    name: String,
    /// IANA time zone.
    #[schema(example = "Europe/Lisbon")]
    time_zone: String,
    /// A suspended tenant's events are stored; nothing is decided or sent.
    #[schema(value_type = schema::TenantStatus)]
    status: TenantStatus,
    /// Grows with every change of the tenant, its settings, rules or accounts.
    version: i64,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            agency: tenant.agency,
            slug: tenant.slug,
            name: tenant.name,
            time_zone: tenant.time_zone,
            status: tenant.status,
            version: tenant.version,
            created_at: tenant.created_at,
        }
    }
}

/// A new tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "slug": "acme", "name": "Acme Bakery", "time_zone": "Europe/Lisbon" }))]
struct NewTenant {
    /// 1 to 63 lower-case letters, digits and inner hyphens; unique in the agency.
    slug: String,
    /// Display name; 1 to 200 characters.
    name: String,
    /// IANA time zone.
    #[schema(example = "Europe/Lisbon")]
    time_zone: String,
    /// Settings; what is left out has its default.
    #[serde(default)]
    settings: SettingsDocument,
}

/// What to change of a tenant; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    /// Display name.
    #[serde(default)]
    name: Option<String>,
    /// IANA time zone.
    #[serde(default)]
    time_zone: Option<String>,
}

/// List the tenants of an agency, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/tenants", tag = "tenants", params(TenantSearch),
    responses((status = 200, body = Page<TenantView>)))]
async fn list_tenants(
    AgencyRead(access): AgencyRead,
    QueryOf(search): QueryOf<TenantSearch>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<TenantView>>, Problem> {
    let tenants = search.find(&state, &access, &page).await?;
    Ok(Json(page.page(tenants, |tenant| tenant.id.0)))
}

/// Create a tenant.
#[utoipa::path(post, path = "/agencies/{agency}/tenants", tag = "tenants", request_body = NewTenant,
    responses((status = 201, body = TenantView)))]
async fn create_tenant(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewTenant>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    let act = access.caller.act(&state);
    let settings = new.settings.into();
    let (tenant, changes) =
        act.create_tenant(access.agency.id, &new.slug, &new.name, &new.time_zone, &settings)?;
    write::commit_to_directory(&state, changes).await?;
    Ok((StatusCode::CREATED, Json(present(&state, &tenant.id).await?)))
}

/// Read a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}", tag = "tenants", responses((status = 200, body = TenantView)))]
async fn get_tenant(TenantReadShared(access): TenantReadShared) -> Json<TenantView> {
    Json(access.tenant.into())
}

/// Change the name or time zone of a tenant.
#[utoipa::path(patch, path = "/tenants/{tenant}", tag = "tenants", request_body = TenantChange,
    responses((status = 200, body = TenantView)))]
async fn patch_tenant(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    JsonBody(change): JsonBody<TenantChange>,
) -> Result<Json<TenantView>, Problem> {
    let mut tenant = access.tenant.clone();
    tenant.name = change.name.unwrap_or(tenant.name);
    tenant.time_zone = change.time_zone.unwrap_or(tenant.time_zone);
    put(&state, &access, tenant, "tenant.changed").await
}

/// Stop deciding and sending for a tenant. Its events are still stored. Suspending it again changes nothing.
#[utoipa::path(post, path = "/tenants/{tenant}/suspend", tag = "tenants",
    responses((status = 200, body = TenantView)))]
async fn suspend_tenant(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
) -> Result<Json<TenantView>, Problem> {
    set_status(&state, access, TenantStatus::Suspended, "tenant.suspended").await
}

/// Serve a suspended tenant again. Resuming an active one changes nothing.
#[utoipa::path(post, path = "/tenants/{tenant}/resume", tag = "tenants",
    responses((status = 200, body = TenantView)))]
async fn resume_tenant(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
) -> Result<Json<TenantView>, Problem> {
    set_status(&state, access, TenantStatus::Active, "tenant.resumed").await
}

async fn set_status(
    state: &AppState,
    access: TenantAccess,
    status: TenantStatus,
    event_type: &str,
) -> Result<Json<TenantView>, Problem> {
    if access.tenant.status == status {
        return Ok(Json(access.tenant.into()));
    }
    let tenant = Tenant { status, ..access.tenant.clone() };
    put(state, &access, tenant, event_type).await
}

async fn put(
    state: &AppState,
    access: &TenantAccess,
    tenant: Tenant,
    event_type: &str,
) -> Result<Json<TenantView>, Problem> {
    let id = tenant.id;
    let changes = access.caller.act(state).change_tenant(tenant, event_type)?;
    write::commit_to_directory(state, changes).await?;
    Ok(Json(present(state, &id).await?))
}

/// The tenant as it is stored now: the store sets its version.
async fn present(state: &AppState, tenant: &TenantId) -> Result<TenantView, Problem> {
    let tenant = state.ports.store.find_tenant(tenant).await?;
    Ok(tenant.ok_or_else(|| Problem::not_found("tenant"))?.into())
}
