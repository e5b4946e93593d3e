//! What the dispatcher writes down: the rows that go with a verdict, in one unit of work.

use std::time::Duration;

use tenants::account::Account;
use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::connect::ConnectChange;
use tenants::effect::{Effect, EffectState, ErrorCategory};
use tenants::ids::{AgencyId, Ids};
use tenants::ports::{Finding, ReadyEffect, SendError};

use super::entries::event_type;
use super::verdict::Verdict;
use crate::publishing::{EffectOutcome, after_effect};

/// Who the dispatcher is in the audit log.
pub(super) const ACTOR: &str = "dispatcher";

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
        changes.list.extend(after_effect(self.post_outcome(verdict, cause), self.ids, self.now));
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
        if let Verdict::TokenRefused { status, trouble } = verdict {
            let (since, error) = match cause {
                Cause::Call { latency, error } => (self.now - latency, error.map(error_text)),
                _ => (self.now, None),
            };
            // A call may have begun with a token that was replaced before its answer came.
            changes.push(Change::Connect(ConnectChange::TokenRefused {
                account: self.ready.effect.account,
                status: *status,
                trouble: *trouble,
                error: error.unwrap_or_default(),
                since,
                alert: Box::new(self.token_alert(*trouble, cause)),
                at: self.now,
            }));
        }
        let alert = self.alert(verdict, cause);
        changes.extend(alert.map(|alert| Change::RaiseAlert(Box::new(alert), self.now)));
        changes
    }

    fn post_outcome<'a>(&'a self, verdict: &Verdict, cause: Cause<'a>) -> EffectOutcome<'a> {
        let (latency, error) = match cause {
            Cause::Call { latency, error } => (Some(latency), error),
            Cause::ReadBack { .. } | Cause::Policy | Cause::NoAccount => (None, None),
        };
        EffectOutcome { effect: &self.ready.effect, state: state_after(verdict), error, latency }
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
        let was_refused = effect.error_category == Some(ErrorCategory::Permanent);
        if let (Cause::ReadBack { .. }, Verdict::GiveUp, true) = (cause, verdict, was_refused) {
            to.error.clone_from(&effect.error);
            to.error_category = effect.error_category;
        } else if let (Cause::ReadBack { .. }, Verdict::TryAgain { .. } | Verdict::GiveUp) = (cause, verdict)
        {
            to.error = Some("the answer was lost, and Instagram shows that it was not done".into());
            to.error_category = Some(ErrorCategory::Unknown);
        }
        to
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

/// An error in a sentence, with Graph's numbers.
pub(super) fn error_text(error: &SendError) -> String {
    match (error.code, error.subcode) {
        (Some(code), Some(subcode)) => format!("{} ({code}/{subcode})", error.message),
        (Some(code), None) => format!("{} ({code})", error.message),
        _ => error.message.clone(),
    }
}
