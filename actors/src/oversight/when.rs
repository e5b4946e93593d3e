//! The stretch of time a question speaks of, on the tenant's clock.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;
use tenants::budget::start_of_day;
use tenants::clock::Timestamp;
use tenants::ports::Period;

use super::vocabulary::Word;

/// A stretch of time that a question names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// From when until when.
    pub period: Period,
    /// Its first day on the tenant's clock.
    pub first: NaiveDate,
    /// Its last day.
    pub last: NaiveDate,
    /// So many hours until now, where hours are named.
    hours: Option<u64>,
}

/// Which way a question looks: "on Friday" is the last one, or the next one for what is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looking {
    /// At what has been.
    Back,
    /// At what is planned.
    Ahead,
}

impl When {
    /// Whole days, both included.
    pub fn days(first: NaiveDate, last: NaiveDate, zone: Tz) -> Option<Self> {
        let from = start_of_day(first, zone)?;
        let until = start_of_day(last.checked_add_days(Days::new(1))?, zone)?;
        Some(Self { period: Period { from, until }, first, last, hours: None })
    }

    /// The last so many days until now, today included.
    pub fn last_days(days: u64, now: Timestamp, zone: Tz) -> Option<Self> {
        let today = today(now, zone);
        Self::days(today.checked_sub_days(Days::new(days.saturating_sub(1)))?, today, zone)
    }

    /// Whether a moment lies in it.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.period.from <= at && at < self.period.until
    }

    /// `on 26 Nov 2026`, `from 16 Nov 2026 to 22 Nov 2026`.
    pub fn told(&self) -> String {
        match self.first == self.last {
            _ if self.hours == Some(1) => "in the last hour".to_owned(),
            _ if self.hours.is_some() => format!("in the last {} hours", self.hours.unwrap_or_default()),
            true => format!("on {}", day_told(self.first)),
            false => format!("from {} to {}", day_told(self.first), day_told(self.last)),
        }
    }

    /// `2026-11-16..2026-11-22`.
    pub fn key(&self) -> String {
        match self.hours {
            Some(hours) => format!("{hours}h..{}", self.last),
            None => format!("{}..{}", self.first, self.last),
        }
    }

    /// Finds the time in a question's words; `used` marks the words that named it.
    pub fn find(
        words: &[Word],
        looking: Looking,
        now: Timestamp,
        zone: Tz,
        used: &mut [bool],
    ) -> Option<Self> {
        let plain: Vec<&str> = words.iter().map(|word| word.plain.as_str()).collect();
        (0..plain.len()).find_map(|at| {
            let (when, length) = read_at(&plain[at..], looking, now, zone)?;
            used[at..at + length].iter_mut().for_each(|it| *it = true);
            Some(when)
        })
    }
}

/// The day it is.
pub fn today(now: Timestamp, zone: Tz) -> NaiveDate {
    now.to_utc().with_timezone(&zone).date_naive()
}

