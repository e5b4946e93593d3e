//! Who is next at the writer: everybody in turn, tenant by tenant, so that whoever asks for little waits for little,
//! whatever others ask for. The work of one tenant keeps its order.
//!
//! Turns alone do not suffice: a flood that always has something waiting would keep writer, disk and processors busy all
//! the time, and everybody else would find them so. While others are about, a tenant that wants more than its share
//! therefore pauses between its batches, see [`Line::pause`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tenants::clock::Timestamp;
use uuid::Uuid;

/// How long somebody who asked for something counts as being about.
const ABOUT: Duration = Duration::from_secs(1);

/// A tenant that wants more than its share gets one part in so many of the time while others are about.
const PARTS: u32 = 12;

/// Longest pause: a disk that stood still for a moment is nobody's fault.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Jobs that wait, by whose they are.
#[derive(Debug)]
pub(crate) struct Line<T> {
    waiting: HashMap<Uuid, VecDeque<T>>,
    /// Whose turn it is next; everybody who waits stands here once.
    turns: VecDeque<Uuid>,
    len: usize,
    /// Who came last.
    last: Option<Uuid>,
    /// When somebody came after somebody else.
    changed_at: Option<Timestamp>,
    /// When somebody came who had nothing waiting and does not want more than a share.
    modest_at: Option<Timestamp>,
    batch: Batch,
    /// Who wanted more than a share of a batch, and when last.
    greedy: HashMap<Uuid, Timestamp>,
    /// Who lets others go first, and until when.
    pausing: HashMap<Uuid, Timestamp>,
}

/// Who was in the batch that was taken last.
#[derive(Debug, Default)]
struct Batch {
    owners: HashSet<Uuid>,
    /// Who wanted more than a share.
    greedy: Vec<Uuid>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            len: 0,
            last: None,
            changed_at: None,
            modest_at: None,
            batch: Batch::default(),
            greedy: HashMap::new(),
            pausing: HashMap::new(),
        }
    }
}

impl<T> Line<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Stands behind what the same owner has waiting.
    pub(crate) fn push(&mut self, owner: Uuid, job: T, now: Timestamp) {
        let own = self.waiting.entry(owner).or_default();
        if own.is_empty() {
            self.turns.push_back(owner);
            if !self.greedy.contains_key(&owner) {
                self.modest_at = Some(now);
            }
        }
        own.push_back(job);
        self.len += 1;
        if self.last.replace(owner).is_some_and(|last| last != owner) {
            self.changed_at = Some(now);
        }
    }

    /// How many jobs of an owner wait.
    pub(crate) fn waiting_of(&self, owner: Uuid) -> usize {
        self.waiting.get(&owner).map_or(0, VecDeque::len)
    }

    /// The next jobs, at most `most`: one of each owner, then another of each, until there are enough. Whoever was cut
    /// short is first the next time. While several are about, an owner gets at most `share`, and more only as long as
    /// many want more.
    pub(crate) fn take(&mut self, most: usize, share: usize, now: Timestamp) -> Vec<T> {
        self.batch = Batch::default();
        self.pausing.retain(|_, until| is_ahead(*until, now));
        self.greedy.retain(|_, at| is_about(Some(*at), now));
        let is_shared = is_about(self.changed_at, now);
        let mut taken = Vec::with_capacity(most.min(self.len));
        for round in 1..=most {
            if is_shared && round > share && self.turns.len() < PARTS as usize {
                break;
            }
            let before = taken.len();
            for _ in 0..self.turns.len() {
                if taken.len() < most {
                    taken.extend(self.take_next());
                }
            }
            if taken.len() == before {
                break;
            }
        }
        self.len -= taken.len();
        if taken.len() < most {
            let wants_more = |owner: &&Uuid| self.batch.owners.contains(*owner);
            self.batch.greedy = self.turns.iter().filter(wants_more).copied().collect();
            self.greedy.extend(self.batch.greedy.iter().map(|owner| (*owner, now)));
        }
        taken
    }

    /// To be told when the batch that was taken last is done: whoever wanted more than a share of it is passed over for
    /// a while, so that over time it gets one part in [`PARTS`]. Others who come meanwhile find nobody before them.
    /// Where there are only such owners, or so many that no one of them gets more than that anyway, nobody waits.
    pub(crate) fn pause(&mut self, took: Duration, now: Timestamp) {
        let owners = u32::try_from(self.batch.owners.len()).unwrap_or(PARTS);
        if owners == 0 || owners >= PARTS || !is_about(self.modest_at, now) {
            return;
        }
        let until = now + (took * PARTS / owners).saturating_sub(took).min(LONGEST_PAUSE);
        self.pausing.extend(self.batch.greedy.drain(..).map(|owner| (owner, until)));
    }

    /// True when somebody has come lately.
    pub(crate) fn is_in_use(&self, now: Timestamp) -> bool {
        is_about(self.modest_at, now)
    }

    /// When something can be taken: now, or when a pause ends; `None` when nothing waits.
    pub(crate) fn ready_at(&self, now: Timestamp) -> Option<Timestamp> {
        let ready_at =
            |owner| self.pausing.get(owner).copied().filter(|until| is_ahead(*until, now)).unwrap_or(now);
        self.turns.iter().map(ready_at).min()
    }

    /// Nobody pauses any more.
    pub(crate) fn end_pauses(&mut self) {
        self.pausing.clear();
    }

    fn take_next(&mut self) -> Option<T> {
        let owner = self.turns.pop_front()?;
        if self.pausing.contains_key(&owner) {
            self.turns.push_back(owner);
            return None;
        }
        let own = self.waiting.get_mut(&owner)?;
        let job = own.pop_front();
        self.batch.owners.insert(owner);
        if own.is_empty() {
            self.waiting.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        job
    }
}

