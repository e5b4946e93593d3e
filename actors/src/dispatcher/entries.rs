//! Entries of the audit log about effects.

use serde_json::{Value, json};
use tenants::audit::NewAuditEntry;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::effect::Effect;
use tenants::ids::{AuditId, Ids};
use tenants::ports::Finding;

use super::records::{ACTOR, Cause, Record, error_text, state_after};
use super::verdict::Verdict;

impl Record<'_> {
    /// An entry about this effect, with what led to the verdict.
    pub fn audit(&self, event_type: &str, success: bool, verdict: &Verdict, cause: Cause<'_>) -> Change {
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

/// A word for a finding.
pub(super) fn finding_word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Done(_) => "done",
        Finding::NotDone => "not_done",
        Finding::TargetGone => "target_gone",
    }
}

/// The entry that an outcome is recorded under, and whether that is a success.
pub(super) fn event_type(verdict: &Verdict, cause: Cause<'_>) -> Option<(&'static str, bool)> {
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
