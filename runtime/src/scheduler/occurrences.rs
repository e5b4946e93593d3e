//! When a tick is due: pure reckoning with wall clocks.
//!
//! A tick at a fixed hour is due once for every local time that its pattern names. Where clocks jump over that time, it
//! is due at the first moment after the gap; where the time comes twice, at the first of the two. A tick of every hour
//! follows real time: it is due whenever a local clock shows its minute, also in an hour that comes twice.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;
use tenants::clock::Timestamp;

/// What was missed for longer is not reckoned one by one.
const LONGEST_MEMORY: Duration = Duration::from_secs(40 * 86_400);
/// Clocks have been put forward by a whole day at most (across the date line).
const LONGEST_GAP_MINUTES: i64 = 25 * 60;
/// Clocks are put forward by two hours at most for the summer (Troll in Antarctica); local times of one pattern are farther
/// apart.
const SUMMER_GAP: Duration = Duration::from_secs(2 * 3_600);
/// Every minute of an hour is shown within so many, also where clocks move by half an hour.
const LONGEST_HOUR_MINUTES: u32 = 120;

/// Minute, hour, day of month, month, day of week.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// At this minute of every hour.
    Hourly(u32),
    /// At local times.
    Local(Box<Cron>),
}

impl Pattern {
    /// Reads a pattern; `None` when it is none.
    pub fn read(cron: &str) -> Option<Self> {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        if let [minute, "*", "*", "*", "*"] = fields[..]
            && let Ok(minute) = minute.parse()
        {
            return (minute < 60).then_some(Self::Hourly(minute));
        }
        Cron::from_str(cron).ok().map(|cron| Self::Local(Box::new(cron)))
    }

    /// When it is due next after a moment.
    pub fn after(&self, moment: Timestamp, zone: Tz) -> Option<Timestamp> {
        match self {
            Self::Hourly(minute) => Some(hourly(*minute, moment, zone)),
            Self::Local(cron) => {
                let mut label = local(moment, zone);
                loop {
                    label = next_label(cron, label)?;
                    let due = moment_of(label, zone);
                    // In an hour that comes twice, the first one counts.
                    if due > moment {
                        return Some(due);
                    }
                }
            }
        }
    }

    /// When it is due next if it was planned for `next`, and the clock is moved to another zone before: at the same local
    /// time there, which is the first that it has not been due for, however often the clock is moved. That may be past.
    pub fn after_move(&self, next: Timestamp, from: Tz, to: Tz) -> Option<Timestamp> {
        match self {
            Self::Hourly(minute) => Some(hourly(*minute, next - Duration::from_secs(3_600), to)),
            Self::Local(cron) => {
                // A local time that was left out is planned for the end of the gap.
                let label = next_label(cron, local(next - SUMMER_GAP, from))?;
                Some(moment_of(label, to))
            }
        }
    }

    /// The latest time at which it was due, from `first` (at which it was) up to `now`.
    pub fn latest(&self, first: Timestamp, now: Timestamp, zone: Tz) -> Timestamp {
        let mut latest = first;
        let mut from = first.max(now - LONGEST_MEMORY);
        while let Some(next) = self.after(from, zone).filter(|next| *next <= now) {
            (latest, from) = (next, next);
        }
        latest
    }
}

fn hourly(minute: u32, after: Timestamp, zone: Tz) -> Timestamp {
    const MINUTE: i64 = 60_000_000;
    let mut due = Timestamp::from_micros((after.as_micros().div_euclid(MINUTE) + 1) * MINUTE);
    // Minute by minute: where clocks move by less than an hour, the same minute can be shown again half an hour later.
    for _ in 0..LONGEST_HOUR_MINUTES {
        if due.to_utc().with_timezone(&zone).minute() == minute {
            break;
        }
        due = due + Duration::from_secs(60);
    }
    due
}

fn local(moment: Timestamp, zone: Tz) -> NaiveDateTime {
    moment.to_utc().with_timezone(&zone).naive_local()
}

/// Local times are counted on without a zone: each comes once.
fn next_label(cron: &Cron, label: NaiveDateTime) -> Option<NaiveDateTime> {
    cron.find_next_occurrence(&label.and_utc(), false).ok().map(|next: DateTime<Utc>| next.naive_utc())
}

