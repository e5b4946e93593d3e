//! Heartbeats, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::ids::TenantId;
use tenants::ports::{AgentStatus, Heartbeat, Operations, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::rows;
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Moment, Word};
use crate::work::Work;

statements! {
    LIST_HEARTBEATS {
        "select tenant_id, agent, status, last_beat_at from agent_heartbeats where scope_id = $1 order by agent"
    }
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

    async fn ping(&self) -> Result<(), StoreError> {
        self.submit(Work::Ping).await.map(drop)
    }
}
