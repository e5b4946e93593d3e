//! A bucket of tokens, each of which comes back one window after it was taken.
//!
//! So a cap of 600 an hour means: never more than 600 in *any* hour, all at once if need be. A bucket that
//! refills evenly would let nearly twice the cap through in its first hour, or waste half of it. The `governor`
//! crate is such a bucket, and can neither show its state nor change its rate as usage headers teach us; hence
//! our own.

use std::collections::VecDeque;
use std::time::Duration;

use tenants::clock::Timestamp;

/// Parts into which a window is divided: tokens taken within one part come back together, at its end.
const PARTS: u32 = 60;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    window: Duration,
    capacity: Option<u32>,
    /// When tokens come back, and how many, soonest first.
    returns: VecDeque<(Timestamp, u32)>,
    taken: u32,
}

impl Bucket {
    /// A full bucket; without a capacity it never runs empty and only counts.
    pub fn new(window: Duration, capacity: Option<u32>) -> Self {
        Self { window, capacity, returns: VecDeque::new(), taken: 0 }
    }

    /// Changes the capacity; what was taken stays taken.
    pub fn resize(&mut self, capacity: Option<u32>) {
        self.capacity = capacity;
    }

    /// How many tokens it holds when full.
    pub fn capacity(&self) -> Option<u32> {
        self.capacity
    }

    /// Tokens taken within the last window.
    pub fn taken(&mut self, now: Timestamp) -> u32 {
        while let Some(&(at, count)) = self.returns.front() {
            if at > now {
                break;
            }
            self.taken -= count;
            self.returns.pop_front();
        }
        self.taken
    }

    /// Tokens left; `None` without a capacity.
    pub fn available(&mut self, now: Timestamp) -> Option<u32> {
        let taken = self.taken(now);
        self.capacity.map(|capacity| capacity.saturating_sub(taken))
    }

    /// When the next token can be taken: `now` or later. A capacity of zero never lets one go.
    pub fn next(&mut self, now: Timestamp) -> Timestamp {
        self.eta(now, 1)
    }

    /// When the `place`-th in line (from 1) can take its token, if each one before it takes one too.
    pub fn eta(&mut self, now: Timestamp, place: u64) -> Timestamp {
        let Some(capacity) = self.capacity else { return now };
        if capacity == 0 {
            return Timestamp::from_micros(i64::MAX);
        }
        let taken = u64::from(self.taken(now));
        let place = place.max(1);
        if taken + place <= u64::from(capacity) {
            return now;
        }
        // The place-th token in line is the one that is `wanted`-th to come back, counting whole rounds of the
        // bucket: what is free now comes back one window from now at the earliest.
        let wanted = taken + place - u64::from(capacity);
        let rounds = (wanted - 1) / u64::from(capacity);
        let mut left = (wanted - 1) % u64::from(capacity) + 1;
        let later = self.window.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX));
        for &(at, count) in &self.returns {
            if u64::from(count) >= left {
                return at + later;
            }
            left -= u64::from(count);
        }
        now + self.window + later
    }

    /// Takes a token; the caller has asked [`next`](Self::next) before.
    pub fn take(&mut self, now: Timestamp) {
        let part = (self.window.as_micros() as i64 / i64::from(PARTS)).max(1);
        let part_end = now.as_micros().div_euclid(part).saturating_add(1).saturating_mul(part);
        let at = Timestamp::from_micros(part_end) + self.window;
        self.taken = self.taken.saturating_add(1);
        match self.returns.back_mut() {
            // The clock may have stepped back: what was taken later still comes back first come, first served.
            Some((last, count)) if *last >= at => *count += 1,
            _ => self.returns.push_back((at, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn the_whole_cap_may_go_at_once_and_comes_back_an_hour_later() {
        let mut bucket = Bucket::new(HOUR, Some(3));
        (0..3).for_each(|_| bucket.take(at(0)));
        assert_eq!(bucket.available(at(0)), Some(0));
        let back = bucket.next(at(1));
        assert_eq!(back, at(3_660), "an hour after the end of the minute in which they were taken");
        assert_eq!(bucket.available(back), Some(3));
    }

    #[test]
    fn the_eta_counts_those_before_us_and_whole_rounds_of_the_bucket() {
        let mut bucket = Bucket::new(HOUR, Some(2));
        bucket.take(at(0));
        bucket.take(at(600));
        assert_eq!(bucket.eta(at(700), 1), at(3_660));
        assert_eq!(bucket.eta(at(700), 2), at(4_260));
        assert_eq!(bucket.eta(at(700), 3), at(3_660 + 3_600));
        assert_eq!(bucket.eta(at(700), 6), at(4_260 + 7_200));
    }

    #[test]
    fn an_empty_line_has_no_wait_and_a_bucket_without_cap_only_counts() {
        let mut capped = Bucket::new(HOUR, Some(2));
        assert_eq!(capped.eta(at(5), 2), at(5));
        let mut free = Bucket::new(HOUR, None);
        (0..1_000).for_each(|_| free.take(at(5)));
        assert_eq!((free.next(at(5)), free.available(at(5)), free.taken(at(5))), (at(5), None, 1_000));
    }

    #[test]
    fn a_cap_of_zero_never_lets_anything_go() {
        assert!(Bucket::new(HOUR, Some(0)).next(at(0)) > at(1_000_000_000));
    }

    proptest! {
        #[test]
        fn no_hour_ever_sees_more_than_the_cap(steps in proptest::collection::vec(0_i64..400, 1..300)) {
            let mut bucket = Bucket::new(HOUR, Some(7));
            let (mut now, mut sent) = (0, Vec::new());
            for step in steps {
                now += step;
                if bucket.next(at(now)) == at(now) {
                    bucket.take(at(now));
                    sent.push(now);
                }
            }
            for (index, first) in sent.iter().enumerate() {
                prop_assert!(sent[index..].iter().take_while(|later| **later - first < 3_600).count() <= 7);
            }
        }

        #[test]
        fn the_promised_moment_is_kept(taken in proptest::collection::vec(0_i64..3_600, 0..40), place in 1_u64..40) {
            let mut times = taken;
            times.sort_unstable();
            let mut bucket = Bucket::new(HOUR, Some(5));
            for time in times {
                if bucket.next(at(time)) == at(time) {
                    bucket.take(at(time));
                }
            }
            let start = at(3_600);
            let promised = bucket.eta(start, place);
            let (mut now, mut gone) = (start, 0);
            while gone < place {
                now = bucket.next(now);
                bucket.take(now);
                gone += 1;
            }
            // Later rounds come back at the end of their part of the hour: a minute late at most per round.
            let rounds = 1 + place.div_euclid(5) as u32;
            prop_assert!(now + Duration::from_secs(60) * rounds >= promised);
            prop_assert!(promised + Duration::from_secs(60) * rounds >= now);
        }
    }
}
