//! What intel has gathered: insights, reports, competitors. Written with [`Change::Intel`].
//!
//! [`Change::Intel`]: crate::changes::Change::Intel

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::clock::Timestamp;
use crate::ids::{AccountId, CompetitorId, ReportId, TenantId};
use crate::insights::{AccountInsight, Competitor, CompetitorSnapshot, MediaReading};
use crate::report::{AnalyticsReport, ReportType};

/// Which numbers of accounts to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsightQuery {
    /// One account; all of the tenant when left out.
    pub account: Option<AccountId>,
    /// One metric; all but those by the hour when left out.
    pub metric: Option<String>,
    /// First day, `YYYY-MM-DD`.
    pub first_day: String,
    /// Last day, `YYYY-MM-DD`.
    pub last_day: String,
}

/// Which media to read; of each the newest reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaQuery {
    /// One account; all of the tenant when left out.
    pub account: Option<AccountId>,
    /// Published at this moment or later.
    pub published_from: Timestamp,
    /// Published before.
    pub published_until: Timestamp,
    /// Readings up to this day, `YYYY-MM-DD`.
    pub read_until: String,
    /// At most this many, newest media first.
    pub limit: u32,
}

/// What intel has gathered.
#[async_trait]
pub trait IntelStore: Send + Sync + 'static {
    /// Numbers of accounts, by day, metric and part.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn account_insights(
        &self,
        tenant: &TenantId,
        query: &InsightQuery,
    ) -> Result<Vec<AccountInsight>, StoreError>;

    /// When a metric of an account was read last, for each day from this one on.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn days_read(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        metric: &str,
        from_day: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError>;

    /// Hours of an account that were counted since a moment, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn hours_counted(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<AccountInsight>, StoreError>;

    /// Comments of others on an account's media, written in a period.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn count_comments(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Media with their newest readings, newest media first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn media_readings(
        &self,
        tenant: &TenantId,
        query: &MediaQuery,
    ) -> Result<Vec<MediaReading>, StoreError>;

    /// All readings of one media, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn media_history(&self, tenant: &TenantId, media: &str) -> Result<Vec<MediaReading>, StoreError>;

    /// Reports, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_reports(
        &self,
        tenant: &TenantId,
        report_type: Option<ReportType>,
        page: PageRequest,
    ) -> Result<Vec<AnalyticsReport>, StoreError>;

    /// One report.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_report(
        &self,
        tenant: &TenantId,
        report: &ReportId,
    ) -> Result<Option<AnalyticsReport>, StoreError>;

    /// The report of a period.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_report_of(
        &self,
        tenant: &TenantId,
        report_type: ReportType,
        first_day: &str,
        last_day: &str,
    ) -> Result<Option<AnalyticsReport>, StoreError>;

    /// Competitors by handle.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_competitors(&self, tenant: &TenantId) -> Result<Vec<Competitor>, StoreError>;

    /// One competitor.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_competitor(
        &self,
        tenant: &TenantId,
        competitor: &CompetitorId,
    ) -> Result<Option<Competitor>, StoreError>;

    /// Snapshots of a competitor, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_snapshots(
        &self,
        tenant: &TenantId,
        competitor: &CompetitorId,
        limit: u32,
    ) -> Result<Vec<CompetitorSnapshot>, StoreError>;
}
