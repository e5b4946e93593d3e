//! Tells a decision under way that the person has written again, so that a reply in the making is not finished.

use tokio_util::sync::CancellationToken;

/// Cheap to clone; all clones are told together.
#[derive(Debug, Clone, Default)]
pub struct MovedOn(CancellationToken);

impl MovedOn {
    /// The person has written again.
    pub fn tell(&self) {
        self.0.cancel();
    }

    /// Waits until the person writes again.
    pub(super) async fn happened(&self) {
        self.0.cancelled().await;
    }
}
