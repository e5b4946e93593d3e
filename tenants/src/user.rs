//! People who sign in, what they are in which agency, and their sessions.

use serde::{Deserialize, Serialize};

use crate::access::UserRole;
use crate::clock::Timestamp;
use crate::ids::{AgencyId, SessionId, TenantId, UserId};
use crate::words::word_enum;

word_enum! {
    /// Whether somebody may sign in.
    pub enum UserStatus {
        /// Was invited and has not chosen a password yet.
        Invited = "invited",
        /// May sign in.
        Active = "active",
        /// May not sign in any more.
        Disabled = "disabled",
    }
}

word_enum! {
    /// What a secret that was sent to somebody is good for.
    pub enum TokenKind {
        /// To set up a new installation; belongs to nobody yet.
        SetUp = "set_up",
        /// To accept an invitation and choose a password.
        Invitation = "invitation",
        /// To choose another password.
        PasswordReset = "password_reset",
        /// To sign in without a password; made by the command line only.
        SignIn = "sign_in",
    }
}

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// In lower case; one user has it.
    pub email: String,
    /// Display name; empty until an invitation is accepted.
    pub name: String,
    /// Whether they may sign in.
    pub status: UserStatus,
    /// Last time they signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Row created.
    pub created_at: Timestamp,
}

/// What somebody is in an agency (for all its tenants), or for one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The agency.
    pub agency: AgencyId,
    /// The tenant; `None` for the agency with all its tenants.
    pub tenant: Option<TenantId>,
    /// The role.
    pub role: UserRole,
}

/// The role that these grants give in the agency itself.
pub fn role_in_agency(grants: &[Grant], agency: AgencyId) -> Option<UserRole> {
    grants
        .iter()
        .filter(|grant| grant.agency == agency && grant.tenant.is_none())
        .map(|grant| grant.role)
        .max()
}

/// The role that these grants give for a tenant: the highest of the one for the agency and the one for the tenant.
pub fn role_for_tenant(grants: &[Grant], agency: AgencyId, tenant: TenantId) -> Option<UserRole> {
    let counts = |grant: &&Grant| grant.agency == agency && grant.tenant.is_none_or(|only| only == tenant);
    grants.iter().filter(counts).map(|grant| grant.role).max()
}

/// A session of a user, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// What a page must send along with every request that changes something: a foreign page cannot know it.
    pub csrf: String,
    /// Until then the session token works.
    pub expires_at: Timestamp,
    /// Until then the session can be refreshed.
    pub ends_at: Timestamp,
    /// Where it was begun from, when known.
    pub ip: Option<String>,
    /// The browser, when known; at most 300 characters.
    pub user_agent: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub refreshed_at: Timestamp,
}

/// The SHA-256 hashes of a session's two secrets, hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSecrets {
    /// Of the token that each request carries.
    pub token: String,
    /// Of the one that gives new tokens.
    pub refresh: String,
}

/// A secret that was sent to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToken {
    /// SHA-256 of it, hex.
    pub hash: String,
    /// What it is good for.
    pub kind: TokenKind,
    /// Whose it is; `None` for setting up.
    pub user: Option<UserId>,
    /// It works until then.
    pub expires_at: Timestamp,
    /// Row created.
    pub created_at: Timestamp,
}

/// Somebody as their provider of identities knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityLink {
    /// The provider.
    pub issuer: String,
    /// The person there, for ever.
    pub subject: String,
    /// Who that is here.
    pub user: UserId,
    /// Row created.
    pub created_at: Timestamp,
}

/// Changes to users and sessions; one that no longer fits is a conflict, and nothing of its unit is done.
#[derive(Debug, Clone, PartialEq)]
pub enum UserChange {
    /// Adds the first user of an installation; a conflict when it is set up already.
    SetUp,
    /// Adds a user, or changes name and status. Another user with this e-mail address is a conflict.
    Put(Box<User>),
    /// Sets the hash of a password (an Argon2id string), and ends every session.
    SetPassword {
        /// Whose.
        user: UserId,
        /// The hash.
        hash: String,
    },
    /// What a user is in the agency of the chain and for its tenants, as a whole.
    SetGrants {
        /// Whose.
        user: UserId,
        /// The grants; all of one agency.
        grants: Vec<Grant>,
    },
    /// Begins a session.
    Begin {
        /// The session.
        session: Box<Session>,
        /// Its secrets.
        secrets: SessionSecrets,
    },
    /// Gives a session new secrets, in place of those it had when it was looked up; a conflict when somebody else was
    /// quicker.
    Refresh {
        /// The session, with its new ends.
        session: Box<Session>,
        /// The hash of the refresh secret that was used.
        used: String,
        /// The new secrets.
        secrets: SessionSecrets,
    },
    /// Ends one session.
    End(SessionId),
    /// Ends all sessions of a user.
    EndAll(UserId),
    /// Adds a secret; others of the same kind and user stop working.
    AddToken(Box<UserToken>),
    /// Uses a secret up; a conflict when it was used already or its time is over.
    UseToken {
        /// Its hash.
        hash: String,
        /// Now.
        at: Timestamp,
    },
    /// Notes a sign-in that was refused.
    NoteFailure {
        /// SHA-256 of the e-mail address, hex: whether there is such a user does not matter.
        email_hash: String,
        /// Now.
        at: Timestamp,
    },
    /// Notes a sign-in.
    NoteSignIn {
        /// Whose.
        user: UserId,
        /// SHA-256 of the e-mail address, hex: its failures are forgotten.
        email_hash: String,
        /// Now.
        at: Timestamp,
    },
    /// Ties a user to a person of a provider of identities; open invitations of theirs stop working. A conflict when either
    /// is tied already.
    Link(Box<IdentityLink>),
    /// Unties a user from every provider.
    Unlink(UserId),
    /// Uses a ticket of a sign-in up; a conflict when it was used already.
    Spend {
        /// SHA-256 of it, hex.
        hash: String,
        /// When it would have stopped working anyway.
        expires_at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const AGENCY: AgencyId = AgencyId(Uuid::from_u128(1));
    const OTHER: AgencyId = AgencyId(Uuid::from_u128(2));
    const BAKERY: TenantId = TenantId(Uuid::from_u128(3));
    const FLORIST: TenantId = TenantId(Uuid::from_u128(4));

    #[test]
    fn a_grant_for_the_agency_counts_for_every_tenant_and_the_highest_wins() {
        let grants = [
            Grant { agency: AGENCY, tenant: None, role: UserRole::Viewer },
            Grant { agency: AGENCY, tenant: Some(BAKERY), role: UserRole::Manager },
        ];
        assert_eq!(role_in_agency(&grants, AGENCY), Some(UserRole::Viewer));
        assert_eq!(role_for_tenant(&grants, AGENCY, BAKERY), Some(UserRole::Manager));
        assert_eq!(role_for_tenant(&grants, AGENCY, FLORIST), Some(UserRole::Viewer));
        assert_eq!(role_in_agency(&grants, OTHER), None);
    }

    #[test]
    fn a_grant_for_a_tenant_counts_for_nothing_else() {
        let grants = [Grant { agency: AGENCY, tenant: Some(BAKERY), role: UserRole::Manager }];
        assert_eq!(role_in_agency(&grants, AGENCY), None);
        assert_eq!(role_for_tenant(&grants, AGENCY, FLORIST), None);
        assert_eq!(role_for_tenant(&grants, OTHER, BAKERY), None, "a tenant belongs to one agency");
    }
}
