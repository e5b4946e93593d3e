//! Who the caller is.

use axum::Json;
use serde::Serialize;
use tenants::access::UserRole;
use tenants::account::KeyScope;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, KeyId, TenantId, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{Caller, Who};
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_me))
}

/// The calling key or user.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// The key, when a key calls.
    #[schema(value_type = Option<schema::Id>)]
    key: Option<KeyId>,
    /// The user, when somebody signed in; `GET /session` tells what they are, and where.
    #[schema(value_type = Option<schema::Id>)]
    user: Option<UserId>,
    /// What the key is for, or the name of the user.
    name: String,
    /// `installation`, `agency` or `tenant` of a key, else `user`.
    scope: &'static str,
    /// What a key may do there.
    #[schema(value_type = Option<schema::UserRole>)]
    role: Option<UserRole>,
    /// The agency a key is confined to.
    #[schema(value_type = Option<schema::Id>)]
    agency: Option<AgencyId>,
    /// The tenant a key is confined to.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// When the key or the session stops working.
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

/// Who calls.
#[utoipa::path(get, path = "/me", tag = "keys", responses((status = 200, body = Me)))]
async fn get_me(caller: Caller) -> Json<Me> {
    Json(match caller.who() {
        Who::Key { key, .. } => {
            let (scope, agency, tenant) = scope_parts(key.scope);
            let (name, role) = (key.name.clone(), Some(key.role));
            Me {
                key: Some(key.id),
                user: None,
                name,
                scope,
                role,
                agency,
                tenant,
                expires_at: key.expires_at,
            }
        }
        Who::User(signed_in) => Me {
            key: None,
            user: Some(signed_in.user.id),
            name: signed_in.user.name.clone(),
            scope: "user",
            role: None,
            agency: None,
            tenant: None,
            expires_at: Some(signed_in.session.expires_at),
        },
    })
}
