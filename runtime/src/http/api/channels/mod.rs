//! Channels: ways to tell people and programs, of a tenant or of an agency for all its tenants; and the log of what went
//! through them.

mod document;
mod owner;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{AgencyManage, AgencyRead, TenantManage, TenantRead};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use document::{
    ChannelDocument, ChannelPath, ChannelSet, ChannelTested, ChannelView, NotificationQuery, NotificationView,
};
use owner::Owner;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tenant_channels, create_tenant_channel))
        .routes(routes!(get_tenant_channel, put_tenant_channel, delete_tenant_channel))
        .routes(routes!(test_tenant_channel))
        .routes(routes!(list_tenant_notifications))
        .routes(routes!(list_agency_channels, create_agency_channel))
        .routes(routes!(get_agency_channel, put_agency_channel, delete_agency_channel))
        .routes(routes!(test_agency_channel))
        .routes(routes!(list_agency_notifications))
}

/// List the channels of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/channels", tag = "channels",
    responses((status = 200, body = Page<ChannelView>)))]
async fn list_tenant_channels(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<Page<ChannelView>>, Problem> {
    Owner::tenant(&state, &access).list().await
}

/// Make a channel of a tenant. What happened before goes not through it.
#[utoipa::path(post, path = "/tenants/{tenant}/channels", tag = "channels", request_body = ChannelDocument,
    responses((status = 201, body = ChannelSet)))]
async fn create_tenant_channel(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<(StatusCode, Json<ChannelSet>), Problem> {
    Owner::tenant(&state, &access).create(document).await
}

/// Read a channel of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/channels/{channel}", tag = "channels",
    responses((status = 200, body = ChannelView)))]
async fn get_tenant_channel(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelView>, Problem> {
    Ok(Json(Owner::tenant(&state, &access).find(&path.channel).await?.into()))
}

/// Replace a channel of a tenant. Giving `url` anew makes a new key that signs.
#[utoipa::path(put, path = "/tenants/{tenant}/channels/{channel}", tag = "channels", request_body = ChannelDocument,
    responses((status = 200, body = ChannelSet)))]
async fn put_tenant_channel(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<Json<ChannelSet>, Problem> {
    Owner::tenant(&state, &access).put(&path.channel, document).await
}

/// Remove a channel of a tenant, with all that waits for it.
#[utoipa::path(delete, path = "/tenants/{tenant}/channels/{channel}", tag = "channels", responses((status = 204)))]
async fn delete_tenant_channel(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    Owner::tenant(&state, &access).delete(&path.channel).await
}

/// Send a test message through a channel of a tenant at once, and tell what came of it.
#[utoipa::path(post, path = "/tenants/{tenant}/channels/{channel}/test", tag = "channels",
    responses((status = 200, body = ChannelTested)))]
async fn test_tenant_channel(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelTested>, Problem> {
    Owner::tenant(&state, &access).test(&path.channel).await
}

/// List what went through the channels of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/notifications", tag = "channels", params(NotificationQuery),
    responses((status = 200, body = Page<NotificationView>)))]
async fn list_tenant_notifications(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<NotificationQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<NotificationView>>, Problem> {
    Owner::tenant(&state, &access).log(query, page).await
}

/// List the channels of an agency, which carry notices about all its tenants.
#[utoipa::path(get, path = "/agencies/{agency}/channels", tag = "channels",
    responses((status = 200, body = Page<ChannelView>)))]
async fn list_agency_channels(
    AgencyRead(access): AgencyRead,
    State(state): State<AppState>,
) -> Result<Json<Page<ChannelView>>, Problem> {
    Owner::agency(&state, &access).list().await
}

/// Make a channel of an agency.
#[utoipa::path(post, path = "/agencies/{agency}/channels", tag = "channels", request_body = ChannelDocument,
    responses((status = 201, body = ChannelSet)))]
async fn create_agency_channel(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<(StatusCode, Json<ChannelSet>), Problem> {
    Owner::agency(&state, &access).create(document).await
}

/// Read a channel of an agency.
#[utoipa::path(get, path = "/agencies/{agency}/channels/{channel}", tag = "channels",
    responses((status = 200, body = ChannelView)))]
async fn get_agency_channel(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelView>, Problem> {
    Ok(Json(Owner::agency(&state, &access).find(&path.channel).await?.into()))
}

/// Replace a channel of an agency. Giving `url` anew makes a new key that signs.
#[utoipa::path(put, path = "/agencies/{agency}/channels/{channel}", tag = "channels", request_body = ChannelDocument,
    responses((status = 200, body = ChannelSet)))]
async fn put_agency_channel(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<Json<ChannelSet>, Problem> {
    Owner::agency(&state, &access).put(&path.channel, document).await
}

/// Remove a channel of an agency, with all that waits for it.
#[utoipa::path(delete, path = "/agencies/{agency}/channels/{channel}", tag = "channels", responses((status = 204)))]
async fn delete_agency_channel(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    Owner::agency(&state, &access).delete(&path.channel).await
}

/// Send a test message through a channel of an agency at once, and tell what came of it.
#[utoipa::path(post, path = "/agencies/{agency}/channels/{channel}/test", tag = "channels",
    responses((status = 200, body = ChannelTested)))]
async fn test_agency_channel(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelTested>, Problem> {
    Owner::agency(&state, &access).test(&path.channel).await
}

/// List what went through the channels of an agency, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/notifications", tag = "channels", params(NotificationQuery),
    responses((status = 200, body = Page<NotificationView>)))]
async fn list_agency_notifications(
    AgencyRead(access): AgencyRead,
    QueryOf(query): QueryOf<NotificationQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<NotificationView>>, Problem> {
    Owner::agency(&state, &access).log(query, page).await
}
