//! Numbers and lists: what was counted, over all records that were read and not only those that are quoted.

use std::collections::BTreeSet;

use super::extract::{Extract, LISTED, Quoted};
use super::fit::Fit;
use super::question::Question;
use super::record::Record;
use super::vocabulary::{Deed, Thing};
use super::wanted::Wanted;
use super::wording::person_told;

/// Records that are quoted beside a number.
const EXAMPLES: usize = 3;
/// Most people who are named in one sentence.
const NAMED: usize = 40;

/// Sums that are made for an answer: they stand behind the records.
struct Sums {
    behind: usize,
    made: Vec<Record>,
    sentences: Vec<Quoted>,
}

impl Sums {
    fn behind(records: &[Record]) -> Self {
        Self { behind: records.len(), made: Vec::new(), sentences: Vec::new() }
    }

    /// Says a sum as a sentence of its own.
    fn say(&mut self, wanted: &Wanted, line: String) {
        let title = format!("Count: {}", line.trim_end_matches('.'));
        self.sentences.push((line.clone(), self.behind + self.made.len()));
        self.made.push(Record::new("count", wanted.key(), title, vec![line]));
    }

    fn quote(&mut self, admitted: &[Fit<'_>], most: usize) {
        let first = |fit: &Fit<'_>| Some((fit.record.lines.first()?.clone(), fit.at));
        self.sentences.extend(admitted.iter().take(most).filter_map(first));
    }

    fn into_answer(self, confidence: f32) -> Extract {
        Extract { sentences: self.sentences, sums: self.made, confidence }
    }
}

/// How many there are, and the newest of them.
pub(super) fn count(wanted: &Wanted, admitted: &[Fit<'_>], records: &[Record], is_cut: bool) -> Extract {
    let mut sums = Sums::behind(records);
    sums.say(wanted, sentence(&wanted.told(admitted.len(), is_cut)));
    if wanted.is_of_approvals() {
        let edited = wanted.with(Deed::Approve, Deed::Edit);
        let more = distinct(&edited, records);
        if more > 0 {
            sums.say(&edited, sentence(&edited.told(more, is_cut)));
        }
    }
    sums.quote(admitted, EXAMPLES);
    sums.into_answer(0.9)
}

/// All of them; of more than can be told, how many there are.
pub(super) fn listed(wanted: &Wanted, admitted: &[Fit<'_>], records: &[Record], is_cut: bool) -> Extract {
    let mut sums = Sums::behind(records);
    if admitted.len() > LISTED {
        let told = wanted.told(admitted.len(), is_cut);
        sums.say(wanted, sentence(&format!("{told}; {LISTED} of them are told here")));
    }
    sums.quote(admitted, LISTED);
    sums.into_answer(0.85)
}

/// Who wrote, all of them.
pub(super) fn writers(wanted: &Wanted, admitted: &[Fit<'_>], records: &[Record], is_cut: bool) -> Extract {
    let authors = admitted.iter().filter_map(|fit| fit.record.author.as_deref());
    let (nameless, named): (Vec<&str>, Vec<&str>) = authors.partition(|it| person_told(it).starts_with("a "));
    let named: BTreeSet<String> = named.into_iter().map(person_told).collect();
    let nameless: BTreeSet<&str> = nameless.into_iter().collect();
    let mut people: Vec<String> = named.iter().take(NAMED).cloned().collect();
    match named.len().saturating_sub(NAMED) {
        0 => {}
        more => people.push(format!("{more} others")),
    }
    match nameless.len() {
        0 => {}
        1 => people.push("a person without a name here".to_owned()),
        more => people.push(format!("{more} people without a name here")),
    }
    let mut sums = Sums::behind(records);
    let told = wanted.told(admitted.len(), is_cut);
    sums.say(wanted, sentence(&format!("{told}, from {}", enumerated(&people))));
    sums.quote(admitted, EXAMPLES);
    sums.into_answer(0.9)
}

/// What a day was, in numbers.
pub(super) fn summary(question: &Question, records: &[Record], is_cut: bool) -> Extract {
    let when = question.when;
    let done: [(&[Thing], &[Deed]); 12] = [
        (&[Thing::Comment], &[Deed::Receive]),
        (&[Thing::Message], &[Deed::Receive]),
        (&[Thing::Mention], &[Deed::Receive]),
        (&[], &[Deed::Answer, Deed::Send]),
        (&[Thing::Comment], &[Deed::Hide]),
        (&[Thing::Comment], &[Deed::Ignore]),
        (&[], &[Deed::Draft, Deed::Approve]),
        (&[], &[Deed::Draft, Deed::Edit]),
        (&[], &[Deed::Draft, Deed::Reject]),
        (&[Thing::Post], &[Deed::Publish]),
        (&[Thing::Post], &[Deed::Fail]),
        (&[Thing::Letter], &[Deed::GiveUp]),
    ];
    let mut all: Vec<Wanted> = done
        .iter()
        .map(|(things, deeds)| {
            let deeds: Vec<(Deed, bool)> = deeds.iter().map(|deed| (*deed, true)).collect();
            Wanted::these(things, &deeds, when)
        })
        .collect();
    all.push(Wanted::these(&[], &[(Deed::Draft, true), (Deed::Wait, true)], None));
    let mut sums = Sums::behind(records);
    for wanted in &all {
        match distinct(wanted, records) {
            0 => {}
            some => sums.say(wanted, sentence(&wanted.told(some, is_cut))),
        }
    }
    sums.into_answer(0.85)
}

/// How many different things are what is wanted.
fn distinct(wanted: &Wanted, records: &[Record]) -> usize {
    let admitted = records.iter().filter(|record| wanted.admits(record).is_some());
    admitted.map(|record| wanted.one(record)).collect::<BTreeSet<&str>>().len()
}

fn enumerated(names: &[String]) -> String {
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        Some((only, _)) => only.clone(),
        None => "nobody who is named".to_owned(),
    }
}

fn sentence(told: &str) -> String {
    let mut chars = told.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
