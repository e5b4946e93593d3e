//! The audit log, as it is read and checked. It is written by `apply::audit`.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use sqlx::FromRow;
use tenants::audit::{AuditEntry, Chain, ChainCheck, ChainVerdict, Details};
use tenants::ids::{AgencyId, AuditId, TenantId};
use tenants::ports::{AuditFilter, AuditLog, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{Pool, rows};
use crate::failure::read_error;
use crate::gather::{Question, Source, deal_out, gathered};
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Doc, Moment, maybe_text, text};

macro_rules! entry_columns {
    () => {
        " id, seq, event_type, action, resource_type, resource_id, actor, success, error, details, at, hash "
    };
}

statements! {
    LIST_AUDIT {
        "select" (columns entry_columns) "from audit_log where chain_id = $1 and seq < $2 \
         and (event_type = $3 or $3 is null) \
         and (substr(event_type, 1, length($4)) = $4 or $4 is null) \
         and (actor = $5 or $5 is null) and (resource_id = $6 or $6 is null) and (success = $7 or $7 is null) \
         and (at >= $8 or $8 is null) and (at < $9 or $9 is null) order by seq desc limit $10"
    }
    /// What came after a position of each chain: a long log hides nothing of the others.
    AUDIT_SINCE {
        (only sqlite "select c.chain, e.* from (select unhex(value ->> 0) as chain, value ->> 1 as after \
         from json_each($1)) as c cross join (")
        (only postgres "select c.chain, e.* from (select (value ->> 0)::uuid as chain, (value ->> 1)::bigint as after \
         from jsonb_array_elements($1)) as c cross join lateral (")
        "select" (columns entry_columns) (only sqlite ", chain_id") " from audit_log "
        (only sqlite ") as e where e.chain_id = c.chain and e.seq in (select seq from audit_log")
        " where chain_id = c.chain and seq > c.after order by seq limit $2)" (only postgres " as e") " order by e.seq"
    }
    AUDIT_CHAINS {
        "select chain_id, tenant_id, agency_id from audit_heads \
         union select chain_id, tenant_id, agency_id from audit_log order by chain_id"
    }
    CHAIN_HEAD { "select seq, hash from audit_heads where chain_id = $1" }
    /// The entries of a chain with all their columns, those too which repeat the details.
    CHAIN_ENTRIES {
        "select" (columns entry_columns) ", tenant_id, agency_id, confidence, model, prompt_version, tokens_in, \
         tokens_out, cost_micro_usd, latency_us \
         from audit_log where chain_id = $1 and seq > $2 order by seq limit $3"
    }
    /// All reads that follow see the same moment.
    BEGIN_SNAPSHOT {
        (only sqlite "begin") (only postgres "begin isolation level repeatable read read only")
    }
}

#[derive(FromRow)]
struct EntryRow {
    id: Uuid,
    seq: i64,
    event_type: String,
    action: String,
    resource_type: String,
    resource_id: String,
    actor: String,
    success: bool,
    error: Option<String>,
    details: String,
    at: Moment,
    hash: String,
}

impl TryFrom<EntryRow> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let details = Details::of_text(row.details).map_err(|error| {
            StoreError::Corrupt(format!("the details of audit entry {}: {error}", row.seq))
        })?;
        Ok(AuditEntry {
            id: AuditId(row.id),
            seq: row.seq,
            event_type: row.event_type,
            action: row.action,
            resource_type: row.resource_type,
            resource_id: row.resource_id,
            actor: row.actor,
            success: row.success,
            error: row.error,
            details,
            at: row.at.0,
            hash: row.hash,
        })
    }
}

impl FromSqlite for EntryRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            seq: row.get("seq")?,
            event_type: row.get("event_type")?,
            action: row.get("action")?,
            resource_type: row.get("resource_type")?,
            resource_id: row.get("resource_id")?,
            actor: row.get("actor")?,
            success: row.get("success")?,
            error: row.get("error")?,
            details: row.get("details")?,
            at: row.get("at")?,
            hash: row.get("hash")?,
        })
    }
}

