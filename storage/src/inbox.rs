//! Events, as they are read. They are stored by [`crate::apply::accept`].

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::event::{EventBody, EventKind, EventSource, InboxEvent};
use tenants::ids::{AccountId, EventId, TenantId};
use tenants::ports::{Accepted, Delivery, Inbox, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::gather::{Question, Source, deal_out, gathered};
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, Word, count};
use crate::work::{Outcome, Work};

macro_rules! event_columns {
    () => {
        " id, tenant_id, account_id, source, kind, external_id, conversation_key, occurred_at, received_at, \
         attempts, body "
    };
}

statements! {
    /// The oldest of each tenant: a flood of one hides nothing of the others.
    PENDING_EVENTS {
        (only sqlite "select e.* from json_each($1) as t cross join (")
        (only postgres "select e.* from unnest($1::uuid[]) as t (tenant_id) cross join lateral (")
        "select" (columns event_columns) "from inbox_events "
        (only sqlite ") as e where e.id in (select id from inbox_events where tenant_id = unhex(t.value)")
        (only postgres "where tenant_id = t.tenant_id")
        " and done_at is null and quarantined_at is null and id " (not_among 2) " order by id limit $3)"
        (only postgres " as e") " order by e.id"
    }
    /// Steps from tenant to tenant through the index, so that a tenant with a million waiting events costs as much
    /// as one with a single one.
    TENANTS_WITH_EVENTS {
        "with recursive waiting (tenant_id) as ( \
         select first.tenant_id from (select tenant_id from inbox_events \
         where done_at is null and quarantined_at is null order by tenant_id limit 1) as first \
         union all select (select e.tenant_id from inbox_events e \
         where e.done_at is null and e.quarantined_at is null and e.tenant_id > waiting.tenant_id \
         order by e.tenant_id limit 1) from waiting where waiting.tenant_id is not null) \
         select tenant_id from waiting where tenant_id is not null"
    }
    FIND_EVENT { "select" (columns event_columns) ", payload from inbox_events where tenant_id = $1 and id = $2" }
    EVENTS_BY_ID {
        "select" (columns event_columns) "from inbox_events where tenant_id = $1 and id " (among 2)
    }
    EVENT_COUNTS {
        "select kind, count(*) as received, count(done_at) as done from inbox_events group by kind order by kind"
    }
}

#[derive(FromRow)]
struct EventRow {
    id: Uuid,
    tenant_id: Uuid,
    account_id: Option<Uuid>,
    source: Word<EventSource>,
    kind: Word<EventKind>,
    external_id: String,
    conversation_key: String,
    occurred_at: Moment,
    received_at: Moment,
    attempts: i64,
    body: Doc<EventBody>,
}

impl FromSqlite for EventRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            tenant_id: row.get(1)?,
            account_id: row.get(2)?,
            source: row.get(3)?,
            kind: row.get(4)?,
            external_id: row.get(5)?,
            conversation_key: row.get(6)?,
            occurred_at: row.get(7)?,
            received_at: row.get(8)?,
            attempts: row.get(9)?,
            body: row.get(10)?,
        })
    }
}

impl From<EventRow> for InboxEvent {
    fn from(row: EventRow) -> Self {
        InboxEvent {
            id: EventId(row.id),
            tenant: TenantId(row.tenant_id),
            account: row.account_id.map(AccountId),
            source: row.source.0,
            kind: row.kind.0,
            external_id: row.external_id,
            conversation_key: row.conversation_key,
            occurred_at: row.occurred_at.0,
            received_at: row.received_at.0,
            attempts: count(row.attempts),
            body: row.body.0,
        }
    }
}

#[derive(FromRow)]
struct RawEventRow {
    #[sqlx(flatten)]
    event: EventRow,
    payload: String,
}

/// Which waiting events somebody wants.
#[derive(Debug)]
pub(crate) struct WaitingOf {
    tenant: TenantId,
    except: Vec<EventId>,
    limit: u32,
}

impl Question for WaitingOf {
    type Answer = Vec<InboxEvent>;

    fn key(&self) -> Option<Uuid> {
        Some(self.tenant.0)
    }

    async fn ask_together(source: &mut Source, questions: &[&Self]) -> Result<Vec<Self::Answer>, StoreError> {
        let tenants: IdList = questions.iter().map(|it| it.tenant.0).collect();
        let except: IdList = questions.iter().flat_map(|it| &it.except).map(|event| event.0).collect();
        let limit = questions.iter().map(|it| it.limit).max().unwrap_or_default();
        let found =
            gathered!(source, EventRow, PENDING_EVENTS, &tenants, &except, i64::from(limit)).map(all)?;
        let wanted = questions.iter().map(|it| (it.tenant, it.limit));
        Ok(deal_out(found, |event: &InboxEvent| event.tenant, wanted))
    }
}

impl Database {
    /// Those of these events that are stored, in no order.
    pub(crate) async fn events_by_id(
        &self,
        tenant: &TenantId,
        events: &[EventId],
    ) -> Result<Vec<InboxEvent>, StoreError> {
        let ids: IdList = events.iter().map(|event| event.0).collect();
        rows!(self.reader(), EventRow, EVENTS_BY_ID, tenant.0, &ids).map(all)
    }
}

#[async_trait]
impl Inbox for Database {
    async fn accept(&self, delivery: Delivery) -> Result<Vec<Accepted>, StoreError> {
        match self.submit(Work::Accept(delivery)).await? {
            Outcome::Accepted(answers) => Ok(answers),
            _ => Ok(Vec::new()),
        }
    }

    async fn pending_events(
        &self,
        tenant: &TenantId,
        except: &[EventId],
        limit: u32,
    ) -> Result<Vec<InboxEvent>, StoreError> {
        self.gatherers()
            .pending_events
            .ask(WaitingOf { tenant: *tenant, except: except.to_vec(), limit })
            .await
    }

    async fn tenants_with_events(&self) -> Result<Vec<TenantId>, StoreError> {
        let found = rows!(self.reader(), (Uuid,), TENANTS_WITH_EVENTS)?;
        Ok(found.into_iter().map(|(tenant,)| TenantId(tenant)).collect())
    }

    async fn find_event(
        &self,
        tenant: &TenantId,
        event: &EventId,
    ) -> Result<Option<(InboxEvent, serde_json::Value)>, StoreError> {
        let Some(found) = row!(self.reader(), RawEventRow, FIND_EVENT, tenant.0, event.0)? else {
            return Ok(None);
        };
        let payload = serde_json::from_str(&found.payload)
            .map_err(|error| StoreError::Corrupt(format!("the payload of {event}: {error}")))?;
        Ok(Some((found.event.into(), payload)))
    }

    async fn event_counts(&self) -> Result<Vec<(EventKind, i64, i64)>, StoreError> {
        let found = rows!(self.reader(), (Word<EventKind>, i64, i64), EVENT_COUNTS)?;
        Ok(found.into_iter().map(|(kind, received, done)| (kind.0, received, done)).collect())
    }
}
