//! What the dispatcher writes down: the rows that go with a verdict, in one unit of work.

use std::time::Duration;

use serde_json::{Value, json};
use tenants::account::Account;
use tenants::alert::{AlertType, NewAlert};
use tenants::audit::NewAuditEntry;
use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::conversation::{CommentStatus, ConversationKind, Direction, Message};
use tenants::effect::{Action, Effect, EffectState, ErrorCategory, LikeTarget, ReplyTarget, SkipReason};
use tenants::ids::{AccountId, AgencyId, AlertId, AuditId, Ids, MessageId};
use tenants::ports::{Finding, ReadyEffect, SendError};

use super::verdict::Verdict;

/// Who the dispatcher is in the audit log.
pub(super) const ACTOR: &str = "dispatcher";
/// Graph code for a temporary block after a violation of the policies.
const BLOCKED_FOR_VIOLATION: i64 = 368;

/// What led to a verdict.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause<'a> {
    /// A call took this long and ended with this error, if any.
    Call { latency: Duration, error: Option<&'a SendError> },
    /// Instagram was read back.
    ReadBack { finding: &'a Finding },
    /// The world had moved on when the effect's turn came.
    Policy,
    /// The account it should leave through is not there any more.
    NoAccount,
}

/// Everything needed to write down what became of an effect.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub ready: &'a ReadyEffect,
    pub agency: AgencyId,
    pub account: Option<&'a Account>,
    pub ids: &'a Ids,
    pub now: Timestamp,
    /// The comment still shows as queued, so giving up on the effect shows on it.
    pub comment_waits: bool,
}

