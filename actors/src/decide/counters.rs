//! Daily caps of rules. The same event counts once, however often it is decided: that is how the database counts.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use tenants::ids::{EventId, RuleId};

/// The hits of the present local day.
#[derive(Debug)]
pub(super) struct DailyCounters(Mutex<Day>);

#[derive(Debug, Default)]
struct Day {
    /// `YYYY-MM-DD`.
    date: String,
    /// Hits stored before these counters were built.
    before: BTreeMap<RuleId, u32>,
    since: BTreeMap<RuleId, HashSet<EventId>>,
}

/// Whether asking also counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// A decision: a hit uses the cap up.
    Count,
    /// A preview: nothing changes.
    Look,
}

impl DailyCounters {
    pub fn new(date: String, before: BTreeMap<RuleId, u32>) -> Self {
        Self(Mutex::new(Day { date, before, since: BTreeMap::new() }))
    }

    /// Hits of a rule on this day without that of this event, which may come too late to see others that were not
    /// there when it was judged: what was let in below the cap is told to have been below it. `None` when the day is
    /// over.
    pub fn hits_beside(&self, rule: RuleId, cap: u32, date: &str, event: EventId) -> Option<u32> {
        let day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if date < day.date.as_str() {
            return None;
        }
        if date > day.date.as_str() {
            return Some(0);
        }
        let before = day.before.get(&rule).copied().unwrap_or_default();
        let since = day.since.get(&rule);
        let hits = before.saturating_add(since.map_or(0, |since| since.len() as u32));
        let is_counted = since.is_some_and(|since| since.contains(&event));
        Some(if is_counted { hits.saturating_sub(1).min(cap.saturating_sub(1)) } else { hits })
    }

    /// True when the event may hit the rule on this day; then it has been counted.
    pub fn may_hit(&self, rule: RuleId, cap: u32, date: &str, event: EventId, counting: Counting) -> bool {
        // A panic elsewhere leaves plain numbers behind, which are as good as ever.
        let mut day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if date > day.date.as_str() {
            *day = Day { date: date.to_owned(), ..Day::default() };
        }
        let before = day.before.get(&rule).copied().unwrap_or_default();
        let since = day.since.entry(rule).or_default();
        if since.contains(&event) {
            return true;
        }
        let is_free = (before as usize).saturating_add(since.len()) < cap as usize;
        if is_free && counting == Counting::Count {
            since.insert(event);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tenants::clock::ManualClock;
    use tenants::ids::Ids;

    #[test]
    fn hits_are_told_as_they_were_when_an_event_was_judged() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        let rule = RuleId::new(&ids);
        let events: Vec<EventId> = (0..4).map(|_| EventId::new(&ids)).collect();
        let counters = DailyCounters::new("2026-01-10".into(), BTreeMap::from([(rule, 1)]));
        let hit = |number: usize| counters.may_hit(rule, 3, "2026-01-10", events[number], Counting::Count);
        let told = |date, number: usize| counters.hits_beside(rule, 3, date, events[number]);
        assert!(hit(0) && hit(1) && !hit(2));
        assert_eq!(told("2026-01-10", 0), Some(2), "the other came later, and the cap is 3");
        assert_eq!(told("2026-01-10", 2), Some(3), "it was refused");
        assert_eq!(told("2026-01-11", 3), Some(0), "nobody has hit on the new day");
        counters.may_hit(rule, 3, "2026-01-11", events[3], Counting::Count);
        assert_eq!(told("2026-01-10", 2), None, "the day is over");
    }

    #[test]
    fn a_cap_counts_stored_hits_new_hits_and_each_event_once_and_starts_anew_every_day() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        let rule = RuleId::new(&ids);
        let events: Vec<EventId> = (0..7).map(|_| EventId::new(&ids)).collect();
        let counters = DailyCounters::new("2026-01-10".into(), BTreeMap::from([(rule, 1)]));
        let hit = |date, number: usize| counters.may_hit(rule, 3, date, events[number], Counting::Count);
        assert!(counters.may_hit(rule, 3, "2026-01-10", events[0], Counting::Look));
        assert!(hit("2026-01-10", 1) && hit("2026-01-10", 1) && hit("2026-01-10", 2));
        assert!(!hit("2026-01-10", 3));
        assert!(hit("2026-01-10", 2), "an event that was counted may be decided again");
        assert!(hit("2026-01-11", 3) && hit("2026-01-11", 4) && hit("2026-01-11", 5));
        assert!(!hit("2026-01-10", 6), "a late event of yesterday counts for today");
    }
}
