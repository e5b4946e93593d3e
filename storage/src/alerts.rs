//! Alerts, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::alert::{Alert, AlertType, NewAlert, Severity};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, AlertId, TenantId};
use tenants::ports::{Alerts, PageRequest, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, before, text};
use crate::work::{Outcome, Work};

macro_rules! alert_columns {
    () => {
        " id, agency_id, tenant_id, alert_type, severity, message, details, dedup_key, occurrences, last_seen_at, \
         resolved_at, resolved_by, created_at "
    };
}
pub(crate) use alert_columns;

statements! {
    LIST_ALERTS_OF_AGENCY {
        "select" (columns alert_columns) "from system_alerts \
         where (agency_id = $1 or (agency_id is null and tenant_id is null)) and id < $2 \
         and ((resolved_at is not null) = $3 or $3 is null) order by id desc limit $4"
    }
    LIST_ALERTS_OF_TENANT {
        "select" (columns alert_columns) "from system_alerts where agency_id = $1 and tenant_id = $5 and id < $2 \
         and ((resolved_at is not null) = $3 or $3 is null) order by id desc limit $4"
    }
    FIND_ALERT {
        "select" (columns alert_columns) "from system_alerts \
         where (agency_id = $1 or (agency_id is null and tenant_id is null)) and id = $2"
    }
    OPEN_BUDGET_ALERTS {
        "select" (columns alert_columns) "from system_alerts where alert_type = 'budget' and resolved_at is null \
         and id < $1 order by id desc limit $2"
    }
    LAST_BUDGET_ALERT {
        "select" (columns alert_columns) "from system_alerts where alert_type = 'budget' and dedup_key = $1 \
         order by id desc limit 1"
    }
    OPEN_ALERT { "select id from system_alerts where dedup_key = $1 and resolved_at is null limit 1" }
}

#[derive(FromRow)]
pub(crate) struct AlertRow {
    id: Uuid,
    agency_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    alert_type: Word<AlertType>,
    severity: Word<Severity>,
    message: String,
    details: Doc<serde_json::Value>,
    dedup_key: String,
    occurrences: i64,
    last_seen_at: Moment,
    resolved_at: Option<Moment>,
    resolved_by: Option<String>,
    created_at: Moment,
}

impl From<AlertRow> for Alert {
    fn from(row: AlertRow) -> Self {
        Alert {
            id: AlertId(row.id),
            agency: row.agency_id.map(AgencyId),
            tenant: row.tenant_id.map(TenantId),
            alert_type: row.alert_type.0,
            severity: row.severity.0,
            message: row.message,
            details: row.details.0,
            dedup_key: row.dedup_key,
            occurrences: row.occurrences,
            last_seen_at: row.last_seen_at.0,
            resolved_at: row.resolved_at.map(|moment| moment.0),
            resolved_by: row.resolved_by,
            created_at: row.created_at.0,
        }
    }
}

impl Database {
    pub(crate) async fn read_open_budget_alerts(&self, page: PageRequest) -> Result<Vec<Alert>, StoreError> {
        rows!(self.reader(), AlertRow, OPEN_BUDGET_ALERTS, before(page), i64::from(page.limit)).map(all)
    }

    pub(crate) async fn read_last_budget_alert(&self, dedup_key: &str) -> Result<Option<Alert>, StoreError> {
        Ok(row!(self.reader(), AlertRow, LAST_BUDGET_ALERT, text(dedup_key))?.map(Alert::from))
    }
}

#[async_trait]
impl Alerts for Database {
    async fn raise_alert(&self, alert: NewAlert, at: Timestamp) -> Result<(), StoreError> {
        self.submit(Work::RaiseAlert { alert: Box::new(alert), at }).await.map(drop)
    }

    async fn list_alerts(
        &self,
        agency: &AgencyId,
        tenant: Option<&TenantId>,
        resolved: Option<bool>,
        page: PageRequest,
    ) -> Result<Vec<Alert>, StoreError> {
        let (start, limit) = (before(page), i64::from(page.limit));
        match tenant {
            Some(tenant) => rows!(
                self.reader(),
                AlertRow,
                LIST_ALERTS_OF_TENANT,
                agency.0,
                start,
                resolved,
                limit,
                tenant.0
            ),
            None => rows!(self.reader(), AlertRow, LIST_ALERTS_OF_AGENCY, agency.0, start, resolved, limit),
        }
        .map(all)
    }

    async fn find_alert(&self, agency: &AgencyId, alert: &AlertId) -> Result<Option<Alert>, StoreError> {
        Ok(row!(self.reader(), AlertRow, FIND_ALERT, agency.0, alert.0)?.map(Alert::from))
    }

    async fn has_open_alert(&self, dedup_key: &str) -> Result<bool, StoreError> {
        Ok(row!(self.reader(), (Uuid,), OPEN_ALERT, text(dedup_key))?.is_some())
    }

    async fn resolve_alert(
        &self,
        agency: &AgencyId,
        alert: &AlertId,
        by: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let work = Work::ResolveAlert { agency: *agency, alert: *alert, by: by.to_owned(), at };
        Ok(matches!(self.submit(work).await?, Outcome::Changed(1..)))
    }
}
