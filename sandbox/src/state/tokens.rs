//! Access tokens: their age, their end, and why they died.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{World, logins::PersonGrant};
use crate::{
    control::requests::{Login, TokenDeath},
    errors::ControlError,
    graph::errors::GraphError,
    ids::{AccountId, AppId},
};

/// How long a long-lived token lives, and how much a refresh adds.
pub(crate) const TOKEN_LIFETIME: TimeDelta = TimeDelta::days(60);
/// A younger token cannot be refreshed.
pub(crate) const REFRESH_MIN_AGE: TimeDelta = TimeDelta::hours(24);

/// What is known about an account's newest token. The token itself is only given out by `Sandbox::token`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenState {
    /// The account it belongs to.
    pub account: AccountId,
    /// When it was given out.
    pub issued_at: DateTime<Utc>,
    /// When it ends; `None` for Page tokens, which do not expire by time.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it was withdrawn, if it was.
    pub revoked: Option<TokenDeath>,
    /// Permissions that a login gave; `None` means all.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// True for the token that a code was exchanged for: it must be lengthened before it can be refreshed.
    #[serde(default)]
    pub short_lived: bool,
    /// Set on tokens of persons (Facebook Login), which speak for Pages.
    #[serde(default)]
    pub(crate) person: Option<PersonGrant>,
}

/// Not `Debug`: it holds tokens.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Tokens {
    by_text: HashMap<String, TokenState>,
    newest: HashMap<AccountId, String>,
    by_account: HashMap<AccountId, Vec<String>>,
}

impl Tokens {
    pub(crate) fn find(&self, token: &str) -> Option<&TokenState> {
        self.by_text.get(token)
    }

    pub(crate) fn newest(&self, account: &AccountId) -> Option<&String> {
        self.newest.get(account)
    }

    /// The account a token speaks for, or why it does not.
    pub(crate) fn check(&self, token: &str, now: DateTime<Utc>) -> Result<&TokenState, GraphError> {
        let state = self.by_text.get(token).ok_or_else(GraphError::malformed_token)?;
        if let Some(death) = state.revoked {
            return Err(GraphError::dead_token(death, now, now));
        }
        match state.expires_at {
            Some(expires_at) if expires_at <= now => {
                Err(GraphError::dead_token(TokenDeath::Expired, expires_at, now))
            }
            _ => Ok(state),
        }
    }
}

impl World {
    /// Gives out a new token; earlier ones stay as they are.
    pub(crate) fn issue_token(&mut self, id: &AccountId, now: DateTime<Utc>) -> Result<String, ControlError> {
        let (prefix, expires_at) = match self.account(id)?.account.login {
            Login::Instagram => ("IGAA", Some(now + TOKEN_LIFETIME)),
            Login::Facebook => ("EAA", None),
        };
        let state = TokenState {
            account: id.clone(),
            issued_at: now,
            expires_at,
            revoked: None,
            scopes: None,
            short_lived: false,
            person: None,
        };
        Ok(self.keep_token(prefix, state))
    }

    /// Gives out a token that comes of a login. Tokens of persons are no token of the account's own.
    pub(crate) fn issue_login_token(
        &mut self,
        id: &AccountId,
        (person, scopes, short_lived): (Option<PersonGrant>, Vec<String>, bool),
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<String, ControlError> {
        let prefix = match self.account(id)?.account.login {
            Login::Instagram => "IGAA",
            Login::Facebook => "EAA",
        };
        let (account, scopes) = (id.clone(), Some(scopes));
        let state =
            TokenState { account, issued_at: now, expires_at, revoked: None, scopes, short_lived, person };
        Ok(self.keep_token(prefix, state))
    }

    fn keep_token(&mut self, prefix: &str, state: TokenState) -> String {
        let token = format!("{prefix}{}", self.ids.letters(176));
        let id = state.account.clone();
        if state.person.is_none() && !state.short_lived {
            self.tokens.newest.insert(id.clone(), token.clone());
        }
        self.tokens.by_text.insert(token.clone(), state);
        self.tokens.by_account.entry(id).or_default().push(token.clone());
        token
    }

    /// The newest token, given out on first use.
    pub(crate) fn token_of(&mut self, id: &AccountId, now: DateTime<Utc>) -> Result<String, ControlError> {
        match self.tokens.newest(id) {
            Some(token) => Ok(token.clone()),
            None => self.issue_token(id, now),
        }
    }

    /// Withdraws every token of the account.
    pub(crate) fn revoke_tokens(&mut self, id: &AccountId, death: TokenDeath) -> usize {
        let tokens = self.tokens.by_account.get(id).cloned().unwrap_or_default();
        for token in &tokens {
            if let Some(state) = self.tokens.by_text.get_mut(token) {
                state.revoked = Some(death);
            }
        }
        tokens.len()
    }

    /// Moves the end of the account's newest token.
    pub(crate) fn set_token_expiry(
        &mut self,
        id: &AccountId,
        expires_at: DateTime<Utc>,
    ) -> Result<(), ControlError> {
        let token = self.tokens.newest(id).cloned();
        let state = token.and_then(|token| self.tokens.by_text.get_mut(&token));
        state.ok_or_else(|| ControlError::not_found("token of account", id.as_str()))?.expires_at =
            Some(expires_at);
        Ok(())
    }

    /// Exchanges a long-lived Instagram token for a new one; the old one lives on until its own end.
    pub(crate) fn refresh_token(&mut self, token: &str, now: DateTime<Utc>) -> Result<String, GraphError> {
        let state = self.tokens.check(token, now)?;
        if state.short_lived {
            return Err(GraphError::invalid_parameter("The token must be a long-lived one."));
        }
        if now - state.issued_at < REFRESH_MIN_AGE {
            return Err(GraphError::too_young_to_refresh());
        }
        let (account, scopes) = (state.account.clone(), state.scopes.clone());
        if scopes.as_ref().is_some_and(|scopes| !scopes.iter().any(|it| it == "instagram_business_basic")) {
            return Err(GraphError::permission(10));
        }
        let refreshed = match scopes {
            None => self.issue_token(&account, now),
            Some(scopes) => {
                self.issue_login_token(&account, (None, scopes, false), Some(now + TOKEN_LIFETIME), now)
            }
        };
        refreshed.map_err(|_| GraphError::malformed_token())
    }

    /// The app of an app token (`ID|SECRET`), if it is one.
    pub(crate) fn app_of_token(&self, token: &str) -> Option<AppId> {
        let (id, secret) = token.split_once('|')?;
        self.apps.find(id).filter(|app| app.secret == secret).map(|app| app.id.clone())
    }
}
