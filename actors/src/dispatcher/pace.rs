//! How fast calls of an account or an app may follow each other, learned from Instagram's usage headers.
//!
//! Up to `slow_down_at_percent` of the allowance nothing happens. From there to `pause_at_percent` calls are
//! spaced evenly, the wider the less is left; beyond it they pause until the told moment. The pace then recovers
//! with time: absence of headers means nothing, so answers without them cannot be waited for.

use std::time::Duration;

use tenants::clock::Timestamp;

use super::bucket::Bucket;
use super::settings::DispatcherSettings;

/// The slowest pace, as a part of the full one.
const SLOWEST: f32 = 0.1;
/// Calls per hour from which the pace is reckoned when fewer were made.
const LEAST_CALLS_PER_HOUR: u32 = 60;
const HOUR: Duration = Duration::from_secs(3_600);

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// All calls of the last hour.
    calls: Bucket,
    /// Part of the full pace when it was last learned, 0 to 1.
    learned: f32,
    learned_at: Timestamp,
    /// No call before this moment.
    blocked_until: Option<Timestamp>,
    /// While slowed down: no call before this moment.
    next_at: Timestamp,
}

impl Pace {
    /// Full speed, under a cap of calls per hour if there is one.
    pub fn new(calls_per_hour: Option<u32>) -> Self {
        Self {
            calls: Bucket::new(HOUR, calls_per_hour),
            learned: 1.0,
            learned_at: Timestamp::default(),
            blocked_until: None,
            next_at: Timestamp::default(),
        }
    }

    /// The part of the full pace that is allowed at `now`, 0 to 1.
    pub fn factor(&self, now: Timestamp, settings: &DispatcherSettings) -> f32 {
        let recovered = now.since(self.learned_at).as_secs_f32() / settings.recovery_seconds.max(1) as f32;
        (self.learned + recovered).min(1.0)
    }

    /// When the next call may be made: `now` or later.
    pub fn next(&mut self, now: Timestamp) -> Timestamp {
        self.calls.next(now).max(self.next_at).max(self.blocked_until.unwrap_or(now)).max(now)
    }

    /// Notes a call.
    pub fn take(&mut self, now: Timestamp, settings: &DispatcherSettings) {
        let usual = self.calls.taken(now).max(LEAST_CALLS_PER_HOUR);
        self.calls.take(now);
        let factor = self.factor(now, settings);
        if factor < 1.0 {
            self.next_at = now + HOUR.div_f32(usual as f32 * factor.max(SLOWEST));
        }
    }

    /// Learns from the used percentage of the allowance.
    pub fn learn(
        &mut self,
        percent: f32,
        regain_after: Option<Duration>,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) {
        if !percent.is_finite() || percent < settings.slow_down_at_percent {
            return;
        }
        if percent >= settings.pause_at_percent {
            self.block_until(now + regain_after.unwrap_or(Duration::from_secs(60)), now);
            return;
        }
        let range = (settings.pause_at_percent - settings.slow_down_at_percent).max(1.0);
        let left = ((settings.pause_at_percent - percent) / range).clamp(SLOWEST, 1.0);
        self.learned = left.min(self.factor(now, settings));
        self.learned_at = now;
    }

    /// Lets no call go before `until`, and begins slowly then.
    pub fn block_until(&mut self, until: Timestamp, now: Timestamp) {
        let until = until.max(self.blocked_until.unwrap_or(now));
        self.blocked_until = Some(until);
        self.learned = SLOWEST;
        self.learned_at = until;
    }

    /// Until when it is blocked, if it is.
    pub fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked_until.filter(|until| *until > now)
    }

    /// The cap and what is left of it.
    pub fn capacity(&mut self, now: Timestamp) -> (Option<u32>, Option<u32>) {
        (self.calls.capacity(), self.calls.available(now))
    }

    /// True when forgetting it changes nothing.
    pub fn is_fresh(&mut self, now: Timestamp, settings: &DispatcherSettings) -> bool {
        self.calls.taken(now) == 0 && self.next(now) == now && self.factor(now, settings) >= 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn settings() -> DispatcherSettings {
        DispatcherSettings::default()
    }

    #[test]
    fn usage_below_the_threshold_and_nonsense_change_nothing() {
        let mut pace = Pace::new(None);
        for percent in [0.0, 79.9, f32::NAN] {
            pace.learn(percent, None, at(10), &settings());
        }
        pace.take(at(10), &settings());
        assert_eq!(pace.next(at(10)), at(10));
    }

    #[test]
    fn above_the_threshold_calls_are_spaced_and_the_pace_recovers_with_time() {
        let mut pace = Pace::new(None);
        pace.learn(87.5, None, at(1_000), &settings());
        assert!((pace.factor(at(1_000), &settings()) - 0.5).abs() < 0.01);
        pace.take(at(1_000), &settings());
        let wait = pace.next(at(1_000)).since(at(1_000));
        assert!((110..=130).contains(&wait.as_secs()), "60 calls an hour at half the pace, was {wait:?}");
        assert!(pace.factor(at(1_300), &settings()) >= 0.99);
    }

    #[test]
    fn nearly_used_up_it_pauses_as_told_and_begins_slowly() {
        let mut pace = Pace::new(None);
        pace.learn(100.0, Some(Duration::from_secs(900)), at(0), &settings());
        assert_eq!(pace.next(at(1)), at(900));
        assert_eq!(pace.blocked_until(at(1)), Some(at(900)));
        assert!(pace.factor(at(900), &settings()) < 0.2);
        pace.take(at(900), &settings());
        assert!(pace.next(at(900)) > at(1_000));
    }
}
