//! A circuit breaker: stops calling what keeps failing, and finds out carefully when it works again.
//!
//! It is a pure state machine. Whoever owns it passes the present time in microseconds, so the same code
//! serves the Graph API of one account, one model of one provider, and a simulation.
//!
//! ```
//! use troupe_tenants::breaker::{BreakerConfig, CircuitBreaker, Permission};
//!
//! let mut breaker = CircuitBreaker::new(BreakerConfig { failures_to_open: 1, ..BreakerConfig::default() });
//! assert_eq!(breaker.allow(0), Permission::Allowed);
//! breaker.failure(0);
//! assert!(matches!(breaker.allow(1), Permission::Rejected { .. }));
//! ```

use serde::{Deserialize, Serialize};

use crate::words::word_enum;

word_enum! {
    /// What a breaker does with calls.
    pub enum BreakerState {
        /// Every call goes through.
        Closed = "closed",
        /// No call goes through.
        Open = "open",
        /// A few probes go through, to see whether it works again.
        HalfOpen = "half_open",
    }
}

/// When a breaker opens, for how long, and how it closes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// Failures in a row that open it. Zero counts as one.
    pub failures_to_open: u32,
    /// Microseconds it stays open the first time; doubled each time the probes fail.
    pub open_us: i64,
    /// Longest time it stays open, in microseconds.
    pub open_max_us: i64,
    /// Probes let through at once while half open. Zero counts as one.
    pub probes: u32,
    /// Successful probes in a row that close it. Zero counts as one.
    pub successes_to_close: u32,
    /// Microseconds after which a probe that reported nothing is given up, so that a lost caller cannot
    /// keep the breaker half open for ever.
    pub probe_timeout_us: i64,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_to_open: 5,
            open_us: 5_000_000,
            open_max_us: 300_000_000,
            probes: 1,
            successes_to_close: 2,
            probe_timeout_us: 60_000_000,
        }
    }
}

/// Answer to "may I call?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Go on; report the outcome.
    Allowed,
    /// Go on; the outcome decides whether the breaker closes. Report it.
    Probe,
    /// Do not call.
    Rejected {
        /// Earliest time, in microseconds, at which asking again can succeed.
        retry_at: i64,
    },
}

/// What a breaker looks like from outside, for the API and for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerView {
    /// Present state.
    pub state: BreakerState,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Times it opened since it was made.
    pub times_opened: u64,
    /// When calls may be tried again, in microseconds; `None` while closed.
    pub retry_at: Option<i64>,
}

/// The state machine; see the module.
#[derive(Debug, Clone)]
pub struct CircuitBreaker {
    config: BreakerConfig,
    phase: Phase,
    consecutive_failures: u32,
    times_opened: u64,
    /// Openings since it was last closed: the exponent of the back-off.
    openings_in_a_row: u32,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed,
    Open { until: i64 },
    HalfOpen { in_flight: u32, successes: u32, give_up_at: i64 },
}

impl CircuitBreaker {
    /// A closed breaker.
    pub fn new(config: BreakerConfig) -> Self {
        Self { config, phase: Phase::Closed, consecutive_failures: 0, times_opened: 0, openings_in_a_row: 0 }
    }

    /// Asks whether a call may be made at `now_us`.
    ///
    /// Each `Allowed` or `Probe` should be followed by one [`success`](Self::success) or
    /// [`failure`](Self::failure).
    pub fn allow(&mut self, now_us: i64) -> Permission {
        match self.phase {
            Phase::Closed => Permission::Allowed,
            Phase::Open { until } if now_us < until => Permission::Rejected { retry_at: until },
            Phase::Open { .. } => self.begin_probing(now_us, 0),
            Phase::HalfOpen { successes, give_up_at, .. } if now_us >= give_up_at => {
                self.begin_probing(now_us, successes)
            }
            Phase::HalfOpen { in_flight, give_up_at, .. } if in_flight >= self.config.probes.max(1) => {
                Permission::Rejected { retry_at: give_up_at }
            }
            Phase::HalfOpen { ref mut in_flight, ref mut give_up_at, .. } => {
                *in_flight += 1;
                *give_up_at = now_us.saturating_add(self.config.probe_timeout_us);
                Permission::Probe
            }
        }
    }

