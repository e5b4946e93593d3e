//! What a caller may do, checked against the ids of the path. The type of a handler's argument is the permission.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use tenants::access::{Permission, UserRole};
use tenants::account::{Agency, KeyScope, Tenant};
use tenants::audit::Chain;
use tenants::reading::one_of;

use super::caller::{Caller, Who};
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
        match caller.is_installation() {
            true => Ok(Self { caller }),
            false => Err(beyond(&caller, "the installation")),
        }
    }
}

/// The agency of the path, and what the caller is there.
#[derive(Debug, Clone)]
pub struct AgencyAccess {
    /// Who calls.
    pub caller: Caller,
    /// The agency.
    pub agency: Agency,
    /// What the caller is there.
    pub role: UserRole,
}

impl AgencyAccess {
    /// The audit chain of the agency.
    pub fn chain(&self) -> Chain {
        Chain::Agency(self.agency.id)
    }

    async fn of(parts: &mut Parts, state: &AppState, permission: Permission) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let unknown = || Problem::not_found("agency");
        let id = id_in_path(parts, state, "agency").await.ok_or_else(unknown)?;
        let Some(role) = caller.role_in(id) else {
            // Who is something for one of its tenants knows that the agency exists.
            let knows = caller.agencies().is_none_or(|agencies| agencies.contains(&id));
            return Err(if knows { beyond(&caller, "the agency") } else { unknown() });
        };
        require(&caller, role, permission)?;
        let agency = state.ports.store.find_agency(&id).await?.ok_or_else(unknown)?;
        Ok(Self { caller, agency, role })
    }
}

/// The tenant of the path, and what the caller is for it.
#[derive(Debug, Clone)]
pub struct TenantAccess {
    /// Who calls.
    pub caller: Caller,
    /// The tenant.
    pub tenant: Tenant,
    /// What the caller is for it.
    pub role: UserRole,
}

impl TenantAccess {
    /// The audit chain of the tenant.
    pub fn chain(&self) -> Chain {
        Chain::Tenant(self.tenant.id)
    }

    /// Whether the caller would be admitted now as it was then: keys are withdrawn, sessions end, roles are taken away.
    pub async fn still_holds(&self, state: &AppState) -> bool {
        let role = self.caller.renewed(state).await.and_then(|caller| caller.role_for(&self.tenant));
        role.is_some_and(|role| role >= self.role)
    }

    async fn of(parts: &mut Parts, state: &AppState, permission: Permission) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let no_id = || {
            let detail = "no tenant with this id: an id begins with `ten_`; list the tenants to see theirs";
            Problem::new(ProblemKind::NotFound, detail)
        };
        let unknown = || Problem::not_found("tenant");
        let id = id_in_path(parts, state, "tenant").await.ok_or_else(no_id)?;
        let tenant = state.ports.store.find_tenant(&id).await?.ok_or_else(unknown)?;
        let role = caller.role_for(&tenant).ok_or_else(unknown)?;
        require(&caller, role, permission)?;
        tracing::Span::current().record("tenant.id", tracing::field::display(&tenant.id));
        Ok(Self { caller, tenant, role })
    }
}

/// Refuses a caller whose role is too small, in words for who asks: people can be given another role, a key cannot.
///
/// # Errors
/// Names the roles that may do it.
pub fn require(caller: &Caller, role: UserRole, permission: Permission) -> Result<(), Problem> {
    if role.may(permission) {
        return Ok(());
    }
    let may: Vec<&str> =
        UserRole::ALL.iter().filter(|role| role.may(permission)).map(|role| role.as_str()).collect();
    let needed = format!("this needs the role {}", one_of(&may));
    let detail = match caller.who() {
        Who::User(_) => format!("{needed}, and yours is `{role}`: ask an owner or a manager for another"),
        Who::Key { .. } => {
            format!("{needed}, and this key has `{role}`: use a key that was made with one of them")
        }
    };
    Err(Problem::new(ProblemKind::Forbidden, detail).with("role", role.as_str()).with("needs", may))
}

/// What is asked concerns more than the caller is confined to.
fn beyond(caller: &Caller, whole: &str) -> Problem {
    let detail = match caller.who() {
        Who::Key { key, .. } => {
            let own = match key.scope {
                KeyScope::Installation => "the installation",
                KeyScope::Agency { .. } => "an agency",
                KeyScope::Tenant { .. } => "one tenant",
            };
            format!("this concerns {whole}, and this key is for {own} only: use a key of {whole}")
        }
        Who::User(_) if whole == "the agency" => {
            "this concerns the agency, and you have a role for some of its tenants only: ask an owner for one in the \
             agency"
                .to_owned()
        }
        Who::User(_) => format!(
            "this concerns {whole}, which no role of people reaches: whoever runs it has a key of {whole}, or the \
             command line"
        ),
    };
    Problem::new(ProblemKind::Forbidden, detail)
}

/// Declares what handlers ask for.
macro_rules! permits {
    ($($(#[$meta:meta])* $name:ident($access:ident) = $permission:ident;)+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name(pub $access);

        impl FromRequestParts<AppState> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
                Ok(Self($access::of(parts, state, Permission::$permission).await?))
            }
        }
    )+ };
}

permits! {
    /// The caller may see what the brand's own people may see of the tenant.
    TenantReadShared(TenantAccess) = ReadShared;
    /// The caller may see everything of the tenant.
    TenantRead(TenantAccess) = Read;
    /// The caller may say yes or no to the tenant's posts.
    TenantReview(TenantAccess) = Review;
    /// The caller may do the tenant's daily work.
    TenantOperate(TenantAccess) = Operate;
    /// The caller may decide how the tenant is run.
    TenantManage(TenantAccess) = Manage;
    /// The caller may see everything of the agency but who may do what.
    AgencyRead(AgencyAccess) = Read;
    /// The caller may do the agency's daily work.
    AgencyOperate(AgencyAccess) = Operate;
    /// The caller may decide how the agency's tenants are run.
    AgencyManage(AgencyAccess) = Manage;
    /// The caller may decide who may do what in the agency.
    AgencyOwn(AgencyAccess) = Own;
}

/// The id that the path names `name`; `None` when it is no id of this kind.
async fn id_in_path<Id: FromStr>(parts: &mut Parts, state: &AppState, name: &str) -> Option<Id> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
}
