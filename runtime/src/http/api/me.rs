//! Who the caller is.

use axum::Json;
use serde::Serialize;
use tenants::account::KeyScope;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, KeyId, TenantId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::Caller;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_me))
}

/// The calling key.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// The key.
    #[schema(value_type = schema::Id)]
    key: KeyId,
    /// What the key is for.
    name: String,
    /// `installation`, `agency` or `tenant`.
    scope: &'static str,
    /// The agency it is confined to.
    #[schema(value_type = Option<schema::Id>)]
    agency: Option<AgencyId>,
    /// The tenant it is confined to.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// When it stops working.
    #[schema(value_type = Option<schema::Moment>)]
    expires_at: Option<Timestamp>,
}

/// The name of a scope, and the ids it is confined to.
pub(super) fn scope_parts(scope: KeyScope) -> (&'static str, Option<AgencyId>, Option<TenantId>) {
    match scope {
        KeyScope::Installation => ("installation", None, None),
        KeyScope::Agency { agency } => ("agency", Some(agency), None),
        KeyScope::Tenant { agency, tenant } => ("tenant", Some(agency), Some(tenant)),
    }
}

/// What the calling key may see.
#[utoipa::path(get, path = "/me", tag = "keys", responses((status = 200, body = Me)))]
async fn get_me(caller: Caller) -> Json<Me> {
    let key = caller.key();
    let (scope, agency, tenant) = scope_parts(key.scope);
    Json(Me { key: key.id, name: key.name.clone(), scope, agency, tenant, expires_at: key.expires_at })
}
