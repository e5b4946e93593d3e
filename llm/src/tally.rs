//! What several requests have cost together, whether they were answered or not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenants::models::LlmCall;
use tenants::money::MicroUsd;

use crate::request::Usage;

/// Adds up calls. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<Sums>>);

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
    /// Counts a call that is over.
    pub(crate) fn add(&self, call: &LlmCall) {
        let mut sums = self.lock();
        sums.calls = sums.calls.saturating_add(1);
        sums.usage.input = sums.usage.input.saturating_add(call.tokens_in);
        sums.usage.cached = sums.usage.cached.saturating_add(call.tokens_cached);
        sums.usage.output = sums.usage.output.saturating_add(call.tokens_out);
        sums.cost = MicroUsd(sums.cost.0.saturating_add(call.cost.0));
        sums.is_estimate |= call.is_estimate;
    }

    /// What was counted so far.
    pub fn sums(&self) -> Sums {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
