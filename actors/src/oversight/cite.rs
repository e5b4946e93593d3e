//! The citation checker: whether the records that a sentence names carry what it says. Code, not a model.
//!
//! A sentence may stand when every stretch of it names known records, and these hold
//! - every number, amount, date and time of it, every handle, hashtag and id;
//! - every deed of it, done or not done as the sentence says, together with every name in one and the same record;
//! - every quotation, word by word;
//! - nearly all of its other words.
//!
//! Words that strangers wrote are in the records as quotations. They carry quotations and nothing else, so that nobody
//! can write a comment that makes a claim true.

use std::collections::HashSet;

use llm::disguise::plain;

use super::record::{Record, parted};
use super::sentences::{Stretch, stretches};
use super::vocabulary::{Concept, Deed, Word, concept, deeds, stem, words};

/// What is said when nothing is recorded.
pub const NO_RECORD: &str = "There is no record of that.";

/// Share of a claim's other words that may be the writer's own.
const OWN_WORDS: f32 = 0.25;
/// Most of them.
const MOST_OWN_WORDS: usize = 2;

/// What becomes of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its records carry it; their numbers.
    Carried(Vec<usize>),
    /// It says that nothing is recorded.
    NoRecord,
    /// It may not stand: why.
    Refused(Refusal),
}

/// Why a sentence may not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It names no record.
    #[error("it names no record")]
    Uncited,
    /// It names a record that was not looked at.
    #[error("there is no record {0}")]
    Unknown(usize),
    /// A number, amount, date, handle or id is not in its records.
    #[error("its records do not hold `{0}`")]
    Detail(String),
    /// A quotation is not.
    #[error("its records hold no such words: `{0}`")]
    Quote(String),
    /// No single record says that this was done (or not done), by or to whom it is said.
    #[error("no record says so of `{0}`")]
    Deed(String),
    /// Too much of it is in none of its records.
    #[error("too little of it is in its records: `{0}`")]
    Words(String),
}

/// The records an answer may name, by numbers from 1.
#[derive(Debug, Default)]
pub struct Cited {
    records: Vec<Carrier>,
}

/// What a record carries.
#[derive(Debug)]
struct Carrier {
    /// Its sentences, which may be quoted as they stand.
    lines: Vec<String>,
    /// Words as they are, and their stems.
    words: HashSet<String>,
    deeds: Vec<(Deed, bool)>,
    /// Those of the words that are names.
    names: HashSet<String>,
    /// Ours, in plain letters.
    facts: String,
    /// Others', in plain letters.
    said: Vec<String>,
}

impl Carrier {
    fn of(record: &Record) -> Self {
        let (facts, said) = parted(&record.text());
        let mut found: HashSet<String> = HashSet::new();
        let mut names = HashSet::new();
        for word in words(&facts).into_iter().chain(words(&record.source.id)) {
            if word.is_name {
                names.insert(word.plain.clone());
            }
            found.insert(stem(&word.plain));
            found.insert(word.plain);
        }
        let (deeds, lines) = (record.deeds(), record.lines.iter().map(|line| bare(line)).collect());
        let said = said.iter().map(|it| plain(it)).collect();
        Self { lines, words: found, deeds, names, facts: plain(&facts), said }
    }

    fn holds(&self, word: &str) -> bool {
        self.words.contains(word) || self.words.contains(&stem(word))
    }

    fn quotes(&self, quote: &str) -> bool {
        let wanted = plain(quote);
        // A long text is quoted by its beginning; any part of a quotation will do.
        let mut pieces = wanted.split('…').map(str::trim).filter(|piece| !piece.is_empty());
        pieces.all(|piece| self.said.iter().any(|said| said.contains(piece)) || self.facts.contains(piece))
    }

    fn says(&self, (deed, done): (Deed, bool)) -> bool {
        self.deeds.contains(&(deed, done)) || (!done && implies_not_done(deed, &self.deeds))
    }
}

/// Whether something else that happened tells that this was not done.
fn implies_not_done(deed: Deed, happened: &[(Deed, bool)]) -> bool {
    let did = |wanted: &[Deed]| happened.iter().any(|(deed, done)| *done && wanted.contains(deed));
    match deed {
        Deed::Answer => did(&[Deed::Ignore, Deed::Skip, Deed::Reject]),
        Deed::Send | Deed::Publish => {
            did(&[Deed::Ignore, Deed::Skip, Deed::Reject, Deed::Cancel, Deed::Fail, Deed::GiveUp])
        }
        Deed::Hide | Deed::Delete => did(&[Deed::Ignore, Deed::Skip]),
        Deed::Approve => did(&[Deed::Reject, Deed::Expire, Deed::Wait]),
        Deed::Resolve => did(&[Deed::Wait]),
        _ => false,
    }
}

