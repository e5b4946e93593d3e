//! The scheduler: durable ticks. A tick that comes due becomes an event in the tenant's inbox in the same
//! transaction that moves it to its next time, so it runs once, also over a crash.
//!
//! A tick is due by the tenant's wall clock (see `occurrences`), and run a little later: how much depends on the tenant
//! alone, so that not everybody's eight o'clock falls on one second. Nobody looks through all tenants: whatever changes
//! a tenant or its accounts marks it in the same transaction, and marked ones are planned anew (see `plan`).
//!
//! Ticks of less than an hour are not here. They are parts of the node that look for what is due over all tenants:
//! [`actors::watch`] for accounts, [`actors::upkeep`] for stuck effects and old rows.

mod occurrences;
mod plan;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::Ports;
use actors::supervision::Part;
use chrono_tz::Tz;
use futures::StreamExt;
use serde::Deserialize;
use tenants::clock::Timestamp;
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, Role, TickBody};
use tenants::ids::{EventId, Ids, TenantId};
use tenants::ports::{CronTick, Hint, MissedTick, StoreError};
use tracing::{debug, warn};
use uuid::Uuid;

use occurrences::Pattern;

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

/// How ticks are run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchedulerSettings {
    /// Ticks that are due at the same time are run within so many seconds; 0 runs them all at once.
    pub spread_s: u64,
    /// A tick that is later than this, in seconds, was missed.
    pub grace_s: u64,
    /// Ticks of different tenants that are taken into the inbox at the same time.
    pub at_once: usize,
}

/// Ticks taken from the database at a time.
const BATCH: u32 = 500;
/// Longest sleep: what no hint has told is noticed at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

impl TickKind {
    fn pattern(&self) -> Option<Pattern> {
        Pattern::read(self.cron)
    }

    fn zone_for(&self, tenant_zone: &str) -> Tz {
        match self.zone {
            Zone::Tenant => tenant_zone.parse().unwrap_or(Tz::UTC),
            Zone::Utc => Tz::UTC,
        }
    }

    /// A tick of this kind that has no times yet.
    fn unplanned(&self, tenant: TenantId) -> CronTick {
        CronTick {
            tenant,
            role: self.role,
            name: self.name.to_owned(),
            zone: String::new(),
            last_run: None,
            next_run: Timestamp::default(),
            fire_at: None,
            runs: 0,
            last_status: None,
            last_error: None,
            last_status_at: None,
        }
    }
}

/// A tick as people are told about it: its pattern, whose clock it follows, what happens when it is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickDescription {
    /// Minute, hour, day of month, month, day of week.
    pub cron: &'static str,
    /// Whether it follows the clock of UTC rather than the tenant's.
    pub is_utc: bool,
    /// What happens when it is missed.
    pub missed: MissedTick,
}

/// The description of a tick; `None` for one that this program does not have.
pub fn describe(role: Role, name: &str) -> Option<TickDescription> {
    let kind = kind_of(role, name)?;
    Some(TickDescription { cron: kind.cron, is_utc: kind.zone == Zone::Utc, missed: kind.missed })
}

fn kind_of(role: Role, name: &str) -> Option<&'static TickKind> {
    TICKS.iter().find(|kind| kind.role == role && kind.name == name)
}

/// Stands for all ticks of this program: tenants that were planned with others are planned anew.
fn catalogue() -> String {
    let all = TICKS.iter().map(|kind| format!("{}:{}={} {:?}", kind.role, kind.name, kind.cron, kind.zone));
    format!("{:016x}", fold(all.collect::<Vec<_>>().join(";").bytes()))
}

/// When a tick is run: a while after it is due, which is always the same for a tenant.
fn fire_at(tick: &CronTick, settings: &SchedulerSettings) -> Timestamp {
    let window_ms = settings.spread_s.saturating_mul(1_000).max(1);
    tick.next_run + Duration::from_millis(spread_of(tick.tenant.0, &tick.name) % window_ms)
}

/// A number that looks drawn, and is always the same for an id and a name.
fn spread_of(id: Uuid, name: &str) -> u64 {
    let mixed = fold(id.as_bytes().iter().copied().chain(name.bytes()));
    (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 20
}

/// FNV-1a.
fn fold(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Runs until the node stops. Failures of the database are waited out.
pub async fn run(ports: Ports, settings: SchedulerSettings, part: Part) {
    let mut hints = ports.wake.subscribe();
    let is_marked = AtomicBool::new(false);
    loop {
        let sleep = match round(&ports, &settings, &is_marked).await {
            Ok(next) => next.map_or(LONGEST_SLEEP, |next| next.since(ports.clock.now()).min(LONGEST_SLEEP)),
            Err(error) => {
                warn!(%error, "ticks could not be looked up, trying again");
                Duration::from_secs(5)
            }
        };
        // A floor keeps a tick that cannot be moved from turning the loop into a busy one.
        let sleep = ports.clock.sleep(sleep.max(Duration::from_millis(20)));
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = part.stopping() => return,
                () = &mut sleep => break,
                hint = hints.recv() => match hint {
                    Ok(Hint::DirectoryChanged | Hint::TenantChanged(_)) | Err(_) => break,
                    Ok(_) => {}
                },
            }
        }
    }
}

/// What is due now and not yet in an inbox; empty when all is quiet.
///
/// # Errors
/// When the database does not answer.
pub async fn busy(ports: &Ports) -> Result<Vec<String>, StoreError> {
    let is_due = ports.store.next_tick_at().await?.is_some_and(|at| at <= ports.clock.now());
    let is_unplanned = !ports.store.dirty_plans(1).await?.is_empty();
    let busy = [(is_due, "a tick is due"), (is_unplanned, "the ticks of a tenant are to be planned")];
    Ok(busy.into_iter().filter(|(is, _)| *is).map(|(_, what)| what.to_owned()).collect())
}

