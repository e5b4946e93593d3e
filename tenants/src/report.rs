//! Analytics reports: the numbers of a period, compared with the period before, and what follows from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::ids::{ReportId, RunId, TenantId};
use crate::words::word_enum;

word_enum! {
    /// What a report is about.
    pub enum ReportType {
        /// One day of the tenant.
        Daily = "daily",
        /// Seven days of the tenant.
        Weekly = "weekly",
        /// The tenant beside its competitors.
        Competitors = "competitors",
    }
}

word_enum! {
    /// Where a number is going.
    pub enum Trend {
        /// More than before.
        Up = "up",
        /// Less than before.
        Down = "down",
        /// As before.
        Flat = "flat",
        /// One of the two numbers is missing.
        Unknown = "unknown",
    }
}

/// A report. There is one for each tenant, type and period.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyticsReport {
    /// Its id; stays when it is made again.
    pub id: ReportId,
    /// Whose.
    pub tenant: TenantId,
    /// What it is about.
    pub report_type: ReportType,
    /// The period.
    pub period: ReportPeriod,
    /// How many times it was made, from 1.
    pub revision: u32,
    /// The run that made it.
    pub run: RunId,
    /// Who asked for it: `intel` for the clock, else a key or the command line.
    pub asked_by: String,
    /// What it says.
    pub body: ReportBody,
    /// When it was made last.
    pub made_at: Timestamp,
}

/// Days of the tenant, both included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportPeriod {
    /// First day, `YYYY-MM-DD`.
    pub first_day: String,
    /// Last day, `YYYY-MM-DD`.
    pub last_day: String,
    /// Begin of the first day.
    pub from: Timestamp,
    /// End of the last day.
    pub until: Timestamp,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReportBody {
    /// The accounts.
    pub instagram: InstagramMetrics,
    /// The posts.
    pub media: MediaMetrics,
    /// The money.
    pub revenue: RevenueMetrics,
    /// Compared with the period before.
    pub comparison: Comparison,
    /// What follows.
    pub insights: ReportInsights,
    /// Where the numbers come from, and how much of the period they cover.
    pub sources: DataSources,
    /// Competitors, in a report about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub competitors: Vec<CompetitorLine>,
}

/// Numbers of all accounts of the tenant together. What is not known is missing, and named in `not_available`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InstagramMetrics {
    /// How often content was shown.
    pub views: Option<f64>,
    /// People reached: the sum of the days, so somebody who came on two days counts twice.
    pub reach: Option<f64>,
    /// Visits of the profile.
    pub profile_views: Option<f64>,
    /// Taps on the website's link.
    pub website_clicks: Option<f64>,
    /// Followers at the end less those at the end of the day before the period.
    pub follower_growth: Option<f64>,
    /// Followers at the end.
    pub followers: Option<f64>,
    /// Posts and reels published.
    pub posts_published: Option<f64>,
    /// Likes.
    pub total_likes: Option<f64>,
    /// Comments.
    pub total_comments: Option<f64>,
    /// Saves.
    pub total_saves: Option<f64>,
    /// Shares.
    pub total_shares: Option<f64>,
    /// Likes, comments, saves and shares in percent of the reach.
    pub average_engagement_rate: Option<f64>,
    /// Why numbers are missing, by their names.
    #[serde(default)]
    pub not_available: BTreeMap<String, String>,
}

