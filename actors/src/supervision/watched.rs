//! How the health actor reaches an actor.

use ractor::{ActorRef, Message};

use super::pulses::Watched;

/// An actor that answers a certain message with a sign of life.
pub(super) struct WatchedActor<M: Message> {
    actor: ActorRef<M>,
    question: fn() -> M,
}

impl<M: Message> WatchedActor<M> {
    pub fn new(actor: &ActorRef<M>, question: fn() -> M) -> Self {
        Self { actor: actor.clone(), question }
    }
}

impl<M: Message> Watched for WatchedActor<M> {
    fn ask(&self) {
        // A dead actor does not answer; that is what is being found out.
        let _ = self.actor.send_message((self.question)());
    }

    fn end(&self) {
        self.actor.kill();
    }
}
