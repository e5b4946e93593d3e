//! Answers without a model: the records that fit a question, quoted as they stand.
//!
//! It rather says that there is no record than answer something else: whatever a question names (a person, a text, an
//! id, a time, a word that is none of the vocabulary's) must be in what is quoted.

use std::collections::HashSet;

use llm::disguise::plain;

use tenants::clock::Timestamp;

use super::look::{AuditSearch, Look};
use super::question::{Asks, Question, Residue, Topic};
use super::record::{Record, parted};
use super::tally;
use super::vocabulary::{Concept, Deed, Thing, concept, stem, words};
use super::wanted::Wanted;

/// Most things that are listed.
pub(super) const LISTED: usize = 6;
/// Most reasons that are told of one decision.
const REASONS: usize = 4;
/// Share of a question's own words that must be in a record.
const COVERED: f32 = 0.6;
/// What was not done, in whatever way.
const UNDONE: [Deed; 7] =
    [Deed::Ignore, Deed::Skip, Deed::Reject, Deed::Fail, Deed::GiveUp, Deed::Cancel, Deed::Expire];

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

/// What to look into for a question.
pub fn plan(question: &Question) -> Vec<Look> {
    let mut looks = Vec::new();
    let (from, to) = (question.when.map(|it| it.first), question.when.map(|it| it.last));
    match question.topic {
        Some(Topic::BestTime) => return vec![Look::BestTimes {}],
        Some(Topic::QuietHours) => return vec![Look::Settings {}],
        Some(Topic::Summary) => {
            let search = AuditSearch { from, to, ..AuditSearch::default() };
            return vec![Look::Approvals { status: None }, Look::AuditSearch(search)];
        }
        None => {}
    }
    let of_money = question.names(&[Deed::Spend]) || question.is_about(&[Thing::Budget]);
    if of_money {
        let tasks = question.tasks();
        looks.extend(tasks.iter().map(|task| Look::Costs { task: Some(*task), from, to }));
        if tasks.is_empty() {
            looks.push(Look::Costs { task: None, from, to });
        }
    }
    let of_numbers = is_of_numbers(question);
    if of_numbers {
        looks.push(Look::Insights(super::look::Dates { from, to }));
    }
    if question.is_about(&[Thing::Alert]) || question.names(&[Deed::Raise]) {
        looks.push(Look::Alerts { open: None });
    }
    if question.is_about(&[Thing::Approval]) || question.names(&[Deed::Wait, Deed::Draft, Deed::Escalate]) {
        looks.push(Look::Approvals { status: None });
    }
    if question.is_about(&[Thing::Queue, Thing::Letter]) || question.names(&[Deed::GiveUp]) {
        looks.push(Look::Queue { state: None });
    }
    if question.is_about(&[Thing::Post, Thing::Caption]) || question.names(&[Deed::Publish, Deed::Schedule]) {
        looks.push(Look::Posts { state: None });
    }
    if question.is_about(&[Thing::Lead]) {
        looks.push(Look::Leads {});
    }
    if question.is_about(&[Thing::Rule]) {
        looks.push(Look::Rules {});
    }
    if question.is_about(&[Thing::Memory]) {
        let about: Vec<&str> = question.rest.iter().map(|it| it.plain.as_str()).collect();
        looks.push(Look::Memory { about: [about.join(" "), question.quotes.join(" ")].join(" ") });
    }
    if question.is_about(&[Thing::Account, Thing::Token]) {
        looks.push(Look::Accounts {});
    }
    if question.is_about(&[Thing::Ugc]) {
        looks.push(Look::Ugc {});
    }
    let is_answered_by_sums = of_money && question.asks == Asks::What || of_numbers;
    let is_of_plans =
        question.names(&[Deed::Schedule]) && Wanted::of(question).is_some_and(|it| it.is_state());
    if !is_answered_by_sums && (!is_of_plans || question.is_particular()) {
        looks.push(Look::AuditSearch(AuditSearch { from, to, ..AuditSearch::default() }));
    }
    looks
}

/// Whether it asks for numbers of the account, and for nothing that somebody did or said.
fn is_of_numbers(question: &Question) -> bool {
    let others = question.things.iter().any(|it| !matches!(it, Thing::Insight | Thing::Account));
    question.is_about(&[Thing::Insight]) && question.deeds.is_empty() && !others && !question.is_particular()
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

/// A record that fits.
pub(super) struct Fit<'a> {
    /// Its position in the list of records.
    pub at: usize,
    /// The record.
    pub record: &'a Record,
    score: f32,
    /// When that was which is asked for.
    moment: Option<Timestamp>,
}

