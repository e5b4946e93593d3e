//! The cascade: the local classifier answers what it is sure of, a small model what it is not, a larger one what that
//! is not. Replies are the tenant's own templates where one fits, else a model's words, else the built-in templates.
//!
//! A decision is never lost because a model is: whatever keeps a model from answering (no money, no provider, an answer
//! that cannot be used), the local one answers instead, and the answer says so
//! ([`Answer::degraded`](crate::Answer::degraded)).
//!
//! What customers write goes into a document of JSON that is the user's turn; instructions hold nothing of it.

mod caption;
mod classify;
mod leak;
mod opinion;
mod oversight;
mod reply;
mod report;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tenants::clock::Clock;
use tenants::intent::Classification;
use tenants::models::Task;
use tenants::prompt::{Prompt, PromptKey};

use crate::budget::{Payer, Tally};
use crate::caption::{CaptionRequest, Captions};
use crate::disguise::visible;
use crate::error::LlmError;
use crate::offline::OfflineProvider;
use crate::oversight::OversightRequest;
use crate::prompts::{built_in, render};
use crate::report::{ReportRequest, Written};
use crate::request::{Input, Origin, Request};
use crate::router::{Answer, Behalf, BreakerOf, ClassifyRequest, LlmRouter, ReplyRequest};
use crate::routing::{ReplyStream, Router};

/// Longest text, in characters, that a model is shown: the longest comment has 2,200.
const LONGEST_TEXT: usize = 4_000;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Cascade {
    local: Arc<OfflineProvider>,
    models: Router,
    clock: Arc<dyn Clock>,
}

impl Cascade {
    /// The built-in provider in front of real models.
    pub fn new(local: Arc<OfflineProvider>, models: Router, clock: Arc<dyn Clock>) -> Self {
        Self { local, models, clock }
    }

    /// The models behind it.
    pub fn models(&self) -> &Router {
        &self.models
    }

    /// The prompt that this conversation gets.
    fn prompt(behalf: &Behalf, key: PromptKey) -> Arc<Prompt> {
        behalf.prompts.choose(key, &behalf.conversation).cloned().unwrap_or_else(|| built_in(key))
    }

    /// A request that `behalf` pays for.
    fn request(
        &self,
        behalf: &Behalf,
        task: Task,
        prompt: &Prompt,
        input: Input,
    ) -> Result<Request, LlmError> {
        let lines = behalf.budget.lines(task, self.clock.now());
        let payer = Payer::new(behalf.budget.tenant, lines)
            .map_err(|error| LlmError::Unavailable { retry_after: None, reason: error.to_string() })?;
        let prompt = Some(prompt.label());
        Ok(Request { event: behalf.event, prompt, ..Request::new(payer, task, input) })
    }
}

#[async_trait]
impl LlmRouter for Cascade {
    async fn classify(&self, request: ClassifyRequest) -> Result<Answer<Classification>, LlmError> {
        self.classify_in_turn(request).await
    }

    async fn reply(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError> {
        self.reply_in_turn(request).await
    }

    async fn report(&self, request: ReportRequest) -> Result<Answer<Written>, LlmError> {
        self.report_in_turn(request).await
    }
    async fn captions(&self, request: CaptionRequest) -> Result<Answer<Captions>, LlmError> {
        self.captions_in_turn(request).await
    }

    async fn oversight(&self, request: OversightRequest) -> Result<Option<ReplyStream>, LlmError> {
        self.oversee(request).await
    }

    fn answers_oversight(&self) -> bool {
        self.models.has_models(Task::Oversight)
    }

    fn reads_history(&self) -> bool {
        self.models.has_models(Task::ShortReply)
    }

    fn breakers(&self) -> Vec<BreakerOf> {
        self.models.breakers()
    }
}

/// An answer with what the router says about its way; what it cost is in the tally.
fn answer<T>(value: T, origin: Origin) -> Answer<T> {
    Answer {
        prompt_version: origin.prompt,
        fallback_reasons: origin.fallback_reasons,
        cache_hit: origin.cache_hit,
        ..Answer::free(
            value,
            &origin.provider,
            &origin.model,
            std::time::Duration::from_micros(u64::try_from(origin.latency_us).unwrap_or(0)),
        )
    }
}

/// An answer with the cost of everything that was asked on the way to it, whoever answered in the end.
fn reckoned<T>(answer: Answer<T>, tally: &Tally) -> Answer<T> {
    let sums = tally.sums();
    Answer {
        tokens_in: sums.usage.input,
        tokens_cached: sums.usage.cached,
        tokens_out: sums.usage.output,
        cost_micro_usd: sums.cost.0,
        is_estimate: sums.is_estimate,
        attempts: sums.attempts,
        ..answer
    }
}

/// The text of a prompt.
fn instructions(prompt: &Prompt, values: &Value) -> Result<String, LlmError> {
    render(prompt, values).map_err(|error| LlmError::InvalidOutput { reason: error.to_string() })
}

/// The local answer in place of one that a model should have given. A cancelled request stays cancelled.
fn instead<T>(error: LlmError, local: Answer<T>) -> Result<Answer<T>, LlmError> {
    if error == LlmError::Cancelled {
        return Err(error);
    }
    Ok(Answer { degraded: Some(format!("{error}; the built-in model answered")), ..local })
}

/// What a model is shown of a text from outside: its beginning, without what no reader would see. It is the one place
/// where words of strangers are made ready for a model.
fn shown(text: &str) -> String {
    let visible = visible(text);
    let end = visible.char_indices().nth(LONGEST_TEXT).map_or(visible.len(), |(end, _)| end);
    visible[..end].to_owned()
}
