//! What programs outside leave behind: requests that carry a key so that they can be repeated, and signs of life.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Heartbeat, StoreError};
use crate::clock::Timestamp;
use crate::effect::{Effect, IdempotencyKey};
use crate::ids::TenantId;

/// A request that may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// SHA-256 (hex) of who asks, method, path and key.
    pub id: String,
    /// The tenant it is about, when it is about one.
    pub tenant: Option<TenantId>,
    /// SHA-256 (hex) of the body.
    pub fingerprint: String,
    /// Names this very try.
    pub claim: Uuid,
}

/// What was answered, to be answered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The type of the body.
    pub content_type: Option<String>,
    /// The version of what it shows.
    pub etag: Option<String>,
    /// Where what came of it is read.
    pub location: Option<String>,
    /// The body; `None` when it was too large to keep.
    pub body: Option<String>,
}

/// Until when what was begun and kept counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTimes {
    /// Now.
    pub now: Timestamp,
    /// What was begun before is forgotten.
    pub forgotten_before: Timestamp,
    /// What was begun before and has no answer was cut off.
    pub cut_off_before: Timestamp,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is the caller's to carry out.
    Begun {
        /// When the first try began: that of this request, or of one that was cut off.
        first_at: Timestamp,
    },
    /// It is being carried out.
    UnderWay,
    /// A try was cut off before its answer was kept: it may have been done.
    CutOff,
    /// The key belongs to a request with another body.
    OtherBody,
    /// It was carried out.
    Done(KeptAnswer),
}

/// Requests with keys, and the heartbeats of programs outside.
#[async_trait]
pub trait Outside: Send + Sync + 'static {
    /// Takes a request, or tells what is known of it. Of many at once exactly one begins. One that was cut off is taken
    /// over when `again`.
    async fn claim_request(
        &self,
        request: &KeyedRequest,
        times: KeyTimes,
        again: bool,
    ) -> Result<Claimed, StoreError>;

    /// Keeps the answer of a request that is still this claim's.
    async fn keep_answer(
        &self,
        request: &KeyedRequest,
        answer: &KeptAnswer,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets a request that is still this claim's: nothing was done.
    async fn forget_request(&self, request: &KeyedRequest) -> Result<(), StoreError>;

    /// Leaves a request that is still this claim's without an answer, begun at this moment: nobody knows whether it was
    /// done.
    async fn leave_request(&self, request: &KeyedRequest, begun_at: Timestamp) -> Result<(), StoreError>;

    /// The effect with this key.
    async fn find_effect_by_key(
        &self,
        tenant: &TenantId,
        key: &IdempotencyKey,
    ) -> Result<Option<Effect>, StoreError>;

    /// Stores a sign of life of a program outside.
    async fn put_outside_beat(&self, beat: &Heartbeat) -> Result<(), StoreError>;

    /// Programs outside that are taken for alive and have not beaten since before `before`, longest silent first.
    async fn silent_agents(&self, before: Timestamp, limit: u32) -> Result<Vec<Heartbeat>, StoreError>;

    /// Takes a program for down unless it has beaten since; true when it is.
    async fn mark_agent_down(&self, beat: &Heartbeat) -> Result<bool, StoreError>;
}
