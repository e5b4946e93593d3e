//! Rehearsals: recorded events decided again with another configuration, without any effect.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::event::InboxEvent;
use crate::ids::{AgencyId, DifferenceId, EventId, RehearsalId, TenantId};
use crate::words::word_enum;

/// A part of the configuration that decisions were made with. Its hash is its name, so that what did not change is
/// stored once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationPart {
    /// 128 bits of the SHA-256 of `body`, hex.
    pub hash: String,
    /// JSON.
    pub body: String,
}

/// All parts of one configuration, shared by the decisions that were made with it.
pub type ConfigurationParts = Arc<[ConfigurationPart]>;

/// A decision as it stands in the audit log, with the event it was made about.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedDecision {
    /// Its position in the tenant's audit chain.
    pub seq: i64,
    /// The entry's details: the decision and what it depended on.
    pub details: Value,
    /// The event; `None` when it is stored no more.
    pub event: Option<InboxEvent>,
}

/// From when until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First moment.
    pub from: Timestamp,
    /// First moment after.
    pub until: Timestamp,
}

word_enum! {
    /// How far a rehearsal has come.
    pub enum RehearsalStatus {
        /// It goes on; there is no result yet.
        Running = "running",
        /// It ran to its end: the result is whole.
        Done = "done",
        /// Somebody has stopped it; there is no result.
        Cancelled = "cancelled",
        /// It could not go on; there is no result.
        Failed = "failed",
        /// The node that ran it has ended; there is no result.
        Interrupted = "interrupted",
    }
}

word_enum! {
    /// In what two decisions about one event differ.
    pub enum DifferenceKind {
        /// What it leads to.
        Outcome = "outcome",
        /// The mode used.
        Mode = "mode",
        /// What the text was taken to want.
        Intent = "intent",
        /// The words that are sent or proposed.
        Text = "text",
        /// What is done or proposed, whatever its words.
        Effects = "effects",
        /// Only one of them hands it to a person.
        Escalation = "escalation",
        /// The rules that were hit.
        Rules = "rules",
        /// What models cost.
        Cost = "cost",
        /// None of these: only the steps that led there.
        Steps = "steps",
    }
}

/// A rehearsal of one tenant, or of all tenants of an agency.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// Its id.
    pub id: RehearsalId,
    /// The agency.
    pub agency: AgencyId,
    /// The tenant; `None` for all tenants of the agency.
    pub tenant: Option<TenantId>,
    /// How far it has come.
    pub status: RehearsalStatus,
    /// Who asked for it.
    pub asked_by: String,
    /// What was asked: period, limits, changed configuration.
    pub asked: Value,
    /// Events rehearsed so far.
    pub progress: u64,
    /// The result, once it is whole.
    pub report: Option<Value>,
    /// What went wrong, for people.
    pub error: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// An event that would have been decided differently.
#[derive(Debug, Clone, PartialEq)]
pub struct RehearsalDifference {
    /// Its id; grows in the order of the events.
    pub id: DifferenceId,
    /// The rehearsal.
    pub rehearsal: RehearsalId,
    /// Whose event.
    pub tenant: TenantId,
    /// The event.
    pub event: EventId,
    /// What differs, both decisions, and the steps of the new one.
    pub body: Value,
}
