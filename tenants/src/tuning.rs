//! What a tenant's local classifier has learned from the verdicts of people.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::agreement::Agreement;
use crate::clock::Timestamp;
use crate::ids::VerdictId;
use crate::intent::Intent;

/// Local answers below this confidence are not believed before anything was learned: from there on about 98 of 100
/// ordinary texts are read right (see docs/classifier.md).
pub const LOCAL_FROM: f32 = 0.9;

/// Local answers are believed where at least this share of them is right, as far as the verdicts can tell.
const WANTED: f64 = 0.95;
/// No threshold rests on fewer verdicts.
const FEWEST: u32 = 20;
/// Thresholds lie between these hundredths of confidence, whatever the verdicts say.
const LOWEST_HUNDREDTH: u32 = 75;
const HIGHEST_HUNDREDTH: u32 = 99;
/// The most looks that are kept for an intent; the oldest go first.
const LOOKS: usize = 200;

/// What was learned for one tenant. The default has learned nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// Grows with everything learned; 0 is nothing.
    pub version: u32,
    /// Added to the weights of the classifier: row of the feature table → a number per intent, in the order of
    /// [`Intent::ALL`]. Whole multiples of [`Tuning::STEP`].
    #[serde(with = "steps")]
    pub nudges: BTreeMap<u32, [f32; Intent::ALL.len()]>,
    /// From which confidence (0 to 1) a local answer is believed, where that was learned.
    pub local_from: BTreeMap<Intent, f32>,
}

impl Tuning {
    /// Nudges are multiples of this, so that they are stored as small integers and read back to the bit.
    pub const STEP: f32 = 1.0 / 1024.0;

    /// From which confidence (0 to 1) a local answer with this intent is believed.
    pub fn local_from(&self, intent: Intent) -> f32 {
        self.local_from.get(&intent).copied().unwrap_or(LOCAL_FROM)
    }

    /// Whether both classify alike, whatever their versions.
    pub fn is_like(&self, other: &Tuning) -> bool {
        self.nudges == other.nudges && self.local_from == other.local_from
    }
}

/// Nudges as small integers.
mod steps {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Tuning;
    use crate::intent::Intent;

    type Row<T> = [T; Intent::ALL.len()];

    pub fn serialize<S: Serializer>(nudges: &BTreeMap<u32, Row<f32>>, to: S) -> Result<S::Ok, S::Error> {
        let whole = |row: &Row<f32>| row.map(|nudge| (nudge / Tuning::STEP).round() as i32);
        nudges.iter().map(|(row, nudge)| (*row, whole(nudge))).collect::<BTreeMap<_, _>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u32, Row<f32>>, D::Error> {
        let stored = BTreeMap::<u32, Row<i32>>::deserialize(from)?;
        let exact = |row: Row<i32>| row.map(|steps| steps as f32 * Tuning::STEP);
        Ok(stored.into_iter().map(|(row, steps)| (row, exact(steps))).collect())
    }
}

/// How the local classifier did on texts whose intent a person has confirmed, before it learned from them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Record {
    /// Confidence, and whether it was right, by the intent it gave; the newest last.
    looks: BTreeMap<Intent, VecDeque<(f32, bool)>>,
}

impl Record {
    /// Adds a look.
    pub fn add(&mut self, intent: Intent, confidence: f32, is_right: bool) {
        let looks = self.looks.entry(intent).or_default();
        looks.push_back((confidence, is_right));
        while looks.len() > LOOKS {
            looks.pop_front();
        }
    }

    /// How often answers with this intent and at least this confidence were right.
    pub fn from(&self, intent: Intent, confidence: f32) -> Agreement {
        let looks = self.looks.get(&intent).into_iter().flatten();
        Agreement::count(looks.filter(|look| look.0 >= confidence).map(|look| look.1))
    }

