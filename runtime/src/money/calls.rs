//! Calls to language models.

use serde::Serialize;
use tenants::clock::Timestamp;
use tenants::ids::{CallId, EventId};
use tenants::models::{CallOutcome, LlmCall, Task};
use utoipa::ToSchema;

use crate::http::schema;

/// A call to a language model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LlmCall)]
pub struct CallView {
    /// Its id.
    #[schema(value_type = schema::Id)]
    pub id: CallId,
    /// The kind of work.
    #[schema(value_type = schema::Task)]
    pub task: Task,
    /// The event it was made for.
    #[schema(value_type = Option<schema::Id>)]
    pub event: Option<EventId>,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The prompt, as `key@version`.
    pub prompt: Option<String>,
    /// Tokens sent, those from the provider's cache among them.
    pub tokens_in: u32,
    /// Tokens sent that came from the provider's cache.
    pub tokens_cached: u32,
    /// Tokens received.
    pub tokens_out: u32,
    /// What it cost, in millionths of a US dollar.
    pub cost_micro_usd: i64,
    /// True when tokens or price are not known: the cost is an estimate.
    pub is_estimate: bool,
    /// From the request to the last byte, in microseconds.
    pub latency_us: i64,
    /// Which call of its request it was, from 1.
    pub attempt: u32,
    /// Why an earlier choice was not taken.
    pub fallback_reason: Option<String>,
    /// How it ended.
    #[schema(value_type = schema::CallOutcome)]
    pub outcome: CallOutcome,
    /// What went wrong.
    pub error: Option<String>,
    /// When it began.
    #[schema(value_type = schema::Moment)]
    pub at: Timestamp,
}

impl From<LlmCall> for CallView {
    fn from(call: LlmCall) -> Self {
        Self {
            id: call.id,
            task: call.task,
            event: call.event,
            provider: call.provider,
            model: call.model,
            prompt: call.prompt,
            tokens_in: call.tokens_in,
            tokens_cached: call.tokens_cached,
            tokens_out: call.tokens_out,
            cost_micro_usd: call.cost.0,
            is_estimate: call.is_estimate,
            latency_us: call.latency_us,
            attempt: call.attempt,
            fallback_reason: call.fallback_reason,
            outcome: call.outcome,
            error: call.error,
            at: call.at,
        }
    }
}
