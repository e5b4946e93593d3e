//! What the running node knows about itself, as the HTTP side sees it. Boot implements it over the actors.

use std::time::Duration;

use async_trait::async_trait;
use tenants::breaker::BreakerView;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, TenantId};

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
}

/// One token bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketStatus {
    /// What it limits: an action type, a group of them, or `app`.
    pub name: String,
    /// The tenant whose account it is; `None` for what all tenants share.
    pub tenant: Option<TenantId>,
    /// The account; `None` for what all accounts share.
    pub account: Option<AccountId>,
    /// Calls that may go out at once when it is full.
    pub capacity: u32,
    /// Calls that may go out now.
    pub available: u32,
    /// Calls it regains per hour.
    pub refill_per_hour: u32,
    /// Instagram told us to wait until then.
    pub paused_until: Option<Timestamp>,
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