    /// The threshold that the record speaks for; `None` while it says too little to leave the common one.
    ///
    /// It is the lowest confidence from which enough answers were surely right. Where none is, and the common
    /// threshold is surely too low, it is the lowest one that is not. Complaints never get a lower one than the
    /// common: taking something else for a complaint costs a look, and a tenant's verdicts are mostly about others.
    pub fn local_from(&self, intent: Intent) -> Option<f32> {
        let hundredths = LOWEST_HUNDREDTH..=HIGHEST_HUNDREDTH;
        let mut candidates = hundredths.map(|hundredth| hundredth as f32 / 100.0);
        let is_sure = |confidence: &f32| {
            let found = self.from(intent, *confidence);
            found.of >= FEWEST && found.lower() >= WANTED
        };
        let learned = candidates.clone().find(is_sure).or_else(|| {
            let common = self.from(intent, LOCAL_FROM);
            let is_too_low = common.of >= FEWEST && common.upper() < WANTED;
            let may_be_right = |confidence: &f32| {
                *confidence >= LOCAL_FROM && self.from(intent, *confidence).upper() >= WANTED
            };
            let highest = HIGHEST_HUNDREDTH as f32 / 100.0;
            is_too_low.then(|| candidates.find(may_be_right).unwrap_or(highest))
        })?;
        Some(if intent == Intent::Complaint { learned.max(LOCAL_FROM) } else { learned })
    }
}

/// What a tenant's classifier has learned, with what that rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Learned {
    /// What classifies.
    pub tuning: Tuning,
    /// How it did.
    pub record: Record,
    /// Verdicts learned from, all in all.
    pub verdicts: u32,
}

/// A version of what was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct TuningVersion {
    /// What was learned.
    pub learned: Learned,
    /// Why this version was made, for people.
    pub reason: String,
    /// Who made it: `learning`, or the id of a key or user.
    pub made_by: String,
    /// When.
    pub at: Timestamp,
}

/// A step of learning: one version on from another, in one commit or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// The version that this rests on; a conflict when another one is in use by now.
    pub base: u32,
    /// The next version; `None` when there was nothing to learn. Its number is `base + 1`.
    pub next: Option<TuningVersion>,
    /// Verdicts that were learned from; a conflict when one of them was already.
    pub verdicts: Vec<VerdictId>,
    /// What was learned after this version was taken back: verdicts from there on count no more.
    pub back_to: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(intent: Intent, looks: &[(f32, u32, u32)]) -> Record {
        let mut record = Record::default();
        for (confidence, right, wrong) in looks {
            (0..*right).for_each(|_| record.add(intent, *confidence, true));
            (0..*wrong).for_each(|_| record.add(intent, *confidence, false));
        }
        record
    }

    #[test]
    fn a_threshold_falls_only_as_far_as_answers_were_surely_right() {
        let threshold =
            |looks: &[(f32, u32, u32)]| record(Intent::Question, looks).local_from(Intent::Question);
        assert_eq!(threshold(&[]), None);
        assert_eq!(threshold(&[(0.95, 19, 0)]), None, "too few to say anything");
        assert_eq!(threshold(&[(0.95, 60, 0)]), Some(0.75), "nothing below was ever wrong");
        assert_eq!(threshold(&[(0.96, 60, 0), (0.85, 5, 5)]), Some(0.86));
        assert_eq!(threshold(&[(0.97, 20, 20)]), Some(0.98), "the common threshold is too low");
        assert_eq!(threshold(&[(0.97, 20, 20), (1.0, 20, 20)]), Some(0.99), "and no other is high enough");
    }

    #[test]
    fn the_threshold_for_complaints_never_falls() {
        let threshold =
            |looks: &[(f32, u32, u32)]| record(Intent::Complaint, looks).local_from(Intent::Complaint);
        assert_eq!(threshold(&[(0.8, 150, 0)]), Some(LOCAL_FROM));
        assert_eq!(threshold(&[(0.97, 20, 20)]), Some(0.98));
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let record = record(Intent::Lead, &[(0.95, 0, 150), (0.95, 200, 0)]);
        assert_eq!(record.from(Intent::Lead, 0.0), Agreement { agreed: 200, of: 200 });
    }

    #[test]
    fn a_tuning_is_stored_and_read_back_to_the_bit() {
        let mut tuning = Tuning { version: 7, ..Tuning::default() };
        tuning.nudges.insert(9_001, [1.0, -0.5, 3.0 * Tuning::STEP, -Tuning::STEP, 0.0, 1.5]);
        tuning.local_from.insert(Intent::Lead, 0.83);
        let stored = serde_json::to_string(&tuning).unwrap();
        assert_eq!(serde_json::from_str::<Tuning>(&stored).unwrap(), tuning);
        assert!(stored.contains("[1024,-512,3,-1,0,1536]"), "{stored}");
    }
}
