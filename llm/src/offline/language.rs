//! Which language a text is in, when that can be told.

use tenants::intent::Language;

use super::model::{LANGUAGE, Scores, best, probabilities};
use super::text::Text;

/// Probability below which a language is not named.
const LEAST: f32 = 0.5;
/// What a hint adds to the score of its language: it decides when the text says little.
const HINT: f32 = 1.5;
/// Letters below which a hint alone may decide.
const FEW_LETTERS: usize = 8;

/// The language of a text, or `None`: no letters, another language, or no telling.
///
/// `hint` is the language that the account or conversation usually speaks. It tips the scales, but does not
/// overrule a text that is clearly something else.
pub fn decide(text: &Text, scores: &Scores, hint: Option<Language>) -> Option<Language> {
    if text.has_no_letters() || text.foreign_letters * 2 > text.letters {
        return None;
    }
    let mut scores = *scores;
    if let Some(hint) = hint {
        let strength = if text.letters < FEW_LETTERS { 2.0 * HINT } else { HINT };
        scores[LANGUAGE.start + hint as usize] += strength;
    }
    let likely = probabilities(&scores, LANGUAGE, 1.0);
    let first = best(&likely);
    if likely[first] < LEAST {
        return None;
    }
    Language::ALL.get(first).copied()
}
