//! What intel has gathered, in memory: as much of the port as the tests of actors look at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, CompetitorId, ReportId, TenantId};
use tenants::insights::{
    AccountInsight, COMMENTS_PER_HOUR, Competitor, CompetitorSnapshot, IntelChange, MediaReading,
};
use tenants::ports::{InsightQuery, IntelStore, MediaQuery, NoInsights, PageRequest, StoreError};
use tenants::report::{AnalyticsReport, ReportType};

use crate::intel::{Intel, IntelSettings};

/// A store that changes are put into by hand.
#[derive(Debug, Default)]
pub(crate) struct GatheredStore {
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    insights: BTreeMap<(AccountId, String, String, String), AccountInsight>,
    media: BTreeMap<(AccountId, String, String), MediaReading>,
    reports: Vec<AnalyticsReport>,
    competitors: Vec<Competitor>,
    snapshots: Vec<CompetitorSnapshot>,
    comments: Vec<(AccountId, Timestamp)>,
}

/// For worlds that are about something else.
pub(crate) fn nothing_gathered() -> Intel {
    let reader = Arc::new(NoInsights("there is no Instagram here"));
    Intel::new(reader, Arc::new(GatheredStore::default()), IntelSettings::default())
}

impl GatheredStore {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody commented.
    pub(crate) fn comment(&self, account: AccountId, at: Timestamp) {
        self.rows().comments.push((account, at));
    }

    /// Applies what intel changed.
    pub(crate) fn apply(&self, changes: &[Change]) {
        let mut rows = self.rows();
        for change in changes {
            let Change::Intel(change) = change else { continue };
            match change {
                IntelChange::AccountInsights(list) => {
                    for row in list {
                        let key = (row.account, row.metric.clone(), row.day.clone(), row.breakdown.clone());
                        rows.insights.insert(key, row.clone());
                    }
                }
                IntelChange::MediaReadings(list) => {
                    for row in list {
                        rows.media.insert((row.account, row.media.clone(), row.day.clone()), row.clone());
                    }
                }
                IntelChange::AddReport(report) | IntelChange::ReplaceReport(report) => {
                    rows.reports.push((**report).clone());
                }
                IntelChange::AddCompetitor(competitor) => rows.competitors.push(competitor.clone()),
                IntelChange::CompetitorSnapshots(list) => rows.snapshots.extend(list.iter().cloned()),
                IntelChange::DeleteCompetitor(_) | IntelChange::Thin { .. } => {}
            }
        }
    }
}

#[async_trait]
impl IntelStore for GatheredStore {
    async fn account_insights(
        &self,
        _: &TenantId,
        query: &InsightQuery,
    ) -> Result<Vec<AccountInsight>, StoreError> {
        let is_wanted = |row: &&AccountInsight| {
            query.account.is_none_or(|account| account == row.account)
                && query
                    .metric
                    .as_ref()
                    .map_or(row.metric != COMMENTS_PER_HOUR, |metric| *metric == row.metric)
                && row.day >= query.first_day
                && row.day <= query.last_day
        };
        Ok(self.rows().insights.values().filter(is_wanted).cloned().collect())
    }

    async fn days_read(
        &self,
        _: &TenantId,
        account: &AccountId,
        metric: &str,
        from_day: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let is_wanted = |row: &&AccountInsight| {
            row.account == *account
                && row.metric == metric
                && row.breakdown.is_empty()
                && row.day.as_str() >= from_day
        };
        let rows = self.rows();
        Ok(rows.insights.values().filter(is_wanted).map(|row| (row.day.clone(), row.read_at)).collect())
    }

    async fn hours_counted(
        &self,
        _: &TenantId,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<AccountInsight>, StoreError> {
        let is_wanted = |row: &&AccountInsight| {
            row.account == *account && row.metric == COMMENTS_PER_HOUR && row.ends_at > since
        };
        let mut found: Vec<_> = self.rows().insights.values().filter(is_wanted).cloned().collect();
        found.sort_by_key(|row| row.ends_at);
        Ok(found)
    }

    async fn count_comments(
        &self,
        _: &TenantId,
        account: &AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let is_wanted = |(of, at): &&(AccountId, Timestamp)| of == account && *at >= from && *at < until;
        Ok(self.rows().comments.iter().filter(is_wanted).count() as u64)
    }

    async fn media_readings(
        &self,
        _: &TenantId,
        query: &MediaQuery,
    ) -> Result<Vec<MediaReading>, StoreError> {
        let mut newest = BTreeMap::new();
        for row in self.rows().media.values() {
            let is_wanted = query.account.is_none_or(|account| account == row.account)
                && row.published_at >= query.published_from
                && row.published_at < query.published_until
                && row.day <= query.read_until;
            if is_wanted {
                newest.insert(row.media.clone(), row.clone());
            }
        }
        Ok(newest.into_values().collect())
    }

    async fn media_history(&self, _: &TenantId, media: &str) -> Result<Vec<MediaReading>, StoreError> {
        Ok(self.rows().media.values().filter(|row| row.media == media).cloned().collect())
    }

    async fn list_reports(
        &self,
        _: &TenantId,
        _: Option<ReportType>,
        _: PageRequest,
    ) -> Result<Vec<AnalyticsReport>, StoreError> {
        Ok(self.rows().reports.clone())
    }

    async fn find_report(
        &self,
        _: &TenantId,
        report: &ReportId,
    ) -> Result<Option<AnalyticsReport>, StoreError> {
        Ok(self.rows().reports.iter().find(|it| it.id == *report).cloned())
    }

    async fn find_report_of(
        &self,
        _: &TenantId,
        report_type: ReportType,
        first_day: &str,
        last_day: &str,
    ) -> Result<Option<AnalyticsReport>, StoreError> {
        let is_wanted = |it: &&AnalyticsReport| {
            it.report_type == report_type
                && it.period.first_day == first_day
                && it.period.last_day == last_day
        };
        Ok(self.rows().reports.iter().find(is_wanted).cloned())
    }

    async fn list_competitors(&self, _: &TenantId) -> Result<Vec<Competitor>, StoreError> {
        Ok(self.rows().competitors.clone())
    }

    async fn find_competitor(
        &self,
        _: &TenantId,
        competitor: &CompetitorId,
    ) -> Result<Option<Competitor>, StoreError> {
        Ok(self.rows().competitors.iter().find(|it| it.id == *competitor).cloned())
    }

    async fn list_snapshots(
        &self,
        _: &TenantId,
        competitor: &CompetitorId,
        _: u32,
    ) -> Result<Vec<CompetitorSnapshot>, StoreError> {
        let rows = self.rows();
        let of = rows.snapshots.iter().rev().filter(|it| it.competitor == *competitor);
        Ok(of.cloned().collect())
    }
}
