//! People who sign in, as they are read. What changes them is committed as
//! [`UserChange`](crate::user::UserChange).

use async_trait::async_trait;

use super::StoreError;
use crate::clock::Timestamp;
use crate::ids::{AgencyId, SessionId, UserId};
use crate::user::{Grant, Session, User, UserToken};

/// What a sign-in is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who.
    pub user: User,
    /// The Argon2id string; `None` while no password was chosen.
    pub password_hash: Option<String>,
}

/// Sign-ins for an e-mail address that were refused since the last that was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last was.
    pub last_at: Option<Timestamp>,
}

/// Users and sessions.
#[async_trait]
pub trait Users: Send + Sync {
    /// Whether the installation has been set up: it had a user once.
    async fn is_set_up(&self) -> Result<bool, StoreError>;

    /// The user with this e-mail address (in lower case), and what a sign-in is checked against.
    async fn find_credentials(&self, email: &str) -> Result<Option<Credentials>, StoreError>;

    /// Refused sign-ins, by the SHA-256 of the e-mail address.
    async fn failures(&self, email_hash: &str) -> Result<Failures, StoreError>;

    /// One user.
    async fn find_user(&self, user: &UserId) -> Result<Option<User>, StoreError>;

    /// What a user is in which agency, and for which tenants.
    async fn grants_of(&self, user: &UserId) -> Result<Vec<Grant>, StoreError>;

    /// Everybody who is something in an agency or for one of its tenants, in the order of their e-mail addresses, with
    /// what they are there.
    async fn list_users(&self, agency: &AgencyId) -> Result<Vec<(User, Vec<Grant>)>, StoreError>;

    /// The session with this token, and whose it is.
    async fn find_session(&self, token_hash: &str) -> Result<Option<(Session, User)>, StoreError>;

    /// A session, and whose it is.
    async fn find_session_by_id(&self, session: &SessionId) -> Result<Option<(Session, User)>, StoreError>;

    /// The session that this refresh secret belongs to, and whether it is the present one: one that was replaced before
    /// belongs to a session too.
    async fn find_refresh(&self, refresh_hash: &str) -> Result<Option<(Session, bool)>, StoreError>;

    /// Sessions of a user that have not ended, newest first.
    async fn sessions_of(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// A secret that was sent to somebody and was not used yet.
    async fn find_token(&self, hash: &str) -> Result<Option<UserToken>, StoreError>;

    /// Who a person of a provider of identities is here.
    async fn find_identity(&self, issuer: &str, subject: &str) -> Result<Option<UserId>, StoreError>;

    /// Who a user is at a provider of identities.
    async fn subject_of(&self, user: &UserId, issuer: &str) -> Result<Option<String>, StoreError>;
}