    /// Reports that a call worked.
    pub fn success(&mut self, _now_us: i64) {
        match &mut self.phase {
            Phase::Closed => self.consecutive_failures = 0,
            // A call that left before the breaker opened says nothing about now.
            Phase::Open { .. } => {}
            Phase::HalfOpen { in_flight, successes, .. } => {
                *in_flight = in_flight.saturating_sub(1);
                *successes += 1;
                self.consecutive_failures = 0;
                if *successes >= self.config.successes_to_close.max(1) {
                    self.phase = Phase::Closed;
                    self.openings_in_a_row = 0;
                }
            }
        }
    }

    /// Reports that a call failed in a way that speaks against the other side (not: a bad request of ours).
    pub fn failure(&mut self, now_us: i64) {
        match self.phase {
            Phase::Closed => {
                self.consecutive_failures = self.consecutive_failures.saturating_add(1);
                if self.consecutive_failures >= self.config.failures_to_open.max(1) {
                    self.open(now_us);
                }
            }
            Phase::Open { .. } => {}
            Phase::HalfOpen { .. } => {
                self.consecutive_failures = self.consecutive_failures.saturating_add(1);
                self.open(now_us);
            }
        }
    }

    /// Reports that a probe will never have an outcome: its caller went away. Another one may go in its place.
    pub fn forget_probe(&mut self) {
        if let Phase::HalfOpen { in_flight, .. } = &mut self.phase {
            *in_flight = in_flight.saturating_sub(1);
        }
    }

    /// What it looks like now.
    pub fn view(&self) -> BreakerView {
        let (state, retry_at) = match self.phase {
            Phase::Closed => (BreakerState::Closed, None),
            Phase::Open { until } => (BreakerState::Open, Some(until)),
            Phase::HalfOpen { give_up_at, .. } => (BreakerState::HalfOpen, Some(give_up_at)),
        };
        BreakerView {
            state,
            consecutive_failures: self.consecutive_failures,
            times_opened: self.times_opened,
            retry_at,
        }
    }

    fn begin_probing(&mut self, now_us: i64, successes: u32) -> Permission {
        let give_up_at = now_us.saturating_add(self.config.probe_timeout_us);
        self.phase = Phase::HalfOpen { in_flight: 1, successes, give_up_at };
        Permission::Probe
    }

    fn open(&mut self, now_us: i64) {
        let doublings = self.openings_in_a_row.min(40);
        let duration =
            self.config.open_us.max(0).saturating_mul(1 << doublings).min(self.config.open_max_us.max(0));
        self.phase = Phase::Open { until: now_us.saturating_add(duration) };
        self.times_opened += 1;
        self.openings_in_a_row = self.openings_in_a_row.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONFIG: BreakerConfig = BreakerConfig {
        failures_to_open: 3,
        open_us: 100,
        open_max_us: 350,
        probes: 2,
        successes_to_close: 2,
        probe_timeout_us: 1_000,
    };

    fn opened_at(now_us: i64) -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new(CONFIG);
        (0..3).for_each(|_| breaker.failure(now_us));
        breaker
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let mut breaker = CircuitBreaker::new(CONFIG);
        for _ in 0..10 {
            breaker.failure(0);
            breaker.failure(0);
            breaker.success(0);
        }
        assert_eq!(breaker.view().state, BreakerState::Closed);
        (0..3).for_each(|_| breaker.failure(7));
        assert_eq!(breaker.view().retry_at, Some(107));
        assert_eq!(breaker.allow(106), Permission::Rejected { retry_at: 107 });
    }

    #[test]
    fn enough_good_probes_close_it_and_reset_the_back_off() {
        let mut breaker = opened_at(0);
        assert_eq!(breaker.allow(100), Permission::Probe);
        assert_eq!(breaker.allow(101), Permission::Probe);
        assert_eq!(breaker.allow(102), Permission::Rejected { retry_at: 1_101 });
        breaker.success(103);
        assert_eq!(breaker.view().state, BreakerState::HalfOpen);
        breaker.success(104);
        assert_eq!(breaker.view().state, BreakerState::Closed);
        (0..3).for_each(|_| breaker.failure(200));
        assert_eq!(breaker.view().retry_at, Some(300));
    }

