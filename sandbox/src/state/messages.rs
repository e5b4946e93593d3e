//! Direct messages and the threads they stand in.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    World,
    timeline::{Position, Timeline},
};
use crate::{
    errors::ControlError,
    ids::{AccountId, CommentId, ConversationId, IdSource, Igsid, MediaId, MessageId, Username},
};

/// Details can be read for so many of a conversation's newest messages.
const READABLE_MESSAGES: usize = 20;
/// Threads in the Requests folder that rest for longer are not listed.
pub(crate) const REQUEST_LIFETIME: TimeDelta = TimeDelta::days(30);

/// Who made a message, and by which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The person.
    Person,
    /// The account, through the API.
    Api,
    /// The account, from the Instagram app.
    Phone,
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Whether the account reacted (else the person).
    pub by_account: bool,
    /// `love`, `like`, …
    pub reaction: String,
    /// The emoji shown.
    pub emoji: String,
}

/// A direct message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// Its `mid`.
    pub id: MessageId,
    /// Its thread.
    pub conversation: ConversationId,
    /// The account.
    pub account: AccountId,
    /// The person, as the account knows them.
    pub igsid: Igsid,
    /// Who made it.
    pub origin: Origin,
    /// The text, if any.
    pub text: Option<String>,
    /// Attachments in webhook form.
    pub attachments: Vec<Value>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The story it answers.
    pub story: Option<MediaId>,
    /// The comment it privately replies to.
    pub comment: Option<CommentId>,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// How often it was edited.
    pub edits: u32,
    /// Unsent.
    pub deleted: bool,
    /// Content the API cannot show.
    pub unsupported: bool,
    /// Reactions, at most one per side.
    pub reactions: Vec<Reaction>,
}

impl Message {
    /// Whether the person sent it.
    pub fn is_inbound(&self) -> bool {
        self.origin == Origin::Person
    }
}

/// The thread between an account and a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The account.
    pub account: AccountId,
    /// The person, as the account knows them.
    pub igsid: Igsid,
    /// The person's handle.
    pub username: Username,
    /// Time of the newest message.
    pub updated_at: DateTime<Utc>,
    /// When the person last wrote or tapped a button: the start of the 24 h window.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// The person's newest message.
    pub newest_inbound: Option<MessageId>,
    /// Inbound messages that no send has answered yet.
    pub unanswered: u32,
    /// It stands in the Requests folder.
    pub is_request: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConversationNode {
    pub(crate) conversation: Conversation,
    pub(crate) thread: String,
    pub(crate) position: Position,
    pub(crate) messages: Timeline<MessageId>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Inboxes {
    conversations: HashMap<ConversationId, ConversationNode>,
    by_igsid: HashMap<Igsid, ConversationId>,
    messages: HashMap<MessageId, Message>,
}

impl Inboxes {
    pub(crate) fn conversation(&self, id: &str) -> Option<&ConversationNode> {
        self.conversations.get(id)
    }

    /// The thread with this person. An IGSID belongs to one account, so it names the thread.
    pub(crate) fn with(&self, igsid: &Igsid) -> Option<&ConversationNode> {
        self.by_igsid.get(igsid).and_then(|id| self.conversations.get(id))
    }

    pub(crate) fn with_mut(&mut self, igsid: &Igsid) -> Option<&mut ConversationNode> {
        let id = self.by_igsid.get(igsid)?;
        self.conversations.get_mut(id)
    }

    pub(crate) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.get(id)
    }

    pub(crate) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.get_mut(id)
    }

    /// Whether details of the message can still be read: not unsent, and among the newest of its thread.
    pub(crate) fn is_readable(&self, message: &Message) -> bool {
        let thread = self.conversations.get(&message.conversation);
        !message.deleted
            && thread.is_some_and(|thread| {
                thread.messages.newest_first().take(READABLE_MESSAGES).any(|(_, id)| *id == message.id)
            })
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub(crate) fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values().map(|node| &node.conversation)
    }
}

/// A message about to be stored.
pub(crate) struct MessageDraft {
    pub(crate) account: AccountId,
    pub(crate) igsid: Igsid,
    pub(crate) origin: Origin,
    pub(crate) text: Option<String>,
    pub(crate) attachments: Vec<Value>,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) story: Option<MediaId>,
    pub(crate) comment: Option<CommentId>,
    pub(crate) unsupported: bool,
    pub(crate) created_at: DateTime<Utc>,
}

