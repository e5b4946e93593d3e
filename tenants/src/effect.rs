//! Effects: calls that change the outside world, and the states they go through in the queue.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::ids::{AccountId, ConversationId, DecisionId, EffectId, EventId, PostId, TenantId};
use crate::post::PostType;
use crate::post::publishing::Container;
use crate::words::word_enum;

word_enum! {
    /// The kinds of effects.
    pub enum ActionType {
        /// A public answer to a comment or mention.
        ReplyComment = "reply_comment",
        /// Hide a comment from others.
        HideComment = "hide_comment",
        /// Delete a comment.
        DeleteComment = "delete_comment",
        /// A direct message that answers a comment; one per comment, within 7 days.
        PrivateReply = "private_reply",
        /// A direct message inside the 24-hour window.
        SendDm = "send_dm",
        /// A direct message that answers a certain message.
        ReplyDm = "reply_dm",
        /// A like or love reaction.
        Like = "like",
        /// Hand a file to the platform, to be published later. Repeating it does no harm.
        CreateContainer = "create_container",
        /// Make a post visible. Never repeated while the first time may have worked.
        PublishPost = "publish_post",
        /// The first comment below a post of our own.
        FirstComment = "first_comment",
    }
}

/// What a public reply answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum ReplyTarget {
    /// A comment under our media.
    Comment {
        /// Instagram's id.
        comment_id: String,
    },
    /// A mention in somebody else's media.
    Mention {
        /// The media.
        media_id: String,
        /// The comment that mentions us, if it is not the caption.
        comment_id: Option<String>,
    },
}

/// What is liked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum LikeTarget {
    /// A comment (Facebook-login accounts only).
    Comment {
        /// Instagram's id.
        comment_id: String,
    },
    /// A direct message: a love reaction.
    Message {
        /// The person who sent it.
        recipient_id: String,
        /// Its id.
        mid: String,
    },
}

/// One call, typed. The JSON form is the `payload` of `post_queue`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// See [`ActionType::ReplyComment`].
    ReplyComment {
        /// What is answered.
        target: ReplyTarget,
        /// The reply.
        text: String,
    },
    /// See [`ActionType::HideComment`].
    HideComment {
        /// Instagram's id.
        comment_id: String,
    },
    /// See [`ActionType::DeleteComment`].
    DeleteComment {
        /// Instagram's id.
        comment_id: String,
    },
    /// See [`ActionType::PrivateReply`].
    PrivateReply {
        /// The comment answered.
        comment_id: String,
        /// The message.
        text: String,
    },
    /// See [`ActionType::SendDm`].
    SendDm {
        /// IGSID of the person.
        recipient_id: String,
        /// The message, at most 1000 bytes.
        text: String,
    },
    /// See [`ActionType::ReplyDm`].
    ReplyDm {
        /// IGSID of the person.
        recipient_id: String,
        /// The message answered.
        mid: String,
        /// The message, at most 1000 bytes.
        text: String,
    },
    /// A direct message with quick replies to tap; an [`ActionType::SendDm`] in the queue.
    AskDm {
        /// IGSID of the person.
        recipient_id: String,
        /// The message, at most 1000 bytes.
        text: String,
        /// What can be tapped; see [`check_quick_replies`]. A tap comes back as a message with this text.
        quick_replies: Vec<String>,
    },
    /// See [`ActionType::Like`].
    Like {
        /// What is liked.
        target: LikeTarget,
    },
    /// See [`ActionType::CreateContainer`].
    CreateContainer {
        /// The post.
        post: PostId,
        /// Which attempt at the post this belongs to.
        round: u32,
        /// Which of its containers this is.
        position: u32,
        /// What it holds.
        container: Box<Container>,
    },
    /// See [`ActionType::PublishPost`].
    PublishPost {
        /// The post.
        post: PostId,
        /// Which attempt at the post this belongs to.
        round: u32,
        /// The container to publish.
        container_id: String,
        /// What is published: it decides where a read-back looks.
        post_type: PostType,
        /// Its caption, by which a read-back knows it.
        caption: String,
    },
    /// See [`ActionType::FirstComment`].
    FirstComment {
        /// The post.
        post: PostId,
        /// The platform's id of the visible post.
        media_id: String,
        /// The comment.
        text: String,
    },
}

/// Most quick replies of a message.
pub const MOST_QUICK_REPLIES: usize = 13;
/// Longest title of a quick reply, in characters.
pub const LONGEST_QUICK_REPLY: usize = 20;

/// Refuses quick replies that Instagram does not take, or that people could not tell apart.
///
/// # Errors
/// What is wrong and what is allowed.
pub fn check_quick_replies(titles: &[String]) -> Result<(), &'static str> {
    let fits = |title: &String| (1..=LONGEST_QUICK_REPLY).contains(&title.trim().chars().count());
    let mut distinct: Vec<&str> = titles.iter().map(|title| title.trim()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if !(1..=MOST_QUICK_REPLIES).contains(&titles.len()) {
        return Err("give 1 to 13 quick replies");
    }
    if !titles.iter().all(fits) {
        return Err("each quick reply must have 1 to 20 characters");
    }
    if distinct.len() < titles.len() { Err("no two quick replies may be the same") } else { Ok(()) }
}

