//! Posts, reels and stories.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    World,
    timeline::{Position, Timeline},
};
use crate::{
    control::requests::{MediaProduct, MediaType, NewMedia},
    errors::ControlError,
    ids::{AccountId, CommentId, MediaId, Username},
};

/// How long a story lives.
pub(crate) const STORY_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Whose media it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaOwner {
    /// One of the sandbox's accounts.
    Account(AccountId),
    /// Somebody else; such media are reached through mentions only.
    Person(Username),
}

/// A post, reel or story.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Media {
    /// Its id.
    pub id: MediaId,
    /// Whose it is.
    pub owner: MediaOwner,
    /// Owner's handle.
    pub username: Username,
    /// Caption, if any.
    pub caption: Option<String>,
    /// Kind of surface.
    pub product: MediaProduct,
    /// Kind of content.
    pub media_type: MediaType,
    /// Items of a carousel.
    pub children: Vec<MediaId>,
    /// The carousel it is an item of.
    pub parent: Option<MediaId>,
    /// Part of its permalink.
    pub shortcode: String,
    /// Likes by people.
    pub like_count: u64,
    /// Liked through the API by these accounts.
    pub liked_by: Vec<AccountId>,
    /// Whether comments are open.
    pub comment_enabled: bool,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
}

impl Media {
    pub(crate) fn permalink(&self) -> String {
        let kind = if self.product == MediaProduct::Reels { "reel" } else { "p" };
        format!("https://www.instagram.com/{kind}/{}/", self.shortcode)
    }

    pub(crate) fn is_owned_by(&self, account: &AccountId) -> bool {
        matches!(&self.owner, MediaOwner::Account(owner) if owner == account)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MediaNode {
    pub(crate) media: Media,
    pub(crate) position: Position,
    /// Top-level comments.
    pub(crate) comments: Timeline<CommentId>,
    /// Comments and replies that are not deleted.
    pub(crate) comments_count: u64,
}

pub(crate) type MediaStore = HashMap<MediaId, MediaNode>;

impl World {
    pub(crate) fn create_media(
        &mut self,
        owner: MediaOwner,
        new: NewMedia,
        now: DateTime<Utc>,
    ) -> Result<Media, ControlError> {
        if new.children > 10 {
            return Err(ControlError::Invalid("a carousel has 2 to 10 children".to_owned()));
        }
        let username = match &owner {
            MediaOwner::Account(account) => self.account(account)?.account.username.clone(),
            MediaOwner::Person(username) => username.clone(),
        };
        let default_type = match (new.children, new.product) {
            (1.., _) => MediaType::CarouselAlbum,
            (0, MediaProduct::Reels) => MediaType::Video,
            (0, _) => MediaType::Image,
        };
        let mut media = Media {
            id: self.ids.media(),
            owner,
            username,
            caption: new.caption,
            product: new.product,
            media_type: new.media_type.unwrap_or(default_type),
            children: Vec::new(),
            parent: None,
            shortcode: self.ids.shortcode(),
            like_count: new.like_count,
            liked_by: Vec::new(),
            comment_enabled: true,
            created_at: new.created_at.unwrap_or(now),
        };
        for _ in 0..new.children {
            let child = Media {
                id: self.ids.media(),
                caption: None,
                media_type: MediaType::Image,
                parent: Some(media.id.clone()),
                shortcode: self.ids.shortcode(),
                ..media.clone()
            };
            media.children.push(child.id.clone());
            self.insert_media(child);
        }
        let position = self.insert_media(media.clone());
        if let MediaOwner::Account(account) = &media.owner
            && let Some(node) = self.accounts.get_mut(account)
        {
            let timeline =
                if media.product == MediaProduct::Story { &mut node.stories } else { &mut node.media };
            timeline.insert(position, media.id.clone());
        }
        Ok(media)
    }

    fn insert_media(&mut self, media: Media) -> Position {
        let position = Position::new(media.created_at, self.ids.next_serial());
        let node = MediaNode { position, comments: Timeline::default(), comments_count: 0, media };
        self.media.insert(node.media.id.clone(), node);
        position
    }

    /// Somebody posts media in which the account is tagged.
    pub(crate) fn tag_in_media(
        &mut self,
        account: &AccountId,
        by: &str,
        new: NewMedia,
        now: DateTime<Utc>,
    ) -> Result<Media, ControlError> {
        let relation = self.meet(account, by)?;
        let media = self.create_media(MediaOwner::Person(relation.username), new, now)?;
        let position = self.media.get(&media.id).map(|node| node.position);
        if let (Some(position), Some(node)) = (position, self.accounts.get_mut(account)) {
            node.tagged.insert(position, media.id.clone());
        }
        Ok(media)
    }

    /// The account's newest post, made up when it has none.
    pub(crate) fn newest_media(
        &mut self,
        account: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<MediaId, ControlError> {
        if let Some(media) = self.account(account)?.media.newest() {
            return Ok(media.clone());
        }
        let new = NewMedia::post("Hello from the sandbox");
        self.create_media(MediaOwner::Account(account.clone()), new, now).map(|media| media.id)
    }

    /// Deletes a post and forgets its comments.
    pub(crate) fn delete_media(&mut self, id: &MediaId) {
        let Some(node) = self.media.remove(id) else { return };
        for (_, comment) in node.comments.newest_first() {
            self.comments.forget(comment);
        }
        if let MediaOwner::Account(account) = &node.media.owner
            && let Some(owner) = self.accounts.get_mut(account)
        {
            owner.media.remove(node.position);
            owner.stories.remove(node.position);
        }
        for child in &node.media.children {
            self.media.remove(child);
        }
    }
}
