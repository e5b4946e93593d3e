//! The queue of effects, as it is read.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{PageRequest, StoreError};
use crate::clock::Timestamp;
use crate::conversation::Conversation;
use crate::effect::{ActionType, Effect, EffectState};
use crate::ids::{AccountId, ConversationId, EffectId, TenantId};

/// An effect with all that the policy gate and the sender need at the moment of sending.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyEffect {
    /// The effect.
    pub effect: Effect,
    /// Its thread.
    pub thread: Option<Conversation>,
    /// Our direct messages with the same person.
    pub direct: Option<Conversation>,
    /// When the comment behind a private reply was written.
    pub comment_written_at: Option<Timestamp>,
    /// Another private reply to the same comment is sent, under way or unknown.
    pub private_reply_used: bool,
}

/// Which effects to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EffectFilter {
    /// Only this state.
    pub state: Option<EffectState>,
    /// Only this action.
    pub action_type: Option<ActionType>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only of this conversation.
    pub conversation: Option<ConversationId>,
}

/// How much of the queue is where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectCount {
    /// The action.
    pub action_type: ActionType,
    /// The state.
    pub state: EffectState,
    /// How many.
    pub count: i64,
}

/// The queue of effects.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Tenants with effects that are due (`pending` or `failed`, `next_retry_at` reached).
    async fn tenants_with_due_effects(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError>;
    /// When the next effect of any tenant that is not due yet becomes due.
    async fn next_due_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;
    /// Due effects of a tenant, earliest deadline first, then oldest, whose id is not in `except` and whose
    /// account and action are not in `blocked`; at most `limit`.
    ///
    /// Keeps the order of a conversation: an effect that speaks (reply_comment, private_reply, send_dm, reply_dm)
    /// is left out while another speaking effect of its conversation is `processing` or `unknown`, or while an
    /// earlier one (smaller id) is due or `failed`. Moderation and likes are never held back by this.
    async fn due_effects(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        except: &[EffectId],
        blocked: &[(AccountId, ActionType)],
        limit: u32,
    ) -> Result<Vec<ReadyEffect>, StoreError>;
    /// At start: everything `processing` becomes `unknown`, because no call survives its process. Returns how many.
    async fn interrupted_to_unknown(&self, at: Timestamp) -> Result<u64, StoreError>;
    /// Effects in state `unknown` that may be read back now (`next_retry_at` reached), oldest first.
    async fn unknown_effects(&self, now: Timestamp, limit: u32) -> Result<Vec<ReadyEffect>, StoreError>;
    /// Instagram ids that effects of this account have claimed, with `sent_at` at or after `since`: a read-back must
    /// not take them for another effect's.
    async fn claimed_instagram_ids(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<String>, StoreError>;
    /// The effect that created this reply or message on Instagram, or one of the same conversation and text whose
    /// outcome is still open (`processing` or `unknown`): tells our own echo from a person's message.
    async fn find_effect_behind(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversation_key: &str,
        instagram_id: &str,
        text: &str,
    ) -> Result<Option<Effect>, StoreError>;
    /// One effect.
    async fn find_effect(&self, tenant: &TenantId, effect: &EffectId) -> Result<Option<Effect>, StoreError>;
    /// Effects, newest first.
    async fn list_effects(
        &self,
        tenant: &TenantId,
        filter: &EffectFilter,
        page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError>;
    /// Effects by action and state; of one tenant, or of all.
    async fn effect_counts(&self, tenant: Option<&TenantId>) -> Result<Vec<EffectCount>, StoreError>;
    /// Effects of one account that wait before a moment in the queue; for an honest ETA.
    async fn waiting_effects(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Vec<EffectCount>, StoreError>;
}
