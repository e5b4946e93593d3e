//! Updates that wait for delivery, and how many there are.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc};

use super::Update;

#[derive(Debug)]
pub(crate) struct DeliveryQueue {
    sender: mpsc::UnboundedSender<Update>,
    pending: AtomicUsize,
    settled: Notify,
}

impl DeliveryQueue {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Update>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, pending: AtomicUsize::new(0), settled: Notify::new() }, receiver)
    }

    /// Adds a new update.
    pub(crate) fn push(&self, update: Update) {
        self.count(1);
        self.push_counted(update);
    }

    /// Adds an update that is already counted as pending.
    pub(crate) fn push_counted(&self, update: Update) {
        if self.sender.send(update).is_err() {
            // The dispatcher is gone: the sandbox is stopping.
            self.settle(1);
        }
    }

    pub(crate) fn count(&self, more: usize) {
        self.pending.fetch_add(more, Ordering::AcqRel);
    }

    /// Marks updates as delivered, dropped or given up.
    pub(crate) fn settle(&self, done: usize) {
        if self.pending.fetch_sub(done, Ordering::AcqRel) == done {
            self.settled.notify_waiters();
        }
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }

    /// Returns once nothing is pending.
    pub(crate) async fn wait_settled(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.pending() == 0 {
                return;
            }
            settled.await;
        }
    }
}
