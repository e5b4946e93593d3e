//! Which days are asked for.

use chrono::{Days as ChronoDays, NaiveDate};
use tenants::account::Tenant;
use tenants::clock::Timestamp;

/// Days that are shown when none are named.
const USUAL: u64 = 28;
/// Most days of all metrics at once.
const MOST: i64 = 92;
/// Most days of one metric.
const MOST_OF_ONE: i64 = 731;

/// Days of the tenant's clock, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First.
    pub first: NaiveDate,
    /// Last.
    pub last: NaiveDate,
}

/// Days that cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDays {
    /// Not a day.
    #[error("`{0}` is no day: write it as YYYY-MM-DD")]
    NoDay(String),
    /// The last before the first.
    #[error("the last day is before the first")]
    Reversed,
    /// Too many.
    #[error("{asked} days are too many: at most {most}, or {MOST_OF_ONE} of one metric")]
    TooMany {
        /// How many were asked for.
        asked: i64,
        /// How many may be.
        most: i64,
    },
}

impl Days {
    /// Reads them; the last 28 when left out.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(
        from: Option<&str>,
        to: Option<&str>,
        of_one_metric: bool,
        tenant: &Tenant,
        now: Timestamp,
    ) -> Result<Self, InvalidDays> {
        let zone = actors::intel::periods::zone_of(tenant);
        let day = |text: &str| text.parse::<NaiveDate>().map_err(|_| InvalidDays::NoDay(text.to_owned()));
        let last = to.map_or_else(|| Ok(now.to_utc().with_timezone(&zone).date_naive()), day)?;
        let usual = last.checked_sub_days(ChronoDays::new(USUAL - 1)).unwrap_or(last);
        let first = from.map_or(Ok(usual), day)?;
        if last < first {
            return Err(InvalidDays::Reversed);
        }
        let asked = (last - first).num_days() + 1;
        let most = if of_one_metric { MOST_OF_ONE } else { MOST };
        if asked > most {
            return Err(InvalidDays::TooMany { asked, most });
        }
        Ok(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::account::TenantStatus;
    use tenants::ids::{AgencyId, TenantId};

    fn days(from: Option<&str>, to: Option<&str>, one: bool) -> Result<String, InvalidDays> {
        let tenant = Tenant {
            id: TenantId(Default::default()),
            agency: AgencyId::INSTALLATION,
            slug: "a".into(),
            name: "A".into(),
            time_zone: "Asia/Tokyo".into(),
            status: TenantStatus::Active,
            version: 1,
            created_at: Timestamp::default(),
        };
        let now = "2026-03-04T20:00:00Z".parse().unwrap();
        Days::read(from, to, one, &tenant, now).map(|days| format!("{}..{}", days.first, days.last))
    }

    #[test]
    fn days_are_those_of_the_tenants_clock_and_bounded() {
        assert_eq!(days(None, None, false).unwrap(), "2026-02-06..2026-03-05");
        assert_eq!(days(Some("2026-03-01"), None, false).unwrap(), "2026-03-01..2026-03-05");
        assert_eq!(days(Some("2026-03-02"), Some("2026-03-01"), false), Err(InvalidDays::Reversed));
        assert_eq!(days(Some("soon"), None, false), Err(InvalidDays::NoDay("soon".into())));
        assert!(matches!(days(Some("2025-03-04"), None, false), Err(InvalidDays::TooMany { .. })));
        assert!(days(Some("2025-03-04"), None, true).is_ok());
    }
}
