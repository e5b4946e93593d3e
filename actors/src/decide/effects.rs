//! Turns actions into rows of the queue. Deciding and approving both come through here: the same event and action
//! give the same idempotency key, so that nothing is queued twice.

use std::collections::HashMap;

use tenants::clock::Timestamp;
use tenants::conversation::Conversation;
use tenants::effect::{Action, ActionType, Effect, EffectState, IdempotencyKey};
use tenants::event::InboxEvent;
use tenants::ids::{AccountId, DecisionId, EffectId, Ids};
use tenants::policy::deadline;

/// Where the answers in a person's own words begin to count: they stand beside what the decision queued itself.
pub(super) const OWN_WORDS_POSITION: u32 = 1_000;

/// What all effects of one event have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub event: &'a InboxEvent,
    pub account: AccountId,
    pub thread: &'a Conversation,
    /// The direct messages with the person; the thread itself for direct messages.
    pub direct: Option<&'a Conversation>,
    pub decision: DecisionId,
    pub approved_by_person: bool,
    pub now: Timestamp,
}

/// Rows for actions, each with the moment before which it must not be sent.
pub(super) fn effects_of<'a>(
    origin: &Origin<'_>,
    actions: impl IntoIterator<Item = (&'a Action, Timestamp)>,
    first_position: u32,
    ids: &Ids,
) -> Vec<Effect> {
    let mut next_positions: HashMap<ActionType, u32> = HashMap::new();
    let mut effects = Vec::new();
    for (action, not_before) in actions {
        let position = next_positions.entry(action.action_type()).or_insert(first_position);
        effects.push(effect(origin, action, *position, not_before, EffectId::new(ids)));
        *position += 1;
    }
    effects
}

fn effect(
    origin: &Origin<'_>,
    action: &Action,
    position: u32,
    not_before: Timestamp,
    id: EffectId,
) -> Effect {
    let event = origin.event;
    let (kind, external_id) = (event.kind.as_str(), event.external_id.as_str());
    Effect {
        id,
        tenant: event.tenant,
        account: origin.account,
        conversation: Some(origin.thread.id),
        event: Some(event.id),
        decision: Some(origin.decision),
        idempotency_key: IdempotencyKey::derive(
            &event.tenant,
            kind,
            external_id,
            action.action_type(),
            position,
        ),
        state: EffectState::Pending,
        approved_by_person: origin.approved_by_person,
        retry_count: 0,
        error: None,
        error_category: None,
        skip_reason: None,
        instagram_id: None,
        next_retry_at: not_before,
        deadline: deadline(action, origin.direct, event.occurred_at.min(origin.now)),
        first_attempt_at: None,
        sent_at: None,
        received_at: Some(event.received_at),
        created_at: origin.now,
        updated_at: origin.now,
        action: action.clone(),
    }
}