impl InstagramMetrics {
    /// Every number under its name, in the order of reports.
    pub fn named(&self) -> [(&'static str, Option<f64>); 12] {
        [
            ("views", self.views),
            ("reach", self.reach),
            ("profile_views", self.profile_views),
            ("website_clicks", self.website_clicks),
            ("follower_growth", self.follower_growth),
            ("followers", self.followers),
            ("posts_published", self.posts_published),
            ("total_likes", self.total_likes),
            ("total_comments", self.total_comments),
            ("total_saves", self.total_saves),
            ("total_shares", self.total_shares),
            ("average_engagement_rate", self.average_engagement_rate),
        ]
    }
}

/// Numbers of posts and reels.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MediaMetrics {
    /// Posts that the accounts have.
    pub total_posts: Option<f64>,
    /// Of these, published in the period and read.
    pub posts_in_period: u32,
    /// Averages over the posts of the period.
    pub average_likes: Option<f64>,
    /// See `average_likes`.
    pub average_comments: Option<f64>,
    /// See `average_likes`.
    pub average_reach: Option<f64>,
    /// Likes, comments, saves and shares: the average over the posts of the period.
    pub average_engagement: Option<f64>,
    /// The three with most engagement.
    pub top: Vec<PostLine>,
    /// The one with most engagement.
    pub best: Option<PostLine>,
    /// The one with least; `None` when there is only one.
    pub worst: Option<PostLine>,
    /// By kind of post: `image`, `carousel`, `reel`, `video`.
    pub by_type: BTreeMap<String, TypeLine>,
}

/// A post in a report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PostLine {
    /// Instagram's id of the media.
    pub media: String,
    /// `image`, `carousel`, `reel`, `video`.
    pub kind: String,
    /// Beginning of the caption.
    pub caption: String,
    /// Its address.
    pub permalink: Option<String>,
    /// Likes, comments, saves and shares.
    pub engagement: f64,
    /// People reached.
    pub reach: Option<f64>,
}

/// Posts of one kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TypeLine {
    /// How many.
    pub posts: u32,
    /// Their engagement on average.
    pub average_engagement: Option<f64>,
    /// Their reach on average.
    pub average_reach: Option<f64>,
}

/// Revenue that was attributed to what was done on Instagram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevenueMetrics {
    /// Sum, in minor units of the currency.
    pub attributed_revenue_minor: i64,
    /// ISO 4217; `None` without revenue.
    pub currency: Option<String>,
    /// Attributions.
    pub attribution_count: u64,
    /// In minor units; `None` without orders.
    pub average_order_value_minor: Option<i64>,
    /// Orders per click, 0 to 1; `None` when nothing was clicked.
    pub conversion_rate: Option<f64>,
    /// Orders.
    pub attributed_orders: u64,
    /// 0 to 1; `None` without attributions.
    pub average_score: Option<f64>,
    /// Where most of it came from.
    pub top_touchpoint: Option<String>,
    /// Where the numbers come from; `none yet` when nothing attributes revenue.
    pub source: String,
}

impl Default for RevenueMetrics {
    fn default() -> Self {
        Self {
            attributed_revenue_minor: 0,
            currency: None,
            attribution_count: 0,
            average_order_value_minor: None,
            conversion_rate: None,
            attributed_orders: 0,
            average_score: None,
            top_touchpoint: None,
            source: "none yet".to_owned(),
        }
    }
}

/// A period beside the one before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// What is compared, for people.
    pub label: String,
    /// First day of the period before, `YYYY-MM-DD`.
    pub previous_first_day: String,
    /// Last day of the period before.
    pub previous_last_day: String,
    /// By the names of the metrics.
    pub metrics: BTreeMap<String, MetricChange>,
}

/// A number and the one before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricChange {
    /// Before.
    pub previous: Option<f64>,
    /// Now.
    pub current: Option<f64>,
    /// Now less before.
    pub delta: Option<f64>,
    /// In percent of before; `None` when that is nothing or not known.
    pub change_percent: Option<f64>,
    /// Where it is going.
    pub trend: Trend,
}

impl MetricChange {
    /// The change from one number to another.
    pub fn between(previous: Option<f64>, current: Option<f64>) -> Self {
        let delta = previous.zip(current).map(|(previous, current)| current - previous);
        let change_percent = previous
            .filter(|previous| *previous != 0.0)
            .zip(delta)
            .map(|(previous, delta)| rounded(delta / previous.abs() * 100.0));
        let trend = match delta {
            None => Trend::Unknown,
            Some(delta) if delta > 0.0 => Trend::Up,
            Some(delta) if delta < 0.0 => Trend::Down,
            Some(_) => Trend::Flat,
        };
        Self { previous, current, delta, change_percent, trend }
    }
}

