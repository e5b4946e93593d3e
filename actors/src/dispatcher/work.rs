//! The loop: hears hints, reads queues, begins calls and read-backs, waits.

use std::sync::Arc;
use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ports::{Hint, StoreError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::engine::Engine;
use super::limits::earlier;

/// Shortest time between two polls, however many hints are lost.
const LEAST_POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How often what has not been used for an hour is forgotten.
const TIDY_INTERVAL: Duration = Duration::from_secs(60);

/// What the loop remembers between its rounds.
struct Rounds {
    hints: Receiver<Hint>,
    polled_at: Timestamp,
    poll_at: Timestamp,
    tidy_at: Timestamp,
    /// The next moment at which something becomes due that nobody has told us of.
    due_at: Option<Timestamp>,
    due_at_is_stale: bool,
    store_failures: u32,
    store_retry_at: Option<Timestamp>,
}

impl Engine {
    /// Works until it is dropped.
    pub async fn work(self: &Arc<Self>) {
        let now = self.now();
        let mut rounds = Rounds {
            hints: self.ports.wake.subscribe(),
            polled_at: now,
            poll_at: now,
            tidy_at: now + TIDY_INTERVAL,
            due_at: None,
            due_at_is_stale: true,
            store_failures: 0,
            store_retry_at: None,
        };
        loop {
            self.hear_all(&mut rounds).await;
            let now = self.now();
            if rounds.store_retry_at.is_none_or(|at| at <= now) {
                match self.round(&mut rounds).await {
                    Ok(()) => (rounds.store_failures, rounds.store_retry_at) = (0, None),
                    Err(error) => self.put_off(&mut rounds, &error),
                }
            }
            self.begin_calls();
            self.wait(&mut rounds).await;
        }
    }

    /// Everything that needs the database.
    async fn round(self: &Arc<Self>, rounds: &mut Rounds) -> Result<(), StoreError> {
        self.recover().await?;
        self.settle_abandoned().await?;
        let now = self.now();
        if rounds.poll_at <= now || rounds.due_at.is_some_and(|at| at <= now) {
            self.poll().await?;
            rounds.polled_at = now;
            rounds.poll_at = now + self.settings.poll_interval();
            (rounds.due_at, rounds.due_at_is_stale) = (None, true);
        }
        if let Some(error) = self.desk().read_failure.take() {
            return Err(error);
        }
        self.begin_reads();
        self.begin_read_backs().await?;
        let idle = !self.desk().is_busy();
        if rounds.due_at_is_stale && idle {
            rounds.due_at = self.next_due_at().await?;
            rounds.due_at_is_stale = false;
        }
        if rounds.tidy_at <= now {
            rounds.tidy_at = now + TIDY_INTERVAL;
            self.tidy(now);
        }
        Ok(())
    }

    fn put_off(&self, rounds: &mut Rounds, error: &StoreError) {
        rounds.store_failures = rounds.store_failures.saturating_add(1);
        let wait = self.settings.store_retry(rounds.store_failures);
        // What a reader found meanwhile is the same failure.
        self.desk().read_failure = None;
        rounds.store_retry_at = Some(self.now() + wait);
        tracing::warn!(%error, ?wait, "the queue cannot be read now");
    }

    /// Begins every call that can begin.
    fn begin_calls(self: &Arc<Self>) {
        let now = self.now();
        loop {
            let job = {
                let mut desk = self.desk();
                if desk.recovered { desk.next_job(now, &self.settings, &self.metrics) } else { None }
            };
            let Some(job) = job else { return };
            drop(self.ports.tasks.spawn("effect", Arc::clone(self).deliver(job)));
        }
    }

    /// Ends when there is something to look at.
    async fn wait(&self, rounds: &mut Rounds) {
        let now = self.now();
        let until = match rounds.store_retry_at {
            Some(at) => at,
            None if self.desk().can_read_more(now) => return,
            None => {
                let alarm = self.desk().next_alarm();
                let next = rounds.poll_at.min(rounds.tidy_at);
                earlier(earlier(alarm, rounds.due_at), Some(next)).unwrap_or(next)
            }
        };
        if until <= now {
            return;
        }
        tokio::select! {
            biased;
            () = self.changed.notified() => {}
            hint = next_hint(&mut rounds.hints) => match hint {
                Some(hint) => self.hear(hint, rounds).await,
                None => hints_were_lost(rounds),
            },
            () = self.ports.clock.sleep_until(until) => {}
        }
    }

    async fn hear_all(&self, rounds: &mut Rounds) {
        loop {
            match rounds.hints.try_recv() {
                Ok(hint) => self.hear(hint, rounds).await,
                Err(TryRecvError::Lagged(_)) => hints_were_lost(rounds),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    async fn hear(&self, hint: Hint, rounds: &mut Rounds) {
        match hint {
            Hint::Effects(tenant) => {
                rounds.due_at_is_stale = true;
                let mut desk = self.desk();
                desk.to_read.insert(tenant);
                desk.unknown.look = true;
            }
            Hint::TenantChanged(tenant) => {
                self.contexts.forget(&tenant);
                self.desk().to_read.insert(tenant);
            }
            Hint::AccountRestored(tenant, _) => self.restore(tenant),
            // A tenant that comes has no queue yet, and one that goes is noticed when its version is checked.
            Hint::Events(_)
            | Hint::Audit(_)
            | Hint::AgencyAudit(_)
            | Hint::Posts(_)
            | Hint::Verdict(_)
            | Hint::DirectoryChanged => {}
        }
    }

    /// Forgets what has not been used for an hour; what has a queue stays.
    fn tidy(&self, now: Timestamp) {
        let mut desk = self.desk();
        let desk = &mut *desk;
        desk.typing.tidy(now);
        let queues = &desk.queues;
        desk.limits.tidy(now, &self.settings, |tenant| queues.contains_key(tenant));
    }

    /// Keeps the gauges of the queue; a query every few seconds, not one per scrape.
    pub async fn count_queue(&self) {
        loop {
            match self.ports.store.effect_counts(None).await {
                Ok(counts) => self.metrics.show_queue(&counts),
                Err(error) => tracing::debug!(%error, "the queue could not be counted"),
            }
            let interval = Duration::from_millis(self.settings.gauge_interval_ms.max(100));
            self.ports.clock.sleep(interval).await;
        }
    }
}

/// The next hint; `None` when some were lost. Never ends once nobody can send one: polls and alarms carry on.
async fn next_hint(hints: &mut Receiver<Hint>) -> Option<Hint> {
    match hints.recv().await {
        Ok(hint) => Some(hint),
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// Hints were lost: everything must be looked at, soon.
fn hints_were_lost(rounds: &mut Rounds) {
    rounds.poll_at = rounds.poll_at.min(rounds.polled_at + LEAST_POLL_INTERVAL);
}
