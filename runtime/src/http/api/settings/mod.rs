//! Settings of a tenant.

mod comms;
mod document;

use axum::Json;
use axum::extract::State;
use serde_json::json;
use tenants::changes::{Change, Changes, Expected};
use tenants::settings::TenantSettings;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use document::{QuietHoursDocument, SettingsDocument};

use super::write;
use crate::http::access::{TenantManage, TenantRead};
use crate::http::extract::{IfMatch, JsonBody, Versioned};
use crate::http::problem::Problem;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_settings, put_settings)).routes(routes!(default_settings))
}

/// Read the settings of a tenant. The `ETag` goes into `If-Match` of a change.
#[utoipa::path(get, path = "/tenants/{tenant}/settings", tag = "settings",
    responses((status = 200, body = SettingsDocument, headers(("ETag" = String)))))]
async fn get_settings(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Versioned<SettingsDocument>, Problem> {
    let settings = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    Ok(Versioned(access.tenant.version, settings.into()))
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
    version: IfMatch,
    JsonBody(document): JsonBody<SettingsDocument>,
) -> Result<Versioned<SettingsDocument>, Problem> {
    version.require(access.tenant.version)?;
    let settings = TenantSettings::from(document);
    settings.validate()?;
    let act = access.caller.act(&state);
    let before = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    let details = json!({ "changed": changed_fields(&before, &settings) });
    let changes = Changes::of_tenant(access.tenant.id)
        .with_all(version.expecting(Expected::Tenant { version: access.tenant.version }))
        .with(Change::PutSettings(Box::new(settings.clone())))
        .with(act.audit("settings.changed", ("tenant", access.tenant.id.to_string()), details));
    write::commit(&state, changes).await.map_err(|problem| version.met_another(problem))?;
    // What an intent has earned ends with the permission to earn it.
    state.learner.learn_for(&access.tenant.id).await;
    let tenant = state.ports.store.find_tenant(&access.tenant.id).await?;
    let tenant = tenant.ok_or_else(|| Problem::not_found("tenant"))?;
    Ok(Versioned(tenant.version, settings.into()))
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
