//! For those who look at accounts beside their work: when they may, and what Instagram said to it.

use std::time::Duration;

use tenants::account::Account;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::connect::ConnectChange;
use tenants::effect::ErrorCategory;
use tenants::ids::{AccountId, AgencyId, TenantId};
use tenants::ports::{SendError, StoreError, Usage};

use super::Dispatcher;
use super::account_limits::Readiness;
use super::records::error_text;
use super::verdict::{Verdict, limited, refused};
use crate::connect::refused_alert;

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
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let engine = &self.engine;
        if engine.context(tenant).await?.is_none() {
            return Ok(None);
        }
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

    /// What follows when Instagram refused the token of an account that was read from `since` on: it rests until it is
    /// connected again, and somebody is told. Nothing when the refusal says less than that.
    pub(crate) fn token_refused_to_reader(
        &self,
        account: &Account,
        agency: AgencyId,
        error: &SendError,
        since: Timestamp,
    ) -> Option<Changes> {
        let is_dead = error.code.is_some_and(|code| DEAD_TOKEN.contains(&code));
        if error.category != ErrorCategory::AuthFailure || !is_dead {
            return None;
        }
        let now = self.engine.now();
        let Verdict::TokenRefused { status, trouble } = refused(error, account, now) else { return None };
        let told = error_text(error);
        let alert = refused_alert(&self.engine.ports.ids, Some(agency), account, trouble, &told);
        let refused = ConnectChange::TokenRefused {
            account: account.id,
            status,
            trouble,
            error: told,
            since,
            alert: Box::new(alert),
            at: now,
        };
        Some(Changes::of_tenant(account.tenant).with(Change::Connect(refused)))
    }
}
