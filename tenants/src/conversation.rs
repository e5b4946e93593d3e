//! Conversations: the thread under a comment, or the direct messages with one person.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::event::Person;
use crate::ids::{AccountId, CommentId, ConversationId, EffectId, EventId, MessageId};
use crate::intent::{Classification, Intent, Language, Sentiment};
use crate::words::word_enum;

word_enum! {
    /// What kind of thread a conversation is.
    pub enum ConversationKind {
        /// A top-level comment and its replies.
        CommentThread = "comment_thread",
        /// A mention in somebody else's media.
        Mention = "mention",
        /// Direct messages with one person.
        Direct = "direct",
    }
}

word_enum! {
    /// Who answers in a conversation.
    pub enum Owner {
        /// Troupe.
        Bot = "bot",
        /// A person of the agency or brand; Troupe is silent until it is handed back.
        Human = "human",
    }
}

word_enum! {
    /// Which way a message went.
    pub enum Direction {
        /// From the person to the account.
        Inbound = "inbound",
        /// From the account to the person.
        Outbound = "outbound",
    }
}

/// The state of one conversation. Unique by account and key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The account it is with.
    pub account: AccountId,
    /// Its kind.
    pub kind: ConversationKind,
    /// The conversation key of its events; see [`direct_key`] and [`comment_key`].
    pub key: String,
    /// The person: author of the top comment, or partner of the direct messages.
    pub person: Person,
    /// Who answers.
    pub owner: Owner,
    /// When the owner last changed.
    pub owner_since: Timestamp,
    /// Direct messages only: until when we may write (24 h after the person's last message).
    pub window_ends_at: Option<Timestamp>,
    /// The person asked us to stop.
    pub opted_out_at: Option<Timestamp>,
    /// Last sign of the person.
    pub last_inbound_at: Option<Timestamp>,
    /// Last thing the account wrote.
    pub last_outbound_at: Option<Timestamp>,
    /// Direct messages only: when the person was last told that a program answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosed_at: Option<Timestamp>,
    /// The person of the brand or agency who takes care of it. Changed by [`AssignConversation`] alone.
    ///
    /// [`AssignConversation`]: crate::changes::Change::AssignConversation
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<String>,
    /// Row created.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}

/// What was said last in a conversation, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWords {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who said it. Of comments the person's last one counts, whether it was answered or not: by it people know the thread.
    pub direction: Direction,
    /// The words; empty where there are none, of a picture for instance.
    pub text: String,
    /// Instagram's id of the media under which it was said; none of direct messages.
    pub media: Option<String>,
}

/// The key of the direct messages with one person.
pub fn direct_key(person_id: &str) -> String {
    format!("dm:{person_id}")
}

/// The key of a comment thread.
pub fn comment_key(top_comment_id: &str) -> String {
    format!("comment:{top_comment_id}")
}

/// The key of a mention.
pub fn mention_key(media_id: &str, comment_id: Option<&str>) -> String {
    match comment_id {
        Some(comment_id) => format!("mention:{media_id}:{comment_id}"),
        None => format!("mention:{media_id}"),
    }
}

word_enum! {
    /// Where a comment stands with us.
    pub enum CommentStatus {
        /// Seen, nothing done.
        Seen = "seen",
        /// An answer or action is queued.
        Queued = "queued",
        /// A draft waits for a person.
        AwaitingApproval = "awaiting_approval",
        /// Handed to a person.
        Escalated = "escalated",
        /// We answered.
        Replied = "replied",
        /// We hid it.
        Hidden = "hidden",
        /// We deleted it.
        Deleted = "deleted",
        /// Deliberately left alone.
        Ignored = "ignored",
    }
}

/// A stored comment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The account under whose media (or with whose mention) it stands.
    pub account: AccountId,
    /// Its thread.
    pub conversation: ConversationId,
    /// The event that brought it.
    pub event: EventId,
    /// Instagram's id; unique per account.
    pub external_id: String,
    /// The top-level comment, on replies.
    pub parent_external_id: Option<String>,
    /// The media.
    pub media_external_id: Option<String>,
    /// Who wrote it.
    pub author: Person,
    /// What it says.
    pub text: String,
    /// Intent found.
    pub intent: Option<Intent>,
    /// Its probability, 0 to 1.
    pub confidence: Option<f32>,
    /// Feeling found.
    pub sentiment: Option<Sentiment>,
    /// Language found.
    pub language: Option<Language>,
    /// Where it stands.
    pub status: CommentStatus,
    /// The reply that was sent or drafted.
    pub reply: Option<String>,
    /// Tags set by rules.
    pub tags: Vec<String>,
    /// Person it was assigned to by a rule.
    pub assigned_to: Option<String>,
    /// When it was written.
    pub occurred_at: Timestamp,
    /// Row created.
    pub created_at: Timestamp,
}

impl Comment {
    /// Copies what the classifier found into the row.
    pub fn classify(&mut self, found: &Classification) {
        self.intent = Some(found.intent);
        self.confidence = Some(found.confidence);
        self.sentiment = Some(found.sentiment);
        self.language = found.language;
    }
}

/// A stored direct message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The account.
    pub account: AccountId,
    /// Its thread.
    pub conversation: ConversationId,
    /// Instagram's id (`mid`); unique per account.
    pub external_id: String,
    /// Which way it went.
    pub direction: Direction,
    /// What it says; emptied when the sender takes it back.
    pub text: String,
    /// Kinds of its attachments.
    pub attachments: Vec<String>,
    /// Where they can be fetched, for a short time: Instagram's addresses expire within days. As many as there are
    /// attachments, in their order; empty where none is known.
    pub attachment_urls: Vec<Option<String>>,
    /// The effect that sent it, when we did.
    pub effect: Option<EffectId>,
    /// Intent found.
    pub intent: Option<Intent>,
    /// Its probability, 0 to 1.
    pub confidence: Option<f32>,
    /// Feeling found.
    pub sentiment: Option<Sentiment>,
    /// Language found.
    pub language: Option<Language>,
    /// The sender took it back; the text is gone.
    pub deleted: bool,
    /// When it was sent.
    pub occurred_at: Timestamp,
    /// Row created.
    pub created_at: Timestamp,
}

impl Message {
    /// Copies what the classifier found into the row.
    pub fn classify(&mut self, found: &Classification) {
        self.intent = Some(found.intent);
        self.confidence = Some(found.confidence);
        self.sentiment = Some(found.sentiment);
        self.language = found.language;
    }
}
