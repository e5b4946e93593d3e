//! Queues effects and moves them on.

use tenants::audit::Chain;
use tenants::changes::{Change, EffectMove};
use tenants::effect::{Action, Effect, EffectState, ErrorCategory, LikeTarget, ReplyTarget, SkipReason};

use super::schedule::Group;
use crate::db::{Connection, run_bulk};
use crate::failure::Failure;
use crate::statement::bulk_statements;
use crate::types::{Doc, Moment, maybe_text, text};

bulk_statements! {
    ADD_EFFECTS {
        "insert into post_queue (id, tenant_id, account_id, conversation_id, event_id, decision_id, action_type, \
         payload, target_comment_id, recipient_id, text, idempotency_key, status, approved_by_person, retry_count, \
         error, error_category, skip_reason, instagram_id, next_retry_at, deadline, first_attempt_at, sent_at, \
         received_at, created_at, updated_at, post_id) values"
        [uuid uuid uuid uuid uuid uuid text jsonb text text text text text boolean bigint text text text text
         timestamptz timestamptz timestamptz timestamptz timestamptz timestamptz timestamptz uuid]
        "on conflict (tenant_id, idempotency_key) do nothing"
    }
    /// `column3` holds the states the effect may be in, each between commas.
    MOVE_EFFECTS {
        "update post_queue set status = v.column4, updated_at = v.column5, \
         retry_count = coalesce(v.column6, retry_count), error = v.column7, error_category = v.column8, \
         skip_reason = v.column9, instagram_id = coalesce(v.column10, instagram_id), \
         next_retry_at = coalesce(v.column11, next_retry_at), \
         first_attempt_at = case when v.column12 then coalesce(first_attempt_at, v.column5) \
         else first_attempt_at end, \
         sent_at = case when v.column4 = 'sent' then v.column5 else sent_at end from (values"
        [uuid uuid text text timestamptz bigint text text text text timestamptz boolean]
        ") as v where id = v.column2 and tenant_id = v.column1 and v.column3 like '%,' || status || ',%'"
    }
}

pub(crate) async fn add_effects(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    let effects: Vec<&Effect> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::AddEffect(effect) => Some((item.chain, effect.as_ref())),
            _ => None,
        })
        .map(|(chain, effect)| match Chain::Tenant(effect.tenant) == chain {
            true => Ok(effect),
            false => Err(Failure::Conflict(format!("{} belongs to another tenant", effect.id))),
        })
        .collect::<Result<_, _>>()?;
    run_bulk!(connection, ADD_EFFECTS, &effects, |query, effect| query
        .bind(effect.id.0)
        .bind(effect.tenant.0)
        .bind(effect.account.0)
        .bind(effect.conversation.map(|id| id.0))
        .bind(effect.event.map(|id| id.0))
        .bind(effect.decision.map(|id| id.0))
        .bind(effect.action.action_type().as_str())
        .bind(Doc(&effect.action))
        .bind(target_comment(&effect.action).map(text))
        .bind(recipient(&effect.action).map(text))
        .bind(effect.action.text().map(text))
        .bind(text(&effect.idempotency_key.0))
        .bind(effect.state.as_str())
        .bind(effect.approved_by_person)
        .bind(i64::from(effect.retry_count))
        .bind(maybe_text(&effect.error))
        .bind(effect.error_category.map(ErrorCategory::as_str))
        .bind(effect.skip_reason.map(SkipReason::as_str))
        .bind(maybe_text(&effect.instagram_id))
        .bind(Moment(effect.next_retry_at))
        .bind(effect.deadline.map(Moment))
        .bind(effect.first_attempt_at.map(Moment))
        .bind(effect.sent_at.map(Moment))
        .bind(effect.received_at.map(Moment))
        .bind(Moment(effect.created_at))
        .bind(Moment(effect.updated_at))
        .bind(effect.action.post().map(|post| post.0)))?;
    Ok(())
}

pub(crate) async fn move_effects(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    let moves: Vec<_> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::MoveEffect(effect_move) => Some((item.chain.uuid(), effect_move)),
            _ => None,
        })
        .collect();
    let moved = run_bulk!(connection, MOVE_EFFECTS, &moves, |query, row| query
        .bind(row.0)
        .bind(row.1.effect.0)
        .bind(allowed_states(row.1))
        .bind(row.1.to.as_str())
        .bind(Moment(row.1.at))
        .bind(row.1.retry_count.map(i64::from))
        .bind(maybe_text(&row.1.error))
        .bind(row.1.error_category.map(ErrorCategory::as_str))
        .bind(row.1.skip_reason.map(SkipReason::as_str))
        .bind(maybe_text(&row.1.instagram_id))
        .bind(row.1.next_retry_at.map(Moment))
        .bind(row.1.begins_attempt))?;
    if moved == moves.len() as u64 {
        return Ok(());
    }
    // With several moves it is not known which one did not fit; each is then tried alone and gets this answer.
    let effect = moves.first().map(|(_, it)| it.effect.to_string()).unwrap_or_default();
    Err(Failure::Conflict(format!("{effect} is not in a state from which it can be moved")))
}

fn allowed_states(effect_move: &EffectMove) -> String {
    let mut states = String::from(",");
    for state in effect_move.from.iter().copied().map(EffectState::as_str) {
        states.push_str(state);
        states.push(',');
    }
    states
}

/// The comment an action is about.
fn target_comment(action: &Action) -> Option<&str> {
    match action {
        Action::HideComment { comment_id }
        | Action::DeleteComment { comment_id }
        | Action::PrivateReply { comment_id, .. }
        | Action::ReplyComment { target: ReplyTarget::Comment { comment_id }, .. }
        | Action::Like { target: LikeTarget::Comment { comment_id } } => Some(comment_id),
        Action::ReplyComment { target: ReplyTarget::Mention { comment_id, .. }, .. } => comment_id.as_deref(),
        Action::SendDm { .. }
        | Action::AskDm { .. }
        | Action::ReplyDm { .. }
        | Action::Like { target: LikeTarget::Message { .. } }
        | Action::CreateContainer { .. }
        | Action::PublishPost { .. }
        | Action::FirstComment { .. } => None,
    }
}

/// The person an action writes to, when it names one.
fn recipient(action: &Action) -> Option<&str> {
    match action {
        Action::SendDm { recipient_id, .. }
        | Action::AskDm { recipient_id, .. }
        | Action::ReplyDm { recipient_id, .. }
        | Action::Like { target: LikeTarget::Message { recipient_id, .. } } => Some(recipient_id),
        _ => None,
    }
}