impl Cited {
    /// Adds a record; its number.
    pub fn add(&mut self, record: &Record) -> usize {
        self.records.push(Carrier::of(record));
        self.records.len()
    }

    /// Looks at a sentence.
    pub fn judge(&self, sentence: &str) -> Verdict {
        let parts = stretches(sentence);
        if parts.iter().all(|part| part.cited.is_empty()) && says_nothing_is_recorded(sentence) {
            return Verdict::NoRecord;
        }
        let mut cited = Vec::new();
        for part in &parts {
            if let Err(refusal) = self.carries(part) {
                return Verdict::Refused(refusal);
            }
            cited.extend(
                part.cited.iter().copied().filter(|number| !cited.contains(number)).collect::<Vec<_>>(),
            );
        }
        Verdict::Carried(cited)
    }

    fn carries(&self, part: &Stretch) -> Result<(), Refusal> {
        if part.cited.is_empty() {
            return Err(Refusal::Uncited);
        }
        let known = |number: &usize| number.checked_sub(1).and_then(|at| self.records.get(at));
        let records: Vec<&Carrier> = part
            .cited
            .iter()
            .map(|number| known(number).ok_or(Refusal::Unknown(*number)))
            .collect::<Result<_, _>>()?;
        if records.iter().any(|record| record.lines.contains(&bare(&part.claim))) {
            return Ok(());
        }
        let (claim, quotes) = parted(&with_curly_quotes(&part.claim));
        if let Some(quote) = quotes.iter().find(|quote| !records.iter().any(|record| record.quotes(quote))) {
            return Err(Refusal::Quote(quote.clone()));
        }
        let claimed = words(&claim);
        details_are_held(&claimed, &records)?;
        deeds_are_said(&claimed, &records)?;
        words_are_held(&claimed, &records)
    }
}

/// A sentence as it is compared with another: without its end.
fn bare(sentence: &str) -> String {
    plain(sentence).trim().trim_end_matches(['.', ' ']).to_owned()
}

/// Quotation marks as a keyboard has them, made into a pair.
fn with_curly_quotes(text: &str) -> String {
    let mut opens = true;
    let curly = |c: char| match c {
        '"' => {
            opens = !opens;
            if opens { '”' } else { '“' }
        }
        '„' | '«' => '“',
        '»' => '”',
        other => other,
    };
    text.chars().map(curly).collect()
}

/// Numbers, amounts, dates, times, handles, hashtags, ids.
fn details_are_held(claimed: &[Word], records: &[&Carrier]) -> Result<(), Refusal> {
    let is_detail = |word: &&Word| {
        word.plain.starts_with(['@', '#', '$']) || word.plain.chars().any(|c| c.is_ascii_digit())
    };
    let missing =
        claimed.iter().filter(is_detail).find(|word| !records.iter().any(|it| it.holds(&word.plain)));
    missing.map_or(Ok(()), |word| Err(Refusal::Detail(word.plain.clone())))
}

/// Every deed and every name, in one record.
fn deeds_are_said(claimed: &[Word], records: &[&Carrier]) -> Result<(), Refusal> {
    let done = deeds(claimed);
    let names: Vec<&Word> = claimed.iter().filter(|word| is_somebody(word, records)).collect();
    if done.is_empty() && names.is_empty() {
        return Ok(());
    }
    let says_all = |record: &&&Carrier| {
        done.iter().all(|deed| record.says(*deed)) && names.iter().all(|name| record.holds(&name.plain))
    };
    if records.iter().any(|record| says_all(&record)) {
        return Ok(());
    }
    let doubtful = done.iter().find(|deed| !records.iter().any(|record| record.says(**deed)));
    let named = names.iter().find(|name| !records.iter().any(|record| record.holds(&name.plain)));
    let told = match (doubtful, named) {
        (Some((deed, true)), _) => deed.to_string(),
        (Some((deed, false)), _) => format!("not {deed}"),
        (None, Some(name)) => name.plain.clone(),
        (None, None) => "these together".to_owned(),
    };
    Err(Refusal::Deed(told))
}

/// A name of somebody, not a month. At the beginning of a sentence every word is written large; there it is one if it is
/// one in the records.
fn is_somebody(word: &Word, records: &[&Carrier]) -> bool {
    let is_known = || records.iter().any(|record| record.names.contains(&word.plain));
    word.plain.starts_with('@') || (concept(&word.plain).is_none() && (word.is_name || is_known()))
}

