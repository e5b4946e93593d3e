//! What an API client does to comments: reply, hide, delete, like.

use chrono::{DateTime, Utc};

use super::{
    World,
    comments::{Author, Comment},
    effects::{EffectKind, NewEffect},
};
use crate::{
    graph::errors::GraphError,
    ids::{AccountId, CommentId, MediaId},
};

/// The longest comment the app's own interface lets through.
const MAX_COMMENT_CHARS: usize = 2_200;

impl World {
    /// A new top-level comment on the account's own media.
    pub(crate) fn comment_by_api(
        &mut self,
        account: &AccountId,
        media: &MediaId,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<CommentId, GraphError> {
        self.require_open_comments(media, text)?;
        let comment = self.write_own(account, media.clone(), None, text, now)?;
        self.note(account, EffectKind::Comment, media.as_str(), None, Some((&comment, text)), now);
        Ok(comment.id)
    }

    /// A public reply. To a reply it attaches to the top-level comment; hidden comments refuse it.
    pub(crate) fn reply_by_api(
        &mut self,
        account: &AccountId,
        target: &CommentId,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<CommentId, GraphError> {
        let comment = self.comment_or_lost(target)?.clone();
        let parent_hidden = comment
            .parent
            .as_ref()
            .and_then(|parent| self.comments.find(parent.as_str()))
            .is_some_and(|parent| parent.comment.hidden);
        if comment.hidden || parent_hidden {
            return Err(GraphError::comment_closed("Hidden comments cannot be replied to."));
        }
        self.require_open_comments(&comment.media, text)?;
        let reply = self.write_own(account, comment.media, Some(target.clone()), text, now)?;
        let answers = Some(target.to_string());
        self.note(account, EffectKind::Reply, target.as_str(), answers, Some((&reply, text)), now);
        Ok(reply.id)
    }

    /// Answers a mention on somebody else's media.
    pub(crate) fn answer_mention(
        &mut self,
        account: &AccountId,
        media: &MediaId,
        comment: Option<&CommentId>,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<CommentId, GraphError> {
        let mentioned = comment.map_or(media.as_str(), CommentId::as_str).to_owned();
        let on_media = comment.is_none_or(|comment| {
            self.comments.find(comment.as_str()).is_some_and(|node| node.comment.media == *media)
        });
        if !on_media || !self.mentions.contains(&(account.clone(), mentioned.clone())) {
            return Err(GraphError::invalid_parameter("The account is not mentioned there."));
        }
        self.require_open_comments(media, text)?;
        let reply = self.write_own(account, media.clone(), comment.cloned(), text, now)?;
        let answers = Some(mentioned.clone());
        self.note(account, EffectKind::MentionReply, &mentioned, answers, Some((&reply, text)), now);
        Ok(reply.id)
    }

    /// Hides or shows a comment. The owner's own comments stay visible whatever is asked.
    pub(crate) fn set_hidden(
        &mut self,
        account: &AccountId,
        id: &CommentId,
        hidden: bool,
        now: DateTime<Utc>,
    ) -> Result<(), GraphError> {
        let node = self.comments.find_mut(id.as_str()).ok_or_else(|| lost(id))?;
        let own = matches!(&node.comment.author, Author::Account(author) if author == account);
        if own || node.comment.hidden == hidden {
            return Ok(());
        }
        node.comment.hidden = hidden;
        let kind = if hidden { EffectKind::Hide } else { EffectKind::Unhide };
        self.note(account, kind, id.as_str(), Some(id.to_string()), None, now);
        Ok(())
    }

    /// Deletes a comment with its replies.
    pub(crate) fn delete_by_api(
        &mut self,
        account: &AccountId,
        id: &CommentId,
        now: DateTime<Utc>,
    ) -> Result<(), GraphError> {
        self.remove_comment(id).ok_or_else(|| lost(id))?;
        self.note(account, EffectKind::Delete, id.as_str(), Some(id.to_string()), None, now);
        Ok(())
    }

    /// Takes a comment and its replies out of every listing; answers how many went.
    pub(crate) fn remove_comment(&mut self, id: &CommentId) -> Option<u64> {
        let node = self.comments.find_mut(id.as_str())?;
        node.comment.deleted = true;
        let (position, media, parent) =
            (node.position, node.comment.media.clone(), node.comment.parent.clone());
        let replies: Vec<CommentId> = node.replies.newest_first().map(|(_, reply)| reply.clone()).collect();
        for reply in &replies {
            if let Some(reply) = self.comments.find_mut(reply.as_str()) {
                reply.comment.deleted = true;
            }
        }
        let removed = 1 + replies.len() as u64;
        if let Some(media) = self.media.get_mut(&media) {
            media.comments.remove(position);
            media.comments_count = media.comments_count.saturating_sub(removed);
        }
        if let Some(parent) = parent.and_then(|parent| self.comments.find_mut(parent.as_str())) {
            parent.replies.remove(position);
        }
        Some(removed)
    }

    /// Likes or unlikes a comment; repeating changes nothing.
    pub(crate) fn like_comment(
        &mut self,
        account: &AccountId,
        id: &CommentId,
        liked: bool,
        now: DateTime<Utc>,
    ) -> Result<(), GraphError> {
        let node = self.comments.find_mut(id.as_str()).ok_or_else(|| lost(id))?;
        if set_membership(&mut node.comment.liked_by, account, liked) {
            let kind = if liked { EffectKind::Like } else { EffectKind::Unlike };
            self.note(account, kind, id.as_str(), Some(id.to_string()), None, now);
        }
        Ok(())
    }

    /// Likes or unlikes a media; repeating changes nothing.
    pub(crate) fn like_media(
        &mut self,
        account: &AccountId,
        id: &MediaId,
        liked: bool,
        now: DateTime<Utc>,
    ) -> Result<(), GraphError> {
        let node = self
            .media
            .get_mut(id)
            .ok_or_else(|| GraphError::unknown_object(&axum::http::Method::POST, id.as_str()))?;
        if set_membership(&mut node.media.liked_by, account, liked) {
            let kind = if liked { EffectKind::Like } else { EffectKind::Unlike };
            self.note(account, kind, id.as_str(), Some(id.to_string()), None, now);
        }
        Ok(())
    }

    fn comment_or_lost(&self, id: &CommentId) -> Result<&Comment, GraphError> {
        self.comments.find(id.as_str()).map(|node| &node.comment).ok_or_else(|| lost(id))
    }

    fn require_open_comments(&self, media: &MediaId, text: &str) -> Result<(), GraphError> {
        if text.trim().is_empty() {
            return Err(GraphError::missing_parameter("message"));
        }
        if text.chars().count() > MAX_COMMENT_CHARS {
            return Err(GraphError::invalid_parameter("The comment is too long."));
        }
        match self.media.get(media) {
            Some(node) if node.media.comment_enabled => Ok(()),
            Some(_) => Err(GraphError::comment_closed("Comments are switched off for this media.")),
            None => Err(GraphError::unknown_object(&axum::http::Method::POST, media.as_str())),
        }
    }

    fn write_own(
        &mut self,
        account: &AccountId,
        media: MediaId,
        parent: Option<CommentId>,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<Comment, GraphError> {
        let lost_media = GraphError::unknown_object(&axum::http::Method::POST, media.as_str());
        self.account_comments(account, media, parent, text.to_owned(), now).map_err(|_| lost_media)
    }

    fn note(
        &mut self,
        account: &AccountId,
        kind: EffectKind,
        target: &str,
        answers: Option<String>,
        written: Option<(&Comment, &str)>,
        at: DateTime<Utc>,
    ) {
        self.effects.done(NewEffect {
            at,
            account: account.clone(),
            kind,
            target: target.to_owned(),
            answers,
            text: written.map(|(_, text)| text.to_owned()),
            result: written.map(|(comment, _)| comment.id.to_string()),
            invited: false,
        });
    }
}

fn lost(id: &CommentId) -> GraphError {
    GraphError::unknown_object(&axum::http::Method::POST, id.as_str())
}

/// Puts the account into the list or takes it out; tells whether that changed anything.
fn set_membership(list: &mut Vec<AccountId>, account: &AccountId, member: bool) -> bool {
    let was_member = list.contains(account);
    if member && !was_member {
        list.push(account.clone());
    } else if !member {
        list.retain(|other| other != account);
    }
    was_member != member
}
