//! What people (and the account's phone) do in direct messages.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    World,
    effects::{Inbound, InboundKind},
    messages::{Message, MessageDraft, Origin, Reaction},
};
use crate::{
    control::requests::{NewMessage, NewPostback, NewReaction, OwnMessage},
    errors::ControlError,
    ids::{AccountId, MessageId},
    webhooks::{Envelope, payload},
};

impl World {
    /// A person writes to the account.
    pub(crate) fn person_writes(
        &mut self,
        account: &AccountId,
        new: NewMessage,
        now: DateTime<Utc>,
    ) -> Result<Message, ControlError> {
        let relation = self.meet(account, &new.from)?;
        if let Some(story) = &new.story
            && !self.media.get(story).is_some_and(|node| node.media.is_owned_by(account))
        {
            return Err(ControlError::not_found("story of the account", story.as_str()));
        }
        let kind = inbound_kind(&new);
        let extras = payload::MessageExtras {
            quick_reply: new.quick_reply.clone(),
            referral: new.referral.clone(),
            metadata: None,
        };
        let message = self.store_message(MessageDraft {
            reply_to: new.reply_to,
            story: new.story,
            attachments: new.attachments,
            text: new.text,
            unsupported: new.unsupported,
            ..MessageDraft::text(account, &relation.igsid, Origin::Person, "", new.created_at.unwrap_or(now))
        })?;
        self.effects.came_in(Inbound {
            sequence: 0,
            at: message.created_at,
            id: message.id.to_string(),
            kind,
            account: account.clone(),
            from: relation.username,
            text: message.text.clone(),
            igsid: relation.igsid,
        });
        if new.webhook {
            let value = payload::message(&message, &extras);
            self.emit(account, "messages", new.envelope, value, now);
        }
        Ok(message)
    }

    /// The account writes from the Instagram app; the app learns of it through an echo.
    pub(crate) fn own_message(
        &mut self,
        account: &AccountId,
        own: OwnMessage,
        now: DateTime<Utc>,
    ) -> Result<Message, ControlError> {
        let relation = self.meet(account, &own.to)?;
        let draft = MessageDraft::text(account, &relation.igsid, Origin::Phone, &own.text, now);
        let message = self.store_message(draft)?;
        self.emit_echo(&message, None, now);
        Ok(message)
    }

    pub(crate) fn emit_echo(&mut self, message: &Message, metadata: Option<String>, now: DateTime<Utc>) {
        let extras = payload::MessageExtras { metadata, ..payload::MessageExtras::default() };
        let value = payload::message(message, &extras);
        let account = message.account.clone();
        self.emit(&account, "messages", Envelope::Messaging, value, now);
    }

    /// Somebody changes the text of a message they sent.
    pub(crate) fn edit_message(
        &mut self,
        id: &MessageId,
        text: String,
        now: DateTime<Utc>,
    ) -> Result<Message, ControlError> {
        let message = self.live_message_mut(id)?;
        message.text = Some(text);
        message.edits += 1;
        let message = message.clone();
        let value = payload::edit(&message, now);
        self.emit(&message.account.clone(), "message_edit", Envelope::Messaging, value, now);
        Ok(message)
    }

    /// Somebody unsends a message; readers must delete their copy.
    pub(crate) fn unsend_message(&mut self, id: &MessageId, now: DateTime<Utc>) -> Result<(), ControlError> {
        let message = self.live_message_mut(id)?;
        message.deleted = true;
        let message = message.clone();
        let value = payload::unsent(&message, now);
        self.emit(&message.account.clone(), "messages", Envelope::Messaging, value, now);
        Ok(())
    }

    /// A person reacts to a message or takes the reaction back.
    pub(crate) fn person_reacts(&mut self, new: NewReaction, now: DateTime<Utc>) -> Result<(), ControlError> {
        let id = new
            .message
            .ok_or_else(|| ControlError::Invalid("name the `message` that is reacted to".to_owned()))?;
        let message = self.live_message_mut(&id)?;
        message.reactions.retain(|reaction| reaction.by_account);
        let reaction = new.reaction.map(|reaction| Reaction {
            by_account: false,
            reaction,
            emoji: new.emoji.unwrap_or_else(|| "\u{2764}\u{fe0f}".to_owned()),
        });
        message.reactions.extend(reaction.clone());
        let message = message.clone();
        let value = payload::reaction(&message, reaction.as_ref(), now);
        self.emit(&message.account.clone(), "message_reactions", Envelope::Messaging, value, now);
        Ok(())
    }

    /// The person has seen a message.
    pub(crate) fn person_sees(&mut self, id: &MessageId, now: DateTime<Utc>) -> Result<(), ControlError> {
        let message = self.live_message_mut(id)?.clone();
        let value = payload::item_from_person(&message, now, "read", json!({"mid": message.id}));
        self.emit(&message.account.clone(), "messaging_seen", Envelope::Messaging, value, now);
        Ok(())
    }

    /// A person taps a button. The tap is a message of the thread and opens the window.
    pub(crate) fn person_taps(
        &mut self,
        account: &AccountId,
        new: NewPostback,
        now: DateTime<Utc>,
    ) -> Result<Message, ControlError> {
        let relation = self.meet(account, &new.from)?;
        let draft = MessageDraft::text(account, &relation.igsid, Origin::Person, &new.title, now);
        let message = self.store_message(draft)?;
        self.effects.came_in(Inbound {
            sequence: 0,
            at: now,
            id: message.id.to_string(),
            kind: InboundKind::Postback,
            account: account.clone(),
            from: relation.username,
            text: Some(new.title.clone()),
            igsid: relation.igsid,
        });
        let postback = json!({"mid": message.id, "title": new.title, "payload": new.payload});
        let value = payload::item_from_person(&message, now, "postback", postback);
        self.emit(account, "messaging_postbacks", Envelope::Messaging, value, now);
        Ok(message)
    }

    fn live_message_mut(&mut self, id: &MessageId) -> Result<&mut Message, ControlError> {
        self.inboxes
            .message_mut(id.as_str())
            .filter(|message| !message.deleted)
            .ok_or_else(|| ControlError::not_found("message", id.as_str()))
    }
}

fn inbound_kind(new: &NewMessage) -> InboundKind {
    let is_story_mention = |attachment: &Value| attachment["type"] == "story_mention";
    if new.story.is_some() {
        InboundKind::StoryReply
    } else if new.attachments.iter().any(is_story_mention) {
        InboundKind::StoryMention
    } else {
        InboundKind::Message
    }
}
