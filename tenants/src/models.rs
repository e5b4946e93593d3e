//! What language models are asked for, and what that may cost.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{AgencyId, CallId, EventId, ReservationId, TenantId};
use crate::money::MicroUsd;
use crate::words::word_enum;

word_enum! {
    /// A kind of work for a language model.
    pub enum Task {
        /// What a text wants.
        Classify = "classify",
        /// A reply of a sentence or two.
        ShortReply = "short_reply",
        /// A caption with hashtags.
        Caption = "caption",
        /// A plan of content.
        Plan = "plan",
        /// A report or an analysis.
        Report = "report",
        /// A message to the agency's client.
        ClientComms = "client_comms",
        /// Anything said while a brand is in trouble.
        Crisis = "crisis",
        /// An answer to an operator who asks why.
        Oversight = "oversight",
    }
}

word_enum! {
    /// The part of a budget from which a task is paid.
    pub enum Share {
        /// What happens all day: classifying, replies, captions.
        Routine = "routine",
        /// Plans, reports, answers to operators.
        Planning = "planning",
        /// Clients and crises: kept free for them, whatever the rest has used.
        Care = "care",
    }
}

impl Task {
    /// Most tokens of an answer.
    pub const fn max_tokens(self) -> u32 {
        match self {
            Task::Classify => 256,
            Task::ShortReply => 512,
            Task::Caption => 1_024,
            Task::Plan | Task::Report | Task::Oversight => 2_048,
            Task::ClientComms | Task::Crisis => 4_096,
        }
    }

    /// Who pays for it.
    pub const fn share(self) -> Share {
        match self {
            Task::Classify | Task::ShortReply | Task::Caption => Share::Routine,
            Task::Plan | Task::Report | Task::Oversight => Share::Planning,
            Task::ClientComms | Task::Crisis => Share::Care,
        }
    }
}

/// Whose budget of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// All tenants of an agency; its days are those of UTC.
    Agency(AgencyId),
    /// One tenant; its days are those of its time zone.
    Tenant(TenantId),
    /// One part of a tenant's budget.
    Share(TenantId, Share),
}

/// A budget of a day, as a call is reckoned against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLine {
    /// Whose.
    pub scope: BudgetScope,
    /// The day, as `YYYY-MM-DD` in the scope's time zone.
    pub day: String,
    /// Most that may be spent and reserved on it.
    pub limit: MicroUsd,
    /// When the next day begins.
    pub resets_at: Timestamp,
}

/// Money set aside for one call before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// For whom.
    pub tenant: TenantId,
    /// What for.
    pub task: Task,
    /// How much, expected rather than possible at worst.
    pub amount: MicroUsd,
    /// The budgets it counts against; all of them, or none.
    pub lines: Vec<BudgetLine>,
    /// Now.
    pub at: Timestamp,
    /// When it is taken for spent if nobody has settled it: the process that made the call has died.
    pub expires_at: Timestamp,
}

/// Whether money was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// It is; settle or release it.
    Granted,
    /// This budget has no room.
    Refused(BudgetState),
}

/// A budget of a day and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetState {
    /// Whose, which day, how much.
    pub line: BudgetLine,
    /// What calls have cost.
    pub spent: MicroUsd,
    /// What is set aside for calls under way.
    pub reserved: MicroUsd,
}

word_enum! {
    /// How a call to a model ended.
    pub enum CallOutcome {
        /// An answer that could be used.
        Answered = "answered",
        /// An answer that could not be used.
        InvalidOutput = "invalid_output",
        /// The provider refused or failed; nothing was billed as far as is known.
        Failed = "failed",
        /// Nobody waited for it any more; what had been produced is billed.
        Cancelled = "cancelled",
        /// The answer broke off.
        Truncated = "truncated",
    }
}

impl CallOutcome {
    /// Whether there was an answer, usable or not: what such a call costs is what calls of its kind cost.
    pub fn has_answer(self) -> bool {
        matches!(self, Self::Answered | Self::InvalidOutput)
    }
}

/// One call to a model, as it stands in `llm_calls`.
#[derive(Debug, Clone, PartialEq)]
pub struct LlmCall {
    /// Its id.
    pub id: CallId,
    /// For whom.
    pub tenant: TenantId,
    /// What for.
    pub task: Task,
    /// The event it was made for, if one.
    pub event: Option<EventId>,
    /// Name of the provider in the settings.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Key and version of the prompt, as `key@version`.
    pub prompt: Option<String>,
    /// Tokens sent, those from the provider's cache among them.
    pub tokens_in: u32,
    /// Tokens sent that came from the provider's cache.
    pub tokens_cached: u32,
    /// Tokens received.
    pub tokens_out: u32,
    /// What it cost.
    pub cost: MicroUsd,
    /// True when the provider did not say how many tokens it took, or nobody knows its price: the cost is an estimate.
    pub is_estimate: bool,
    /// From the request to the last byte, in microseconds.
    pub latency_us: i64,
    /// Which try of its request this was, from 1.
    pub attempt: u32,
    /// Why an earlier choice was not taken, as words of the router; empty for the first choice.
    pub fallback_reason: Option<String>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// What went wrong, for people.
    pub error: Option<String>,
    /// When it began.
    pub at: Timestamp,
}

/// What a call has cost, and what kind of call it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCost {
    /// What for.
    pub task: Task,
    /// Name of the provider in the settings.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// What it cost.
    pub cost: MicroUsd,
}

impl From<&LlmCall> for CallCost {
    fn from(call: &LlmCall) -> Self {
        let (provider, model) = (call.provider.clone(), call.model.clone());
        Self { task: call.task, provider, model, cost: call.cost }
    }
}
