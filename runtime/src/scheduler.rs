//! The scheduler: durable ticks. A tick that comes due becomes an event in the tenant's inbox in the same
//! transaction that moves it to its next time, so it runs once, also over a crash.
//!
//! Ticks of less than an hour are not here: they are timers of awake role actors, since a sleeping tenant has
//! nothing to look after every minute.

use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

use actors::Ports;
use actors::supervision::Part;
use chrono::Utc;
use chrono_tz::Tz;
use croner::Cron;
use tenants::account::Tenant;
use tenants::clock::Timestamp;
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, Role, TickBody};
use tenants::ids::{EventId, TenantId};
use tenants::ports::{CronTick, Hint, MissedTick, StoreError};
use tracing::{debug, warn};

/// Whose wall clock a tick follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Tenant,
    Utc,
}

/// A tick every served tenant has.
#[derive(Debug, Clone, Copy)]
struct TickKind {
    role: Role,
    name: &'static str,
    /// Minute, hour, day of month, month, day of week.
    cron: &'static str,
    zone: Zone,
    missed: MissedTick,
}

const fn tick(
    role: Role,
    name: &'static str,
    cron: &'static str,
    zone: Zone,
    missed: MissedTick,
) -> TickKind {
    TickKind { role, name, cron, zone, missed }
}

/// The clocks of the roles. A report that is hours late still informs; an hourly look that was missed is made up
/// for by the next one.
const TICKS: &[TickKind] = &[
    tick(Role::Comms, "daily_briefing", "0 8 * * *", Zone::Tenant, MissedTick::RunOnce),
    tick(Role::Comms, "weekly_report", "0 9 * * 1", Zone::Tenant, MissedTick::RunOnce),
    tick(Role::Intel, "insights", "0 * * * *", Zone::Tenant, MissedTick::Skip),
    tick(Role::Intel, "spikes", "30 * * * *", Zone::Tenant, MissedTick::Skip),
    tick(Role::Intel, "ugc", "0 */4 * * *", Zone::Tenant, MissedTick::Skip),
    tick(Role::Intel, "daily_report", "0 2 * * *", Zone::Utc, MissedTick::RunOnce),
    tick(Role::Intel, "weekly_report", "0 8 * * 1", Zone::Utc, MissedTick::RunOnce),
    tick(Role::Intel, "competitors", "0 10 * * 5", Zone::Tenant, MissedTick::RunOnce),
    tick(Role::Admin, "token_refresh", "0 0 * * *", Zone::Tenant, MissedTick::RunOnce),
    tick(Role::Admin, "cost_report", "0 23 * * *", Zone::Tenant, MissedTick::RunOnce),
];

/// How late a tick may be and still count as on time.
const GRACE: Duration = Duration::from_secs(15 * 60);
/// Ticks taken from the database at a time.
const BATCH: u32 = 500;
/// Longest sleep: new tenants and clock changes are noticed at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Runs until the node stops. Failures of the database are waited out.
pub async fn run(ports: Ports, part: Part) {
    let mut hints = ports.wake.subscribe();
    let mut known = HashSet::new();
    loop {
        let sleep = match round(&ports, &mut known).await {
            Ok(next) => next.map_or(LONGEST_SLEEP, |next| next.since(ports.clock.now()).min(LONGEST_SLEEP)),
            Err(error) => {
                warn!(%error, "ticks could not be looked up, trying again");
                Duration::from_secs(5)
            }
        };
        // A floor keeps a tick that cannot be moved from turning the loop into a busy one.
        let sleep = ports.clock.sleep(sleep.max(Duration::from_millis(50)));
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = part.stopping() => return,
                () = &mut sleep => break,
                hint = hints.recv() => match hint {
                    Ok(Hint::DirectoryChanged) | Err(_) => break,
                    Ok(_) => {}
                },
            }
        }
    }
}

