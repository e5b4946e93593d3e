//! The local classifier: a text in, a [`Classification`] out, in microseconds.

use tenants::intent::{Classification, Intent, Language, Sentiment};

use super::lexicon::{Lexicon, LexiconError};
use super::model::{INTENT, Model, ModelError, SENTIMENT, best, probabilities};
use super::text::Text;
use super::{crisis, features, language};

const LEXICON: &str = include_str!("../../../config/intents/lexicon.tsv");
const WEIGHTS: &[u8] = include_bytes!("../../../config/intents/model.bin");

/// The weights and the words they were trained with.
#[derive(Debug)]
pub struct Classifier {
    model: Model,
    lexicon: Lexicon,
}

/// Why the files built into the program cannot be used. Neither happens in a program whose tests pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassifierError {
    /// The lexicon has a bad line.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
    /// The weights are not a model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl Classifier {
    /// The classifier that is built into the program.
    ///
    /// # Errors
    /// [`ClassifierError`] when a built-in file is damaged.
    pub fn built_in() -> Result<Self, ClassifierError> {
        Ok(Self { model: Model::from_bytes(WEIGHTS)?, lexicon: built_in_lexicon()? })
    }

    /// A classifier of other weights.
    pub fn new(model: Model, lexicon: Lexicon) -> Self {
        Self { model, lexicon }
    }

    /// Name of the model with the fingerprint of what it was trained on, as `intents-0123abcd`.
    pub fn model_name(&self) -> String {
        format!("intents-{:08x}", self.model.fingerprint >> 32)
    }

    /// The words it knows.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// What `raw` wants. `hint` is the language it probably has.
    pub fn classify(&self, raw: &str, hint: Option<Language>) -> Classification {
        let text = Text::parse(raw);
        let scores = self.model.scores(&features::extract(&text, &self.lexicon));
        let intents = probabilities(&scores, INTENT, self.model.temperature);
        let intent = best(&intents[..INTENT.classes]);
        let sentiment = best(&probabilities(&scores, SENTIMENT, 1.0)[..SENTIMENT.classes]);
        Classification {
            intent: Intent::ALL[intent],
            confidence: intents[intent],
            probabilities: Intent::ALL.iter().copied().zip(intents).collect(),
            sentiment: Sentiment::ALL[sentiment],
            language: language::decide(&text, &scores, hint),
            crisis: crisis::decide(&text, &scores, &self.model, &self.lexicon),
        }
    }

    /// The language of a text, or `None`; see [`language::decide`].
    pub fn language_of(&self, raw: &str) -> Option<Language> {
        let text = Text::parse(raw);
        language::decide(&text, &self.model.scores(&features::extract(&text, &self.lexicon)), None)
    }
}

/// The lexicon that is built into the program.
///
/// # Errors
/// [`LexiconError`] at a bad line.
pub fn built_in_lexicon() -> Result<Lexicon, LexiconError> {
    Lexicon::parse(LEXICON)
}
