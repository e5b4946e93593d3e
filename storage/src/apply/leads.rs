//! Stores leads: what a message says is merged into what is known, inside the transaction.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::FromRow;
use tenants::alert::Severity;
use tenants::changes::Change;
use tenants::event::Person;
use tenants::ids::{AccountId, AgencyId, ConversationId, EventId, LeadId, TenantId};
use tenants::lead::{Fact, Lead, LeadField, LeadNote, LeadStage};
use tenants::notice::{Notice, NoticeKind};
use uuid::Uuid;

use super::comms::add_notice;
use super::schedule::Item;
use super::tenants::tenant_of;
use crate::db::{Connection, fetch, run};
use crate::failure::Failure;
use crate::leads::lead_columns;
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, maybe_text, text};

statements! {
    HOLD_LEAD {
        "select" (columns lead_columns) "from leads where tenant_id = $1 and account_id = $2 and person_id = $3 "
        (for_update)
    }
    ADD_LEAD {
        "insert into leads (id, tenant_id, account_id, conversation_id, person_id, person_username, stage, staged_by, \
         score, facts, confidence, source_event_id, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    }
    MERGE_LEAD {
        "update leads set conversation_id = $3, person_username = $4, stage = $5, score = $6, facts = $7, \
         confidence = $8, updated_at = $9 where tenant_id = $1 and id = $2"
    }
    SET_LEAD {
        "update leads set stage = coalesce($3, stage), staged_by = coalesce($4, staged_by), \
         note = nullif(coalesce($5, note), ''), assigned_to = nullif(coalesce($6, assigned_to), ''), \
         updated_at = $7 where tenant_id = $1 and id = $2"
    }
}

/// A lead as it is stored.
#[derive(FromRow)]
pub(crate) struct LeadRow {
    id: Uuid,
    account_id: Uuid,
    conversation_id: Uuid,
    person_id: String,
    person_username: Option<String>,
    stage: Word<LeadStage>,
    staged_by: Option<String>,
    facts: Doc<BTreeMap<LeadField, Fact>>,
    confidence: f32,
    source_event_id: Uuid,
    note: Option<String>,
    assigned_to: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

impl FromSqlite for LeadRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            account_id: row.get(1)?,
            conversation_id: row.get(2)?,
            person_id: row.get(3)?,
            person_username: row.get(4)?,
            stage: row.get(5)?,
            staged_by: row.get(6)?,
            facts: row.get(7)?,
            confidence: row.get(8)?,
            source_event_id: row.get(9)?,
            note: row.get(10)?,
            assigned_to: row.get(11)?,
            created_at: row.get(12)?,
            updated_at: row.get(13)?,
        })
    }
}

impl From<LeadRow> for Lead {
    fn from(row: LeadRow) -> Self {
        Lead {
            id: LeadId(row.id),
            account: AccountId(row.account_id),
            conversation: ConversationId(row.conversation_id),
            person: Person { id: row.person_id, username: row.person_username },
            stage: row.stage.0,
            staged_by: row.staged_by,
            facts: row.facts.0,
            confidence: row.confidence,
            source: EventId(row.source_event_id),
            note: row.note,
            assigned_to: row.assigned_to,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

pub(super) async fn apply(connection: &mut Connection, item: &Item<'_>) -> Result<(), Failure> {
    let tenant = tenant_of(item.chain)?;
    match item.change {
        Change::NoteLead(note) => take_in(connection, tenant, note).await,
        Change::SetLead { lead, stage, note, assigned_to, at } => {
            let (word, by) = stage.as_ref().map(|(stage, by)| (stage.as_str(), text(by))).unzip();
            let set = run!(
                connection,
                SET_LEAD,
                tenant.0,
                lead.0,
                word,
                by,
                maybe_text(note),
                maybe_text(assigned_to),
                Moment(*at)
            )?;
            if set == 0 {
                return Err(Failure::Conflict(format!("{lead} does not exist")));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn take_in(connection: &mut Connection, tenant: TenantId, note: &LeadNote) -> Result<(), Failure> {
    let person = text(&note.person.id);
    let known = fetch!(connection, LeadRow, HOLD_LEAD, tenant.0, note.account.0, person)?;
    let (lead, kind) = match known.into_iter().next().map(Lead::from) {
        Some(mut lead) => {
            if !lead.take_in(note) {
                return Ok(());
            }
            merge(connection, tenant, &lead).await?;
            (lead, NoticeKind::LeadChanged)
        }
        None => {
            let Some(lead) = note.begins() else { return Ok(()) };
            add(connection, tenant, &lead).await?;
            (lead, NoticeKind::Lead)
        }
    };
    add_notice(connection, &notice(tenant, note, &lead, kind)).await
}

async fn add(connection: &mut Connection, tenant: TenantId, lead: &Lead) -> Result<(), Failure> {
    run!(
        connection,
        ADD_LEAD,
        lead.id.0,
        tenant.0,
        lead.account.0,
        lead.conversation.0,
        text(&lead.person.id),
        maybe_text(&lead.person.username),
        lead.stage.as_str(),
        maybe_text(&lead.staged_by),
        i64::from(lead.score()),
        Doc(&lead.facts),
        lead.confidence,
        lead.source.0,
        Moment(lead.created_at),
        Moment(lead.updated_at)
    )?;
    Ok(())
}

async fn merge(connection: &mut Connection, tenant: TenantId, lead: &Lead) -> Result<(), Failure> {
    run!(
        connection,
        MERGE_LEAD,
        tenant.0,
        lead.id.0,
        lead.conversation.0,
        maybe_text(&lead.person.username),
        lead.stage.as_str(),
        i64::from(lead.score()),
        Doc(&lead.facts),
        lead.confidence,
        Moment(lead.updated_at)
    )?;
    Ok(())
}

/// The agency is filled in from the tenant's row.
fn notice(tenant: TenantId, note: &LeadNote, lead: &Lead, kind: NoticeKind) -> Notice {
    let who = lead.display_name();
    let subject = match kind {
        NoticeKind::Lead => format!("New lead: {who}"),
        _ => format!("Lead {who}: {}", lead.stage),
    };
    let facts = lead.facts.iter().map(|(field, fact)| format!("{field}: {}", fact.value));
    let lines: Vec<String> =
        [format!("stage: {}, score: {}", lead.stage, lead.score())].into_iter().chain(facts).collect();
    Notice {
        id: note.notice,
        agency: AgencyId::INSTALLATION,
        tenant: Some(tenant),
        kind,
        severity: Severity::Info,
        person: Some(lead.person.id.clone()),
        dedup_key: format!("lead:{}:{}", lead.id, note.event),
        subject,
        text: lines.join("\n"),
        html: None,
        data: json!({ "lead": lead, "score": lead.score(), "score_parts": lead.score_parts(), "tenant": tenant }),
        created_at: note.at,
    }
}
