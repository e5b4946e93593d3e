//! Providers: how each of them speaks.
//!
//! A provider is asked once and says what happened; trying again, falling back and counting money are the
//! router's. It cannot be asked without a [`Paid`], and only a granted reservation holds one.
//!
//! **One more protocol.** Implement [`Provider`] in a module beside these, give it a word in
//! [`Protocol`](crate::catalogue::Protocol), and a line in [`http::HttpProviders`]. Its wire tests are in
//! `tests/wire/`.

mod anthropic;
mod anthropic_wire;
mod assembly;
pub mod http;
mod json;
mod ollama;
mod openai;
mod openai_wire;
mod sse;
mod transport;
mod whole;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub use self::assembly::Assembly;
pub use self::http::HttpProviders;
use crate::budget::Paid;
use crate::catalogue::{CatalogueError, ProviderEntry};
use crate::request::{Input, StopReason, ToolCall, Usage};

/// A model provider.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Asks a model and waits for the whole answer.
    ///
    /// # Errors
    /// [`CallError`]; nothing is tried twice.
    async fn complete(&self, paid: &Paid, ask: &Ask<'_>) -> Result<Completion, CallError>;

    /// Asks a model and gives its answer piece by piece.
    ///
    /// # Errors
    /// [`CallError`] when the answer does not even begin.
    async fn stream(&self, paid: &Paid, ask: &Ask<'_>) -> Result<Box<dyn Deltas>, CallError>;

    /// Asks a model for vectors, one for each text.
    ///
    /// # Errors
    /// [`CallError`]; nothing is tried twice.
    async fn embed(&self, paid: &Paid, model: &str, texts: &[String]) -> Result<Embeddings, CallError>;
}

/// Where providers come from when a catalogue is loaded.
pub trait ProviderSource: Send + Sync {
    /// The provider of that name; `None` when it cannot be used for want of a key.
    ///
    /// # Errors
    /// When its entry makes no sense.
    fn provider(
        &self,
        name: &str,
        entry: &ProviderEntry,
    ) -> Result<Option<Arc<dyn Provider>>, CatalogueError>;
}

/// What one model is asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Name of the model as the provider knows it.
    pub model: &'a str,
    /// What it gets to see.
    pub input: &'a Input,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// 0 to 2; `None` for models that do not take one.
    pub temperature: Option<f32>,
    /// True when the model keeps to a JSON schema by itself; else the schema is put into the instructions and only JSON
    /// as such is asked for.
    pub keeps_schema: bool,
    /// Added to the body as it stands: what only this model knows.
    pub extra: &'a Map<String, Value>,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Completion {
    /// The text; JSON when a schema was asked for.
    pub text: String,
    /// Tools to call.
    pub tool_calls: Vec<ToolCall>,
    /// Why the model stopped.
    pub stop: StopReason,
    /// Tokens; `None` when the provider did not say.
    pub usage: Option<Usage>,
}

/// Vectors for texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embeddings {
    /// One for each text.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens; `None` when the provider did not say.
    pub usage: Option<Usage>,
}

/// An answer in the making.
#[async_trait]
pub trait Deltas: Send {
    /// The next piece; [`Delta::End`] is the last one. Dropping this future loses nothing; dropping the value ends the
    /// call.
    ///
    /// # Errors
    /// [`CallError::Truncated`] when the answer stops before its end, and others as they come.
    async fn next(&mut self) -> Result<Delta, CallError>;
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// More text.
    Text(String),
    /// More of a tool call.
    Tool {
        /// Which of the answer's calls, from 0.
        index: usize,
        /// Its id, in the first piece.
        id: Option<String>,
        /// Name of the tool, in the first piece.
        name: Option<String>,
        /// More of the arguments' JSON.
        arguments: String,
    },
    /// Tokens so far; later ones replace earlier ones.
    Usage(Usage),
    /// All has been said.
    End(StopReason),
}

impl Delta {
    /// Bytes the model wrote.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Tool { arguments, .. } => arguments.len(),
            Self::Usage(_) | Self::End(_) => 0,
        }
    }
}

