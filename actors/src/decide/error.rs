//! What can go wrong while deciding, named for what the lane does about it.

use std::time::Duration;

use llm::LlmError;
use tenants::effect::ErrorCategory;
use tenants::ports::{SendError, StoreError};

/// Why there is no decision.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// Something that is needed does not answer. Take the event up again after a while; nothing was changed.
    #[error("cannot decide now, try again in {after:?}")]
    Retry {
        /// How long to wait at least.
        after: Duration,
        /// What does not answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The event can never be decided as it is. Set it aside until a person looks at it.
    #[error("this event cannot be decided: {reason}")]
    Broken {
        /// What is wrong with it, for people.
        reason: String,
    },
}

/// Longest wait that we choose ourselves.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl DecideError {
    /// Wait and try again: 1, 2, 4 … seconds, at most a minute, or as long as we were told.
    pub(super) fn retry(
        attempts: u32,
        told: Option<Duration>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        let own = Duration::from_secs(1u64 << attempts.min(6)).min(LONGEST_WAIT);
        Self::Retry { after: told.map_or(own, |told| told.max(own)), source: Box::new(source) }
    }

    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self::Broken { reason: reason.into() }
    }

    pub(super) fn from_store(error: StoreError, attempts: u32) -> Self {
        match error {
            StoreError::Corrupt(problem) => Self::broken(format!("a stored row cannot be read: {problem}")),
            StoreError::Unavailable(_) | StoreError::Conflict(_) => Self::retry(attempts, None, error),
        }
    }

    /// `None` when trying again will not help and the matter is for a person.
    pub(super) fn from_llm(error: LlmError, attempts: u32) -> Option<Self> {
        match error {
            LlmError::Unavailable { retry_after, .. } => Some(Self::retry(attempts, retry_after, error)),
            LlmError::Cancelled => Some(Self::retry(attempts, None, error)),
            LlmError::InvalidOutput { .. } | LlmError::OutOfBudget { .. } | LlmError::NothingToSay => None,
        }
    }

    /// `None` when what was to be read cannot be had at all.
    pub(super) fn from_messenger(error: SendError, attempts: u32) -> Option<Self> {
        match error.category {
            ErrorCategory::RateLimit
            | ErrorCategory::Transient
            | ErrorCategory::Unknown
            | ErrorCategory::AuthFailure => Some(Self::retry(attempts, error.retry_after, error)),
            ErrorCategory::Permanent | ErrorCategory::Forbidden => None,
        }
    }
}
