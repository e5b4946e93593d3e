//! Chance that can be repeated: everything random in a story comes from one seed, which a failing story prints.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tenants::clock::{Clock, SystemClock};

/// Names the seed of a run that shall be looked at again.
const VARIABLE: &str = "TROUPE_KILL_SEED";

/// See the module.
pub struct Dice {
    random: StdRng,
}

impl Dice {
    /// Dice of a seed of their own, or of the seed in `TROUPE_KILL_SEED`.
    pub fn new() -> Self {
        let seed = chosen_seed().unwrap_or_else(|| SystemClock.now().as_micros().unsigned_abs());
        // Shown only when the test fails.
        eprintln!("the moments of this run come from a seed; {VARIABLE}={seed} draws the same ones");
        Self { random: StdRng::seed_from_u64(seed) }
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.random.random_range(0..limit)
    }

    /// A time shorter than `longest`.
    pub fn moment(&mut self, longest: Duration) -> Duration {
        Duration::from_micros(self.below(longest.as_micros() as u64))
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment what to repeat")]
fn chosen_seed() -> Option<u64> {
    let text = std::env::var(VARIABLE).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{VARIABLE} is a whole number, not `{text}`")))
}
