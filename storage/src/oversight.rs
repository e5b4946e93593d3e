//! Conversations in which people ask why, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::ids::{OversightId, TenantId, TurnId};
use tenants::money::MicroUsd;
use tenants::oversight::{OversightSession, OversightTurn, Source};
use tenants::ports::{OversightSessions, PageRequest, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, before, text};

macro_rules! session_columns {
    () => {
        " id, tenant_id, asked_by, title, active, total_queries, total_latency_ms, last_question, last_answer, created_at, \
         updated_at "
    };
}
macro_rules! turn_columns {
    () => {
        " id, session_id, question, answer, sources, tools, steps, confidence, model, cost_micro_usd, first_token_ms, \
         latency_ms, incomplete, problem, asked_at "
    };
}

statements! {
    LIST_SESSIONS {
        "select" (columns session_columns) "from oversight_sessions where tenant_id = $1 and asked_by = $2 and id < $3 \
         order by id desc limit $4"
    }
    FIND_SESSION {
        "select" (columns session_columns) "from oversight_sessions where tenant_id = $1 and asked_by = $2 and id = $3"
    }
    TURNS {
        "select" (columns turn_columns) "from oversight_turns where tenant_id = $1 and session_id = $2 and id < $3 \
         order by id desc limit $4"
    }
}

#[derive(FromRow)]
struct SessionRow {
    id: Uuid,
    tenant_id: Uuid,
    asked_by: String,
    title: String,
    active: bool,
    total_queries: i64,
    total_latency_ms: i64,
    last_question: Option<String>,
    last_answer: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

impl From<SessionRow> for OversightSession {
    fn from(row: SessionRow) -> Self {
        Self {
            id: OversightId(row.id),
            tenant: TenantId(row.tenant_id),
            asked_by: row.asked_by,
            title: row.title,
            is_active: row.active,
            total_queries: row.total_queries,
            total_latency_ms: row.total_latency_ms,
            last_question: row.last_question,
            last_answer: row.last_answer,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

#[derive(FromRow)]
struct TurnRow {
    id: Uuid,
    session_id: Uuid,
    question: String,
    answer: String,
    sources: Doc<Vec<Source>>,
    tools: Doc<Vec<String>>,
    steps: Doc<Vec<String>>,
    confidence: Option<f32>,
    model: Option<String>,
    cost_micro_usd: i64,
    first_token_ms: Option<i64>,
    latency_ms: Option<i64>,
    incomplete: bool,
    problem: Option<String>,
    asked_at: Moment,
}

impl From<TurnRow> for OversightTurn {
    fn from(row: TurnRow) -> Self {
        Self {
            id: TurnId(row.id),
            session: OversightId(row.session_id),
            question: row.question,
            answer: row.answer,
            sources: row.sources.0,
            tools: row.tools.0,
            steps: row.steps.0,
            confidence: row.confidence,
            model: row.model,
            cost: MicroUsd(row.cost_micro_usd),
            first_token_ms: row.first_token_ms,
            latency_ms: row.latency_ms,
            is_incomplete: row.incomplete,
            problem: row.problem,
            asked_at: row.asked_at.0,
        }
    }
}

#[async_trait]
impl OversightSessions for Database {
    async fn list_oversight(
        &self,
        tenant: &TenantId,
        asked_by: &str,
        page: PageRequest,
    ) -> Result<Vec<OversightSession>, StoreError> {
        let (start, limit) = (before(page), i64::from(page.limit));
        rows!(self.reader(), SessionRow, LIST_SESSIONS, tenant.0, text(asked_by), start, limit).map(all)
    }

    async fn find_oversight(
        &self,
        tenant: &TenantId,
        asked_by: &str,
        session: &OversightId,
    ) -> Result<Option<OversightSession>, StoreError> {
        let found = row!(self.reader(), SessionRow, FIND_SESSION, tenant.0, text(asked_by), session.0)?;
        Ok(found.map(OversightSession::from))
    }

    async fn oversight_turns(
        &self,
        tenant: &TenantId,
        session: &OversightId,
        page: PageRequest,
    ) -> Result<Vec<OversightTurn>, StoreError> {
        let (start, limit) = (before(page), i64::from(page.limit));
        rows!(self.reader(), TurnRow, TURNS, tenant.0, session.0, start, limit).map(all)
    }
}
