//! What several requests have cost together, whether they were answered or not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenants::money::MicroUsd;

use crate::request::Usage;

/// Adds up calls. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Calls that were begun.
    begun: u32,
    over: Sums,
}

/// The calls of a tally, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Calls that were made.
    pub calls: u32,
    /// Their tokens.
    pub usage: Usage,
    /// Their price.
    pub cost: MicroUsd,
    /// True when a part of the price had to be estimated.
    pub is_estimate: bool,
}

impl Tally {
    /// A call begins; which one it is, from 1.
    pub(crate) fn begin(&self) -> u32 {
        let mut state = self.lock();
        state.begun = state.begun.saturating_add(1);
        state.begun
    }

    pub(crate) fn begun(&self) -> u32 {
        self.lock().begun
    }

    /// Counts a call that is over.
    pub(crate) fn add(&self, usage: Usage, cost: MicroUsd, is_estimate: bool) {
        let mut state = self.lock();
        let sums = &mut state.over;
        sums.calls = sums.calls.saturating_add(1);
        sums.usage.input = sums.usage.input.saturating_add(usage.input);
        sums.usage.cached = sums.usage.cached.saturating_add(usage.cached);
        sums.usage.cache_write = sums.usage.cache_write.saturating_add(usage.cache_write);
        sums.usage.output = sums.usage.output.saturating_add(usage.output);
        sums.cost.0 = sums.cost.0.saturating_add(cost.0);
        sums.is_estimate |= is_estimate;
    }

    /// What was counted so far.
    pub fn sums(&self) -> Sums {
        self.lock().over
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
