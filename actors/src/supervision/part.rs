//! Background parts of the node: loops that the root supervisor starts, watches and starts again.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use tenants::clock::Clock;
use tenants::tasks::Tasks;
use tokio_util::sync::CancellationToken;

use super::pulses::{Pulse, Watched};

/// How a part ended. `Ok` means that it is finished and shall not be started again.
pub type PartResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Makes one life of a part.
pub(super) type Factory = Arc<dyn Fn(Part) -> BoxFuture<'static, PartResult> + Send + Sync>;

/// What one life of a background part is given.
#[derive(Clone)]
pub struct Part {
    pub(super) pulse: Arc<Pulse>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tasks: Tasks,
    pub(super) stop: CancellationToken,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

impl Part {
    /// Gives a sign of life. A part that never does so counts as alive while its task runs; one that has done so
    /// once must go on at least every 30 seconds, or it is taken to be stuck and started again.
    pub fn beat(&self) {
        self.pulse.beat(self.clock.now());
    }

    /// Ends when this part shall end.
    pub async fn stopping(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.tasks.stopping() => {}
        }
    }
}

/// How the health actor watches a part.
pub(super) struct WatchedPart {
    pub part: Part,
    pub abort: tokio::task::AbortHandle,
}

impl Watched for WatchedPart {
    fn ask(&self) {
        if !self.part.pulse.beats_itself() && !self.abort.is_finished() {
            self.part.pulse.vouch(self.part.clock.now());
        }
    }

    fn end(&self) {
        self.abort.abort();
    }
}