impl MessageDraft {
    pub(crate) fn text(
        account: &AccountId,
        igsid: &Igsid,
        origin: Origin,
        text: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            account: account.clone(),
            igsid: igsid.clone(),
            origin,
            text: Some(text.to_owned()),
            attachments: Vec::new(),
            reply_to: None,
            story: None,
            comment: None,
            unsupported: false,
            created_at: now,
        }
    }
}

impl World {
    /// Stores a message and moves its thread to the top.
    pub(crate) fn store_message(&mut self, draft: MessageDraft) -> Result<Message, ControlError> {
        self.open_thread(&draft.account, &draft.igsid, draft.created_at)?;
        let position = Position::new(draft.created_at, self.ids.next_serial());
        let Some(node) = self.inboxes.with_mut(&draft.igsid) else {
            return Err(ControlError::not_found("conversation with", draft.igsid.as_str()));
        };
        let id = self.ids.message(&draft.account, &node.thread);
        node.messages.insert(position, id.clone());
        let conversation = &mut node.conversation;
        match draft.origin {
            Origin::Person => {
                conversation.newest_inbound = Some(id.clone());
                conversation.unanswered += 1;
            }
            Origin::Api | Origin::Phone => {
                conversation.unanswered = conversation.unanswered.saturating_sub(1);
                conversation.is_request = false;
            }
        }
        let conversation_id = conversation.id.clone();
        if draft.origin == Origin::Person {
            self.opens_window(&draft.igsid, draft.created_at);
        }
        self.move_to_top(&draft.account, &draft.igsid, position);
        let message = Message {
            id: id.clone(),
            conversation: conversation_id,
            account: draft.account,
            igsid: draft.igsid,
            origin: draft.origin,
            text: draft.text,
            attachments: draft.attachments,
            reply_to: draft.reply_to,
            story: draft.story,
            comment: draft.comment,
            created_at: draft.created_at,
            edits: 0,
            deleted: false,
            unsupported: draft.unsupported,
            reactions: Vec::new(),
        };
        self.inboxes.messages.insert(id, message.clone());
        Ok(message)
    }

    /// The person wrote or tapped: the 24 h window starts anew and their profile may be read.
    pub(crate) fn opens_window(&mut self, igsid: &Igsid, at: DateTime<Utc>) {
        if let Some(node) = self.inboxes.with_mut(igsid) {
            let last = &mut node.conversation.last_inbound_at;
            *last = Some(last.map_or(at, |last| last.max(at)));
        }
        if let Some(relation) = self.people.relation_mut(igsid.as_str()) {
            relation.consented = true;
        }
    }

    /// Makes the thread with a person if there is none.
    pub(crate) fn open_thread(
        &mut self,
        account: &AccountId,
        igsid: &Igsid,
        at: DateTime<Utc>,
    ) -> Result<(), ControlError> {
        if self.inboxes.by_igsid.contains_key(igsid) {
            return Ok(());
        }
        let relation = self
            .people
            .relation(igsid.as_str())
            .filter(|relation| relation.account == *account)
            .ok_or_else(|| ControlError::not_found("person", igsid.as_str()))?;
        let thread = self.ids.thread();
        let id = IdSource::conversation(account, &thread);
        let position = Position::new(at, self.ids.next_serial());
        let conversation = Conversation {
            id: id.clone(),
            account: account.clone(),
            igsid: igsid.clone(),
            username: relation.username.clone(),
            updated_at: at,
            last_inbound_at: None,
            newest_inbound: None,
            unanswered: 0,
            is_request: !relation.followed_by_account,
        };
        if let Some(owner) = self.accounts.get_mut(account) {
            owner.conversations.insert(position, id.clone());
        }
        let node = ConversationNode { conversation, thread, position, messages: Timeline::default() };
        self.inboxes.conversations.insert(id.clone(), node);
        self.inboxes.by_igsid.insert(igsid.clone(), id);
        Ok(())
    }

    fn move_to_top(&mut self, account: &AccountId, igsid: &Igsid, position: Position) {
        let Some(node) = self.inboxes.with_mut(igsid) else { return };
        let Some(owner) = self.accounts.get_mut(account) else { return };
        if position <= node.position {
            return;
        }
        owner.conversations.remove(node.position);
        owner.conversations.insert(position, node.conversation.id.clone());
        node.position = position;
        node.conversation.updated_at = position.time();
    }
}
