//! Insights, reports and competitors, as they are read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, CompetitorId, ReportId, RunId, TenantId};
use tenants::insights::{
    AccountInsight, COMMENTS_PER_HOUR, Competitor, CompetitorSeen, CompetitorSnapshot, Measured, MediaReading,
};
use tenants::ports::{InsightQuery, IntelStore, MediaQuery, PageRequest, StoreError};
use tenants::report::{AnalyticsReport, ReportBody, ReportPeriod, ReportType};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, before, count, text};

macro_rules! insight_columns {
    () => {
        " account_id, metric, breakdown, day, value, reason, ends_at, read_at "
    };
}

macro_rules! media_columns {
    () => {
        " m.account_id, m.media_id, m.day, m.product, m.media_type, m.caption, m.permalink, m.published_at, \
         m.metrics, m.read_at "
    };
}

macro_rules! report_columns {
    () => {
        " id, tenant_id, report_type, first_day, last_day, period_start, period_end, revision, run_id, asked_by, \
         instagram_metrics, media_metrics, revenue_metrics, historical_comparison, insights, data_sources, \
         competitors, made_at "
    };
}

statements! {
    INSIGHTS_BY_DAY {
        "select" (columns insight_columns) "from account_insights \
         where tenant_id = $1 and day >= $2 and day <= $3 and metric <> $4 order by day, metric, breakdown"
    }
    INSIGHTS_BY_METRIC {
        "select" (columns insight_columns) "from account_insights \
         where tenant_id = $1 and metric = $2 and day >= $3 and day <= $4 order by day, ends_at, breakdown"
    }
    DAYS_READ {
        "select day, max(read_at) from account_insights \
         where tenant_id = $1 and account_id = $2 and metric = $3 and day >= $4 and breakdown = '' group by day"
    }
    HOURS_COUNTED {
        "select" (columns insight_columns) "from account_insights \
         where tenant_id = $1 and account_id = $2 and metric = $3 and ends_at > $4 order by ends_at"
    }
    /// A comment is stored after it was written, so its id bounds the search from below.
    COUNT_COMMENTS {
        "select count(*) from comments where tenant_id = $1 and id >= $2 and account_id = $3 \
         and occurred_at >= $4 and occurred_at < $5"
    }
    MEDIA_READINGS {
        "select" (columns media_columns) "from media_insights m \
         where m.tenant_id = $1 and m.published_at >= $2 and m.published_at < $3 and (m.account_id = $4 or $5) \
         and m.day = (select max(n.day) from media_insights n where n.tenant_id = m.tenant_id \
         and n.account_id = m.account_id and n.media_id = m.media_id and n.day <= $6) \
         order by m.published_at desc, m.media_id limit $7"
    }
    MEDIA_HISTORY {
        "select" (columns media_columns) "from media_insights m where m.tenant_id = $1 and m.media_id = $2 order by m.day"
    }
    LIST_REPORTS {
        "select" (columns report_columns) "from analytics_reports \
         where tenant_id = $1 and id < $2 and (report_type = $3 or $4) order by id desc limit $5"
    }
    FIND_REPORT { "select" (columns report_columns) "from analytics_reports where tenant_id = $1 and id = $2" }
    FIND_REPORT_OF {
        "select" (columns report_columns) "from analytics_reports \
         where tenant_id = $1 and report_type = $2 and first_day = $3 and last_day = $4"
    }
    LIST_COMPETITORS {
        "select id, tenant_id, username, note, created_at from competitors where tenant_id = $1 order by username"
    }
    FIND_COMPETITOR {
        "select id, tenant_id, username, note, created_at from competitors where tenant_id = $1 and id = $2"
    }
    LIST_SNAPSHOTS {
        "select competitor_id, day, seen, problem, taken_at from competitor_snapshots \
         where competitor_id = $1 and tenant_id = $2 order by day desc limit $3"
    }
}

#[derive(FromRow)]
struct InsightRow {
    account_id: Uuid,
    metric: String,
    breakdown: String,
    day: String,
    value: Option<f64>,
    reason: Option<String>,
    ends_at: Moment,
    read_at: Moment,
}

impl From<InsightRow> for AccountInsight {
    fn from(row: InsightRow) -> Self {
        AccountInsight {
            account: AccountId(row.account_id),
            metric: row.metric,
            breakdown: row.breakdown,
            day: row.day,
            measured: Measured { value: row.value, reason: row.reason },
            ends_at: row.ends_at.0,
            read_at: row.read_at.0,
        }
    }
}