/// `26 Nov 2026`.
pub fn day_told(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// `26 Nov 2026 at 14:02`.
pub fn moment_told(at: Timestamp, zone: Tz) -> String {
    at.to_utc().with_timezone(&zone).format("%-d %b %Y at %H:%M").to_string()
}

/// A time that begins with the first of these words, and how many words name it.
fn read_at(words: &[&str], looking: Looking, now: Timestamp, zone: Tz) -> Option<(When, usize)> {
    let day = today(now, zone);
    let days = |first: NaiveDate, last: NaiveDate, length: usize| {
        When::days(first, last, zone).map(|when| (when, length))
    };
    let back = |n: u64| day.checked_sub_days(Days::new(n));
    let on = |n: u64| day.checked_add_days(Days::new(n));
    let monday = day.week(Weekday::Mon).first_day();
    let sunday = day.week(Weekday::Mon).last_day();
    let month_end = |first: NaiveDate| first.checked_add_months(Months::new(1))?.pred_opt();
    let is_ahead = looking == Looking::Ahead;
    match words {
        ["day", "before", "yesterday", ..] => days(back(2)?, back(2)?, 3),
        ["today" | "tonight", ..] => days(day, day, 1),
        ["yesterday", ..] => days(back(1)?, back(1)?, 1),
        ["day", "after", "tomorrow", ..] => days(on(2)?, on(2)?, 3),
        ["tomorrow", ..] => days(on(1)?, on(1)?, 1),
        ["next", "week", ..] => days(sunday.succ_opt()?, sunday.checked_add_days(Days::new(7))?, 2),
        ["next", "month", ..] => {
            let first = day.with_day(1)?.checked_add_months(Months::new(1))?;
            days(first, month_end(first)?, 2)
        }
        ["this", "week", ..] => days(monday, if is_ahead { sunday } else { day }, 2),
        ["last" | "previous", "week", ..] | ["week", "last", ..] => {
            days(monday.checked_sub_days(Days::new(7))?, monday.pred_opt()?, 2)
        }
        ["this", "month", ..] => {
            let first = day.with_day(1)?;
            days(first, if is_ahead { month_end(first)? } else { day }, 2)
        }
        ["last" | "past", "hour", ..] => ago("1", "hour", now, zone).map(|when| (when, 2)),
        ["last" | "previous", "month", ..] | ["month", "last", ..] => {
            let first = day.with_day(1)?.checked_sub_months(Months::new(1))?;
            days(first, day.with_day(1)?.pred_opt()?, 2)
        }
        ["last" | "past", count, unit, ..] => ago(count, unit, now, zone).map(|when| (when, 3)),
        [year, ..] if is_iso(year) => {
            let day: NaiveDate = year.parse().ok()?;
            days(day, day, 1)
        }
        [number, ..] if with_dots(number).is_some() => {
            let day = with_dots(number)?;
            days(day, day, 1)
        }
        [number, month, rest @ ..] if month_of(month).is_some() && day_number(number).is_some() => {
            dated(day, month_of(month)?, day_number(number)?, rest.first(), zone)
        }
        [month, number, rest @ ..] if month_of(month).is_some() && day_number(number).is_some() => {
            dated(day, month_of(month)?, day_number(number)?, rest.first(), zone)
        }
        ["on" | "next" | "this", name, ..] if is_ahead && weekday_of(name).is_some() => {
            let that = next_weekday(day, weekday_of(name)?)?;
            days(that, that, 2)
        }
        ["last" | "on", name, ..] if weekday_of(name).is_some() => {
            let that = last_weekday(day, weekday_of(name)?)?;
            days(that, that, 2)
        }
        [name, ..] if weekday_of(name).is_some() => {
            let that = last_weekday(day, weekday_of(name)?)?;
            days(that, that, 1)
        }
        _ => None,
    }
}

/// `27.11.2026`: the day before the month, as where dates have dots. Without a year it may be any number.
fn with_dots(word: &str) -> Option<NaiveDate> {
    let mut parts = word.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && year.len() == 4;
    is_whole.then(|| NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))?
}

fn is_iso(word: &str) -> bool {
    word.len() == 10 && word.parse::<NaiveDate>().is_ok()
}

fn dated(today: NaiveDate, month: u32, day: u32, year: Option<&&str>, zone: Tz) -> Option<(When, usize)> {
    let named = year.and_then(|year| year.parse::<i32>().ok()).filter(|year| (2000..2200).contains(year));
    let length = if named.is_some() { 3 } else { 2 };
    let this_year = NaiveDate::from_ymd_opt(named.unwrap_or(today.year()), month, day)?;
    // Without a year it is the last one that has been.
    let that = match named.is_none() && this_year > today.checked_add_months(Months::new(2))? {
        true => this_year.with_year(today.year() - 1)?,
        false => this_year,
    };
    When::days(that, that, zone).map(|when| (when, length))
}

fn ago(count: &str, unit: &str, now: Timestamp, zone: Tz) -> Option<When> {
    let count = number(count)?;
    let unit = unit.trim_end_matches('s');
    let days = match unit {
        "day" => count,
        "week" => count.checked_mul(7)?,
        "month" => count.checked_mul(30)?,
        "hour" => {
            let from: DateTime<_> =
                now.to_utc().checked_sub_signed(TimeDelta::try_hours(i64::try_from(count).ok()?)?)?;
            let from: Timestamp = from.into();
            let period = Period { from, until: now + std::time::Duration::from_micros(1) };
            let (first, last) = (today(from, zone), today(now, zone));
            return Some(When { period, first, last, hours: Some(count) });
        }
        _ => return None,
    };
    When::last_days(days.min(3_650), now, zone)
}

