//! How insights, reports and competitors are shown.

use std::collections::BTreeMap;

use actors::intel::best_times::{BestTimes, Cell, OnlineHour};
use serde::Serialize;
use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, CompetitorId, ReportId, RunId};
use tenants::insights::{AccountInsight, Competitor, CompetitorSnapshot, Measured, MediaReading};
use tenants::report::{AnalyticsReport, ReportType};
use utoipa::ToSchema;

use crate::csv_cells::harmless;
use crate::http::schema;

/// One metric of an account on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountInsight)]
pub struct InsightView {
    /// The account.
    #[schema(value_type = schema::Id)]
    pub account: AccountId,
    /// Instagram's name of the metric; `comments_per_hour`, `followers`, `follows` and `media_count` are counted by us.
    pub metric: String,
    /// The part of it, as `dimension:value`; empty for the whole.
    pub part: String,
    /// The day on the tenant's clock.
    #[schema(example = "2026-03-04")]
    pub day: String,
    /// The number; `null` when Instagram does not tell it, which is not zero.
    pub value: Option<f64>,
    /// Why it is missing, or a remark.
    pub reason: Option<String>,
    /// End of the time it speaks of.
    #[schema(value_type = schema::Moment)]
    pub ends_at: Timestamp,
    /// When it was read. Numbers may grow for 48 hours after the end of their day.
    #[schema(value_type = schema::Moment)]
    pub read_at: Timestamp,
}

impl From<AccountInsight> for InsightView {
    fn from(row: AccountInsight) -> Self {
        Self {
            account: row.account,
            metric: row.metric,
            part: row.breakdown,
            day: row.day,
            value: row.measured.value,
            reason: row.measured.reason,
            ends_at: row.ends_at,
            read_at: row.read_at,
        }
    }
}

