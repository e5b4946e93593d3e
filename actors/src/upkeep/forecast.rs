//! What will run out, at the present pace, before it is renewed. Pure reckoning, so that people can be warned ahead.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::account::{Account, Tenant};
use tenants::alert::{AlertType, NewAlert};
use tenants::budget::start_of_day;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AlertId, Ids};
use tenants::models::BudgetState;

/// Pace is reckoned from so much of a day on: a busy first minute says nothing.
const LEAST_TIME: Duration = Duration::from_secs(3_600);
/// An end this close to the renewal is as good as none.
const CLOSE_ENOUGH: Duration = Duration::from_secs(1_800);
/// Who resolves alerts whose reason is over.
const RESOLVED_BY: &str = "forecast";

/// What is forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Money for language models, in millionths of a US dollar.
    LlmBudget,
    /// An account's access token.
    Token,
}

impl std::fmt::Display for Supply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LlmBudget => "the budget for language models",
            Self::Token => "a token",
        })
    }
}

/// How long a supply will last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// What.
    pub supply: Supply,
    /// Whose: an account, a tenant or an agency, by its id.
    pub of: String,
    /// How much is used; `None` where that cannot be counted.
    pub used: Option<i64>,
    /// How much there is.
    pub limit: Option<i64>,
    /// When it is renewed by itself.
    pub resets_at: Option<Timestamp>,
    /// When it runs out at the present pace; `None` when it lasts until it is renewed.
    pub runs_out_at: Option<Timestamp>,
}

/// How long the budget of a day will last.
pub fn of_budget(state: &BudgetState, zone: chrono_tz::Tz, of: String, now: Timestamp) -> Forecast {
    let line = &state.line;
    let (used, limit) = (state.spent.0.saturating_add(state.reserved.0), line.limit.0);
    let began = line.day.parse().ok().and_then(|day| start_of_day(day, zone));
    let runs_out_at = began.and_then(|began| end_at(used, limit, began, now));
    Forecast {
        supply: Supply::LlmBudget,
        of,
        used: Some(used),
        limit: Some(limit),
        resets_at: Some(line.resets_at),
        runs_out_at: runs_out_at.filter(|end| *end + CLOSE_ENOUGH < line.resets_at),
    }
}

/// How long an account's token will last; `None` for one without an end.
pub fn of_token(account: &Account) -> Option<Forecast> {
    Some(Forecast {
        supply: Supply::Token,
        of: account.id.to_string(),
        used: None,
        limit: None,
        resets_at: None,
        runs_out_at: Some(account.token_expires_at?),
    })
}

/// When `limit` is reached if it goes on as it has since `began`.
fn end_at(used: i64, limit: i64, began: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let passed = now.since(began);
    if used <= 0 || limit <= 0 || passed < LEAST_TIME {
        return None;
    }
    if used >= limit {
        return Some(now);
    }
    let whole =
        passed.as_micros().saturating_mul(limit.unsigned_abs().into()) / u128::from(used.unsigned_abs());
    Some(began + Duration::from_micros(u64::try_from(whole).ok()?))
}

/// Warns of a budget that will not last the day, or ends that warning.
pub(crate) fn warning(forecast: &Forecast, tenant: &Tenant, ids: &Ids, now: Timestamp) -> Change {
    let dedup_key = format!("forecast:budget:{}", tenant.id);
    let Some(end) = forecast.runs_out_at.filter(|end| *end > now) else {
        return Change::ResolveAlert { dedup_key, by: RESOLVED_BY.to_owned(), at: now };
    };
    let alert = NewAlert {
        id: AlertId::new(ids),
        agency: Some(tenant.agency),
        tenant: Some(tenant.id),
        alert_type: AlertType::Forecast,
        severity: None,
        message: format!(
            "at the present pace the budget of {} for language models is used up at {end}; after that the built-in \
             classifier and people answer until the next day begins: raise it, or leave it",
            tenant.name
        ),
        details: json!(forecast),
        dedup_key,
    };
    Change::RaiseAlert(Box::new(alert), now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::ids::TenantId;
    use tenants::models::{BudgetLine, BudgetScope};
    use tenants::money::MicroUsd;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn forecast(spent: i64, now: &str) -> Option<Timestamp> {
        let line = BudgetLine {
            scope: BudgetScope::Tenant(TenantId::new(&Ids::seeded(
                std::sync::Arc::new(tenants::clock::ManualClock::at(0)),
                1,
            ))),
            day: "2026-03-04".to_owned(),
            limit: MicroUsd(5_000_000),
            resets_at: at("2026-03-04T23:00:00Z"),
        };
        let state = BudgetState { line, spent: MicroUsd(spent), reserved: MicroUsd(0) };
        of_budget(&state, chrono_tz::Tz::Europe__Berlin, "x".to_owned(), at(now)).runs_out_at
    }

    #[test]
    fn a_budget_that_is_half_spent_at_nine_runs_out_at_six() {
        // The day of Berlin began at 23:00 UTC: ten hours have passed.
        assert_eq!(forecast(2_500_000, "2026-03-04T09:00:00Z"), Some(at("2026-03-04T19:00:00Z")));
    }

    #[test]
    fn one_that_lasts_the_day_and_one_of_a_young_day_do_not_run_out() {
        assert_eq!(forecast(1_000_000, "2026-03-04T09:00:00Z"), None);
        assert_eq!(forecast(0, "2026-03-04T09:00:00Z"), None);
        assert_eq!(forecast(1_000_000, "2026-03-03T23:20:00Z"), None);
    }

    #[test]
    fn one_that_is_spent_has_run_out_now() {
        assert_eq!(forecast(6_000_000, "2026-03-04T09:00:00Z"), Some(at("2026-03-04T09:00:00Z")));
    }
}
