//! Things in order of time, with cursors: what every listing edge is made of.

use std::collections::BTreeMap;
use std::ops::Bound;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};

/// A place in a timeline. The serial tells things of one instant apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Position {
    micros: i64,
    serial: u64,
}

impl Position {
    pub(crate) fn new(time: DateTime<Utc>, serial: u64) -> Self {
        Self { micros: time.timestamp_micros(), serial }
    }

    pub(crate) fn time(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros).unwrap_or_default()
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
}

/// One page, newest first.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<(Position, T)>,
    pub(crate) has_older: bool,
    pub(crate) has_newer: bool,
}

/// Items by time. Inserting, removing and paging cost the logarithm of its size.
#[derive(Debug)]
pub(crate) struct Timeline<T> {
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
        let oldest = request.since.map_or(Bound::Unbounded, |since| Bound::Included(Position::new(since, 0)));
        let newest =
            request.until.map_or(Bound::Unbounded, |until| Bound::Included(Position::new(until, u64::MAX)));
        if request.since.zip(request.until).is_some_and(|(since, until)| since > until) {
            return Page { items: Vec::new(), has_older: false, has_newer: false };
        }
        let kept = || self.items.range((oldest, newest)).filter(|(_, item)| keep(item));
        let pair = |(position, item): (&Position, &T)| (*position, item.clone());
        if let Some(before) = request.before {
            let mut items: Vec<_> = self
                .items
                .range((Bound::Excluded(before), Bound::Unbounded))
                .filter(|(position, item)| within(**position, request) && keep(item))
                .map(pair)
                .take(request.limit + 1)
                .collect();
            let has_newer = items.len() > request.limit;
            items.truncate(request.limit);
            items.reverse();
            return Page { items, has_older: true, has_newer };
        }
        let has_newer =
            request.after.is_some_and(|after| kept().next_back().is_some_and(|(p, _)| *p >= after));
        let mut items: Vec<_> = match request.after {
            None => kept().rev().map(pair).take(request.limit + 1).collect(),
            Some(after) => self
                .items
                .range((Bound::Unbounded, Bound::Excluded(after)))
                .rev()
                .filter(|(position, item)| within(**position, request) && keep(item))
                .map(pair)
                .take(request.limit + 1)
                .collect(),
        };
        let has_older = items.len() > request.limit;
        items.truncate(request.limit);
        Page { items, has_older, has_newer }
    }
}

fn within(position: Position, request: &PageRequest) -> bool {
    request.since.is_none_or(|since| position >= Position::new(since, 0))
        && request.until.is_none_or(|until| position <= Position::new(until, u64::MAX))
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
    fn a_cursor_survives_its_text_form_and_garbage_is_refused() {
        let position = Position { micros: -5, serial: 77 };
        assert!(position.cursor().starts_with("QVFI"));
        assert_eq!(Position::from_cursor(&position.cursor()), Some(position));
        assert_eq!(Position::from_cursor("QVFIsomething"), None);
    }
}
