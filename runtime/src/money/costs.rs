//! What calls of a period have cost.

use std::str::FromStr;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;
use tenants::account::{Agency, Tenant};
use tenants::budget::start_of_day;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, TenantId};
use tenants::models::Task;
use tenants::ports::{CostKeys, CostReports, CostSum, Period, StoreError};
use utoipa::ToSchema;

use crate::http::schema;

/// Longest period of a report, in days.
pub const MOST_DAYS: u64 = 92;
/// Days of a report for which nothing was said.
const USUAL_DAYS: u64 = 7;

/// Whose costs, by whose clock.
#[derive(Debug, Clone, Copy)]
pub enum CostScope {
    /// A tenant's, by its own.
    Tenant(TenantId, Tz),
    /// All tenants' of an agency, by UTC.
    Agency(AgencyId),
}

impl CostScope {
    /// Those of a tenant.
    pub fn tenant(tenant: &Tenant) -> Self {
        Self::Tenant(tenant.id, tenant.time_zone.parse().unwrap_or(Tz::UTC))
    }

    /// Those of an agency.
    pub fn agency(agency: &Agency) -> Self {
        Self::Agency(agency.id)
    }

    fn zone(self) -> Tz {
        match self {
            Self::Tenant(_, zone) => zone,
            Self::Agency(_) => Tz::UTC,
        }
    }
}

/// Which days, and what sums are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown {
    from: NaiveDate,
    to: NaiveDate,
    by_day: bool,
    by: CostKeys,
}

/// A period or a list of keys that makes no sense; the text says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidBreakdown(String);

impl Breakdown {
    /// Days as `YYYY-MM-DD`, both included; the last seven when left out. `by` is a list of `day`, `task`, `provider`,
    /// `model` and `prompt`; day, task and model when left out.
    ///
    /// # Errors
    /// When something cannot be read, or the period is too long or ends before it begins.
    pub fn read(
        scope: CostScope,
        from: Option<&str>,
        to: Option<&str>,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, InvalidBreakdown> {
        let today = now.to_utc().with_timezone(&scope.zone()).date_naive();
        let to = to.map(day).transpose()?.unwrap_or(today);
        let usual = to.checked_sub_days(Days::new(USUAL_DAYS - 1)).unwrap_or(to);
        let from = from.map(day).transpose()?.unwrap_or(usual);
        let days = to.signed_duration_since(from).num_days() + 1;
        if !(1..=MOST_DAYS as i64).contains(&days) {
            let problem = format!("`from` and `to` must name 1 to {MOST_DAYS} days, `from` the earlier one");
            return Err(InvalidBreakdown(problem));
        }
        let mut breakdown = Self { from, to, by_day: false, by: CostKeys::default() };
        for key in by.unwrap_or("day,task,model").split(',').map(str::trim).filter(|key| !key.is_empty()) {
            match key {
                "day" => breakdown.by_day = true,
                "task" => breakdown.by.task = true,
                "provider" => breakdown.by.provider = true,
                "model" => breakdown.by.model = true,
                "prompt" => breakdown.by.prompt = true,
                other => {
                    let problem = format!("`by` knows day, task, provider, model and prompt, not {other}");
                    return Err(InvalidBreakdown(problem));
                }
            }
        }
        Ok(breakdown)
    }

    /// The stretches to be summed up, with their days where these are told apart.
    fn periods(&self, zone: Tz) -> Vec<(Option<NaiveDate>, Period)> {
        let after = |day: NaiveDate| day.checked_add_days(Days::new(1)).and_then(|it| start_of_day(it, zone));
        let between = |from: NaiveDate, to: NaiveDate| {
            Some(Period { from: start_of_day(from, zone)?, until: after(to)? })
        };
        if !self.by_day {
            return between(self.from, self.to).into_iter().map(|period| (None, period)).collect();
        }
        let days = self.from.iter_days().take_while(|day| *day <= self.to);
        days.filter_map(|day| Some((Some(day), between(day, day)?))).collect()
    }
}

fn day(text: &str) -> Result<NaiveDate, InvalidBreakdown> {
    let is_plain = text.len() == 10;
    let day = NaiveDate::from_str(text).ok().filter(|_| is_plain);
    day.ok_or_else(|| InvalidBreakdown(format!("write the day {text} as YYYY-MM-DD")))
}

/// What some calls cost together. What they are not told apart by is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Cost)]
pub struct CostView {
    /// The day, by the clock of the report.
    #[schema(example = "2026-03-10")]
    pub day: Option<String>,
    /// The kind of work.
    #[schema(value_type = Option<schema::Task>)]
    pub task: Option<Task>,
    /// The provider.
    pub provider: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The prompt, as `key@version`; `null` also for calls without one.
    pub prompt: Option<String>,
    /// How many calls. Answers from the cache are no calls and cost nothing.
    pub calls: i64,
    /// How many of them gave no answer that could be used.
    pub unanswered: i64,
    /// How many of them have an estimated cost.
    pub estimates: i64,
    /// Tokens sent, those from the provider's cache among them.
    pub tokens_in: i64,
    /// Tokens sent that came from the provider's cache.
    pub tokens_cached: i64,
    /// Tokens received.
    pub tokens_out: i64,
    /// What they cost, in millionths of a US dollar.
    pub cost_micro_usd: i64,
    /// Half of the calls took no longer, in microseconds.
    pub p50_us: i64,
    /// 95 of 100 calls took no longer, in microseconds.
    pub p95_us: i64,
}

impl CostView {
    fn new(day: Option<NaiveDate>, sum: CostSum) -> Self {
        Self {
            day: day.map(|day| day.to_string()),
            task: sum.task,
            provider: sum.provider,
            model: sum.model,
            prompt: sum.prompt,
            calls: sum.calls,
            unanswered: sum.unanswered,
            estimates: sum.estimates,
            tokens_in: sum.tokens_in,
            tokens_cached: sum.tokens_cached,
            tokens_out: sum.tokens_out,
            cost_micro_usd: sum.cost.0,
            p50_us: sum.p50_us,
            p95_us: sum.p95_us,
        }
    }
}

/// What language models have cost over some days.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CostReport {
    /// First day.
    #[schema(example = "2026-03-04")]
    pub from: String,
    /// Last day.
    #[schema(example = "2026-03-10")]
    pub to: String,
    /// By whose clock days begin.
    #[schema(example = "Europe/Lisbon")]
    pub time_zone: String,
    /// All calls together; `null` when there were none.
    pub total: Option<CostView>,
    /// The sums, day by day, dearest first.
    pub costs: Vec<CostView>,
}

