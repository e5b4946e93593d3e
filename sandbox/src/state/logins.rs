//! Logins: codes that wait to be exchanged, and the tokens that come of them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{World, tokens::TOKEN_LIFETIME};
use crate::{
    control::requests::Login,
    errors::ControlError,
    graph::errors::GraphError,
    ids::{AccountId, AppId},
};

/// A code can be exchanged for so long.
pub(crate) const CODE_LIFETIME: TimeDelta = TimeDelta::hours(1);
/// A token that came of a code lives for so long, unless it is lengthened.
pub(crate) const SHORT_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Not `Debug`: it holds codes.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Logins {
    codes: HashMap<String, Code>,
    /// Whether the code exchange of Instagram Login answers in the documented shape instead of the one seen live.
    pub(crate) documented_shape: bool,
}

/// What a person allowed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) app: AppId,
    pub(crate) login: Login,
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: String,
    issued_at: DateTime<Utc>,
    used: bool,
}

/// What Facebook's tokens of persons know beside the Pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PersonGrant {
    /// Meta's id of the person.
    pub(crate) user_id: String,
    /// The accounts whose Pages the person chose.
    pub(crate) pages: Vec<AccountId>,
}

impl World {
    /// Gives out a code for what a person allowed.
    pub(crate) fn issue_code(
        &mut self,
        app: AppId,
        login: Login,
        accounts: Vec<AccountId>,
        (scopes, redirect_uri): (Vec<String>, String),
        now: DateTime<Utc>,
    ) -> String {
        let code = format!("AQB{}", self.ids.letters(60));
        let issued = Code { app, login, accounts, scopes, redirect_uri, issued_at: now, used: false };
        self.logins.codes.insert(code.clone(), issued);
        code
    }

    /// Takes a code: it works once, for its app and its redirect address, within an hour.
    pub(crate) fn take_code(
        &mut self,
        text: &str,
        app: &AppId,
        login: Login,
        redirect_uri: &str,
        now: DateTime<Utc>,
    ) -> Result<Code, GraphError> {
        let code = self.logins.codes.get_mut(text);
        let code = code.filter(|code| code.app == *app && code.login == login && !code.used);
        let code = code.filter(|code| now - code.issued_at < CODE_LIFETIME);
        let code = code.ok_or_else(GraphError::unknown_code)?;
        if code.redirect_uri != redirect_uri {
            return Err(GraphError::wrong_redirect());
        }
        code.used = true;
        Ok(code.clone())
    }

    /// A short-lived token for what a code stands for.
    pub(crate) fn issue_short_token(
        &mut self,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<String, ControlError> {
        let account = code.accounts.first().cloned();
        let account = account.ok_or_else(|| ControlError::not_found("account", "of the code"))?;
        // Whoever logs in through an app belongs to it from then on.
        for account in &code.accounts {
            if let Some(node) = self.accounts.get_mut(account) {
                node.account.app_id = code.app.clone();
            }
        }
        let person = match code.login {
            Login::Instagram => None,
            Login::Facebook => {
                Some(PersonGrant { user_id: self.facebook_user_of(&account)?, pages: code.accounts.clone() })
            }
        };
        let expires_at = Some(now + SHORT_LIFETIME);
        self.issue_login_token(&account, (person, code.scopes.clone(), true), expires_at, now)
    }

    /// A long-lived token in the place of a short-lived one, with the same permissions.
    pub(crate) fn lengthen_token(&mut self, token: &str, now: DateTime<Utc>) -> Result<String, GraphError> {
        let state = self.tokens.check(token, now)?.clone();
        let scopes = state.scopes.clone().unwrap_or_default();
        self.issue_login_token(&state.account, (state.person, scopes, false), Some(now + TOKEN_LIFETIME), now)
            .map_err(|_| GraphError::malformed_token())
    }

    /// Meta's id of the person who manages the account's Page.
    pub(crate) fn facebook_user_of(&self, account: &AccountId) -> Result<String, ControlError> {
        Ok(format!("122{}", self.account(account)?.account.page_id))
    }
}
