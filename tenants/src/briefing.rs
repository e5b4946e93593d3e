//! Briefings: what came in, what was done and what waits for a person, told every morning and every week.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::conversation::CommentStatus;
use crate::effect::{ActionType, EffectState};
use crate::ids::{BriefingId, TenantId};
use crate::intent::{Intent, Language};
use crate::lead::LeadStage;
use crate::words::word_enum;

word_enum! {
    /// How much time a briefing covers.
    pub enum BriefingKind {
        /// The day before a morning.
        Daily = "daily",
        /// The week before a Monday.
        Weekly = "weekly",
    }
}

/// A briefing as it was told. One per tenant, kind and end.
#[derive(Debug, Clone, PartialEq)]
pub struct Briefing {
    /// Its id.
    pub id: BriefingId,
    /// The tenant.
    pub tenant: TenantId,
    /// Its kind.
    pub kind: BriefingKind,
    /// Covers what happened from here.
    pub from: Timestamp,
    /// Up to here.
    pub until: Timestamp,
    /// The language it is in.
    pub language: Language,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML; everything in it is escaped.
    pub html: String,
    /// The numbers, for programs.
    pub data: Value,
    /// Row created.
    pub created_at: Timestamp,
}

/// What a tenant's tables count for a briefing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BriefingNumbers {
    /// Comments and mentions of the period, by intent and where they stand now.
    pub comments: Vec<(Option<Intent>, CommentStatus, i64)>,
    /// Messages that people sent in the period, by intent.
    pub messages: Vec<(Option<Intent>, i64)>,
    /// Effects queued in the period, by kind and where they stand now.
    pub effects: Vec<(ActionType, EffectState, i64)>,
    /// Drafts that wait for a person now.
    pub drafts_waiting: i64,
    /// Escalations that wait for a person now.
    pub escalations_waiting: i64,
    /// Since when the oldest of both waits.
    pub oldest_waiting: Option<Timestamp>,
    /// Direct conversations that people have now.
    pub human_conversations: i64,
    /// Leads that began in the period, by their present stage.
    pub leads: Vec<(LeadStage, i64)>,
}
