//! A person's verdict on an approval, turned into changes. Pure: the HTTP API loads the rows and commits.
//!
//! A verdict acts exactly once: the approval must still be pending when the changes are committed, and the effects
//! carry the keys that the decision itself would have given them.

use serde_json::json;
use tenants::account::TenantStatus;
use tenants::approval::{Approval, ApprovalKind, ApprovalStatus};
use tenants::audit::NewAuditEntry;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::conversation::{CommentStatus, Conversation, ConversationKind};
use tenants::effect::{Action, ReplyTarget, SkipReason};
use tenants::event::{EventBody, InboxEvent};
use tenants::ids::{AuditId, Ids};
use tenants::intent::Intent;
use tenants::policy::{SendFacts, may_send};
use tenants::settings::TenantSettings;

use super::effects::{OWN_WORDS_POSITION, Origin, effects_of};
use super::guards::{LengthProblem, check_length};
use super::heard::Heard;
use super::learned::learned;
use super::lessons::verdict_on;
use super::outcome::channel_of;

/// An approval and what belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The approval.
    pub approval: &'a Approval,
    /// The event it answers.
    pub event: &'a InboxEvent,
    /// The conversation it belongs to.
    pub thread: &'a Conversation,
    /// For comments, the direct messages with their author, if there are any.
    pub direct: Option<&'a Conversation>,
    /// The tenant's settings.
    pub settings: &'a TenantSettings,
    /// Whether the tenant is served.
    pub status: TenantStatus,
}

/// What a person says about an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Do it as proposed.
    Approve,
    /// Do it with these words; for an escalation without a draft, answer with them.
    Edit(String),
    /// Do not do it.
    Reject {
        /// Why, if the person says so.
        comment: Option<String>,
    },
}

/// Why a verdict cannot be carried out. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerdictError {
    /// Somebody was faster, or time was.
    #[error("the approval is {status} already")]
    AlreadyDecided {
        /// Where it stands.
        status: ApprovalStatus,
    },
    /// There is no draft that could be approved.
    #[error("there is no draft to approve: send your own words as an edit, or reject")]
    NoDraft,
    /// The proposal carries no words that could be changed.
    #[error("the proposal carries no words: approve or reject it")]
    NoWords,
    /// This kind of event cannot be answered.
    #[error("this event cannot be answered from here")]
    CannotAnswer,
    /// The words have the wrong length.
    #[error("{problem}: change it")]
    Length {
        /// What is wrong.
        problem: String,
    },
    /// Instagram's rules or the person's wish forbid it now.
    #[error("it cannot be sent any more: {reason}")]
    Forbidden {
        /// Why.
        reason: SkipReason,
    },
}

/// The changes that carry out a verdict. `intent` is what the text really wants, when the person says so; `who` is the
/// id of the key or user, as the audit log shows it.
///
/// # Errors
/// [`VerdictError`]; committing the changes gives a conflict when somebody else decided in between.
pub fn approve(
    asked: &Asked<'_>,
    verdict: &Verdict,
    intent: Option<Intent>,
    who: &str,
    now: Timestamp,
    ids: &Ids,
) -> Result<Changes, VerdictError> {
    let status = asked.approval.status;
    if status != ApprovalStatus::Pending {
        return Err(VerdictError::AlreadyDecided { status });
    }
    if asked.approval.expires_at <= now {
        return Err(VerdictError::AlreadyDecided { status: ApprovalStatus::Expired });
    }
    let (actions, first_position) = match verdict {
        Verdict::Reject { .. } => (Vec::new(), 0),
        Verdict::Approve => (proposed(asked)?, 0),
        Verdict::Edit(text) => edited(asked, text, now)?,
    };
    for action in &actions {
        asked.may_send(action, now).map_err(|reason| VerdictError::Forbidden { reason })?;
    }
    let lesson = verdict_on(asked.approval, verdict, intent, who, now, ids);
    let changes = asked.changes(verdict, &actions, first_position, who, now, ids);
    Ok(changes.with(Change::AddVerdict(Box::new(lesson))))
}

fn proposed(asked: &Asked<'_>) -> Result<Vec<Action>, VerdictError> {
    let proposed = &asked.approval.proposed;
    if proposed.is_empty() { Err(VerdictError::NoDraft) } else { Ok(proposed.clone()) }
}

/// The proposed actions with the person's words in them, or, where there is no draft, an answer made of them.
fn edited(asked: &Asked<'_>, text: &str, now: Timestamp) -> Result<(Vec<Action>, u32), VerdictError> {
    let text = text.trim();
    let proposed = &asked.approval.proposed;
    let (actions, first_position) = if proposed.is_empty() {
        (vec![answer(asked, text, now).ok_or(VerdictError::CannotAnswer)?], OWN_WORDS_POSITION)
    } else if proposed.iter().any(Action::speaks) {
        (proposed.iter().map(|action| action.clone().with_text(text)).collect(), 0)
    } else {
        return Err(VerdictError::NoWords);
    };
    for action in actions.iter().filter(|action| action.speaks()) {
        let length = check_length(text, channel_of(action));
        length.map_err(|problem: LengthProblem| VerdictError::Length { problem: problem.to_string() })?;
    }
    Ok((actions, first_position))
}

