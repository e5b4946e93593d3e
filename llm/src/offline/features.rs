//! What the classifier sees of a text: hashed numbers of features, grouped and weighted.

use super::lexicon::Lexicon;
use super::text::Text;

/// Rows of the weight table: one per hashed feature.
pub const FEATURES: usize = 1 << 16;
/// The first rows are kept for cues, so that rare letter groups do not drown them.
const CUES: u32 = 1 << 13;
/// The rows behind the cues are for words and pairs of words.
const WORDS: u32 = 1 << 14;
/// From this row on the features are groups of letters.
const FIRST_LETTERS: u32 = CUES + WORDS;

const LETTERS_WEIGHT: f32 = 1.5;
const WORDS_WEIGHT: f32 = 1.0;
const CUES_WEIGHT: f32 = 2.0;
const SHORTEST_GROUP: usize = 2;
const LONGEST_GROUP: usize = 5;
/// Words after a negation that are taken as negated.
const NEGATION_REACH: usize = 3;

/// One feature of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    /// Row in the weight table.
    pub row: u32,
    /// How much it counts.
    pub value: f32,
}

/// All features of a text, sorted by row within each group.
pub fn extract(text: &Text, lexicon: &Lexicon) -> Vec<Feature> {
    let mut features = Vec::with_capacity(256);
    add_group(&mut features, letter_groups(text), LETTERS_WEIGHT);
    add_group(&mut features, word_groups(text), WORDS_WEIGHT);
    add_group(&mut features, cues(text, lexicon), CUES_WEIGHT);
    features
}

/// Gives the rows of a group the same value, so that the group as a whole has the length `weight` whatever the
/// length of the text.
fn add_group(features: &mut Vec<Feature>, mut rows: Vec<u32>, weight: f32) {
    rows.sort_unstable();
    rows.dedup();
    let value = weight / (rows.len().max(1) as f32).sqrt();
    features.extend(rows.into_iter().map(|row| Feature { row, value }));
}

/// Groups of 2 to 5 letters inside each word, with its borders, and each accent with its letter.
fn letter_groups(text: &Text) -> Vec<u32> {
    let mut rows = Vec::with_capacity(256);
    let mut letters: Vec<char> = Vec::with_capacity(24);
    for word in text.words.iter().filter(|word| !word.starts_with('<')) {
        letters.clear();
        letters.push('_');
        letters.extend(word.chars().take(30));
        letters.push('_');
        for start in 0..letters.len() {
            let mut hash = Hash::new("letters");
            for (length, &letter) in (1..=LONGEST_GROUP).zip(&letters[start..]) {
                hash.add(letter as u32);
                if length >= SHORTEST_GROUP {
                    rows.push(letters_row(hash));
                }
            }
        }
    }
    for &(letter, accent) in &text.accents {
        let mut hash = Hash::new("accent");
        hash.add(letter as u32);
        hash.add(accent as u32);
        rows.push(letters_row(hash));
    }
    rows
}

/// Single words and pairs of neighbours.
fn word_groups(text: &Text) -> Vec<u32> {
    let mut rows = Vec::with_capacity(64);
    let mut before = "_";
    for word in &text.words {
        rows.push(words_row(Hash::of("word", word)));
        let mut pair = Hash::of("pair", before);
        pair.add(' ' as u32);
        pair.add_text(word);
        rows.push(words_row(pair));
        before = word;
    }
    let mut last = Hash::of("pair", before);
    last.add_text(" _");
    rows.push(words_row(last));
    rows
}

fn words_row(hash: Hash) -> u32 {
    CUES + hash.mixed() % WORDS
}

/// Whether the row stands for a word or a pair of words.
pub fn is_word(row: u32) -> bool {
    (CUES..FIRST_LETTERS).contains(&row)
}

fn letters_row(hash: Hash) -> u32 {
    FIRST_LETTERS + hash.mixed() % (FEATURES as u32 - FIRST_LETTERS)
}

