//! Where the sandbox takes its time from.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// A source of the current time. Tests pass their own so that windows and expiries can be crossed at will.
pub trait SandboxClock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SandboxClock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that owns the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The injected clock plus an offset that the control API can move, for callers who live in another process
/// and cannot inject a clock.
pub(crate) struct MovableClock {
    source: std::sync::Arc<dyn SandboxClock>,
    offset_micros: AtomicI64,
}

impl MovableClock {
    pub(crate) fn new(source: std::sync::Arc<dyn SandboxClock>) -> Self {
        Self { source, offset_micros: AtomicI64::new(0) }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let now = self.source.now();
        now.checked_add_signed(self.offset()).unwrap_or(now)
    }

    pub(crate) fn offset(&self) -> TimeDelta {
        TimeDelta::microseconds(self.offset_micros())
    }

    pub(crate) fn set_offset_micros(&self, micros: i64) {
        self.offset_micros.store(micros, Ordering::Relaxed);
    }

    pub(crate) fn offset_micros(&self) -> i64 {
        self.offset_micros.load(Ordering::Relaxed)
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap_or(0);
        self.offset_micros.fetch_add(micros, Ordering::Relaxed);
    }
}
