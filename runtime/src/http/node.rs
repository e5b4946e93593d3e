//! What the running node knows about itself, as the HTTP side sees it. Boot implements it over the actors.

use std::time::Duration;

use async_trait::async_trait;
use tenants::breaker::BreakerView;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, AppId, TenantId};

/// One circuit breaker.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerStatus {
    /// What it protects against: `graph` for an account's Graph API, `llm` for a model.
    pub dependency: String,
    /// The account, or provider and model, in words.
    pub name: String,
    /// The tenant whose account it is; `None` for what all tenants share.
    pub tenant: Option<TenantId>,
    /// The account, for `graph`.
    pub account: Option<AccountId>,
    /// State and counts; its times are microseconds since 1970.
    pub view: BreakerView,
    /// Until when a model is left alone because its provider has asked for that.
    pub rests_until: Option<Timestamp>,
}

/// One token bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketStatus {
    /// What it limits: a group of action types, or `app`.
    pub name: String,
    /// The tenant whose account it is; `None` for what all tenants share.
    pub tenant: Option<TenantId>,
    /// The account; `None` for what all accounts share.
    pub account: Option<AccountId>,
    /// The agency's Meta app the calls are made with; `None` is the installation's own.
    pub app: Option<AppId>,
    /// Calls allowed in any hour; `None` without a cap of our own.
    pub capacity: Option<u32>,
    /// Calls left now.
    pub available: Option<u32>,
    /// Pace learned from Instagram's usage headers, as a part of the full one: 0 to 1.
    pub factor: f32,
    /// No call before this moment: paused by Instagram, or empty.
    pub blocked_until: Option<Timestamp>,
}

/// When the waiting effects of one account will have left, by the present limits.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueEstimate {
    /// The account.
    pub account: AccountId,
    /// Effects that wait.
    pub waiting: u64,
    /// How long until the last of them has left; `None` while the account's queue is stopped.
    pub drained_in: Option<Duration>,
}

/// The running node.
#[async_trait]
pub trait NodeView: Send + Sync + 'static {
    /// Breakers of one tenant's accounts and of what all tenants share; with `None` those of all tenants.
    async fn breakers(&self, tenant: Option<&TenantId>) -> Vec<BreakerStatus>;

    /// Token buckets of one tenant's accounts and of what all tenants share; with `None` those of all tenants.
    async fn buckets(&self, tenant: Option<&TenantId>) -> Vec<BucketStatus>;

    /// Estimates for every account of the tenant that has effects waiting.
    async fn queue_estimates(&self, tenant: &TenantId) -> Vec<QueueEstimate>;

    /// What keeps this node from being ready, a short sentence each: actors that are not up, migrations that are
    /// missing. Empty when it is ready. The database is asked separately.
    async fn obstacles(&self) -> Vec<String>;

    /// Brings gauges of the registry up to date; called before every scrape.
    async fn refresh_metrics(&self);
}
