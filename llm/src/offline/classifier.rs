//! The local classifier: a text in, a [`Classification`] out, in microseconds.

use tenants::intent::{Classification, Intent, Language, Sentiment};
use tenants::tuning::Tuning;

use super::lexicon::{Lexicon, LexiconError};
use super::model::{INTENT, Model, ModelError, SENTIMENT, best, probabilities};
use super::text::Text;
use super::{crisis, features, language, learn};

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

    /// Name of the model with the fingerprint of its weights, as `intents-0123abcd`.
    pub fn model_name(&self) -> String {
        format!("intents-{:08x}", self.model.fingerprint >> 32)
    }

    /// The words it knows.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// What `raw` wants. `hint` is the language it probably has.
    pub fn classify(&self, raw: &str, hint: Option<Language>) -> Classification {
        self.classify_tuned(raw, hint, &Tuning::default())
    }

    /// What `raw` wants, with what a tenant's people have taught. The default tuning changes nothing. No tuning changes
    /// what counts as a crisis, the sentiment or the language, nor takes a clear complaint for anything else.
    pub fn classify_tuned(&self, raw: &str, hint: Option<Language>, tuning: &Tuning) -> Classification {
        let text = Text::parse(raw);
        let mut features = features::extract(&text, &self.lexicon);
        let scores = self.model.scores(&features);
        let crisis = crisis::decide(&text, &scores, &self.model, &self.lexicon);
        let mut intents = probabilities(&scores, INTENT, self.model.temperature);
        if !tuning.nudges.is_empty() && !learn::is_fixed(crisis, intents[Intent::Complaint as usize]) {
            let mut tuned = scores;
            features.retain(|feature| features::is_word(feature.row));
            learn::nudge(&mut tuned[INTENT.columns()], &features, tuning);
            intents = probabilities(&tuned, INTENT, self.model.temperature);
        }
        let intent = best(&intents[..INTENT.classes]);
        let sentiment = best(&probabilities(&scores, SENTIMENT, 1.0)[..SENTIMENT.classes]);
        Classification {
            intent: Intent::ALL[intent],
            confidence: intents[intent],
            probabilities: Intent::ALL.iter().copied().zip(intents).collect(),
            sentiment: Sentiment::ALL[sentiment],
            language: language::decide(&text, &scores, hint),
            crisis,
        }
    }

    /// Scores of the intents without nudges, in the order of [`Intent::ALL`].
    pub(super) fn intent_scores(&self, text: &Text) -> [f32; INTENT.classes] {
        let scores = self.model.scores(&features::extract(text, &self.lexicon));
        std::array::from_fn(|intent| scores[INTENT.start + intent])
    }

    /// The language of a text, or `None`; see the decision rule in `language.rs`.
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

#[cfg(test)]
mod tests {
    use super::super::evaluate::{Report, evaluate};
    use super::super::{examples, train};
    use super::*;

    fn classify(raw: &str) -> Classification {
        Classifier::built_in().unwrap().classify(raw, None)
    }

    #[test]
    fn the_built_in_weights_are_those_of_the_examples() {
        let model = train::train(&examples::training().unwrap(), &built_in_lexicon().unwrap());
        let is_equal = model.to_bytes() == WEIGHTS;
        assert!(
            is_equal,
            "config/intents/model.bin is out of date: cargo run -p troupe-llm --example train_intents"
        );
    }

    #[test]
    fn it_is_good_enough_on_examples_it_never_saw() {
        let report = evaluate(&Classifier::built_in().unwrap(), &examples::held_out().unwrap());
        let measures = format!("{report}");
        assert!(report.accuracy >= 0.85, "{measures}");
        assert!(report.macro_f1 >= 0.85, "{measures}");
        assert!(report.per_intent.iter().all(|(_, recall, _)| *recall >= 0.75), "{measures}");
        assert!(report.per_language.iter().all(|(_, accuracy)| *accuracy >= 0.82), "{measures}");
        assert!(report.calibration_error <= 0.08, "{measures}");
        assert!(report.sentiment_accuracy >= 0.85, "{measures}");
        assert!(report.language_accuracy >= 0.92, "{measures}");
        assert!(recall_of_complaints(&report) >= 0.92, "{measures}");
        assert!(report.crisis_recall >= 0.97, "{measures}");
        assert!(report.crisis_precision >= 0.6, "{measures}");
    }

    #[test]
    fn it_does_not_get_worse_on_hard_examples_it_never_saw() {
        let report = evaluate(&Classifier::built_in().unwrap(), &examples::held_out_hard().unwrap());
        let measures = format!("{report}");
        assert!(report.accuracy >= 0.71, "{measures}");
        assert!(report.macro_f1 >= 0.69, "{measures}");
        assert!(recall_of_complaints(&report) >= 0.8, "{measures}");
        assert!(report.crisis_recall >= 0.68, "{measures}");
        assert!(report.calibration_error <= 0.1, "{measures}");
        assert!(report.language_accuracy >= 0.92, "{measures}");
    }

    fn recall_of_complaints(report: &Report) -> f64 {
        report.per_intent[Intent::Complaint as usize].1
    }

    #[test]
    fn probabilities_come_in_the_order_of_the_intents_and_add_up_to_one() {
        let found = classify("how much is it?");
        let intents: Vec<Intent> = found.probabilities.iter().map(|(intent, _)| *intent).collect();
        assert_eq!(intents, Intent::ALL);
        let sum: f32 = found.probabilities.iter().map(|(_, probability)| probability).sum();
        assert!((sum - 1.0).abs() < 1e-5);
        assert!((0.0..=1.0).contains(&found.confidence));
    }

    #[test]
    fn emoji_alone_have_an_intent_but_no_language() {
        let found = classify("🔥🔥🔥");
        assert_eq!((found.intent, found.sentiment), (Intent::Praise, Sentiment::Positive));
        assert_eq!(found.language, None);
        assert_eq!(Classifier::built_in().unwrap().classify("🔥🔥", Some(Language::German)).language, None);
    }

    #[test]
    fn other_languages_and_scripts_are_none_of_ours() {
        for raw in [
            "Hoeveel kost deze jas eigenlijk?",
            "сколько это стоит",
            "これはいくらですか",
            "ne kadar bu acaba",
        ] {
            assert_eq!(classify(raw).language, None, "{raw}");
        }
    }

    #[test]
    fn a_hint_decides_only_where_the_text_does_not() {
        let classifier = Classifier::built_in().unwrap();
        assert_eq!(classifier.classify("info?", Some(Language::Italian)).language, Some(Language::Italian));
        let clear = "Wann habt ihr am Samstag geöffnet?";
        assert_eq!(classifier.classify(clear, Some(Language::Italian)).language, Some(Language::German));
    }

    #[test]
    fn exaggeration_is_no_crisis_and_danger_is_one() {
        for raw in [
            "I'm dying, so cute 😭❤️",
            "me muero de amor 😍",
            "this burger is the bomb 🔥",
            "zum Sterben lecker",
        ] {
            assert!(!classify(raw).crisis, "{raw}");
        }
        for raw in [
            "my throat is swelling up after your cookie",
            "mi abogado os va a escribir",
            "ich will nicht mehr leben",
        ] {
            assert!(classify(raw).crisis, "{raw}");
        }
    }

    #[test]
    fn empty_and_odd_texts_are_classified_without_a_panic() {
        let long = "a ".repeat(100_000);
        for raw in ["", " ", "\u{200b}", "\u{0301}", "?", "#", "@", "http://", &long] {
            assert!(classify(raw).confidence.is_finite());
        }
    }
}
