//! Stores what decisions were made with, rehearsals and what they find.

use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::rehearsal::{Rehearsal, RehearsalDifference, RehearsalStatus};

use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, Moment, maybe_text, text};

/// Rehearsals of a tenant, or of an agency, that are kept after their end; older ones go with what they found.
const KEPT: i64 = 200;

statements! {
    /// A rehearsal that has ended stays as it is.
    PUT_REHEARSAL {
        "insert into rehearsals (id, scope_id, agency_id, tenant_id, status, asked_by, asked, progress, report, error, \
         created_at, finished_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         on conflict (id) do update set status = excluded.status, progress = excluded.progress, \
         report = excluded.report, error = excluded.error, finished_at = excluded.finished_at \
         where rehearsals.status = 'running' and rehearsals.scope_id = excluded.scope_id"
    }
    /// Changes nothing: tells whether it is running, and keeps it so until the transaction ends.
    HOLD_REHEARSAL {
        "update rehearsals set progress = progress where id = $1 and scope_id = $2 and status = 'running'"
    }
    DROP_DIFFERENCES { "delete from rehearsal_differences where rehearsal_id = $1" }
    /// Of all that have ended, but for the newest.
    DROP_OLD_DIFFERENCES {
        "delete from rehearsal_differences where rehearsal_id in (select id from rehearsals where scope_id = $1 \
         and status <> 'running' and id < (select id from rehearsals where scope_id = $1 and status <> 'running' \
         order by id desc limit 1 offset $2))"
    }
    DROP_OLD {
        "delete from rehearsals where scope_id = $1 and status <> 'running' and id < (select id from rehearsals \
         where scope_id = $1 and status <> 'running' order by id desc limit 1 offset $2)"
    }
    DROP_DIFFERENCES_OF_RUNNING {
        "delete from rehearsal_differences where rehearsal_id in (select id from rehearsals where status = 'running')"
    }
    INTERRUPT_REHEARSALS {
        "update rehearsals set status = 'interrupted', finished_at = $1 where status = 'running'"
    }
}

bulk_statements! {
    KEEP_PARTS {
        "insert into configuration_parts (tenant_id, hash, body, created_at) values"
        [uuid text text timestamptz]
        "on conflict (tenant_id, hash) do nothing"
    }
    ADD_DIFFERENCES {
        "insert into rehearsal_differences (id, rehearsal_id, tenant_id, event_id, body) values"
        [uuid uuid uuid uuid jsonb]
        ""
    }
}

pub(crate) async fn keep_configurations(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for item in group {
        let tenant = tenant_of(item.chain)?;
        if let Change::KeepConfiguration(parts) = item.change {
            rows.extend(parts.iter().map(|part| (tenant, part)));
        }
    }
    // One statement may meet a row only once, and decisions side by side keep the same.
    rows.sort_by(|one, other| (one.0, &one.1.hash).cmp(&(other.0, &other.1.hash)));
    rows.dedup_by(|one, other| one.0 == other.0 && one.1.hash == other.1.hash);
    run_bulk!(connection, KEEP_PARTS, &rows, |query, row| query
        .bind(row.0.0)
        .bind(text(&row.1.hash))
        .bind(row.1.body.as_str())
        .bind(Moment(now)))?;
    Ok(())
}

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        match item.change {
            Change::PutRehearsal(rehearsal) => put(connection, item.chain, rehearsal).await?,
            Change::AddDifferences(found) => add(connection, item.chain, found).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn put(connection: &mut Connection, chain: Chain, rehearsal: &Rehearsal) -> Result<(), Failure> {
    let is_foreign = match chain {
        Chain::Tenant(tenant) => rehearsal.tenant != Some(tenant),
        Chain::Agency(agency) => rehearsal.tenant.is_some() || rehearsal.agency != agency,
    };
    if is_foreign {
        return Err(Failure::Conflict("the rehearsal concerns somebody else".to_owned()));
    }
    let stored = run!(
        connection,
        PUT_REHEARSAL,
        rehearsal.id.0,
        chain.uuid(),
        rehearsal.agency.0,
        rehearsal.tenant.map(|tenant| tenant.0),
        rehearsal.status.as_str(),
        text(&rehearsal.asked_by),
        Doc(&rehearsal.asked),
        i64::try_from(rehearsal.progress).unwrap_or(i64::MAX),
        rehearsal.report.as_ref().map(Doc),
        maybe_text(&rehearsal.error),
        Moment(rehearsal.created_at),
        rehearsal.finished_at.map(Moment)
    );
    let running = || "a rehearsal is running already: wait for its end, or cancel it".to_owned();
    if stored.map_err(|failure| failure.when_taken(running))? == 0 {
        return Err(Failure::Conflict(format!("{} has ended already", rehearsal.id)));
    }
    if !matches!(rehearsal.status, RehearsalStatus::Running | RehearsalStatus::Done) {
        run!(connection, DROP_DIFFERENCES, rehearsal.id.0)?;
    }
    if rehearsal.status != RehearsalStatus::Running {
        run!(connection, DROP_OLD_DIFFERENCES, chain.uuid(), KEPT - 1)?;
        run!(connection, DROP_OLD, chain.uuid(), KEPT - 1)?;
    }
    Ok(())
}

async fn add(
    connection: &mut Connection,
    chain: Chain,
    found: &[RehearsalDifference],
) -> Result<(), Failure> {
    for difference in found {
        let is_foreign = matches!(chain, Chain::Tenant(tenant) if difference.tenant != tenant);
        if is_foreign || run!(connection, HOLD_REHEARSAL, difference.rehearsal.0, chain.uuid())? == 0 {
            return Err(Failure::Conflict(format!("{} is not running", difference.rehearsal)));
        }
    }
    run_bulk!(connection, ADD_DIFFERENCES, found, |query, row| query
        .bind(row.id.0)
        .bind(row.rehearsal.0)
        .bind(row.tenant.0)
        .bind(row.event.0)
        .bind(Doc(&row.body)))?;
    Ok(())
}

/// Ends what was running when the last process did.
pub(crate) async fn interrupt(connection: &mut Connection, at: Timestamp) -> Result<u64, Failure> {
    run!(connection, DROP_DIFFERENCES_OF_RUNNING)?;
    run!(connection, INTERRUPT_REHEARSALS, Moment(at))
}