impl Action {
    /// The kind of this action.
    pub fn action_type(&self) -> ActionType {
        match self {
            Action::ReplyComment { .. } => ActionType::ReplyComment,
            Action::HideComment { .. } => ActionType::HideComment,
            Action::DeleteComment { .. } => ActionType::DeleteComment,
            Action::PrivateReply { .. } => ActionType::PrivateReply,
            Action::SendDm { .. } | Action::AskDm { .. } => ActionType::SendDm,
            Action::ReplyDm { .. } => ActionType::ReplyDm,
            Action::Like { .. } => ActionType::Like,
            Action::CreateContainer { .. } => ActionType::CreateContainer,
            Action::PublishPost { .. } => ActionType::PublishPost,
            Action::FirstComment { .. } => ActionType::FirstComment,
        }
    }

    /// The post that the action publishes.
    pub fn post(&self) -> Option<&PostId> {
        match self {
            Action::CreateContainer { post, .. }
            | Action::PublishPost { post, .. }
            | Action::FirstComment { post, .. } => Some(post),
            _ => None,
        }
    }

    /// What a read-back could take for this action: two with the same likeness through one account must not be called
    /// and read back at the same time.
    pub fn likeness(&self) -> Option<&str> {
        match self {
            Action::PublishPost { .. } => Some("publish_post"),
            other => other.text(),
        }
    }

    /// Tries before it goes to the dead letters.
    pub fn max_tries(&self) -> u32 {
        if self.post().is_some() { MAX_POST_TRIES } else { MAX_TRIES }
    }

    /// The words that will be seen by people, if any.
    pub fn text(&self) -> Option<&str> {
        match self {
            Action::ReplyComment { text, .. }
            | Action::PrivateReply { text, .. }
            | Action::SendDm { text, .. }
            | Action::AskDm { text, .. }
            | Action::ReplyDm { text, .. }
            | Action::FirstComment { text, .. } => Some(text),
            Action::HideComment { .. }
            | Action::DeleteComment { .. }
            | Action::Like { .. }
            | Action::CreateContainer { .. }
            | Action::PublishPost { .. } => None,
        }
    }

    /// The same action with other words; unchanged when the action carries none.
    pub fn with_text(mut self, new_text: &str) -> Self {
        match &mut self {
            Action::ReplyComment { text, .. }
            | Action::PrivateReply { text, .. }
            | Action::SendDm { text, .. }
            | Action::AskDm { text, .. }
            | Action::ReplyDm { text, .. }
            | Action::FirstComment { text, .. } => *text = new_text.to_owned(),
            Action::HideComment { .. }
            | Action::DeleteComment { .. }
            | Action::Like { .. }
            | Action::CreateContainer { .. }
            | Action::PublishPost { .. } => {}
        }
        self
    }

    /// True for actions that put words before a person; moderation and likes do not.
    pub fn speaks(&self) -> bool {
        self.text().is_some()
    }

    /// Whom a direct message goes to that somebody would write by hand.
    pub fn written_to(&self) -> Option<&str> {
        match self {
            Action::SendDm { recipient_id, .. }
            | Action::AskDm { recipient_id, .. }
            | Action::ReplyDm { recipient_id, .. } => Some(recipient_id),
            _ => None,
        }
    }

    /// True for direct messages that need an open 24-hour window.
    pub fn needs_window(&self) -> bool {
        matches!(
            self,
            Action::SendDm { .. }
                | Action::AskDm { .. }
                | Action::ReplyDm { .. }
                | Action::Like { target: LikeTarget::Message { .. } }
        )
    }
}

word_enum! {
    /// Where an effect stands.
    pub enum EffectState {
        /// Waits for its turn.
        Pending = "pending",
        /// The call is under way; written before the call.
        Processing = "processing",
        /// Done; Instagram has it.
        Sent = "sent",
        /// Refused for now; tried again at `next_retry_at`.
        Failed = "failed",
        /// The process died or the answer was lost between call and record: Instagram must be read before
        /// anything else.
        Unknown = "unknown",
        /// Given up; a person may retry it.
        Dlq = "dlq",
        /// Called off by a person or by a later event.
        Cancelled = "cancelled",
        /// Not allowed any more when its turn came; the reason is named.
        Skipped = "skipped",
    }
}

impl EffectState {
    /// True when nothing more will happen by itself.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Sent | Self::Dlq | Self::Cancelled | Self::Skipped)
    }
}

