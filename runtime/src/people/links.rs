//! Links with secrets, and the secrets of sessions.

use std::sync::Arc;

use secrecy::SecretString;
use tenants::changes::Change;
use tenants::clock::Clock;
use tenants::ids::{Ids, UserId};
use tenants::user::{TokenKind, UserChange, UserToken};

use super::{PeopleSettings, SecretLink};
use crate::administration::key_hash;

/// Makes them.
#[derive(Clone)]
pub struct Links {
    ids: Ids,
    clock: Arc<dyn Clock>,
    /// Where people reach the installation; no slash at the end.
    public_url: String,
    settings: PeopleSettings,
}

impl Links {
    /// Makes links to this address.
    pub fn new(ids: Ids, clock: Arc<dyn Clock>, public_url: String, settings: PeopleSettings) -> Self {
        Self { ids, clock, public_url, settings }
    }

    /// A secret of 256 bits, as hex.
    pub(super) fn secret(&self) -> String {
        let mut random = [0u8; 32];
        self.ids.fill(&mut random);
        hex::encode(random)
    }

    /// A link of a kind, and the change that makes it work (and the one before of the same kind and user not any more).
    pub fn make(&self, kind: TokenKind, user: Option<UserId>) -> (SecretLink, Change) {
        let page = match kind {
            TokenKind::Invitation => "invitation",
            TokenKind::SetUp => "setup",
            TokenKind::PasswordReset => "reset",
            TokenKind::SignIn => "sign-in",
        };
        let secret = self.secret();
        let url = SecretString::from(format!("{}/{page}#token={secret}", self.public_url));
        let (token, expires_at) = self.token(&secret, kind, user);
        (SecretLink { url, expires_at }, token)
    }

    /// A code to set up with, short enough to be typed, and the change that makes it work.
    pub fn code(&self) -> (SecretString, Change) {
        let mut random = [0u8; 10];
        self.ids.fill(&mut random);
        let code = hex::encode(random);
        let (token, _) = self.token(&code, TokenKind::SetUp, None);
        (code.into(), token)
    }

    fn token(
        &self,
        secret: &str,
        kind: TokenKind,
        user: Option<UserId>,
    ) -> (Change, tenants::clock::Timestamp) {
        let lives = match kind {
            TokenKind::Invitation | TokenKind::SetUp => self.settings.invitation,
            TokenKind::PasswordReset | TokenKind::SignIn => self.settings.link,
        };
        let created_at = self.clock.now();
        let expires_at = created_at + lives;
        let token = UserToken { hash: key_hash(secret), kind, user, expires_at, created_at };
        (Change::User(UserChange::AddToken(Box::new(token))), expires_at)
    }
}