impl<'a> Fit<'a> {
    fn of(question: &Question, at: usize, record: &'a Record) -> Option<Self> {
        // What costs least is asked first: there may be thousands of records.
        if let (Some(when), Some(moment)) = (question.when, record.source.at)
            && !when.holds(moment)
            && !is_state(record)
        {
            return None;
        }
        let was_not_yet = |when: super::when::When| {
            record.facts.moment(Deed::Create, true).flatten().is_some_and(|made| made >= when.period.until)
        };
        if question.when.is_some_and(was_not_yet) {
            return None;
        }
        let deed_score = deeds_fit(question, record)?;
        let held: Vec<String> = words(&record.text()).into_iter().map(|it| it.plain).collect();
        let thing_score = things_fit(question, record, &held, deed_score)?;
        let covered = covered(&question.rest, &held)?;
        let loosely = vec![false; question.quotes.len()];
        let anchors = usize::from(question.is_particular() && holds_anchors(question, &loosely, record));
        let score = 3.0 * anchors as f32 + 2.0 * deed_score + thing_score + 4.0 * covered;
        Some(Self { at, record, score, moment: record.source.at })
    }

    fn is_sum(&self) -> bool {
        matches!(self.record.source.kind.as_str(), "cost" | "insight")
    }

    fn group(&self) -> &'a str {
        group_of(self.record)
    }

    /// How much it says of what is asked, for those that are equal otherwise: a state with its words says more than an
    /// entry without.
    fn richness(&self) -> (usize, bool) {
        let first = self.record.lines.first().map(String::as_str).unwrap_or_default();
        (parted(first).1.iter().map(String::len).sum(), self.record.source.entry.is_none())
    }
}

/// What belongs together: a decision with its verdicts and effects, a thing with its entries.
pub(super) fn group_of(record: &Record) -> &str {
    record.decision.as_deref().unwrap_or(&record.source.id)
}

/// States are true now, whenever they began.
fn is_state(record: &Record) -> bool {
    record.source.entry.is_none()
        && matches!(record.source.kind.as_str(), "rule" | "account" | "budget" | "cost" | "insight")
}

/// Whether a record holds the people, ids and texts that are named.
fn holds_anchors(question: &Question, exact: &[bool], record: &Record) -> bool {
    if !question.is_particular() {
        return true;
    }
    let text = record.text();
    let said = parted(&text).1;
    let folded = plain(&text);
    let has_handle = |handle: &String| {
        record.author.as_deref().is_some_and(|author| author.eq_ignore_ascii_case(handle))
            || folded.split_whitespace().any(|word| {
                word.trim_matches(|c: char| !c.is_alphanumeric() && c != '@' && c != '_')
                    == format!("@{handle}")
            })
    };
    let has_id = |id: &String| {
        record.source.id == *id
            || record.decision.as_ref() == Some(id)
            || record.source.entry.as_ref() == Some(id)
    };
    let has_quote = |(quote, is_exact): (&String, &bool)| match is_exact {
        true => is_named(record, quote),
        false => {
            let wanted = bare(quote);
            said.iter().any(|said| holds_whole(&plain(said), &wanted)) || holds_whole(&folded, &wanted)
        }
    };
    question.handles.iter().all(has_handle)
        && question.ids.iter().all(has_id)
        && question.quotes.iter().zip(exact).all(has_quote)
}

/// For each quotation, whether something is called just that: then longer names are others.
fn exactly_named(question: &Question, records: &[Record]) -> Vec<bool> {
    let is_a_name = |quote: &String| records.iter().any(|record| is_named(record, quote));
    question.quotes.iter().map(is_a_name).collect()
}

/// Whether a record is of something that is called, or says, just these words.
fn is_named(record: &Record, quote: &str) -> bool {
    let wanted = bare(quote);
    let said = |line: &String| parted(line).1.iter().any(|said| bare(said) == wanted);
    let titled = plain(&record.source.title);
    !wanted.is_empty()
        && (record.lines.iter().any(said)
            || titled.strip_prefix(&record.source.kind).is_some_and(|name| name.trim() == wanted))
}

