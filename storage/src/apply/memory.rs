//! Stores what is remembered, and removes what is forgotten.

use std::collections::{BTreeMap, HashMap};

use sqlx::FromRow;
use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::intent::Language;
use tenants::memory::{Forgetting, MemoryItem};
use uuid::Uuid;

use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, fetch, fetch_bulk, run, run_bulk};
use crate::failure::Failure;
use crate::sqlite::FromSqlite;
use crate::statement::{bulk_statements, statements};
use crate::types::{Moment, maybe_text, text};

statements! {
    FORGET_ITEM { "delete from memory_items where tenant_id = $1 and id = $2" }
    FORGET_PERSON { "delete from memory_items where tenant_id = $1 and person = $2" }
    FORGET_SOURCE { "delete from memory_items where tenant_id = $1 and source = $2" }
    FORGET_SURPLUS {
        "delete from memory_items where tenant_id = $1 and id in (select id from memory_items \
         where tenant_id = $1 and kind in ('interaction', 'post', 'approved_answer') \
         order by case kind when 'interaction' then 0 when 'post' then 1 else 2 end, weight, updated_at, id \
         limit (select case when count(*) > $2 then count(*) - $2 else 0 end from memory_items \
         where tenant_id = $1))"
    }
    COUNT_KEPT {
        "select count(*) from memory_items where tenant_id = $1 and kind in ('brand_fact', 'person')"
    }
    COUNT_FORGETTING {
        "insert into memory_heads (tenant_id, last_seq, forgotten) values ($1, 0, 1) \
         on conflict (tenant_id) do update set forgotten = memory_heads.forgotten + 1"
    }
}

bulk_statements! {
    /// Takes as many numbers of a tenant's sequence as it has items, and gives the last of them. Whoever has done so
    /// holds the tenant's head until the transaction ends, so numbers become visible in their order.
    TAKE_SEQS {
        "insert into memory_heads (tenant_id, last_seq) values"
        [uuid bigint]
        "on conflict (tenant_id) do update set last_seq = memory_heads.last_seq + excluded.last_seq \
         returning tenant_id, last_seq"
    }
    REMEMBER {
        "insert into memory_items (id, tenant_id, seq, kind, visibility, title, text, person, account_id, \
         conversation_id, media, source, language, weight, seen, fingerprint, created_at, updated_at) values"
        [uuid uuid bigint text text text text text uuid uuid text text text real bigint text timestamptz timestamptz]
        "on conflict (tenant_id, fingerprint) do update set seq = excluded.seq, seen = memory_items.seen + 1, \
         updated_at = excluded.updated_at"
    }
}

#[derive(FromRow)]
struct HeadRow {
    tenant_id: Uuid,
    last_seq: i64,
}

impl FromSqlite for HeadRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { tenant_id: row.get(0)?, last_seq: row.get(1)? })
    }
}

pub(crate) async fn remember(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    let mut items: Vec<(&MemoryItem, String)> = Vec::with_capacity(group.len());
    for item in group {
        let Change::Remember(remembered) = item.change else { continue };
        if Chain::Tenant(remembered.tenant) != item.chain {
            return Err(Failure::Conflict(format!("{} belongs to another tenant", remembered.id)));
        }
        remembered.check().map_err(|error| Failure::Conflict(error.to_string()))?;
        items.push((remembered, remembered.fingerprint()));
    }
    for round in rounds(items) {
        put(connection, &round).await?;
    }
    Ok(())
}

/// One statement may touch a row only once: what has the same fingerprint goes into different rounds.
fn rounds(items: Vec<(&MemoryItem, String)>) -> Vec<Vec<(&MemoryItem, String)>> {
    let mut times: HashMap<(Uuid, String), usize> = HashMap::new();
    let mut rounds: Vec<Vec<_>> = Vec::new();
    for (item, fingerprint) in items {
        let round = times.entry((item.tenant.0, fingerprint.clone())).or_default();
        if rounds.len() == *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push((item, fingerprint));
        *round += 1;
    }
    rounds
}

async fn put(connection: &mut Connection, items: &[(&MemoryItem, String)]) -> Result<(), Failure> {
    // In the order of tenants, so that two transactions never wait for each other's heads.
    let mut counts: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (item, _) in items {
        *counts.entry(item.tenant.0).or_default() += 1;
    }
    let wanted: Vec<(Uuid, i64)> = counts.iter().map(|(tenant, count)| (*tenant, *count)).collect();
    let heads =
        fetch_bulk!(connection, HeadRow, TAKE_SEQS, &wanted, |query, row| query.bind(row.0).bind(row.1))?;
    let mut next: HashMap<Uuid, i64> = heads
        .into_iter()
        .map(|head| (head.tenant_id, head.last_seq - counts.get(&head.tenant_id).copied().unwrap_or(0)))
        .collect();
    let rows: Vec<(i64, &MemoryItem, &str)> = items
        .iter()
        .map(|(item, fingerprint)| {
            let seq = next.entry(item.tenant.0).or_default();
            *seq += 1;
            (*seq, *item, fingerprint.as_str())
        })
        .collect();
    run_bulk!(connection, REMEMBER, &rows, |query, row| query
        .bind(row.1.id.0)
        .bind(row.1.tenant.0)
        .bind(row.0)
        .bind(row.1.kind.as_str())
        .bind(row.1.visibility.as_str())
        .bind(maybe_text(&row.1.title))
        .bind(text(&row.1.text))
        .bind(maybe_text(&row.1.person))
        .bind(row.1.account.map(|id| id.0))
        .bind(row.1.conversation.map(|id| id.0))
        .bind(maybe_text(&row.1.media))
        .bind(text(&row.1.source))
        .bind(row.1.language.map(Language::as_str))
        .bind(row.1.weight)
        .bind(i64::from(row.1.seen))
        .bind(row.2)
        .bind(Moment(row.1.created_at))
        .bind(Moment(row.1.updated_at)))?;
    Ok(())
}

/// Whoever remembers something holds the tenant's head until the transaction ends, so nobody else adds meanwhile.
pub(crate) async fn limit(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let Change::LimitMemory { most } = item.change else { continue };
        let tenant = tenant_of(item.chain)?.0;
        let found = fetch!(connection, (i64,), COUNT_KEPT, tenant)?;
        let kept = found.first().map_or(0, |(kept,)| u64::try_from(*kept).unwrap_or_default());
        if kept > *most {
            return Err(Failure::Conflict(format!(
                "the memory would keep {kept} facts and has no room for more than {most}: remove some, or raise memory.max_items"
            )));
        }
    }
    Ok(())
}

pub(crate) async fn forget(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let Change::Forget(what) = item.change else { continue };
        let tenant = tenant_of(item.chain)?.0;
        let gone = match what {
            Forgetting::Item(id) => match run!(connection, FORGET_ITEM, tenant, id.0)? {
                0 => return Err(Failure::Conflict(format!("{id} does not exist"))),
                gone => gone,
            },
            Forgetting::Person(person) => {
                super::people::forget(connection, tenant, person, now).await?;
                run!(connection, FORGET_PERSON, tenant, text(person))?
            }
            Forgetting::Source(source) => run!(connection, FORGET_SOURCE, tenant, text(source))?,
            // Nobody asked for it to be gone, so the index need not be built anew at once.
            Forgetting::Surplus { keep } => {
                run!(connection, FORGET_SURPLUS, tenant, i64::from(*keep))?;
                continue;
            }
        };
        if gone > 0 {
            run!(connection, COUNT_FORGETTING, tenant)?;
        }
    }
    Ok(())
}
