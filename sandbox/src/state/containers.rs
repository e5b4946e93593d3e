//! Containers: files on their way to becoming posts.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::World;
use crate::{
    control::requests::{MediaProduct, MediaType, NewMedia},
    graph::errors::GraphError,
    ids::{AccountId, MediaId},
    options::PublishingOptions,
    state::media::MediaOwner,
};

/// How long an unpublished container lives.
const LIFETIME: TimeDelta = TimeDelta::hours(24);
/// The window of both publishing limits.
const DAY: TimeDelta = TimeDelta::hours(24);

/// A file or carousel that can be published once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it would be shown.
    pub product: MediaProduct,
    /// What it holds.
    pub media_type: MediaType,
    /// It is an item of a carousel and cannot be published alone.
    pub is_item: bool,
    /// The caption.
    pub caption: Option<String>,
    /// Items of a carousel.
    pub children: Vec<String>,
    /// Where its file was fetched from.
    pub source: Option<String>,
    /// Its file is sent instead.
    #[serde(default)]
    pub is_sent: bool,
    /// SHA-256 (hex) of the file that was sent, once all of it has arrived.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Where its cover was fetched from.
    #[serde(default)]
    pub cover: Option<String>,
    /// The moment of the video that is its cover, in milliseconds.
    #[serde(default)]
    pub thumb_offset: Option<u64>,
    /// What its sound is called.
    #[serde(default)]
    pub audio_name: Option<String>,
    /// Words for those who cannot see it.
    pub alt_text: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When work on it ends.
    pub ready_at: DateTime<Utc>,
    /// The subcode it fails with.
    pub fails_with: Option<u32>,
    /// The post it became.
    pub published_as: Option<MediaId>,
    /// When.
    pub published_at: Option<DateTime<Utc>>,
}

/// How far a container has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    InProgress,
    Finished,
    Error(u32),
    Expired,
    Published,
}

impl Container {
    /// Whether there is nothing left to be sent.
    pub(crate) fn has_file(&self) -> bool {
        !self.is_sent || self.sha256.is_some()
    }

    /// All of its file has arrived: work on it begins.
    pub(crate) fn arrived(&mut self, sha256: String, fails_with: Option<u32>, now: DateTime<Utc>) {
        self.ready_at = now + (self.ready_at - self.created_at);
        self.fails_with = self.fails_with.or(fails_with);
        self.sha256 = Some(sha256);
    }

    pub(crate) fn stage(&self, now: DateTime<Utc>) -> Stage {
        if self.published_as.is_some() {
            Stage::Published
        } else if now >= self.created_at + LIFETIME {
            Stage::Expired
        } else if now < self.ready_at || !self.has_file() {
            Stage::InProgress
        } else if let Some(subcode) = self.fails_with {
            Stage::Error(subcode)
        } else {
            Stage::Finished
        }
    }
}

/// All containers, by id.
pub(crate) type Containers = HashMap<String, Container>;

impl World {
    /// Counts what an account has made and published within a day.
    pub(crate) fn publishing_usage(&self, account: &AccountId, now: DateTime<Utc>) -> (u64, u64) {
        let own = self.containers.values().filter(|container| container.account == *account);
        let (mut made, mut published) = (0, 0);
        for container in own {
            made += u64::from(container.created_at > now - DAY);
            published += u64::from(container.published_at.is_some_and(|at| at > now - DAY));
        }
        (made, published)
    }

    pub(crate) fn publish_container(
        &mut self,
        account: &AccountId,
        id: &str,
        options: &PublishingOptions,
        now: DateTime<Utc>,
    ) -> Result<MediaId, GraphError> {
        let own = self.containers.get(id).filter(|container| container.account == *account);
        let container = own.ok_or_else(GraphError::container_missing)?.clone();
        if container.is_item {
            return Err(GraphError::invalid_parameter("An item of a carousel cannot be published alone"));
        }
        match container.stage(now) {
            Stage::Finished => {}
            Stage::Expired => return Err(GraphError::container_missing()),
            Stage::InProgress | Stage::Error(_) | Stage::Published => {
                return Err(GraphError::media_not_ready());
            }
        }
        let (_, published) = self.publishing_usage(account, now);
        if published >= options.posts_per_day {
            return Err(GraphError::publishing_limit());
        }
        let new = NewMedia {
            caption: container.caption.clone(),
            product: container.product,
            media_type: Some(container.media_type),
            children: container.children.len(),
            ..NewMedia::default()
        };
        let owner = MediaOwner::Account(account.clone());
        let media = self.create_media(owner, new, now).map_err(|_| GraphError::container_missing())?;
        if let Some(container) = self.containers.get_mut(id) {
            container.published_as = Some(media.id.clone());
            container.published_at = Some(now);
        }
        Ok(media.id)
    }
}
