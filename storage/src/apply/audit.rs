//! Appends to the audit log and keeps the end of every chain.

use std::borrow::Cow;
use std::collections::HashMap;

use sqlx::FromRow;
use tenants::audit::{Chain, NewAuditEntry, entry_hash, first_hash};
use tenants::changes::Change;
use uuid::Uuid;

use super::schedule::Group;
use crate::audit::{Summary, owner_columns};
use crate::db::{Connection, fetch, run_bulk};
use crate::failure::Failure;
use crate::sqlite::FromSqlite;
use crate::statement::{bulk_statements, statements};
use crate::types::{IdList, Moment, maybe_text, storable, text};

statements! {
    /// Always in the same order, so that two transactions never wait for each other's heads.
    CHAIN_HEADS { "select chain_id, seq, hash from audit_heads where chain_id " (among 1) " order by chain_id " (for_update) }
}

bulk_statements! {
    APPEND_ENTRIES {
        "insert into audit_log (id, chain_id, tenant_id, agency_id, seq, event_type, action, resource_type, \
         resource_id, actor, success, error, details, confidence, model, prompt_version, tokens_in, tokens_out, \
         cost_micro_usd, latency_us, at, hash) values"
        [uuid uuid uuid uuid bigint text text text text text boolean text text real text text bigint bigint bigint
         bigint timestamptz text]
        ""
    }
    PUT_HEADS {
        "insert into audit_heads (chain_id, tenant_id, agency_id, seq, hash) values"
        [uuid uuid uuid bigint text]
        "on conflict (chain_id) do update set seq = excluded.seq, hash = excluded.hash"
    }
}

#[derive(FromRow)]
struct HeadRow {
    chain_id: Uuid,
    seq: i64,
    hash: String,
}

impl FromSqlite for HeadRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { chain_id: row.get(0)?, seq: row.get(1)?, hash: row.get(2)? })
    }
}

/// The end of a chain.
#[derive(Clone)]
struct Head {
    seq: i64,
    hash: String,
}

/// An entry with its place in its chain.
struct Link<'w> {
    chain: Chain,
    seq: i64,
    hash: String,
    entry: Cow<'w, NewAuditEntry>,
}

pub(crate) async fn append(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    let mut heads = load_heads(connection, group).await?;
    let mut links = Vec::with_capacity(group.len());
    for item in group {
        if let Change::Audit(entry) = item.change {
            let head =
                heads.entry(item.chain).or_insert_with(|| Head { seq: 0, hash: first_hash(item.chain) });
            links.push(link(head, item.chain, entry));
        }
    }
    append_entries(connection, &links).await?;
    let heads: Vec<_> = heads.into_iter().collect();
    run_bulk!(connection, PUT_HEADS, &heads, |query, head| query
        .bind(head.0.uuid())
        .bind(owner_columns(&head.0).0)
        .bind(owner_columns(&head.0).1)
        .bind(head.1.seq)
        .bind(head.1.hash.as_str()))?;
    Ok(())
}

async fn load_heads(connection: &mut Connection, group: &Group<'_>) -> Result<HashMap<Chain, Head>, Failure> {
    let chains: HashMap<Uuid, Chain> = group.iter().map(|item| (item.chain.uuid(), item.chain)).collect();
    let ids: IdList = chains.keys().copied().collect();
    let found = fetch!(connection, HeadRow, CHAIN_HEADS, &ids)?;
    let known = |row: HeadRow| Some((*chains.get(&row.chain_id)?, Head { seq: row.seq, hash: row.hash }));
    Ok(found.into_iter().filter_map(known).collect())
}

/// Puts an entry at the end of its chain.
fn link<'w>(head: &mut Head, chain: Chain, entry: &'w NewAuditEntry) -> Link<'w> {
    let entry = as_stored(entry);
    let seq = head.seq + 1;
    let hash = entry_hash(&head.hash, seq, &entry);
    *head = Head { seq, hash: hash.clone() };
    Link { chain, seq, hash, entry }
}

/// The entry as it will be read back: the hash must cover what is stored, not what was meant.
fn as_stored(entry: &NewAuditEntry) -> Cow<'_, NewAuditEntry> {
    let texts = [
        &entry.event_type,
        &entry.action,
        &entry.resource_type,
        &entry.resource_id,
        &entry.actor,
        entry.error.as_ref().unwrap_or(&entry.actor),
    ];
    if storable(entry.at) == entry.at && texts.iter().all(|it| !it.contains('\0')) {
        return Cow::Borrowed(entry);
    }
    Cow::Owned(NewAuditEntry {
        id: entry.id,
        event_type: text(&entry.event_type).into_owned(),
        action: text(&entry.action).into_owned(),
        resource_type: text(&entry.resource_type).into_owned(),
        resource_id: text(&entry.resource_id).into_owned(),
        actor: text(&entry.actor).into_owned(),
        success: entry.success,
        error: maybe_text(&entry.error).map(Cow::into_owned),
        details: entry.details.clone(),
        at: storable(entry.at),
    })
}

async fn append_entries(connection: &mut Connection, links: &[Link<'_>]) -> Result<(), Failure> {
    let rows: Vec<_> = links.iter().map(|link| (link, Summary::of(link.entry.details.as_str()))).collect();
    run_bulk!(connection, APPEND_ENTRIES, &rows, |query, row| query
        .bind(row.0.entry.id.0)
        .bind(row.0.chain.uuid())
        .bind(owner_columns(&row.0.chain).0)
        .bind(owner_columns(&row.0.chain).1)
        .bind(row.0.seq)
        .bind(row.0.entry.event_type.as_str())
        .bind(row.0.entry.action.as_str())
        .bind(row.0.entry.resource_type.as_str())
        .bind(row.0.entry.resource_id.as_str())
        .bind(row.0.entry.actor.as_str())
        .bind(row.0.entry.success)
        .bind(row.0.entry.error.as_deref())
        .bind(row.0.entry.details.as_str())
        .bind(row.1.confidence)
        .bind(row.1.model.as_deref())
        .bind(row.1.prompt_version.as_deref())
        .bind(row.1.tokens_in)
        .bind(row.1.tokens_out)
        .bind(row.1.cost_micro_usd)
        .bind(row.1.latency_us)
        .bind(Moment(row.0.entry.at))
        .bind(row.0.hash.as_str()))?;
    Ok(())
}
