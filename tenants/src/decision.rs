//! Decisions: what an actor made of an event, with the reasons step by step.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::ids::{DecisionId, EventId};
use crate::intent::Classification;
use crate::settings::Mode;
use crate::words::word_enum;

word_enum! {
    /// The steps of a decision, in their order.
    pub enum Step {
        /// The policy gate.
        Policy = "policy",
        /// Rules made by users.
        Rules = "rules",
        /// Recall from memory.
        Memory = "memory",
        /// Classification of the intent.
        Classify = "classify",
        /// Choice of the mode.
        Mode = "mode",
        /// Writing of the reply.
        Generate = "generate",
        /// Checks of what was written.
        Guard = "guard",
        /// What came of it.
        Outcome = "outcome",
    }
}

/// One step and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceStep {
    /// Which step.
    pub step: Step,
    /// One sentence for people.
    pub summary: String,
    /// The particulars, for programs.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

word_enum! {
    /// What a decision leads to.
    pub enum Outcome {
        /// Effects are queued.
        Act = "act",
        /// A draft waits for a person.
        Draft = "draft",
        /// Handed to a person without a draft.
        Escalate = "escalate",
        /// Deliberately nothing.
        Ignore = "ignore",
        /// Only taken note of: an echo, a read receipt, an edit.
        Record = "record",
    }
}

/// What an actor made of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// The event.
    pub event: EventId,
    /// What it leads to.
    pub outcome: Outcome,
    /// The mode used, when one was.
    pub mode: Option<Mode>,
    /// What the classifier said, when it was asked.
    pub classification: Option<Classification>,
    /// One sentence: why.
    pub reason: String,
    /// Every step.
    pub trace: Vec<TraceStep>,
    /// Provider and model that classified or wrote, such as `offline/intents-1`.
    pub model: Option<String>,
    /// Version of the prompt or template.
    pub prompt_version: Option<String>,
    /// Why lesser models answered than should have: no money, no provider. Empty when all went as it should.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
    /// Tokens read by models.
    pub tokens_in: u32,
    /// Those of them that came from a provider's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tokens_cached: u32,
    /// Tokens written by models.
    pub tokens_out: u32,
    /// Cost in micro-dollars.
    pub cost_micro_usd: i64,
    /// Time from taking up the event to the decision, in microseconds.
    pub latency_us: i64,
    /// When it was made.
    pub decided_at: Timestamp,
}

fn is_zero(tokens: &u32) -> bool {
    *tokens == 0
}
