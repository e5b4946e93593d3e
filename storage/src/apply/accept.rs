//! Stores deliveries.

use std::borrow::Cow;
use std::collections::HashSet;

use sha2::{Digest, Sha256};
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::event::{NewEvent, OrphanedEvent};
use tenants::ports::{Accepted, Delivery};
use uuid::Uuid;

use super::alerts::raise;
use crate::db::{Connection, fetch_bulk, run_bulk};
use crate::failure::Failure;
use crate::sqlite::FromSqlite;
use crate::statement::bulk_statements;
use crate::types::{Doc, Moment, text};

bulk_statements! {
    /// Gives the ids of the events that were new.
    ADD_EVENTS {
        "insert into inbox_events (id, tenant_id, account_id, source, kind, external_id, conversation_key, \
         occurred_at, received_at, body, payload) values"
        [uuid uuid uuid text text text text timestamptz timestamptz jsonb text]
        "on conflict (tenant_id, kind, external_id) do nothing returning id"
    }
    ADD_ORPHANS {
        "insert into orphaned_events (id, external_account, kind, external_id, received_at, payload) values"
        [uuid text text text timestamptz text]
        "on conflict (external_account, kind, external_id) do nothing"
    }
}

#[derive(FromRow)]
struct StoredRow {
    id: Uuid,
}

impl FromSqlite for StoredRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get(0)? })
    }
}

/// Stores several deliveries with as few statements as possible; the answer has an entry per delivery.
pub(crate) async fn accept_all(
    connection: &mut Connection,
    deliveries: &[&Delivery],
    now: Timestamp,
) -> Result<Vec<Vec<Accepted>>, Failure> {
    let events: Vec<&NewEvent> = deliveries.iter().flat_map(|delivery| &delivery.events).collect();
    let stored = add_events(connection, &events).await?;
    let orphans: Vec<&OrphanedEvent> = deliveries.iter().flat_map(|delivery| &delivery.orphans).collect();
    add_orphans(connection, &orphans).await?;
    for alert in deliveries.iter().flat_map(|delivery| &delivery.alerts) {
        raise(connection, alert, now).await?;
    }
    let answer = |event: &NewEvent| match stored.contains(&event.id.0) {
        true => Accepted::Stored,
        false => Accepted::Duplicate,
    };
    Ok(deliveries.iter().map(|delivery| delivery.events.iter().map(answer).collect()).collect())
}

/// Stores events and tells which were new.
pub(crate) async fn add_events(
    connection: &mut Connection,
    events: &[&NewEvent],
) -> Result<HashSet<Uuid>, Failure> {
    let stored = fetch_bulk!(connection, StoredRow, ADD_EVENTS, events, |query, event| query
        .bind(event.id.0)
        .bind(event.tenant.0)
        .bind(event.account.map(|account| account.0))
        .bind(event.source.as_str())
        .bind(event.kind.as_str())
        .bind(bounded(&event.external_id))
        .bind(bounded(&event.conversation_key))
        .bind(Moment(event.occurred_at))
        .bind(Moment(event.received_at))
        .bind(Doc(&event.body))
        .bind(event.raw.to_string()))?;
    Ok(stored.into_iter().map(|row| row.id).collect())
}

async fn add_orphans(connection: &mut Connection, orphans: &[&OrphanedEvent]) -> Result<(), Failure> {
    run_bulk!(connection, ADD_ORPHANS, orphans, |query, orphan| query
        .bind(orphan.id.0)
        .bind(bounded(&orphan.external_account))
        .bind(orphan.kind.as_str())
        .bind(bounded(&orphan.external_id))
        .bind(Moment(orphan.received_at))
        .bind(orphan.raw.to_string()))?;
    Ok(())
}

/// Longest indexed text, in bytes. PostgreSQL refuses index rows of more than 2704 bytes; real ids have fewer
/// than 200, but a delivery must be storable whatever it says.
const MAX_INDEXED_BYTES: usize = 600;

/// A text that can be indexed: what is too long keeps its beginning and is told apart by its hash.
fn bounded(value: &str) -> Cow<'_, str> {
    if value.len() <= MAX_INDEXED_BYTES {
        return text(value);
    }
    let beginning = value.floor_char_boundary(MAX_INDEXED_BYTES / 2);
    let hash: String = Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect();
    Cow::Owned(format!("{}…{hash}", text(&value[..beginning])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_id_is_cut_but_still_told_apart_from_others() {
        let one = "é".repeat(5_000);
        let other = format!("{one}!");
        assert!(bounded(&one).len() <= MAX_INDEXED_BYTES);
        assert_ne!(bounded(&one), bounded(&other));
        assert_eq!(bounded("17858893269000001"), "17858893269000001");
    }
}
