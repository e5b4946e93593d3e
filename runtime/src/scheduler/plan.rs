//! Which ticks a tenant has and when they are due: reckoned anew when the tenant, its accounts, or the ticks of the
//! program have changed.

use std::time::Duration;

use actors::Ports;
use chrono_tz::Tz;
use tenants::account::{Account, AccountStatus, Tenant, TenantStatus};
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::ports::{AccountWatch, CronTick, Seen, StoreError, TickPlan};

use super::{SchedulerSettings, TICKS, TickKind, catalogue, fire_at, spread_of};

/// First looks at new accounts are spread over so many seconds.
const FIRST_LOOKS: u64 = 300;

/// Plans a tenant anew. One that is gone needs no plan.
pub(super) async fn plan(
    ports: &Ports,
    settings: &SchedulerSettings,
    tenant: TenantId,
    mark: i64,
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let Some(found) = ports.store.find_tenant(&tenant).await? else { return Ok(()) };
    let accounts = ports.store.list_accounts(&tenant).await?;
    let present = ports.store.list_ticks(&tenant).await?;
    let plan = TickPlan {
        tenant,
        catalogue: catalogue(),
        mark,
        ticks: ticks_of(&found, &accounts, &present, now, settings),
        watches: watches_of(&found, &accounts, now),
    };
    ports.store.put_plan(plan).await
}

fn ticks_of(
    tenant: &Tenant,
    accounts: &[Account],
    present: &[CronTick],
    now: Timestamp,
    settings: &SchedulerSettings,
) -> Vec<CronTick> {
    // A tenant without an account has nothing that its ticks could be about.
    let is_served = tenant.status == TenantStatus::Active && !accounts.is_empty();
    let planned = TICKS.iter().filter_map(|kind| {
        let there = present.iter().find(|tick| tick.role == kind.role && tick.name == kind.name);
        let zone = kind.zone_for(&tenant.time_zone);
        let next_run = next_run(kind, there, zone, now)?;
        let mut tick = there.cloned().unwrap_or_else(|| kind.unplanned(tenant.id));
        tick.next_run = next_run;
        tick.zone = zone.name().to_owned();
        tick.fire_at = is_served.then(|| fire_at(&tick, settings));
        Some(tick)
    });
    planned.collect()
}

fn next_run(kind: &TickKind, there: Option<&CronTick>, zone: Tz, now: Timestamp) -> Option<Timestamp> {
    let pattern = kind.pattern()?;
    let Some(tick) = there else { return pattern.after(now, zone) };
    let planned_in = tick.zone.parse::<Tz>().unwrap_or(zone);
    match tick.last_run {
        // It has never run: what came before it was planned, or while its tenant rested, was not missed.
        None if planned_in != zone || tick.fire_at.is_none() => pattern.after(now, zone),
        Some(_) if planned_in != zone => pattern.after_move(tick.next_run, planned_in, zone),
        _ => Some(tick.next_run),
    }
}

fn watches_of(tenant: &Tenant, accounts: &[Account], now: Timestamp) -> Vec<AccountWatch> {
    let watch = |account: &Account| {
        let is_used = tenant.status == TenantStatus::Active && account.status == AccountStatus::Active;
        let spread = Duration::from_secs(spread_of(account.id.0, "watch") % FIRST_LOOKS);
        let first = is_used.then(|| now + Duration::from_secs(FIRST_LOOKS) + spread);
        AccountWatch {
            account: account.id,
            tenant: tenant.id,
            poll_at: first,
            health_at: first,
            polled_at: None,
            checked_at: None,
            seen: Seen::default(),
            health: None,
        }
    };
    accounts.iter().map(watch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn briefing() -> &'static TickKind {
        TICKS.iter().find(|kind| kind.name == "daily_briefing").unwrap()
    }

    fn row(zone: &str, last_run: Option<&str>, next_run: &str) -> CronTick {
        let tenant = TenantId(uuid::Uuid::nil());
        CronTick {
            zone: zone.to_owned(),
            last_run: last_run.map(at),
            next_run: at(next_run),
            fire_at: Some(at(next_run)),
            ..briefing().unplanned(tenant)
        }
    }

    #[test]
    fn a_new_tick_is_due_at_its_next_time() {
        let next = next_run(briefing(), None, Tz::Europe__Berlin, at("2026-03-04T09:00:00Z"));
        assert_eq!(next, Some(at("2026-03-05T07:00:00Z")));
    }

    #[test]
    fn a_tenant_that_comes_back_has_missed_what_was_due_meanwhile() {
        let mut rested = row("Europe/Berlin", Some("2026-03-01T07:00:00Z"), "2026-03-02T07:00:00Z");
        rested.fire_at = None;
        let next = next_run(briefing(), Some(&rested), Tz::Europe__Berlin, at("2026-03-09T12:00:00Z"));
        assert_eq!(next, Some(at("2026-03-02T07:00:00Z")));
    }

    #[test]
    fn a_tenant_that_never_was_served_has_missed_nothing() {
        let mut rested = row("Europe/Berlin", None, "2026-03-02T07:00:00Z");
        rested.fire_at = None;
        let next = next_run(briefing(), Some(&rested), Tz::Europe__Berlin, at("2026-03-09T12:00:00Z"));
        assert_eq!(next, Some(at("2026-03-10T07:00:00Z")));
    }

    #[test]
    fn a_tick_of_an_earlier_version_keeps_its_time() {
        let old = row("", Some("2026-03-04T07:00:00Z"), "2026-03-05T07:00:00Z");
        let next = next_run(briefing(), Some(&old), Tz::Europe__Berlin, at("2026-03-04T12:00:00Z"));
        assert_eq!(next, Some(at("2026-03-05T07:00:00Z")));
    }

    #[test]
    fn a_briefing_given_in_the_old_zone_is_not_given_again_in_the_new_one() {
        let given = row("Europe/Berlin", Some("2026-03-04T07:00:00Z"), "2026-03-05T07:00:00Z");
        let next = next_run(briefing(), Some(&given), Tz::America__New_York, at("2026-03-04T08:00:00Z"));
        assert_eq!(next, Some(at("2026-03-05T13:00:00Z")));
    }
}
