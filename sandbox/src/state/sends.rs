//! What an API client sends: messages, private replies, reactions, with Instagram's windows.

use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    World,
    comments::Author,
    effects::{EffectKind, NewEffect},
    messages::{Message, MessageDraft, Origin, Reaction},
};
use crate::{
    graph::errors::GraphError,
    ids::{AccountId, CommentId, Igsid, MessageId, Username},
};

/// The business may write for so long after the person did.
const WINDOW: TimeDelta = TimeDelta::hours(24);
/// The same for a human agent.
const HUMAN_AGENT_WINDOW: TimeDelta = TimeDelta::days(7);
/// A comment can be privately replied to for so long.
const PRIVATE_REPLY_WINDOW: TimeDelta = TimeDelta::days(7);

/// The checked content of a send.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    /// Attachments in webhook form.
    pub(crate) attachments: Vec<Value>,
    pub(crate) is_template: bool,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) metadata: Option<String>,
    pub(crate) human_agent: bool,
}

impl World {
    /// Sends a direct message.
    pub(crate) fn send_message(
        &mut self,
        account: &AccountId,
        igsid: &Igsid,
        content: Content,
        now: DateTime<Utc>,
    ) -> Result<Message, GraphError> {
        self.require_reachable(account, igsid)?;
        self.require_window(account, igsid, content.human_agent, now)?;
        if let Some(reply_to) = &content.reply_to {
            self.message_with(igsid, reply_to)?;
        }
        let thread = self.inboxes.with(igsid).map(|node| &node.conversation);
        let waiting = thread.is_some_and(|conversation| conversation.unanswered > 0);
        let newest_inbound = thread.and_then(|conversation| conversation.newest_inbound.clone());
        let answers = content.reply_to.clone().or(newest_inbound);
        // With `reply_to` the client says which message it answers; then the same text twice is a mistake.
        let target = content.reply_to.as_ref().map_or(igsid.as_str(), MessageId::as_str).to_owned();
        let invited = waiting && content.reply_to.is_none();
        let message = self.store_sent(account, igsid, None, &content, now)?;
        self.effects.done(NewEffect {
            at: now,
            account: account.clone(),
            kind: EffectKind::Message,
            target,
            answers: answers.map(|id| id.to_string()),
            text: content.text.clone(),
            result: Some(message.id.to_string()),
            invited,
        });
        self.emit_echo(&message, content.metadata, now);
        Ok(message)
    }

    /// Sends the one direct message that answers a comment.
    pub(crate) fn reply_privately(
        &mut self,
        account: &AccountId,
        id: &CommentId,
        content: Content,
        now: DateTime<Utc>,
    ) -> Result<Message, GraphError> {
        let username = self.privately_answerable(account, id, now)?;
        let relation = self
            .meet(account, username.as_str())
            .map_err(|_| GraphError::comment_unfit_for_private_reply())?;
        if !self.account(account).is_ok_and(|node| node.account.message_access) {
            return Err(GraphError::message_access_off());
        }
        if relation.blocks_account {
            return Err(GraphError::person_unavailable());
        }
        let comment = self.comments.find_mut(id.as_str());
        let comment = &mut comment.ok_or_else(GraphError::comment_unfit_for_private_reply)?.comment;
        comment.private_reply_used = true;
        // Instagram refuses templates to people who do not follow, and the attempt uses the one reply up.
        if content.is_template && !relation.follows_account {
            return Err(GraphError::template_to_non_follower());
        }
        let message = self.store_sent(account, &relation.igsid, Some(id), &content, now)?;
        if let Some(node) = self.comments.find_mut(id.as_str()) {
            node.comment.private_reply = Some(message.id.clone());
        }
        self.effects.done(NewEffect {
            at: now,
            account: account.clone(),
            kind: EffectKind::PrivateReply,
            target: id.to_string(),
            answers: Some(id.to_string()),
            text: content.text.clone(),
            result: Some(message.id.to_string()),
            invited: false,
        });
        self.emit_echo(&message, content.metadata, now);
        Ok(message)
    }