/// To two decimals: what a report shows is what it compares and says.
pub fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// What follows from the numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReportInsights {
    /// What the numbers say. Every number in a sentence is one of the report's.
    pub findings: Vec<FindingLine>,
    /// What to do.
    pub recommendations: Vec<String>,
    /// What is out of the ordinary.
    pub anomalies: Vec<FindingLine>,
    /// Who wrote them: `offline` for the built-in rules, else `provider/model`.
    pub written_by: String,
    /// Why a lesser writer wrote than should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// Sentences that were left out because they hold numbers which the report does not.
    #[serde(default)]
    pub left_out: u32,
}

/// A sentence and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FindingLine {
    /// The sentence.
    pub text: String,
    /// Names of the metrics it speaks of.
    #[serde(default)]
    pub metrics: Vec<String>,
}

/// Where a report's numbers come from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DataSources {
    /// What each part rests on.
    pub instagram: String,
    /// What the posts rest on.
    pub media: String,
    /// What the money rests on.
    pub revenue: String,
    /// The accounts, by handle.
    pub accounts: Vec<String>,
    /// Days of the period, times accounts.
    pub days_wanted: u32,
    /// Of these, days of which something was read.
    pub days_read: u32,
    /// Remarks on what the numbers can bear.
    pub remarks: Vec<String>,
}

/// A competitor in a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompetitorLine {
    /// Handle.
    pub username: String,
    /// By name: `followers`, `media_count`, `average_likes`, `average_comments`, `posts_of_week`; compared with the
    /// snapshot before.
    pub metrics: BTreeMap<String, MetricChange>,
    /// Why there are no numbers.
    pub problem: Option<String>,
}

/// A number that a finding may speak of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportFact {
    /// The name of the metric.
    pub metric: String,
    /// What it is, for people.
    pub label: String,
    /// In percent rather than a count.
    pub is_percent: bool,
    /// Now.
    pub current: Option<f64>,
    /// In the period before.
    pub previous: Option<f64>,
    /// The change in percent.
    pub change_percent: Option<f64>,
}

/// What a report keeps of its body in columns of their own.
impl ReportBody {
    /// The parts in the order of their columns: instagram, media, revenue, comparison, insights, sources, competitors.
    pub fn parts(&self) -> [Value; 7] {
        let part = |value: serde_json::Result<Value>| value.unwrap_or_default();
        [
            part(serde_json::to_value(&self.instagram)),
            part(serde_json::to_value(&self.media)),
            part(serde_json::to_value(&self.revenue)),
            part(serde_json::to_value(&self.comparison)),
            part(serde_json::to_value(&self.insights)),
            part(serde_json::to_value(&self.sources)),
            part(serde_json::to_value(&self.competitors)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_difference_percent_and_trend_and_nothing_of_what_is_missing() {
        let grown = MetricChange::between(Some(80.0), Some(100.0));
        assert_eq!((grown.delta, grown.change_percent, grown.trend), (Some(20.0), Some(25.0), Trend::Up));
        let from_nothing = MetricChange::between(Some(0.0), Some(3.0));
        assert_eq!((from_nothing.change_percent, from_nothing.trend), (None, Trend::Up));
        let less_lost = MetricChange::between(Some(-10.0), Some(-5.0));
        assert_eq!((less_lost.change_percent, less_lost.trend), (Some(50.0), Trend::Up));
        for (previous, current) in [(None, Some(1.0)), (Some(1.0), None), (None, None)] {
            let unknown = MetricChange::between(previous, current);
            assert_eq!((unknown.delta, unknown.change_percent, unknown.trend), (None, None, Trend::Unknown));
        }
    }
}
