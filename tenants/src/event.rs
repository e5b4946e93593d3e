//! What comes in: events from Instagram's webhooks, the gap detector and the clock.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::ids::{AccountId, EventId, TenantId};
use crate::words::word_enum;

word_enum! {
    /// How an event reached us.
    pub enum EventSource {
        /// A signed webhook.
        Webhook = "webhook",
        /// A poll of the read API found what no webhook had told.
        Backfill = "backfill",
        /// A tick of the scheduler.
        Cron = "cron",
    }
}

word_enum! {
    /// What an event is about. Together with account and external id it makes an event unique.
    pub enum EventKind {
        /// A comment by somebody else.
        Comment = "comment",
        /// A comment on a live broadcast.
        LiveComment = "live_comment",
        /// A comment by the account itself, written by us or by a person from the phone.
        OwnComment = "own_comment",
        /// The account was mentioned in a caption or comment of somebody else's media.
        Mention = "mention",
        /// A direct message.
        Message = "message",
        /// A direct message that answers or mentions one of our stories.
        StoryReply = "story_reply",
        /// A direct message sent by the account, by us or by a person from the phone.
        Echo = "echo",
        /// A sender took a message back.
        MessageDeleted = "message_deleted",
        /// A sender changed a message.
        MessageEdited = "message_edited",
        /// A reaction to a message, or its removal.
        Reaction = "reaction",
        /// A tapped button or ice breaker.
        Postback = "postback",
        /// The person has read the thread.
        Seen = "seen",
        /// The person came through a link or an advertisement.
        Referral = "referral",
        /// The person agreed to notification messages.
        OptIn = "opt_in",
        /// Control of the thread moved between apps.
        Handover = "handover",
        /// An item of a thread that another app owns.
        Standby = "standby",
        /// Final numbers of an expired story.
        StoryInsights = "story_insights",
        /// Instagram warned or blocked the account.
        PolicyEnforcement = "policy_enforcement",
        /// A person judged an answer.
        Feedback = "feedback",
        /// A tick of the scheduler for one role.
        Tick = "tick",
        /// Something we do not know; kept as it came.
        Unknown = "unknown",
    }
}

/// A person on Instagram, as seen by one account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    /// Instagram-scoped id (IGSID): unique per person and account.
    pub id: String,
    /// Handle without `@`; Instagram often leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// A comment, on a post, reel, advertisement or live broadcast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentBody {
    /// Instagram's id of the comment.
    pub comment_id: String,
    /// Set on replies: the top-level comment they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The media it stands under; absent on some deliveries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
    /// `FEED`, `REELS`, `STORY` or `AD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_product_type: Option<String>,
    /// Who wrote it.
    pub from: Person,
    /// What it says.
    pub text: String,
}

impl CommentBody {
    /// The top-level comment of the thread this comment belongs to.
    pub fn thread_root(&self) -> &str {
        self.parent_id.as_deref().unwrap_or(&self.comment_id)
    }
}

/// A mention of the account in media of somebody else. Carries ids only; the text must be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MentionBody {
    /// The media.
    pub media_id: String,
    /// The comment, when the mention is in one; otherwise it is in the caption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_id: Option<String>,
}

/// Something attached to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Instagram's type word (`image`, `ig_reel`, `story_mention` …); unknown ones are kept.
    pub kind: String,
    /// Where it can be fetched for a short time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What a message answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum ReplyTo {
    /// An earlier message.
    Message {
        /// Its id.
        mid: String,
    },
    /// One of our stories.
    Story {
        /// The story's media id, when told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
}

/// A direct message, in either direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageBody {
    /// Instagram's id of the message.
    pub mid: String,
    /// The person we talk with (never the account), whoever sent the message.
    pub person: Person,
    /// Text; empty when there is none.
    #[serde(default)]
    pub text: String,
    /// Attachments, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<ReplyTo>,
    /// Payload of a tapped quick reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick_reply: Option<String>,
    /// `metadata` of an echo, when the sender set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// The account wrote to itself.
    #[serde(default)]
    pub to_self: bool,
    /// Instagram cannot show this kind of content to apps.
    #[serde(default)]
    pub unsupported: bool,
}

