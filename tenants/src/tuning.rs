//! What a tenant's local classifier has learned from the verdicts of people.

use std::collections::BTreeMap;

use crate::intent::Intent;

/// Local answers below this confidence are not believed before anything was learned: from there on about 98 of 100
/// ordinary texts are read right (see docs/classifier.md).
pub const LOCAL_FROM: f32 = 0.9;

/// What was learned for one tenant. The default has learned nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tuning {
    /// Grows with everything learned; 0 is nothing.
    pub version: u32,
    /// Added to the weights of the classifier: row of the feature table → a number per intent, in the order of
    /// [`Intent::ALL`].
    pub nudges: BTreeMap<u32, [f32; Intent::ALL.len()]>,
    /// From which confidence (0 to 1) a local answer is believed, where that was learned.
    pub local_from: BTreeMap<Intent, f32>,
}

impl Tuning {
    /// From which confidence (0 to 1) a local answer with this intent is believed.
    pub fn local_from(&self, intent: Intent) -> f32 {
        self.local_from.get(&intent).copied().unwrap_or(LOCAL_FROM)
    }
}
