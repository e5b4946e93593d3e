//! Numbers of an account, day by day.
//!
//! Instagram's numbers arrive up to two days late. So a day is read anew until it was read two days after its end; days
//! that are missing, because nothing ran or Instagram said to wait, are made up for, a few with every tick.

use std::collections::HashMap;
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use tenants::clock::Timestamp;
use tenants::insights::{AccountInsight, Measured};
use tenants::ports::{AccountProfile, Reading, StoreError, TenantContext};

use super::asking::{Answers, Asking, NoAnswer, Stop};
use super::catalogue::{ACCOUNT, Group};
use super::periods::{bounds, day_of, day_of_series, days_before, zone_of};
use crate::Ports;

/// The metric that tells when a day was read: it is in the group that is asked for first.
const MARKER: &str = ACCOUNT[0].metrics[0];
/// How long after its end a day's numbers may still change.
const SETTLES_AFTER: Duration = Duration::from_secs(48 * 3_600);
/// How often a past day is read until it has settled.
const PAST_DAY_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// How often what is asked once a day is asked.
const OF_TODAY_EVERY: Duration = Duration::from_secs(20 * 3_600);

/// Reads what is due, and tells why it stopped if it did. What was read before is kept in any case.
pub(super) async fn read(
    asking: &Asking<'_>,
    ports: &Ports,
    context: &TenantContext,
) -> Result<(Vec<AccountInsight>, Option<Stop>), StoreError> {
    let zone = zone_of(&context.tenant);
    let today = day_of(asking.now(), zone);
    let settings = ports.intel.settings();
    let first = days_before(today, u64::from(settings.backfill_days)).to_string();
    let store = ports.intel.store();
    let read: HashMap<String, Timestamp> =
        store.days_read(&context.tenant.id, &asking.account.id, MARKER, &first).await?.into_iter().collect();
    let mut reading = DayReading { asking, zone, today, rows: Vec::new() };
    let stop = reading.all(&read, settings.backfill_days, settings.days_per_tick).await.err();
    Ok((reading.rows, stop))
}

struct DayReading<'a, 'p> {
    asking: &'a Asking<'p>,
    zone: Tz,
    today: NaiveDate,
    rows: Vec<AccountInsight>,
}

impl DayReading<'_, '_> {
    async fn all(
        &mut self,
        read: &HashMap<String, Timestamp>,
        backfill_days: u32,
        days_per_tick: u32,
    ) -> Result<(), Stop> {
        let followers = self.profile().await?;
        self.day(self.today, followers, read).await?;
        let now = self.asking.now();
        let due = (1..=u64::from(backfill_days))
            .map(|days| days_before(self.today, days))
            .filter(|day| is_due(bounds(*day, self.zone).1, read.get(&day.to_string()).copied(), now));
        let due: Vec<NaiveDate> = due.take(days_per_tick as usize).collect();
        for day in due {
            self.day(day, followers, read).await?;
        }
        Ok(())
    }

    /// The account as it is: its followers decide what Instagram tells.
    async fn profile(&mut self) -> Result<Option<u64>, Stop> {
        let asking = self.asking;
        let call = async { asking.reader().account_profile(asking.account).await };
        match asking.call(call).await {
            Ok(AccountProfile { followers, follows, media_count }) => {
                let now = asking.now();
                for (metric, value) in
                    [("followers", followers), ("follows", follows), ("media_count", media_count)]
                {
                    let measured = value.map_or_else(
                        || Measured::missing("Instagram has no data for it"),
                        |value| Measured::known(value as f64),
                    );
                    self.put(metric, String::new(), self.today, measured, now);
                }
                Ok(followers)
            }
            Err(NoAnswer::NotAvailable { reason, .. }) => {
                let now = asking.now();
                self.put("followers", String::new(), self.today, Measured::missing(reason), now);
                Ok(None)
            }
            Err(NoAnswer::Stop(stop)) => Err(stop),
        }
    }

    async fn day(
        &mut self,
        day: NaiveDate,
        followers: Option<u64>,
        read: &HashMap<String, Timestamp>,
    ) -> Result<(), Stop> {
        let now = self.asking.now();
        let (from, until) = bounds(day, self.zone);
        let is_today = day == self.today;
        let was_read_lately =
            read.get(&day.to_string()).is_some_and(|at| is_today && now.since(*at) < OF_TODAY_EVERY);
        for group in ACCOUNT.iter().filter(|group| !group.is_of_today || (is_today && !was_read_lately)) {
            let ends_at = until.min(now);
            if followers.is_some_and(|followers| followers < group.followers) {
                let reason = format!("Instagram tells this from {} followers on", group.followers);
                for metric in group.metrics {
                    self.put(metric, String::new(), day, Measured::missing(reason.clone()), ends_at);
                }
                continue;
            }
            let answers = self.asking.account_group(group, from, ends_at).await?;
            self.take(group, answers, day, ends_at);
        }
        Ok(())
    }

    fn take(&mut self, group: &Group, answers: Answers, day: NaiveDate, ends_at: Timestamp) {
        for Reading { metric, breakdown, value, ends_at: own_end } in answers.readings {
            // Parts come with the whole, which has been asked for by itself.
            if group.breakdown.is_some() && breakdown.is_empty() && group.metrics != ["follows_and_unfollows"]
            {
                continue;
            }
            let day = own_end.map_or(day, |end| day_of_series(end, self.zone));
            self.put(&metric, breakdown, day, Measured::known(value), own_end.unwrap_or(ends_at));
        }
        for (metric, reason) in answers.missing {
            // The reason why there are no parts says nothing about the whole.
            let breakdown = group.breakdown.unwrap_or_default().to_owned();
            self.put(metric, breakdown, day, Measured::missing(reason), ends_at);
        }
    }

    fn put(
        &mut self,
        metric: &str,
        breakdown: String,
        day: NaiveDate,
        measured: Measured,
        ends_at: Timestamp,
    ) {
        self.rows.push(AccountInsight {
            account: self.asking.account.id,
            metric: metric.to_owned(),
            breakdown,
            day: day.to_string(),
            measured,
            ends_at,
            read_at: self.asking.now(),
        });
    }
}

/// Whether a past day is to be read.
fn is_due(ended: Timestamp, read_at: Option<Timestamp>, now: Timestamp) -> bool {
    match read_at {
        None => true,
        Some(read_at) if read_at >= ended + SETTLES_AFTER => false,
        Some(read_at) => now.since(read_at) >= PAST_DAY_EVERY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_until_it_was_read_two_days_after_its_end() {
        let hour = |hours: u64| Timestamp::from_millis(0) + Duration::from_secs(hours * 3_600);
        assert!(is_due(hour(100), None, hour(101)));
        assert!(!is_due(hour(100), Some(hour(101)), hour(102)), "read an hour ago");
        assert!(is_due(hour(100), Some(hour(101)), hour(107)));
        assert!(is_due(hour(100), Some(hour(147)), hour(160)), "not settled when it was read last");
        assert!(!is_due(hour(100), Some(hour(148)), hour(900)), "settled");
    }
}