fn moment_of(label: NaiveDateTime, zone: Tz) -> Timestamp {
    for minutes in 0..=LONGEST_GAP_MINUTES {
        let shown = label + TimeDelta::minutes(minutes);
        match zone.from_local_datetime(&shown) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => {
                return moment.with_timezone(&Utc).into();
            }
            LocalResult::None => {}
        }
    }
    label.and_utc().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// All times at which a pattern is due in a period.
    fn all(cron: &str, zone: Tz, from: &str, until: &str) -> Vec<String> {
        let pattern = Pattern::read(cron).unwrap();
        let (mut moment, until) = (at(from), at(until));
        let mut due = Vec::new();
        while let Some(next) = pattern.after(moment, zone).filter(|next| *next < until) {
            due.push(next.to_utc().format("%m-%dT%H:%M").to_string());
            moment = next;
        }
        due
    }

    #[test]
    fn a_time_that_the_clocks_jump_over_is_due_once_right_after_the_jump() {
        // On 29 March 2026 Berlin goes from 02:00 to 03:00, at 01:00 UTC.
        let due = all("30 2 * * *", Tz::Europe__Berlin, "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z");
        assert_eq!(due, ["03-28T01:30", "03-29T01:00", "03-30T00:30"]);
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        // On 25 October 2026 Berlin goes from 03:00 back to 02:00, at 01:00 UTC.
        let due = all("30 2 * * *", Tz::Europe__Berlin, "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z");
        assert_eq!(due, ["10-24T00:30", "10-25T00:30", "10-26T01:30"]);
        // Also when it is asked from within the second of the two hours.
        let pattern = Pattern::read("30 2 * * *").unwrap();
        let next = pattern.after(at("2026-10-25T01:10:00Z"), Tz::Europe__Berlin).unwrap();
        assert_eq!(next, at("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn an_hourly_tick_follows_real_time_through_both_changes() {
        let spring = all("0 * * * *", Tz::Europe__Berlin, "2026-03-28T23:30:00Z", "2026-03-29T03:30:00Z");
        assert_eq!(spring, ["03-29T00:00", "03-29T01:00", "03-29T02:00", "03-29T03:00"]);
        let autumn = all("30 * * * *", Tz::Europe__Berlin, "2026-10-24T23:45:00Z", "2026-10-25T03:00:00Z");
        assert_eq!(autumn, ["10-25T00:30", "10-25T01:30", "10-25T02:30"]);
        // Lord Howe Island moves by half an hour; Kathmandu is three quarters off.
        let howe = all("0 * * * *", Tz::Australia__Lord_Howe, "2026-04-04T13:31:00Z", "2026-04-04T18:00:00Z");
        assert_eq!(howe, ["04-04T14:00", "04-04T15:30", "04-04T16:30", "04-04T17:30"]);
        let half =
            all("30 * * * *", Tz::Australia__Lord_Howe, "2026-04-04T13:31:00Z", "2026-04-04T16:30:00Z");
        assert_eq!(half, ["04-04T14:30", "04-04T15:00", "04-04T16:00"]);
        let nepal = all("0 * * * *", Tz::Asia__Kathmandu, "2026-04-04T00:00:00Z", "2026-04-04T02:00:00Z");
        assert_eq!(nepal, ["04-04T00:15", "04-04T01:15"]);
    }

    #[test]
    fn where_midnight_is_jumped_over_the_tick_of_midnight_comes_at_one() {
        // Cairo goes from 00:00 to 01:00 on 24 April 2026, at 22:00 UTC the day before.
        let due = all("0 0 * * *", Tz::Africa__Cairo, "2026-04-22T12:00:00Z", "2026-04-25T12:00:00Z");
        assert_eq!(due, ["04-22T22:00", "04-23T22:00", "04-24T21:00"]);
    }

    #[test]
    fn a_clock_that_moves_to_another_zone_brings_no_local_time_twice_and_none_not_at_all() {
        let eight = Pattern::read("0 8 * * *").unwrap();
        // The briefing of the 4th has been given in Berlin; in New York it is not eight yet.
        let fifth = at("2026-03-05T07:00:00Z");
        let west = eight.after_move(fifth, Tz::Europe__Berlin, Tz::America__New_York).unwrap();
        assert_eq!(west, at("2026-03-05T13:00:00Z"));
        // Moved on before it came: still that of the 5th.
        let far = eight.after_move(west, Tz::America__New_York, Tz::Pacific__Auckland).unwrap();
        assert_eq!(far, at("2026-03-04T19:00:00Z"));
        // The last one was that of the 3rd; in Tokyo it is past eight on the 4th already: that one is due.
        let fourth = at("2026-03-04T07:00:00Z");
        let east = eight.after_move(fourth, Tz::Europe__Berlin, Tz::Asia__Tokyo).unwrap();
        assert_eq!(east, at("2026-03-03T23:00:00Z"));
        // On the day on which half past two is left out it is planned for three, and is half past two elsewhere.
        let night = Pattern::read("30 2 * * *").unwrap();
        let gap = night.after(at("2026-03-28T12:00:00Z"), Tz::Europe__Berlin).unwrap();
        let moved = night.after_move(gap, Tz::Europe__Berlin, Tz::UTC).unwrap();
        assert_eq!((gap, moved), (at("2026-03-29T01:00:00Z"), at("2026-03-29T02:30:00Z")));
    }

    #[test]
    fn of_many_that_were_missed_the_latest_counts() {
        let eight = Pattern::read("0 8 * * *").unwrap();
        let first = at("2026-03-04T07:00:00Z");
        let latest = |now: &str| eight.latest(first, at(now), Tz::Europe__Berlin);
        assert_eq!(latest("2026-03-04T07:00:01Z"), first);
        assert_eq!(latest("2026-03-09T06:59:00Z"), at("2026-03-08T07:00:00Z"));
        assert_eq!(latest("2028-03-09T06:59:00Z"), at("2028-03-08T07:00:00Z"));
    }

    #[test]
    fn what_is_no_pattern_is_not_taken_for_one() {
        for text in ["", "61 * * * *", "0 25 * * *", "often"] {
            assert!(Pattern::read(text).is_none(), "{text}");
        }
    }
}