    #[test]
    fn each_failed_probe_doubles_the_pause_up_to_the_longest() {
        let mut breaker = opened_at(0);
        let mut pauses = Vec::new();
        for _ in 0..4 {
            let at = breaker.view().retry_at.unwrap();
            assert_eq!(breaker.allow(at), Permission::Probe);
            breaker.failure(at);
            pauses.push(breaker.view().retry_at.unwrap() - at);
        }
        assert_eq!(pauses, [200, 350, 350, 350]);
        assert_eq!(breaker.view().times_opened, 5);
    }

    #[test]
    fn a_probe_that_never_reports_does_not_block_the_next_one_for_ever() {
        let mut breaker = opened_at(0);
        assert_eq!(breaker.allow(100), Permission::Probe);
        assert_eq!(breaker.allow(100), Permission::Probe);
        assert_eq!(breaker.allow(1_099), Permission::Rejected { retry_at: 1_100 });
        assert_eq!(breaker.allow(1_100), Permission::Probe);
    }

    #[test]
    fn a_probe_whose_caller_went_away_makes_room_for_another() {
        let mut breaker = opened_at(0);
        assert_eq!(breaker.allow(100), Permission::Probe);
        assert_eq!(breaker.allow(100), Permission::Probe);
        assert!(matches!(breaker.allow(101), Permission::Rejected { .. }));
        breaker.forget_probe();
        assert_eq!(breaker.allow(102), Permission::Probe);
    }

    #[test]
    fn late_answers_of_calls_made_before_it_opened_change_nothing() {
        let mut breaker = opened_at(0);
        let before = breaker.view();
        breaker.success(1);
        breaker.failure(2);
        assert_eq!(breaker.view(), before);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Allow,
        Success,
        Failure,
        Wait(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => Just(Step::Allow),
            2 => Just(Step::Success),
            3 => Just(Step::Failure),
            2 => (0_i64..500).prop_map(Step::Wait),
        ];
        proptest::collection::vec(step, 0..200)
    }

    proptest! {
        #[test]
        fn it_never_lets_calls_through_before_the_promised_time_and_never_stays_shut_after_it(steps in steps()) {
            let mut breaker = CircuitBreaker::new(CONFIG);
            let mut now = 0;
            for step in steps {
                match step {
                    Step::Wait(us) => now += us,
                    Step::Success => breaker.success(now),
                    Step::Failure => breaker.failure(now),
                    Step::Allow => match breaker.allow(now) {
                        Permission::Rejected { retry_at } => {
                            prop_assert!(retry_at > now);
                            prop_assert!(retry_at - now <= CONFIG.open_max_us.max(CONFIG.probe_timeout_us));
                            let later = breaker.clone().allow(retry_at);
                            prop_assert_eq!(later, Permission::Probe);
                        }
                        Permission::Probe => prop_assert_eq!(breaker.view().state, BreakerState::HalfOpen),
                        Permission::Allowed => prop_assert_eq!(breaker.view().state, BreakerState::Closed),
                    },
                }
            }
        }

        #[test]
        fn half_open_never_has_more_probes_in_flight_than_allowed(asks in 1_usize..50) {
            let mut breaker = opened_at(0);
            let probes = (0..asks).filter(|_| breaker.allow(100) == Permission::Probe).count();
            prop_assert!(probes <= CONFIG.probes as usize);
        }

        #[test]
        fn extreme_times_and_settings_do_not_panic(
            now in any::<i64>(), open_us in any::<i64>(), open_max_us in any::<i64>(), failures in 0_u32..3,
        ) {
            let config = BreakerConfig { failures_to_open: failures, open_us, open_max_us, ..CONFIG };
            let mut breaker = CircuitBreaker::new(config);
            for _ in 0..50 {
                breaker.allow(now);
                breaker.failure(now);
            }
        }
    }
}
