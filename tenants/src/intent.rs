//! What a text wants: the intents of a comment or message, and what else the classifier says about it.

use serde::{Deserialize, Serialize};

use crate::words::word_enum;

word_enum! {
    /// What the author of a comment or message wants.
    pub enum Intent {
        /// Approval or affection; needs at most a thank-you.
        Praise = "praise",
        /// Something that wants an answer.
        Question = "question",
        /// Dissatisfaction with the brand or its product.
        Complaint = "complaint",
        /// Advertising, scams, bait.
        Spam = "spam",
        /// Somebody who may buy.
        Lead = "lead",
        /// None of the others.
        Other = "other",
    }
}

impl Intent {
    /// What people call texts of this intent, with the verb that fits: `questions are`.
    pub fn texts_are(self) -> &'static str {
        match self {
            Intent::Praise => "praise is",
            Intent::Question => "questions are",
            Intent::Complaint => "complaints are",
            Intent::Spam => "spam is",
            Intent::Lead => "leads are",
            Intent::Other => "texts of no known kind are",
        }
    }

    /// What one text of this intent is: `a question`.
    pub fn a_text_is(self) -> &'static str {
        match self {
            Intent::Praise => "praise",
            Intent::Question => "a question",
            Intent::Complaint => "a complaint",
            Intent::Spam => "spam",
            Intent::Lead => "a lead",
            Intent::Other => "of no known kind",
        }
    }
}

word_enum! {
    /// The feeling of a text towards the brand.
    pub enum Sentiment {
        /// Friendly.
        Positive = "positive",
        /// Neither.
        Neutral = "neutral",
        /// Unfriendly.
        Negative = "negative",
    }
}

word_enum! {
    /// A language Troupe can classify and answer in, by its ISO 639-1 code.
    pub enum Language {
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
        /// Portuguese.
        Portuguese = "pt",
        /// German.
        German = "de",
        /// French.
        French = "fr",
        /// Italian.
        Italian = "it",
    }
}

/// What a classifier made of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The most probable intent.
    pub intent: Intent,
    /// Its calibrated probability, 0 to 1.
    pub confidence: f32,
    /// Probability of each intent, in the order of [`Intent::ALL`]; they add up to 1.
    pub probabilities: Vec<(Intent, f32)>,
    /// Feeling of the text.
    pub sentiment: Sentiment,
    /// Language of the text; `None` when it cannot be told (emoji only, another language).
    pub language: Option<Language>,
    /// True when the text speaks of danger: injury, self-harm, threats, legal action, press.
    pub crisis: bool,
}

/// From this probability on a text may be a complaint, whatever else it is taken for. Chosen by cross-validation: it
/// halves the complaints and crises that are thanked for or hidden (`docs/classifier.md`), and costs a person one look in
/// fourteen of what would else be acted on.
const MAY_BE_A_COMPLAINT: f32 = 0.1;

impl Classification {
    /// True when the text is taken for something else, but may well be a complaint.
    pub fn may_be_complaint(&self) -> bool {
        self.intent != Intent::Complaint && self.probability(Intent::Complaint) >= MAY_BE_A_COMPLAINT
    }

    /// Probability of this intent, 0 to 1; 0 when nothing is known of it.
    pub fn probability(&self, intent: Intent) -> f32 {
        self.probabilities.iter().find(|(of, _)| *of == intent).map_or(0.0, |(_, probability)| *probability)
    }
}
