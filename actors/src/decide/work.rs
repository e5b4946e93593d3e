//! What gathers while a decision is made: its trace, what the classifier said, which models worked.

use llm::Answer;
use serde_json::{Value, json};
use tenants::decision::{Step, TraceStep};
use tenants::intent::{Classification, Language};
use tenants::money::MicroUsd;
use tenants::verdict::Answerer;

use super::recall::RecalledFact;

/// The workings of one decision.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Workings {
    pub trace: Vec<TraceStep>,
    pub classification: Option<Classification>,
    /// What memory gave for the reply, most fitting first.
    pub recalled: Vec<RecalledFact>,
    /// Provider and model of the last answer.
    pub model: Option<String>,
    pub prompt_version: Option<String>,
    pub tokens_in: u32,
    pub tokens_cached: u32,
    pub tokens_out: u32,
    pub cost_micro_usd: i64,
    /// Why lesser models answered than should have, one phrase each.
    pub degraded: Vec<String>,
    /// Who said what the text wants.
    pub classified_by: Option<Answerer>,
    /// Who wrote the reply.
    pub written_by: Option<Answerer>,
    /// True when something besides the intent's mode speaks against acting without a person.
    pub is_doubtful: bool,
}

/// Who gave an answer, for the lessons that may be drawn from it.
pub(super) fn answerer<T>(answer: &Answer<T>) -> Answerer {
    Answerer {
        model: format!("{}/{}", answer.provider, answer.model),
        prompt: answer.prompt_version.clone(),
        cost: MicroUsd(answer.cost_micro_usd),
        latency_us: i64::try_from(answer.latency.as_micros()).unwrap_or(i64::MAX),
    }
}

impl Workings {
    /// Writes a step down.
    pub fn note(&mut self, step: Step, summary: impl Into<String>, details: Value) {
        self.trace.push(TraceStep { step, summary: summary.into(), details });
    }

    /// The language of the incoming text, when it was classified and can be told.
    pub fn spoken_language(&self) -> Option<Language> {
        self.classification.as_ref().and_then(|found| found.language)
    }

    /// Adds up what an answer cost and returns the answer with a label for the trace.
    pub fn account_for<T>(&mut self, answer: Answer<T>) -> (T, Value) {
        let label = label_of(&answer);
        self.model = Some(format!("{}/{}", answer.provider, answer.model));
        self.prompt_version = answer.prompt_version.or(self.prompt_version.take());
        self.degraded.extend(answer.degraded);
        self.tokens_in = self.tokens_in.saturating_add(answer.tokens_in);
        self.tokens_cached = self.tokens_cached.saturating_add(answer.tokens_cached);
        self.tokens_out = self.tokens_out.saturating_add(answer.tokens_out);
        self.cost_micro_usd = self.cost_micro_usd.saturating_add(answer.cost_micro_usd);
        (answer.value, label)
    }
}

/// Who answered, what it cost and what was tried, for the trace. What did not happen is left out: most answers are
/// local, and every decision is stored.
fn label_of<T>(answer: &Answer<T>) -> Value {
    let mut label = json!({
        "model": format!("{}/{}", answer.provider, answer.model),
        "prompt_version": answer.prompt_version,
        "tokens_in": answer.tokens_in,
        "tokens_out": answer.tokens_out,
        "cost_micro_usd": answer.cost_micro_usd,
        "latency_us": i64::try_from(answer.latency.as_micros()).unwrap_or(i64::MAX),
    });
    let rare = [
        ("tokens_cached", json!(answer.tokens_cached), answer.tokens_cached > 0),
        ("attempts", json!(answer.attempts), answer.attempts > 0),
        ("fallback_reasons", json!(answer.fallback_reasons), !answer.fallback_reasons.is_empty()),
        ("cache_hit", json!(true), answer.cache_hit),
        ("is_estimate", json!(true), answer.is_estimate),
        ("degraded", json!(answer.degraded), answer.degraded.is_some()),
        ("is_unsure", json!(true), answer.is_unsure),
    ];
    for (key, value, is_so) in rare {
        if is_so {
            label[key] = value;
        }
    }
    label
}

/// A share between 0 and 1 as people read it.
pub(super) fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}
