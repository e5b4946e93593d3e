//! The weights of the classifier: a table of small integers, one row per feature, one column per output.

use std::borrow::Cow;
use std::ops::Range;

use super::features::{FEATURES, Feature};
use super::float::exp;

/// One question the model answers by choosing among its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its place among the heads.
    pub index: usize,
    /// First column.
    pub start: usize,
    /// Number of columns.
    pub classes: usize,
}

impl Head {
    /// Its columns in the table.
    pub fn columns(self) -> Range<usize> {
        self.start..self.start + self.classes
    }
}

/// Intent, in the order of [`Intent::ALL`](tenants::intent::Intent::ALL).
pub const INTENT: Head = Head { index: 0, start: 0, classes: 6 };
/// Sentiment, in the order of [`Sentiment::ALL`](tenants::intent::Sentiment::ALL).
pub const SENTIMENT: Head = Head { index: 1, start: 6, classes: 3 };
/// No crisis, crisis.
pub const CRISIS: Head = Head { index: 2, start: 9, classes: 2 };
/// Language, in the order of [`Language::ALL`](tenants::intent::Language::ALL), then "another one".
pub const LANGUAGE: Head = Head { index: 3, start: 11, classes: 7 };
/// All heads.
pub const HEADS: [Head; 4] = [INTENT, SENTIMENT, CRISIS, LANGUAGE];
/// Columns of the table.
pub const OUTPUTS: usize = LANGUAGE.start + LANGUAGE.classes;

/// Values of all outputs for one text.
pub type Scores = [f32; OUTPUTS];

const MAGIC: [u8; 4] = *b"TIM1";
const HEADER: usize = 4 + 8 + 8 + 2 * OUTPUTS * 4;

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Changes with any weight; part of the name that is recorded with every answer.
    pub fingerprint: u64,
    /// The intent scores are divided by this before they become probabilities, which makes these honest.
    pub temperature: f32,
    /// Probability from which on a text counts as a crisis.
    pub crisis_threshold: f32,
    biases: Scores,
    /// What one step of a column's integers is worth.
    steps: Scores,
    weights: Cow<'static, [u8]>,
}

/// A weights file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the weights are not a model of this version: train again with the example `train_intents`")]
pub struct ModelError;

impl Model {
    /// Rounds full weights (`FEATURES` rows of [`OUTPUTS`]) to small integers.
    pub fn quantise(weights: &[Scores], biases: Scores) -> Self {
        let mut steps = [0.0; OUTPUTS];
        for row in weights {
            for (step, weight) in steps.iter_mut().zip(row) {
                *step = f32::max(*step, weight.abs() / 127.0);
            }
        }
        let small = |weight: f32, step: f32| if step > 0.0 { (weight / step).round() as i8 } else { 0 };
        let weights: Vec<u8> = weights
            .iter()
            .flat_map(|row| row.iter().zip(steps).map(|(&weight, step)| small(weight, step) as u8))
            .collect();
        Self {
            fingerprint: fingerprint(&weights),
            temperature: 1.0,
            crisis_threshold: 0.5,
            biases,
            steps,
            weights: Cow::Owned(weights),
        }
    }

    /// The scores of all heads.
    pub fn scores(&self, features: &[Feature]) -> Scores {
        let mut totals = [0.0; OUTPUTS];
        for feature in features {
            let start = feature.row as usize * OUTPUTS;
            let row = self.weights.get(start..start + OUTPUTS).unwrap_or_default();
            for (total, &weight) in totals.iter_mut().zip(row) {
                *total += feature.value * f32::from(weight as i8);
            }
        }
        for (output, total) in totals.iter_mut().enumerate() {
            *total = *total * self.steps[output] + self.biases[output];
        }
        totals
    }

    /// The file form: little-endian header, then the table.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.weights.len());
        bytes.extend(MAGIC);
        bytes.extend(self.fingerprint.to_le_bytes());
        bytes.extend(self.temperature.to_le_bytes());
        bytes.extend(self.crisis_threshold.to_le_bytes());
        for value in self.biases.iter().chain(&self.steps) {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(self.weights.iter());
        bytes
    }

    /// Reads the file form; the table is used where it lies.
    ///
    /// # Errors
    /// [`ModelError`] when the length or the first bytes are not those of a model.
    pub fn from_bytes(bytes: &'static [u8]) -> Result<Self, ModelError> {
        let (header, weights) = bytes.split_at_checked(HEADER).ok_or(ModelError)?;
        if header[..4] != MAGIC || weights.len() != FEATURES * OUTPUTS {
            return Err(ModelError);
        }
        let (fingerprint, header) = header[4..].split_first_chunk().ok_or(ModelError)?;
        let mut floats = header.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk));
        let mut next = || floats.next().filter(|value| value.is_finite()).ok_or(ModelError);
        let (temperature, crisis_threshold) = (next()?, next()?);
        let mut read = || -> Result<Scores, ModelError> {
            let mut scores = [0.0; OUTPUTS];
            for score in &mut scores {
                *score = next()?;
            }
            Ok(scores)
        };
        Ok(Self {
            fingerprint: u64::from_le_bytes(*fingerprint),
            temperature,
            crisis_threshold,
            biases: read()?,
            steps: read()?,
            weights: Cow::Borrowed(weights),
        })
    }
}

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Probabilities of the classes of a head; the rest of the result is zero.
pub fn probabilities(scores: &Scores, head: Head, temperature: f32) -> [f32; LANGUAGE.classes] {
    let mut result = [0.0; LANGUAGE.classes];
    let scores = &scores[head.columns()];
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for (probability, score) in result.iter_mut().zip(scores) {
        *probability = exp((score - highest) / temperature);
        sum += *probability;
    }
    result.iter_mut().for_each(|probability| *probability /= sum);
    result
}

/// Index of the greatest value; the first of several.
pub fn best(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_survives_its_file_form() {
        let mut weights = vec![[0.0; OUTPUTS]; FEATURES];
        weights[7][2] = -1.5;
        weights[9][2] = 0.75;
        let model = Model::quantise(&weights, [0.25; OUTPUTS]);
        let bytes: &'static [u8] = Vec::leak(model.to_bytes());
        let read = Model::from_bytes(bytes).unwrap();
        assert_eq!(read, model);
        let score = read.scores(&[Feature { row: 7, value: 2.0 }])[2];
        assert!((score + 2.75).abs() < 0.01, "{score}");
    }

    #[test]
    fn damaged_files_are_refused() {
        assert_eq!(Model::from_bytes(b"TIM1"), Err(ModelError));
        assert_eq!(Model::from_bytes(Vec::leak(vec![0; HEADER + FEATURES * OUTPUTS])), Err(ModelError));
    }

    #[test]
    fn probabilities_add_up_to_one_however_large_the_scores() {
        let mut scores = [0.0; OUTPUTS];
        scores[1] = 4_000.0;
        let sum: f32 = probabilities(&scores, INTENT, 1.0).iter().sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }
}
