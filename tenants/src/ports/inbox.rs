//! Events in.

use async_trait::async_trait;

use super::StoreError;
use crate::alert::NewAlert;
use crate::event::{EventKind, InboxEvent, NewEvent, OrphanedEvent};
use crate::ids::{EventId, TenantId};

/// Whether an event was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Stored.
    Stored,
    /// Known already; nothing changed.
    Duplicate,
}

/// What the webhook stores of one delivery, all or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivery {
    /// Events of known accounts.
    pub events: Vec<NewEvent>,
    /// Events of unknown accounts.
    pub orphans: Vec<OrphanedEvent>,
    /// Alerts about them, outside any tenant.
    pub alerts: Vec<NewAlert>,
}

/// Events in.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores a delivery durably, several deliveries to one commit; the answer has an entry per event.
    async fn accept(&self, delivery: Delivery) -> Result<Vec<Accepted>, StoreError>;

    /// Events that wait, oldest first, whose id is not in `except`; at most `limit`.
    async fn pending_events(
        &self,
        tenant: &TenantId,
        except: &[EventId],
        limit: u32,
    ) -> Result<Vec<InboxEvent>, StoreError>;

    /// Tenants for which events wait. Used at start and by the slow poll.
    async fn tenants_with_events(&self) -> Result<Vec<TenantId>, StoreError>;

    /// One event with its raw payload, for people.
    async fn find_event(
        &self,
        tenant: &TenantId,
        event: &EventId,
    ) -> Result<Option<(InboxEvent, serde_json::Value)>, StoreError>;

    /// Events by kind that were received and that are done, over all tenants: (kind, received, done).
    async fn event_counts(&self) -> Result<Vec<(EventKind, i64, i64)>, StoreError>;
}
