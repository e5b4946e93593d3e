//! Settings of a tenant.

mod comms;
mod document;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::json;
use tenants::account::Tenant;
use tenants::changes::{Change, Changes};
use tenants::settings::TenantSettings;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use document::{QuietHoursDocument, SettingsDocument};

use super::write;
use crate::http::access::{TenantManage, TenantRead};
use crate::http::extract::JsonBody;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_settings, put_settings)).routes(routes!(default_settings))
}

type Tagged<T> = ([(header::HeaderName, HeaderValue); 1], Json<T>);

/// Read the settings of a tenant. The `ETag` goes into `If-Match` of a change.
#[utoipa::path(get, path = "/tenants/{tenant}/settings", tag = "settings",
    responses((status = 200, body = SettingsDocument, headers(("ETag" = String)))))]
async fn get_settings(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Tagged<SettingsDocument>, Problem> {
    let settings = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    Ok(tagged(&access.tenant, settings))
}

/// The settings that a tenant has which changed nothing.
#[utoipa::path(get, path = "/tenants/{tenant}/settings/defaults", tag = "settings",
    responses((status = 200, body = SettingsDocument)))]
async fn default_settings(_access: TenantRead) -> Json<SettingsDocument> {
    Json(TenantSettings::default().into())
}

/// Replace the settings of a tenant. What is left out gets its default.
///
/// With `If-Match` it is refused (412) when the tenant has changed since the settings were read.
#[utoipa::path(put, path = "/tenants/{tenant}/settings", tag = "settings", request_body = SettingsDocument,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the settings that were read.")),
    responses((status = 200, body = SettingsDocument, headers(("ETag" = String)))))]
async fn put_settings(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    headers: HeaderMap,
    JsonBody(document): JsonBody<SettingsDocument>,
) -> Result<Tagged<SettingsDocument>, Problem> {
    check_version(&headers, &access.tenant)?;
    let settings = TenantSettings::from(document);
    settings.validate()?;
    let act = access.caller.act(&state);
    let before = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    let details = json!({ "changed": changed_fields(&before, &settings) });
    let changes = Changes::of_tenant(access.tenant.id)
        .with(Change::PutSettings(Box::new(settings.clone())))
        .with(act.audit("settings.changed", ("tenant", access.tenant.id.to_string()), details));
    write::commit(&state, changes).await?;
    // What an intent has earned ends with the permission to earn it.
    state.learner.learn_for(&access.tenant.id).await;
    let tenant = state.ports.store.find_tenant(&access.tenant.id).await?;
    Ok(tagged(&tenant.ok_or_else(|| Problem::not_found("tenant"))?, settings))
}

fn tagged(tenant: &Tenant, settings: TenantSettings) -> Tagged<SettingsDocument> {
    // An integer in quotes is always a valid header value; the fallback is never seen.
    let tag = HeaderValue::from_str(&entity_tag(tenant)).unwrap_or(HeaderValue::from_static("\"0\""));
    ([(header::ETAG, tag)], Json(settings.into()))
}

fn entity_tag(tenant: &Tenant) -> String {
    format!("\"{}\"", tenant.version)
}

fn check_version(headers: &HeaderMap, tenant: &Tenant) -> Result<(), Problem> {
    let Some(expected) = headers.get(header::IF_MATCH) else { return Ok(()) };
    let present = entity_tag(tenant);
    let matches = expected.to_str().is_ok_and(|text| {
        text.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == present)
    });
    if matches {
        Ok(())
    } else {
        Err(Problem::general(ProblemKind::PreconditionFailed).with("present", present))
    }
}

/// Names of the top-level fields that differ: enough for the audit log, which shall not repeat blocked words.
fn changed_fields(before: &TenantSettings, after: &TenantSettings) -> Vec<String> {
    let (Ok(before), Ok(after)) = (serde_json::to_value(before), serde_json::to_value(after)) else {
        return Vec::new();
    };
    let Some(fields) = after.as_object() else { return Vec::new() };
    fields
        .iter()
        .filter(|(name, value)| before.get(name.as_str()) != Some(*value))
        .map(|(name, _)| name.clone())
        .collect()
}
