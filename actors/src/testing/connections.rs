//! Logins whose answers the test sets, and facts about tokens.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenants::account::{Account, SealedSecret};
use tenants::clock::Timestamp;
use tenants::connect::{ConnectAttempt, DeletionRequest, TokenFacts};
use tenants::effect::ErrorCategory;
use tenants::ids::{AccountId, ConnectId, TenantId};
use tenants::ports::{
    ConnectError, Connections, Connector, Grant, KeyUse, Refreshed, SealedByOldKey, SecretOwner, SendError,
    StoreError,
};

/// Refuses logins; refreshes are answered as the test said, or cannot be made.
#[derive(Debug, Default)]
pub(crate) struct ScriptedConnections(Mutex<Script>);

#[derive(Debug, Default)]
pub(crate) struct Script {
    /// What is known about tokens, of whichever tenant asks.
    pub facts: Vec<TokenFacts>,
    /// Answers to the next refreshes.
    pub refreshes: VecDeque<Result<Refreshed, SendError>>,
    /// Accounts that were refreshed, in order.
    pub refreshed: Vec<AccountId>,
    /// Whether webhooks can be switched on.
    pub webhooks_work: bool,
}

impl ScriptedConnections {
    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A failure with these numbers.
pub(crate) fn coded_refusal(category: ErrorCategory, code: Option<i64>, subcode: Option<i64>) -> SendError {
    SendError { code, subcode, ..super::refusal(category) }
}

fn no_login<T>() -> Result<T, ConnectError> {
    Err(ConnectError::NoApp("this test is about something else".to_owned()))
}

#[async_trait]
impl Connector for ScriptedConnections {
    async fn authorise_url(&self, _attempt: &ConnectAttempt, _state: &str) -> Result<String, ConnectError> {
        no_login()
    }

    async fn exchange(
        &self,
        _attempt: &ConnectAttempt,
        _code: &str,
        _now: Timestamp,
    ) -> Result<Grant, ConnectError> {
        no_login()
    }

    fn take(
        &self,
        _attempt: &ConnectAttempt,
        _grant: &SealedSecret,
        _external_id: &str,
        _account: &AccountId,
    ) -> Result<SealedSecret, ConnectError> {
        no_login()
    }

    async fn subscribe(&self, _account: &Account) -> Result<(), SendError> {
        if self.script().webhooks_work {
            return Ok(());
        }
        Err(coded_refusal(ErrorCategory::Transient, None, None))
    }

    async fn refresh(&self, account: &Account) -> Result<Refreshed, SendError> {
        let mut script = self.script();
        script.refreshed.push(account.id);
        let next = script.refreshes.pop_front();
        next.unwrap_or_else(|| Err(coded_refusal(ErrorCategory::Transient, None, None)))
    }

    fn forget(&self, _account: &AccountId) {}

    fn sealing_key(&self) -> String {
        "k1".to_owned()
    }

    fn reseal(
        &self,
        _owner: &SecretOwner,
        _sealed: &SealedSecret,
    ) -> Result<Option<SealedSecret>, ConnectError> {
        Ok(None)
    }
}

#[async_trait]
impl Connections for ScriptedConnections {
    async fn find_attempt(
        &self,
        _tenant: &TenantId,
        _attempt: &ConnectId,
    ) -> Result<Option<ConnectAttempt>, StoreError> {
        Ok(None)
    }

    async fn attempt_of_state(&self, _state_hash: &str) -> Result<Option<ConnectAttempt>, StoreError> {
        Ok(None)
    }

    async fn grant_of(
        &self,
        _tenant: &TenantId,
        _attempt: &ConnectId,
    ) -> Result<Option<SealedSecret>, StoreError> {
        Ok(None)
    }

    async fn token_facts(&self, _tenant: &TenantId) -> Result<Vec<TokenFacts>, StoreError> {
        Ok(self.script().facts.clone())
    }

    async fn refreshes_due(
        &self,
        _now: Timestamp,
        _limit: u32,
    ) -> Result<Vec<(TenantId, AccountId)>, StoreError> {
        Ok(Vec::new())
    }

    async fn accounts_of_user(&self, _user_id: &str) -> Result<Vec<Account>, StoreError> {
        Ok(Vec::new())
    }

    async fn open_deletions(&self, _limit: u32) -> Result<Vec<DeletionRequest>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_deletion(&self, _code: &str) -> Result<Option<DeletionRequest>, StoreError> {
        Ok(None)
    }

    async fn key_uses(&self, _now: Timestamp) -> Result<Vec<KeyUse>, StoreError> {
        Ok(Vec::new())
    }

    async fn sealed_by(&self, _key_id: &str, _limit: u32) -> Result<Vec<SealedByOldKey>, StoreError> {
        Ok(Vec::new())
    }

    async fn forget_old_grants(&self, _now: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}
