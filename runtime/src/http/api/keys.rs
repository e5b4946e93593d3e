//! API keys of an agency and of its tenants.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tenants::access::UserRole;
use tenants::account::{ApiKey, KeyScope};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, KeyId, TenantId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::me::scope_parts;
use super::write;
use crate::http::access::AgencyOwn;
use crate::http::extract::{JsonBody, Page, PathIds};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_keys, create_key)).routes(routes!(revoke_key))
}

/// An API key, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
struct KeyView {
    #[schema(value_type = schema::Id)]
    id: KeyId,
    /// What it is for.
    name: String,
    /// `agency` or `tenant`.
    scope: &'static str,
    /// The agency.
    #[schema(value_type = Option<schema::Id>)]
    agency: Option<AgencyId>,
    /// The tenant it is confined to, if it is.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// What it may do there.
    #[schema(value_type = schema::UserRole)]
    role: UserRole,
    /// It does not work after this moment.
    #[schema(value_type = Option<schema::Moment>)]
    expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    #[schema(value_type = Option<schema::Moment>)]
    revoked_at: Option<Timestamp>,
    /// Last use, to the minute.
    #[schema(value_type = Option<schema::Moment>)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        let (scope, agency, tenant) = scope_parts(key.scope);
        Self {
            id: key.id,
            name: key.name,
            scope,
            agency,
            tenant,
            role: key.role,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            created_at: key.created_at,
        }
    }
}

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// What it is for; 1 to 200 characters.
    name: String,
    /// Confines it to one tenant of the agency.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// What it may do there; everything (`owner`) when left out.
    #[serde(default = "every_role")]
    #[schema(value_type = schema::UserRole)]
    role: UserRole,
    /// It stops working then; never when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Moment>)]
    expires_at: Option<Timestamp>,
}

fn every_role() -> UserRole {
    UserRole::Owner
}

/// A key that was just created.
#[derive(Serialize, ToSchema)]
struct CreatedKey {
    /// The key.
    key: KeyView,
    /// What to send in `X-API-Key`. It is shown this once and cannot be read again.
    text: String,
}

/// List the keys of an agency and of its tenants, withdrawn ones too.
#[utoipa::path(get, path = "/agencies/{agency}/keys", tag = "keys", responses((status = 200, body = Page<KeyView>)))]
async fn list_keys(
    AgencyOwn(access): AgencyOwn,
    State(state): State<AppState>,
) -> Result<Json<Page<KeyView>>, Problem> {
    Ok(Json(Page::whole(state.ports.store.list_keys(&access.agency.id).await?)))
}

/// Create a key for the agency or for one of its tenants. Its text is shown once.
#[utoipa::path(post, path = "/agencies/{agency}/keys", tag = "keys", request_body = NewKey,
    responses((status = 201, body = CreatedKey)))]
async fn create_key(
    AgencyOwn(access): AgencyOwn,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewKey>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let agency = access.agency.id;
    let scope = match new.tenant {
        None => KeyScope::Agency { agency },
        Some(tenant) => {
            let found = state.ports.store.find_tenant(&tenant).await?;
            found.filter(|tenant| tenant.agency == agency).ok_or_else(|| Problem::not_found("tenant"))?;
            KeyScope::Tenant { agency, tenant }
        }
    };
    let act = access.caller.act(&state);
    if new.expires_at.is_some_and(|expires| expires <= act.at) {
        return Err(Problem::invalid("expires_at", "must lie in the future"));
    }
    let (key, text, changes) = act.create_key(&new.name, scope, new.role, new.expires_at)?;
    write::commit(&state, changes).await?;
    let created = CreatedKey { key: key.into(), text: text.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(created)))
}

#[derive(Debug, Deserialize)]
struct KeyPath {
    key: KeyId,
}

/// Withdraw a key. It stops working at once on this node, within seconds on others. Withdrawing it again changes
/// nothing.
#[utoipa::path(delete, path = "/agencies/{agency}/keys/{key}", tag = "keys", responses((status = 204)))]
async fn revoke_key(
    AgencyOwn(access): AgencyOwn,
    PathIds(path): PathIds<KeyPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let keys = state.ports.store.list_keys(&access.agency.id).await?;
    let key = keys.into_iter().find(|key| key.id == path.key).ok_or_else(|| Problem::not_found("key"))?;
    if key.revoked_at.is_none() {
        write::commit(&state, access.caller.act(&state).revoke_key(&key)).await?;
        state.keys.forget(&key.id);
    }
    Ok(StatusCode::NO_CONTENT)
}
