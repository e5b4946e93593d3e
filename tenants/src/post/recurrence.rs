//! Posts that repeat, by the wall clock of the tenant.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::{Frequency, Post, PostState, Progress, Recurrence};
use crate::clock::Timestamp;
use crate::ids::{Ids, PostId};

/// Most days, weeks or months between two occurrences.
pub const MAX_INTERVAL: u32 = 52;
/// Occurrences that are looked past when some were missed.
const MAX_MISSED: u32 = 4_000;

/// How an anchor is written.
const ANCHOR: &str = "%Y-%m-%dT%H:%M:%S";

impl Recurrence {
    /// The rule with its anchor at the wall-clock moment of the first occurrence.
    pub fn anchored(mut self, first: Timestamp, zone: Tz) -> Self {
        let local = first.to_utc().with_timezone(&zone).naive_local();
        self.anchor = local.format(ANCHOR).to_string();
        self.occurrences = 1;
        self
    }

    /// What is wrong with the rule, if anything.
    pub fn problem(&self) -> Option<String> {
        (!(1..=MAX_INTERVAL).contains(&self.interval))
            .then(|| format!("must lie between 1 and {MAX_INTERVAL}"))
    }

    /// The next occurrence after `now`, and its number; `None` when there is none any more. Each one is reckoned from the
    /// anchor, so that neither a change of clocks nor a short month shifts those after it.
    pub fn next(&self, zone: Tz, now: Timestamp) -> Option<(Timestamp, u32)> {
        let anchor = NaiveDateTime::parse_from_str(&self.anchor, ANCHOR).ok()?;
        for missed in 0..MAX_MISSED {
            let number = self.occurrences.checked_add(missed)?;
            let local = self.occurrence(anchor, number)?;
            let at = moment_of(local, zone)?;
            if self.until.is_some_and(|until| at > until) {
                return None;
            }
            if at > now {
                return Some((at, number + 1));
            }
        }
        None
    }

    /// The wall-clock moment of the occurrence with this number, from 0.
    fn occurrence(&self, anchor: NaiveDateTime, number: u32) -> Option<NaiveDateTime> {
        let steps = self.interval.max(1).checked_mul(number)?;
        let day: NaiveDate = match self.every {
            Frequency::Daily => anchor.date().checked_add_days(Days::new(u64::from(steps)))?,
            Frequency::Weekly => anchor.date().checked_add_days(Days::new(7 * u64::from(steps)))?,
            Frequency::Monthly => anchor.date().checked_add_months(Months::new(steps))?,
        };
        debug_assert!(day.year() >= anchor.date().year());
        Some(day.and_time(anchor.time()))
    }
}

/// The moment of a wall-clock time: the first of two when the clocks are put back, as much later as is left out when
/// they are put forward.
pub fn moment_of(local: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    if let Some(at) = zone.from_local_datetime(&local).earliest() {
        return Some(at.to_utc().into());
    }
    // Left out by a change of clocks, of an hour at most: the same time an hour later exists, and stands as far behind
    // the gap as the wanted time would have.
    let later = zone.from_local_datetime(&local.checked_add_signed(TimeDelta::hours(1))?).earliest()?;
    Some(later.to_utc().into())
}

/// The next post of a series, when the present one repeats.
pub fn next_post(post: &Post, time_zone: &str, now: Timestamp, ids: &Ids) -> Option<Post> {
    let rule = post.recurrence.as_ref()?;
    let (at, occurrences) = rule.next(time_zone.parse().unwrap_or(Tz::UTC), now)?;
    Some(Post {
        id: PostId::new(ids),
        state: PostState::Approved,
        scheduled_at: Some(at),
        next_step_at: Some(at),
        progress: Progress::default(),
        retry_count: 0,
        error: None,
        platform_post_id: None,
        permalink: None,
        published_at: None,
        recurrence: Some(Recurrence { occurrences, ..rule.clone() }),
        series: Some(post.series.unwrap_or(post.id)),
        version: 1,
        created_at: now,
        updated_at: now,
        ..post.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(every: Frequency, first: &str, zone: Tz) -> Recurrence {
        let rule = Recurrence { every, interval: 1, until: None, anchor: String::new(), occurrences: 0 };
        rule.anchored(first.parse().unwrap(), zone)
    }

    fn following(mut rule: Recurrence, zone: Tz, mut now: Timestamp, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        for _ in 0..count {
            let Some((at, occurrences)) = rule.next(zone, now) else { break };
            (rule.occurrences, now) = (occurrences, at);
            found.push(at.to_string()[..16].to_owned());
        }
        found
    }

    #[test]
    fn a_daily_post_keeps_its_hour_when_the_clocks_change_and_one_in_the_gap_comes_back_to_it() {
        let berlin = Tz::Europe__Berlin;
        let first = "2026-03-27T08:00:00Z";
        let days = following(rule(Frequency::Daily, first, berlin), berlin, first.parse().unwrap(), 3);
        assert_eq!(days, ["2026-03-28T08:00", "2026-03-29T07:00", "2026-03-30T07:00"]);
        // 02:30 does not exist on 29 March 2026.
        let first = "2026-03-28T01:30:00Z";
        let days = following(rule(Frequency::Daily, first, berlin), berlin, first.parse().unwrap(), 2);
        assert_eq!(days, ["2026-03-29T01:30", "2026-03-30T00:30"]);
        // 02:30 comes twice on 25 October 2026: the first counts.
        let first = "2026-10-24T00:30:00Z";
        let days = following(rule(Frequency::Daily, first, berlin), berlin, first.parse().unwrap(), 2);
        assert_eq!(days, ["2026-10-25T00:30", "2026-10-26T01:30"]);
    }

    #[test]
    fn a_monthly_post_of_the_31st_comes_on_the_last_day_of_short_months_and_back_to_the_31st() {
        let first = "2026-01-31T12:00:00Z";
        let days = following(rule(Frequency::Monthly, first, Tz::UTC), Tz::UTC, first.parse().unwrap(), 3);
        assert_eq!(days, ["2026-02-28T12:00", "2026-03-31T12:00", "2026-04-30T12:00"]);
    }

    #[test]
    fn missed_occurrences_are_left_out_and_the_last_is_the_last() {
        let first = "2026-01-01T12:00:00Z";
        let mut weekly = rule(Frequency::Weekly, first, Tz::UTC);
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        assert_eq!(following(weekly.clone(), Tz::UTC, now, 1), ["2026-02-05T12:00"]);
        weekly.until = Some("2026-02-10T00:00:00Z".parse().unwrap());
        assert_eq!(following(weekly, Tz::UTC, now, 5), ["2026-02-05T12:00"]);
    }
}
