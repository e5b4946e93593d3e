//! Recorded decisions and the rehearsals made of them, as they are read.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::audit::Chain;
use tenants::clock::Timestamp;
use tenants::event::InboxEvent;
use tenants::ids::{AgencyId, DifferenceId, EventId, RehearsalId, TenantId};
use tenants::ports::{DecisionRecords, PageRequest, Rehearsals, StoreError};
use tenants::rehearsal::{
    ConfigurationPart, Period, RecordedDecision, Rehearsal, RehearsalDifference, RehearsalStatus,
};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, TextList, Word, before};
use crate::work::{Outcome, Work};

macro_rules! rehearsal_columns {
    () => {
        " id, agency_id, tenant_id, status, asked_by, asked, progress, report, error, created_at, finished_at "
    };
}

statements! {
    LAST_ENTRY { "select seq from audit_heads where chain_id = $1" }
    TIME_OF_ENTRY { "select at from audit_log where chain_id = $1 and seq = $2" }
    RECORDED_DECISIONS {
        "select seq, details from audit_log where chain_id = $1 and seq > $2 and seq <= $3 \
         and event_type = 'decision.made' and at >= $4 and at < $5 order by seq limit $6"
    }
    CONFIGURATION_PARTS {
        "select hash, body from configuration_parts where tenant_id = $1 and hash " (text_among 2)
    }
    FIND_REHEARSAL {
        "select" (columns rehearsal_columns) "from rehearsals where scope_id = $1 and id = $2"
    }
    LIST_REHEARSALS {
        "select" (columns rehearsal_columns) "from rehearsals where scope_id = $1 and id < $2 order by id desc limit $3"
    }
    LIST_DIFFERENCES {
        "select d.id, d.rehearsal_id, d.tenant_id, d.event_id, d.body from rehearsal_differences d \
         join rehearsals r on r.id = d.rehearsal_id where r.scope_id = $1 and d.rehearsal_id = $2 and d.id < $3 \
         order by d.id desc limit $4"
    }
}

/// Entries stand in the order of their commits; how much later than its moment a decision may have been committed.
const LATE: Duration = Duration::from_secs(3_600);

#[derive(FromRow)]
struct DecisionRow {
    seq: i64,
    details: String,
}

#[derive(FromRow)]
struct PartRow {
    hash: String,
    body: String,
}

#[derive(FromRow)]
struct RehearsalRow {
    id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    status: Word<RehearsalStatus>,
    asked_by: String,
    asked: Doc<serde_json::Value>,
    progress: i64,
    report: Option<Doc<serde_json::Value>>,
    error: Option<String>,
    created_at: Moment,
    finished_at: Option<Moment>,
}

impl From<RehearsalRow> for Rehearsal {
    fn from(row: RehearsalRow) -> Self {
        Rehearsal {
            id: RehearsalId(row.id),
            agency: AgencyId(row.agency_id),
            tenant: row.tenant_id.map(TenantId),
            status: row.status.0,
            asked_by: row.asked_by,
            asked: row.asked.0,
            progress: u64::try_from(row.progress).unwrap_or_default(),
            report: row.report.map(|report| report.0),
            error: row.error,
            created_at: row.created_at.0,
            finished_at: row.finished_at.map(|moment| moment.0),
        }
    }
}

#[derive(FromRow)]
struct DifferenceRow {
    id: Uuid,
    rehearsal_id: Uuid,
    tenant_id: Uuid,
    event_id: Uuid,
    body: Doc<serde_json::Value>,
}

impl From<DifferenceRow> for RehearsalDifference {
    fn from(row: DifferenceRow) -> Self {
        RehearsalDifference {
            id: DifferenceId(row.id),
            rehearsal: RehearsalId(row.rehearsal_id),
            tenant: TenantId(row.tenant_id),
            event: EventId(row.event_id),
            body: row.body.0,
        }
    }
}

