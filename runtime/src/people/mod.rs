//! People who sign in: sessions, passwords, invitations; the same for the HTTP API and the command line.
//!
//! A session has two secrets. The token is sent with every request and lives for minutes; the other one gives a new pair
//! and lives for weeks. Whoever uses one that was replaced long ago has stolen it or was stolen from, and the session ends.

mod acts;
mod desk;
mod links;
mod passwords;
mod sessions;
pub mod sso;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tenants::ports::{CourierError, StoreError};
use tenants::user::{Grant, Session, User};

pub use acts::{GrantError, NewMember, checked_email, member_grants, require_above};
pub use desk::{Origin, PeopleDesk, PeopleParts, SetUp};
pub use links::Links;
pub use passwords::HashingFailed;
pub use sessions::Refreshed;

/// How long things of people last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeopleSettings {
    /// The token of a session.
    pub session: Duration,
    /// A session that nobody uses.
    pub idle: Duration,
    /// An invitation.
    pub invitation: Duration,
    /// A link to choose another password, or to sign in.
    pub link: Duration,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self {
            session: Duration::from_secs(15 * 60),
            idle: days(14),
            invitation: days(7),
            link: Duration::from_secs(3_600),
        }
    }
}

/// Somebody with a session, and what they are where.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// Their session.
    pub session: Session,
    /// What they are.
    pub grants: Vec<Grant>,
}

/// A session with its secrets, which are told once.
#[derive(Clone)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// Sent with every request.
    pub token: String,
    /// Gives a new pair.
    pub refresh: String,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewSession({})", self.session.id)
    }
}

/// A link to be sent to somebody, with its secret.
#[derive(Clone)]
pub struct SecretLink {
    /// Where it leads. The secret stands behind `#`, which browsers send to no server.
    pub url: SecretString,
    /// It works until then.
    pub expires_at: tenants::clock::Timestamp,
}

impl std::fmt::Debug for SecretLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretLink")
    }
}

/// Why somebody is not signed in, or something of theirs is not changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// Address and password do not belong together, whichever of them is wrong.
    #[error("e-mail address or password is wrong")]
    Refused,
    /// Too many wrong passwords.
    #[error("too many sign-ins were refused: wait, or choose another password")]
    Locked(Duration),
    /// The session is over, or its secret was replaced.
    #[error("the session is over: sign in again")]
    SessionOver,
    /// A link was used, replaced, or is too old.
    #[error("this link was used already, replaced by a newer one, or is too old: ask for another one")]
    LinkOver,
    /// A part of what was sent cannot be used.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which part.
        field: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// It does not fit what is there.
    #[error("{0}")]
    Conflict(String),
    /// Our own fault.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
    /// The database does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends mail to somebody.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail of plain text.
    ///
    /// # Errors
    /// When it cannot be sent now, or no mail server is set.
    async fn mail(&self, to: &str, subject: &str, text: &str) -> Result<(), CourierError>;
}
