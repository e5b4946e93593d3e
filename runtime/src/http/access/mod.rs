//! Who may do what. The type of a handler's argument *is* the permission: a handler that takes [`TenantManage`] runs only
//! for callers that may manage the tenant of its path.
//!
//! A caller is a key or somebody who signed in; either has a role for the installation, an agency or a tenant, and what a
//! role may do is said once, in [`tenants::access`]. Ids of others are answered like ids that do not exist: 404. A caller
//! that sees the thing but whose role is too small for the act is answered with 403.

mod caller;
pub mod cookies;
mod key_ring;
mod permits;
mod sign_ins;

pub use caller::{CSRF_HEADER, Caller, Who, presented_key, require_csrf};
pub use key_ring::KeyRing;
pub use permits::{
    AgencyAccess, AgencyManage, AgencyOperate, AgencyOwn, AgencyRead, InstallationAccess, TenantAccess,
    TenantManage, TenantOperate, TenantRead, TenantReadShared, TenantReview, require,
};
pub use sign_ins::SignIns;
