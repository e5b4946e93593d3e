//! Tells agencies' own programs what happens: entries of the audit log become deliveries, and deliveries are sent.
//!
//! The log is read on from a place that is kept for each chain; deliveries are added in the same transaction that moves
//! the place, so a crash neither loses nor doubles one. A chain's positions have no gaps and become visible in their
//! order, because whoever appends to it holds its end: nothing can appear behind the place.
//!
//! A try is claimed before it is made and counts as lost after a while, so a crash in between sends the message again
//! under the same id: at least once, and the receiver can tell.

mod deliver;
mod metrics;
mod note;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenants::ids::DeliveryId;
use tenants::ports::{EventCourier, StoreError, Webhooks};
use tenants::webhook::{Answer, EventMessage, Webhook};
use tokio::sync::Notify;

use crate::Ports;
use metrics::WebhookMetrics;

/// How what is on its way is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Longest time for one try.
    pub timeout: Duration,
    /// Tries under way at the same time.
    pub most: usize,
    /// Tries under way at the same time for one webhook.
    pub most_each: usize,
}

impl WebhookSettings {
    /// The usual, with this longest time for a try.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, most: 64, most_each: 4 }
    }
}

/// Whoever tells agencies' programs. Cheap to clone.
#[derive(Clone)]
pub struct WebhookDesk(Arc<Shared>);

struct Shared {
    ports: Ports,
    rows: Arc<dyn Webhooks>,
    courier: Arc<dyn EventCourier>,
    settings: WebhookSettings,
    metrics: WebhookMetrics,
    /// Webhooks were changed.
    changed: Notify,
    /// Something may be due.
    due: Notify,
    /// Whether there are any webhooks at all.
    in_use: AtomicBool,
}

impl fmt::Debug for WebhookDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookDesk")
    }
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// What `webhook-id` said.
    pub message_id: String,
    /// What the receiver said.
    pub answer: Answer,
    /// How long it took.
    pub took: Duration,
}

impl WebhookDesk {
    /// A desk.
    ///
    /// # Errors
    /// When the registry holds its metrics already.
    pub fn new(
        ports: Ports,
        rows: Arc<dyn Webhooks>,
        courier: Arc<dyn EventCourier>,
        settings: WebhookSettings,
        registry: &prometheus::Registry,
    ) -> Result<Self, prometheus::Error> {
        let metrics = WebhookMetrics::register(registry)?;
        let (changed, due) = (Notify::new(), Notify::new());
        let in_use = AtomicBool::new(true);
        Ok(Self(Arc::new(Shared { ports, rows, courier, settings, metrics, changed, due, in_use })))
    }

    /// Webhooks and deliveries, as they are read.
    pub fn rows(&self) -> &dyn Webhooks {
        self.0.rows.as_ref()
    }

    /// Looks at once: webhooks were changed, or deliveries ordered anew.
    pub fn look(&self) {
        self.0.in_use.store(true, Ordering::Relaxed);
        self.0.changed.notify_one();
        self.0.due.notify_one();
    }

    /// Sends a test at once, also to a webhook that is off, so that whoever set it up sees whether it works.
    ///
    /// # Errors
    /// When its secrets cannot be read.
    pub async fn test(&self, webhook: &Webhook) -> Result<Tested, StoreError> {
        let ports = &self.0.ports;
        let message = EventMessage::of_test(webhook, DeliveryId::new(&ports.ids), ports.clock.now());
        let (answer, took) = self.send(webhook, &message).await?;
        Ok(Tested { message_id: message.id, answer, took })
    }

    /// Sends a message and tells how long that took.
    async fn send(
        &self,
        webhook: &Webhook,
        message: &EventMessage,
    ) -> Result<(Answer, Duration), StoreError> {
        let clock = &self.0.ports.clock;
        let began = clock.now();
        let secrets = self.0.rows.webhook_secrets(&webhook.id, began).await?;
        let timeout = self.0.settings.timeout;
        let answer = tokio::select! {
            biased;
            answer = self.0.courier.send(webhook, &secrets, message) => answer,
            () = clock.sleep(timeout) => {
                Answer::unsent(format!("no answer within {} ms", timeout.as_millis()))
            }
        };
        self.0.metrics.attempt(&answer);
        Ok((answer, clock.now().since(began)))
    }
}
