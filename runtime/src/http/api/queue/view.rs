//! An effect as it is shown.

use serde::Serialize;
use tenants::clock::Timestamp;
use tenants::effect::{ActionType, Effect, EffectState, ErrorCategory, SkipReason};
use tenants::ids::{AccountId, ConversationId, DecisionId, EffectId, EventId};
use utoipa::ToSchema;

use crate::http::api::actions::ActionView;
use crate::http::schema;

/// One call that changes the outside world, as it stands in the queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Effect)]
pub struct EffectView {
    #[schema(value_type = schema::Id)]
    id: EffectId,
    /// The account it leaves through.
    #[schema(value_type = schema::Id)]
    account: AccountId,
    #[schema(value_type = Option<schema::Id>)]
    conversation: Option<ConversationId>,
    /// The event it answers.
    #[schema(value_type = Option<schema::Id>)]
    event: Option<EventId>,
    /// The decision that made it.
    #[schema(value_type = Option<schema::Id>)]
    decision: Option<DecisionId>,
    /// The kind of action.
    #[schema(value_type = schema::ActionType)]
    action_type: ActionType,
    /// What to do.
    payload: ActionView,
    /// SHA-256 of what makes it unique: deciding twice cannot send twice.
    idempotency_key: String,
    /// Where it stands.
    #[schema(value_type = schema::EffectState)]
    status: EffectState,
    /// A person approved it.
    approved_by_person: bool,
    /// Tries that failed.
    retry_count: u32,
    /// The last error, for people.
    error: Option<String>,
    /// What the error means for what happens next.
    #[schema(value_type = Option<schema::ErrorCategory>)]
    error_category: Option<ErrorCategory>,
    /// Why it was skipped.
    #[schema(value_type = Option<schema::SkipReason>)]
    skip_reason: Option<SkipReason>,
    /// Instagram's id of what came of it.
    instagram_id: Option<String>,
    /// Not before this moment.
    #[schema(value_type = schema::Moment)]
    next_retry_at: Timestamp,
    /// Useless or forbidden after this moment.
    #[schema(value_type = Option<schema::Moment>)]
    deadline: Option<Timestamp>,
    /// When Instagram had it.
    #[schema(value_type = Option<schema::Moment>)]
    sent_at: Option<Timestamp>,
    /// When the event behind it was received.
    #[schema(value_type = Option<schema::Moment>)]
    received_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl From<Effect> for EffectView {
    fn from(effect: Effect) -> Self {
        Self {
            id: effect.id,
            account: effect.account,
            conversation: effect.conversation,
            event: effect.event,
            decision: effect.decision,
            action_type: effect.action.action_type(),
            payload: effect.action.into(),
            idempotency_key: effect.idempotency_key.0,
            status: effect.state,
            approved_by_person: effect.approved_by_person,
            retry_count: effect.retry_count,
            error: effect.error,
            error_category: effect.error_category,
            skip_reason: effect.skip_reason,
            instagram_id: effect.instagram_id,
            next_retry_at: effect.next_retry_at,
            deadline: effect.deadline,
            sent_at: effect.sent_at,
            received_at: effect.received_at,
            created_at: effect.created_at,
            updated_at: effect.updated_at,
        }
    }
}