#[derive(FromRow)]
struct MediaRow {
    account_id: Uuid,
    media_id: String,
    day: String,
    product: String,
    media_type: String,
    caption: String,
    permalink: Option<String>,
    published_at: Moment,
    metrics: Doc<BTreeMap<String, Measured>>,
    read_at: Moment,
}

impl From<MediaRow> for MediaReading {
    fn from(row: MediaRow) -> Self {
        MediaReading {
            account: AccountId(row.account_id),
            media: row.media_id,
            day: row.day,
            product: row.product,
            media_type: row.media_type,
            caption: row.caption,
            permalink: row.permalink,
            published_at: row.published_at.0,
            metrics: row.metrics.0,
            read_at: row.read_at.0,
        }
    }
}

#[derive(FromRow)]
struct ReportRow {
    id: Uuid,
    tenant_id: Uuid,
    report_type: Word<ReportType>,
    first_day: String,
    last_day: String,
    period_start: Moment,
    period_end: Moment,
    revision: i64,
    run_id: Uuid,
    asked_by: String,
    instagram_metrics: Doc<Value>,
    media_metrics: Doc<Value>,
    revenue_metrics: Doc<Value>,
    historical_comparison: Doc<Value>,
    insights: Doc<Value>,
    data_sources: Doc<Value>,
    competitors: Doc<Value>,
    made_at: Moment,
}

fn part<T: DeserializeOwned>(column: Doc<Value>, name: &str) -> Result<T, StoreError> {
    serde_json::from_value(column.0)
        .map_err(|error| StoreError::Corrupt(format!("{name} of an analytics report: {error}")))
}

impl TryFrom<ReportRow> for AnalyticsReport {
    type Error = StoreError;

    fn try_from(row: ReportRow) -> Result<Self, StoreError> {
        Ok(AnalyticsReport {
            id: ReportId(row.id),
            tenant: TenantId(row.tenant_id),
            report_type: row.report_type.0,
            period: ReportPeriod {
                first_day: row.first_day,
                last_day: row.last_day,
                from: row.period_start.0,
                until: row.period_end.0,
            },
            revision: count(row.revision),
            run: RunId(row.run_id),
            asked_by: row.asked_by,
            body: ReportBody {
                instagram: part(row.instagram_metrics, "the instagram metrics")?,
                media: part(row.media_metrics, "the media metrics")?,
                revenue: part(row.revenue_metrics, "the revenue metrics")?,
                comparison: part(row.historical_comparison, "the comparison")?,
                insights: part(row.insights, "the insights")?,
                sources: part(row.data_sources, "the data sources")?,
                competitors: part(row.competitors, "the competitors")?,
            },
            made_at: row.made_at.0,
        })
    }
}

#[derive(FromRow)]
struct CompetitorRow {
    id: Uuid,
    tenant_id: Uuid,
    username: String,
    note: Option<String>,
    created_at: Moment,
}

