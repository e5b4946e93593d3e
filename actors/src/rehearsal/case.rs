//! A recorded decision, ready to be made again.

use std::time::Duration;

use llm::{Answer, LlmError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenants::decision::{Decision, Step, TraceStep};
use tenants::event::InboxEvent;
use tenants::ids::MemoryId;
use tenants::intent::Classification;
use tenants::memory::MemoryKind;
use tenants::ports::MentionText;
use tenants::rehearsal::RecordedDecision;

use crate::decide::{Circumstances, SHOWN};

/// An event, what was decided about it, and what that depended on.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub event: InboxEvent,
    pub decision: Decision,
    pub circumstances: Circumstances,
    /// The text of a mention, which had to be read.
    pub mention: Option<MentionText>,
    /// What memory gave; `None` when it was not asked.
    pub recalled: Option<Result<Vec<Recollection>, String>>,
    pub classified: Option<Recorded<Classification>>,
    pub written: Option<Recorded<String>>,
    /// The person wrote again before the reply was written, so that it was given up.
    pub is_overtaken: bool,
}

/// A question to a model and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Recorded<T> {
    /// The question's fingerprint.
    pub asked: String,
    pub answer: Result<Answer<T>, LlmError>,
}

/// Why a decision cannot be made again exactly. The words are the keys of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    OldRecord,
    EventGone,
    Unreadable,
    CountersUnknown,
    ConfigurationGone,
}

impl Unfit {
    pub fn as_str(self) -> &'static str {
        match self {
            Unfit::OldRecord => "recorded by a version that did not keep the situation",
            Unfit::EventGone => "the event is stored no more",
            Unfit::Unreadable => "the record cannot be read",
            Unfit::CountersUnknown => "the day's hits of rules could not be told",
            Unfit::ConfigurationGone => "the configuration is stored no more",
        }
    }
}

impl Case {
    /// Reads a recorded decision.
    pub fn read(recorded: RecordedDecision) -> Result<Self, Unfit> {
        let RecordedDecision { details, event, .. } = recorded;
        let situation = details.get("situation").ok_or(Unfit::OldRecord)?;
        let circumstances = Circumstances::deserialize(situation).map_err(|_| Unfit::Unreadable)?;
        if circumstances.hits.is_none() {
            return Err(Unfit::CountersUnknown);
        }
        let event = event.ok_or(Unfit::EventGone)?;
        let text = details.get("incoming_text").and_then(Value::as_str);
        let mention = circumstances
            .author
            .clone()
            .zip(text)
            .map(|(author, text)| MentionText { author, text: text.to_owned() });
        let decision = Decision::deserialize(&details).map_err(|_| Unfit::Unreadable)?;
        let classified = recorded_at(&decision.trace, Step::Classify, "found")?;
        let given_up = |step: &TraceStep| step.step == Step::Generate && step.details.is_null();
        let is_overtaken = decision.trace.iter().any(given_up);
        let written = if is_overtaken { None } else { recorded_at(&decision.trace, Step::Generate, "text")? };
        let recalled = recalled_at(&decision.trace, &circumstances.facts)?;
        Ok(Self { event, decision, circumstances, mention, recalled, classified, written, is_overtaken })
    }
}

/// The question of a step and its answer; `None` when no model was asked.
fn recorded_at<T: DeserializeOwned>(
    trace: &[TraceStep],
    step: Step,
    member: &str,
) -> Result<Option<Recorded<T>>, Unfit> {
    let Some(found) = trace.iter().find(|it| it.step == step) else { return Ok(None) };
    let details = &found.details;
    let asked = details.get("asked").and_then(Value::as_str).ok_or(Unfit::OldRecord)?.to_owned();
    let answer = match details.get("failed") {
        Some(failure) => Err(LlmError::deserialize(failure).map_err(|_| Unfit::Unreadable)?),
        None => {
            let value = details.get(member).ok_or(Unfit::Unreadable)?;
            let value = T::deserialize(value).map_err(|_| Unfit::Unreadable)?;
            let label = details.get("by").ok_or(Unfit::Unreadable)?;
            let label = Label::deserialize(label).map_err(|_| Unfit::Unreadable)?;
            Ok(label.answer(value))
        }
    };
    Ok(Some(Recorded { asked, answer }))
}

/// Something that was recalled, as the trace tells it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Recollection {
    pub id: MemoryId,
    pub kind: MemoryKind,
    pub score: f64,
    pub words_rank: Option<usize>,
    pub meaning_rank: Option<usize>,
    /// The whole text, or its beginning when `whole` names it.
    pub text: String,
    /// Name of the whole text.
    #[serde(skip)]
    pub whole: Option<String>,
}

/// What memory gave, or why it gave nothing.
fn recalled_at(
    trace: &[TraceStep],
    facts: &[String],
) -> Result<Option<Result<Vec<Recollection>, String>>, Unfit> {
    let Some(step) = trace.iter().find(|it| it.step == Step::Memory) else { return Ok(None) };
    if let Some(problem) = step.details.get("problem").and_then(Value::as_str) {
        return Ok(Some(Err(problem.to_owned())));
    }
    let listed = step.details.get("recalled").ok_or(Unfit::Unreadable)?;
    let mut recalled = Vec::<Recollection>::deserialize(listed).map_err(|_| Unfit::Unreadable)?;
    let mut facts = facts.iter();
    for it in &mut recalled {
        // What is personal is no fact: what the trace shows of it is all that is needed.
        if !it.kind.is_personal() && it.text.chars().nth(SHOWN - 1).is_some() {
            it.whole = Some(facts.next().ok_or(Unfit::Unreadable)?.clone());
        }
    }
    Ok(Some(Ok(recalled)))
}

/// What the trace says of an answer, as `decide` writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Label {
    model: String,
    prompt_version: Option<String>,
    tokens_in: u32,
    tokens_cached: u32,
    tokens_out: u32,
    cost_micro_usd: i64,
    is_estimate: bool,
    attempts: u32,
    fallback_reasons: Vec<String>,
    cache_hit: bool,
    degraded: Option<String>,
    is_unsure: bool,
    latency_us: u64,
}

impl Label {
    fn answer<T>(self, value: T) -> Answer<T> {
        let (provider, model) = self.model.split_once('/').unwrap_or(("", &self.model));
        let latency = Duration::from_micros(self.latency_us);
        Answer {
            prompt_version: self.prompt_version,
            tokens_in: self.tokens_in,
            tokens_cached: self.tokens_cached,
            tokens_out: self.tokens_out,
            cost_micro_usd: self.cost_micro_usd,
            is_estimate: self.is_estimate,
            attempts: self.attempts,
            fallback_reasons: self.fallback_reasons,
            cache_hit: self.cache_hit,
            degraded: self.degraded,
            is_unsure: self.is_unsure,
            ..Answer::free(value, provider, model, latency)
        }
    }
}
