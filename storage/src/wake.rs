//! Hints inside one process.

use tenants::ports::{Hint, Wake};
use tokio::sync::broadcast;

/// How many hints a listener may lag behind before it is told to look at everything.
const KEPT_HINTS: usize = 4_096;

/// Carries hints between the parts of one process.
#[derive(Debug, Clone)]
pub struct LocalWake(broadcast::Sender<Hint>);

impl Default for LocalWake {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT_HINTS))
    }
}

impl Wake for LocalWake {
    fn send(&self, hint: Hint) {
        // An error says that nobody listens, which is no loss: whoever comes later looks at everything first.
        let _ = self.0.send(hint);
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.0.subscribe()
    }
}