/// Numbers of an account as CSV that a spreadsheet cannot be tricked with.
///
/// # Errors
/// Never for rows in memory.
pub fn csv_of_insights(rows: &[InsightView]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["account", "day", "metric", "part", "value", "reason", "ends_at", "read_at"])?;
    for row in rows {
        let value = row.value.map(|value| value.to_string()).unwrap_or_default();
        let (account, ends_at, read_at) =
            (row.account.to_string(), row.ends_at.to_string(), row.read_at.to_string());
        let reason = row.reason.as_deref().unwrap_or_default();
        writer.write_record([
            account.as_str(),
            &row.day,
            &harmless(&row.metric),
            &harmless(&row.part),
            &value,
            &harmless(reason),
            &ends_at,
            &read_at,
        ])?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// A number, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Measured)]
pub struct MeasuredView {
    /// The number; `null` when Instagram does not tell it.
    pub value: Option<f64>,
    /// Why it is missing.
    pub reason: Option<String>,
}

impl From<Measured> for MeasuredView {
    fn from(it: Measured) -> Self {
        Self { value: it.value, reason: it.reason }
    }
}

/// A post, reel or story with its numbers as read on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaInsights)]
pub struct MediaView {
    /// The account.
    #[schema(value_type = schema::Id)]
    pub account: AccountId,
    /// Instagram's id of the media.
    pub media: String,
    /// `image`, `carousel`, `video`, `reel` or `story`.
    pub kind: String,
    /// The beginning of the caption.
    pub caption: String,
    /// Its address.
    pub permalink: Option<String>,
    /// When it was published.
    #[schema(value_type = schema::Moment)]
    pub published_at: Timestamp,
    /// Likes, comments, saves and shares, as far as they are known.
    pub engagement: Option<f64>,
    /// By Instagram's names; numbers of media grow over their life.
    pub metrics: BTreeMap<String, MeasuredView>,
    /// The day of the reading on the tenant's clock.
    pub day: String,
    /// When it was read.
    #[schema(value_type = schema::Moment)]
    pub read_at: Timestamp,
}

impl From<MediaReading> for MediaView {
    fn from(row: MediaReading) -> Self {
        Self {
            kind: row.kind().to_owned(),
            engagement: row.engagement(),
            account: row.account,
            media: row.media,
            caption: row.caption,
            permalink: row.permalink,
            published_at: row.published_at,
            metrics: row.metrics.into_iter().map(|(name, it)| (name, it.into())).collect(),
            day: row.day,
            read_at: row.read_at,
        }
    }
}

/// A report. There is one for each type and period; made again it keeps its id and counts a revision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsReport)]
pub struct ReportView {
    /// Its id.
    #[schema(value_type = schema::Id)]
    pub id: ReportId,
    /// `daily`, `weekly` or `competitors`.
    #[schema(value_type = schema::ReportType)]
    pub report_type: ReportType,
    /// First day of the period, on the tenant's clock.
    pub first_day: String,
    /// Last day of the period.
    pub last_day: String,
    /// Begin of the first day.
    #[schema(value_type = schema::Moment)]
    pub period_start: Timestamp,
    /// End of the last day.
    #[schema(value_type = schema::Moment)]
    pub period_end: Timestamp,
    /// How many times it was made.
    pub revision: u32,
    /// The run that made it.
    #[schema(value_type = schema::Id)]
    pub run: RunId,
    /// Who asked for it: `intel` is the clock.
    pub asked_by: String,
    /// Views, reach, profile views, website clicks, followers and their growth, posts published, likes, comments, saves,
    /// shares, engagement rate in percent. What is `null` is not known; `not_available` says why.
    #[schema(value_type = Object)]
    pub instagram_metrics: Value,
    /// Posts: averages, the best three, best and worst, by kind.
    #[schema(value_type = Object)]
    pub media_metrics: Value,
    /// Attributed revenue; `source` says where it comes from, `none yet` while nothing attributes revenue.
    #[schema(value_type = Object)]
    pub revenue_metrics: Value,
    /// Each number beside that of the period before: `previous`, `current`, `delta`, `change_percent`, `trend`.
    #[schema(value_type = Object)]
    pub historical_comparison: Value,
    /// Findings, recommendations, anomalies; `written_by` is `offline` or a model. Every number in them is one of the
    /// report's; `left_out` counts sentences that did not hold to that.
    #[schema(value_type = Object)]
    pub insights: Value,
    /// Where the numbers come from, and how many days of the period were read.
    #[schema(value_type = Object)]
    pub data_sources: Value,
    /// Competitors, in a report about them.
    #[schema(value_type = Vec<Object>)]
    pub competitors: Value,
    /// When it was made last.
    #[schema(value_type = schema::Moment)]
    pub made_at: Timestamp,
}

impl From<AnalyticsReport> for ReportView {
    fn from(it: AnalyticsReport) -> Self {
        let [instagram, media, revenue, comparison, insights, sources, competitors] = it.body.parts();
        Self {
            id: it.id,
            report_type: it.report_type,
            first_day: it.period.first_day,
            last_day: it.period.last_day,
            period_start: it.period.from,
            period_end: it.period.until,
            revision: it.revision,
            run: it.run,
            asked_by: it.asked_by,
            instagram_metrics: instagram,
            media_metrics: media,
            revenue_metrics: revenue,
            historical_comparison: comparison,
            insights,
            data_sources: sources,
            competitors,
            made_at: it.made_at,
        }
    }
}

/// An account of somebody else that the tenant compares itself with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Competitor)]
pub struct CompetitorView {
    /// Its id.
    #[schema(value_type = schema::Id)]
    pub id: CompetitorId,
    /// Handle without `@`.
    pub username: String,
    /// A remark.
    pub note: Option<String>,
    /// Since when it is one.
    #[schema(value_type = schema::Moment)]
    pub created_at: Timestamp,
}

impl From<Competitor> for CompetitorView {
    fn from(it: Competitor) -> Self {
        Self { id: it.id, username: it.username, note: it.note, created_at: it.created_at }
    }
}

/// What a competitor showed of itself on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompetitorSnapshot)]
pub struct SnapshotView {
    /// The day on the tenant's clock.
    pub day: String,
    /// `followers`, `follows`, `media_count`, and of its newest posts `posts_seen`, `average_likes`,
    /// `average_comments`, `posts_of_week`; `null` when nothing could be seen.
    #[schema(value_type = Option<Object>)]
    pub seen: Option<Value>,
    /// Why nothing could be seen, and what to do.
    pub problem: Option<String>,
    /// When.
    #[schema(value_type = schema::Moment)]
    pub taken_at: Timestamp,
}

impl From<CompetitorSnapshot> for SnapshotView {
    fn from(it: CompetitorSnapshot) -> Self {
        let seen = it.seen.and_then(|seen| serde_json::to_value(seen).ok());
        Self { day: it.day, seen, problem: it.problem, taken_at: it.taken_at }
    }
}

/// When to publish, and what that rests on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BestTimes)]
pub struct BestTimesView {
    /// Hours are those of this time zone.
    pub time_zone: String,
    /// Posts and reels of the last half year that were looked at.
    pub posts: u32,
    /// Their engagement on average: likes, comments, saves and shares.
    pub average_engagement: Option<f64>,
    /// The best hours first; empty when there is too little data.
    pub suggestions: Vec<CellView>,
    /// Every hour of the week in which something was published.
    pub cells: Vec<CellView>,
    /// Followers online by hour as Instagram told last, in a time zone that it does not name.
    pub online_followers: Vec<OnlineHourView>,
    /// How far this can be relied on.
    pub remark: String,
}

/// An hour of a weekday.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BestTimesCell)]
pub struct CellView {
    /// `monday` to `sunday`.
    pub weekday: &'static str,
    /// 0 to 23.
    pub hour: u32,
    /// Posts it rests on.
    pub posts: u32,
    /// Their engagement on average.
    pub average_engagement: f64,
    /// The same, drawn towards the average of all posts: few posts say little.
    pub expected_engagement: f64,
}

/// Followers online in an hour.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnlineHour)]
pub struct OnlineHourView {
    /// 0 to 23.
    pub hour: u32,
    /// How many.
    pub followers: f64,
}

impl From<Cell> for CellView {
    fn from(it: Cell) -> Self {
        let Cell { weekday, hour, posts, average_engagement, expected_engagement } = it;
        Self { weekday, hour, posts, average_engagement, expected_engagement }
    }
}

impl From<OnlineHour> for OnlineHourView {
    fn from(it: OnlineHour) -> Self {
        Self { hour: it.hour, followers: it.followers }
    }
}

impl From<BestTimes> for BestTimesView {
    fn from(it: BestTimes) -> Self {
        Self {
            time_zone: it.time_zone,
            posts: it.posts,
            average_engagement: it.average_engagement,
            suggestions: it.suggestions.into_iter().map(CellView::from).collect(),
            cells: it.cells.into_iter().map(CellView::from).collect(),
            online_followers: it.online_followers.into_iter().map(OnlineHourView::from).collect(),
            remark: it.remark,
        }
    }
}
