//! For those who look at accounts beside their work: when they may, and what Instagram said to it.

use std::time::Duration;

use tenants::account::Account;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::effect::ErrorCategory;
use tenants::ids::{AccountId, AlertId, TenantId};
use tenants::ports::{SendError, StoreError, Usage};

use super::Dispatcher;
use super::account_limits::Readiness;
use super::alerts::auth_failure_key;
use super::records::error_text;
use super::verdict::{Verdict, limited, refused};

/// A moment after which a busy account is asked for again.
const SHORTLY: Duration = Duration::from_secs(30);
/// Codes by which Instagram says that a token is dead, rather than that it lacks a permission.
const DEAD_TOKEN: [i64; 3] = [190, 102, 104];

impl Dispatcher {
    /// When Instagram may be read through an account for what is not urgent: not while its limits, or those of its app,
    /// are reached, nor while its breaker is open. `None` while it is not connected.
    pub(crate) async fn readable_at(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let engine = &self.engine;
        if engine.context(tenant).await?.is_none() {
            return Ok(None);
        }
        let now = engine.now();
        let readiness = engine.desk().limits.watching(account, now, &engine.settings);
        Ok(match readiness {
            Readiness::Ready => Some(now),
            Readiness::At(at) => Some(at),
            Readiness::Busy => Some(now + SHORTLY),
            Readiness::Held => None,
        })
    }

    /// Learns from an answer to such a reading.
    pub(crate) fn has_read(&self, account: &AccountId, answer: Result<&Usage, &SendError>) {
        let engine = &self.engine;
        let now = engine.now();
        let mut desk = engine.desk();
        let usage = answer.unwrap_or_else(|error| &error.usage);
        desk.limits.learn(account, usage, now, &engine.settings);
        let limit = answer.err().filter(|error| error.category == ErrorCategory::RateLimit);
        if let Some(Verdict::Limited { until, app_wide }) =
            limit.map(|error| limited(error, now, &engine.settings))
        {
            desk.limits.block_until(account, app_wide, until, now, &engine.settings);
        }
    }

    /// What follows when Instagram refused the token of an account that was read: it rests until it is connected again,
    /// and somebody is told. Nothing when the refusal says less than that.
    pub(crate) fn token_refused_to_reader(
        &self,
        account: &Account,
        agency: tenants::ids::AgencyId,
        error: &SendError,
    ) -> Option<Changes> {
        let is_dead = error.code.is_some_and(|code| DEAD_TOKEN.contains(&code));
        if error.category != ErrorCategory::AuthFailure || !is_dead {
            return None;
        }
        let now = self.engine.now();
        let Verdict::TokenRefused { status } = refused(error, account, now) else { return None };
        let message = format!(
            "Instagram refused the token of @{}: connect the account again; its queue waits ({})",
            account.username,
            error_text(error)
        );
        let alert = tenants::alert::NewAlert {
            id: AlertId::new(&self.engine.ports.ids),
            agency: Some(agency),
            tenant: Some(account.tenant),
            alert_type: tenants::alert::AlertType::AuthFailure,
            severity: None,
            message,
            details: serde_json::json!({ "account": account.id }),
            dedup_key: auth_failure_key(&account.id),
        };
        let changes = Changes::of_tenant(account.tenant)
            .with(Change::SetAccountStatus { account: account.id, status })
            .with(Change::RaiseAlert(Box::new(alert), now));
        Some(changes)
    }
}
