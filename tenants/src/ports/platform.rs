//! A platform that posts are published on. Scheduling knows only this; Instagram is the first.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Finding, Receipt, SendError};
use crate::account::Account;
use crate::clock::Timestamp;
use crate::ids::{MediaId, PostId};
use crate::media::{MediaAsset, MediaFile};
use crate::post::publishing::ContainerKind;
use crate::post::{PostDraft, PostOptions, PostProblem, PostType};

/// What a platform can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Its name in a word.
    pub platform: String,
    /// What can be published on it.
    pub post_types: Vec<PostType>,
    /// Whether comments can be written below own posts.
    pub first_comments: bool,
    /// Most posts in a day; the platform may tell another number for an account.
    pub posts_per_day: Option<u32>,
}

/// A file or carousel on its way to the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// What it is.
    pub kind: ContainerKind,
    /// How the platform gets the file.
    pub source: FileSource,
    /// Where the platform can fetch the picture that is the cover of a reel.
    pub cover_url: Option<String>,
    /// The caption; empty for none.
    pub caption: String,
    /// Words for those who cannot see a picture.
    pub alt_text: Option<String>,
    /// Containers of a carousel's items.
    pub children: Vec<String>,
    /// What else is set.
    pub options: PostOptions,
}

/// How the platform gets a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// There is none: a carousel is made of its items.
    Nothing,
    /// It fetches it from this address.
    Address(String),
    /// It is sent.
    Bytes(SentFile),
}

/// A file that is sent to the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentFile {
    /// The post that it is sent for.
    pub post: PostId,
    /// The asset.
    pub media: MediaId,
    /// Which of its files.
    pub file: MediaFile,
    /// Its size in bytes.
    pub bytes: u64,
}

/// How far a file that is being sent has come, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// Handed to the network.
    pub sent: u64,
    /// In all.
    pub total: u64,
}

/// Whether a container can be published.
#[derive(Debug, Clone, PartialEq)]
pub enum Readiness {
    /// It is being worked on.
    InProgress,
    /// It can be published.
    Ready,
    /// It has been published.
    Published,
    /// It was not published in time; it is of no use any more.
    Expired,
    /// The platform cannot do anything with it.
    Failed {
        /// What it said, and what to do, for people.
        message: String,
        /// Its code, when it named one.
        code: Option<i64>,
        /// The same file may work another time.
        may_work_again: bool,
    },
}

/// A post as the platform shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VisiblePost {
    /// Where it can be seen.
    pub permalink: Option<String>,
}

/// A post that the platform shows among those of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPost {
    /// The platform's id.
    pub id: String,
    /// Where it can be seen.
    pub permalink: Option<String>,
    /// When it was published, as the platform tells it.
    pub published_at: Option<Timestamp>,
}

/// How many posts an account may still publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishingQuota {
    /// Published in the present window.
    pub used: u32,
    /// Most in a window.
    pub total: u32,
    /// Length of the window.
    pub window: Duration,
}

impl PublishingQuota {
    /// Whether another post fits.
    pub fn has_room(&self) -> bool {
        self.used < self.total
    }
}

/// Publishes for an account. Only the dispatcher calls the methods that write.
#[async_trait]
pub trait PlatformAdapter: Send + Sync + 'static {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Everything that keeps a draft from being published, as far as can be told beforehand. `media` are those
    /// files of the draft, its cover included, that were found.
    fn check(&self, draft: &PostDraft, media: &[MediaAsset]) -> Vec<PostProblem>;

    /// Hands a file or carousel over, and sends the file if it is to be sent; the receipt names the container. Repeating
    /// it does no harm: another container is made.
    async fn create(&self, account: &Account, upload: &Upload) -> Result<Receipt, SendError>;

    /// How far a file of this post that is being sent at this moment, from this process, has come.
    fn sending(&self, _post: PostId) -> Option<Sending> {
        None
    }

    /// Whether a container can be published.
    async fn readiness(&self, account: &Account, container: &str) -> Result<Readiness, SendError>;

    /// Makes a container visible, once; the receipt names the post. Lost answers are [`ErrorCategory::Unknown`].
    ///
    /// [`ErrorCategory::Unknown`]: crate::effect::ErrorCategory::Unknown
    async fn publish(&self, account: &Account, container: &str) -> Result<Receipt, SendError>;

    /// Looks whether a container was published at or after `since`; [`Finding::TargetGone`] when it was not and cannot
    /// be any more. `already_ours` are posts of other effects. An error when that cannot be told.
    async fn find_published(
        &self,
        account: &Account,
        published: &Published<'_>,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError>;

    /// Reads a visible post.
    async fn read_post(&self, account: &Account, media_id: &str) -> Result<VisiblePost, SendError>;

    /// Looks among the newest posts of the account for the one that a person names by the platform's id of it or by its
    /// address; `None` when the account shows no such post.
    async fn find_own_post(
        &self,
        account: &Account,
        post_type: PostType,
        named: &str,
    ) -> Result<Option<OwnPost>, SendError>;

    /// Writes a comment below an own post.
    async fn comment(&self, account: &Account, media_id: &str, text: &str) -> Result<Receipt, SendError>;

    /// Looks whether a comment was written below an own post at or after `since`.
    async fn find_comment(
        &self,
        account: &Account,
        media_id: &str,
        text: &str,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError>;

    /// How many posts the account may still publish; `None` when the platform does not tell.
    async fn quota(&self, account: &Account) -> Result<Option<PublishingQuota>, SendError>;
}

/// What may have been published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published<'a> {
    /// The container.
    pub container: &'a str,
    /// What it is.
    pub post_type: PostType,
    /// Its caption.
    pub caption: &'a str,
}
