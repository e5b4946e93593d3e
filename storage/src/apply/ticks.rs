//! Stores ticks: their plans, their runs, and how these end.

use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::event::NewEvent;
use tenants::ids::TenantId;
use tenants::ports::{CronTick, TickNote, TickPlan, TickStatus};

use super::accept::add_events;
use super::schedule::Group;
use super::watches;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Moment, TextList, maybe_text, text};

statements! {
    MARK_PLANS {
        "update tick_plans set marks = marks + 1, dirty_since = $2 where catalogue <> $1 and dirty_since is null"
    }
    MARK_PLAN {
        "insert into tick_plans (tenant_id, dirty_since, marks) values ($1, $2, 1) on conflict (tenant_id) \
         do update set marks = tick_plans.marks + 1, dirty_since = excluded.dirty_since"
    }
    CLEAR_MARK {
        "update tick_plans set dirty_since = null, catalogue = $3 where tenant_id = $1 and marks = $2"
    }
    REST_OTHERS {
        "update cron_ticks set fire_at = null where tenant_id = $1 and role || ':' || name " (text_not_among 2)
    }
    MOVE_TICK {
        "update cron_ticks set last_run = $5, next_run = $6, fire_at = $7, zone = $8, last_status = $9, \
         last_error = null, last_status_at = $10 \
         where tenant_id = $1 and role = $2 and name = $3 and next_run = $4 and fire_at is not null"
    }
    /// A run that was only asked for counts none; whatever ends one does.
    NOTE_TICK {
        "update cron_ticks set last_status = $4, last_error = $5, last_status_at = $6, runs = runs + $7 \
         where tenant_id = $1 and role = $2 and name = $3 and ($8 < 0 or runs = $8)"
    }
}

bulk_statements! {
    PUT_TICKS {
        "insert into cron_ticks (tenant_id, role, name, last_run, next_run, fire_at, zone) values"
        [uuid text text timestamptz timestamptz timestamptz text]
        "on conflict (tenant_id, role, name) do update set next_run = excluded.next_run, \
         fire_at = excluded.fire_at, zone = excluded.zone \
         where cron_ticks.last_run is not distinct from excluded.last_run"
    }
}

/// Marks tenants that were planned with other ticks.
pub(crate) async fn mark_plans(
    connection: &mut Connection,
    catalogue: &str,
    at: Timestamp,
) -> Result<u64, Failure> {
    run!(connection, MARK_PLANS, text(catalogue), Moment(at))
}

/// Marks a tenant: it, or what it has, has changed.
pub(crate) async fn mark(
    connection: &mut Connection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(), Failure> {
    run!(connection, MARK_PLAN, tenant.0, Moment(now)).map(drop)
}

pub(crate) async fn put_plan(connection: &mut Connection, plan: &TickPlan) -> Result<u64, Failure> {
    let tenant = plan.tenant.0;
    let own: Vec<&CronTick> = plan.ticks.iter().filter(|tick| tick.tenant == plan.tenant).collect();
    run_bulk!(connection, PUT_TICKS, &own, |query, tick| query
        .bind(tick.tenant.0)
        .bind(tick.role.as_str())
        .bind(text(&tick.name))
        .bind(tick.last_run.map(Moment))
        .bind(Moment(tick.next_run))
        .bind(tick.fire_at.map(Moment))
        .bind(text(&tick.zone)))?;
    let names: Vec<String> = own.iter().map(|tick| format!("{}:{}", tick.role, tick.name)).collect();
    let names: TextList = names.iter().map(String::as_str).collect();
    run!(connection, REST_OTHERS, tenant, &names)?;
    watches::plan(connection, plan.tenant, &plan.watches).await?;
    run!(connection, CLEAR_MARK, tenant, plan.mark, text(&plan.catalogue))
}

/// Moves a tick on, with the event that its work begins with.
pub(crate) async fn run(
    connection: &mut Connection,
    before: &CronTick,
    event: Option<&NewEvent>,
    after: &CronTick,
    now: Timestamp,
) -> Result<u64, Failure> {
    let status = if event.is_some() { TickStatus::Waiting } else { TickStatus::Skipped };
    let moved = run!(
        connection,
        MOVE_TICK,
        before.tenant.0,
        before.role.as_str(),
        text(&before.name),
        Moment(before.next_run),
        after.last_run.map(Moment),
        Moment(after.next_run),
        after.fire_at.map(Moment),
        text(&after.zone),
        status.as_str(),
        Moment(now)
    )?;
    if moved > 0
        && let Some(event) = event
    {
        add_events(connection, &[event]).await?;
    }
    Ok(moved)
}

/// Notes how runs stand.
pub(crate) async fn note(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        if let Change::NoteTick(note) = item.change {
            note_one(connection, item.chain.uuid(), note).await?;
        }
    }
    Ok(())
}

async fn note_one(connection: &mut Connection, tenant: uuid::Uuid, note: &TickNote) -> Result<u64, Failure> {
    let ends = matches!(note.status, TickStatus::Done | TickStatus::Quarantined);
    run!(
        connection,
        NOTE_TICK,
        tenant,
        note.role.as_str(),
        text(&note.name),
        note.status.as_str(),
        maybe_text(&note.error),
        Moment(note.at),
        i64::from(ends),
        note.while_runs.unwrap_or(-1)
    )
}
