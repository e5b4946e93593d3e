//! The logins of Meta: consent, codes, tokens, and which app stands behind them.
//!
//! Instagram Login and Facebook Login for Business differ in hosts, shapes and what comes of a code; each has a file.

mod answers;
mod authorise;
mod credentials;
mod facebook;
mod instagram;
mod scopes;
mod subscription;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tenants::account::{Account, LoginFlavour, SealedSecret};
use tenants::clock::Timestamp;
use tenants::connect::{ConnectAttempt, FoundAccount};
use tenants::effect::ErrorCategory;
use tenants::ids::AccountId;
use tenants::ports::{ConnectError, Connector, Grant, Refreshed, SecretOwner, SendError};

use super::call::{Body, Call, Purpose, Target};
use super::transport::Answer;
use super::{Gateway, errors};
use crate::vault::{Owner, VaultError};

pub use credentials::{LoginCredentials, OwnLogins};

/// What a login gave, with tokens that nobody else may see.
struct Given {
    accounts: Vec<(FoundAccount, SecretString)>,
    scopes: Vec<String>,
    granted_by: Option<String>,
}

impl From<VaultError> for ConnectError {
    fn from(error: VaultError) -> Self {
        ConnectError::Vault(error.to_string())
    }
}

#[async_trait]
impl Connector for Gateway {
    async fn authorise_url(&self, attempt: &ConnectAttempt, state: &str) -> Result<String, ConnectError> {
        let login = self.credentials(attempt.app, attempt.flavour).await?;
        authorise::url(self.transport.hosts(), attempt, &login.client_id, state)
    }

    async fn exchange(
        &self,
        attempt: &ConnectAttempt,
        code: &str,
        now: Timestamp,
    ) -> Result<Grant, ConnectError> {
        let login = self.credentials(attempt.app, attempt.flavour).await?;
        // Instagram puts `#_` behind the code, which is no part of it.
        let code = code.strip_suffix("#_").unwrap_or(code);
        let given = match attempt.flavour {
            LoginFlavour::Instagram => self.exchange_at_instagram(attempt, &login, code, now).await?,
            LoginFlavour::Facebook => self.exchange_at_facebook(attempt, &login, code).await?,
        };
        let mut tokens = Map::new();
        for (account, token) in &given.accounts {
            tokens.insert(account.external_id.clone(), Value::from(token.expose_secret()));
        }
        let tokens = SecretString::from(Value::Object(tokens).to_string());
        let sealed = self.tokens.vault().seal(Owner::Attempt(&attempt.tenant, &attempt.id), &tokens)?;
        let found = given.accounts.into_iter().map(|(account, _)| account).collect();
        Ok(Grant { found, scopes: given.scopes, granted_by: given.granted_by, sealed })
    }

    fn take(
        &self,
        attempt: &ConnectAttempt,
        grant: &SealedSecret,
        external_id: &str,
        account: &AccountId,
    ) -> Result<SealedSecret, ConnectError> {
        let vault = self.tokens.vault();
        let tokens = vault.open(Owner::Attempt(&attempt.tenant, &attempt.id), grant)?;
        let tokens: Value = serde_json::from_str(tokens.expose_secret()).unwrap_or_default();
        let token = tokens[external_id].as_str().map(SecretString::from).ok_or_else(|| {
            ConnectError::Refused(
                "this account was not among those that were allowed: start again".to_owned(),
            )
        })?;
        Ok(vault.seal_token(&attempt.tenant, account, &token)?)
    }

    async fn subscribe(&self, account: &Account) -> Result<(), SendError> {
        self.call(account, &subscription::subscribe(account)?).await.map(drop)
    }

    async fn refresh(&self, account: &Account) -> Result<Refreshed, SendError> {
        self.refresh_token(account).await
    }

    fn forget(&self, account: &AccountId) {
        self.tokens.forget(account);
    }

    fn sealing_key(&self) -> String {
        let vault = self.tokens.vault();
        vault.reload();
        vault.key_ids().into_iter().next().unwrap_or_default()
    }

    fn reseal(
        &self,
        owner: &SecretOwner,
        sealed: &SealedSecret,
    ) -> Result<Option<SealedSecret>, ConnectError> {
        let owner = match owner {
            SecretOwner::Account(tenant, account) => Owner::Account(tenant, account),
            SecretOwner::App(external_id) => Owner::App(external_id),
            SecretOwner::Channel(channel) => Owner::Channel(channel),
            SecretOwner::Webhook(webhook) => Owner::Webhook(webhook),
        };
        Ok(self.tokens.vault().reseal(owner, sealed)?)
    }
}

impl Gateway {
    /// A call that is no account's: only the login, the flavour and the path matter.
    fn login_call(flavour: LoginFlavour, path: &str) -> Call {
        Call {
            method: Method::GET,
            flavour,
            path: path.to_owned(),
            query: Vec::new(),
            body: Body::Empty,
            purpose: Purpose::Read,
            target: Target::Account,
        }
    }

    /// Reads with a token that belongs to no stored account yet.
    async fn read_with(&self, call: &Call, token: &SecretString) -> Result<Value, ConnectError> {
        let answer = self.transport.send(call, token).await.map_err(answers::lost)?;
        let error = |answer: Box<Answer>| {
            let error = errors::from_answer(&answer, call);
            answers::refused(&super::tokens::redact(&error.message, token), error.category)
        };
        Ok(answer.into_body().map_err(error)?.body)
    }
}

/// True when a failure says nothing about the token or the code.
fn is_passing(category: ErrorCategory) -> bool {
    matches!(category, ErrorCategory::Transient | ErrorCategory::RateLimit | ErrorCategory::Unknown)
}
