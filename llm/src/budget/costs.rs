//! What calls have cost, learned per task and model.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tenants::models::Task;
use tenants::money::MicroUsd;

use crate::catalogue::ModelRef;

/// Costs that are remembered for each task and model: enough for a 95th percentile, few enough to follow a change of
/// prompts within a day.
const KEPT: usize = 200;
/// Below so many costs nothing has been learned.
const ENOUGH: usize = 10;

/// See the module. After a restart it is told what the ledger knows, else it learns anew within [`ENOUGH`] calls.
#[derive(Debug, Default)]
pub(super) struct Costs {
    seen: Mutex<HashMap<Task, HashMap<ModelRef, VecDeque<MicroUsd>>>>,
}

impl Costs {
    /// Remembers what the calls of one reservation cost.
    pub fn learn(&self, task: Task, model: &ModelRef, cost: MicroUsd) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let models = seen.entry(task).or_default();
        let costs = match models.get_mut(model) {
            Some(costs) => costs,
            None => models.entry(model.clone()).or_default(),
        };
        if costs.len() == KEPT {
            costs.pop_front();
        }
        costs.push_back(cost);
    }

    /// What the part `quantile` of them cost no more than; `None` as long as too few are known.
    pub fn expected(&self, task: Task, model: &ModelRef, quantile: f64) -> Option<MicroUsd> {
        let mut sorted: Vec<MicroUsd> = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let costs = seen.get(&task)?.get(model)?;
            if costs.len() < ENOUGH {
                return None;
            }
            costs.iter().copied().collect()
        };
        let index = (sorted.len() as f64 * quantile).ceil() as usize;
        let index = index.clamp(1, sorted.len()) - 1;
        let (_, expected, _) = sorted.select_nth_unstable(index);
        Some(*expected)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn learned(costs: impl IntoIterator<Item = i64>) -> Costs {
        let all = Costs::default();
        costs.into_iter().for_each(|cost| all.learn(Task::Classify, &model(), MicroUsd(cost)));
        all
    }

    fn model() -> ModelRef {
        "a/b".parse().unwrap()
    }

    #[test]
    fn nothing_is_expected_before_enough_calls_were_seen() {
        assert_eq!(learned(0..9).expected(Task::Classify, &model(), 0.9), None);
        assert_eq!(learned(1..=10).expected(Task::Classify, &model(), 0.9), Some(MicroUsd(9)));
        assert_eq!(learned(1..=10).expected(Task::Plan, &model(), 0.9), None);
    }

    #[test]
    fn an_outlier_does_not_set_the_expectation_and_the_past_is_forgotten() {
        let costs = learned((0..99).map(|_| 10).chain([1_000_000]));
        assert_eq!(costs.expected(Task::Classify, &model(), 0.9), Some(MicroUsd(10)));
        (0..KEPT).for_each(|_| costs.learn(Task::Classify, &model(), MicroUsd(70)));
        assert_eq!(costs.expected(Task::Classify, &model(), 0.9), Some(MicroUsd(70)));
    }

    proptest! {
        #[test]
        fn the_expected_part_of_calls_cost_no_more(
            seen in proptest::collection::vec(0_i64..10_000, ENOUGH..KEPT), quantile in 0.5_f64..=1.0,
        ) {
            let expected = learned(seen.clone()).expected(Task::Classify, &model(), quantile).unwrap();
            let no_more = seen.iter().filter(|cost| **cost <= expected.0).count();
            prop_assert!(no_more as f64 >= seen.len() as f64 * quantile);
            prop_assert!(seen.contains(&expected.0));
        }
    }
}
