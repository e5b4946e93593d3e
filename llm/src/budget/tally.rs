//! The calls of one request, or of several that belong together, added up, whether they were answered or not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenants::money::MicroUsd;

use crate::request::Usage;

/// Cheap to clone, and shared by all that call on behalf of one question: also a call that is given up is added, when it is.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    sums: Arc<Mutex<Sums>>,
}

/// What all calls came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// Calls that were begun.
    pub attempts: u32,
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
        let mut sums = self.lock();
        sums.attempts += 1;
        sums.attempts
    }

    pub(super) fn add(&self, usage: Usage, cost: MicroUsd, is_estimate: bool) {
        let mut sums = self.lock();
        let all = &mut sums.usage;
        all.input = all.input.saturating_add(usage.input);
        all.cached = all.cached.saturating_add(usage.cached);
        all.cache_write = all.cache_write.saturating_add(usage.cache_write);
        all.output = all.output.saturating_add(usage.output);
        sums.cost.0 = sums.cost.0.saturating_add(cost.0);
        sums.is_estimate |= is_estimate;
    }

    /// So far.
    pub fn sums(&self) -> Sums {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