/// What an event says, typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "body", rename_all = "snake_case")]
pub enum EventBody {
    /// `comment`, `live_comment` or `own_comment`.
    Comment(CommentBody),
    /// `mention`.
    Mention(MentionBody),
    /// `message`, `story_reply` or `echo`.
    Message(MessageBody),
    /// `message_deleted`.
    MessageDeleted {
        /// The message taken back.
        mid: String,
        /// The thread's person, when told.
        person: Option<Person>,
    },
    /// `message_edited`.
    MessageEdited {
        /// The message.
        mid: String,
        /// The thread's person; absent on the empty edits Instagram sends.
        person: Option<Person>,
        /// The new text; absent likewise.
        text: Option<String>,
        /// How many times it was edited.
        edits: u32,
    },
    /// `reaction`.
    Reaction {
        /// The message reacted to.
        mid: String,
        /// Who reacted.
        person: Person,
        /// The emoji or word; `None` when the reaction was removed.
        reaction: Option<String>,
    },
    /// `postback`.
    Postback {
        /// Id of the tap.
        mid: Option<String>,
        /// Who tapped.
        person: Person,
        /// Title of the button.
        title: String,
        /// The payload the button carries; absent on standby.
        payload: Option<String>,
    },
    /// `seen`.
    Seen {
        /// The last message seen.
        mid: Option<String>,
        /// Who has seen it.
        person: Person,
    },
    /// `referral`.
    Referral {
        /// Who came.
        person: Person,
        /// The link's own reference.
        reference: Option<String>,
        /// `ADS`, an ig.me link …
        source: Option<String>,
    },
    /// `tick`.
    Tick(TickBody),
    /// Everything we store and show but do not act on: the raw form says it all.
    Raw,
}

/// A tick of the scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickBody {
    /// The role it is for.
    pub role: Role,
    /// Its name, such as `daily_briefing`.
    pub name: String,
    /// The moment it was due.
    pub due_at: Timestamp,
}

word_enum! {
    /// The five roles of a troupe.
    pub enum Role {
        /// Comments, mentions, story replies.
        Engagement = "engagement",
        /// Captions, schedule, publishing.
        Content = "content",
        /// Direct messages, briefings, notifications.
        Comms = "comms",
        /// Insights, spikes, discovery, reports.
        Intel = "intel",
        /// Health, tokens, costs, retention.
        Admin = "admin",
    }
}

/// An event that is about to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The account it came to; `None` for ticks of the tenant.
    pub account: Option<AccountId>,
    /// How it reached us.
    pub source: EventSource,
    /// What it is about.
    pub kind: EventKind,
    /// Unique with tenant and kind: the same delivery gives the same text.
    pub external_id: String,
    /// Events with the same key are worked on in order, others side by side.
    pub conversation_key: String,
    /// When it happened, by Instagram's word.
    pub occurred_at: Timestamp,
    /// When we stored it.
    pub received_at: Timestamp,
    /// What it says.
    pub body: EventBody,
    /// The item of the payload as it came.
    pub raw: Value,
}

/// A stored event on its way to a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxEvent {
    /// Its id.
    pub id: EventId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The account it came to; `None` for ticks of the tenant.
    pub account: Option<AccountId>,
    /// How it reached us.
    pub source: EventSource,
    /// What it is about.
    pub kind: EventKind,
    /// The external id it was stored under.
    pub external_id: String,
    /// Order is kept within one key.
    pub conversation_key: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When we stored it.
    pub received_at: Timestamp,
    /// How many times work on it has failed.
    pub attempts: u32,
    /// What it says.
    pub body: EventBody,
}

impl InboxEvent {
    /// The role whose actor takes this event.
    pub fn role(&self) -> Role {
        match (&self.body, self.kind) {
            (EventBody::Tick(tick), _) => tick.role,
            (EventBody::Comment(_) | EventBody::Mention(_), _) | (_, EventKind::StoryReply) => {
                Role::Engagement
            }
            (EventBody::Message(_), _)
            | (EventBody::MessageDeleted { .. } | EventBody::MessageEdited { .. }, _)
            | (EventBody::Reaction { .. } | EventBody::Postback { .. }, _)
            | (EventBody::Seen { .. } | EventBody::Referral { .. }, _) => Role::Comms,
            (EventBody::Raw, _) => Role::Admin,
        }
    }
}

/// An event whose account we do not know.
#[derive(Debug, Clone, PartialEq)]
pub struct OrphanedEvent {
    /// Its id.
    pub id: EventId,
    /// Instagram's id of the account it was for.
    pub external_account: String,
    /// What it is about.
    pub kind: EventKind,
    /// Unique with account and kind.
    pub external_id: String,
    /// When we stored it.
    pub received_at: Timestamp,
    /// The item of the payload as it came.
    pub raw: Value,
}