/// An entry and whose it is.
#[derive(FromRow)]
struct GrownRow {
    chain: Uuid,
    #[sqlx(flatten)]
    entry: EntryRow,
}

impl FromSqlite for GrownRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { chain: row.get("chain")?, entry: EntryRow::read(row)? })
    }
}

/// Which entries somebody wants who follows a log.
#[derive(Debug)]
pub(crate) struct GrownSince {
    chain: Uuid,
    after: i64,
    limit: u32,
}

impl Question for GrownSince {
    type Answer = Vec<AuditEntry>;

    fn key(&self) -> Option<Uuid> {
        Some(self.chain)
    }

    async fn ask_together(source: &mut Source, questions: &[&Self]) -> Result<Vec<Self::Answer>, StoreError> {
        let wanted: Vec<_> = questions.iter().map(|it| (it.chain.simple().to_string(), it.after)).collect();
        let limit = questions.iter().map(|it| it.limit).max().unwrap_or_default();
        let found = gathered!(source, GrownRow, AUDIT_SINCE, Doc(&wanted), i64::from(limit))?;
        let dealt =
            deal_out(found, |row: &GrownRow| row.chain, questions.iter().map(|it| (it.chain, it.limit)));
        let entries =
            |rows: Vec<GrownRow>| rows.into_iter().map(|row| AuditEntry::try_from(row.entry)).collect();
        dealt.into_iter().map(entries).collect()
    }
}

/// What the columns of the log repeat of an entry's details, so that reports need not open the details.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(crate) struct Summary {
    pub(crate) confidence: Option<f32>,
    pub(crate) model: Option<String>,
    pub(crate) prompt_version: Option<String>,
    pub(crate) tokens_in: Option<i64>,
    pub(crate) tokens_out: Option<i64>,
    pub(crate) cost_micro_usd: Option<i64>,
    pub(crate) latency_us: Option<i64>,
}

/// The members of details that are repeated; whatever else they hold is passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Repeated {
    confidence: Value,
    classification: Value,
    model: Value,
    prompt_version: Value,
    tokens_in: Value,
    tokens_out: Value,
    cost_micro_usd: Value,
    latency_us: Value,
}

impl Summary {
    /// Finds what the details of a decision have; other details have none of it.
    pub(crate) fn of(details: &str) -> Self {
        let found: Repeated = serde_json::from_str(details).unwrap_or_default();
        let words = |value: &Value| value.as_str().map(|words| text(words).into_owned());
        let confidence = match &found.confidence {
            Value::Null => found.classification.get("confidence").and_then(Value::as_f64),
            confidence => confidence.as_f64(),
        };
        Self {
            confidence: confidence.map(|confidence| confidence as f32),
            model: words(&found.model),
            prompt_version: words(&found.prompt_version),
            tokens_in: whole_number(&found.tokens_in),
            tokens_out: whole_number(&found.tokens_out),
            cost_micro_usd: whole_number(&found.cost_micro_usd),
            latency_us: whole_number(&found.latency_us),
        }
    }
}

/// A whole number however it is written: `1.0` is one, too.
fn whole_number(value: &Value) -> Option<i64> {
    let whole = |float: &f64| float.fract() == 0.0 && float.abs() < 9e15;
    value.as_i64().or_else(|| value.as_f64().filter(whole).map(|float| float as i64))
}

#[derive(FromRow)]
struct FullEntryRow {
    #[sqlx(flatten)]
    entry: EntryRow,
    tenant_id: Option<Uuid>,
    agency_id: Option<Uuid>,
    #[sqlx(flatten)]
    summary: Summary,
}

/// The columns that say whose chain it is: (tenant, agency).
pub(crate) fn owner_columns(chain: &Chain) -> (Option<Uuid>, Option<Uuid>) {
    match chain {
        Chain::Tenant(tenant) => (Some(tenant.0), None),
        Chain::Agency(agency) => (None, Some(agency.0)),
    }
}

