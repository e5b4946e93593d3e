//! The records of one answer, numbered, and what of them was cited.

use tenants::oversight::Source;

use super::cite::{Cited, NO_RECORD, Verdict};
use super::record::Record;
use super::sentences::stretches;

/// Records that may be cited, by numbers from 1. An answer numbers anew, in the order in which it cites.
#[derive(Debug, Default)]
pub struct Shelf {
    records: Vec<Record>,
    cited: Cited,
    /// Numbers of records, in the order in which the answer cites them.
    order: Vec<usize>,
    refused: usize,
    said_nothing: bool,
}

impl Shelf {
    /// Puts a record on it; its number. One that is there already keeps its number.
    pub fn add(&mut self, record: Record) -> usize {
        if let Some(at) =
            self.records.iter().position(|it| it.source == record.source && it.lines == record.lines)
        {
            return at + 1;
        }
        let number = self.cited.add(&record);
        self.records.push(record);
        number
    }

    /// A record as a model is shown it.
    pub fn shown(&self, number: usize) -> Option<String> {
        let record = self.records.get(number.checked_sub(1)?)?;
        Some(format!("[{number}] {} {}: {}", record.source.kind, record.source.id, record.text()))
    }

    /// A sentence as the answer may have it; `None` when it may not stand, or was said before.
    pub fn admit(&mut self, sentence: &str) -> Option<String> {
        match self.cited.judge(sentence) {
            Verdict::Carried(numbers) => {
                for number in numbers {
                    if !self.order.contains(&number) {
                        self.order.push(number);
                    }
                }
                Some(self.renumbered(sentence))
            }
            Verdict::NoRecord if self.said_nothing => None,
            Verdict::NoRecord => {
                self.said_nothing = true;
                Some(NO_RECORD.to_owned())
            }
            Verdict::Refused(why) => {
                tracing::debug!(%why, "a sentence of an answer was left out");
                self.refused += 1;
                None
            }
        }
    }

    /// The sentence with the numbers of the answer.
    fn renumbered(&self, sentence: &str) -> String {
        let told = stretches(sentence).into_iter().map(|part| {
            let marks: Vec<String> = part
                .cited
                .iter()
                .filter_map(|number| self.order.iter().position(|it| it == number))
                .map(|at| format!("[{}]", at + 1))
                .collect();
            let claim = part.claim.trim_end();
            // The full stop stays at the end.
            let end = claim.len() - claim.trim_end_matches(['.', '!', '?']).len();
            let (words, stop) = claim.split_at(claim.len() - end);
            format!("{} {}{stop}", words.trim_end(), marks.concat())
        });
        told.collect::<String>().trim().to_owned()
    }

    /// The sources of the answer, in the order of their numbers.
    pub fn sources(&self) -> Vec<Source> {
        self.order
            .iter()
            .filter_map(|number| self.records.get(number - 1))
            .map(|it| it.source.clone())
            .collect()
    }

    /// Sentences that were left out because no record carries them.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Whether the answer has said that nothing is recorded.
    pub fn said_nothing(&self) -> bool {
        self.said_nothing
    }
}
