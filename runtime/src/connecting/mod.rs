//! Connecting an account through a login of Meta, the same for the HTTP API and the command line: somebody begins an
//! attempt and gets the address of a consent page; the person comes back to `/oauth/callback` with a code; the code
//! becomes a stored token, and webhooks are switched on.
//!
//! The state that travels through the person's browser is 256 random bits. It is stored as a hash, belongs to one
//! attempt of one tenant, works once, for 15 minutes, and only while whoever began the attempt may still do so.

mod begin;
mod come_back;
mod finish;

use std::time::Duration;

use tenants::ports::{ConnectError, StoreError};

pub use begin::{Begun, NewAttempt, begin};
pub use come_back::{Came, Returned, come_back};
pub use finish::{after_connecting, choose};

/// How long a person has for the consent page, and again for choosing among several accounts.
pub const TIME_TO_CONSENT: Duration = Duration::from_secs(15 * 60);

/// The path that people come back to.
pub const CALLBACK_PATH: &str = "/oauth/callback";

/// Why an attempt cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ConnectingError {
    /// The account or app that was named is not there.
    #[error("{0}")]
    NotFound(&'static str),
    /// The attempt is not in a state in which this is possible.
    #[error("{0}")]
    Conflict(String),
    /// Meta, or what we know of the app.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