/// Sums up.
///
/// # Errors
/// When the database does not answer.
pub async fn cost_report(
    ledger: &(impl CostReports + ?Sized),
    scope: CostScope,
    breakdown: Breakdown,
) -> Result<CostReport, StoreError> {
    let whole = Breakdown { by_day: false, by: CostKeys::default(), ..breakdown };
    let total = sum_up(ledger, scope, whole).await?.into_iter().next();
    let costs = if total.is_some() { sum_up(ledger, scope, breakdown).await? } else { Vec::new() };
    Ok(CostReport {
        from: breakdown.from.to_string(),
        to: breakdown.to.to_string(),
        time_zone: scope.zone().to_string(),
        total,
        costs,
    })
}

async fn sum_up(
    ledger: &(impl CostReports + ?Sized),
    scope: CostScope,
    breakdown: Breakdown,
) -> Result<Vec<CostView>, StoreError> {
    let mut views = Vec::new();
    for (day, period) in breakdown.periods(scope.zone()) {
        let sums = match scope {
            CostScope::Tenant(tenant, _) => ledger.tenant_costs(&tenant, period, breakdown.by).await?,
            CostScope::Agency(agency) => ledger.agency_costs(&agency, period, breakdown.by).await?,
        };
        views.extend(sums.into_iter().map(|sum| CostView::new(day, sum)));
    }
    Ok(views)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lisbon() -> CostScope {
        CostScope::Tenant(TenantId(uuid::Uuid::nil()), Tz::Europe__Lisbon)
    }

    #[test]
    fn days_are_those_of_the_tenants_clock_also_when_it_changes() {
        let now = "2026-03-30T12:00:00Z".parse().unwrap();
        let read = Breakdown::read(lisbon(), Some("2026-03-28"), Some("2026-03-30"), None, now).unwrap();
        let periods = read.periods(Tz::Europe__Lisbon);
        let hours: Vec<u64> =
            periods.iter().map(|(_, it)| it.until.since(it.from).as_secs() / 3_600).collect();
        assert_eq!(hours, [24, 23, 24]);
        assert!(periods.is_sorted_by(|(_, one), (_, next)| one.until == next.from));
        let whole = Breakdown { by_day: false, ..read }.periods(Tz::Europe__Lisbon);
        assert_eq!((whole[0].1.from, whole[0].1.until), (periods[0].1.from, periods[2].1.until));
    }

    #[test]
    fn the_last_seven_days_are_meant_when_nothing_is_said() {
        // In Lisbon it is the next day already.
        let now = "2026-07-01T23:30:00Z".parse().unwrap();
        let read = Breakdown::read(lisbon(), None, None, None, now).unwrap();
        assert_eq!((read.from.to_string(), read.to.to_string()), ("2026-06-26".into(), "2026-07-02".into()));
        assert!(read.by_day && read.by.task && read.by.model && !read.by.provider && !read.by.prompt);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_words() {
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        for (from, to, by) in [
            (Some("2026-03-11"), Some("2026-03-10"), None),
            (Some("2025-12-01"), Some("2026-03-10"), None),
            (Some("yesterday"), None, None),
            (Some("+262142-12-31"), None, None),
            (None, None, Some("day,colour")),
        ] {
            assert!(Breakdown::read(lisbon(), from, to, by, now).is_err(), "{from:?} {to:?} {by:?}");
        }
    }
}
