//! Time. Everything that needs the time or waits takes a [`Clock`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

/// A moment in UTC, in microseconds since 1970. Sorts by time in memory and in both databases; in JSON it is an
/// RFC 3339 text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since 1970; saturates.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The same moment as a chrono value; moments out of chrono's range become 1970.
    pub fn to_utc(self) -> DateTime<Utc> {
        Utc.timestamp_micros(self.0).single().unwrap_or_default()
    }

    /// Time from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, duration: Duration) -> Timestamp {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;

    fn sub(self, duration: Duration) -> Timestamp {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc).into())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            serde::de::Error::custom(format!("`{shown}` is no moment: write it like 2026-05-28T20:26:40Z"))
        })
    }
}

/// A future that ends when a clock says so.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where time comes from.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Ends when `duration` has passed on this clock.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Ends at `moment`; at once when that is past.
    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        self.sleep(moment.since(self.now()))
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(since_1970.as_micros() as i64)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The machine's clock plus a shift that grows on command: tests let a day pass in an instant while real time
/// goes on. Sleepers whose moment has come wake at once.
#[derive(Debug, Clone)]
pub struct ShiftedClock {
    shift: Arc<watch::Sender<Duration>>,
}

impl Default for ShiftedClock {
    fn default() -> Self {
        Self { shift: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }
}

impl ShiftedClock {
    /// Lets `duration` pass at once.
    pub fn advance(&self, duration: Duration) {
        self.shift.send_modify(|shift| *shift += duration);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.shift.borrow()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        let wake_at = self.now() + duration;
        Box::pin(async move {
            let mut shift = clock.shift.subscribe();
            loop {
                let left = wake_at.since(clock.now());
                if left.is_zero() {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = shift.changed() => {}
                }
            }
        })
    }
}

/// A clock that moves only on command. Sleepers wake in the order in which they fell asleep, so that a story told
/// twice goes the same way twice.
#[derive(Debug, Clone)]
pub struct ManualClock {
    inner: Arc<Hands>,
}

#[derive(Debug)]
struct Hands {
    now: Mutex<Timestamp>,
    /// Told of every move. Not a `watch`: it wakes those who wait in a random order.
    moved: Notify,
}

impl ManualClock {
    /// A clock that stands at `micros` since 1970.
    pub fn at(micros: i64) -> Self {
        let now = Mutex::new(Timestamp::from_micros(micros));
        Self { inner: Arc::new(Hands { now, moved: Notify::new() }) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        {
            let mut now = self.inner.now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = *now + duration;
        }
        self.inner.moved.notify_waiters();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.inner.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        let wake_at = self.now() + duration;
        Box::pin(async move {
            loop {
                let moved = clock.inner.moved.notified();
                tokio::pin!(moved);
                // It hears of moves from here on, also of one between the look at the clock and the wait.
                moved.as_mut().enable();
                if clock.now() >= wake_at {
                    return;
                }
                moved.await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_on_a_shifted_clock_wakes_when_the_day_is_over() {
        let clock = ShiftedClock::default();
        let sleep = clock.sleep(Duration::from_secs(86_400));
        clock.advance(Duration::from_secs(86_401));
        sleep.await;
    }

    #[test]
    fn a_timestamp_survives_json() {
        let moment = Timestamp::from_micros(1_763_690_000_123_456);
        let json = serde_json::to_string(&moment).unwrap();
        assert_eq!(json, "\"2025-11-21T01:53:20.123456Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
    }
}
