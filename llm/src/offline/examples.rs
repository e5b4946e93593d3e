//! The labelled examples in `config/intents/`: what the classifier is trained and measured on.

use std::str::FromStr;

use tenants::intent::{Intent, Language, Sentiment};

/// Files of one language.
struct Files {
    /// `None`: texts without a language, such as emoji.
    language: Option<Language>,
    train: &'static str,
    test: &'static str,
    hard: &'static str,
}

macro_rules! files {
    ($language:expr, $code:literal) => {
        Files {
            language: $language,
            train: include_str!(concat!("../../../config/intents/train.", $code, ".tsv")),
            test: include_str!(concat!("../../../config/intents/test.", $code, ".tsv")),
            hard: include_str!(concat!("../../../config/intents/test.hard.", $code, ".tsv")),
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

/// What makes a text hard; `config/intents/README.md` explains each.
pub const KINDS: [&str; 16] = [
    "emoji",
    "slang",
    "typos",
    "sarcasm",
    "mixed",
    "long",
    "short",
    "switching",
    "negation",
    "polite",
    "indirect",
    "spam",
    "disguised",
    "injection",
    "crisis",
    "near-crisis",
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
    /// What makes it hard, one of [`KINDS`]; `None` for an ordinary text.
    pub kind: Option<&'static str>,
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

/// A line that is not `intent<TAB>sentiment<TAB>0|1<TAB>text`, or has no kind in front where one is wanted.
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
        examples.extend(parse(files.train, files.language, parse_line)?);
    }
    let foreign =
        lines(FOREIGN).map(|text| Example { text, labels: None, speech: Speech::Foreign, kind: None });
    examples.extend(foreign);
    Ok(examples)
}

/// The examples that training never sees: ordinary texts, some of them difficult.
///
/// # Errors
/// [`ExampleError`] at the first line that cannot be read.
pub fn held_out() -> Result<Vec<Example>, ExampleError> {
    let mut examples = Vec::new();
    for files in FILES {
        examples.extend(parse(files.test, files.language, parse_line)?);
    }
    Ok(examples)
}

/// More examples that training never sees, each of a kind that is easily misread.
///
/// # Errors
/// [`ExampleError`] at the first line that cannot be read.
pub fn held_out_hard() -> Result<Vec<Example>, ExampleError> {
    let mut examples = Vec::new();
    for files in FILES {
        examples.extend(parse(files.hard, files.language, parse_hard_line)?);
    }
    Ok(examples)
}

fn lines(source: &'static str) -> impl Iterator<Item = &'static str> {
    source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# "))
}

type ParseLine = fn(&'static str, Speech) -> Result<Example, ExampleError>;

fn parse(
    source: &'static str,
    language: Option<Language>,
    parse_line: ParseLine,
) -> Result<Vec<Example>, ExampleError> {
    let speech = language.map_or(Speech::Wordless, Speech::Known);
    lines(source).map(|line| parse_line(line, speech)).collect()
}

/// A line with its kind in front.
fn parse_hard_line(line: &'static str, speech: Speech) -> Result<Example, ExampleError> {
    let (kind, rest) = line.split_once('\t').unwrap_or((line, ""));
    let kind = KINDS.into_iter().find(|known| *known == kind).ok_or_else(|| ExampleError {
        line: line.to_owned(),
        problem: format!("`{kind}` is none of the kinds {}", KINDS.join(", ")),
    })?;
    Ok(Example { kind: Some(kind), ..parse_line(rest, speech)? })
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
    Ok(Example { text: next()?, labels: Some(labels), speech, kind: None })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::super::text::Text;
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
    fn every_kind_of_hard_text_is_held_out_in_every_language() {
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for example in held_out_hard().unwrap() {
            if let (Speech::Known(language), Some(kind)) = (example.speech, example.kind) {
                *counts.entry((language, kind)).or_default() += 1;
            }
        }
        for &language in Language::ALL {
            for kind in KINDS {
                let count = counts.get(&(language, kind)).copied().unwrap_or(0);
                assert!(count >= 3, "{language} {kind}: {count} held out, 3 wanted");
            }
        }
    }

    #[test]
    fn a_hard_line_needs_a_kind_that_is_known() {
        let read = parse_hard_line("sarcasm\tcomplaint\tnegative\t0\tgreat", Speech::Wordless).unwrap();
        assert_eq!((read.kind, read.text), (Some("sarcasm"), "great"));
        let error = parse_hard_line("complaint\tnegative\t0\tgreat", Speech::Wordless).unwrap_err();
        assert!(error.problem.contains("`complaint` is none of the kinds"), "{error}");
    }

    #[test]
    fn no_text_is_both_trained_on_and_held_out_nor_written_twice() {
        let mut seen = HashSet::new();
        let held_out = [held_out().unwrap(), held_out_hard().unwrap()].concat();
        for example in training().unwrap().iter().chain(&held_out) {
            assert!(seen.insert((example.text.to_lowercase(), example.speech)), "{}", example.text);
        }
    }

    /// Groups of three letters or signs, with case, accents and punctuation gone.
    fn trigrams(text: &str) -> HashSet<Vec<char>> {
        let letters: Vec<char> = format!(" {} ", Text::parse(text).words.join(" ")).chars().collect();
        letters.windows(3).map(<[char]>::to_vec).collect()
    }

    #[test]
    fn no_held_out_text_is_nearly_one_of_the_training_texts() {
        // Of shorter ones there are not many ways to say them.
        const SHORTEST: usize = 12;
        // Shared groups of letters among all groups of both. Above this, two texts are the same but for a word.
        const SIMILAR: f64 = 0.7;
        let long_ones = |examples: Vec<Example>| -> Vec<(&str, HashSet<Vec<char>>)> {
            let pairs = examples.iter().map(|example| (example.text, trigrams(example.text)));
            pairs.filter(|(_, trigrams)| trigrams.len() >= SHORTEST).collect()
        };
        let training = long_ones(training().unwrap());
        let mut similar = Vec::new();
        for (text, of_text) in long_ones([held_out().unwrap(), held_out_hard().unwrap()].concat()) {
            for (other, of_other) in &training {
                let (small, large) = (of_text.len().min(of_other.len()), of_text.len().max(of_other.len()));
                if (small as f64) < SIMILAR * large as f64 {
                    continue;
                }
                let shared = of_text.intersection(of_other).count();
                let all = of_text.len() + of_other.len() - shared;
                if shared as f64 >= SIMILAR * all as f64 {
                    similar.push((text, *other));
                }
            }
        }
        assert!(similar.is_empty(), "held out and trained on: {similar:#?}");
    }
}
