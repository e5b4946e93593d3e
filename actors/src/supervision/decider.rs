//! Who decides: production asks [`decide`](crate::decide::decide); tests put something else here.

use async_trait::async_trait;

use crate::Ports;
use crate::decide::{DecideError, Decided, Situation};

/// Makes a decision of an event.
#[async_trait]
pub(super) trait Decider: Send + Sync + 'static {
    /// See [`crate::decide::decide`].
    async fn decide(&self, situation: &Situation) -> Result<Decided, DecideError>;
}

/// The real thing.
pub(super) struct ByTheBook(pub Ports);

#[async_trait]
impl Decider for ByTheBook {
    async fn decide(&self, situation: &Situation) -> Result<Decided, DecideError> {
        crate::decide::decide(&self.0, situation).await
    }
}
