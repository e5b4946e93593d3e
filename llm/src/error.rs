//! What can go wrong when a model is asked, named for what the caller can do about it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::models::BudgetScope;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LlmError {
    /// Nobody can answer now. Ask again later, or go on without a model.
    #[error("no model is available: {reason}; {}", advice(.reason))]
    Unavailable {
        /// How long to wait at least; `None` when the provider did not say.
        retry_after: Option<Duration>,
        /// What is missing, for the log.
        reason: String,
    },
    /// There was an answer and it cannot be used. Asking the same again rarely helps; let a person write it.
    #[error("the model's answer cannot be used: {reason}; let a person decide")]
    InvalidOutput {
        /// What is wrong with it.
        reason: String,
    },
    /// A budget has no room for the call. Go on with the local model and with approvals.
    #[error("the budget of {} is spent until {resets_at}; raise it, or go on without a model", of(.scope))]
    OutOfBudget {
        /// Whose.
        scope: BudgetScope,
        /// When its next day begins.
        resets_at: Timestamp,
    },
    /// This kind of text gets no answer unless the tenant writes a template for it.
    #[error("there is nothing to say to this; add a template of your own for it if there should be")]
    NothingToSay,
    /// The caller gave up, or the process is shutting down. The work may be done again.
    #[error("the request was cancelled before it was answered")]
    Cancelled,
}

impl LlmError {
    /// True when the same request may succeed in a while. A spent budget is not meant: waiting for the next day is no
    /// way to answer somebody.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Cancelled)
    }
}

/// What to do when models were passed over for these reasons, as the router tells them.
fn advice(reason: &str) -> &'static str {
    let is_for_good = |part: &str| FOR_GOOD.iter().any(|word| part.ends_with(word));
    if reason.split("; ").all(is_for_good) {
        "correct the key or the name of the model"
    } else {
        "try again later"
    }
}

/// Reasons that no waiting removes.
const FOR_GOOD: [&str; 3] = [": key_rejected", ": unknown_model", ": no_key"];

fn of(scope: &BudgetScope) -> String {
    match scope {
        BudgetScope::Agency(agency) => format!("agency {agency}"),
        BudgetScope::Tenant(tenant) => format!("tenant {tenant}"),
        BudgetScope::Share(tenant, share) => format!("tenant {tenant} for {share} work"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_wait_for_a_key_to_become_right() {
        let said =
            |reason: &str| LlmError::Unavailable { retry_after: None, reason: reason.to_owned() }.to_string();
        let wrong = said("near/small: key_rejected; far/large: unknown_model");
        assert!(wrong.ends_with("correct the key or the name of the model"), "{wrong}");
        for passing in ["near/small: key_rejected; far/large: unreachable", "busy", ""] {
            assert!(said(passing).ends_with("try again later"), "{passing}");
        }
    }
}