word_enum! {
    /// Why an effect was not sent although nothing failed.
    pub enum SkipReason {
        /// The 24-hour window has closed.
        WindowClosed = "window_closed",
        /// More than 7 days have passed since the comment.
        PrivateReplyExpired = "private_reply_expired",
        /// The comment has had its one private reply.
        AlreadyReplied = "already_replied",
        /// The person asked us to stop.
        OptedOut = "opted_out",
        /// A person has taken the conversation.
        HumanTookOver = "human_took_over",
        /// The comment or message is gone.
        TargetGone = "target_gone",
        /// The tenant is suspended.
        TenantSuspended = "tenant_suspended",
        /// The deadline passed while it waited.
        DeadlinePassed = "deadline_passed",
        /// The author is blocked by the tenant.
        AuthorBlocked = "author_blocked",
    }
}

word_enum! {
    /// What a failed call means for what happens next.
    pub enum ErrorCategory {
        /// The token is dead: stop the account's queue and raise an alert.
        AuthFailure = "auth_failure",
        /// Too many calls: wait as told.
        RateLimit = "rate_limit",
        /// A passing failure before the effect: try again with back-off.
        Transient = "transient",
        /// It will never work: dead letter.
        Permanent = "permanent",
        /// Instagram forbids it by its rules now: skip with a reason.
        Forbidden = "forbidden",
        /// The effect may have happened: read Instagram back first.
        Unknown = "unknown",
    }
}

/// Makes deciding twice harmless: the same event, action and position give the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(pub String);

impl IdempotencyKey {
    /// SHA-256 (hex) over tenant, the event's kind and external id, the action type and the position of the
    /// action among those of its type.
    pub fn derive(
        tenant: &TenantId,
        event_kind: &str,
        external_id: &str,
        action: ActionType,
        position: u32,
    ) -> Self {
        let mut hash = Sha256::new();
        for part in [tenant.0.as_bytes().as_slice(), event_kind.as_bytes(), external_id.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(action.as_str());
        hash.update(position.to_be_bytes());
        Self(hex::encode(hash.finalize()))
    }
}

/// An effect as it stands in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Its id.
    pub id: EffectId,
    /// The tenant.
    pub tenant: TenantId,
    /// The account it leaves through.
    pub account: AccountId,
    /// The conversation it belongs to.
    pub conversation: Option<ConversationId>,
    /// The event it answers.
    pub event: Option<EventId>,
    /// The decision that made it.
    pub decision: Option<DecisionId>,
    /// What to do.
    pub action: Action,
    /// Unique per tenant.
    pub idempotency_key: IdempotencyKey,
    /// Where it stands.
    pub state: EffectState,
    /// True when a person approved it: quiet hours do not hold it back.
    pub approved_by_person: bool,
    /// Tries that failed.
    pub retry_count: u32,
    /// The last error, for people.
    pub error: Option<String>,
    /// Its category.
    pub error_category: Option<ErrorCategory>,
    /// Why it was skipped.
    pub skip_reason: Option<SkipReason>,
    /// Instagram's id of what came of it.
    pub instagram_id: Option<String>,
    /// Not before this moment (quiet hours, back-off).
    pub next_retry_at: Timestamp,
    /// Useless or forbidden after this moment.
    pub deadline: Option<Timestamp>,
    /// When the first call began; what a read-back searches from.
    pub first_attempt_at: Option<Timestamp>,
    /// When Instagram had it.
    pub sent_at: Option<Timestamp>,
    /// When the event behind it was received; for the time from webhook to visible.
    pub received_at: Option<Timestamp>,
    /// Row created.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}

/// Tries before an effect goes to the dead letters.
pub const MAX_TRIES: u32 = 5;
/// The same for the steps of a post; a failed one may begin another attempt at the post.
pub const MAX_POST_TRIES: u32 = 3;

/// How long to wait after the `retry_count`-th failed try (1-based): 2, 4, 8, 16, 32 minutes, at most one hour.
pub fn backoff(retry_count: u32) -> Duration {
    Duration::from_secs(60)
        .saturating_mul(2u32.saturating_pow(retry_count.min(16)))
        .min(Duration::from_secs(3_600))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn back_off_doubles_from_two_minutes_and_stops_at_an_hour() {
        let minutes: Vec<u64> = (1..=7).map(|n| backoff(n).as_secs() / 60).collect();
        assert_eq!(minutes, [2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff(u32::MAX).as_secs(), 3_600);
    }

    #[test]
    fn the_key_depends_on_event_action_and_position_but_not_on_the_words() {
        let tenant = TenantId(Uuid::nil());
        let key = |external, action, position| {
            IdempotencyKey::derive(&tenant, "comment", external, action, position)
        };
        let first = key("1", ActionType::ReplyComment, 0);
        assert_eq!(first, key("1", ActionType::ReplyComment, 0));
        assert_ne!(first, key("2", ActionType::ReplyComment, 0));
        assert_ne!(first, key("1", ActionType::HideComment, 0));
        assert_ne!(first, key("1", ActionType::ReplyComment, 1));
    }
}
