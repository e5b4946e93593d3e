//! Settings of intel.

use std::time::Duration;

use serde::Deserialize;
use tenants::breaker::BreakerConfig;

/// Settings of intel; units are in the names. All have defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntelSettings {
    /// Calls for numbers under way at the same time, over all accounts.
    pub max_in_flight: usize,
    /// Calls for numbers through one account in an hour: Instagram's allowance is there for replies first.
    pub calls_per_hour: u32,
    /// Calls through one account in an hour that programs outside may make through the gateway's reads, beside those.
    pub outside_calls_per_hour: u32,
    /// Usage (percent, from Instagram's headers) from which no numbers are asked for. Far below the one from which
    /// replies slow down.
    pub pause_at_percent: f32,
    /// How long nothing is asked when Instagram does not say for how long to wait, in seconds.
    pub pause_seconds: u64,
    /// How long a metric that Instagram refused is not asked for again, in seconds.
    pub refused_seconds: u64,
    /// Past days of an account that are read when they are missing.
    pub backfill_days: u32,
    /// Of these, days that one tick reads at most.
    pub days_per_tick: u32,
    /// Media published within so many days are read.
    pub media_days: u32,
    /// Comments in an hour from which there may be a spike.
    pub spike_comments_per_hour: u32,
    /// How many times the usual number of comments a spike is at least.
    pub spike_factor: f64,
    /// Days that numbers by the hour are kept.
    pub keep_hours_days: u32,
    /// Days that every daily reading of media is kept; of older ones only the last.
    pub keep_media_days: u32,
    /// Days that daily numbers are kept.
    pub keep_days: u32,
    /// Competitors that a tenant may have.
    pub max_competitors: u32,
    /// The circuit breaker of reading, for every account.
    pub breaker: BreakerConfig,
}

impl Default for IntelSettings {
    fn default() -> Self {
        Self {
            max_in_flight: 8,
            calls_per_hour: 60,
            outside_calls_per_hour: 200,
            pause_at_percent: 50.0,
            pause_seconds: 900,
            refused_seconds: 86_400,
            backfill_days: 28,
            days_per_tick: 4,
            media_days: 30,
            spike_comments_per_hour: 50,
            spike_factor: 2.0,
            keep_hours_days: 30,
            keep_media_days: 90,
            keep_days: 730,
            max_competitors: 20,
            breaker: BreakerConfig::default(),
        }
    }
}

impl IntelSettings {
    pub(super) fn pause(&self) -> Duration {
        Duration::from_secs(self.pause_seconds.max(1))
    }

    pub(super) fn refused_for(&self) -> Duration {
        Duration::from_secs(self.refused_seconds)
    }
}