fn number(word: &str) -> Option<u64> {
    const NAMES: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    word.parse().ok().or_else(|| NAMES.iter().position(|name| *name == word).map(|it| it as u64))
}

fn day_number(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    digits.parse().ok().filter(|day| (1..=31).contains(day) && word.len() <= 4)
}

fn month_of(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const WHOLE: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|it| *it == word).or_else(|| WHOLE.iter().position(|it| *it == word));
    at.map(|at| at as u32 + 1)
}

fn weekday_of(word: &str) -> Option<Weekday> {
    word.ends_with("day").then(|| word.parse().ok()).flatten()
}

/// The last such day before today.
fn last_weekday(today: NaiveDate, wanted: Weekday) -> Option<NaiveDate> {
    (1..=7).filter_map(|back| today.checked_sub_days(Days::new(back))).find(|day| day.weekday() == wanted)
}

/// The next such day, today included.
fn next_weekday(today: NaiveDate, wanted: Weekday) -> Option<NaiveDate> {
    (0..7).filter_map(|on| today.checked_add_days(Days::new(on))).find(|day| day.weekday() == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary::words_asked;
    use super::*;

    fn read(question: &str) -> Option<String> {
        read_looking(Looking::Back, question)
    }

    fn read_looking(looking: Looking, question: &str) -> Option<String> {
        // A Friday.
        let now: Timestamp = "2026-11-27T10:00:00Z".parse().unwrap();
        let words = words_asked(question);
        let mut used = vec![false; words.len()];
        When::find(&words, looking, now, Tz::UTC, &mut used).map(|when| when.key())
    }

    #[test]
    fn times_are_found_in_questions() {
        for (question, key) in [
            ("What did we spend today?", "2026-11-27..2026-11-27"),
            ("What was hidden yesterday?", "2026-11-26..2026-11-26"),
            ("the day before yesterday", "2026-11-25..2026-11-25"),
            ("What did we spend last week?", "2026-11-16..2026-11-22"),
            ("And this week?", "2026-11-23..2026-11-27"),
            ("spent last month", "2026-10-01..2026-10-31"),
            ("in the last 3 days", "2026-11-25..2026-11-27"),
            ("the past two weeks", "2026-11-14..2026-11-27"),
            ("on 2026-11-03", "2026-11-03..2026-11-03"),
            ("on 3 November", "2026-11-03..2026-11-03"),
            ("on November 3rd, 2025", "2025-11-03..2025-11-03"),
            ("hidden on Monday", "2026-11-23..2026-11-23"),
            ("last Friday", "2026-11-20..2026-11-20"),
            ("What happened on 27.11.2026?", "2026-11-27..2026-11-27"),
            ("in the last hour", "1h..2026-11-27"),
            ("la semana pasada", "2026-11-16..2026-11-22"),
            ("gestern", "2026-11-26..2026-11-26"),
            ("next week", "2026-11-30..2026-12-06"),
        ] {
            assert_eq!(read(question).as_deref(), Some(key), "{question}");
        }
        assert_eq!(read("Why was the last comment hidden?"), None);
        assert_eq!(read("It cost $3.11"), None, "an amount is no date");
    }

    #[test]
    fn what_is_planned_is_looked_for_ahead() {
        for (question, key) in [
            ("this week", "2026-11-23..2026-11-29"),
            ("this month", "2026-11-01..2026-11-30"),
            ("on Monday", "2026-11-30..2026-11-30"),
            ("tomorrow", "2026-11-28..2026-11-28"),
        ] {
            assert_eq!(read_looking(Looking::Ahead, question).as_deref(), Some(key), "{question}");
        }
    }

    #[test]
    fn a_day_begins_when_it_does_for_the_tenant() {
        let now: Timestamp = "2026-11-27T03:00:00Z".parse().unwrap();
        let words = words_asked("today");
        let zone = chrono_tz::America::New_York;
        let when = When::find(&words, Looking::Back, now, zone, &mut [false]).unwrap();
        assert_eq!(when.key(), "2026-11-26..2026-11-26");
        assert_eq!(when.period.from.to_string(), "2026-11-26T05:00:00.000000Z");
    }
}
