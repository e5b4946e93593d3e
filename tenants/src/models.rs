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
    /// How far a budget of a day is used up.
    pub enum BudgetLevel {
        /// Four fifths are spent.
        Warning = "warning",
        /// All is spent, or a call found no room.
        Spent = "spent",
    }
}

impl BudgetState {
    /// What neither is spent nor set aside; never below nothing.
    pub fn left(&self) -> MicroUsd {
        let used = i128::from(self.spent.0) + i128::from(self.reserved.0);
        MicroUsd(i64::try_from((i128::from(self.line.limit.0) - used).max(0)).unwrap_or(i64::MAX))
    }

    /// How much of the limit is spent, in whole percent, rounded down. A limit of nothing is spent from the start.
    pub fn percent(&self) -> u32 {
        if self.line.limit.0 <= 0 {
            return 100;
        }
        let percent = i128::from(self.spent.0.max(0)) * 100 / i128::from(self.line.limit.0);
        u32::try_from(percent).unwrap_or(u32::MAX)
    }

    /// What somebody should be told about it. Nothing about a limit of nothing: whoever set it wants no models.
    pub fn level(&self) -> Option<BudgetLevel> {
        match self.percent() {
            _ if self.line.limit.0 <= 0 => None,
            100.. => Some(BudgetLevel::Spent),
            80.. => Some(BudgetLevel::Warning),
            _ => None,
        }
    }
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
        /// No call: an earlier answer to the same question was given again, free of charge.
        Cached = "cached",
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(limit: i64, spent: i64, reserved: i64) -> BudgetState {
        let scope = BudgetScope::Tenant(TenantId(uuid::Uuid::nil()));
        let line = BudgetLine {
            scope,
            day: "2026-03-10".into(),
            limit: MicroUsd(limit),
            resets_at: Timestamp::from_micros(0),
        };
        BudgetState { line, spent: MicroUsd(spent), reserved: MicroUsd(reserved) }
    }

    #[test]
    fn people_are_told_from_four_fifths_on() {
        let told = [(5, 3), (5, 4), (9, 7), (9, 8), (1_000_000, 999_999), (7, 7), (7, 900)]
            .map(|(limit, spent)| state(limit, spent, 0).level());
        let (warning, all) = (Some(BudgetLevel::Warning), Some(BudgetLevel::Spent));
        assert_eq!(told, [None, warning, None, warning, warning, all, all]);
        assert_eq!(state(100, 50, 49).level(), None, "what is set aside may come back");
    }

    #[test]
    fn a_limit_of_nothing_is_spent_and_nobody_is_told() {
        for spent in [0, 1, i64::MAX] {
            let nothing = state(0, spent, 0);
            assert_eq!((nothing.percent(), nothing.level(), nothing.left()), (100, None, MicroUsd(0)));
        }
    }

    proptest! {
        #[test]
        fn no_amounts_make_percent_or_rest_overflow(limit: i64, spent: i64, reserved: i64) {
            let state = state(limit, spent, reserved);
            let (percent, left) = (state.percent(), state.left());
            prop_assert!(left.0 >= 0);
            let is_over = limit <= 0 || spent >= limit;
            prop_assert_eq!(percent >= 100, is_over);
            prop_assert_eq!(state.level() == Some(BudgetLevel::Spent), limit > 0 && spent >= limit);
        }
    }
}