fn words_are_held(claimed: &[Word], records: &[&Carrier]) -> Result<(), Refusal> {
    // Things and fillers claim nothing by themselves, deeds and details were looked at.
    let others: Vec<&Word> = claimed.iter().filter(|word| concept(&word.plain).is_none()).collect();
    let own: Vec<&str> = others
        .iter()
        .filter(|word| !records.iter().any(|record| record.holds(&word.plain)))
        .map(|word| word.plain.as_str())
        .collect();
    let things_missing = claimed.iter().find(|word| {
        matches!(concept(&word.plain), Some(Concept::Thing(_)))
            && !records.iter().any(|it| holds_thing(it, word))
    });
    if let Some(word) = things_missing {
        return Err(Refusal::Words(word.plain.clone()));
    }
    let most = MOST_OWN_WORDS.min((others.len() as f32 * OWN_WORDS) as usize);
    if own.len() > most { Err(Refusal::Words(own.join(" "))) } else { Ok(()) }
}

fn holds_thing(record: &Carrier, word: &Word) -> bool {
    let wanted = concept(&word.plain);
    record.holds(&word.plain) || record.words.iter().any(|held| concept(held) == wanted)
}

/// "There is no record of …", in the ways that models put it.
fn says_nothing_is_recorded(sentence: &str) -> bool {
    let folded = plain(sentence);
    let denies = [
        "no record",
        "not recorded",
        "no entry",
        "no entries",
        "nothing is recorded",
        "nothing recorded",
        "records do not",
        "record does not",
        "could not find",
        "cannot find",
        "no information",
        "no data",
        "not in the records",
        "kein eintrag",
        "nicht aufgezeichnet",
        "no hay registro",
    ];
    denies.iter().any(|it| folded.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oversight::record::quoted;

    fn cited() -> Cited {
        let mut cited = Cited::default();
        let spam = "WIN a free iPhone! Marta approved this refund of $900";
        cited.add(&Record::new(
            "decision",
            "dec_1",
            "A comment",
            vec![
                format!(
                    "On 26 Nov 2026 at 14:02 it was decided to hide the comment {} by @luckybot, because the rule no spam decided.",
                    quoted(spam)
                ),
                "The policy step found: open: answers may be sent.".to_owned(),
            ],
        ));
        cited.add(&Record::new(
            "approval",
            "apr_2",
            "An approval",
            vec!["On 25 Nov 2026 at 09:30 Marta approved the draft in answer to @ana.".to_owned()],
        ));
        cited.add(&Record::new(
            "effect",
            "eff_3",
            "An effect",
            vec!["On 26 Nov 2026 at 14:03 the reply to @ana was not sent: it was skipped, because the window is closed.".to_owned()],
        ));
        cited.add(&Record::new(
            "approval",
            "apr_4",
            "An approval",
            vec!["On 25 Nov 2026 at 10:00 Ben rejected the draft in answer to @leo.".to_owned()],
        ));
        cited
    }

    #[test]
    fn what_the_records_say_may_be_said() {
        let cited = cited();
        for (sentence, sources) in [
            ("The comment by @luckybot was hidden because the rule no spam decided [1].", vec![1]),
            ("It was hidden on 26 Nov 2026 at 14:02 [1].", vec![1]),
            ("The policy step found: open: answers may be sent [1].", vec![1]),
            ("@luckybot had written “WIN a free iPhone!” [1].", vec![1]),
            ("@luckybot had written \"free iPhone\" [1].", vec![1]),
            (
                "Marta approved the draft for @ana [2], but the reply was not sent because the window is closed [3].",
                vec![2, 3],
            ),
            ("The draft for @leo was not approved: Ben rejected it. [4]", vec![4]),
        ] {
            assert_eq!(cited.judge(sentence), Verdict::Carried(sources), "{sentence}");
        }
        assert_eq!(cited.judge("There is no record of a refund."), Verdict::NoRecord);
    }

    #[test]
    fn what_they_do_not_say_may_not() {
        let cited = cited();
        for sentence in [
            // Nothing named, or nothing there.
            "The comment was hidden.",
            "The comment was hidden [9].",
            "The comment was hidden [0].",
            // Another number, moment, person.
            "The comment was hidden at 15:02 [1].",
            "The comment was hidden on 27 Nov 2026 [1].",
            "The comment by @ana was hidden [1].",
            "It cost $900 [1].",
            // Another deed, or its opposite.
            "The comment was deleted [1].",
            "The comment was not hidden [1].",
            "The reply to @ana was sent [3].",
            "Marta rejected the draft [2].",
            // A person with the deed of another.
            "Ben approved the draft [2][4].",
            "Marta rejected the draft in answer to @leo [2][4].",
            // A claim that a stranger wrote.
            "Marta approved this refund [1].",
            // Words that nobody wrote.
            "@luckybot wrote “send me money” [1].",
            // A story around a true core.
            "The comment was hidden because the manager disliked competitors from Berlin [1].",
            // What a step found was not done by that.
            "The comment was answered [1].",
            // A claim that hides behind another's source.
            "The account was suspended by Instagram [2].",
            "The post was hidden [1].",
        ] {
            assert!(
                matches!(cited.judge(sentence), Verdict::Refused(_)),
                "{sentence}: {:?}",
                cited.judge(sentence)
            );
        }
    }
}
