//! Ticks, as they are read. They are stored by [`crate::apply::ticks`].

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::event::{EventBody, NewEvent, Role};
use tenants::ids::{EventId, TenantId};
use tenants::ports::{CronTick, PageRequest, StoreError, TickPlan, TickRun, TickStatus, Ticks};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, before};
use crate::work::{Outcome, Work};

macro_rules! tick_columns {
    () => {
        " tenant_id, role, name, zone, last_run, next_run, fire_at, runs, last_status, last_error, last_status_at "
    };
}

statements! {
    DIRTY_PLANS {
        "select tenant_id, marks from tick_plans where dirty_since is not null order by dirty_since limit $1"
    }
    LIST_TICKS { "select" (columns tick_columns) "from cron_ticks where tenant_id = $1 order by role, name" }
    DUE_TICKS {
        "select" (columns tick_columns) "from cron_ticks where fire_at <= $1 order by fire_at limit $2"
    }
    NEXT_TICK_AT { "select fire_at from cron_ticks where fire_at is not null order by fire_at limit 1" }
    TICK_RUNS {
        "select id, body, received_at, done_at, quarantined_at, error from inbox_events \
         where tenant_id = $1 and kind = 'tick' and conversation_key = $2 and id < $3 order by id desc limit $4"
    }
}

#[derive(FromRow)]
struct TickRow {
    tenant_id: Uuid,
    role: Word<Role>,
    name: String,
    zone: String,
    last_run: Option<Moment>,
    next_run: Moment,
    fire_at: Option<Moment>,
    runs: i64,
    last_status: Option<Word<TickStatus>>,
    last_error: Option<String>,
    last_status_at: Option<Moment>,
}

impl From<TickRow> for CronTick {
    fn from(row: TickRow) -> Self {
        let moment = |moment: Option<Moment>| moment.map(|moment| moment.0);
        CronTick {
            tenant: TenantId(row.tenant_id),
            role: row.role.0,
            name: row.name,
            zone: row.zone,
            last_run: moment(row.last_run),
            next_run: row.next_run.0,
            fire_at: moment(row.fire_at),
            runs: row.runs,
            last_status: row.last_status.map(|status| status.0),
            last_error: row.last_error,
            last_status_at: moment(row.last_status_at),
        }
    }
}

#[derive(FromRow)]
struct RunRow {
    id: Uuid,
    body: Doc<EventBody>,
    received_at: Moment,
    done_at: Option<Moment>,
    quarantined_at: Option<Moment>,
    error: Option<String>,
}

impl RunRow {
    fn into_run(self) -> Option<TickRun> {
        let EventBody::Tick(tick) = self.body.0 else { return None };
        Some(TickRun {
            event: EventId(self.id),
            role: tick.role,
            name: tick.name,
            due_at: tick.due_at,
            started_at: self.received_at.0,
            done_at: self.done_at.map(|moment| moment.0),
            quarantined_at: self.quarantined_at.map(|moment| moment.0),
            error: self.error,
        })
    }
}

#[async_trait]
impl Ticks for Database {
    async fn mark_plans(&self, catalogue: &str, at: Timestamp) -> Result<u64, StoreError> {
        match self.submit(Work::MarkPlans { catalogue: catalogue.to_owned(), at }).await? {
            Outcome::Changed(marked) => Ok(marked),
            _ => Ok(0),
        }
    }

    async fn dirty_plans(&self, limit: u32) -> Result<Vec<(TenantId, i64)>, StoreError> {
        let found = rows!(self.reader(), (Uuid, i64), DIRTY_PLANS, i64::from(limit))?;
        Ok(found.into_iter().map(|(tenant, mark)| (TenantId(tenant), mark)).collect())
    }

    async fn put_plan(&self, plan: TickPlan) -> Result<(), StoreError> {
        self.submit(Work::PutPlan(Box::new(plan))).await.map(drop)
    }

    async fn list_ticks(&self, tenant: &TenantId) -> Result<Vec<CronTick>, StoreError> {
        rows!(self.reader(), TickRow, LIST_TICKS, tenant.0).map(all)
    }

    async fn due_ticks(&self, now: Timestamp, limit: u32) -> Result<Vec<CronTick>, StoreError> {
        rows!(self.reader(), TickRow, DUE_TICKS, Moment(now), i64::from(limit)).map(all)
    }

    async fn next_tick_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(row!(self.reader(), (Moment,), NEXT_TICK_AT)?.map(|(moment,)| moment.0))
    }

    async fn run_tick(
        &self,
        before: &CronTick,
        event: Option<NewEvent>,
        after: CronTick,
    ) -> Result<bool, StoreError> {
        let work = Work::RunTick {
            before: Box::new(before.clone()),
            event: event.map(Box::new),
            after: Box::new(after),
        };
        Ok(matches!(self.submit(work).await?, Outcome::Changed(1..)))
    }

    async fn tick_runs(
        &self,
        tenant: &TenantId,
        role: Role,
        name: &str,
        page: PageRequest,
    ) -> Result<Vec<TickRun>, StoreError> {
        let key = format!("tick:{role}:{name}");
        let limit = i64::from(page.limit);
        let found = rows!(self.reader(), RunRow, TICK_RUNS, tenant.0, &key, before(page), limit)?;
        Ok(found.into_iter().filter_map(RunRow::into_run).collect())
    }
}
