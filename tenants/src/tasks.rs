//! Background tasks. All are spawned here, so that a shutdown can tell them to end and wait until they have.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Spawns and tracks tasks. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Runs `task` in the background; `name` appears on its span.
    pub fn spawn<F>(&self, name: &'static str, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(task.instrument(tracing::info_span!("task", name)))
    }

    /// Runs blocking `work` on the blocking pool.
    pub fn spawn_blocking<F, T>(&self, work: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.tracker.spawn_blocking(work)
    }

    /// Ends when a shutdown was asked for.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// True once a shutdown was asked for.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Asks every task to end, without waiting.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Asks every task to end and waits for at most `limit`; false when some were still running then.
    pub async fn shut_down(&self, limit: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }

    /// Number of tasks that have not ended.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }
}
