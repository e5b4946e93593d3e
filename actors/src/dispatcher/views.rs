//! What the dispatcher shows of itself to the API, the dashboard and the demo.

use serde::Serialize;
use tenants::breaker::BreakerView;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, AppId, TenantId};

use super::account_limits::{AccountLimits, Group};
use super::pace::Pace;
use super::settings::DispatcherSettings;

/// The circuit breaker of one account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountBreakerView {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// Its state; times are in microseconds since 1970.
    pub view: BreakerView,
}

/// One token bucket. Buckets of accounts that have done nothing for an hour are full and not listed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BucketView {
    /// The tenant; `None` for the bucket of an app.
    pub tenant: Option<TenantId>,
    /// The account; `None` for the bucket of an app.
    pub account: Option<AccountId>,
    /// The Meta app the calls are made with; `None` is the installation's own.
    pub app: Option<AppId>,
    /// `public_replies`, `direct_messages`, `private_replies`, `moderation`, `uploads`, `posts`, or `app`.
    pub bucket: &'static str,
    /// Calls allowed in any hour; `None` without a cap of our own.
    pub capacity: Option<u32>,
    /// Calls left now.
    pub available: Option<u32>,
    /// Pace learned from Instagram's usage headers, as a part of the full one: 0 to 1.
    pub factor: f32,
    /// No call before this moment: paused by Instagram, or empty.
    pub blocked_until: Option<Timestamp>,
}

impl BucketView {
    pub(super) fn of_app(
        app: Option<AppId>,
        pace: &mut Pace,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Self {
        let (capacity, available) = pace.capacity(now);
        Self {
            tenant: None,
            account: None,
            app,
            bucket: "app",
            capacity,
            available,
            factor: pace.factor(now, settings),
            blocked_until: Some(pace.next(now)).filter(|at| *at > now),
        }
    }

    pub(super) fn of_account(
        account: AccountId,
        limits: &mut AccountLimits,
        group: Group,
        shared_until: Option<Timestamp>,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Self {
        let next = limits.bucket(group).next(now).max(limits.pace.next(now)).max(shared_until.unwrap_or(now));
        Self {
            tenant: Some(limits.tenant),
            account: Some(account),
            app: limits.app,
            bucket: group.name(),
            capacity: limits.bucket(group).capacity(),
            available: limits.bucket(group).available(now),
            factor: limits.pace.factor(now, settings),
            blocked_until: Some(next).filter(|at| *at > now),
        }
    }
}
