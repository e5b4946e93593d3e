//! What people do to queued effects, as changes to commit. A [`Conflict`](tenants::ports::StoreError::Conflict)
//! of the commit means that the effect moved on meanwhile; these functions refuse what cannot fit beforehand.

use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::effect::{Action, Effect, EffectState, ErrorCategory};
use tenants::ids::{Ids, PostId};

use super::entries::audit_entry;

/// Why an operation does not fit the effect as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// What is done to a post is done to it as a whole.
    #[error("the effect is a step of {0}: cancel or retry the post")]
    StepOfPost(PostId),
    /// Only what still waits can be called off.
    #[error("the effect is {0}: only pending and failed effects can be cancelled")]
    NotWaiting(EffectState),
    /// Only dead letters can be retried by a person.
    #[error("the effect is {0}: only effects in the dead letters can be retried")]
    NotDead(EffectState),
}

/// Calls an effect off. `who` is the actor for the audit log, such as `key:key_0190…`.
///
/// # Errors
/// When the effect is under way, unknown or settled.
pub fn cancel(effect: &Effect, who: &str, ids: &Ids, now: Timestamp) -> Result<Changes, OperationError> {
    refuse_step_of_post(effect)?;
    let from = [EffectState::Pending, EffectState::Failed];
    if !from.contains(&effect.state) {
        return Err(OperationError::NotWaiting(effect.state));
    }
    let off = EffectMove::new(effect.id, &from, EffectState::Cancelled, now);
    let entry = audit_entry(effect, "effect.cancelled", who, ids, now);
    Ok(Changes::of_tenant(effect.tenant).with(Change::MoveEffect(off)).with(Change::Audit(Box::new(entry))))
}

/// Gives a dead letter all its tries again. When the answer to its last call was lost, it goes through
/// [`EffectState::Unknown`], so that Instagram is read before anything is sent. Send
/// [`Hint::Effects`](tenants::ports::Hint::Effects) after the commit.
///
/// # Errors
/// When the effect is not in the dead letters.
pub fn retry_from_dlq(
    effect: &Effect,
    who: &str,
    ids: &Ids,
    now: Timestamp,
) -> Result<Changes, OperationError> {
    refuse_step_of_post(effect)?;
    if effect.state != EffectState::Dlq {
        return Err(OperationError::NotDead(effect.state));
    }
    let answer_lost =
        effect.first_attempt_at.is_some() && effect.error_category == Some(ErrorCategory::Unknown);
    let to = if answer_lost { EffectState::Unknown } else { EffectState::Pending };
    let mut again = EffectMove::new(effect.id, &[EffectState::Dlq], to, now);
    again.retry_count = Some(0);
    again.next_retry_at = Some(now);
    if answer_lost {
        again.error.clone_from(&effect.error);
        again.error_category = effect.error_category;
    }
    let entry = audit_entry(effect, "effect.retried", who, ids, now);
    Ok(Changes::of_tenant(effect.tenant).with(Change::MoveEffect(again)).with(Change::Audit(Box::new(entry))))
}

/// True for what makes a post visible, or leads to it. A later attempt at the post may have done it meanwhile, so that
/// nobody may repeat it alone.
pub(super) fn is_step_of_post(action: &Action) -> bool {
    matches!(action, Action::CreateContainer { .. } | Action::PublishPost { .. })
}

fn refuse_step_of_post(effect: &Effect) -> Result<(), OperationError> {
    match effect.action.post() {
        Some(post) if is_step_of_post(&effect.action) => Err(OperationError::StepOfPost(*post)),
        _ => Ok(()),
    }
}
