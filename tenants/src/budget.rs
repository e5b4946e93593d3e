//! Which budgets of the day a call to a language model counts against.

use std::time::Duration;

use chrono::{Days, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::ids::{AgencyId, TenantId};
use crate::models::{BudgetLine, BudgetScope, Share, Task};
use crate::money::MicroUsd;
use crate::settings::InvalidSetting;

/// A day nobody can name ends after this long.
const A_DAY: Duration = Duration::from_secs(86_400);

/// What a tenant may spend on language models, each day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantBudget {
    /// The tenant.
    pub tenant: TenantId,
    /// Its agency.
    pub agency: AgencyId,
    /// Where the tenant's days begin.
    pub zone: Tz,
    /// Most that the tenant may spend in a day of its own.
    pub daily: MicroUsd,
    /// Most that all tenants of the agency together may spend in a day of UTC; `None` sets no limit.
    pub agency_daily: Option<MicroUsd>,
    /// Most that each kind of work may take of `daily`.
    pub ceilings: ShareCeilings,
}

/// Most that each kind of work may take of a tenant's budget, in percent.
///
/// They add up to more than 100: care may use what the others have left, so that nobody in trouble goes unanswered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShareCeilings {
    /// What happens all day.
    pub routine: u8,
    /// Plans and reports.
    pub planning: u8,
    /// Clients and crises.
    pub care: u8,
}

impl Default for ShareCeilings {
    fn default() -> Self {
        Self { routine: 80, planning: 15, care: 100 }
    }
}

impl ShareCeilings {
    /// Refuses ceilings that make no sense, naming the first field that is wrong.
    ///
    /// # Errors
    /// When one is more than 100 percent.
    pub fn validate(self) -> Result<(), InvalidSetting> {
        for share in Share::ALL {
            if self.of(*share) > 100 {
                let problem = "must be a percentage between 0 and 100".to_owned();
                return Err(InvalidSetting { field: format!("budget_shares.{share}"), problem });
            }
        }
        Ok(())
    }

    /// The ceiling of a share, in percent.
    pub fn of(self, share: Share) -> u8 {
        match share {
            Share::Routine => self.routine,
            Share::Planning => self.planning,
            Share::Care => self.care,
        }
    }
}

/// Nobody, who may spend nothing.
impl Default for TenantBudget {
    fn default() -> Self {
        Self {
            tenant: TenantId(Uuid::nil()),
            agency: AgencyId(Uuid::nil()),
            zone: Tz::UTC,
            daily: MicroUsd(0),
            agency_daily: None,
            ceilings: ShareCeilings::default(),
        }
    }
}

impl TenantBudget {
    /// The budgets that a call for `task` at `now` counts against: the agency's where it has one, the tenant's, and
    /// that of the task's share.
    pub fn lines(&self, task: Task, now: Timestamp) -> Vec<BudgetLine> {
        let share = task.share();
        let mut lines = Vec::with_capacity(3);
        lines.extend(self.agency_line(now));
        lines.push(self.tenant_line(now));
        lines.push(self.share_line(share, now));
        lines
    }

    /// All budgets of the tenant's day: its own, then one for each share.
    pub fn tenant_lines(&self, now: Timestamp) -> Vec<BudgetLine> {
        let shares = Share::ALL.iter().map(|share| self.share_line(*share, now));
        std::iter::once(self.tenant_line(now)).chain(shares).collect()
    }

    /// The agency's budget of the day, where it has one.
    pub fn agency_line(&self, now: Timestamp) -> Option<BudgetLine> {
        self.agency_daily.map(|limit| agency_line(self.agency, limit, now))
    }

    /// The tenant's budget of the day.
    pub fn tenant_line(&self, now: Timestamp) -> BudgetLine {
        line(BudgetScope::Tenant(self.tenant), self.daily, self.zone, now)
    }

    /// What one kind of work may take of the tenant's budget of the day.
    pub fn share_line(&self, share: Share, now: Timestamp) -> BudgetLine {
        let ceiling = i128::from(self.ceilings.of(share).min(100));
        let limit = i128::from(self.daily.0) * ceiling / 100;
        let limit = MicroUsd(i64::try_from(limit).unwrap_or(i64::MAX));
        line(BudgetScope::Share(self.tenant, share), limit, self.zone, now)
    }
}

/// The line of an agency's budget of the day.
pub fn agency_line(agency: AgencyId, limit: MicroUsd, now: Timestamp) -> BudgetLine {
    line(BudgetScope::Agency(agency), limit, Tz::UTC, now)
}

fn line(scope: BudgetScope, limit: MicroUsd, zone: Tz, now: Timestamp) -> BudgetLine {
    let day = now.to_utc().with_timezone(&zone).date_naive();
    BudgetLine { scope, day: day.to_string(), limit, resets_at: next_midnight(day, zone, now) }
}

/// The first moment of the day after `day`.
fn next_midnight(day: NaiveDate, zone: Tz, now: Timestamp) -> Timestamp {
    let next = day.checked_add_days(Days::new(1));
    next.and_then(|next| start_of_day(next, zone)).unwrap_or(now + A_DAY)
}

/// The first moment of a day in a zone. Where a clock change skips midnight, that is the first hour there is; where it
/// comes twice, the first one. `None` beyond the calendar.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let midnight = day.and_time(NaiveTime::MIN);
    let mut hours = (0..3).filter_map(|hour| midnight.checked_add_signed(chrono::TimeDelta::hours(hour)));
    hours.find_map(|local| zone.from_local_datetime(&local).earliest()).map(|at| at.to_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(zone: &str) -> TenantBudget {
        TenantBudget {
            tenant: TenantId(Uuid::from_u128(1)),
            agency: AgencyId(Uuid::from_u128(2)),
            zone: zone.parse().unwrap(),
            daily: MicroUsd(5_000_000),
            agency_daily: Some(MicroUsd(100_000_000)),
            ceilings: ShareCeilings::default(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_call_counts_against_agency_tenant_and_share() {
        let lines = budget("Europe/Madrid").lines(Task::ShortReply, at("2026-03-10T23:30:00Z"));
        let limits: Vec<i64> = lines.iter().map(|line| line.limit.0).collect();
        assert_eq!(limits, [100_000_000, 5_000_000, 4_000_000]);
        let days: Vec<&str> = lines.iter().map(|line| line.day.as_str()).collect();
        assert_eq!(days, ["2026-03-10", "2026-03-11", "2026-03-11"], "the agency's days are those of UTC");
        assert_eq!(lines[0].resets_at, at("2026-03-11T00:00:00Z"));
        assert_eq!(lines[1].resets_at, at("2026-03-11T23:00:00Z"));
    }

    #[test]
    fn an_agency_without_a_limit_has_no_line() {
        let budget = TenantBudget { agency_daily: None, ..budget("UTC") };
        assert_eq!(budget.lines(Task::Crisis, at("2026-03-10T12:00:00Z")).len(), 2);
    }

    #[test]
    fn the_day_of_a_clock_change_ends_at_its_own_midnight() {
        let resets = |zone, now| budget(zone).tenant_line(at(now)).resets_at;
        // Summer time begins on 29 March: that day has 23 hours.
        assert_eq!(resets("Europe/Berlin", "2026-03-29T12:00:00Z"), at("2026-03-29T22:00:00Z"));
        // In Beirut the clocks jump at midnight: 29 March begins at one o'clock.
        assert_eq!(resets("Asia/Beirut", "2026-03-28T12:00:00Z"), at("2026-03-28T22:00:00Z"));
    }
}
