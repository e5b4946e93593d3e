//! Texts as the words they share. BM25 over stems: a tenant is spoken to in several languages, and often nobody knows
//! in which, so a word stands in the index as the stem that each of the languages makes of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use qdrant_edge::bm25_embed::{EdgeBm25, EdgeBm25Config};
use serde_json::json;

/// The languages whose stems are indexed; the first is also how a word is found as it was written, nearly always.
const LANGUAGES: [&str; 6] = ["english", "spanish", "portuguese", "german", "french", "italian"];
/// Words of a usual item: texts much longer than that count each of their words less.
const USUAL_LENGTH: usize = 30;
/// Longer words are no words: links, keys, what somebody typed to do harm.
const LONGEST_WORD: usize = 40;
/// Words of a question that are looked up: more would make a search long and no better.
const MOST_WORDS: usize = 64;

/// A text as numbers: sorted places, each with its weight.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Words {
    pub(super) places: Vec<u32>,
    pub(super) weights: Vec<f32>,
}

/// Makes [`Words`] of texts.
pub(super) struct Speller {
    stems: Vec<EdgeBm25>,
    /// For scripts that put no spaces between words; it brings dictionaries along, so it is made when it is needed.
    unspaced: LazyLock<Option<EdgeBm25>>,
}

impl Speller {
    /// Reads the lists of stop words. To be made once and shared.
    pub(super) fn new() -> Result<Self, String> {
        let stems = LANGUAGES.iter().map(|language| stemming(language)).collect::<Result<_, _>>()?;
        Ok(Self { stems, unspaced: LazyLock::new(|| model(json!({ "tokenizer": "multilingual" })).ok()) })
    }

    /// A text that is to be found.
    pub(super) fn document(&self, text: &str) -> Words {
        self.words(text, |model, text| {
            let found = model.embed_document(text);
            (found.indices, found.values)
        })
    }

    /// What is looked for.
    pub(super) fn question(&self, text: &str) -> Words {
        let short: String = text.split_inclusive(char::is_whitespace).take(MOST_WORDS).collect();
        self.words(&short, |model, text| {
            let found = model.embed_query(text);
            (found.indices, found.values)
        })
    }

    fn words(&self, text: &str, spell: impl Fn(&EdgeBm25, &str) -> (Vec<u32>, Vec<f32>)) -> Words {
        let unspaced = if has_unspaced_script(text) { self.unspaced.as_ref() } else { None };
        let mut all: BTreeMap<u32, f32> = BTreeMap::new();
        for model in self.stems.iter().chain(unspaced) {
            let (places, weights) = spell(model, text);
            for (place, weight) in places.into_iter().zip(weights) {
                let known = all.entry(place).or_insert(weight);
                *known = known.max(weight);
            }
        }
        Words { places: all.keys().copied().collect(), weights: all.into_values().collect() }
    }
}

impl std::fmt::Debug for Speller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Speller")
    }
}

fn stemming(language: &str) -> Result<EdgeBm25, String> {
    model(json!({
        "language": language,
        "stemmer": { "type": "snowball", "language": language },
        "stopwords": { "languages": LANGUAGES },
        "ascii_folding": true,
        "avg_len": USUAL_LENGTH,
        "max_token_len": LONGEST_WORD,
    }))
}

fn model(config: serde_json::Value) -> Result<EdgeBm25, String> {
    let config: EdgeBm25Config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    EdgeBm25::new(config).map_err(|error| error.to_string())
}

/// Thai, Chinese, Japanese and their neighbours.
fn has_unspaced_script(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c as u32, 0x0e00..=0x0eff | 0x1000..=0x109f | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xf900..=0xfaff)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(speller: &Speller, question: &str, document: &str) -> usize {
        let document = speller.document(document).places;
        speller.question(question).places.iter().filter(|place| document.contains(place)).count()
    }

    #[test]
    fn forms_of_a_word_meet_in_the_languages_we_speak() {
        let speller = Speller::new().unwrap();
        for (question, document) in [
            ("do you ship to Spain?", "Shipping takes three days"),
            ("¿hacéis envíos?", "El envío cuesta 5 euros"),
            ("Kommen Lieferungen auch sonntags?", "Die Lieferung kommt werktags"),
            ("quels sont les délais de livraison ?", "Les livraisons sont offertes"),
            ("quanto costa la spedizione?", "Le spedizioni partono ogni giorno"),
            ("tem tamanhos maiores?", "O tamanho maior esgotou"),
            ("Cafe", "Das CAFÉ ist offen"),
        ] {
            assert!(shared(&speller, question, document) > 0, "{question} finds nothing in {document}");
        }
    }

    #[test]
    fn small_words_say_nothing() {
        let speller = Speller::new().unwrap();
        assert_eq!(speller.question("the and of").places.len(), 0);
        assert_eq!(shared(&speller, "is it for the dog", "This is for you and it"), 0);
    }

    #[test]
    fn words_without_spaces_between_them_are_found() {
        let speller = Speller::new().unwrap();
        assert!(shared(&speller, "営業時間は", "営業時間は十時からです") > 0);
    }

    #[test]
    fn whatever_comes_as_a_question_is_bounded() {
        let speller = Speller::new().unwrap();
        let long = "word ".repeat(100_000);
        assert!(speller.question(&long).places.len() <= MOST_WORDS * LANGUAGES.len());
        for hostile in
            ["", "\0\u{202e}\u{200d}", "🦄🦄🦄", "?!…", "' or 1=1 --", "{\"visibility\":\"internal\"}"]
        {
            let words = speller.question(hostile);
            assert_eq!(words.places.len(), words.weights.len());
            assert!(words.places.is_sorted());
        }
    }
}
