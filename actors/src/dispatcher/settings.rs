//! Settings of the dispatcher.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tenants::breaker::BreakerConfig;
use tenants::effect::Action;
use tenants::ids::TenantId;

/// Longest time that handing over a file may be given: others must know when an effect was left behind.
pub(crate) const LONGEST_UPLOAD: Duration = Duration::from_secs(3 * 3_600);

/// Settings of the dispatcher; units are in the names. All have defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DispatcherSettings {
    /// Calls under way at the same time, over all tenants.
    pub max_in_flight: usize,
    /// Calls under way at the same time through one account, so that a slow account cannot take all places.
    pub max_in_flight_per_account: usize,
    /// Effects read at once for one tenant.
    pub batch: u32,
    /// How old what was read about a conversation may be when a call is made. Older effects are read again.
    pub facts_max_age_ms: u64,
    /// How often the queue is looked at without being told to.
    pub poll_interval_ms: u64,
    /// How long a tenant's settings and accounts are used before their version is checked.
    pub context_max_age_ms: u64,
    /// Tenants whose settings and accounts are kept in memory.
    pub contexts_kept: usize,
    /// How long to wait before the database is asked again after it was not available; doubled up to a minute.
    pub store_retry_ms: u64,
    /// Calls that take longer count as lost: the effect becomes unknown and Instagram is read.
    pub call_timeout_ms: u64,
    /// The same for calls that hand a file over, which may have to send it: half an hour for 100 MB over a slow line. At
    /// most three hours.
    pub upload_timeout_minutes: u64,
    /// How long after a lost answer Instagram is read: what was done is not visible there at once, and reading
    /// too early would take it for not done.
    pub read_back_delay_ms: u64,
    /// Read-backs under way at the same time, over all accounts; an account has at most one.
    pub max_read_backs: usize,
    /// Read-backs of one effect that may fail before an alert is raised.
    pub read_back_failures_to_alert: u32,
    /// How long to wait when Instagram limits us without saying for how long.
    pub rate_limit_pause_seconds: u64,
    /// Direct messages per second and account that Instagram accepts.
    pub messages_per_second: u32,
    /// Calls per hour of one Meta app, over all its accounts; 0 sets no cap of our own.
    pub app_calls_per_hour: u32,
    /// Usage (percent, from Instagram's headers) from which calls slow down.
    pub slow_down_at_percent: f32,
    /// Usage (percent) from which calls pause.
    pub pause_at_percent: f32,
    /// How long it takes from the slowest pace back to full speed.
    pub recovery_seconds: u64,
    /// How long the addresses are valid under which a platform fetches the files of a post.
    pub media_address_minutes: u64,
    /// How often the gauges of the queue are counted.
    pub gauge_interval_ms: u64,
    /// Weights of tenants in the share of calls, where they differ from 1.
    pub weights: BTreeMap<TenantId, u32>,
    /// The circuit breaker of every account.
    pub breaker: BreakerConfig,
}

impl Default for DispatcherSettings {
    fn default() -> Self {
        Self {
            max_in_flight: 512,
            max_in_flight_per_account: 32,
            batch: 256,
            facts_max_age_ms: 1_000,
            poll_interval_ms: 5_000,
            context_max_age_ms: 5_000,
            contexts_kept: 10_000,
            store_retry_ms: 500,
            call_timeout_ms: 60_000,
            upload_timeout_minutes: 90,
            read_back_delay_ms: 10_000,
            max_read_backs: 16,
            read_back_failures_to_alert: 3,
            rate_limit_pause_seconds: 300,
            messages_per_second: 100,
            app_calls_per_hour: 0,
            slow_down_at_percent: 80.0,
            pause_at_percent: 95.0,
            recovery_seconds: 600,
            media_address_minutes: 180,
            gauge_interval_ms: 5_000,
            weights: BTreeMap::new(),
            breaker: BreakerConfig::default(),
        }
    }
}

impl DispatcherSettings {
    /// The weight of a tenant in the share of calls, at least 1.
    pub(super) fn weight(&self, tenant: &TenantId) -> u32 {
        self.weights.get(tenant).copied().unwrap_or(1).max(1)
    }

    pub(super) fn facts_max_age(&self) -> Duration {
        Duration::from_millis(self.facts_max_age_ms)
    }

    /// After how long a call counts as lost.
    pub(super) fn call_timeout(&self, action: &Action) -> Duration {
        match action {
            Action::CreateContainer { .. } => {
                Duration::from_secs(self.upload_timeout_minutes.max(1).saturating_mul(60)).min(LONGEST_UPLOAD)
            }
            _ => Duration::from_millis(self.call_timeout_ms),
        }
    }

    pub(super) fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.poll_interval_ms.max(10))
    }

    pub(super) fn media_address(&self) -> Duration {
        Duration::from_secs(self.media_address_minutes.max(1).saturating_mul(60))
    }

    pub(super) fn read_back_delay(&self) -> Duration {
        Duration::from_millis(self.read_back_delay_ms)
    }

    /// How long to wait after the `failures`-th time in a row that the database was not available.
    pub(super) fn store_retry(&self, failures: u32) -> Duration {
        let doubled = self.store_retry_ms.max(10).saturating_mul(1 << failures.saturating_sub(1).min(16));
        Duration::from_millis(doubled).min(Duration::from_secs(60))
    }

    /// How long to wait after the `failures`-th failed read-back of an effect: grows to ten minutes.
    pub(super) fn read_back_retry(&self, failures: u32) -> Duration {
        let doubled = self.read_back_delay_ms.max(1_000).saturating_mul(1 << failures.min(16));
        Duration::from_millis(doubled).min(Duration::from_secs(600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::ids::PostId;
    use tenants::post::publishing::Container;
    use tenants::post::{PostOptions, PostType};

    #[test]
    fn a_file_may_take_longer_than_a_call() {
        let settings = DispatcherSettings::default();
        let container = Box::new(Container {
            post_type: PostType::Reel,
            is_item: false,
            media: None,
            caption: String::new(),
            children: Vec::new(),
            options: PostOptions::default(),
        });
        let post = PostId(uuid::Uuid::nil());
        let upload = Action::CreateContainer { post, round: 1, position: 0, container };
        let comment = Action::HideComment { comment_id: "1".to_owned() };
        assert_eq!(settings.call_timeout(&comment), Duration::from_secs(60));
        assert_eq!(settings.call_timeout(&upload), Duration::from_secs(90 * 60));
    }
}
