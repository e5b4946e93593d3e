//! What Instagram's read API shows, for comparing with what webhooks have told.

use async_trait::async_trait;
use serde_json::Value;

use super::{SendError, Usage};
use crate::account::Account;
use crate::clock::Timestamp;
use crate::effect::ErrorCategory;
use crate::event::{EventBody, EventKind, EventSource, NewEvent};
use crate::ids::EventId;

/// Something read, with how full the allowance is.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOf<T> {
    /// What was read.
    pub found: T,
    /// Usage headers.
    pub usage: Usage,
}

/// A post, reel or story of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenMedia {
    /// Instagram's id.
    pub id: String,
    /// When it was posted.
    pub posted_at: Timestamp,
    /// Comments and replies below it, as Instagram counts them; `None` when it does not say.
    pub comments: Option<u64>,
    /// Likes; `None` where they are hidden.
    pub likes: Option<u64>,
    /// Where people see it.
    pub permalink: Option<String>,
}

/// Something that was written, as the webhook about it would have told.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenItem {
    /// What it is about.
    pub kind: EventKind,
    /// The id the webhook's event has.
    pub external_id: String,
    /// Items with the same key are worked on in order.
    pub conversation_key: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// What it says.
    pub body: EventBody,
    /// A webhook's item made of what was read.
    pub raw: Value,
}

impl SeenItem {
    /// The event to store. A webhook about the same thing is a duplicate of it, and it of that.
    pub fn into_event(self, id: EventId, account: &Account, received_at: Timestamp) -> NewEvent {
        NewEvent {
            id,
            tenant: account.tenant,
            account: Some(account.id),
            source: EventSource::Backfill,
            kind: self.kind,
            external_id: self.external_id,
            conversation_key: self.conversation_key,
            occurred_at: self.written_at,
            received_at,
            body: self.body,
            raw: self.raw,
        }
    }
}

/// What was read of comments or messages.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SeenItems {
    /// Items written at or after the asked moment, in no order.
    pub items: Vec<SeenItem>,
    /// Everything that was listed, also what is older or could not be understood.
    pub listed: usize,
    /// The list was longer than may be read at once: older items may be missing.
    pub is_cut: bool,
}

/// Reads through the account's token; changes nothing.
#[async_trait]
pub trait ActivityReader: Send + Sync + 'static {
    /// The newest media of the account, at most 25.
    async fn recent_media(&self, account: &Account) -> Result<ReadOf<Vec<SeenMedia>>, SendError>;

    /// Comments below one of its media, with the replies to them, written at or after `since`.
    async fn comments_below(
        &self,
        account: &Account,
        media_id: &str,
        since: Timestamp,
    ) -> Result<ReadOf<SeenItems>, SendError>;

    /// Direct messages written at or after `since`, of threads that moved since then. Of a thread Instagram gives
    /// details of the newest 20 messages only.
    async fn messages(&self, account: &Account, since: Timestamp) -> Result<ReadOf<SeenItems>, SendError>;

    /// Fields whose webhooks are switched on for the account; empty when none are.
    async fn webhook_fields(&self, account: &Account) -> Result<ReadOf<Vec<String>>, SendError>;
}

/// An Instagram whose read API does not answer, for this reason.
#[derive(Debug, Clone, Copy)]
pub struct NoActivity(pub &'static str);

impl NoActivity {
    fn refuse<T>(self) -> Result<T, SendError> {
        Err(SendError {
            category: ErrorCategory::Transient,
            code: None,
            subcode: None,
            message: self.0.to_owned(),
            retry_after: None,
            app_wide: false,
            skip_reason: None,
            usage: Usage::default(),
        })
    }
}

#[async_trait]
impl ActivityReader for NoActivity {
    async fn recent_media(&self, _account: &Account) -> Result<ReadOf<Vec<SeenMedia>>, SendError> {
        self.refuse()
    }

    async fn comments_below(
        &self,
        _account: &Account,
        _media_id: &str,
        _since: Timestamp,
    ) -> Result<ReadOf<SeenItems>, SendError> {
        self.refuse()
    }

    async fn messages(&self, _account: &Account, _since: Timestamp) -> Result<ReadOf<SeenItems>, SendError> {
        self.refuse()
    }

    async fn webhook_fields(&self, _account: &Account) -> Result<ReadOf<Vec<String>>, SendError> {
        self.refuse()
    }
}