impl Record<'_> {
    /// The intent: stored before the call.
    pub fn intent(effect: &Effect, now: Timestamp) -> Changes {
        let from = [EffectState::Pending, EffectState::Failed];
        let mut begins = EffectMove::new(effect.id, &from, EffectState::Processing, now);
        begins.begins_attempt = true;
        Changes::of_tenant(effect.tenant).with(Change::MoveEffect(begins))
    }

    /// All that a verdict changes.
    pub fn changes(&self, verdict: &Verdict, cause: Cause<'_>, from: &[EffectState]) -> Changes {
        let effect = &self.ready.effect;
        let mut changes = Changes::of_tenant(effect.tenant);
        changes.push(Change::MoveEffect(self.effect_move(verdict, cause, from)));
        if let Some(change) = self.comment_change(verdict) {
            changes.push(change);
        }
        if let Verdict::Sent { instagram_id: Some(mid) } = verdict {
            changes.list.extend(self.message(mid).map(|message| Change::PutMessage(Box::new(message))));
        }
        changes.list.extend(self.account_changes(verdict, cause));
        if let Cause::ReadBack { .. } = cause {
            changes.push(self.audit("effect.reconciled", true, verdict, cause));
        }
        if let Some((event_type, success)) = event_type(verdict, cause) {
            changes.push(self.audit(event_type, success, verdict, cause));
        }
        changes
    }

    /// What a verdict changes apart from the effect: the account's status, and an alert.
    pub fn account_changes(&self, verdict: &Verdict, cause: Cause<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Verdict::TokenRefused { status } = verdict {
            changes.push(Change::SetAccountStatus { account: self.ready.effect.account, status: *status });
        }
        let alert = self.alert(verdict, cause);
        changes.extend(alert.map(|alert| Change::RaiseAlert(Box::new(alert), self.now)));
        changes
    }

    fn effect_move(&self, verdict: &Verdict, cause: Cause<'_>, from: &[EffectState]) -> EffectMove {
        let effect = &self.ready.effect;
        let mut to = EffectMove::new(effect.id, from, state_after(verdict), self.now);
        if let Cause::Call { error: Some(error), .. } = cause {
            to.error = Some(error_text(error));
            to.error_category = Some(error.category);
        }
        if let Cause::NoAccount = cause {
            to.error =
                Some("the account is not connected any more; connect it and queue the effect again".into());
            to.error_category = Some(ErrorCategory::Permanent);
        }
        match verdict {
            Verdict::Sent { instagram_id } => to.instagram_id.clone_from(instagram_id),
            Verdict::Limited { until, .. } => to.next_retry_at = Some(*until),
            Verdict::TokenRefused { .. } => {}
            Verdict::TryAgain { at } => {
                to.retry_count = Some(effect.retry_count + 1);
                to.next_retry_at = Some(*at);
            }
            Verdict::GiveUp => to.retry_count = Some(effect.retry_count + 1),
            Verdict::Skip(reason) => to.skip_reason = Some(*reason),
            Verdict::ReadBack { at } => to.next_retry_at = Some(*at),
        }
        // A failed read-back and one that found nothing keep saying why the answer was lost.
        if let (Cause::ReadBack { .. }, Verdict::TryAgain { .. } | Verdict::GiveUp) = (cause, verdict) {
            to.error = Some("the answer was lost, and Instagram shows that it was not done".into());
            to.error_category = Some(ErrorCategory::Unknown);
        }
        to
    }

    fn comment_change(&self, verdict: &Verdict) -> Option<Change> {
        let action = &self.ready.effect.action;
        let (status, reply) = match verdict {
            Verdict::Sent { .. } => status_when_sent(action)?,
            Verdict::Skip(reason) if self.comment_waits => (status_when_skipped(*reason), None),
            Verdict::GiveUp if self.comment_waits => (CommentStatus::Escalated, None),
            _ => return None,
        };
        let external_id = comment_of(action)?.to_owned();
        Some(Change::MarkComment { account: self.ready.effect.account, external_id, status, reply })
    }

    /// The direct message that came of it, for our side of the conversation.
    fn message(&self, mid: &str) -> Option<Message> {
        let effect = &self.ready.effect;
        let text = match &effect.action {
            Action::SendDm { text, .. }
            | Action::ReplyDm { text, .. }
            | Action::PrivateReply { text, .. } => text,
            _ => return None,
        };
        let thread = self.ready.thread.as_ref().filter(|thread| thread.kind == ConversationKind::Direct);
        let conversation = self.ready.direct.as_ref().or(thread)?.id;
        Some(Message {
            id: MessageId::new(self.ids),
            account: effect.account,
            conversation,
            external_id: mid.to_owned(),
            direction: Direction::Outbound,
            text: text.clone(),
            attachments: Vec::new(),
            effect: Some(effect.id),
            intent: None,
            confidence: None,
            sentiment: None,
            language: None,
            deleted: false,
            occurred_at: self.now,
            created_at: self.now,
        })
    }

    fn alert(&self, verdict: &Verdict, cause: Cause<'_>) -> Option<NewAlert> {
        let effect = &self.ready.effect;
        let handle =
            self.account.map_or_else(|| effect.account.to_string(), |found| format!("@{}", found.username));
        let error = match cause {
            Cause::Call { error: Some(error), .. } => error_text(error),
            _ => "see the audit log".to_owned(),
        };
        let code = match cause {
            Cause::Call { error: Some(error), .. } => error.code,
            _ => None,
        };
        let (alert_type, message, key) = match verdict {
            Verdict::TokenRefused { .. } => (
                AlertType::AuthFailure,
                format!(
                    "Instagram refused the token of {handle}: connect the account again; its queue waits ({error})"
                ),
                auth_failure_key(&effect.account),
            ),
            Verdict::Limited { until, .. } if code == Some(BLOCKED_FOR_VIOLATION) => (
                AlertType::ContentViolation,
                format!(
                    "Instagram blocked {handle} until {until} for a violation: check what was sent ({error})"
                ),
                format!("content_violation:{}", effect.account),
            ),
            Verdict::Limited { until, app_wide } => (
                AlertType::RateLimit,
                format!("Instagram limits {handle}: its queue goes on at {until} ({error})"),
                rate_limit_key(effect, *app_wide),
            ),
            Verdict::GiveUp => (
                AlertType::DeadLetter,
                format!(
                    "{} of {handle} could not be done and waits in the dead letters: retry or leave it ({error})",
                    effect.action.action_type()
                ),
                format!("dead_letter:{}", effect.account),
            ),
            _ => return None,
        };
        Some(self.new_alert(
            alert_type,
            message,
            key,
            json!({ "effect": effect.id, "account": effect.account }),
        ))
    }

    /// An alert about an effect that cannot be read back.
    pub fn read_back_alert(&self, error: &SendError, failures: u32) -> NewAlert {
        let effect = &self.ready.effect;
        let message = format!(
            "whether {} {} was done cannot be read from Instagram after {failures} attempts: {}",
            effect.action.action_type(),
            effect.id,
            error_text(error)
        );
        let details = json!({ "effect": effect.id, "account": effect.account });
        self.new_alert(AlertType::SyncFailure, message, read_back_key(effect), details)
    }

    fn new_alert(
        &self,
        alert_type: AlertType,
        message: String,
        dedup_key: String,
        details: Value,
    ) -> NewAlert {
        NewAlert {
            id: AlertId::new(self.ids),
            agency: Some(self.agency),
            tenant: Some(self.ready.effect.tenant),
            alert_type,
            message,
            details,
            dedup_key,
        }
    }

    fn audit(&self, event_type: &str, success: bool, verdict: &Verdict, cause: Cause<'_>) -> Change {
        let mut entry = audit_entry(&self.ready.effect, event_type, ACTOR, self.ids, self.now);
        entry.success = success;
        if let Value::Object(details) = &mut entry.details {
            details.insert("state".into(), json!(state_after(verdict)));
            match verdict {
                Verdict::Sent { instagram_id } => {
                    _ = details.insert("instagram_id".into(), json!(instagram_id))
                }
                Verdict::Skip(reason) => _ = details.insert("reason".into(), json!(reason)),
                Verdict::Limited { until: at, .. } | Verdict::TryAgain { at } | Verdict::ReadBack { at } => {
                    details.insert("next_at".into(), json!(at));
                }
                Verdict::TokenRefused { .. } | Verdict::GiveUp => {}
            }
            match cause {
                Cause::Call { latency, error } => {
                    details.insert("latency_ms".into(), json!(latency.as_millis() as u64));
                    if let Some(error) = error {
                        entry.error = Some(error_text(error));
                        details.insert("code".into(), json!(error.code));
                        details.insert("subcode".into(), json!(error.subcode));
                        details.insert("category".into(), json!(error.category));
                    }
                }
                Cause::ReadBack { finding } => {
                    details.insert("finding".into(), json!(finding_word(finding)));
                }
                Cause::Policy => {}
                Cause::NoAccount => entry.error = Some("the account is not connected any more".into()),
            }
        }
        Change::Audit(Box::new(entry))
    }
}

