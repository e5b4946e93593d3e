//! Who is next at the writer: everybody in turn, tenant by tenant, so that whoever asks for little waits for little,
//! whatever others ask for. The work of one tenant keeps its order.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

/// Jobs that wait, by whose they are.
#[derive(Debug)]
pub(crate) struct Line<T> {
    waiting: HashMap<Uuid, VecDeque<T>>,
    /// Whose turn it is next; everybody who waits stands here once.
    turns: VecDeque<Uuid>,
    len: usize,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), turns: VecDeque::new(), len: 0 }
    }
}

impl<T> Line<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Stands behind what the same owner has waiting.
    pub(crate) fn push(&mut self, owner: Uuid, job: T) {
        let own = self.waiting.entry(owner).or_default();
        if own.is_empty() {
            self.turns.push_back(owner);
        }
        own.push_back(job);
        self.len += 1;
    }

    /// The next jobs, at most `most` and at most `each` of one owner: one of each, then another of each, until there
    /// are enough. Whoever was cut short is first the next time.
    pub(crate) fn take(&mut self, most: usize, each: usize) -> Vec<T> {
        let mut taken = Vec::with_capacity(most.min(self.len));
        for _ in 0..each {
            for _ in 0..self.turns.len() {
                if taken.len() == most {
                    break;
                }
                taken.extend(self.take_next());
            }
        }
        self.len -= taken.len();
        taken
    }

    fn take_next(&mut self) -> Option<T> {
        let owner = self.turns.pop_front()?;
        let own = self.waiting.get_mut(&owner)?;
        let job = own.pop_front();
        if own.is_empty() {
            self.waiting.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOD: Uuid = Uuid::from_u128(1);
    const QUIET: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_quiet_tenant_is_in_the_next_batch_whatever_a_flood_has_waiting() {
        let mut line = Line::default();
        (0..5_000).for_each(|number| line.push(FLOOD, number));
        line.push(QUIET, 9_999);
        assert_eq!(line.take(4, 8), [0, 9_999, 1, 2]);
    }

    #[test]
    fn a_flood_alone_fills_no_more_than_its_share_of_a_batch() {
        let mut line = Line::default();
        (0..5_000).for_each(|number| line.push(FLOOD, number));
        line.push(QUIET, 9_999);
        assert_eq!(line.take(256, 3), [0, 9_999, 1, 2]);
        assert_eq!(line.take(256, 3), [3, 4, 5]);
        assert_eq!(line.len(), 4_994);
    }

    #[test]
    fn the_work_of_one_tenant_keeps_its_order_and_none_is_lost() {
        let mut line = Line::default();
        for number in 0..30 {
            line.push(if number % 3 == 0 { QUIET } else { FLOOD }, number);
        }
        let mut all = Vec::new();
        while line.len() > 0 {
            all.extend(line.take(7, 2));
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
            line.push(FLOOD, round);
            line.push(QUIET, round);
            assert_eq!(line.take(2, 8).len(), 2);
        }
        assert_eq!((line.len(), line.turns.len(), line.waiting.len()), (0, 0, 0));
    }
}
