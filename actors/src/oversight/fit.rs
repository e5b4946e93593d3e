//! How well a record fits a question: by the people, ids and texts that are named, by deeds, things and words.

use std::collections::HashSet;

use llm::disguise::plain;
use tenants::clock::Timestamp;

use super::question::{Asks, Question, Residue};
use super::record::{Record, parted};
use super::vocabulary::{Concept, Deed, Thing, concept, stem, words};
use super::when::When;

/// Share of a question's own words that must be in a record.
const COVERED: f32 = 0.6;
/// What was not done, in whatever way.
const UNDONE: [Deed; 7] =
    [Deed::Ignore, Deed::Skip, Deed::Reject, Deed::Fail, Deed::GiveUp, Deed::Cancel, Deed::Expire];

/// A record that fits.
pub struct Fit<'a> {
    /// Its position in the list of records.
    pub at: usize,
    /// The record.
    pub record: &'a Record,
    /// The higher, the better it fits.
    pub score: f32,
    /// When that was which is asked for.
    pub moment: Option<Timestamp>,
}

impl<'a> Fit<'a> {
    /// The record at this position, if it fits.
    pub fn of(question: &Question, at: usize, record: &'a Record) -> Option<Self> {
        // What costs least is asked first: there may be thousands of records.
        if let (Some(when), Some(moment)) = (question.when, record.source.at)
            && !when.holds(moment)
            && !is_state(record)
        {
            return None;
        }
        let was_not_yet = |when: When| {
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

    /// Whether it is a sum, and no single thing.
    pub fn is_sum(&self) -> bool {
        matches!(self.record.source.kind.as_str(), "cost" | "insight")
    }

    /// What it belongs to.
    pub fn group(&self) -> &'a str {
        group_of(self.record)
    }

    /// How much it says of what is asked, for those that are equal otherwise: a state with its words says more than an
    /// entry without.
    pub fn richness(&self) -> (usize, bool) {
        let first = self.record.lines.first().map(String::as_str).unwrap_or_default();
        (parted(first).1.iter().map(String::len).sum(), self.record.source.entry.is_none())
    }
}

/// What belongs together: a decision with its verdicts and effects, a thing with its entries.
pub fn group_of(record: &Record) -> &str {
    record.decision.as_deref().unwrap_or(&record.source.id)
}

/// States are true now, whenever they began.
fn is_state(record: &Record) -> bool {
    record.source.entry.is_none()
        && matches!(record.source.kind.as_str(), "rule" | "account" | "budget" | "cost" | "insight")
}

/// Whether a record holds the people, ids and texts that are named.
pub fn holds_anchors(question: &Question, exact: &[bool], record: &Record) -> bool {
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
pub fn exactly_named(question: &Question, records: &[Record]) -> Vec<bool> {
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
pub fn covered(rest: &[Residue], held: &[String]) -> Option<f32> {
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
