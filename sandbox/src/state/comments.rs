//! Comments and replies, and what people and the phone do with them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    World,
    effects::{Inbound, InboundKind},
    media::MediaOwner,
    timeline::{Position, Timeline},
};
use crate::{
    control::requests::{Login, NewComment, NewMedia, NewMention, OwnComment},
    errors::ControlError,
    ids::{AccountId, CommentId, MediaId, MessageId, Username},
    webhooks::{Envelope, payload},
};

/// Who wrote a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// One of the sandbox's accounts.
    Account(AccountId),
    /// Anybody else.
    Person(Username),
}

/// A comment or reply.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// Where it stands.
    pub media: MediaId,
    /// The top-level comment it answers.
    pub parent: Option<CommentId>,
    /// Who wrote it.
    pub author: Author,
    /// Author's handle.
    pub username: Username,
    /// What was written.
    pub text: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Hidden by the media's owner.
    pub hidden: bool,
    /// Deleted; such a comment stays visible to the control API only.
    pub deleted: bool,
    /// Liked through the API by these accounts.
    pub liked_by: Vec<AccountId>,
    /// The one private reply it got.
    pub private_reply: Option<MessageId>,
    /// The one private reply is used up, even if nothing arrived.
    pub private_reply_used: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CommentNode {
    pub(crate) comment: Comment,
    pub(crate) position: Position,
    pub(crate) replies: Timeline<CommentId>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Comments {
    by_id: HashMap<CommentId, CommentNode>,
}

impl Comments {
    /// The comment, unless it is deleted.
    pub(crate) fn find(&self, id: &str) -> Option<&CommentNode> {
        self.by_id.get(id).filter(|node| !node.comment.deleted)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut CommentNode> {
        self.by_id.get_mut(id).filter(|node| !node.comment.deleted)
    }

    /// The comment, also when it is deleted.
    pub(crate) fn find_any(&self, id: &str) -> Option<&CommentNode> {
        self.by_id.get(id)
    }

    pub(crate) fn forget(&mut self, id: &CommentId) {
        let Some(node) = self.by_id.remove(id) else { return };
        for (_, reply) in node.replies.newest_first() {
            self.by_id.remove(reply);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Comment> {
        self.by_id.values().map(|node| &node.comment)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

/// A comment about to be written.
pub(crate) struct Draft {
    pub(crate) media: MediaId,
    pub(crate) parent: Option<CommentId>,
    pub(crate) author: Author,
    pub(crate) username: Username,
    pub(crate) text: String,
    pub(crate) created_at: DateTime<Utc>,
}

impl World {
    /// Writes a comment. An answer to an answer joins the top-level comment.
    pub(crate) fn write_comment(&mut self, draft: Draft) -> Result<Comment, ControlError> {
        let parent = match &draft.parent {
            Some(parent) => {
                let node = self
                    .comments
                    .find(parent.as_str())
                    .ok_or_else(|| ControlError::not_found("comment", parent.as_str()))?;
                Some(node.comment.parent.clone().unwrap_or_else(|| parent.clone()))
            }
            None => None,
        };
        let position = Position::new(draft.created_at, self.ids.next_serial());
        let id = self.ids.comment();
        let media = self
            .media
            .get_mut(&draft.media)
            .ok_or_else(|| ControlError::not_found("media", draft.media.as_str()))?;
        media.comments_count += 1;
        match parent.as_ref().and_then(|parent| self.comments.find_mut(parent.as_str())) {
            Some(node) => node.replies.insert(position, id.clone()),
            None => media.comments.insert(position, id.clone()),
        }
        let comment = Comment {
            id: id.clone(),
            media: draft.media,
            parent,
            author: draft.author,
            username: draft.username,
            text: draft.text,
            created_at: draft.created_at,
            hidden: false,
            deleted: false,
            liked_by: Vec::new(),
            private_reply: None,
            private_reply_used: false,
        };
        let node = CommentNode { comment: comment.clone(), position, replies: Timeline::default() };
        self.comments.by_id.insert(id, node);
        Ok(comment)
    }

    /// A person comments on the account's media.
    pub(crate) fn person_comments(
        &mut self,
        account: &AccountId,
        new: NewComment,
        now: DateTime<Utc>,
    ) -> Result<Comment, ControlError> {
        let relation = self.meet(account, &new.from)?;
        let media = self.commented_media(account, new.media, new.parent.as_ref(), now)?;
        let comment = self.write_comment(Draft {
            media,
            parent: new.parent,
            author: Author::Person(relation.username.clone()),
            username: relation.username.clone(),
            text: new.text,
            created_at: new.created_at.unwrap_or(now),
        })?;
        self.effects.came_in(Inbound {
            sequence: 0,
            at: comment.created_at,
            id: comment.id.to_string(),
            kind: InboundKind::Comment,
            account: account.clone(),
            from: relation.username,
            text: Some(comment.text.clone()),
            igsid: relation.igsid,
        });
        if new.webhook {
            let field = if new.live { "live_comments" } else { "comments" };
            let value = payload::comment(self, account, &comment);
            self.emit(account, field, new.envelope, value, now);
        }
        Ok(comment)
    }

    /// The account comments from the Instagram app; Instagram reports that like any other comment.
    pub(crate) fn own_comment(
        &mut self,
        account: &AccountId,
        own: OwnComment,
        now: DateTime<Utc>,
    ) -> Result<Comment, ControlError> {
        let media = self.commented_media(account, own.media, own.parent.as_ref(), now)?;
        self.account_comments(account, media, own.parent, own.text, now)
    }

    /// Writes the account's own comment and reports it, whether it came from the phone or the API.
    pub(crate) fn account_comments(
        &mut self,
        account: &AccountId,
        media: MediaId,
        parent: Option<CommentId>,
        text: String,
        now: DateTime<Utc>,
    ) -> Result<Comment, ControlError> {
        let username = self.account(account)?.account.username.clone();
        let author = Author::Account(account.clone());
        let owned = self.media.get(&media).is_some_and(|node| node.media.is_owned_by(account));
        let comment = self.write_comment(Draft { media, parent, author, username, text, created_at: now })?;
        if owned {
            let value = payload::comment(self, account, &comment);
            self.emit(account, "comments", Envelope::Changes, value, now);
        }
        Ok(comment)
    }

    /// Somebody mentions the account on their own media; answers with the comment or, for captions, the media.
    pub(crate) fn person_mentions(
        &mut self,
        account: &AccountId,
        new: NewMention,
        now: DateTime<Utc>,
    ) -> Result<(MediaId, Option<CommentId>), ControlError> {
        let relation = self.meet(account, &new.from)?;
        let caption = new.in_caption.then(|| new.text.clone());
        let owner = MediaOwner::Person(relation.username.clone());
        let media = self.create_media(owner, NewMedia { caption, ..NewMedia::default() }, now)?;
        self.mentions.insert((account.clone(), media.id.to_string()));
        let comment = if new.in_caption {
            None
        } else {
            Some(self.write_comment(Draft {
                media: media.id.clone(),
                parent: None,
                author: Author::Person(relation.username.clone()),
                username: relation.username.clone(),
                text: new.text.clone(),
                created_at: now,
            })?)
        };
        let kind = if new.in_caption { InboundKind::CaptionMention } else { InboundKind::Mention };
        let id = comment.as_ref().map_or_else(|| media.id.to_string(), |comment| comment.id.to_string());
        self.mentions.insert((account.clone(), id.clone()));
        self.effects.came_in(Inbound {
            sequence: 0,
            at: now,
            id,
            kind,
            account: account.clone(),
            from: relation.username,
            text: Some(new.text),
            igsid: relation.igsid,
        });
        let login = self.account(account)?.account.login;
        match &comment {
            Some(comment) if login == Login::Instagram => {
                let value = payload::comment(self, account, comment);
                self.emit(account, "comments", Envelope::Changes, value, now);
            }
            _ => {
                let value = payload::mention(&media.id, comment.as_ref().map(|comment| &comment.id));
                self.emit(account, "mentions", Envelope::Changes, value, now);
            }
        }
        Ok((media.id, comment.map(|comment| comment.id)))
    }

    fn commented_media(
        &mut self,
        account: &AccountId,
        media: Option<MediaId>,
        parent: Option<&CommentId>,
        now: DateTime<Utc>,
    ) -> Result<MediaId, ControlError> {
        if let Some(parent) = parent {
            let node = self.comments.find(parent.as_str());
            let node = node.ok_or_else(|| ControlError::not_found("comment", parent.as_str()))?;
            return Ok(node.comment.media.clone());
        }
        let Some(media) = media else { return self.newest_media(account, now) };
        let owned = self.media.get(&media).is_some_and(|node| node.media.is_owned_by(account));
        if owned { Ok(media) } else { Err(ControlError::not_found("media of the account", media.as_str())) }
    }
}
