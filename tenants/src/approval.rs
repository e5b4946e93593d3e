//! Approvals: a person's yes or no.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::conversation::ConversationKind;
use crate::effect::Action;
use crate::event::Person;
use crate::ids::{AccountId, ApprovalId, ConversationId, DecisionId, EventId};
use crate::verdict::Basis;
use crate::words::word_enum;

word_enum! {
    /// Why a person is asked.
    pub enum ApprovalKind {
        /// A draft waits for a yes.
        Draft = "draft",
        /// Something needs a person's own answer; there may be no draft.
        Escalation = "escalation",
    }
}

word_enum! {
    /// Where an approval stands.
    pub enum ApprovalStatus {
        /// Waits for a person.
        Pending = "pending",
        /// Sent as drafted.
        Approved = "approved",
        /// Sent with other words.
        Edited = "edited",
        /// Not sent.
        Rejected = "rejected",
        /// Overtaken: the conversation moved on or the window closed.
        Expired = "expired",
    }
}

/// Whom an approval answers, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalSubject {
    /// Who wrote to us.
    pub author: Person,
    /// Where they did.
    pub place: ConversationKind,
    /// Instagram's id of the media under which, or with which, they did; none for direct messages.
    pub media: Option<String>,
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Why a person is asked.
    pub kind: ApprovalKind,
    /// The account the actions would leave through.
    pub account: AccountId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The event it answers.
    pub event: EventId,
    /// The decision that asked.
    pub decision: DecisionId,
    /// What would be done on a yes, in order; empty for an escalation without a draft.
    pub proposed: Vec<Action>,
    /// One sentence: why a person is asked.
    pub reason: String,
    /// What the person wrote to us.
    pub incoming_text: String,
    /// What the decision rests on; `None` for approvals of before this was kept.
    pub basis: Option<Basis>,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// Who decided (a key's or user's id).
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// The words a person put in place of the draft.
    pub edited_text: Option<String>,
    /// What a person said about it.
    pub comment: Option<String>,
    /// Expires at this moment.
    pub expires_at: Timestamp,
    /// Row created.
    pub created_at: Timestamp,
}
