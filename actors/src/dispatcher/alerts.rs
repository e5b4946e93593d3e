//! What the dispatcher tells somebody at the agency.

use serde_json::{Value, json};
use tenants::alert::{AlertType, NewAlert};
use tenants::connect::{TokenTrouble, auth_alert_key};
use tenants::effect::Effect;
use tenants::ids::AlertId;
use tenants::ports::SendError;

use super::operations::is_step_of_post;
use super::records::{Cause, Record, error_text};
use super::verdict::Verdict;
use crate::connect::refused_alert;

/// Graph code for a temporary block after a violation of the policies.
const BLOCKED_FOR_VIOLATION: i64 = 368;

impl Record<'_> {
    /// The alert about a token that was refused.
    pub fn token_alert(&self, trouble: TokenTrouble, cause: Cause<'_>) -> NewAlert {
        let account = self.ready.effect.account;
        let error = told(cause);
        if let Some(account) = self.account {
            return refused_alert(self.ids, Some(self.agency), account, trouble, &error);
        }
        let message = format!("an account was refused by Instagram: {} ({error})", trouble.what_to_do());
        self.new_alert(
            AlertType::AuthFailure,
            message,
            auth_alert_key(&account),
            json!({ "account": account }),
        )
    }

    /// The alert that a verdict raises, if any; that about a token comes with the mark on its account.
    pub fn alert(&self, verdict: &Verdict, cause: Cause<'_>) -> Option<NewAlert> {
        let effect = &self.ready.effect;
        let handle =
            self.account.map_or_else(|| effect.account.to_string(), |found| format!("@{}", found.username));
        let error = told(cause);
        let code = match cause {
            Cause::Call { error: Some(error), .. } => error.code,
            _ => None,
        };
        let (alert_type, message, key) = match verdict {
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
            // Publishing says itself what becomes of the post.
            Verdict::GiveUp if is_step_of_post(&effect.action) => return None,
            Verdict::GiveUp => (
                AlertType::DeadLetter,
                format!(
                    "an action of {handle} ({}) could not be done and waits in the dead letters: retry or leave it ({error})",
                    effect.action.action_type().as_str().replace('_', " ")
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
            severity: None,
            message,
            details,
            dedup_key,
        }
    }
}

/// What Instagram said.
fn told(cause: Cause<'_>) -> String {
    match cause {
        Cause::Call { error: Some(error), .. } => error_text(error),
        _ => "see the audit log".to_owned(),
    }
}

/// Unresolved alerts about Instagram's limits have this key.
pub(super) fn rate_limit_key(effect: &Effect, app_wide: bool) -> String {
    if app_wide { "rate_limit:app".to_owned() } else { format!("rate_limit:{}", effect.account) }
}

/// Unresolved alerts about effects of an account that cannot be read back have this key.
pub(super) fn read_back_key(effect: &Effect) -> String {
    format!("sync_failure:read_back:{}", effect.account)
}