    /// Sets or takes back the account's reaction to a message. No webhook tells of it.
    pub(crate) fn react_by_api(
        &mut self,
        account: &AccountId,
        igsid: &Igsid,
        id: &MessageId,
        reaction: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), GraphError> {
        self.require_reachable(account, igsid)?;
        self.require_window(account, igsid, false, now)?;
        self.message_with(igsid, id)?;
        let Some(message) = self.inboxes.message_mut(id.as_str()) else {
            return Err(GraphError::unknown_object(&Method::POST, id.as_str()));
        };
        message.reactions.retain(|reaction| !reaction.by_account);
        message.reactions.extend(reaction.map(|reaction| Reaction {
            by_account: true,
            reaction: reaction.to_owned(),
            emoji: "\u{2764}\u{fe0f}".to_owned(),
        }));
        let kind = if reaction.is_some() { EffectKind::Reaction } else { EffectKind::Unreaction };
        self.effects.done(NewEffect {
            at: now,
            account: account.clone(),
            kind,
            target: id.to_string(),
            answers: Some(id.to_string()),
            text: reaction.map(str::to_owned),
            result: None,
            invited: false,
        });
        Ok(())
    }

    /// The account may message the person at all.
    pub(crate) fn require_reachable(&self, account: &AccountId, igsid: &Igsid) -> Result<(), GraphError> {
        let relation = self.people.relation(igsid.as_str()).filter(|relation| relation.account == *account);
        let relation = relation.ok_or_else(GraphError::no_matching_recipient)?;
        if !self.account(account).is_ok_and(|node| node.account.message_access) {
            return Err(GraphError::message_access_off());
        }
        if relation.blocks_account { Err(GraphError::person_unavailable()) } else { Ok(()) }
    }

    fn require_window(
        &self,
        account: &AccountId,
        igsid: &Igsid,
        human_agent: bool,
        now: DateTime<Utc>,
    ) -> Result<(), GraphError> {
        let approved = || {
            let app =
                self.account(account).ok().and_then(|node| self.apps.find(node.account.app_id.as_str()));
            app.is_some_and(|app| app.human_agent)
        };
        if human_agent && !approved() {
            return Err(GraphError::human_agent_refused());
        }
        let window = if human_agent { HUMAN_AGENT_WINDOW } else { WINDOW };
        let last_inbound = self.inboxes.with(igsid).and_then(|node| node.conversation.last_inbound_at);
        match last_inbound {
            Some(at) if now - at <= window => Ok(()),
            _ => Err(GraphError::window_closed()),
        }
    }

    fn privately_answerable(
        &self,
        account: &AccountId,
        id: &CommentId,
        now: DateTime<Utc>,
    ) -> Result<Username, GraphError> {
        let unfit = GraphError::comment_unfit_for_private_reply;
        let comment = &self.comments.find(id.as_str()).ok_or_else(unfit)?.comment;
        let on_own_media = self.media.get(&comment.media).is_some_and(|node| node.media.is_owned_by(account));
        let Author::Person(username) = &comment.author else { return Err(unfit()) };
        if !on_own_media {
            return Err(unfit());
        }
        if comment.private_reply_used {
            return Err(GraphError::already_replied_privately());
        }
        if now - comment.created_at > PRIVATE_REPLY_WINDOW {
            return Err(unfit());
        }
        Ok(username.clone())
    }

    fn message_with(&self, igsid: &Igsid, id: &MessageId) -> Result<&Message, GraphError> {
        self.inboxes
            .message(id.as_str())
            .filter(|message| message.igsid == *igsid && !message.deleted)
            .ok_or_else(|| GraphError::invalid_message("The message does not exist in this conversation."))
    }

    fn store_sent(
        &mut self,
        account: &AccountId,
        igsid: &Igsid,
        comment: Option<&CommentId>,
        content: &Content,
        now: DateTime<Utc>,
    ) -> Result<Message, GraphError> {
        self.store_message(MessageDraft {
            text: content.text.clone(),
            attachments: content.attachments.clone(),
            reply_to: content.reply_to.clone(),
            comment: comment.cloned(),
            ..MessageDraft::text(account, igsid, Origin::Api, "", now)
        })
        .map_err(|_| GraphError::no_matching_recipient())
    }
}
