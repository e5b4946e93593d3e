//! Things in order of time, with cursors: what every listing edge is made of.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A place in a timeline. The serial tells things of one instant apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    micros: i64,
    serial: u64,
}

impl Position {
    const MIN: Self = Self { micros: i64::MIN, serial: 0 };
    const MAX: Self = Self { micros: i64::MAX, serial: u64::MAX };

    pub(crate) fn new(time: DateTime<Utc>, serial: u64) -> Self {
        Self { micros: time.timestamp_micros(), serial }
    }

    pub(crate) fn time(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros).unwrap_or_default()
    }

    fn next(self) -> Self {
        match self.serial.checked_add(1) {
            Some(serial) => Self { serial, ..self },
            None => Self { micros: self.micros.saturating_add(1), serial: 0 },
        }
    }

    fn previous(self) -> Self {
        match self.serial.checked_sub(1) {
            Some(serial) => Self { serial, ..self },
            None => Self { micros: self.micros.saturating_sub(1), serial: u64::MAX },
        }
    }

    /// The opaque cursor that stands for this place; it begins `QVFI` like Meta's.
    pub(crate) fn cursor(self) -> String {
        STANDARD.encode(format!("AQH{}.{}", self.micros, self.serial))
    }

    pub(crate) fn from_cursor(cursor: &str) -> Option<Self> {
        let plain = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
        let (micros, serial) = plain.strip_prefix("AQH")?.split_once('.')?;
        Some(Self { micros: micros.parse().ok()?, serial: serial.parse().ok()? })
    }
}

/// Which part of a timeline is asked for, newest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest {
    pub(crate) limit: usize,
    pub(crate) after: Option<Position>,
    pub(crate) before: Option<Position>,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
}

impl PageRequest {
    pub(crate) fn first(limit: usize) -> Self {
        Self { limit, after: None, before: None, since: None, until: None }
    }

    /// Oldest and newest place asked for, both included.
    fn bounds(&self) -> (Position, Position) {
        let since = self.since.map(|since| Position::new(since, 0));
        let until = self.until.map(|until| Position::new(until, u64::MAX));
        let after = self.after.map(Position::previous);
        let before = self.before.map(Position::next);
        let oldest = since.into_iter().chain(before).max().unwrap_or(Position::MIN);
        let newest = until.into_iter().chain(after).min().unwrap_or(Position::MAX);
        (oldest, newest)
    }
}

/// One page, newest first.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<(Position, T)>,
    pub(crate) has_older: bool,
    pub(crate) has_newer: bool,
}

/// Items by time. Inserting, removing and paging cost the logarithm of its size.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub(crate) struct Timeline<T> {
    #[serde(with = "super::pairs")]
    items: BTreeMap<Position, T>,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new() }
    }
}

impl<T: Clone> Timeline<T> {
    pub(crate) fn insert(&mut self, position: Position, item: T) {
        self.items.insert(position, item);
    }

    pub(crate) fn remove(&mut self, position: Position) {
        self.items.remove(&position);
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (Position, &T)> {
        self.items.iter().rev().map(|(position, item)| (*position, item))
    }

    pub(crate) fn newest(&self) -> Option<&T> {
        self.items.last_key_value().map(|(_, item)| item)
    }

    /// A page of what `keep` lets through.
    pub(crate) fn page(&self, request: &PageRequest, keep: impl Fn(&T) -> bool) -> Page<T> {
        let (oldest, newest) = request.bounds();
        if oldest > newest {
            return Page { items: Vec::new(), has_older: false, has_newer: false };
        }
        let kept = self.items.range(oldest..=newest).filter(|(_, item)| keep(item));
        let pairs = kept.map(|(position, item)| (*position, item.clone()));
        let one_more = request.limit.saturating_add(1);
        // One item more than asked for tells whether the page has a neighbour.
        if request.before.is_some() {
            let mut items: Vec<_> = pairs.take(one_more).collect();
            let has_newer = items.len() > request.limit;
            items.truncate(request.limit);
            items.reverse();
            Page { items, has_older: true, has_newer }
        } else {
            let mut items: Vec<_> = pairs.rev().take(one_more).collect();
            let has_older = items.len() > request.limit;
            items.truncate(request.limit);
            Page { items, has_older, has_newer: request.after.is_some() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(count: u64) -> Timeline<u64> {
        let mut timeline = Timeline::default();
        for number in 0..count {
            timeline.insert(Position { micros: (number / 2) as i64, serial: number }, number);
        }
        timeline
    }

    fn numbers(page: &Page<u64>) -> Vec<u64> {
        page.items.iter().map(|(_, number)| *number).collect()
    }

    #[test]
    fn pages_go_from_newest_to_oldest_and_end() {
        let timeline = timeline(5);
        let first = timeline.page(&PageRequest::first(2), |_| true);
        assert_eq!((numbers(&first), first.has_older, first.has_newer), (vec![4, 3], true, false));
        let after = first.items.last().map(|(position, _)| *position);
        let second = timeline.page(&PageRequest { after, ..PageRequest::first(2) }, |_| true);
        assert_eq!((numbers(&second), second.has_older, second.has_newer), (vec![2, 1], true, true));
        let before = second.items.first().map(|(position, _)| *position);
        let back = timeline.page(&PageRequest { before, ..PageRequest::first(2) }, |_| true);
        assert_eq!(numbers(&back), [4, 3]);
        let after = second.items.last().map(|(position, _)| *position);
        let last = timeline.page(&PageRequest { after, ..PageRequest::first(2) }, |_| true);
        assert_eq!((numbers(&last), last.has_older), (vec![0], false));
    }

    #[test]
    fn contradicting_bounds_give_an_empty_page() {
        let timeline = timeline(5);
        let edge = Position { micros: 1, serial: 2 };
        let request = PageRequest { after: Some(edge), before: Some(edge), ..PageRequest::first(9) };
        assert!(timeline.page(&request, |_| true).items.is_empty());
        let late = Some(DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1));
        let request = PageRequest { since: late, until: Some(DateTime::UNIX_EPOCH), ..PageRequest::first(9) };
        assert!(timeline.page(&request, |_| true).items.is_empty());
    }

    #[test]
    fn a_cursor_survives_its_text_form_and_garbage_is_refused() {
        let position = Position { micros: -5, serial: 77 };
        assert!(position.cursor().starts_with("QVFI"));
        assert_eq!(Position::from_cursor(&position.cursor()), Some(position));
        assert_eq!(Position::from_cursor("QVFIsomething"), None);
    }
}
