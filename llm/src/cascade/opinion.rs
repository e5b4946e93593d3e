//! What a model says that a text wants.

use serde::Deserialize;
use serde_json::{Value, json};
use tenants::intent::{Classification, Intent, Language, Sentiment};

use crate::request::Schema;

/// Most that a model's word about its own certainty is worth: models overrate themselves.
const MOST_SURE: f32 = 0.95;
/// The same where the local classifier reads the text otherwise.
const MOST_SURE_ALONE: f32 = 0.85;

/// A model's answer. Its form was checked against [`schema`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Opinion {
    intent: Intent,
    confidence: f32,
    sentiment: Sentiment,
    language: Option<Language>,
    pub crisis: bool,
}

/// The form in which a model must answer.
pub(super) fn schema() -> Schema {
    let words = |all: &[&str]| json!({ "type": "string", "enum": all });
    let intents: Vec<&str> = Intent::ALL.iter().map(|intent| intent.as_str()).collect();
    let sentiments: Vec<&str> = Sentiment::ALL.iter().map(|sentiment| sentiment.as_str()).collect();
    let mut languages: Vec<Value> = Language::ALL.iter().map(|language| json!(language.as_str())).collect();
    languages.push(Value::Null);
    let schema = json!({
        "type": "object",
        "properties": {
            "intent": words(&intents),
            "confidence": { "type": "number", "minimum": 0, "maximum": 1 },
            "sentiment": words(&sentiments),
            "language": { "type": ["string", "null"], "enum": languages },
            "crisis": { "type": "boolean" },
        },
        "required": ["intent", "confidence", "sentiment", "language", "crisis"],
        "additionalProperties": false,
    });
    Schema { name: "classification".to_owned(), schema }
}

impl Opinion {
    /// Reads an answer.
    pub fn read(json: Option<&Value>) -> Option<Self> {
        Self::deserialize(json?).ok()
    }

    /// The opinion as a classification. It is worth less where `local` reads the text otherwise, and says nothing about
    /// how the rest of the probability is spread, which is therefore taken from there.
    pub fn beside(&self, local: &Classification) -> Classification {
        let agrees = self.intent == local.intent;
        let stated = if self.confidence.is_nan() { 0.0 } else { self.confidence.clamp(0.0, 1.0) };
        let confidence =
            if agrees { stated.min(MOST_SURE).max(local.confidence) } else { stated.min(MOST_SURE_ALONE) };
        Classification {
            intent: self.intent,
            confidence,
            probabilities: spread(self.intent, confidence, local),
            sentiment: self.sentiment,
            language: self.language.or(local.language),
            crisis: self.crisis,
        }
    }
}

/// `confidence` for one intent, the rest among the others as the local classifier has it.
fn spread(intent: Intent, confidence: f32, local: &Classification) -> Vec<(Intent, f32)> {
    let others: f32 =
        local.probabilities.iter().filter(|(other, _)| *other != intent).map(|(_, share)| share).sum();
    let even = 1.0 / (Intent::ALL.len() - 1) as f32;
    let share = |other: &Intent| {
        let part = if others > f32::EPSILON { local.probability(*other) / others } else { even };
        (*other, if *other == intent { confidence } else { (1.0 - confidence) * part })
    };
    Intent::ALL.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use crate::testing::classification;

    fn opinion(intent: &str, confidence: f64) -> Opinion {
        let json = json!({ "intent": intent, "confidence": confidence, "sentiment": "neutral", "language": null, "crisis": false });
        assert_eq!(schema::check(&super::schema().schema, &json), Ok(()));
        Opinion::read(Some(&json)).unwrap()
    }

    #[test]
    fn two_that_agree_are_surer_than_one_against_the_other() {
        let local = classification(Intent::Question, 0.7);
        let with = opinion("question", 0.99).beside(&local);
        let against = opinion("lead", 0.99).beside(&local);
        assert_eq!((with.intent, against.intent), (Intent::Question, Intent::Lead));
        assert!(with.confidence > against.confidence, "{} and {}", with.confidence, against.confidence);
        for found in [with, against] {
            let sum: f32 = found.probabilities.iter().map(|(_, share)| share).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        }
    }

    #[test]
    fn an_answer_outside_of_the_form_is_none() {
        let bad = json!({ "intent": "sales", "confidence": 1, "sentiment": "neutral", "language": "en", "crisis": false });
        assert!(schema::check(&super::schema().schema, &bad).is_err());
        assert_eq!(Opinion::read(Some(&bad)), None);
        assert_eq!(Opinion::read(None), None);
    }

    #[test]
    fn a_local_answer_without_any_other_probability_leaves_the_rest_evenly_spread() {
        let found = opinion("lead", 0.5).beside(&classification(Intent::Lead, 1.0));
        assert!(found.probabilities.iter().all(|(_, share)| share.is_finite()));
    }
}