impl From<CompetitorRow> for Competitor {
    fn from(row: CompetitorRow) -> Self {
        Competitor {
            id: CompetitorId(row.id),
            tenant: TenantId(row.tenant_id),
            username: row.username,
            note: row.note,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct SnapshotRow {
    competitor_id: Uuid,
    day: String,
    seen: Option<Doc<CompetitorSeen>>,
    problem: Option<String>,
    taken_at: Moment,
}

impl From<SnapshotRow> for CompetitorSnapshot {
    fn from(row: SnapshotRow) -> Self {
        CompetitorSnapshot {
            competitor: CompetitorId(row.competitor_id),
            day: row.day,
            seen: row.seen.map(|seen| seen.0),
            problem: row.problem,
            taken_at: row.taken_at.0,
        }
    }
}

#[async_trait]
impl IntelStore for Database {
    async fn account_insights(
        &self,
        tenant: &TenantId,
        query: &InsightQuery,
    ) -> Result<Vec<AccountInsight>, StoreError> {
        let (first, last) = (query.first_day.as_str(), query.last_day.as_str());
        let found = match &query.metric {
            Some(metric) => {
                let metric = text(metric);
                rows!(self.reader(), InsightRow, INSIGHTS_BY_METRIC, tenant.0, &*metric, first, last)?
            }
            None => {
                rows!(self.reader(), InsightRow, INSIGHTS_BY_DAY, tenant.0, first, last, COMMENTS_PER_HOUR)?
            }
        };
        let is_wanted = |row: &InsightRow| query.account.is_none_or(|account| account.0 == row.account_id);
        Ok(all(found.into_iter().filter(is_wanted).collect()))
    }

    async fn days_read(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        metric: &str,
        from_day: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let found = rows!(self.reader(), (String, Moment), DAYS_READ, tenant.0, account.0, metric, from_day)?;
        Ok(found.into_iter().map(|(day, at)| (day, at.0)).collect())
    }

    async fn hours_counted(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<AccountInsight>, StoreError> {
        let since = Moment(since);
        rows!(self.reader(), InsightRow, HOURS_COUNTED, tenant.0, account.0, COMMENTS_PER_HOUR, since)
            .map(all)
    }

    async fn count_comments(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let oldest = tenants::ids::oldest_uuid_of(from);
        let (from, until) = (Moment(from), Moment(until));
        let found = row!(self.reader(), (i64,), COUNT_COMMENTS, tenant.0, oldest, account.0, from, until)?;
        Ok(found.map_or(0, |(many,)| u64::try_from(many).unwrap_or_default()))
    }

    async fn media_readings(
        &self,
        tenant: &TenantId,
        query: &MediaQuery,
    ) -> Result<Vec<MediaReading>, StoreError> {
        let account = query.account.map_or(Uuid::nil(), |account| account.0);
        rows!(
            self.reader(),
            MediaRow,
            MEDIA_READINGS,
            tenant.0,
            Moment(query.published_from),
            Moment(query.published_until),
            account,
            query.account.is_none(),
            query.read_until.as_str(),
            i64::from(query.limit)
        )
        .map(all)
    }

    async fn media_history(&self, tenant: &TenantId, media: &str) -> Result<Vec<MediaReading>, StoreError> {
        let media = text(media);
        rows!(self.reader(), MediaRow, MEDIA_HISTORY, tenant.0, &*media).map(all)
    }

    async fn list_reports(
        &self,
        tenant: &TenantId,
        report_type: Option<ReportType>,
        page: PageRequest,
    ) -> Result<Vec<AnalyticsReport>, StoreError> {
        let word = report_type.map_or("", ReportType::as_str);
        let found = rows!(
            self.reader(),
            ReportRow,
            LIST_REPORTS,
            tenant.0,
            before(page),
            word,
            report_type.is_none(),
            i64::from(page.limit)
        )?;
        found.into_iter().map(AnalyticsReport::try_from).collect()
    }

    async fn find_report(
        &self,
        tenant: &TenantId,
        report: &ReportId,
    ) -> Result<Option<AnalyticsReport>, StoreError> {
        let found = row!(self.reader(), ReportRow, FIND_REPORT, tenant.0, report.0)?;
        found.map(AnalyticsReport::try_from).transpose()
    }

    async fn find_report_of(
        &self,
        tenant: &TenantId,
        report_type: ReportType,
        first_day: &str,
        last_day: &str,
    ) -> Result<Option<AnalyticsReport>, StoreError> {
        let word = report_type.as_str();
        let found = row!(self.reader(), ReportRow, FIND_REPORT_OF, tenant.0, word, first_day, last_day)?;
        found.map(AnalyticsReport::try_from).transpose()
    }

    async fn list_competitors(&self, tenant: &TenantId) -> Result<Vec<Competitor>, StoreError> {
        rows!(self.reader(), CompetitorRow, LIST_COMPETITORS, tenant.0).map(all)
    }

    async fn find_competitor(
        &self,
        tenant: &TenantId,
        competitor: &CompetitorId,
    ) -> Result<Option<Competitor>, StoreError> {
        let found = row!(self.reader(), CompetitorRow, FIND_COMPETITOR, tenant.0, competitor.0)?;
        Ok(found.map(Competitor::from))
    }

    async fn list_snapshots(
        &self,
        tenant: &TenantId,
        competitor: &CompetitorId,
        limit: u32,
    ) -> Result<Vec<CompetitorSnapshot>, StoreError> {
        let limit = i64::from(limit);
        rows!(self.reader(), SnapshotRow, LIST_SNAPSHOTS, competitor.0, tenant.0, limit).map(all)
    }
}
