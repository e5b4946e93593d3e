//! Who is what in an agency: invited, changed, removed. Each act gives the changes to commit.

use serde_json::json;
use sha2::{Digest, Sha256};
use tenants::access::UserRole;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::{AgencyId, TenantId, UserId};
use tenants::user::{Grant, User, UserChange, UserStatus};

use super::PeopleError;
use super::desk::invalid;
use crate::administration::Act;

/// What somebody shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// The role.
    pub role: UserRole,
    /// For these tenants; `None` for the agency with all its tenants.
    pub tenants: Option<Vec<TenantId>>,
}

/// Why a role is not given or taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The caller's own role is too small for it.
    #[error("the role {0} may neither give nor take the role {1}: ask an owner")]
    TooSmall(UserRole, UserRole),
    /// Roles that concern a whole agency are not given for a tenant, nor the other way round.
    #[error("{0}")]
    WrongPlace(&'static str),
}

/// The grants of a member.
///
/// # Errors
/// When the role does not fit where it is given.
pub fn member_grants(agency: AgencyId, member: &NewMember) -> Result<Vec<Grant>, GrantError> {
    let role = member.role;
    match &member.tenants {
        None if role == UserRole::Client => {
            Err(GrantError::WrongPlace("a client belongs to brands: name the tenants"))
        }
        None => Ok(vec![Grant { agency, tenant: None, role }]),
        Some(_) if role == UserRole::Owner => {
            Err(GrantError::WrongPlace("an owner is one of the whole agency: leave the tenants out"))
        }
        Some(tenants) if tenants.is_empty() => {
            Err(GrantError::WrongPlace("name at least one tenant, or leave the tenants out for all of them"))
        }
        Some(tenants) => {
            let mut tenants = tenants.clone();
            tenants.sort();
            tenants.dedup();
            Ok(tenants.into_iter().map(|tenant| Grant { agency, tenant: Some(tenant), role }).collect())
        }
    }
}

/// Refuses what `caller` may not do with somebody who is this, or shall be.
///
/// # Errors
/// Names the role that is too high.
pub fn require_above(caller: UserRole, grants: &[Grant]) -> Result<(), GrantError> {
    match grants.iter().map(|grant| grant.role).find(|role| !caller.may_grant(*role)) {
        Some(role) => Err(GrantError::TooSmall(caller, role)),
        None => Ok(()),
    }
}

impl Act<'_> {
    /// Adds somebody to an agency who was not there; `known` is the user that has the address already.
    pub fn invite(
        &self,
        agency: AgencyId,
        email: String,
        known: Option<User>,
        grants: Vec<Grant>,
    ) -> (User, Changes) {
        let user = known.clone().unwrap_or_else(|| User {
            id: UserId::new(self.ids),
            email,
            name: String::new(),
            status: UserStatus::Invited,
            last_sign_in_at: None,
            created_at: self.at,
        });
        let details = json!({ "email": user.email, "grants": grants });
        let audit = self.audit("user.invited", ("user", user.id.to_string()), details);
        let mut list = Vec::new();
        if known.is_none() {
            list.push(Change::User(UserChange::Put(Box::new(user.clone()))));
        }
        list.push(Change::User(UserChange::SetGrants { user: user.id, grants }));
        list.push(audit);
        (user, Changes { chain: Chain::Agency(agency), list })
    }

    /// Makes somebody something else in an agency.
    pub fn change_member(&self, agency: AgencyId, user: &User, grants: Vec<Grant>) -> Changes {
        let details = json!({ "email": user.email, "grants": grants });
        let audit = self.audit("user.changed", ("user", user.id.to_string()), details);
        let change = UserChange::SetGrants { user: user.id, grants };
        Changes { chain: Chain::Agency(agency), list: vec![Change::User(change), audit] }
    }

    /// A link was made for somebody, by `change`.
    pub fn link_made(&self, agency: AgencyId, user: &User, change: Change) -> Changes {
        let audit =
            self.audit("user.link_made", ("user", user.id.to_string()), json!({ "email": user.email }));
        Changes { chain: Chain::Agency(agency), list: vec![change, audit] }
    }

    /// Removes somebody from an agency; their sessions end.
    pub fn remove_member(&self, agency: AgencyId, user: &User) -> Changes {
        let audit = self.audit("user.removed", ("user", user.id.to_string()), json!({ "email": user.email }));
        let gone = UserChange::SetGrants { user: user.id, grants: Vec::new() };
        let list = vec![Change::User(gone), Change::User(UserChange::EndAll(user.id)), audit];
        Changes { chain: Chain::Agency(agency), list }
    }
}

/// An e-mail address as it is stored: in lower case.
///
/// # Errors
/// When it is none.
pub fn checked_email(text: &str) -> Result<String, PeopleError> {
    let email = text.trim().to_lowercase();
    let is_one = email.len() <= 254 && email.parse::<lettre::Address>().is_ok();
    is_one.then_some(email).ok_or_else(|| invalid("email", "must be an address such as ana@example.com"))
}

pub(super) fn checked_user_name(text: &str) -> Result<String, PeopleError> {
    let name = text.trim();
    let is_fine = !name.is_empty() && name.chars().count() <= 200 && !name.chars().any(char::is_control);
    is_fine.then(|| name.to_owned()).ok_or_else(|| invalid("name", "give a name of 1 to 200 characters"))
}

/// SHA-256 of an address, hex: under it refusals are counted.
pub fn email_hash(email: &str) -> String {
    hex::encode(Sha256::digest(email.as_bytes()))
}

#[cfg(test)]
mod tests {
    use tenants::ids::TenantId;
    use uuid::Uuid;

    use super::*;

    const AGENCY: AgencyId = AgencyId(Uuid::from_u128(1));

    fn given(role: UserRole, tenants: Option<Vec<TenantId>>) -> Result<Vec<Grant>, GrantError> {
        member_grants(AGENCY, &NewMember { role, tenants })
    }

    #[test]
    fn owners_are_of_the_agency_and_clients_of_brands() {
        let bakery = TenantId(Uuid::from_u128(2));
        assert!(given(UserRole::Owner, None).is_ok() && given(UserRole::Owner, Some(vec![bakery])).is_err());
        assert!(
            given(UserRole::Client, None).is_err() && given(UserRole::Client, Some(vec![bakery])).is_ok()
        );
        assert!(given(UserRole::Viewer, Some(Vec::new())).is_err());
        assert_eq!(given(UserRole::Viewer, Some(vec![bakery, bakery])).unwrap().len(), 1);
    }

    #[test]
    fn a_manager_touches_nobody_who_is_as_much_as_they_are() {
        let grants = |role| [Grant { agency: AGENCY, tenant: None, role }];
        assert!(require_above(UserRole::Manager, &grants(UserRole::Operator)).is_ok());
        let refused = require_above(UserRole::Manager, &grants(UserRole::Owner));
        assert_eq!(refused, Err(GrantError::TooSmall(UserRole::Manager, UserRole::Owner)));
    }

    #[test]
    fn addresses_are_kept_in_lower_case() {
        assert_eq!(checked_email(" Ana@Example.COM ").unwrap(), "ana@example.com");
        for wrong in ["", "ana", "ana@", "a b@example.com", "ana@example.com\nBcc: x@y.z"] {
            assert!(checked_email(wrong).is_err(), "{wrong}");
        }
    }
}
