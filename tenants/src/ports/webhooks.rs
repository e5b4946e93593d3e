//! Webhooks and what is on its way to them, as they are read; and who carries it. What changes them is committed.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::account::SealedSecret;
use crate::audit::Chain;
use crate::clock::Timestamp;
use crate::ids::{AgencyId, DeliveryId, TenantId, WebhookId};
use crate::webhook::{
    Answer, DeliveryState, EventMessage, LoggedEvent, Webhook, WebhookAttempt, WebhookDelivery,
};

/// Webhooks.
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// Webhooks of an agency, oldest first.
    async fn list_webhooks(&self, agency: &AgencyId) -> Result<Vec<Webhook>, StoreError>;
    /// One of them.
    async fn find_webhook(
        &self,
        agency: &AgencyId,
        webhook: &WebhookId,
    ) -> Result<Option<Webhook>, StoreError>;
    /// Every webhook, whosoever it is. For noting what is to be sent alone.
    async fn all_webhooks(&self) -> Result<Vec<Webhook>, StoreError>;
    /// The sealed secrets that sign at a moment, the present one first.
    async fn webhook_secrets(
        &self,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<Vec<SealedSecret>, StoreError>;
    /// Up to where a chain was read for webhooks. A chain that is younger than them was read to 0.
    async fn webhook_cursor(&self, chain: &Chain) -> Result<i64, StoreError>;
    /// Entries of a chain after a place, oldest first, without what they tell.
    async fn logged_events(
        &self,
        chain: &Chain,
        after: i64,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, StoreError>;
    /// Tenants of an agency whose logs have grown past the place that was read, in order of their ids, beginning after
    /// one of them.
    async fn unread_tenants(
        &self,
        agency: &AgencyId,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError>;
    /// Webhooks in use for which something is due.
    async fn webhooks_due(&self, now: Timestamp) -> Result<Vec<Webhook>, StoreError>;
    /// What is due for a webhook, the longest due first.
    async fn due_deliveries(
        &self,
        webhook: &WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError>;
    /// Deliveries of a webhook, newest first.
    async fn list_deliveries(
        &self,
        agency: &AgencyId,
        webhook: &WebhookId,
        state: Option<DeliveryState>,
        page: PageRequest,
    ) -> Result<Vec<WebhookDelivery>, StoreError>;
    /// One delivery with its tries, oldest first.
    async fn find_delivery(
        &self,
        agency: &AgencyId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
    ) -> Result<Option<(WebhookDelivery, Vec<WebhookAttempt>)>, StoreError>;
    /// Failed deliveries of what happened since a moment, oldest first.
    async fn failed_deliveries(
        &self,
        webhook: &WebhookId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<DeliveryId>, StoreError>;
}

/// Carries events to webhooks.
#[async_trait]
pub trait EventCourier: Send + Sync + 'static {
    /// Sends a message once, signed with every secret, and tells what came of it. When the answer is lost, the message
    /// may have arrived: it is sent again under the same id.
    async fn send(&self, webhook: &Webhook, secrets: &[SealedSecret], message: &EventMessage) -> Answer;
}