/// Most bytes that a model writes in so many tokens; the longest tokens, of white space, have more than a hundred, and
/// most have four.
pub(crate) fn most_written(max_tokens: u32) -> usize {
    const BYTES_PER_TOKEN: usize = 64;
    BYTES_PER_TOKEN * (max_tokens as usize).max(16)
}

/// Longest time for which a model is left alone because it has asked for that.
pub const LONGEST_REST: Duration = Duration::from_secs(3_600);

/// Why a call has no answer, named for what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Too many requests or tokens (429).
    #[error("rate limited")]
    RateLimited {
        /// How long to wait at least, when the provider said so.
        retry_after: Option<Duration>,
    },
    /// Too much to do (503, 529).
    #[error("overloaded")]
    Overloaded {
        /// How long to wait at least, when the provider said so.
        retry_after: Option<Duration>,
    },
    /// Broken on its side (other 5xx, 408).
    #[error("failed with status {status}: {message}")]
    Server {
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It does not accept the key (401, 403).
    #[error("the key was rejected: {0}")]
    KeyRejected(String),
    /// It knows no such model (404).
    #[error("unknown model: {0}")]
    UnknownModel(String),
    /// It does not accept what was asked (other 4xx).
    #[error("refused the request with status {status}: {message}")]
    BadRequest {
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// No connection; nothing was asked.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The answer broke off.
    #[error("the answer broke off: {0}")]
    Truncated(String),
    /// The answer is not in the provider's own format.
    #[error("an answer that cannot be read: {0}")]
    Malformed(String),
}

impl CallError {
    /// Whether the same call may succeed in a moment.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::KeyRejected(_) | Self::UnknownModel(_) | Self::BadRequest { .. } => false,
            Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::Server { .. }
            | Self::Unreachable(_)
            | Self::TimedOut
            | Self::Truncated(_)
            | Self::Malformed(_) => true,
        }
    }

    /// Whether it speaks against the model, so that its breaker should know. A rate limit does not: the model works,
    /// and how long to leave it alone has been said. A bad request is ours.
    pub fn speaks_against_model(&self) -> bool {
        !matches!(self, Self::RateLimited { .. } | Self::BadRequest { .. })
    }

    /// Whether the model may have worked, and so will be paid, although there is no answer.
    pub fn may_be_billed(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Truncated(_) | Self::Malformed(_))
    }

    /// How long to wait at least, when the provider said so; never longer than [`LONGEST_REST`], for what a provider
    /// says may be nonsense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Overloaded { retry_after } => {
                retry_after.map(|wait| wait.min(LONGEST_REST))
            }
            _ => None,
        }
    }

    /// The error in our own words alone. What a provider says may repeat a customer's text or a part of the key, and
    /// rows of calls are kept for long and shown to many.
    pub fn in_own_words(&self) -> String {
        match self {
            Self::Server { status, .. } => format!("failed with status {status}"),
            Self::KeyRejected(_) => "the key was rejected".to_owned(),
            Self::UnknownModel(_) => "unknown model".to_owned(),
            Self::BadRequest { status, .. } => format!("refused the request with status {status}"),
            Self::Malformed(_) => "an answer that cannot be read".to_owned(),
            // These are said by our side of the connection.
            Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::Unreachable(_)
            | Self::TimedOut
            | Self::Truncated(_) => self.to_string(),
        }
    }

    /// One word for metrics and fallback reasons.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded { .. } => "overloaded",
            Self::Server { .. } => "server_error",
            Self::KeyRejected(_) => "key_rejected",
            Self::UnknownModel(_) => "unknown_model",
            Self::BadRequest { .. } => "bad_request",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Truncated(_) => "truncated",
            Self::Malformed(_) => "malformed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_repeats_nothing_that_a_provider_said() {
        let said = || "sk-live-123 and Maria's message".to_owned();
        let errors = [
            CallError::Server { status: 500, message: said() },
            CallError::KeyRejected(said()),
            CallError::UnknownModel(said()),
            CallError::BadRequest { status: 400, message: said() },
            CallError::Malformed(said()),
        ];
        for error in errors {
            let words = error.in_own_words();
            assert!(!words.contains("Maria") && !words.contains("sk-"), "{words}");
            assert!(
                error.to_string().contains("Maria"),
                "whoever sets it up still reads what was said: {error}"
            );
        }
    }
}
