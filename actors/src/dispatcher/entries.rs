//! Entries of the audit log about effects.

use serde_json::{Map, Value, json};
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
        let effect = &self.ready.effect;
        let mut details = particulars(effect);
        let mut add = |key: &str, value: Value| _ = details.insert(key.to_owned(), value);
        add("state", json!(state_after(verdict)));
        match verdict {
            Verdict::Sent { instagram_id } => add("instagram_id", json!(instagram_id)),
            Verdict::Skip(reason) => add("reason", json!(reason)),
            Verdict::Limited { until: at, .. } | Verdict::TryAgain { at } | Verdict::ReadBack { at } => {
                add("next_at", json!(at));
            }
            Verdict::TokenRefused { trouble, .. } => add("trouble", json!(trouble)),
            Verdict::GiveUp => {}
        }
        let mut problem = None;
        match cause {
            Cause::Call { latency, error } => {
                add("latency_ms", json!(latency.as_millis() as u64));
                if let Some(error) = error {
                    problem = Some(error_text(error));
                    add("code", json!(error.code));
                    add("subcode", json!(error.subcode));
                    add("category", json!(error.category));
                }
            }
            Cause::ReadBack { finding } => add("finding", json!(finding_word(finding))),
            Cause::Policy => {}
            Cause::NoAccount => problem = Some("the account is not connected any more".into()),
        }
        let entry = NewAuditEntry {
            success,
            error: problem,
            details: Value::Object(details).into(),
            ..audit_entry(effect, event_type, ACTOR, self.ids, self.now)
        };
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
        details: Value::Object(particulars(effect)).into(),
        at: now,
    }
}

fn particulars(effect: &Effect) -> Map<String, Value> {
    let particulars = [
        ("action", json!(effect.action.action_type())),
        ("account", json!(effect.account)),
        ("conversation", json!(effect.conversation)),
        ("decision", json!(effect.decision)),
        ("event", json!(effect.event)),
        ("attempts", json!(effect.retry_count + 1)),
    ];
    particulars.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
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
