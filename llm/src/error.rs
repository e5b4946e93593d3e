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
    #[error("no model is available: {reason}; try again later")]
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

fn of(scope: &BudgetScope) -> String {
    match scope {
        BudgetScope::Agency(agency) => format!("agency {agency}"),
        BudgetScope::Tenant(tenant) => format!("tenant {tenant}"),
        BudgetScope::Share(tenant, share) => format!("tenant {tenant} for {share} work"),
    }
}
