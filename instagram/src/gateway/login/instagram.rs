//! Instagram Login: a code, a short-lived token, a long-lived one, and its refresh.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use tenants::account::{Account, LoginFlavour};
use tenants::clock::Timestamp;
use tenants::connect::{ConnectAttempt, FoundAccount};
use tenants::effect::ErrorCategory;
use tenants::ports::{ConnectError, Refreshed, SendError};

use super::answers::{self, Token};
use super::{Gateway, Given, LoginCredentials, scopes};
use crate::gateway::call::{Purpose, Target};
use crate::gateway::errors;
use crate::gateway::reading::unwrapped;
use crate::webhook::fields;

impl Gateway {
    pub(super) async fn exchange_at_instagram(
        &self,
        attempt: &ConnectAttempt,
        login: &LoginCredentials,
        code: &str,
        now: Timestamp,
    ) -> Result<Given, ConnectError> {
        let url = format!("{}/oauth/access_token", self.transport.hosts().instagram_token);
        let form = [
            ("client_id", login.client_id.as_str()),
            ("client_secret", login.secret.expose_secret()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", attempt.redirect_uri.as_str()),
            ("code", code),
        ];
        let answer = self.transport.open(Method::POST, &url, &[], &form).await.map_err(answers::lost)?;
        let body = answer.into_body().map_err(|answer| answers::refusal(&answer, &login.secret))?.body;
        let short = answers::token(&body)?;
        let scopes = scopes::of_exchange(&answers::flat(&body)["permissions"]);
        let long = self.lengthen(login, &short).await?;
        let account = self.who_is_it(&long, now).await?;
        let granted_by = account.scoped_id.clone().or_else(|| Some(account.external_id.clone()));
        Ok(Given { accounts: vec![(account, long.text)], scopes, granted_by })
    }

    async fn lengthen(&self, login: &LoginCredentials, short: &Token) -> Result<Token, ConnectError> {
        let url = format!("{}/access_token", self.transport.hosts().instagram_graph);
        let query = [
            ("grant_type", "ig_exchange_token"),
            ("client_secret", login.secret.expose_secret()),
            ("access_token", short.text.expose_secret()),
        ];
        let answer = self.transport.open(Method::GET, &url, &query, &[]).await.map_err(answers::lost)?;
        answers::token(&answer.into_body().map_err(|answer| answers::refusal(&answer, &short.text))?.body)
    }

    async fn who_is_it(&self, token: &Token, now: Timestamp) -> Result<FoundAccount, ConnectError> {
        let mut call = Self::login_call(LoginFlavour::Instagram, "me");
        call.query.push(("fields", "id,user_id,username,account_type".to_owned()));
        let body = self.read_with(&call, &token.text).await?;
        let profile = unwrapped(&body);
        let missing = || {
            let text = "Instagram did not tell which professional account this is: switch it to a business or \
                        creator account in Instagram's settings, and start again";
            ConnectError::Refused(text.to_owned())
        };
        Ok(FoundAccount {
            external_id: fields::id(profile, "user_id").ok_or_else(missing)?,
            scoped_id: fields::id(profile, "id"),
            page_id: None,
            page_name: None,
            username: fields::text(profile, "username").ok_or_else(missing)?,
            token_expires_at: token.lives_for.map(|lives_for| now + lives_for),
        })
    }

    /// Whatever comes back is the token from now on, be it the same text or another one.
    pub(super) async fn refresh_token(&self, account: &Account) -> Result<Refreshed, SendError> {
        if account.flavour == LoginFlavour::Facebook {
            let text = "tokens of Facebook login do not run out and are not refreshed";
            return Err(errors::failure(ErrorCategory::Permanent, text));
        }
        // The stored token, not one that is remembered from before an earlier renewal: that has an end of its own.
        self.tokens.forget(&account.id);
        let token = self.tokens.get(account).await?;
        let answer = self.ask_for_refresh(&token).await?;
        let renewed = answers::token(&answer)
            .map_err(|error| errors::failure(ErrorCategory::Transient, error.to_string()))?;
        let vault = self.tokens.vault();
        let sealed = vault
            .seal_token(&account.tenant, &account.id, &renewed.text)
            .map_err(|error| errors::failure(ErrorCategory::Transient, error.to_string()))?;
        Ok(Refreshed {
            token: sealed,
            lives_for: renewed.lives_for,
            scopes: scopes::of_exchange(&answers::flat(&answer)["permissions"]),
        })
    }

    async fn ask_for_refresh(&self, token: &SecretString) -> Result<serde_json::Value, SendError> {
        let url = format!("{}/refresh_access_token", self.transport.hosts().instagram_graph);
        let query = [("grant_type", "ig_refresh_token"), ("access_token", token.expose_secret())];
        // A lost answer is like none: the token that is stored keeps its own end.
        let answer = self.transport.open(Method::GET, &url, &query, &[]).await;
        let answer = answer.map_err(|fault| errors::from_fault(fault, Purpose::Read))?;
        let mut call = Self::login_call(LoginFlavour::Instagram, "refresh_access_token");
        call.target = Target::Account;
        let body = answer.into_body().map_err(|answer| {
            let mut error = errors::from_answer(&answer, &call);
            error.message = crate::gateway::tokens::redact(&error.message, token);
            error
        })?;
        Ok(body.body)
    }
}
