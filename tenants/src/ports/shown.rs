//! What Instagram shows of an account and to it, for programs outside that never hold a token. Every method is one call,
//! so that whoever asks can count and space them.

use async_trait::async_trait;

use super::{AskError, SendError, Told, Usage};
use crate::account::Account;
use crate::clock::Timestamp;
use crate::effect::ErrorCategory;

/// An account as it shows itself. What Instagram leaves out is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownProfile {
    /// Instagram's professional account id.
    pub external_id: String,
    /// Handle without `@`.
    pub username: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// What it says of itself.
    pub biography: Option<String>,
    /// The address it names.
    pub website: Option<String>,
    /// Its picture; the address is good for some days.
    pub picture_url: Option<String>,
    /// Followers.
    pub followers: Option<u64>,
    /// Accounts it follows.
    pub follows: Option<u64>,
    /// Posts.
    pub media_count: Option<u64>,
}

/// A post or reel, of the account or of somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownMedia {
    /// Instagram's id.
    pub id: String,
    /// `FEED`, `REELS` or `STORY`, where it is told.
    pub product: Option<String>,
    /// `IMAGE`, `VIDEO` or `CAROUSEL_ALBUM`.
    pub media_type: Option<String>,
    /// Handle of whose it is; never told of what a hashtag finds.
    pub username: Option<String>,
    /// Caption.
    pub caption: Option<String>,
    /// The file; the address is good for some days.
    pub media_url: Option<String>,
    /// Where people see it.
    pub permalink: Option<String>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Likes, unless hidden.
    pub likes: Option<u64>,
    /// Comments.
    pub comments: Option<u64>,
}

/// Part of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownPage {
    /// The items.
    pub items: Vec<ShownMedia>,
    /// Names the end of this part; ask with it for what comes after. `None` when there is nothing more.
    pub after: Option<String>,
}

/// Reads what Instagram shows, on behalf of an account.
#[async_trait]
pub trait ShownReader: Send + Sync + 'static {
    /// The account as it shows itself.
    async fn profile(&self, account: &Account) -> Result<Told<ShownProfile>, AskError>;

    /// Posts and reels of the account, at most `limit` (up to 100), from after `after` on.
    async fn own_media(
        &self,
        account: &Account,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Told<ShownPage>, AskError>;

    /// Public posts of others in which the account is tagged.
    async fn tagged_media(
        &self,
        account: &Account,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Told<ShownPage>, AskError>;

    /// The id of a hashtag; Facebook Login only. An account may look for 30 different ones in seven days.
    async fn hashtag(&self, account: &Account, name: &str) -> Result<Told<String>, AskError>;

    /// Public posts with a hashtag, at most `limit` (up to 50): the newest of the last 24 hours, or the most liked.
    async fn hashtag_media(
        &self,
        account: &Account,
        hashtag: &str,
        newest: bool,
        limit: u32,
    ) -> Result<Told<ShownPage>, AskError>;
}

/// A reader that is shown nothing: for nodes and tests that are about something else.
#[derive(Debug, Clone, Copy)]
pub struct NothingShown(
    /// Why it is shown nothing.
    pub &'static str,
);

impl NothingShown {
    fn refuse<T>(self) -> Result<Told<T>, AskError> {
        Err(AskError::Failed(SendError {
            category: ErrorCategory::Transient,
            code: None,
            subcode: None,
            message: self.0.to_owned(),
            retry_after: None,
            app_wide: false,
            skip_reason: None,
            usage: Usage::default(),
        }))
    }
}

#[async_trait]
impl ShownReader for NothingShown {
    async fn profile(&self, _: &Account) -> Result<Told<ShownProfile>, AskError> {
        self.refuse()
    }

    async fn own_media(&self, _: &Account, _: Option<&str>, _: u32) -> Result<Told<ShownPage>, AskError> {
        self.refuse()
    }

    async fn tagged_media(&self, _: &Account, _: Option<&str>, _: u32) -> Result<Told<ShownPage>, AskError> {
        self.refuse()
    }

    async fn hashtag(&self, _: &Account, _: &str) -> Result<Told<String>, AskError> {
        self.refuse()
    }

    async fn hashtag_media(
        &self,
        _: &Account,
        _: &str,
        _: bool,
        _: u32,
    ) -> Result<Told<ShownPage>, AskError> {
        self.refuse()
    }
}