/// Checks entries one after the other; the verdict when one does not fit.
fn check_entries(chain: &Chain, check: &mut ChainCheck, rows: Vec<FullEntryRow>) -> Result<(), ChainVerdict> {
    for row in rows {
        let seq = row.entry.seq;
        let broken = |problem: &str| ChainVerdict::Broken { seq, problem: problem.to_owned() };
        let owner = (row.tenant_id, row.agency_id);
        let entry = AuditEntry::try_from(row.entry).map_err(|_| broken("the details cannot be read"))?;
        check.next(&entry)?;
        if Summary::of(entry.details.as_str()) != row.summary || owner != owner_columns(chain) {
            return Err(broken("a column that repeats the details was altered"));
        }
    }
    Ok(())
}

/// Entries that are read at once while a chain is checked.
const PAGE: i64 = 1_000;

/// Reads a whole chain inside one snapshot, so that entries appended meanwhile are no contradiction.
macro_rules! verify_in {
    ($transaction:expr, $sql:ident, $chain:expr) => {{
        let mut transaction = $transaction.await.map_err(read_error)?;
        let head: Option<(i64, String)> = sqlx::query_as(CHAIN_HEAD.$sql())
            .bind($chain.uuid())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(read_error)?;
        let mut check = ChainCheck::new(*$chain);
        let mut after = i64::MIN;
        loop {
            let page: Vec<FullEntryRow> = sqlx::query_as(CHAIN_ENTRIES.$sql())
                .bind($chain.uuid())
                .bind(after)
                .bind(PAGE)
                .fetch_all(&mut *transaction)
                .await
                .map_err(read_error)?;
            let Some(last) = page.last() else { break };
            after = last.entry.seq;
            if let Err(verdict) = check_entries($chain, &mut check, page) {
                return Ok(verdict);
            }
        }
        Ok(check.finish(head))
    }};
}

#[async_trait]
impl AuditLog for Database {
    async fn list_audit(
        &self,
        chain: &Chain,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let (prefix, exact): (Option<String>, Option<String>) = match &filter.event_type {
            Some(event_type) if event_type.ends_with('.') => (Some(event_type.clone()), None),
            other => (None, other.clone()),
        };
        let found = rows!(
            self.reader(),
            EntryRow,
            LIST_AUDIT,
            chain.uuid(),
            before.unwrap_or(i64::MAX),
            maybe_text(&exact),
            maybe_text(&prefix),
            maybe_text(&filter.actor),
            maybe_text(&filter.resource_id),
            filter.success,
            filter.from.map(Moment),
            filter.until.map(Moment),
            i64::from(limit)
        )?;
        found.into_iter().map(AuditEntry::try_from).collect()
    }

    async fn audit_since(
        &self,
        chain: &Chain,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.gatherers().grown_logs.ask(GrownSince { chain: chain.uuid(), after, limit }).await
    }

    async fn audit_chains(&self) -> Result<Vec<Chain>, StoreError> {
        let found = rows!(self.reader(), (Uuid, Option<Uuid>, Option<Uuid>), AUDIT_CHAINS)?;
        let mut chains: Vec<Chain> = found
            .into_iter()
            .map(|(chain, tenant, _)| match tenant {
                // The chain's own id counts: an altered owner must not hide a chain from the check.
                Some(_) => Chain::Tenant(TenantId(chain)),
                None => Chain::Agency(AgencyId(chain)),
            })
            .collect();
        chains.dedup();
        Ok(chains)
    }

    async fn verify_chain(&self, chain: &Chain) -> Result<ChainVerdict, StoreError> {
        match &self.reader().pool {
            Pool::Sqlite(pool) => verify_in!(pool.begin_with(BEGIN_SNAPSHOT.sqlite()), sqlite, chain),
            Pool::Postgres(pool) => verify_in!(pool.begin_with(BEGIN_SNAPSHOT.postgres()), postgres, chain),
        }
    }
}