/// Classes of words, pairs of them, emoji, punctuation and shape.
fn cues(text: &Text, lexicon: &Lexicon) -> Vec<u32> {
    let mut cues = word_classes(text, lexicon);
    cues.extend(shape(text));
    cues.sort_unstable_by_key(|hash| hash.0);
    cues.dedup_by_key(|hash| hash.0);
    let mut rows: Vec<u32> = cues.iter().map(|hash| hash.mixed() % CUES).collect();
    for (index, first) in cues.iter().enumerate() {
        for second in &cues[index + 1..] {
            let mut pair = *first;
            pair.add(second.mixed());
            rows.push(pair.mixed() % CUES);
        }
    }
    rows
}

/// The classes of the words; a class shortly after a negation counts as another one.
fn word_classes(text: &Text, lexicon: &Lexicon) -> Vec<Hash> {
    let hits = lexicon.hits(text);
    let negations: Vec<usize> =
        hits.iter().filter(|hit| lexicon.name(hit.class) == "negation").map(|hit| hit.word).collect();
    hits.iter()
        .map(|hit| {
            let is_negated = negations.iter().any(|&at| at < hit.word && hit.word - at <= NEGATION_REACH);
            Hash::of(if is_negated { "not" } else { "class" }, lexicon.name(hit.class))
        })
        .collect()
}

fn shape(text: &Text) -> Vec<Hash> {
    let count =
        |kind, number: usize| (number > 0).then(|| Hash::of(kind, ["1", "2", "3"][number.min(3) - 1]));
    let is_shouting = text.letters >= 8 && text.capitals * 3 > text.letters * 2;
    let length = match text.words.len() {
        0 => "0",
        1 => "1",
        2 => "2",
        3..=5 => "few",
        6..=15 => "some",
        16..=40 => "many",
        _ => "lots",
    };
    let mut cues: Vec<Hash> = [
        count("questions", text.questions),
        count("exclamations", text.exclamations),
        count("emoji", text.emoji.len()),
        count("stretched", text.stretched.min(1)),
        count("hashtags", text.hashtags),
        count("invisible", text.invisible.min(1)),
        count("disguised", text.disguised.min(1)),
        is_shouting.then(|| Hash::of("shape", "shouting")),
        text.has_no_letters().then(|| Hash::of("shape", "no letters")),
        Some(Hash::of("length", length)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let tags = text.words.iter().filter(|word| word.starts_with('<'));
    cues.extend(tags.map(|tag| Hash::of("tag", tag)));
    cues
}

/// FNV-1a over code points, mixed at the end. Written out because the weights depend on it: it must never
/// change with a library.
#[derive(Debug, Clone, Copy)]
struct Hash(u32);

impl Hash {
    fn new(kind: &str) -> Self {
        let mut hash = Self(0x811c_9dc5);
        hash.add_text(kind);
        hash.add(0);
        hash
    }

    fn of(kind: &str, text: &str) -> Self {
        let mut hash = Self::new(kind);
        hash.add_text(text);
        hash
    }

    fn add(&mut self, value: u32) {
        self.0 = (self.0 ^ value).wrapping_mul(0x0100_0193);
    }

    fn add_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.add(c as u32));
    }

    fn mixed(self) -> u32 {
        let mut x = self.0;
        x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
        x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
        x ^ (x >> 16)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_negated_class_is_another_feature() {
        let lexicon = Lexicon::parse("good\tgood\nnegation\tnot").unwrap();
        let cues_of = |raw| word_classes(&Text::parse(raw), &lexicon).iter().map(|h| h.0).collect::<Vec<_>>();
        assert!(!cues_of("not good").contains(&cues_of("good")[0]));
        assert!(cues_of("good, why not").contains(&cues_of("good")[0]));
    }

    proptest! {
        #[test]
        fn any_text_gives_rows_inside_the_table(raw in any::<String>()) {
            let features = extract(&Text::parse(&raw), &Lexicon::default());
            prop_assert!(features.iter().all(|f| (f.row as usize) < FEATURES && f.value.is_finite()));
        }
    }
}
