//! The database, as the domain sees it. One implementation serves SQLite and PostgreSQL.
//!
//! `&TenantId` comes first in every tenant-scoped method and is compared in every statement: an id of another
//! tenant finds nothing.

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    Alerts, Approvals, AuditLog, Conversations, Directory, Inbox, Learning, Operations, Outbox, Ticks,
    Watches,
};
use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::conversation::Conversation;
use crate::models::LlmCall;

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or has no room; try again later. Nothing was stored. (One case is open: when the
    /// connection to a server breaks during the very commit, it may have been. Trying again must be harmless.)
    #[error("the database is not available, try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody else was first, or a unique name is taken; nothing was stored.
    #[error("{0}")]
    Conflict(String),
    /// A stored row cannot be understood.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(String),
}

/// A page of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Only rows with a smaller id: the last id of the page before.
    pub before: Option<Uuid>,
    /// At most this many rows.
    pub limit: u32,
}

impl PageRequest {
    /// The newest `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self { before: None, limit }
    }
}

/// Where a list that is ordered by time goes on: after this row, towards older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimePosition {
    /// Its moment.
    pub at: Timestamp,
    /// Its id: tells apart those of the same microsecond.
    pub id: Uuid,
}

impl TimePosition {
    /// Before the newest row.
    pub const END_OF_TIME: Self = Self { at: Timestamp::from_micros(i64::MAX), id: Uuid::max() };

    /// The place of a call to a model: when it began.
    pub fn of_call(call: &LlmCall) -> Self {
        Self { at: call.at, id: call.id.0 }
    }

    /// The place of a conversation: when something last happened in it.
    pub fn of_conversation(conversation: &Conversation) -> Self {
        Self { at: conversation.updated_at, id: conversation.id.0 }
    }
}

/// The one way to change anything but the inbox.
#[async_trait]
pub trait UnitOfWork: Send + Sync {
    /// Applies the changes in one transaction, together with those of others that wait (group commit), and
    /// returns when they are durable. A [`StoreError::Conflict`] concerns these changes alone.
    async fn commit(&self, changes: Changes) -> Result<(), StoreError>;
}

/// The whole database.
pub trait Store:
    Inbox
    + UnitOfWork
    + Directory
    + Conversations
    + Outbox
    + Approvals
    + Learning
    + AuditLog
    + Alerts
    + Operations
    + Ticks
    + Watches
    + 'static
{
}

impl<T> Store for T where
    T: Inbox
        + UnitOfWork
        + Directory
        + Conversations
        + Outbox
        + Approvals
        + Learning
        + AuditLog
        + Alerts
        + Operations
        + Ticks
        + Watches
        + 'static
{
}
