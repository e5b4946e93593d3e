//! What an outcome leaves on the comment it is about, and in the conversation.

use tenants::changes::Change;
use tenants::conversation::{CommentStatus, ConversationKind, Direction, Message};
use tenants::effect::{Action, LikeTarget, ReplyTarget, SkipReason};
use tenants::ids::MessageId;

use super::records::Record;
use super::verdict::Verdict;

impl Record<'_> {
    /// The status a comment gets.
    pub fn comment_change(&self, verdict: &Verdict) -> Option<Change> {
        let action = &self.ready.effect.action;
        let (status, reply) = match verdict {
            Verdict::Sent { .. } => status_when_sent(action)?,
            Verdict::Skip(reason) if self.comment_waits => (status_when_skipped(*reason), None),
            Verdict::GiveUp if self.comment_waits => (CommentStatus::Escalated, None),
            _ => return None,
        };
        let external_id = comment_of(action)?.to_owned();
        Some(Change::MarkComment { account: self.ready.effect.account, external_id, status, reply })
    }

    /// The direct message that came of it, for our side of the conversation.
    pub fn message(&self, mid: &str) -> Option<Message> {
        let effect = &self.ready.effect;
        let text = match &effect.action {
            Action::SendDm { text, .. }
            | Action::AskDm { text, .. }
            | Action::ReplyDm { text, .. }
            | Action::PrivateReply { text, .. } => text,
            _ => return None,
        };
        let thread = self.ready.thread.as_ref().filter(|thread| thread.kind == ConversationKind::Direct);
        let conversation = self.ready.direct.as_ref().or(thread)?.id;
        Some(Message {
            id: MessageId::new(self.ids),
            account: effect.account,
            conversation,
            external_id: mid.to_owned(),
            direction: Direction::Outbound,
            text: text.clone(),
            attachments: Vec::new(),
            attachment_urls: Vec::new(),
            effect: Some(effect.id),
            intent: None,
            confidence: None,
            sentiment: None,
            language: None,
            deleted: false,
            occurred_at: self.now,
            created_at: self.now,
        })
    }
}

/// The comment that an action is about, by Instagram's id.
pub(super) fn comment_of(action: &Action) -> Option<&str> {
    match action {
        Action::ReplyComment { target: ReplyTarget::Comment { comment_id }, .. }
        | Action::HideComment { comment_id }
        | Action::DeleteComment { comment_id }
        | Action::PrivateReply { comment_id, .. }
        | Action::Like { target: LikeTarget::Comment { comment_id } } => Some(comment_id),
        Action::ReplyComment { target: ReplyTarget::Mention { media_id, comment_id }, .. } => {
            Some(comment_id.as_deref().unwrap_or(media_id))
        }
        _ => None,
    }
}

fn status_when_sent(action: &Action) -> Option<(CommentStatus, Option<String>)> {
    match action {
        Action::ReplyComment { text, .. } => Some((CommentStatus::Replied, Some(text.clone()))),
        // The reply of a comment is the public one; the private one is a message of the conversation.
        Action::PrivateReply { .. } => Some((CommentStatus::Replied, None)),
        Action::HideComment { .. } => Some((CommentStatus::Hidden, None)),
        Action::DeleteComment { .. } => Some((CommentStatus::Deleted, None)),
        _ => None,
    }
}

fn status_when_skipped(reason: SkipReason) -> CommentStatus {
    match reason {
        SkipReason::TargetGone => CommentStatus::Deleted,
        SkipReason::AlreadyReplied => CommentStatus::Replied,
        SkipReason::HumanTookOver => CommentStatus::Escalated,
        SkipReason::OptedOut | SkipReason::AuthorBlocked => CommentStatus::Ignored,
        SkipReason::WindowClosed
        | SkipReason::PrivateReplyExpired
        | SkipReason::TenantSuspended
        | SkipReason::DeadlinePassed => CommentStatus::Seen,
    }
}