/// Words without what stands around them.
fn bare(quote: &str) -> String {
    plain(quote).trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// Whether a text holds these words, not parts of longer ones.
fn holds_whole(text: &str, wanted: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    !wanted.is_empty()
        && text.match_indices(wanted).any(|(at, _)| {
            ends(text[..at].chars().next_back()) && ends(text[at + wanted.len()..].chars().next())
        })
}

/// How well what happened is what is asked for; `None` when it is something else.
fn deeds_fit(question: &Question, record: &Record) -> Option<f32> {
    if question.deeds.is_empty() && !question.wants_undone {
        return Some(0.0);
    }
    let happened = record.deeds();
    if question.wants_undone {
        return happened.iter().any(|(deed, done)| *done && UNDONE.contains(deed)).then_some(1.0);
    }
    let asks_whether = question.asks == Asks::Whether;
    let fit = |(deed, done): &(Deed, bool)| {
        let same = happened.contains(&(*deed, *done));
        let opposite = happened.contains(&(*deed, !*done))
            || (asks_whether && opposite_of(*deed).is_some_and(|other| happened.contains(&(other, true))));
        let implied = !*done
            && happened.iter().any(|(it, did)| *did && (UNDONE.contains(it) || is_left_to_people(*it)));
        match (same, implied, opposite) {
            (true, _, _) => 1.0,
            (_, true, _) => 0.8,
            // "Did we answer?" "It was not answered."
            (_, _, true) => 0.4,
            // "It waits for a person."
            _ if asks_whether && *done && matches!(deed, Deed::Answer | Deed::Send) && is_left(&happened) => {
                0.4
            }
            _ => 0.0,
        }
    };
    // "Who rejected the draft?" asks for a rejection, not for drafts.
    let is_object = |(deed, _): &&(Deed, bool)| matches!(deed, Deed::Draft | Deed::Escalate | Deed::Answer);
    let has_verb = !question.deeds.iter().all(|deed| is_object(&deed));
    let asked_for = question.deeds.iter().filter(|deed| !has_verb || !is_object(deed));
    let best = asked_for.map(fit).fold(0.0_f32, f32::max);
    let all = question.deeds.iter().map(fit).sum::<f32>() / question.deeds.len() as f32;
    (best > 0.0).then_some((best + all) / 2.0)
}

/// Whether it was left to people, or to nobody.
fn is_left(happened: &[(Deed, bool)]) -> bool {
    happened.iter().any(|(deed, done)| {
        *done && (is_left_to_people(*deed) || matches!(deed, Deed::Ignore | Deed::Note | Deed::Reject))
    })
}

/// What is the case when the other is not.
fn opposite_of(deed: Deed) -> Option<Deed> {
    const PAIRS: [(Deed, Deed); 5] = [
        (Deed::Enable, Deed::Disable),
        (Deed::Connect, Deed::Disconnect),
        (Deed::Suspend, Deed::Resume),
        (Deed::Approve, Deed::Reject),
        (Deed::TakeOver, Deed::HandBack),
    ];
    PAIRS.iter().find_map(|(one, other)| match deed {
        _ if deed == *one => Some(*other),
        _ if deed == *other => Some(*one),
        _ => None,
    })
}

fn is_left_to_people(deed: Deed) -> bool {
    matches!(deed, Deed::Draft | Deed::Escalate | Deed::Wait)
}

/// How many of the things that are asked about the record is about.
fn things_fit(question: &Question, record: &Record, held: &[String], deed_score: f32) -> Option<f32> {
    let wanted: HashSet<Thing> = question.things.iter().copied().collect();
    if wanted.is_empty() {
        return Some(0.0);
    }
    // Whatever is such a thing counts for more than what only speaks of one.
    let weight = |thing: &Thing| match record.source.kind == thing.as_str() {
        true => 1.0,
        false if held.iter().any(|word| concept(word) == Some(Concept::Thing(*thing))) => 0.75,
        false => 0.0,
    };
    let hits = wanted.iter().map(weight).sum::<f32>() / wanted.len() as f32;
    // "The last reply to a comment": one of the things may be only a circumstance.
    let least = if deed_score > 0.0 { 0.37 } else { 0.75 };
    (hits >= least).then_some(hits)
}

/// Share of the question's own words that the record holds; `None` when it is too little or a name is missing.
fn covered(rest: &[Residue], held: &[String]) -> Option<f32> {
    if rest.is_empty() {
        return Some(0.0);
    }
    let stems: HashSet<String> = held.iter().map(|word| stem(word)).collect();
    let is_held = |it: &Residue| {
        stems.contains(&it.stem) || held.contains(&it.plain) || held.contains(&format!("@{}", it.plain))
    };
    if rest.iter().any(|it| it.is_name && !is_held(it)) {
        return None;
    }
    let share = rest.iter().filter(|it| is_held(it)).count() as f32 / rest.len() as f32;
    (share >= COVERED).then_some(share)
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
