//! Answers without a model: the records that fit a question, quoted as they stand.
//!
//! It rather says that there is no record than answer something else: whatever a question names (a person, a text, an
//! id, a time, a word that is none of the vocabulary's) must be in what is quoted.

use std::collections::HashSet;

use llm::disguise::plain;

use super::fit::{Fit, covered, exactly_named, group_of, holds_anchors};
use super::plan::is_of_numbers;
use super::question::{Asks, Question, Residue, Topic};
use super::record::Record;
use super::tally;
use super::vocabulary::{Deed, stem, words};
use super::wanted::Wanted;

/// Most things that are listed.
pub(super) const LISTED: usize = 6;
/// Most reasons that are told of one decision.
const REASONS: usize = 4;

/// A sentence and the record it is taken from, as a position in the list of records.
pub type Quoted = (String, usize);

/// What was found for a question.
#[derive(Debug, Default)]
pub struct Extract {
    /// Sentences; none when nothing is recorded.
    pub sentences: Vec<Quoted>,
    /// Sums that were made for it: records that stand behind the others.
    pub sums: Vec<Record>,
    /// How sure it is that this was asked for, 0 to 1.
    pub confidence: f32,
}

/// The answer that these records give; `is_cut` when older entries were not read.
pub fn extract(question: &Question, records: &[Record], is_cut: bool) -> Extract {
    let looks_ahead = question.looks_ahead && question.topic.is_none() && !question.names(&[Deed::Schedule]);
    if question.wants_secret || looks_ahead || !has_a_subject(question) {
        return Extract::default();
    }
    match question.topic {
        Some(Topic::Summary) => return tally::summary(question, records, is_cut),
        Some(_) => return quote_all(records),
        None => {}
    }
    let exact = exactly_named(question, records);
    let anchored: HashSet<&str> =
        records.iter().filter(|record| holds_anchors(question, &exact, record)).map(group_of).collect();
    let is_anchored = |record: &Record| anchored.contains(group_of(record));
    let is_of_sums = question.names(&[Deed::Spend]) || is_of_numbers(question);
    let wanted = Wanted::of(question).filter(|_| !is_of_sums);
    let is_counted = question.asks == Asks::HowMany && !is_of_sums;
    if is_counted || is_plain(question) && wanted.is_some() {
        let Some(wanted) = wanted else { return Extract::default() };
        let admitted = admitted(question, &wanted, records, is_anchored);
        return answer_from(question, &wanted, &admitted, records, is_cut);
    }
    let fitting: Vec<Fit<'_>> = records
        .iter()
        .enumerate()
        .filter(|(_, record)| is_anchored(record))
        .filter_map(|(at, record)| Fit::of(question, at, record))
        .collect();
    if fitting.is_empty() {
        return Extract::default();
    }
    let sums: Vec<&Fit<'_>> =
        fitting.iter().filter(|fit| fit.is_sum() && is_metric(question, fit.record)).collect();
    match (is_of_sums, question.metrics.is_empty()) {
        (true, _) if !sums.is_empty() => return quote_sums(&sums),
        // Another number of the account is no answer.
        (true, false) if is_of_numbers(question) => return Extract::default(),
        _ => {}
    }
    match is_about_one(question, &fitting) {
        true => best_of(question, &fitting).map(|best| tell_one(question, best, records)).unwrap_or_default(),
        false => list(&fitting),
    }
}

/// Whether it names nothing but kinds of things, deeds and a time: then facts tell what is meant.
fn is_plain(question: &Question) -> bool {
    !question.is_particular()
        && question.own_words().is_empty()
        && !question.wants_undone
        && (question.asks != Asks::Why || question.wants_last)
}

