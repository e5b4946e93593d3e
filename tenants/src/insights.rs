//! Insights: what Instagram tells about an account and its media, kept by days of the tenant.
//!
//! A number that Instagram does not tell is never zero: it is missing, with the reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{AccountId, CompetitorId, TenantId};
use crate::report::AnalyticsReport;

/// The name under which comments are counted by the hour. They are our own count, not Instagram's.
pub const COMMENTS_PER_HOUR: &str = "comments_per_hour";

/// A number, or why there is none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measured {
    /// The number, when Instagram told one. Counts, unless the metric's name says seconds, rate or percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Why it is missing; or a remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Measured {
    /// A number.
    pub fn known(value: f64) -> Self {
        Self { value: Some(value), reason: None }
    }

    /// No number, and why.
    pub fn missing(reason: impl Into<String>) -> Self {
        Self { value: None, reason: Some(reason.into()) }
    }
}

/// One metric of an account on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountInsight {
    /// The account.
    pub account: AccountId,
    /// Instagram's name of the metric, or one of ours.
    pub metric: String,
    /// The part of it, as `dimension:value`; empty for the whole.
    pub breakdown: String,
    /// The day on the tenant's clock, `YYYY-MM-DD`. A value that Instagram gives for 24 hours of its own belongs to the
    /// day in which the middle of them lies.
    pub day: String,
    /// The number, or why there is none.
    pub measured: Measured,
    /// End of the time it speaks of.
    pub ends_at: Timestamp,
    /// When it was read.
    pub read_at: Timestamp,
}

/// What was known about a post, reel or story on one day. Numbers of media grow over their life.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaReading {
    /// The account.
    pub account: AccountId,
    /// Instagram's id of the media.
    pub media: String,
    /// The day of the reading on the tenant's clock, `YYYY-MM-DD`; the last reading of a day counts.
    pub day: String,
    /// `FEED`, `REELS`, `STORY` or `AD`.
    pub product: String,
    /// `IMAGE`, `VIDEO` or `CAROUSEL_ALBUM`.
    pub media_type: String,
    /// The beginning of the caption.
    pub caption: String,
    /// Its address.
    pub permalink: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// By metric.
    pub metrics: BTreeMap<String, Measured>,
    /// When it was read.
    pub read_at: Timestamp,
}

impl MediaReading {
    /// A metric's number.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.metrics.get(metric)?.value
    }

    /// Likes, comments, saves and shares, as far as they are known; `None` when none is.
    pub fn engagement(&self) -> Option<f64> {
        let known: Vec<f64> =
            ["likes", "comments", "saved", "shares"].iter().filter_map(|name| self.value(name)).collect();
        (!known.is_empty()).then(|| known.iter().sum())
    }

    /// What kind of post it is, in one word: `reel`, `story`, `carousel`, `image`, `video`.
    pub fn kind(&self) -> &'static str {
        match (self.product.as_str(), self.media_type.as_str()) {
            ("REELS", _) => "reel",
            ("STORY", _) => "story",
            (_, "CAROUSEL_ALBUM") => "carousel",
            (_, "VIDEO") => "video",
            _ => "image",
        }
    }
}

/// An account of somebody else that the tenant compares itself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Competitor {
    /// Its id.
    pub id: CompetitorId,
    /// Whose competitor it is.
    pub tenant: TenantId,
    /// Handle without `@`, in lower case; unique within the tenant.
    pub username: String,
    /// A remark.
    pub note: Option<String>,
    /// Row created.
    pub created_at: Timestamp,
}

/// What a competitor showed of itself on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompetitorSnapshot {
    /// The competitor.
    pub competitor: CompetitorId,
    /// The day on the tenant's clock, `YYYY-MM-DD`.
    pub day: String,
    /// What was seen; `None` when nothing was.
    pub seen: Option<CompetitorSeen>,
    /// Why nothing was seen, and what to do about it.
    pub problem: Option<String>,
    /// When.
    pub taken_at: Timestamp,
}

/// The public numbers of a professional account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CompetitorSeen {
    /// Followers.
    pub followers: Option<f64>,
    /// Accounts it follows.
    pub follows: Option<f64>,
    /// Posts.
    pub media_count: Option<f64>,
    /// Recent posts that were looked at.
    pub posts_seen: u32,
    /// Their likes on average.
    pub average_likes: Option<f64>,
    /// Their comments on average.
    pub average_comments: Option<f64>,
    /// How many of them were published within the last seven days.
    pub posts_of_week: u32,
}

/// A change of what intel keeps. All of it belongs to the tenant of the unit of work.
#[derive(Debug, Clone, PartialEq)]
pub enum IntelChange {
    /// Adds or replaces metrics of an account. A known number is never replaced by a missing one.
    AccountInsights(Vec<AccountInsight>),
    /// Adds readings of media, or replaces those of the same day.
    MediaReadings(Vec<MediaReading>),
    /// Adds a report; one for the same period stays as it is.
    AddReport(Box<AnalyticsReport>),
    /// Adds a report, or puts it in the place of the one for the same period, whose id stays and whose revision grows.
    ReplaceReport(Box<AnalyticsReport>),
    /// Adds a competitor. A conflict when the handle is taken.
    AddCompetitor(Competitor),
    /// Removes a competitor with its snapshots. A conflict when there is none.
    DeleteCompetitor(CompetitorId),
    /// Adds snapshots, or replaces those of the same day.
    CompetitorSnapshots(Vec<CompetitorSnapshot>),
    /// Forgets what is older than these days, `YYYY-MM-DD`.
    Thin {
        /// Numbers by the hour of days before this one go.
        hours_before: String,
        /// Of each media, readings of days before this one go, but for the last.
        media_before: String,
        /// All else of days before this one goes.
        days_before: String,
    },
}
