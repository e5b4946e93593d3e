//! Who may do what. The type of a handler's argument *is* the permission: a handler that takes
//! [`TenantAccess`] runs only for callers that may see the tenant of its path.
//!
//! | Type | Path | Callers |
//! | --- | --- | --- |
//! | [`Caller`] | any | every valid key |
//! | [`InstallationAccess`] | any | keys of the installation |
//! | [`AgencyAccess`] | `…/agencies/{agency}/…` | keys of that agency, of the installation |
//! | [`TenantAccess`] | `…/tenants/{tenant}/…` | keys of that tenant, of its agency, of the installation |
//!
//! Ids of others are answered like ids that do not exist: 404. A key that sees the thing but is too narrow for the
//! act is answered with 403.

mod caller;
mod key_ring;
mod scopes;

pub use caller::Caller;
pub use key_ring::KeyRing;
pub use scopes::{AgencyAccess, InstallationAccess, TenantAccess};
