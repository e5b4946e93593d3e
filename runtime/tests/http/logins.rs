//! Logins that always succeed, without any Instagram.

use std::time::Duration;

use async_trait::async_trait;
use tenants::account::{Account, SealedSecret};
use tenants::clock::Timestamp;
use tenants::connect::{ConnectAttempt, FoundAccount};
use tenants::ids::AccountId;
use tenants::ports::{ConnectError, Connector, Grant, Refreshed, SecretOwner, SendError};

/// The code that stands for a person with two accounts.
pub const TWO_ACCOUNTS: &str = "two";
/// The code of a person who gave nothing but the essential.
pub const BARE: &str = "bare";

pub struct FakeLogins;

fn sealed() -> SealedSecret {
    SealedSecret { key_id: "k1".to_owned(), sealed: vec![1, 2, 3] }
}

/// An account that nobody has connected yet, another one for every tenant.
pub fn found(attempt: &ConnectAttempt, number: u8) -> FoundAccount {
    let digits: String = attempt.tenant.0.simple().to_string().chars().filter(char::is_ascii_digit).collect();
    FoundAccount {
        external_id: format!("1784149{digits}{number}"),
        scoped_id: Some(format!("24{digits}{number}")),
        page_id: None,
        page_name: None,
        username: format!("found{number}"),
        token_expires_at: None,
    }
}

#[async_trait]
impl Connector for FakeLogins {
    async fn authorise_url(&self, _attempt: &ConnectAttempt, state: &str) -> Result<String, ConnectError> {
        Ok(format!("https://login.example/authorize?state={state}"))
    }

    async fn exchange(
        &self,
        attempt: &ConnectAttempt,
        code: &str,
        _now: Timestamp,
    ) -> Result<Grant, ConnectError> {
        let accounts = if code == TWO_ACCOUNTS { vec![1, 2] } else { vec![1] };
        let scopes = match code {
            BARE => vec!["instagram_business_basic".to_owned()],
            _ => Vec::new(),
        };
        Ok(Grant {
            found: accounts.into_iter().map(|number| found(attempt, number)).collect(),
            scopes,
            granted_by: None,
            sealed: sealed(),
        })
    }

    fn take(
        &self,
        _attempt: &ConnectAttempt,
        _grant: &SealedSecret,
        _external_id: &str,
        _account: &AccountId,
    ) -> Result<SealedSecret, ConnectError> {
        Ok(sealed())
    }

    async fn subscribe(&self, _account: &Account) -> Result<(), SendError> {
        Ok(())
    }

    async fn refresh(&self, _account: &Account) -> Result<Refreshed, SendError> {
        let lives_for = Some(Duration::from_secs(60 * 86_400));
        Ok(Refreshed { token: sealed(), lives_for, scopes: Vec::new() })
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