/// True while a pause lasts. One that would last longer than any may was begun before the clock was put back.
fn is_ahead(until: Timestamp, now: Timestamp) -> bool {
    let left = until.since(now);
    !left.is_zero() && left <= LONGEST_PAUSE
}

fn is_about(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_some_and(|at| now.since(at) < ABOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOD: Uuid = Uuid::from_u128(1);
    const QUIET: Uuid = Uuid::from_u128(2);
    const BUSY: Uuid = Uuid::from_u128(3);
    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const LATER: Timestamp = Timestamp::from_millis(1_000_500);
    const MUCH_LATER: Timestamp = Timestamp::from_millis(1_010_000);
    const MS: Duration = Duration::from_millis(1);

    /// A flood, and somebody who came last.
    fn flood_and_quiet() -> Line<u32> {
        let mut line = Line::default();
        (0..5_000).for_each(|number| line.push(FLOOD, number, NOW));
        line.push(QUIET, 9_999, NOW);
        line
    }

    #[test]
    fn a_quiet_tenant_is_in_the_next_batch_whatever_a_flood_has_waiting() {
        let mut line = flood_and_quiet();
        assert_eq!(line.take(4, 8, NOW), [0, 9_999, 1, 2]);
        assert_eq!(line.len(), 4_997);
    }

    #[test]
    fn beside_others_a_flood_goes_in_small_batches_and_alone_as_fast_as_it_can() {
        let mut line = flood_and_quiet();
        assert_eq!(line.take(256, 2, NOW), [0, 9_999, 1]);
        assert_eq!(line.take(256, 2, NOW), [2, 3]);
        assert_eq!(line.take(256, 2, MUCH_LATER).len(), 256);
    }

    #[test]
    fn beside_others_a_flood_gets_a_twelfth_of_the_time() {
        let mut line = flood_and_quiet();
        line.take(256, 2, NOW);
        line.take(256, 2, NOW);
        line.pause(2 * MS, NOW);
        assert_eq!(line.ready_at(NOW), Some(NOW + 22 * MS));
        assert!(line.take(256, 2, NOW).is_empty());
        line.push(QUIET, 9_999, NOW);
        assert_eq!(line.ready_at(NOW), Some(NOW), "whoever comes meanwhile finds nobody before them");
        assert_eq!(line.take(256, 2, NOW), [9_999]);
        assert_eq!(line.take(256, 2, NOW + 22 * MS), [4, 5]);
    }

    #[test]
    fn a_batch_that_was_shared_counts_for_its_part() {
        let mut line = flood_and_quiet();
        line.take(256, 2, NOW);
        line.pause(2 * MS, NOW);
        assert_eq!(line.ready_at(NOW), Some(NOW + 10 * MS), "half of two milliseconds in twelve");
    }

    #[test]
    fn floods_among_themselves_do_not_pause() {
        let mut line = Line::default();
        for number in 0..100 {
            line.push(FLOOD, number, NOW);
            line.push(BUSY, 1_000 + number, NOW);
        }
        assert_eq!(line.take(256, 2, NOW), [0, 1_000, 1, 1_001]);
        line.push(FLOOD, 100, LATER);
        line.push(BUSY, 1_100, LATER);
        let after = NOW + ABOUT;
        assert_eq!(line.take(256, 2, after), [2, 1_002, 3, 1_003]);
        line.pause(2 * MS, after);
        assert_eq!(line.ready_at(after), Some(after));
    }

    #[test]
    fn a_flood_that_is_worked_off_for_a_moment_is_still_a_flood() {
        let mut line = Line::default();
        (0..4).for_each(|number| line.push(FLOOD, number, NOW));
        (0..90).for_each(|number| line.push(BUSY, number, NOW));
        assert_eq!(line.take(256, 2, NOW).len(), 4);
        assert_eq!(line.take(256, 2, NOW).len(), 4);
        line.push(FLOOD, 5, LATER);
        let after = NOW + ABOUT;
        line.take(256, 2, after);
        line.pause(2 * MS, after);
        assert_eq!(line.ready_at(after), Some(after));
    }

    #[test]
    fn many_busy_tenants_fill_batches_and_do_not_pause() {
        let mut line = Line::default();
        for tenant in 10..60 {
            (0..100).for_each(|number| line.push(Uuid::from_u128(tenant), number, NOW));
        }
        assert_eq!(line.take(256, 2, NOW).len(), 256);
        line.pause(10 * MS, NOW);
        assert_eq!(line.ready_at(NOW), Some(NOW));
    }

    #[test]
    fn a_flood_among_many_with_a_little_gets_no_more_than_beside_one() {
        let mut line = flood_and_quiet();
        (10..60).for_each(|tenant| line.push(Uuid::from_u128(tenant), 0, NOW));
        assert_eq!(line.take(256, 2, NOW).len(), 53);
    }

    #[test]
    fn no_pause_is_long_however_long_a_batch_took_or_the_clock_was_put_back() {
        let mut line = flood_and_quiet();
        line.take(256, 2, NOW);
        line.take(256, 2, NOW);
        line.pause(900 * MS, NOW);
        assert_eq!(line.ready_at(NOW), Some(NOW + LONGEST_PAUSE));
        let put_back = Timestamp::from_millis(500_000);
        assert_eq!(line.ready_at(put_back), Some(put_back));
        assert!(!line.take(256, 2, put_back).is_empty());
    }

    #[test]
    fn at_the_end_nobody_pauses() {
        let mut line = flood_and_quiet();
        line.take(256, 2, NOW);
        line.pause(2 * MS, NOW);
        line.end_pauses();
        assert_eq!(line.ready_at(NOW), Some(NOW));
        assert_eq!(line.take(256, 2, NOW).len(), 2);
    }

    #[test]
    fn the_work_of_one_tenant_keeps_its_order_and_none_is_lost() {
        let mut line = Line::default();
        for number in 0..30 {
            line.push(if number % 3 == 0 { QUIET } else { FLOOD }, number, NOW);
        }
        let (mut all, mut now) = (Vec::new(), NOW);
        while line.len() > 0 {
            all.extend(line.take(7, 2, now));
            line.pause(MS, now);
            now = line.ready_at(now).unwrap_or(now);
        }
        let of =
            |quiet: bool| all.iter().filter(|it| (**it % 3 == 0) == quiet).copied().collect::<Vec<i32>>();
        assert!(of(true).is_sorted() && of(false).is_sorted());
        assert_eq!(all.len(), 30);
    }

    #[test]
    fn nobody_stands_in_line_twice() {
        let mut line = Line::default();
        for round in 0..3 {
            line.push(FLOOD, round, NOW);
            line.push(QUIET, round, NOW);
            assert_eq!(line.take(2, 8, NOW).len(), 2);
        }
        assert_eq!((line.len(), line.turns.len(), line.waiting.len()), (0, 0, 0));
        assert_eq!(line.ready_at(NOW), None);
    }
}
