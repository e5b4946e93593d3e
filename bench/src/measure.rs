//! One run: load on a running side, then waiting until it has finished what it accepted.

use std::time::Duration;

use tenants::clock::{Clock, SystemClock, Timestamp};

use crate::load::Load;
use crate::sides::Running;

/// How often finished events are counted.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A side that has finished everything for so long is done.
const SETTLED: Duration = Duration::from_millis(300);
/// A side that has not finished anything for so long will not.
const STUCK: Duration = Duration::from_secs(15);

/// How long what is measured.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Seconds of load.
    pub load: u64,
    /// Longest time that accepted events may take after the load has ended.
    pub drain: Duration,
}

/// What a run gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub accepted_per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub errors: u64,
    /// Finished events by the time from the first webhook to the last finished event.
    pub finished_per_second: f64,
    /// Accepted events that were not finished when the time was over.
    pub unfinished: u64,
    pub memory: u64,
    pub service_memory: u64,
}

/// Loads a side and waits for it.
pub async fn run(
    side: &mut Running,
    http: &reqwest::Client,
    load: &Load,
    connections: u32,
    times: Times,
) -> anyhow::Result<Figures> {
    let mut progress = Progress::begin(side.finished(http).await?);
    let url = side.url().to_owned();
    let sending = load.send(&url, connections, times.load);
    tokio::pin!(sending);
    let answers = loop {
        tokio::select! {
            answers = &mut sending => break answers?,
            () = SystemClock.sleep(LOOK_EVERY) => progress.look(side.finished(http).await?),
        }
    };
    let memory_under_load = side.service_memory()?;
    let end = SystemClock.now() + times.drain;
    while !progress.is_over(answers.accepted()) && SystemClock.now() < end {
        SystemClock.sleep(LOOK_EVERY).await;
        progress.look(side.finished(http).await?);
    }
    side.still_runs()?;
    Ok(Figures {
        accepted_per_second: answers.accepted_per_second(),
        p50_ms: answers.p50_ms,
        p99_ms: answers.p99_ms,
        errors: answers.errors(),
        finished_per_second: progress.per_second(),
        unfinished: answers.accepted().saturating_sub(progress.finished()),
        memory: side.peak_memory()?,
        service_memory: side.service_memory()?.max(memory_under_load),
    })
}

/// How the number of finished events grows.
#[derive(Debug)]
struct Progress {
    before: u64,
    now: u64,
    began: Timestamp,
    last_change: Timestamp,
}

impl Progress {
    fn begin(before: u64) -> Self {
        let began = SystemClock.now();
        Self { before, now: before, began, last_change: began }
    }

    fn look(&mut self, count: u64) {
        if count != self.now {
            (self.now, self.last_change) = (count, SystemClock.now());
        }
    }

    fn finished(&self) -> u64 {
        self.now - self.before
    }

    fn is_over(&self, expected: u64) -> bool {
        let quiet = SystemClock.now().since(self.last_change);
        quiet > STUCK || (self.finished() >= expected && quiet > SETTLED)
    }

    fn per_second(&self) -> f64 {
        let seconds = self.last_change.since(self.began).as_secs_f64();
        if seconds > 0.0 { self.finished() as f64 / seconds } else { 0.0 }
    }
}
