//! Words that mean the same in six languages: `price`, `precio`, `preço`, `Preis`, `prix`, `prezzo`.
//!
//! The classifier sees the class besides the word, so what it learned in one language helps in the others; the
//! search for a fitting fact uses the classes as synonyms; the crisis classes are the alarm words.
//! The words stand in `config/intents/lexicon.tsv`.

use std::collections::HashMap;

use super::text::Text;

/// Classes whose name starts so are alarm words: one of them is enough for a crisis.
pub const ALARM_PREFIX: &str = "alarm_";
/// Longest phrase, in words.
const LONGEST_PHRASE: usize = 4;
/// Shortest stem in front of a `*`, in bytes.
const SHORTEST_STEM: usize = 3;

/// Number of a class in a lexicon.
pub type ClassId = u16;

/// Words, stems and phrases, each with its classes.
#[derive(Debug, Default)]
pub struct Lexicon {
    names: Vec<String>,
    /// Whole words and phrases, words of a phrase joined by a space.
    phrases: HashMap<String, Vec<ClassId>>,
    stems: HashMap<String, Vec<ClassId>>,
}

/// A class found in a text, at the word where its phrase begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Which class.
    pub class: ClassId,
    /// Index of the first word in `Text::words`.
    pub word: usize,
}

/// A line of the lexicon that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("lexicon line {line}: {problem}; write `class<TAB>word word stem* two_words`")]
pub struct LexiconError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: &'static str,
}

impl Lexicon {
    /// Reads lines of `class<TAB>entries`: entries are separated by spaces, `*` at the end makes a stem, `_`
    /// joins the words of a phrase; `#` begins a comment. A class may have several lines.
    ///
    /// # Errors
    /// [`LexiconError`] at the first line without a class or with too short a stem or too long a phrase.
    pub fn parse(source: &str) -> Result<Self, LexiconError> {
        let mut lexicon = Self::default();
        for (index, line) in source.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let fail = |problem| LexiconError { line: index + 1, problem };
            let (class, entries) = line.split_once('\t').ok_or(fail("no tab after the class"))?;
            let class = lexicon.class_named(class);
            for entry in entries.split_whitespace() {
                lexicon.insert(entry, class).map_err(fail)?;
            }
        }
        Ok(lexicon)
    }

    /// Name of a class.
    pub fn name(&self, class: ClassId) -> &str {
        self.names.get(usize::from(class)).map_or("", String::as_str)
    }

    /// All classes found in a text, in the order of words. Phrases do not hide the words in them.
    pub fn hits(&self, text: &Text) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut phrase = String::new();
        for word in 0..text.words.len() {
            phrase.clear();
            for next in text.words[word..].iter().take(LONGEST_PHRASE) {
                if !phrase.is_empty() {
                    phrase.push(' ');
                }
                phrase.push_str(next);
                let classes = self.phrases.get(&phrase).into_iter().flatten();
                hits.extend(classes.map(|&class| Hit { class, word }));
            }
            self.stems_of(&text.words[word], word, &mut hits);
        }
        hits
    }

    fn stems_of(&self, whole: &str, word: usize, hits: &mut Vec<Hit>) {
        for end in SHORTEST_STEM..=whole.len() {
            if let Some(classes) = whole.get(..end).and_then(|stem| self.stems.get(stem)) {
                hits.extend(classes.iter().map(|&class| Hit { class, word }));
            }
        }
    }

    fn class_named(&mut self, name: &str) -> ClassId {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }) as ClassId
    }

    fn insert(&mut self, entry: &str, class: ClassId) -> Result<(), &'static str> {
        let (entry, is_stem) = entry.strip_suffix('*').map_or((entry, false), |stem| (stem, true));
        // Tags such as `<link>` stand for themselves; all else is folded as texts are.
        let words = if entry.starts_with('<') {
            vec![entry.to_owned()]
        } else {
            Text::parse(&entry.replace('_', " ")).words
        };
        if words.is_empty() || words.len() > LONGEST_PHRASE {
            return Err("an entry has one to four words");
        }
        let key = words.join(" ");
        if is_stem && (words.len() > 1 || key.len() < SHORTEST_STEM) {
            return Err("a stem is one word of at least three letters");
        }
        let map = if is_stem { &mut self.stems } else { &mut self.phrases };
        let classes = map.entry(key).or_default();
        if !classes.contains(&class) {
            classes.push(class);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(source: &str, raw: &str) -> Vec<String> {
        let lexicon = Lexicon::parse(source).unwrap();
        lexicon.hits(&Text::parse(raw)).iter().map(|hit| lexicon.name(hit.class).to_owned()).collect()
    }

    #[test]
    fn words_stems_and_phrases_are_found() {
        let source = "price\tprecio how_much\nrefund\treembols*\n# comment\nlove\t❤";
        assert_eq!(classes(source, "How much? PRECIO!"), ["price", "price"]);
        assert_eq!(classes(source, "quiero un reembolso ❤️"), ["refund", "love"]);
        assert!(classes(source, "much how").is_empty());
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(Lexicon::parse("a\tb\nnonsense").unwrap_err().line, 2);
        assert!(Lexicon::parse("a\tab*").is_err());
        assert!(Lexicon::parse("a\tone_two_three_four_five").is_err());
    }
}
