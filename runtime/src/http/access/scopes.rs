//! What a caller may see, checked against the ids of the path.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use tenants::account::{Agency, KeyScope, Tenant};
use tenants::audit::Chain;

use super::caller::Caller;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

/// The caller may do everything on the installation.
#[derive(Debug, Clone)]
pub struct InstallationAccess {
    /// Who calls.
    pub caller: Caller,
}

impl FromRequestParts<AppState> for InstallationAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        match caller.scope() {
            KeyScope::Installation => Ok(Self { caller }),
            KeyScope::Agency { .. } | KeyScope::Tenant { .. } => {
                Err(Problem::general(ProblemKind::Forbidden))
            }
        }
    }
}

/// The caller may manage the agency of the path.
#[derive(Debug, Clone)]
pub struct AgencyAccess {
    /// Who calls.
    pub caller: Caller,
    /// The agency.
    pub agency: Agency,
}

impl AgencyAccess {
    /// The audit chain of the agency.
    pub fn chain(&self) -> Chain {
        Chain::Agency(self.agency.id)
    }
}

impl FromRequestParts<AppState> for AgencyAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let unknown = || Problem::not_found("agency");
        let id = id_in_path(parts, state, "agency").await.ok_or_else(unknown)?;
        match caller.scope() {
            KeyScope::Installation => {}
            KeyScope::Agency { agency } if agency == id => {}
            KeyScope::Tenant { agency, .. } if agency == id => {
                return Err(Problem::general(ProblemKind::Forbidden));
            }
            KeyScope::Agency { .. } | KeyScope::Tenant { .. } => return Err(unknown()),
        }
        let agency = state.ports.store.find_agency(&id).await?.ok_or_else(unknown)?;
        Ok(Self { caller, agency })
    }
}

/// The caller may manage the tenant of the path.
#[derive(Debug, Clone)]
pub struct TenantAccess {
    /// Who calls.
    pub caller: Caller,
    /// The tenant.
    pub tenant: Tenant,
}

impl TenantAccess {
    /// The audit chain of the tenant.
    pub fn chain(&self) -> Chain {
        Chain::Tenant(self.tenant.id)
    }
}

impl FromRequestParts<AppState> for TenantAccess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let unknown = || Problem::not_found("tenant");
        let no_id = || {
            let detail = "no tenant with this id: an id begins with `ten_`; list the tenants to see theirs";
            Problem::new(ProblemKind::NotFound, detail)
        };
        let id = id_in_path(parts, state, "tenant").await.ok_or_else(no_id)?;
        if matches!(caller.scope(), KeyScope::Tenant { tenant, .. } if tenant != id) {
            return Err(unknown());
        }
        let tenant = state.ports.store.find_tenant(&id).await?.ok_or_else(unknown)?;
        let may_see = match caller.scope() {
            KeyScope::Installation => true,
            KeyScope::Agency { agency } | KeyScope::Tenant { agency, .. } => agency == tenant.agency,
        };
        if !may_see {
            return Err(unknown());
        }
        tracing::Span::current().record("tenant.id", tracing::field::display(&tenant.id));
        Ok(Self { caller, tenant })
    }
}

/// The id that the path names `name`; `None` when it is no id of this kind.
async fn id_in_path<Id: FromStr>(parts: &mut Parts, state: &AppState, name: &str) -> Option<Id> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
}
