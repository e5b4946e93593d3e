//! Work that is no unit of work of a tenant: heartbeats, alerts of the installation, what is done at start; ticks and
//! watches have files of their own.

use tenants::alert::NewAlert;
use tenants::clock::Timestamp;
use tenants::ports::{AgentStatus, Heartbeat};
use uuid::Uuid;

use super::alerts::raise;
use super::{connections, ledger, outside, rehearsals, ticks, watches};
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Moment, text};
use crate::work::Work;

statements! {
    RESOLVE_ALERT {
        "update system_alerts set resolved_at = $3, resolved_by = $4 where id = $2 and resolved_at is null \
         and (agency_id = $1 or (agency_id is null and tenant_id is null))"
    }
    TOUCH_KEY {
        "update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)"
    }
    /// Names the states of the index `post_queue_open` as well, or SQLite would not see that it can be used.
    INTERRUPT_EFFECTS {
        "update post_queue set status = 'unknown', updated_at = $1 \
         where status in ('processing', 'unknown') and status = 'processing'"
    }
}

bulk_statements! {
    PUT_HEARTBEATS {
        "insert into agent_heartbeats (scope_id, tenant_id, agent, status, last_beat_at) values"
        [uuid uuid text text timestamptz]
        "on conflict (scope_id, agent) do update set status = excluded.status, last_beat_at = excluded.last_beat_at"
    }
}

/// Keys are touched at most once in this time.
const TOUCH_EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// The name under which the database itself beats: writing it proves that it can write.
const DATABASE_AGENT: &str = "database";

/// Does the work and tells how many rows it changed.
pub(crate) async fn perform_one(
    connection: &mut Connection,
    work: &Work,
    now: Timestamp,
) -> Result<u64, Failure> {
    match work {
        // These are done together with others of their kind, see `perform`.
        Work::Accept(_) | Work::Commit(_) | Work::Ledger(_) => Ok(0),
        Work::RaiseAlert { alert, at } => raise_one(connection, alert, *at).await,
        Work::ResolveAlert { agency, alert, by, at } => {
            run!(connection, RESOLVE_ALERT, agency.0, alert.0, Moment(*at), text(by))
        }
        Work::TouchKey { key, at } => {
            run!(connection, TOUCH_KEY, key.0, Moment(*at), Moment(*at - TOUCH_EVERY))
        }
        Work::InterruptEffects { at } => run!(connection, INTERRUPT_EFFECTS, Moment(*at)),
        Work::ForgetReservations { before } => ledger::forget(connection, *before).await,
        Work::ForgetGrants { at } => connections::forget_grants(connection, *at).await,
        Work::InterruptRehearsals { at } => rehearsals::interrupt(connection, *at).await,
        Work::PutHeartbeats(beats) => put_heartbeats(connection, beats).await,
        Work::MarkPlans { catalogue, at } => ticks::mark_plans(connection, catalogue, *at).await,
        Work::PutPlan(plan) => ticks::put_plan(connection, plan).await,
        Work::RunTick { before, event, after } => {
            ticks::run(connection, before, event.as_deref(), after, now).await
        }
        Work::PutWatched { tenant, account, watched, at } => {
            watches::put(connection, *tenant, *account, watched, *at).await
        }
        Work::HurryPolls { tenants, by } => watches::hurry(connection, tenants, *by).await,
        Work::Trim { what, before, limit } => watches::trim(connection, *what, *before, *limit).await,
        Work::ClaimRequest { request, times, again } => {
            outside::claim(connection, request, *times, *again).await
        }
        Work::KeepAnswer { request, answer, at } => outside::keep(connection, request, answer, *at).await,
        Work::ForgetRequest { request } => outside::forget(connection, request).await,
        Work::LeaveRequest { request, begun_at } => outside::leave(connection, request, *begun_at).await,
        Work::PutOutsideBeat(beat) => outside::put_beat(connection, beat).await,
        Work::MarkAgentDown(beat) => outside::mark_down(connection, beat).await,
        Work::Ping => {
            let beat = Heartbeat {
                tenant: None,
                agent: DATABASE_AGENT.to_owned(),
                status: AgentStatus::Alive,
                last_beat_at: now,
            };
            put_heartbeats(connection, &[beat]).await
        }
    }
}

async fn raise_one(connection: &mut Connection, alert: &NewAlert, at: Timestamp) -> Result<u64, Failure> {
    raise(connection, alert, at).await.map(|()| 1)
}

async fn put_heartbeats(connection: &mut Connection, beats: &[Heartbeat]) -> Result<u64, Failure> {
    // One statement may touch a row only once: of several beats of one agent the last counts.
    let mut latest = std::collections::BTreeMap::new();
    for beat in beats {
        latest.insert((beat.tenant, text(&beat.agent)), beat);
    }
    let rows: Vec<_> = latest.into_iter().collect();
    run_bulk!(connection, PUT_HEARTBEATS, &rows, |query, row| query
        .bind(row.1.tenant.map_or(Uuid::nil(), |tenant| tenant.0))
        .bind(row.1.tenant.map(|tenant| tenant.0))
        .bind(row.0.1.as_ref())
        .bind(row.1.status.as_str())
        .bind(Moment(row.1.last_beat_at)))
}
