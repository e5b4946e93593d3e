//! One request on its way through the models of its list.

use std::sync::Arc;
use std::time::Duration;

use tenants::clock::Timestamp;

use super::Inner;
use super::health::Unwell;
use super::job::Job;
use super::leg::Leg;
use super::table::Table;
use crate::budget::{Payer, Work};
use crate::catalogue::{EmbeddingEntry, ModelRef, TaskEntry};
use crate::error::LlmError;
use crate::provider::CallError;
use crate::request::Origin;

/// See the module.
pub(super) struct Journey {
    pub inner: Arc<Inner>,
    pub table: Arc<Table>,
    pub payer: Payer,
    pub work: Work,
    pub limits: Limits,
    failures: Vec<Failure>,
    /// Why models were passed over, as `provider/model: reason`.
    reasons: Vec<String>,
}

/// What a request may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub started: Timestamp,
    pub deadline: Timestamp,
    pub timeout: Duration,
    pub tries: u32,
    /// After so long without an answer the next model is asked as well.
    pub hedge_after: Option<Duration>,
}

impl Limits {
    pub fn of_task(task: &TaskEntry, deadline: Option<Timestamp>, started: Timestamp) -> Self {
        let hedge_after = task.hedge_after_ms.map(Duration::from_millis);
        Self { hedge_after, ..Self::new(task.timeout_ms, task.deadline_ms, task.tries, deadline, started) }
    }

    pub fn of_embedding(entry: &EmbeddingEntry, deadline: Option<Timestamp>, started: Timestamp) -> Self {
        Self::new(entry.timeout_ms, entry.deadline_ms, entry.tries, deadline, started)
    }

    fn new(
        timeout_ms: u64,
        deadline_ms: u64,
        tries: u32,
        deadline: Option<Timestamp>,
        started: Timestamp,
    ) -> Self {
        let own = started + Duration::from_millis(deadline_ms);
        let deadline = deadline.map_or(own, |deadline| deadline.min(own));
        Self { started, deadline, timeout: Duration::from_millis(timeout_ms), tries, hedge_after: None }
    }
}

/// Why there is no answer of a model, or of any.
#[derive(Debug)]
pub(super) enum Stop {
    /// No further model will do either.
    Over(LlmError),
    /// The next one may.
    Next(Failure),
}

/// Why a model was passed over.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no key for its provider.
    NoKey,
    /// It had not answered when another, asked in its stead, had.
    Slow,
    /// It is not called at the moment.
    Unwell(Unwell),
    /// Its answer cannot be used.
    Invalid(String),
    /// It did not answer.
    Call(CallError),
}

impl Failure {
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::Slow => "slow",
            Self::Unwell(Unwell::Broken(_)) => "breaker_open",
            Self::Unwell(Unwell::Resting(_)) => "resting",
            Self::Invalid(_) => "invalid_output",
            Self::Call(error) => error.word(),
        }
    }

    fn wait(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Unwell(unwell) => Some(unwell.until().since(now)),
            Self::Call(error) => error.retry_after(),
            Self::NoKey | Self::Slow | Self::Invalid(_) => None,
        }
    }
}

impl Journey {
    pub fn new(inner: Arc<Inner>, table: Arc<Table>, payer: Payer, work: Work, limits: Limits) -> Self {
        Self { inner, table, payer, work, limits, failures: Vec::new(), reasons: Vec::new() }
    }

    /// Asks one model after the other until one has an answer.
    pub async fn travel<J: Job>(&mut self, models: &[ModelRef], job: J) -> Result<Leg<J::Output>, LlmError> {
        let mut models = models.iter();
        while let Some(mut model) = models.next() {
            let outcome = match (self.limits.hedge_after, models.as_slice().first()) {
                (Some(after), Some(second)) => {
                    let race = self.race([model, second], after, &job).await;
                    if let Some(failure) = race.first_failure {
                        self.pass_over(model, failure);
                        model = second;
                        models.next();
                    }
                    race.outcome
                }
                _ => self.ask(model, &job, self.fallback_reason()).await,
            };
            match outcome {
                Ok(leg) => return Ok(leg),
                Err(Stop::Over(error)) => return Err(error),
                Err(Stop::Next(failure)) => self.pass_over(model, failure),
            }
        }
        Err(self.no_answer())
    }

    /// Why the present model is asked rather than an earlier one of the list.
    pub fn fallback_reason(&self) -> Option<String> {
        self.reasons.last().cloned()
    }

    /// Where the answer of `model` came from.
    pub fn origin(&self, model: &ModelRef) -> Origin {
        let took = self.inner.clock.now().since(self.limits.started);
        let sums = self.work.tally.sums();
        Origin {
            provider: model.provider.clone(),
            model: model.model.clone(),
            prompt: self.work.prompt.clone(),
            usage: sums.usage,
            cost: sums.cost,
            is_estimate: sums.is_estimate,
            attempts: sums.attempts,
            fallback_reasons: self.reasons.clone(),
            cache_hit: false,
            latency_us: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        }
    }

    /// Time left.
    pub fn left(&self) -> Duration {
        self.limits.deadline.since(self.inner.clock.now())
    }

    /// The answer would come too late.
    pub fn late(&self) -> LlmError {
        let reasons = self.reasons.join("; ");
        LlmError::Unavailable {
            retry_after: None,
            reason: format!("no answer before the deadline; {reasons}"),
        }
    }

    fn pass_over(&mut self, model: &ModelRef, failure: Failure) {
        let word = failure.word();
        self.inner.metrics.passed_over(self.work.task, &model.provider, &model.model, word);
        self.reasons.push(format!("{model}: {word}"));
        self.failures.push(failure);
    }

    fn no_answer(&self) -> LlmError {
        let problem = |failure: &Failure| match failure {
            Failure::Invalid(problem) => Some(problem.clone()),
            _ => None,
        };
        let problems: Option<Vec<String>> = self.failures.iter().map(problem).collect();
        match problems {
            Some(problems) if !problems.is_empty() => LlmError::InvalidOutput { reason: problems.join("; ") },
            _ => {
                let now = self.inner.clock.now();
                let retry_after = self.failures.iter().filter_map(|failure| failure.wait(now)).min();
                let reason = if self.reasons.is_empty() {
                    "the catalogue names no model for this".to_owned()
                } else {
                    self.reasons.join("; ")
                };
                LlmError::Unavailable { retry_after, reason }
            }
        }
    }
}