/// The records that are all that is named, each thing once: by what says most of it.
fn admitted<'a>(
    question: &Question,
    wanted: &Wanted,
    records: &'a [Record],
    is_anchored: impl Fn(&Record) -> bool,
) -> Vec<Fit<'a>> {
    let own: Vec<Residue> = question.own_words().into_iter().cloned().collect();
    let holds_words = |record: &Record| {
        let held: Vec<String> = words(&record.text()).into_iter().map(|it| it.plain).collect();
        covered(&own, &held).is_some_and(|share| own.is_empty() || share > 0.99)
    };
    let undone_after_all: HashSet<&str> = match wanted.is_of_failures() {
        true => records.iter().filter(|it| is_done(it)).map(|it| it.source.id.as_str()).collect(),
        false => HashSet::new(),
    };
    let mut fits: Vec<Fit<'a>> = records
        .iter()
        .enumerate()
        .filter(|(_, record)| is_anchored(record) && !undone_after_all.contains(record.source.id.as_str()))
        .filter_map(|(at, record)| Some(Fit { at, record, score: 1.0, moment: wanted.admits(record)? }))
        .filter(|fit| own.is_empty() || holds_words(fit.record))
        .collect();
    fits.sort_by_key(|fit| std::cmp::Reverse((fit.richness(), fit.moment)));
    let mut seen = HashSet::new();
    fits.retain(|fit| seen.insert(wanted.one(fit.record)));
    if question.wants_best || wanted.is_of_leads() {
        fits.sort_by(|one, other| other.record.facts.weight.total_cmp(&one.record.facts.weight));
    } else if wanted.is_of_plans() {
        fits.sort_by_key(|fit| fit.moment);
    } else {
        fits.sort_by_key(|fit| std::cmp::Reverse(fit.moment));
    }
    fits
}

/// Whether it was done in the end.
fn is_done(record: &Record) -> bool {
    [Deed::Send, Deed::Publish].iter().any(|deed| record.facts.moment(*deed, true).is_some())
}

