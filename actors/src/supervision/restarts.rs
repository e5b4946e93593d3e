//! When a failed part is started again: back-off, and how many restarts are too many. Pure functions.

use std::collections::VecDeque;
use std::time::Duration;

use tenants::clock::Timestamp;

/// Waiting times that double, with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BackOff {
    /// After the first failure.
    pub first: Duration,
    /// Never longer.
    pub longest: Duration,
}

impl BackOff {
    /// How long to wait after the `failures`-th failure in a row (1-based): between half and all of
    /// `first × 2^(failures - 1)`, so that parts which failed together do not come back together.
    pub fn delay(&self, failures: u32, random: u64) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let half_in_micros = full.as_micros() as u64 / 2;
        let jitter = if half_in_micros == 0 { 0 } else { random % (half_in_micros + 1) };
        full / 2 + Duration::from_micros(jitter)
    }
}

/// How many restarts within which period are tolerated, and how long to wait before each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RestartPolicy {
    /// Restarts tolerated within `period`.
    pub limit: usize,
    /// Over which restarts are counted.
    pub period: Duration,
    /// Waiting times.
    pub back_off: BackOff,
}

/// What becomes of a part that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Start it again after this time.
    RestartAfter(Duration),
    /// It has failed too often; take it out of service.
    Quarantine,
}

/// The recent failures of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Restarts {
    recent: VecDeque<Timestamp>,
}

impl Restarts {
    /// Notes a failure at `now` and says what to do. A quarantine starts the count afresh.
    pub fn record(&mut self, policy: &RestartPolicy, now: Timestamp, random: u64) -> Verdict {
        while self.recent.front().is_some_and(|first| now.since(*first) >= policy.period) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        if self.recent.len() > policy.limit {
            self.recent.clear();
            return Verdict::Quarantine;
        }
        Verdict::RestartAfter(policy.back_off.delay(self.recent.len() as u32, random))
    }

    /// True when no failure is remembered any more at `now`.
    pub fn is_forgotten(&self, policy: &RestartPolicy, now: Timestamp) -> bool {
        self.recent.back().is_none_or(|last| now.since(*last) >= policy.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RestartPolicy = RestartPolicy {
        limit: 3,
        period: Duration::from_secs(60),
        back_off: BackOff { first: Duration::from_millis(200), longest: Duration::from_secs(1) },
    };

    fn second(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn waiting_times_double_up_to_the_longest_and_lose_at_most_half_to_jitter() {
        let longest: Vec<u128> = (1..=5)
            .map(|failures| {
                let full = POLICY.back_off.first * (1 << (failures - 1));
                let full = full.min(POLICY.back_off.longest);
                for random in [0, 1, 99_999, u64::MAX] {
                    let delay = POLICY.back_off.delay(failures, random);
                    assert!(delay >= full / 2 && delay <= full, "{failures}: {delay:?}");
                }
                full.as_millis()
            })
            .collect();
        assert_eq!(longest, [200, 400, 800, 1_000, 1_000]);
        assert!(POLICY.back_off.delay(u32::MAX, 7) <= POLICY.back_off.longest);
    }

    #[test]
    fn one_restart_too_many_within_the_period_is_a_quarantine() {
        let mut restarts = Restarts::default();
        for moment in 0..3 {
            assert!(matches!(restarts.record(&POLICY, second(moment), 0), Verdict::RestartAfter(_)));
        }
        assert_eq!(restarts.record(&POLICY, second(3), 0), Verdict::Quarantine);
        assert!(matches!(restarts.record(&POLICY, second(4), 0), Verdict::RestartAfter(_)));
    }

    #[test]
    fn failures_far_apart_never_lead_to_a_quarantine() {
        let mut restarts = Restarts::default();
        for moment in 0..100 {
            let verdict = restarts.record(&POLICY, second(moment * 25), 0);
            assert!(matches!(verdict, Verdict::RestartAfter(_)), "at {moment}");
        }
        assert!(!restarts.is_forgotten(&POLICY, second(2_500)));
        assert!(restarts.is_forgotten(&POLICY, second(2_600)));
    }
}