/// An entry of the audit log about an effect, successful unless it is changed.
pub(super) fn audit_entry(
    effect: &Effect,
    event_type: &str,
    actor: &str,
    ids: &Ids,
    now: Timestamp,
) -> NewAuditEntry {
    NewAuditEntry {
        id: AuditId::new(ids),
        event_type: event_type.to_owned(),
        action: effect.action.action_type().as_str().to_owned(),
        resource_type: "effect".to_owned(),
        resource_id: effect.id.to_string(),
        actor: actor.to_owned(),
        success: true,
        error: None,
        details: json!({
            "action": effect.action.action_type(),
            "account": effect.account,
            "conversation": effect.conversation,
            "decision": effect.decision,
            "event": effect.event,
            "attempts": effect.retry_count + 1,
        }),
        at: now,
    }
}

/// The state a verdict leads to.
pub(super) fn state_after(verdict: &Verdict) -> EffectState {
    match verdict {
        Verdict::Sent { .. } => EffectState::Sent,
        Verdict::Limited { .. } | Verdict::TryAgain { .. } => EffectState::Failed,
        Verdict::TokenRefused { .. } => EffectState::Pending,
        Verdict::GiveUp => EffectState::Dlq,
        Verdict::Skip(_) => EffectState::Skipped,
        Verdict::ReadBack { .. } => EffectState::Unknown,
    }
}

