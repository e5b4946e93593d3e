//! Days of a tenant: Instagram reckons in UTC and in days of its own, people in the days of their clock.

use std::time::Duration;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use tenants::account::Tenant;
use tenants::budget::start_of_day;
use tenants::clock::Timestamp;
use tenants::report::ReportPeriod;

/// The tenant's time zone.
pub fn zone_of(tenant: &Tenant) -> Tz {
    tenant.time_zone.parse().unwrap_or(Tz::UTC)
}

/// The day on which a moment lies.
pub(crate) fn day_of(at: Timestamp, zone: Tz) -> NaiveDate {
    at.to_utc().with_timezone(&zone).date_naive()
}

/// The day to which a value belongs that Instagram gives for the 24 hours before `ends_at`: that of their middle.
pub(super) fn day_of_series(ends_at: Timestamp, zone: Tz) -> NaiveDate {
    day_of(ends_at - Duration::from_secs(12 * 3_600), zone)
}

pub(crate) fn days_before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

pub(crate) fn days_after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

/// Begin and end of a day; an end that the calendar does not have is a day later.
pub(crate) fn bounds(day: NaiveDate, zone: Tz) -> (Timestamp, Timestamp) {
    let from = start_of_day(day, zone).unwrap_or_default();
    let until = start_of_day(days_after(day, 1), zone);
    (from, until.unwrap_or(from + Duration::from_secs(86_400)))
}

/// So many days that end with `last`.
pub(crate) fn period(last: NaiveDate, days: u64, zone: Tz) -> ReportPeriod {
    let first = days_before(last, days.saturating_sub(1));
    ReportPeriod {
        first_day: first.to_string(),
        last_day: last.to_string(),
        from: bounds(first, zone).0,
        until: bounds(last, zone).1,
    }
}

/// The last day that is over at a moment.
pub(crate) fn last_whole_day(at: Timestamp, zone: Tz) -> NaiveDate {
    days_before(day_of(at, zone), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn instagrams_own_day_belongs_to_the_tenants_day_of_its_middle() {
        let ends_at = at("2026-01-02T08:00:00Z");
        for (zone, expected) in [
            (Tz::UTC, "2026-01-01"),
            (Tz::America__Los_Angeles, "2026-01-01"),
            (Tz::Asia__Tokyo, "2026-01-02"),
        ] {
            assert_eq!(day_of_series(ends_at, zone).to_string(), expected, "{zone}");
        }
    }

    #[test]
    fn a_day_of_a_clock_change_has_23_or_25_hours() {
        let hours = |day: &str| {
            let (from, until) = bounds(day.parse().unwrap(), Tz::Europe__Madrid);
            until.since(from).as_secs() / 3_600
        };
        assert_eq!((hours("2026-03-28"), hours("2026-03-29"), hours("2026-10-25")), (24, 23, 25));
    }

    #[test]
    fn the_last_whole_day_is_that_of_the_tenants_clock() {
        let tick = at("2026-03-04T02:00:00Z");
        for (zone, expected) in [
            (Tz::UTC, "2026-03-03"),
            (Tz::America__Los_Angeles, "2026-03-02"),
            (Tz::Asia__Tokyo, "2026-03-03"),
        ] {
            assert_eq!(last_whole_day(tick, zone).to_string(), expected, "{zone}");
        }
        let week = period("2026-03-01".parse().unwrap(), 7, Tz::UTC);
        assert_eq!((week.first_day.as_str(), week.last_day.as_str()), ("2026-02-23", "2026-03-01"));
    }
}