/// Adds the ticks of new tenants, runs what is due, and tells when the next one is.
async fn round(ports: &Ports, known: &mut HashSet<TenantId>) -> Result<Option<Timestamp>, StoreError> {
    let tenants = ports.store.served_tenants().await?;
    let now = ports.clock.now();
    let new = tenants.iter().filter(|tenant| !known.contains(&tenant.id));
    let wanted: Vec<CronTick> = new.flat_map(|tenant| first_ticks(tenant, now)).collect();
    if !wanted.is_empty() {
        ports.store.add_ticks(&wanted).await?;
        known.extend(wanted.iter().map(|tick| tick.tenant));
    }
    loop {
        let due = ports.store.due_ticks(ports.clock.now(), BATCH).await?;
        let count = due.len();
        for tick in due {
            run_tick(ports, tick).await?;
        }
        if count < BATCH as usize {
            return ports.store.next_tick_at().await;
        }
    }
}

fn first_ticks(tenant: &Tenant, now: Timestamp) -> impl Iterator<Item = CronTick> {
    let (id, zone) = (tenant.id, zone_of(tenant));
    TICKS.iter().filter_map(move |kind| {
        let next_run = next_run(kind, zone, now)?;
        Some(CronTick { tenant: id, role: kind.role, name: kind.name.to_owned(), last_run: None, next_run })
    })
}

async fn run_tick(ports: &Ports, tick: CronTick) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let kind = TICKS.iter().find(|kind| kind.role == tick.role && kind.name == tick.name);
    let tenant = ports.store.find_tenant(&tick.tenant).await?;
    let next = match (kind, &tenant) {
        (Some(kind), Some(tenant)) => next_run(kind, zone_of(tenant), now),
        _ => None,
    };
    // A tick nobody knows any more (an older version's) is put far away instead of being looked at again and again.
    let next = next.unwrap_or(now + Duration::from_secs(365 * 86_400));
    let is_stale = now.since(tick.next_run) > GRACE;
    let skip = kind.is_none_or(|kind| is_stale && kind.missed == MissedTick::Skip);
    let event = (!skip).then(|| tick_event(ports, &tick, now));
    let ran = ports.store.run_tick(&tick, event, next).await?;
    debug!(tenant.id = %tick.tenant, tick = tick.name, ran, skip, "tick");
    if ran && !skip {
        ports.wake.send(Hint::Events(tick.tenant));
    }
    Ok(())
}

fn tick_event(ports: &Ports, tick: &CronTick, now: Timestamp) -> NewEvent {
    NewEvent {
        id: EventId::new(&ports.ids),
        tenant: tick.tenant,
        account: None,
        source: EventSource::Cron,
        kind: EventKind::Tick,
        external_id: format!("{}:{}:{}", tick.role, tick.name, tick.next_run),
        conversation_key: format!("tick:{}", tick.role),
        occurred_at: tick.next_run,
        received_at: now,
        body: EventBody::Tick(TickBody { role: tick.role, name: tick.name.clone(), due_at: tick.next_run }),
        raw: serde_json::Value::Null,
    }
}

fn zone_of(tenant: &Tenant) -> Tz {
    tenant.time_zone.parse().unwrap_or(Tz::UTC)
}

fn next_run(kind: &TickKind, tenant_zone: Tz, now: Timestamp) -> Option<Timestamp> {
    let cron = Cron::from_str(kind.cron).ok()?;
    let zone = match kind.zone {
        Zone::Tenant => tenant_zone,
        Zone::Utc => Tz::UTC,
    };
    let next = cron.find_next_occurrence(&now.to_utc().with_timezone(&zone), false).ok()?;
    Some(next.with_timezone(&Utc).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tick_has_a_next_time_and_a_name_of_its_own() {
        let now: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap();
        let mut names = std::collections::HashSet::new();
        for kind in TICKS {
            assert!(next_run(kind, Tz::Europe__Madrid, now).unwrap() > now, "{}", kind.name);
            assert!(names.insert((kind.role, kind.name)));
        }
    }

    #[test]
    fn the_briefing_comes_at_eight_by_the_tenants_clock_also_after_the_clocks_change() {
        let briefing = &TICKS[0];
        let next =
            |from: &str| next_run(briefing, Tz::Europe__Berlin, from.parse().unwrap()).unwrap().to_string();
        assert_eq!(next("2026-03-28T06:00:00Z"), "2026-03-28T07:00:00.000000Z");
        assert_eq!(next("2026-03-28T12:00:00Z"), "2026-03-29T06:00:00.000000Z");
    }
}
