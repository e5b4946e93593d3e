//! What is on its way to a webhook: deliveries, their tries, and what is sent.

use std::time::Duration;

use serde_json::{Value, json};

use super::{TEST_EVENT, Webhook};
use crate::audit::AuditEntry;
use crate::clock::Timestamp;
use crate::ids::{AgencyId, AuditId, DeliveryId, TenantId, WebhookId};
use crate::words::word_enum;

/// Waits before each try of a delivery, as Standard Webhooks recommends them; after the last it has failed.
pub const PAUSES: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
    Duration::from_secs(14 * 3_600),
    Duration::from_secs(20 * 3_600),
    Duration::from_secs(24 * 3_600),
];

word_enum! {
    /// Where a delivery stands.
    pub enum DeliveryState {
        /// Waits for its next try.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// Every try has failed.
        Failed = "failed",
    }
}

/// An entry of the log on its way to a webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookDelivery {
    /// Its id; `webhook-id` is made of it, and stays the same over all tries.
    pub id: DeliveryId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The agency.
    pub agency: AgencyId,
    /// The tenant on whose chain the entry stands; `None` is the agency's own.
    pub tenant: Option<TenantId>,
    /// The position of the entry in its chain.
    pub seq: i64,
    /// The entry.
    pub entry: AuditId,
    /// What happened.
    pub event_type: String,
    /// When.
    pub happened_at: Timestamp,
    /// Where it stands.
    pub state: DeliveryState,
    /// Tries that were begun, ever.
    pub tries: u32,
    /// Tries that have failed since it was last ordered.
    pub failures: u32,
    /// Not before; while a try is under way, when it counts as lost.
    pub next_try_at: Timestamp,
    /// True while a try is under way, or was when its node died.
    pub is_under_way: bool,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was taken, or given up.
    pub settled_at: Option<Timestamp>,
    /// Row created.
    pub created_at: Timestamp,
}

impl WebhookDelivery {
    /// What `webhook-id` says.
    pub fn message_id(&self) -> String {
        message_id(self.id)
    }
}

/// What `webhook-id` says of a delivery.
pub fn message_id(delivery: DeliveryId) -> String {
    format!("msg_{}", delivery.0.simple())
}

/// One try of a delivery that came to an end.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookAttempt {
    /// The how many-th of the delivery, from 1. A missing number is a try whose node died before it could tell.
    pub number: u32,
    /// When it was begun.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why it counts as failed.
    pub error: Option<String>,
    /// The beginning of what the receiver said.
    pub response: Option<String>,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMessage {
    /// What `webhook-id` says.
    pub id: String,
    /// The body, which the signature covers.
    pub body: String,
}

impl EventMessage {
    /// The message of a delivery.
    pub fn of_entry(delivery: &WebhookDelivery, entry: &AuditEntry) -> Self {
        let data = json!({
            "id": entry.id, "agency": delivery.agency, "tenant": delivery.tenant, "seq": entry.seq,
            "event_type": entry.event_type, "action": entry.action, "resource_type": entry.resource_type,
            "resource_id": entry.resource_id, "actor": entry.actor, "success": entry.success,
            "error": entry.error, "details": entry.details, "at": entry.at, "hash": entry.hash,
        });
        Self::new(delivery.id, &entry.event_type, entry.at, &data)
    }

    /// The message of a test.
    pub fn of_test(webhook: &Webhook, id: DeliveryId, now: Timestamp) -> Self {
        let data = json!({
            "agency": webhook.agency, "tenant": null, "webhook": webhook.id, "name": webhook.setup.name,
        });
        Self::new(id, TEST_EVENT, now, &data)
    }

    fn new(id: DeliveryId, event_type: &str, at: Timestamp, data: &Value) -> Self {
        let body = json!({ "type": event_type, "timestamp": at, "data": data });
        Self { id: message_id(id), body: body.to_string() }
    }
}

/// What a receiver said, or why it said nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The status of its answer.
    pub status: Option<u16>,
    /// Why the message was not taken; `None` when it was.
    pub error: Option<String>,
    /// The beginning of its answer, made harmless.
    pub response: Option<String>,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// A message that could not be sent.
    pub fn unsent(error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }

    /// Whether the receiver took the message.
    pub fn is_taken(&self) -> bool {
        self.error.is_none()
    }

    /// Whether the receiver wants nothing any more.
    pub fn is_gone(&self) -> bool {
        self.status == Some(410)
    }
}

/// How long to wait after the `failures`-th failed try; `None` when there shall be no other. `luck` in 0..1 spreads
/// tries over a tenth of the pause, so that what failed together does not come back together.
pub fn pause_after(failures: u32, luck: f64) -> Option<Duration> {
    let pause = PAUSES.get(usize::try_from(failures).ok()?)?;
    Some(pause.mul_f64(1.0 + luck.clamp(0.0, 1.0) / 10.0))
}

/// The end of a try.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// The webhook.
    pub webhook: WebhookId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The tenant of its entry.
    pub tenant: Option<TenantId>,
    /// The try.
    pub attempt: WebhookAttempt,
    /// Where the delivery stands now.
    pub state: DeliveryState,
    /// Failures since it was ordered.
    pub failures: u32,
    /// When it is tried again, if it is.
    pub next_try_at: Timestamp,
    /// When the try ended.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_as_standard_webhooks_recommends_and_end() {
        let seconds: Vec<u64> = (1..10).map(|n| pause_after(n, 0.0).unwrap().as_secs()).collect();
        assert_eq!(seconds, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(pause_after(10, 0.0), None, "ten tries in all");
        assert_eq!(pause_after(2, 1.0), Some(Duration::from_secs(330)));
    }
}
