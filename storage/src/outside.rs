//! Requests with keys and programs outside, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::effect::{Effect, IdempotencyKey};
use tenants::ids::TenantId;
use tenants::ports::{
    AgentStatus, Claimed, Heartbeat, KeptAnswer, KeyTimes, KeyedRequest, Outside, StoreError,
};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::outbox;
use crate::statement::statements;
use crate::types::Moment;
use crate::work::{Outcome, Work};

statements! {
    FIND_REQUEST {
        "select fingerprint, claim, first_at, begun_at, status, content_type, etag, location, body \
         from idempotency_keys where id = $1"
    }
    SILENT_AGENTS {
        "select tenant_id, agent, last_beat_at from agent_heartbeats \
         where is_outside and status = 'alive' and last_beat_at < $1 order by last_beat_at limit $2"
    }
}

#[derive(FromRow)]
struct RequestRow {
    fingerprint: String,
    claim: Uuid,
    first_at: Moment,
    begun_at: Moment,
    status: Option<i64>,
    content_type: Option<String>,
    etag: Option<String>,
    location: Option<String>,
    body: Option<String>,
}

impl RequestRow {
    fn known(self, request: &KeyedRequest, times: KeyTimes) -> Claimed {
        if self.claim == request.claim {
            return Claimed::Begun { first_at: self.first_at.0 };
        }
        if self.fingerprint != request.fingerprint {
            return Claimed::OtherBody;
        }
        let Some(status) = self.status else {
            let is_cut_off = self.begun_at.0 < times.cut_off_before;
            return if is_cut_off { Claimed::CutOff } else { Claimed::UnderWay };
        };
        Claimed::Done(KeptAnswer {
            status: u16::try_from(status).unwrap_or(500),
            content_type: self.content_type,
            etag: self.etag,
            location: self.location,
            body: self.body,
        })
    }
}

#[derive(FromRow)]
struct SilentRow {
    tenant_id: Option<Uuid>,
    agent: String,
    last_beat_at: Moment,
}

impl From<SilentRow> for Heartbeat {
    fn from(row: SilentRow) -> Self {
        Heartbeat {
            tenant: row.tenant_id.map(TenantId),
            agent: row.agent,
            status: AgentStatus::Alive,
            last_beat_at: row.last_beat_at.0,
        }
    }
}

#[async_trait]
impl Outside for Database {
    async fn claim_request(
        &self,
        request: &KeyedRequest,
        times: KeyTimes,
        again: bool,
    ) -> Result<Claimed, StoreError> {
        self.submit(Work::ClaimRequest { request: Box::new(request.clone()), times, again }).await?;
        let found = row!(self.reader(), RequestRow, FIND_REQUEST, request.id.as_str())?;
        // One that is gone again was given up a moment ago; it can be begun anew a moment later.
        Ok(found.map_or(Claimed::UnderWay, |row| row.known(request, times)))
    }

    async fn keep_answer(
        &self,
        request: &KeyedRequest,
        answer: &KeptAnswer,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (request, answer) = (Box::new(request.clone()), Box::new(answer.clone()));
        self.submit(Work::KeepAnswer { request, answer, at }).await.map(drop)
    }

    async fn forget_request(&self, request: &KeyedRequest) -> Result<(), StoreError> {
        self.submit(Work::ForgetRequest { request: Box::new(request.clone()) }).await.map(drop)
    }

    async fn leave_request(&self, request: &KeyedRequest, begun_at: Timestamp) -> Result<(), StoreError> {
        self.submit(Work::LeaveRequest { request: Box::new(request.clone()), begun_at }).await.map(drop)
    }

    async fn find_effect_by_key(
        &self,
        tenant: &TenantId,
        key: &IdempotencyKey,
    ) -> Result<Option<Effect>, StoreError> {
        outbox::find_by_key(self, tenant, key).await
    }

    async fn put_outside_beat(&self, beat: &Heartbeat) -> Result<(), StoreError> {
        self.submit(Work::PutOutsideBeat(Box::new(beat.clone()))).await.map(drop)
    }

    async fn silent_agents(&self, before: Timestamp, limit: u32) -> Result<Vec<Heartbeat>, StoreError> {
        let found = rows!(self.reader(), SilentRow, SILENT_AGENTS, Moment(before), i64::from(limit))?;
        Ok(found.into_iter().map(Heartbeat::from).collect())
    }

    async fn mark_agent_down(&self, beat: &Heartbeat) -> Result<bool, StoreError> {
        let marked = self.submit(Work::MarkAgentDown(Box::new(beat.clone()))).await?;
        Ok(marked == Outcome::Changed(1))
    }
}