/// An answer in a person's own words, where the text was said.
fn answer(asked: &Asked<'_>, text: &str, now: Timestamp) -> Option<Action> {
    let (event, person) = (asked.event, &asked.thread.person);
    match &event.body {
        EventBody::Comment(comment) => {
            let heard = Heard::comment(event, comment, event.occurred_at);
            heard.reply(text).or_else(|| heard.private_reply(text, now))
        }
        EventBody::Mention(mention) => {
            let target = ReplyTarget::Mention {
                media_id: mention.media_id.clone(),
                comment_id: mention.comment_id.clone(),
            };
            Some(Action::ReplyComment { target, text: text.to_owned() })
        }
        EventBody::Message(message) => Heard::message(event, message, event.occurred_at).reply(text),
        EventBody::Postback { .. } => {
            Some(Action::SendDm { recipient_id: person.id.clone(), text: text.to_owned() })
        }
        _ => None,
    }
}

impl Asked<'_> {
    fn may_send(&self, action: &Action, now: Timestamp) -> Result<(), SkipReason> {
        let facts = SendFacts {
            thread: Some(self.thread),
            direct: self.direct_conversation(),
            comment_written_at: Some(self.event.occurred_at),
            private_reply_used: false,
            approved_by_person: true,
        };
        may_send(action, &facts, self.settings, self.status, now)
    }

    fn direct_conversation(&self) -> Option<&Conversation> {
        if self.thread.kind == ConversationKind::Direct { Some(self.thread) } else { self.direct }
    }

    fn changes(
        &self,
        verdict: &Verdict,
        actions: &[Action],
        first_position: u32,
        who: &str,
        now: Timestamp,
        ids: &Ids,
    ) -> Changes {
        let approval = self.approval;
        let (status, edited_text, comment) = match verdict {
            Verdict::Approve => (ApprovalStatus::Approved, None, None),
            Verdict::Edit(text) => (ApprovalStatus::Edited, Some(text.trim().to_owned()), None),
            Verdict::Reject { comment } => (ApprovalStatus::Rejected, None, comment.clone()),
        };
        let mut changes = Changes::of_tenant(self.event.tenant).with(Change::DecideApproval {
            approval: approval.id,
            status,
            decided_by: who.to_owned(),
            at: now,
            edited_text,
            comment,
        });
        let origin = Origin {
            event: self.event,
            account: approval.account,
            thread: self.thread,
            direct: self.direct_conversation(),
            decision: approval.decision,
            approved_by_person: true,
            now,
        };
        for effect in effects_of(&origin, actions.iter().map(|action| (action, now)), first_position, ids) {
            changes.push(Change::AddEffect(Box::new(effect)));
        }
        changes.list.extend(self.mark_comment(actions));
        changes.list.extend(learned(self, verdict, actions, now, ids));
        changes.with(Change::Audit(Box::new(self.audit(verdict, actions, status, who, now, ids))))
    }

    fn mark_comment(&self, actions: &[Action]) -> Option<Change> {
        let external_id = match &self.event.body {
            EventBody::Comment(comment) => comment.comment_id.clone(),
            EventBody::Mention(mention) => {
                mention.comment_id.clone().unwrap_or_else(|| mention.media_id.clone())
            }
            _ => return None,
        };
        let is_rejected = actions.is_empty();
        Some(Change::MarkComment {
            account: self.approval.account,
            external_id,
            status: if is_rejected { CommentStatus::Ignored } else { CommentStatus::Queued },
            reply: actions.iter().find_map(Action::text).map(str::to_owned),
        })
    }

    fn audit(
        &self,
        verdict: &Verdict,
        actions: &[Action],
        status: ApprovalStatus,
        who: &str,
        now: Timestamp,
        ids: &Ids,
    ) -> NewAuditEntry {
        let approval = self.approval;
        let action = match verdict {
            Verdict::Approve => "approve",
            Verdict::Edit(_) => "edit",
            Verdict::Reject { .. } => "reject",
        };
        let remark = match verdict {
            Verdict::Reject { comment } => comment.as_deref(),
            Verdict::Approve | Verdict::Edit(_) => None,
        };
        let is_escalation = approval.kind == ApprovalKind::Escalation;
        NewAuditEntry {
            id: AuditId::new(ids),
            event_type: "approval.decided".to_owned(),
            action: action.to_owned(),
            resource_type: "approval".to_owned(),
            resource_id: approval.id.to_string(),
            actor: who.to_owned(),
            success: true,
            error: None,
            details: json!({
                "status": status,
                "escalation": is_escalation,
                "event": approval.event,
                "decision": approval.decision,
                "conversation": approval.conversation,
                "proposed": approval.proposed,
                "actions": actions,
                "comment": remark,
            })
            .into(),
            at: now,
        }
    }
}
