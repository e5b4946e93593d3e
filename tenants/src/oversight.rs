//! Conversations in which people ask why, and what they were answered.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{OversightId, TenantId, TurnId};
use crate::money::MicroUsd;

/// Longest question, in characters.
pub const LONGEST_QUESTION: usize = 2_000;
/// Longest title of a conversation, in characters: its first question is one.
pub const LONGEST_TITLE: usize = 80;

/// Where a record can be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// What kind of record it is: `decision`, `effect`, `approval`, `post`, `cost`, `count`, …
    pub kind: String,
    /// Id of what it is about, such as `dec_…`; of sums and counts, what was added up.
    pub id: String,
    /// The entry of the audit log, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// A few words, for a list.
    pub title: String,
    /// When it happened; `None` for states and sums.
    pub at: Option<Timestamp>,
}

/// A conversation of one person about one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OversightSession {
    /// Its id.
    pub id: OversightId,
    /// What it is about.
    pub tenant: TenantId,
    /// Whose it is: `user:…` or `key:…`.
    pub asked_by: String,
    /// Its first question, shortened.
    pub title: String,
    /// False once its owner has closed it: it takes no further question.
    pub is_active: bool,
    /// Questions so far.
    pub total_queries: i64,
    /// Time all answers took together, in milliseconds.
    pub total_latency_ms: i64,
    /// The last question.
    pub last_question: Option<String>,
    /// The last answer.
    pub last_answer: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When something was last asked or answered.
    pub updated_at: Timestamp,
}

/// A question and its answer. It is stored when the question comes, and again when the answer has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OversightTurn {
    /// Its id.
    pub id: TurnId,
    /// The conversation.
    pub session: OversightId,
    /// What was asked.
    pub question: String,
    /// What was answered, as far as it came. `[n]` names the n-th source.
    pub answer: String,
    /// The records that carry it.
    pub sources: Vec<Source>,
    /// What was looked into.
    pub tools: Vec<String>,
    /// How it was found, step by step.
    pub steps: Vec<String>,
    /// How sure it is, 0 to 1; `None` while it has not ended.
    pub confidence: Option<f32>,
    /// Who answered: `offline/extract-1`, or provider and model.
    pub model: Option<String>,
    /// What it cost.
    pub cost: MicroUsd,
    /// From the question to the first words, in milliseconds.
    pub first_token_ms: Option<i64>,
    /// From the question to the end, in milliseconds.
    pub latency_ms: Option<i64>,
    /// True until the answer has come to its end: whatever breaks off stays marked.
    pub is_incomplete: bool,
    /// Why it broke off.
    pub problem: Option<String>,
    /// When it was asked.
    pub asked_at: Timestamp,
}

/// What changes these conversations.
#[derive(Debug, Clone, PartialEq)]
pub enum OversightChange {
    /// A new conversation.
    Begin(Box<OversightSession>),
    /// A question; its answer has not ended.
    Ask(Box<OversightTurn>),
    /// The end of an answer, whole or not.
    Answer(Box<OversightTurn>),
    /// A conversation takes no further question.
    Close(OversightId),
    /// A conversation goes, with all that was said.
    Delete(OversightId),
}