/// Unresolved alerts about an account's token have this key.
pub(super) fn auth_failure_key(account: &AccountId) -> String {
    format!("auth_failure:{account}")
}

/// Unresolved alerts about Instagram's limits have this key.
pub(super) fn rate_limit_key(effect: &Effect, app_wide: bool) -> String {
    if app_wide { "rate_limit:app".to_owned() } else { format!("rate_limit:{}", effect.account) }
}

/// Unresolved alerts about effects of an account that cannot be read back have this key.
pub(super) fn read_back_key(effect: &Effect) -> String {
    format!("sync_failure:read_back:{}", effect.account)
}

/// A word for a finding.
pub(super) fn finding_word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Done(_) => "done",
        Finding::NotDone => "not_done",
        Finding::TargetGone => "target_gone",
    }
}

/// The comment that an action is about, by Instagram's id.
pub(super) fn comment_of(action: &Action) -> Option<&str> {
    match action {
        Action::ReplyComment { target: ReplyTarget::Comment { comment_id }, .. }
        | Action::HideComment { comment_id }
        | Action::DeleteComment { comment_id }
        | Action::PrivateReply { comment_id, .. }
        | Action::Like { target: LikeTarget::Comment { comment_id } } => Some(comment_id),
        Action::ReplyComment { target: ReplyTarget::Mention { media_id, comment_id }, .. } => {
            Some(comment_id.as_deref().unwrap_or(media_id))
        }
        Action::SendDm { .. } | Action::ReplyDm { .. } | Action::Like { .. } => None,
    }
}

/// An error in a sentence, with Graph's numbers.
pub(super) fn error_text(error: &SendError) -> String {
    match (error.code, error.subcode) {
        (Some(code), Some(subcode)) => format!("{} ({code}/{subcode})", error.message),
        (Some(code), None) => format!("{} ({code})", error.message),
        _ => error.message.clone(),
    }
}

fn event_type(verdict: &Verdict, cause: Cause<'_>) -> Option<(&'static str, bool)> {
    match (verdict, cause) {
        (Verdict::Sent { .. }, _) => Some(("effect.sent", true)),
        (Verdict::GiveUp, _) => Some(("effect.dead_lettered", false)),
        (Verdict::Skip(_), _) => Some(("effect.skipped", true)),
        (_, Cause::ReadBack { .. }) => None,
        (Verdict::ReadBack { .. }, _) => Some(("effect.unknown", false)),
        (Verdict::Limited { .. } | Verdict::TokenRefused { .. } | Verdict::TryAgain { .. }, _) => {
            Some(("effect.failed", false))
        }
    }
}

fn status_when_sent(action: &Action) -> Option<(CommentStatus, Option<String>)> {
    match action {
        Action::ReplyComment { text, .. } => Some((CommentStatus::Replied, Some(text.clone()))),
        // The reply of a comment is the public one; the private one is a message of the conversation.
        Action::PrivateReply { .. } => Some((CommentStatus::Replied, None)),
        Action::HideComment { .. } => Some((CommentStatus::Hidden, None)),
        Action::DeleteComment { .. } => Some((CommentStatus::Deleted, None)),
        Action::SendDm { .. } | Action::ReplyDm { .. } | Action::Like { .. } => None,
    }
}

fn status_when_skipped(reason: SkipReason) -> CommentStatus {
    match reason {
        SkipReason::TargetGone => CommentStatus::Deleted,
        SkipReason::AlreadyReplied => CommentStatus::Replied,
        SkipReason::HumanTookOver => CommentStatus::Escalated,
        SkipReason::OptedOut | SkipReason::AuthorBlocked => CommentStatus::Ignored,
        SkipReason::WindowClosed
        | SkipReason::PrivateReplyExpired
        | SkipReason::TenantSuspended
        | SkipReason::DeadlinePassed => CommentStatus::Seen,
    }
}
