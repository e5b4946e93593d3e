//! Whether a text speaks of danger: injury, allergy, self-harm, threats, lawyers, police, press.
//!
//! Two alarms, either is enough: phrases of the lexicon that leave no doubt, and two heads of the classifier whose
//! common threshold is set for recall. A false alarm costs a person a look; a missed one can cost much more.

use tenants::intent::Intent;

use super::lexicon::{ALARM_PREFIX, Lexicon};
use super::model::{CRISIS, INTENT, Model, Scores, probabilities};
use super::text::Text;

/// True when a person must see this text at once.
pub fn decide(text: &Text, scores: &Scores, model: &Model, lexicon: &Lexicon) -> bool {
    danger(scores) >= model.crisis_threshold || has_alarm(text, lexicon)
}

/// How much the heads speak for danger, from 0 to 1. Crises are complaints in the examples: asking for both keeps
/// "to die for" from being one.
pub fn danger(scores: &Scores) -> f32 {
    let complaint = probabilities(scores, INTENT, 1.0)[Intent::Complaint as usize];
    probabilities(scores, CRISIS, 1.0)[1] * complaint
}

/// True when a phrase in the text leaves no doubt.
pub fn has_alarm(text: &Text, lexicon: &Lexicon) -> bool {
    lexicon.hits(text).iter().any(|hit| lexicon.name(hit.class).starts_with(ALARM_PREFIX))
}
