//! Reading numbers from Instagram. Every method is one call, so that whoever asks can count and space them.

use async_trait::async_trait;

use super::{SendError, Usage};
use crate::account::Account;
use crate::clock::Timestamp;
use crate::effect::ErrorCategory;

/// An answer, and the usage headers that came with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told<T> {
    /// The answer.
    pub value: T,
    /// Usage headers.
    pub usage: Usage,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AskError {
    /// Instagram will not tell this, now or ever: the metric is unknown or was removed, the account is too small, the
    /// permission is missing. The account and its token are as good as ever.
    #[error("{reason}")]
    NotAvailable {
        /// Why, for people.
        reason: String,
        /// True when one of the metrics asked for may be the cause, so that the others can be had without it.
        names_metric: bool,
        /// Usage headers.
        usage: Usage,
    },
    /// The call failed.
    #[error(transparent)]
    Failed(#[from] SendError),
}

/// How Instagram adds up an account's metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricForm {
    /// One number for the time that is asked for.
    Total,
    /// A number for each of Instagram's own days.
    Series,
    /// A number for the account as it is, by parts.
    Lifetime,
}

/// A question about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountQuestion {
    /// Names of metrics of one form.
    pub metrics: Vec<&'static str>,
    /// Their form.
    pub form: MetricForm,
    /// The dimension by which they are taken apart.
    pub breakdown: Option<&'static str>,
    /// Begin of the time.
    pub since: Timestamp,
    /// End of the time.
    pub until: Timestamp,
}

/// One number that was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The metric.
    pub metric: String,
    /// The part of it, as `dimension:value`; empty for the whole.
    pub breakdown: String,
    /// The number.
    pub value: f64,
    /// End of the day it is for, when Instagram tells one.
    pub ends_at: Option<Timestamp>,
}

/// What an account shows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountProfile {
    /// Followers.
    pub followers: Option<u64>,
    /// Accounts it follows.
    pub follows: Option<u64>,
    /// Posts.
    pub media_count: Option<u64>,
}

/// A post, reel or story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaItem {
    /// Instagram's id.
    pub id: String,
    /// `FEED`, `REELS`, `STORY` or `AD`.
    pub product: String,
    /// `IMAGE`, `VIDEO` or `CAROUSEL_ALBUM`.
    pub media_type: String,
    /// Caption.
    pub caption: String,
    /// Its address.
    pub permalink: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Likes, unless hidden.
    pub likes: Option<u64>,
    /// Comments.
    pub comments: Option<u64>,
}

/// A professional account of somebody else, as business discovery shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Discovered {
    /// Its numbers.
    pub profile: AccountProfile,
    /// Its newest posts.
    pub media: Vec<MediaItem>,
}

/// Reads numbers from Instagram on behalf of an account.
#[async_trait]
pub trait InsightsReader: Send + Sync + 'static {
    /// Followers, follows and posts of the account.
    async fn account_profile(&self, account: &Account) -> Result<Told<AccountProfile>, AskError>;

    /// Metrics of the account. What Instagram has no data for is missing from the answer.
    async fn account_insights(
        &self,
        account: &Account,
        question: &AccountQuestion,
    ) -> Result<Told<Vec<Reading>>, AskError>;

    /// The newest posts and reels, at most `limit` (up to 100).
    async fn recent_media(&self, account: &Account, limit: u32) -> Result<Told<Vec<MediaItem>>, AskError>;

    /// Stories that are up.
    async fn live_stories(&self, account: &Account) -> Result<Told<Vec<MediaItem>>, AskError>;

    /// Metrics of a post, reel or story of the account.
    async fn media_insights(
        &self,
        account: &Account,
        media: &str,
        metrics: &[&'static str],
    ) -> Result<Told<Vec<Reading>>, AskError>;

    /// Another professional account by its handle, with its newest posts; Facebook Login only.
    async fn discover(&self, account: &Account, username: &str) -> Result<Told<Discovered>, AskError>;
}

/// A reader that reads nothing: for nodes and tests that are about something else.
#[derive(Debug, Clone, Copy)]
pub struct NoInsights(
    /// Why it reads nothing.
    pub &'static str,
);

impl NoInsights {
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
impl InsightsReader for NoInsights {
    async fn account_profile(&self, _: &Account) -> Result<Told<AccountProfile>, AskError> {
        self.refuse()
    }

    async fn account_insights(
        &self,
        _: &Account,
        _: &AccountQuestion,
    ) -> Result<Told<Vec<Reading>>, AskError> {
        self.refuse()
    }

    async fn recent_media(&self, _: &Account, _: u32) -> Result<Told<Vec<MediaItem>>, AskError> {
        self.refuse()
    }

    async fn live_stories(&self, _: &Account) -> Result<Told<Vec<MediaItem>>, AskError> {
        self.refuse()
    }

    async fn media_insights(
        &self,
        _: &Account,
        _: &str,
        _: &[&'static str],
    ) -> Result<Told<Vec<Reading>>, AskError> {
        self.refuse()
    }

    async fn discover(&self, _: &Account, _: &str) -> Result<Told<Discovered>, AskError> {
        self.refuse()
    }
}
