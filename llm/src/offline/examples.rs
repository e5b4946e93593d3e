//! The labelled examples in `config/intents/`: what the classifier is trained and measured on.

use std::str::FromStr;

use tenants::intent::{Intent, Language, Sentiment};

/// Files of one language.
struct Files {
    /// `None`: texts without a language, such as emoji.
    language: Option<Language>,
    train: &'static str,
    test: &'static str,
}

macro_rules! files {
    ($language:expr, $code:literal) => {
        Files {
            language: $language,
            train: include_str!(concat!("../../../config/intents/train.", $code, ".tsv")),
            test: include_str!(concat!("../../../config/intents/test.", $code, ".tsv")),
        }
    };
}

const FILES: [Files; 7] = [
    files!(Some(Language::English), "en"),
    files!(Some(Language::Spanish), "es"),
    files!(Some(Language::Portuguese), "pt"),
    files!(Some(Language::German), "de"),
    files!(Some(Language::French), "fr"),
    files!(Some(Language::Italian), "it"),
    files!(None, "any"),
];

/// Texts in languages Troupe does not speak, one a line.
const FOREIGN: &str = include_str!("../../../config/intents/foreign.txt");

/// A text and what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The text.
    pub text: &'static str,
    /// Its labels; `None` for a text that only teaches what our languages are not.
    pub labels: Option<Labels>,
    /// Its language.
    pub speech: Speech,
}

/// The labels of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    /// What it wants.
    pub intent: Intent,
    /// Its feeling.
    pub sentiment: Sentiment,
    /// Whether it speaks of danger.
    pub crisis: bool,
}

/// What is known about the language of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Speech {
    /// One of ours.
    Known(Language),
    /// Another one.
    Foreign,
    /// None: emoji, numbers.
    Wordless,
}

/// A line that is not `intent<TAB>sentiment<TAB>0|1<TAB>text`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read the example `{line}`: {problem}; write intent, sentiment, 0 or 1 for a crisis, text, with tabs between"
)]
pub struct ExampleError {
    /// The line.
    pub line: String,
    /// What is wrong.
    pub problem: String,
}

/// The examples to train on, those of other languages included.
///
/// # Errors
/// [`ExampleError`] at the first line that cannot be read.
pub fn training() -> Result<Vec<Example>, ExampleError> {
    let mut examples = Vec::new();
    for files in FILES {
        examples.extend(parse(files.train, files.language)?);
    }
    let foreign = lines(FOREIGN).map(|text| Example { text, labels: None, speech: Speech::Foreign });
    examples.extend(foreign);
    Ok(examples)
}

/// The examples that training never sees.
///
/// # Errors
/// [`ExampleError`] at the first line that cannot be read.
pub fn held_out() -> Result<Vec<Example>, ExampleError> {
    let mut examples = Vec::new();
    for files in FILES {
        examples.extend(parse(files.test, files.language)?);
    }
    Ok(examples)
}

fn lines(source: &'static str) -> impl Iterator<Item = &'static str> {
    source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# "))
}

fn parse(source: &'static str, language: Option<Language>) -> Result<Vec<Example>, ExampleError> {
    let speech = language.map_or(Speech::Wordless, Speech::Known);
    lines(source).map(|line| parse_line(line, speech)).collect()
}

fn parse_line(line: &'static str, speech: Speech) -> Result<Example, ExampleError> {
    let fail = |problem: String| ExampleError { line: line.to_owned(), problem };
    let mut fields = line.splitn(4, '\t');
    let mut next = || fields.next().ok_or_else(|| fail("a field is missing".to_owned()));
    let labels = Labels {
        intent: Intent::from_str(next()?).map_err(|error| fail(error.to_string()))?,
        sentiment: Sentiment::from_str(next()?).map_err(|error| fail(error.to_string()))?,
        crisis: match next()? {
            "0" => false,
            "1" => true,
            other => return Err(fail(format!("`{other}` is neither 0 nor 1"))),
        },
    };
    Ok(Example { text: next()?, labels: Some(labels), speech })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;

    fn per_intent(examples: &[Example]) -> BTreeMap<(Language, Intent), usize> {
        let mut counts = BTreeMap::new();
        for example in examples {
            if let (Speech::Known(language), Some(labels)) = (example.speech, example.labels) {
                *counts.entry((language, labels.intent)).or_default() += 1;
            }
        }
        counts
    }

    #[test]
    fn there_are_enough_examples_of_every_intent_in_every_language() {
        let training = per_intent(&training().unwrap());
        let held_out = per_intent(&held_out().unwrap());
        for &language in Language::ALL {
            for &intent in Intent::ALL {
                let least = if intent == Intent::Other { 40 } else { 60 };
                let count = training.get(&(language, intent)).copied().unwrap_or(0);
                assert!(count >= least, "{language} {intent}: {count} to train on, {least} wanted");
                let count = held_out.get(&(language, intent)).copied().unwrap_or(0);
                assert!(count >= 5, "{language} {intent}: {count} held out, 5 wanted");
            }
        }
    }

    #[test]
    fn no_text_is_both_trained_on_and_held_out_nor_written_twice() {
        let mut seen = HashSet::new();
        for example in training().unwrap().iter().chain(&held_out().unwrap()) {
            assert!(seen.insert((example.text.to_lowercase(), example.speech)), "{}", example.text);
        }
    }
}
