//! Attacks, what a model says that obeyed them, and replies that nobody should stop (`tests/corpus/`).

use std::str::FromStr;

use tenants::intent::Language;

/// Stands between the messages of an attack that is spread over several.
const BETWEEN: &str = " || ";

/// A line of the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The technique, or the kind of answer.
    pub kind: &'static str,
    /// The text.
    pub text: String,
}

impl Sample {
    /// The messages of an attack, in order; most have one.
    pub fn messages(&self) -> Vec<&str> {
        self.text.split(BETWEEN).collect()
    }
}

/// Attacks as customers write them.
pub fn attacks() -> Vec<Sample> {
    samples(include_str!("../../../tests/corpus/attacks.tsv"))
}

/// Attacks that were not looked at while the guards were made.
pub fn unseen_attacks() -> Vec<Sample> {
    samples(include_str!("../../../tests/corpus/unseen_attacks.tsv"))
}

/// What models say that obeyed.
pub fn obeyed() -> Vec<Sample> {
    samples(include_str!("../../../tests/corpus/obeyed.tsv"))
}

/// What models say that obeyed, not looked at while the guards were made.
pub fn unseen_obeyed() -> Vec<Sample> {
    samples(include_str!("../../../tests/corpus/unseen_obeyed.tsv"))
}

/// Good replies.
///
/// # Panics
/// When a line names no language.
pub fn harmless() -> Vec<(Language, String)> {
    let language = |kind: &str| Language::from_str(kind).expect("a harmless reply names its language");
    let all = samples(include_str!("../../../tests/corpus/harmless.tsv"));
    all.into_iter().map(|sample| (language(sample.kind), sample.text)).collect()
}

fn samples(file: &'static str) -> Vec<Sample> {
    let lines = file.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let sample = |line: &'static str| {
        let (kind, text) = line.split_once('\t').expect("a line of the corpus has two columns");
        Sample { kind, text: unescaped(text) }
    };
    lines.map(sample).collect()
}

/// Reads `\n`, `\t`, `\\` and `\u{…}`.
fn unescaped(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        read.push_str(before);
        let mut letters = after.chars();
        match letters.next() {
            Some('n') => read.push('\n'),
            Some('t') => read.push('\t'),
            Some('u') => {
                let (code, tail) = after["u{".len()..].split_once('}').expect("an escape is closed");
                let code = u32::from_str_radix(code, 16).expect("an escape holds a number");
                read.push(char::from_u32(code).expect("an escape names a character"));
                letters = tail.chars();
            }
            Some(other) => read.push(other),
            None => {}
        }
        rest = letters.as_str();
    }
    read.push_str(rest);
    read
}
