//! Heartbeats and ticks, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::event::{NewEvent, Role};
use tenants::ids::TenantId;
use tenants::ports::{AgentStatus, CronTick, Heartbeat, Operations, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Moment, Word};
use crate::work::{Outcome, Work};

statements! {
    LIST_HEARTBEATS {
        "select tenant_id, agent, status, last_beat_at from agent_heartbeats where scope_id = $1 order by agent"
    }
    DUE_TICKS {
        "select tenant_id, role, name, last_run, next_run from cron_ticks where next_run <= $1 \
         order by next_run, tenant_id, name limit $2"
    }
    NEXT_TICK_AT { "select next_run from cron_ticks order by next_run limit 1" }
}

#[derive(FromRow)]
struct HeartbeatRow {
    tenant_id: Option<Uuid>,
    agent: String,
    status: Word<AgentStatus>,
    last_beat_at: Moment,
}

impl From<HeartbeatRow> for Heartbeat {
    fn from(row: HeartbeatRow) -> Self {
        Heartbeat {
            tenant: row.tenant_id.map(TenantId),
            agent: row.agent,
            status: row.status.0,
            last_beat_at: row.last_beat_at.0,
        }
    }
}

#[derive(FromRow)]
struct TickRow {
    tenant_id: Uuid,
    role: Word<Role>,
    name: String,
    last_run: Option<Moment>,
    next_run: Moment,
}

impl From<TickRow> for CronTick {
    fn from(row: TickRow) -> Self {
        CronTick {
            tenant: TenantId(row.tenant_id),
            role: row.role.0,
            name: row.name,
            last_run: row.last_run.map(|moment| moment.0),
            next_run: row.next_run.0,
        }
    }
}

#[async_trait]
impl Operations for Database {
    async fn put_heartbeats(&self, beats: &[Heartbeat]) -> Result<(), StoreError> {
        if beats.is_empty() {
            return Ok(());
        }
        self.submit(Work::PutHeartbeats(beats.to_vec())).await.map(drop)
    }

    async fn list_heartbeats(&self, tenant: &TenantId) -> Result<Vec<Heartbeat>, StoreError> {
        rows!(self.reader(), HeartbeatRow, LIST_HEARTBEATS, tenant.0).map(all)
    }

    async fn add_ticks(&self, ticks: &[CronTick]) -> Result<(), StoreError> {
        if ticks.is_empty() {
            return Ok(());
        }
        self.submit(Work::AddTicks(ticks.to_vec())).await.map(drop)
    }

    async fn due_ticks(&self, now: Timestamp, limit: u32) -> Result<Vec<CronTick>, StoreError> {
        rows!(self.reader(), TickRow, DUE_TICKS, Moment(now), i64::from(limit)).map(all)
    }

    async fn next_tick_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(row!(self.reader(), (Moment,), NEXT_TICK_AT)?.map(|(moment,)| moment.0))
    }

    async fn run_tick(
        &self,
        tick: &CronTick,
        event: Option<NewEvent>,
        next_run: Timestamp,
    ) -> Result<bool, StoreError> {
        let work = Work::RunTick { tick: tick.clone(), event: event.map(Box::new), next_run };
        Ok(matches!(self.submit(work).await?, Outcome::Changed(1..)))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.submit(Work::Ping).await.map(drop)
    }
}
