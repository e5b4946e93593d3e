//! Whether a text speaks of danger: injury, allergy, self-harm, threats, lawyers, police, press.
//!
//! Two alarms, either is enough: phrases of the lexicon that leave no doubt, and a head of the classifier whose
//! threshold is set for recall. A false alarm costs a person a look; a missed one can cost much more.

use super::lexicon::{ALARM_PREFIX, Lexicon};
use super::model::{CRISIS, Model, Scores, probabilities};
use super::text::Text;

/// True when a person must see this text at once.
pub fn decide(text: &Text, scores: &Scores, model: &Model, lexicon: &Lexicon) -> bool {
    probabilities(scores, CRISIS, 1.0)[1] >= model.crisis_threshold || has_alarm(text, lexicon)
}

/// True when a phrase in the text leaves no doubt.
pub fn has_alarm(text: &Text, lexicon: &Lexicon) -> bool {
    lexicon.hits(text).iter().any(|hit| lexicon.name(hit.class).starts_with(ALARM_PREFIX))
}