/// Plans tenants that were marked, runs what is due, and tells when the next tick is.
async fn round(
    ports: &Ports,
    settings: &SchedulerSettings,
    is_marked: &AtomicBool,
) -> Result<Option<Timestamp>, StoreError> {
    if !is_marked.load(Ordering::Relaxed) {
        ports.store.mark_plans(&catalogue(), ports.clock.now()).await?;
        is_marked.store(true, Ordering::Relaxed);
    }
    loop {
        // Plans and runs take turns, so that a new version's many plans keep no tick waiting.
        let marked = ports.store.dirty_plans(BATCH).await?;
        let planned = each(&marked, settings, |(tenant, mark)| plan::plan(ports, settings, *tenant, *mark));
        planned.await?;
        let due = ports.store.due_ticks(ports.clock.now(), BATCH).await?;
        each(&due, settings, |tick| run_tick(ports, settings, tick)).await?;
        if marked.len() < BATCH as usize && due.len() < BATCH as usize {
            return ports.store.next_tick_at().await;
        }
    }
}

/// Does something for each, several at a time; one that fails keeps no other from its turn. The first failure is told
/// when all have had theirs.
async fn each<'t, T, F>(
    all: &'t [T],
    settings: &SchedulerSettings,
    act: impl Fn(&'t T) -> F,
) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let acts: Vec<F> = all.iter().map(act).collect();
    let done = futures::stream::iter(acts).buffer_unordered(settings.at_once.max(1));
    done.fold(Ok(()), |so_far, one| async move { so_far.and(one) }).await
}

async fn run_tick(ports: &Ports, settings: &SchedulerSettings, tick: &CronTick) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let kind = kind_of(tick.role, &tick.name);
    let zone = tick.zone.parse().unwrap_or(Tz::UTC);
    let Some((kind, pattern)) = kind.and_then(|kind| Some((kind, kind.pattern()?))) else {
        // A tick nobody knows any more: the plan of this program takes it out, and until then it rests.
        let rests = CronTick { fire_at: None, ..tick.clone() };
        return ports.store.run_tick(tick, None, rests).await.map(drop);
    };
    let due = CronTick { next_run: pattern.latest(tick.next_run, now, zone), ..tick.clone() };
    let is_stale = now.since(fire_at(&due, settings)) > Duration::from_secs(settings.grace_s);
    let is_skipped = is_stale && kind.missed == MissedTick::Skip;
    let event = (!is_skipped).then(|| tick_event(ports, tick, due.next_run, now));
    let Some(next_run) = pattern.after(due.next_run, zone) else { return Ok(()) };
    let mut after = CronTick { last_run: Some(due.next_run), next_run, ..tick.clone() };
    after.fire_at = Some(fire_at(&after, settings));
    let ran = ports.store.run_tick(tick, event, after).await?;
    debug!(tenant.id = %tick.tenant, tick = tick.name, ran, is_skipped, "tick");
    if ran && !is_skipped {
        ports.wake.send(Hint::Events(tick.tenant));
    }
    Ok(())
}

fn tick_event(ports: &Ports, tick: &CronTick, due_at: Timestamp, now: Timestamp) -> NewEvent {
    event_named(&ports.ids, tick, format!("{}:{}:{due_at}", tick.role, tick.name), due_at, now)
}

/// The event of a run that a person asks for. Until that run has ended, whoever asks again asks for the same one.
pub(crate) fn asked_event(ids: &Ids, tick: &CronTick, now: Timestamp) -> NewEvent {
    event_named(ids, tick, format!("{}:{}:asked:{}", tick.role, tick.name, tick.runs), now, now)
}

fn event_named(
    ids: &Ids,
    tick: &CronTick,
    external_id: String,
    due_at: Timestamp,
    now: Timestamp,
) -> NewEvent {
    NewEvent {
        id: EventId::new(ids),
        tenant: tick.tenant,
        account: None,
        source: EventSource::Cron,
        kind: EventKind::Tick,
        external_id,
        // Each tick has a lane of its own: one that fails keeps no other waiting.
        conversation_key: format!("tick:{}:{}", tick.role, tick.name),
        occurred_at: due_at,
        received_at: now,
        body: EventBody::Tick(TickBody { role: tick.role, name: tick.name.clone(), due_at }),
        raw: serde_json::Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::sync::Arc;

    use super::*;
    use tenants::clock::ManualClock;

    #[test]
    fn every_tick_has_a_next_time_and_a_name_of_its_own() {
        let now: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap();
        let mut names = HashSet::new();
        for kind in TICKS {
            assert!(kind.pattern().unwrap().after(now, Tz::Europe__Madrid).unwrap() > now, "{}", kind.name);
            assert!(names.insert((kind.role, kind.name)));
        }
    }

    #[test]
    fn the_eight_oclock_of_ten_thousand_tenants_is_spread_over_the_window() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(1_772_000_000_000_000)), 3);
        let settings = SchedulerSettings { spread_s: 300, grace_s: 900, at_once: 8 };
        let kind = kind_of(Role::Comms, "daily_briefing").unwrap();
        let mut seconds: HashMap<u64, u32> = HashMap::new();
        for _ in 0..10_000 {
            let tick = kind.unplanned(TenantId::new(&ids));
            let late = fire_at(&tick, &settings).since(tick.next_run);
            assert_eq!(fire_at(&tick, &settings), fire_at(&tick, &settings));
            *seconds.entry(late.as_secs()).or_default() += 1;
        }
        let most = seconds.values().max().copied().unwrap();
        // Evenly it would be 33 in every second.
        assert!(seconds.len() == 300 && most < 66, "{most} in one of {} seconds", seconds.len());
    }
}