/// What is said of the records that are what is asked for, in their order.
fn answer_from(
    question: &Question,
    wanted: &Wanted,
    admitted: &[Fit<'_>],
    records: &[Record],
    is_cut: bool,
) -> Extract {
    // Where the whole log was read, none is a number, too.
    let is_none = admitted.is_empty() && !is_cut && is_plain(question);
    if question.asks == Asks::HowMany && (is_none || !admitted.is_empty()) {
        return tally::count(wanted, admitted, records, is_cut);
    }
    let Some(first) = admitted.first() else { return Extract::default() };
    if question.asks == Asks::Who && wanted.is_of_writers() && !question.wants_last {
        return tally::writers(wanted, admitted, records, is_cut);
    }
    if question.wants_next || question.wants_last || admitted.len() == 1 {
        return tell_one(question, first, records);
    }
    tally::listed(wanted, admitted, records, is_cut)
}

/// Whether it names anything that could be looked for; numbers alone name nothing.
fn has_a_subject(question: &Question) -> bool {
    let says_a_word = |it: &Residue| it.plain.chars().any(char::is_alphabetic);
    question.is_particular()
        || !question.deeds.is_empty()
        || !question.things.is_empty()
        || question.wants_undone
        || question.rest.iter().any(says_a_word)
        || question.when.is_some()
        || question.wants_last
        || question.topic.is_some()
        || question.intent.is_some()
}

/// Whether one thing is asked about, rather than all of a kind.
fn is_about_one(question: &Question, fitting: &[Fit<'_>]) -> bool {
    let groups: HashSet<&str> = fitting.iter().map(Fit::group).collect();
    let names_one = question.is_particular() || question.wants_last || !question.rest.is_empty();
    let wants_one = matches!(question.asks, Asks::Why | Asks::Who | Asks::When | Asks::Whether);
    groups.len() == 1 || (names_one && wants_one) || (question.wants_last && !question.wants_undone)
}

/// The best one with all that belongs to it.
fn tell_one(question: &Question, best: &Fit<'_>, records: &[Record]) -> Extract {
    let group = best.group();
    let mut parts: Vec<(usize, &Record)> = records
        .iter()
        .enumerate()
        .filter(|(at, record)| {
            *at == best.at || record.decision.as_deref() == Some(group) && record.source.entry.is_some()
        })
        .collect();
    parts.sort_by_key(|(at, record)| (order_of(record), std::cmp::Reverse(*at)));
    parts.dedup_by(|one, other| one.1.source == other.1.source);
    let mut sentences: Vec<Quoted> = Vec::new();
    for (at, record) in parts {
        let is_why = question.asks == Asks::Why && record.source.kind == "decision";
        let is_best = at == best.at;
        let is_of_interest =
            is_best || is_why || matches!(question.asks, Asks::Why | Asks::What | Asks::Whether);
        if !is_of_interest {
            continue;
        }
        let most = if is_why {
            1 + REASONS
        } else if is_best {
            2
        } else {
            1
        };
        sentences.extend(lines_of(question, record, most).into_iter().map(|line| (line, at)));
    }
    sentences.truncate(LISTED + 2);
    let is_sure = question.is_particular() || question.wants_last;
    Extract { sentences, sums: Vec::new(), confidence: if is_sure { 0.95 } else { 0.8 } }
}

/// The first line of a record, and of the others those that speak of what was asked, then the next ones.
fn lines_of(question: &Question, record: &Record, most: usize) -> Vec<String> {
    let stems: Vec<&str> = question.rest.iter().map(|it| it.stem.as_str()).collect();
    let speaks_of =
        |line: &String| words(line).iter().any(|word| stems.contains(&stem(&word.plain).as_str()));
    let Some((first, others)) = record.lines.split_first() else { return Vec::new() };
    let mut others: Vec<&String> = others.iter().filter(|line| is_worth_telling(line)).collect();
    others.sort_by_key(|line| !speaks_of(line));
    others.truncate(most.saturating_sub(1));
    [first].into_iter().chain(others).cloned().collect()
}

/// The newest where the newest is wanted, else the one that fits best; of equals the newer.
fn best_of<'f, 'a>(question: &Question, fitting: &'f [Fit<'a>]) -> Option<&'f Fit<'a>> {
    let top = fitting.iter().map(|fit| fit.score).fold(f32::MIN, f32::max);
    let slack = if question.wants_last { 1.5 } else { 0.01 };
    let close = fitting.iter().filter(|fit| fit.score >= top - slack);
    close.max_by_key(|fit| (fit.record.source.at, std::cmp::Reverse(fit.at)))
}

/// A step that found nothing gives no reason.
fn is_worth_telling(line: &str) -> bool {
    const EMPTY: [&str; 5] = [
        "step found: passed every guard",
        "step found: no rule",
        "step found: nothing",
        "step found: no memory",
        "step found: not asked",
    ];
    !EMPTY.iter().any(|it| line.contains(it))
}

/// Decisions first, then what people said, then what became of it.
fn order_of(record: &Record) -> u8 {
    match record.source.kind.as_str() {
        "decision" => 0,
        "approval" => 1,
        "effect" => 2,
        _ => 3,
    }
}

fn list(fitting: &[Fit<'_>]) -> Extract {
    /// What fits nearly as well as the best is listed as well.
    const SLACK: f32 = 0.2;
    let top = fitting.iter().map(|fit| fit.score).fold(f32::MIN, f32::max);
    let mut chosen: Vec<&Fit<'_>> = fitting.iter().filter(|fit| fit.score >= top - SLACK).collect();
    // The call to Instagram behind a post says less than the post.
    let has_posts = chosen.iter().any(|fit| fit.record.source.kind == "post");
    chosen.retain(|fit| !has_posts || fit.record.source.kind != "effect");
    chosen.sort_by_key(|fit| std::cmp::Reverse((fit.richness(), fit.record.source.at)));
    let mut seen = HashSet::new();
    chosen.retain(|fit| seen.insert(fit.group()));
    chosen.sort_by_key(|fit| std::cmp::Reverse(fit.record.source.at));
    let told = chosen.into_iter().take(LISTED);
    let sentences: Vec<Quoted> =
        told.filter_map(|fit| Some((fit.record.lines.first()?.clone(), fit.at))).collect();
    Extract { sentences, sums: Vec::new(), confidence: 0.75 }
}

/// Whether a number is one of those that are named.
fn is_metric(question: &Question, record: &Record) -> bool {
    let name = plain(&record.source.title);
    record.source.kind != "insight"
        || question.metrics.is_empty()
        || name.split(|c: char| !c.is_alphanumeric()).any(|word| question.metrics.contains(&stem(word)))
}

/// Everything that was looked up for this very question.
fn quote_all(records: &[Record]) -> Extract {
    let lines =
        records.iter().enumerate().flat_map(|(at, it)| it.lines.iter().map(move |line| (line.clone(), at)));
    Extract { sentences: lines.take(LISTED).collect(), sums: Vec::new(), confidence: 0.95 }
}

fn quote_sums(sums: &[&Fit<'_>]) -> Extract {
    let lines =
        sums.iter().take(LISTED).flat_map(|fit| fit.record.lines.iter().map(|line| (line.clone(), fit.at)));
    Extract { sentences: lines.take(LISTED + 2).collect(), sums: Vec::new(), confidence: 0.95 }
}