impl Database {
    /// The last position of a chain whose entry is older than `moment`; 0 when none is. The log has no index by time,
    /// which every decision would have to pay for: entries are nearly in the order of time, so some twenty looks do.
    async fn last_before(&self, chain: Uuid, moment: Timestamp) -> Result<i64, StoreError> {
        let last = row!(self.reader(), (i64,), LAST_ENTRY, chain)?.map_or(0, |(seq,)| seq);
        let (mut older, mut newer) = (0, last + 1);
        while newer - older > 1 {
            let middle = older + (newer - older) / 2;
            let at = row!(self.reader(), (Moment,), TIME_OF_ENTRY, chain, middle)?;
            if at.is_some_and(|(at,)| at.0 < moment) { older = middle } else { newer = middle }
        }
        Ok(older)
    }
}

/// The event that a decision is about.
fn event_of(details: &serde_json::Value) -> Option<EventId> {
    details.get("event")?.as_str()?.parse().ok()
}

#[async_trait]
impl DecisionRecords for Database {
    async fn recorded_decisions(
        &self,
        tenant: &TenantId,
        period: Period,
        after: i64,
        limit: u32,
    ) -> Result<Vec<RecordedDecision>, StoreError> {
        let first = self.last_before(tenant.0, period.from - LATE).await?.max(after);
        let last = self.last_before(tenant.0, period.until + LATE).await?;
        let found = rows!(
            self.reader(),
            DecisionRow,
            RECORDED_DECISIONS,
            tenant.0,
            first,
            last,
            Moment(period.from),
            Moment(period.until),
            i64::from(limit)
        )?;
        let mut decisions = Vec::with_capacity(found.len());
        for DecisionRow { seq, details } in found {
            let details = serde_json::from_str(&details)
                .map_err(|error| StoreError::Corrupt(format!("the details of audit entry {seq}: {error}")))?;
            decisions.push(RecordedDecision { seq, details, event: None });
        }
        let events: Vec<EventId> = decisions.iter().filter_map(|it| event_of(&it.details)).collect();
        let events = self.events_by_id(tenant, &events).await?;
        let mut events: HashMap<EventId, InboxEvent> =
            events.into_iter().map(|event| (event.id, event)).collect();
        for decision in &mut decisions {
            decision.event = event_of(&decision.details).and_then(|id| events.remove(&id));
        }
        Ok(decisions)
    }

    async fn configuration_parts(
        &self,
        tenant: &TenantId,
        hashes: &[String],
    ) -> Result<Vec<ConfigurationPart>, StoreError> {
        let hashes: TextList = hashes.iter().map(String::as_str).collect();
        let found = rows!(self.reader(), PartRow, CONFIGURATION_PARTS, tenant.0, &hashes)?;
        Ok(found.into_iter().map(|PartRow { hash, body }| ConfigurationPart { hash, body }).collect())
    }
}

#[async_trait]
impl Rehearsals for Database {
    async fn find_rehearsal(
        &self,
        of: &Chain,
        rehearsal: &RehearsalId,
    ) -> Result<Option<Rehearsal>, StoreError> {
        let found = row!(self.reader(), RehearsalRow, FIND_REHEARSAL, of.uuid(), rehearsal.0)?;
        Ok(found.map(Rehearsal::from))
    }

    async fn list_rehearsals(&self, of: &Chain, page: PageRequest) -> Result<Vec<Rehearsal>, StoreError> {
        let (start, limit) = (before(page), i64::from(page.limit));
        rows!(self.reader(), RehearsalRow, LIST_REHEARSALS, of.uuid(), start, limit).map(all)
    }

    async fn list_differences(
        &self,
        of: &Chain,
        rehearsal: &RehearsalId,
        page: PageRequest,
    ) -> Result<Vec<RehearsalDifference>, StoreError> {
        let (start, limit) = (before(page), i64::from(page.limit));
        rows!(self.reader(), DifferenceRow, LIST_DIFFERENCES, of.uuid(), rehearsal.0, start, limit).map(all)
    }

    async fn interrupt_rehearsals(&self, at: Timestamp) -> Result<u64, StoreError> {
        match self.submit(Work::InterruptRehearsals { at }).await? {
            Outcome::Changed(rows) => Ok(rows),
            _ => Ok(0),
        }
    }
}
