//! The logins of Meta: consent, codes and tokens. Only the gateway sees a token; here they are sealed.

use async_trait::async_trait;

use super::SendError;
use crate::account::{Account, SealedSecret};
use crate::clock::Timestamp;
use crate::connect::{ConnectAttempt, FoundAccount};
use crate::ids::{AccountId, ChannelId, TenantId, WebhookId};

/// Why an account cannot be connected. Every text says what to do next and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is no app for this login.
    #[error("{0}")]
    NoApp(String),
    /// Instagram does not accept what it was given, or gave nothing that can be used.
    #[error("{0}")]
    Refused(String),
    /// Instagram did not answer; the code may be used up.
    #[error("{0}")]
    Unreachable(String),
    /// A secret cannot be sealed or opened.
    #[error("{0}")]
    Vault(String),
}

/// What a person gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// The accounts.
    pub found: Vec<FoundAccount>,
    /// Permissions; empty when Instagram did not say.
    pub scopes: Vec<String>,
    /// Meta's id of the person (or account).
    pub granted_by: Option<String>,
    /// Their tokens, sealed for this attempt.
    pub sealed: SealedSecret,
}

/// What a refresh gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Refreshed {
    /// The token from now on, sealed for the account; it may be the same as before.
    pub token: SealedSecret,
    /// How long it lives from now on, when told.
    pub lives_for: Option<std::time::Duration>,
    /// Permissions, when told.
    pub scopes: Vec<String>,
}

/// Whose a sealed secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretOwner {
    /// The token of an account.
    Account(TenantId, AccountId),
    /// The secret of an app, by Meta's id of it.
    App(String),
    /// What a channel to people needs to be reached.
    Channel(ChannelId),
    /// The secret of a webhook.
    Webhook(WebhookId),
}

/// The logins.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Where the person is sent to be asked.
    async fn authorise_url(&self, attempt: &ConnectAttempt, state: &str) -> Result<String, ConnectError>;

    /// Exchanges a code for long-lived tokens and finds the accounts they are for. A code works once.
    async fn exchange(
        &self,
        attempt: &ConnectAttempt,
        code: &str,
        now: Timestamp,
    ) -> Result<Grant, ConnectError>;

    /// Takes the token of one account out of what a person gave, sealed for that account.
    fn take(
        &self,
        attempt: &ConnectAttempt,
        grant: &SealedSecret,
        external_id: &str,
        account: &AccountId,
    ) -> Result<SealedSecret, ConnectError>;

    /// Switches on the webhooks of an account.
    async fn subscribe(&self, account: &Account) -> Result<(), SendError>;

    /// Renews the account's token before it runs out.
    async fn refresh(&self, account: &Account) -> Result<Refreshed, SendError>;

    /// Forgets an opened token: the account has another one, or none.
    fn forget(&self, account: &AccountId);

    /// The id of the key that seals at present. Looks for new keys first.
    fn sealing_key(&self) -> String;

    /// The same secret sealed with the present key; `None` when it is already.
    fn reseal(
        &self,
        owner: &SecretOwner,
        sealed: &SealedSecret,
    ) -> Result<Option<SealedSecret>, ConnectError>;
}
