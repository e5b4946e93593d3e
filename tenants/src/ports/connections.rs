//! Attempts to connect accounts, facts about tokens, and which keys seal what.

use async_trait::async_trait;

use super::{SecretOwner, StoreError};
use crate::account::{Account, SealedSecret};
use crate::audit::Chain;
use crate::clock::Timestamp;
use crate::connect::{ConnectAttempt, DeletionRequest, TokenFacts};
use crate::ids::{AccountId, AgencyId, AppId, ChannelId, ConnectId, SecretId, TenantId};

/// What one key of the vault seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The key's id.
    pub key_id: String,
    /// Tokens of accounts.
    pub tokens: u64,
    /// Secrets of apps.
    pub app_secrets: u64,
    /// Addresses and keys of channels to people, and secrets of webhooks.
    pub channels: u64,
    /// Tokens of attempts that are not over.
    pub attempts: u64,
}

impl KeyUse {
    /// A key that seals nothing.
    pub fn none(key_id: String) -> Self {
        Self { key_id, tokens: 0, app_secrets: 0, channels: 0, attempts: 0 }
    }

    /// What stays until it is sealed anew: attempts end by themselves.
    pub fn lasting(&self) -> u64 {
        self.tokens + self.app_secrets + self.channels
    }

    /// Everything it seals.
    pub fn all(&self) -> u64 {
        self.lasting() + self.attempts
    }
}

/// A secret that an old key sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedByOldKey {
    /// Whose it is, for the vault.
    pub owner: SecretOwner,
    /// Where it is stored.
    pub place: SecretPlace,
    /// The secret.
    pub sealed: SealedSecret,
}

/// Where a secret is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// With an account.
    Account(TenantId, AccountId),
    /// With an app of an agency.
    App {
        /// The agency.
        agency: AgencyId,
        /// The app.
        app: AppId,
        /// The secret of its Instagram Login.
        of_instagram_login: bool,
    },
    /// With a channel of a tenant or of an agency.
    Channel(Chain, ChannelId),
    /// With a webhook of an agency.
    Webhook(AgencyId, SecretId),
}

/// Attempts, facts, keys.
#[async_trait]
pub trait Connections: Send + Sync {
    /// One attempt of a tenant.
    async fn find_attempt(
        &self,
        tenant: &TenantId,
        attempt: &ConnectId,
    ) -> Result<Option<ConnectAttempt>, StoreError>;

    /// The attempt with this state (SHA-256, hex). The state itself is the permission to see it.
    async fn attempt_of_state(&self, state_hash: &str) -> Result<Option<ConnectAttempt>, StoreError>;

    /// The sealed tokens of an attempt in which an account is to be chosen.
    async fn grant_of(
        &self,
        tenant: &TenantId,
        attempt: &ConnectId,
    ) -> Result<Option<SealedSecret>, StoreError>;

    /// What is known about the tokens of a tenant's accounts.
    async fn token_facts(&self, tenant: &TenantId) -> Result<Vec<TokenFacts>, StoreError>;

    /// Accounts whose failed refresh is to be tried again, of all tenants.
    async fn refreshes_due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, AccountId)>, StoreError>;

    /// Accounts of a person (or account) by Meta's id, whichever of its ids that is, over all tenants.
    async fn accounts_of_user(&self, user_id: &str) -> Result<Vec<Account>, StoreError>;

    /// Requests to delete data that are not done yet.
    async fn open_deletions(&self, limit: u32) -> Result<Vec<DeletionRequest>, StoreError>;

    /// One request to delete data.
    async fn find_deletion(&self, code: &str) -> Result<Option<DeletionRequest>, StoreError>;

    /// How much every key seals.
    async fn key_uses(&self, now: Timestamp) -> Result<Vec<KeyUse>, StoreError>;

    /// Secrets that this key sealed.
    async fn sealed_by(&self, key_id: &str, limit: u32) -> Result<Vec<SealedByOldKey>, StoreError>;

    /// Forgets the tokens of attempts that are over.
    async fn forget_old_grants(&self, now: Timestamp) -> Result<(), StoreError>;
}
