//! A tenant's ticks, and runs that people ask for.

use serde::Serialize;
use serde_json::json;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::event::Role;
use tenants::ids::EventId;
use tenants::ports::{
    Accepted, CronTick, Delivery, MissedTick, Store, StoreError, TickNote, TickRun, TickStatus,
};
use utoipa::ToSchema;

use crate::administration::Act;
use crate::http::schema;
use crate::scheduler::{asked_event, describe};

/// A tick: when a role does something by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tick)]
pub struct TickView {
    /// The role.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// Its name.
    pub name: String,
    /// Minute, hour, day of month, month, day of week; `null` for a tick that this version does not have.
    pub cron: Option<String>,
    /// The time zone of the pattern.
    pub time_zone: String,
    /// What happens when it is missed.
    #[schema(value_type = Option<schema::MissedTick>)]
    pub when_missed: Option<MissedTick>,
    /// When it is due next; the installation may run it some minutes later. `null` while the tenant is suspended or has
    /// no account.
    #[schema(value_type = Option<schema::Moment>)]
    pub next_run: Option<Timestamp>,
    /// When the last one was due that was run or left out.
    #[schema(value_type = Option<schema::Moment>)]
    pub last_run: Option<Timestamp>,
    /// How the last run stands.
    #[schema(value_type = Option<schema::TickStatus>)]
    pub last_status: Option<TickStatus>,
    /// What went wrong with it.
    pub last_error: Option<String>,
    /// When that was noted.
    #[schema(value_type = Option<schema::Moment>)]
    pub last_status_at: Option<Timestamp>,
    /// How many runs have ended.
    pub runs: i64,
}

impl From<CronTick> for TickView {
    fn from(tick: CronTick) -> Self {
        let described = describe(tick.role, &tick.name);
        Self {
            cron: described.map(|described| described.cron.to_owned()),
            when_missed: described.map(|described| described.missed),
            next_run: tick.fire_at.map(|_| tick.next_run),
            role: tick.role,
            name: tick.name,
            time_zone: tick.zone,
            last_run: tick.last_run,
            last_status: tick.last_status,
            last_error: tick.last_error,
            last_status_at: tick.last_status_at,
            runs: tick.runs,
        }
    }
}

/// One run of a tick.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TickRun)]
pub struct TickRunView {
    /// Its event.
    #[schema(value_type = schema::Id)]
    pub event: EventId,
    /// When it was due, or asked for.
    #[schema(value_type = schema::Moment)]
    pub due_at: Timestamp,
    /// When it was taken in.
    #[schema(value_type = schema::Moment)]
    pub started_at: Timestamp,
    /// When its work was done.
    #[schema(value_type = Option<schema::Moment>)]
    pub done_at: Option<Timestamp>,
    /// When it was set aside because it failed too often.
    #[schema(value_type = Option<schema::Moment>)]
    pub quarantined_at: Option<Timestamp>,
    /// The last error.
    pub error: Option<String>,
}

impl From<TickRun> for TickRunView {
    fn from(run: TickRun) -> Self {
        Self {
            event: run.event,
            due_at: run.due_at,
            started_at: run.started_at,
            done_at: run.done_at,
            quarantined_at: run.quarantined_at,
            error: run.error,
        }
    }
}

/// Asks for a run now, beside the planned ones. While the last asked one has not ended, asking again changes nothing and
/// gives false.
///
/// # Errors
/// When the database does not answer; asking again is harmless.
pub async fn ask(store: &dyn Store, tick: &CronTick, act: &Act<'_>) -> Result<bool, StoreError> {
    let event = asked_event(act.ids, tick, act.at);
    let delivery = Delivery { events: vec![event.clone()], ..Delivery::default() };
    if store.accept(delivery).await?.first() != Some(&Accepted::Stored) {
        return Ok(false);
    }
    let note = TickNote {
        role: tick.role,
        name: tick.name.clone(),
        status: TickStatus::Waiting,
        error: None,
        at: act.at,
        // It may have ended already: then that stands.
        while_runs: Some(tick.runs),
    };
    let details = json!({ "role": tick.role, "tick": tick.name, "event": event.id });
    let changes = Changes::of_tenant(tick.tenant).with(Change::NoteTick(Box::new(note))).with(act.audit(
        "tick.asked",
        ("tick", format!("{}:{}", tick.role, tick.name)),
        details,
    ));
    store.commit(changes).await?;
    Ok(true)
}
