//! Output guards: what must be true of every text that leaves without a person having read it. Pure.
//!
//! A guard never mends a text; it says what is wrong, and the text becomes a draft for a person. Links, promises
//! and contact data that the tenant wrote itself (facts, templates, a rule's variation) are the tenant's own and
//! pass.

mod echo;
mod injection;
mod language;
mod length;
mod links;
mod machines;
mod markup;
mod mentions;
mod patterns;
mod personal;
mod promises;
mod secrets;

use llm::Channel;
use serde::Serialize;
use tenants::intent::Language;

use super::words::Folded;

pub(super) use length::{LengthProblem, check_length};
pub(super) use machines::speaks_to_machines;

/// How many times the allowed length a text may have so that the other guards look at it, too.
const FAR_TOO_LONG: usize = 4;

/// A guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Guard {
    Empty,
    Length,
    BlockedWord,
    Link,
    Promise,
    PersonalData,
    Language,
    Injection,
    Mention,
    Secret,
    Markup,
    Echo,
}

/// A guard that a text does not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Breach {
    pub guard: Guard,
    /// One phrase, for people.
    pub problem: String,
}

impl Breach {
    fn new(guard: Guard, problem: impl Into<String>) -> Self {
        Self { guard, problem: problem.into() }
    }
}

/// A text about to leave, and what it is measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub text: &'a str,
    pub channel: Channel,
    /// The language it must be in; `None` for words that the tenant chose itself.
    pub language: Option<Language>,
    /// Handle of the person it answers, who may be mentioned.
    pub author: Option<&'a str>,
    /// Handles of others who may be mentioned: those that a post names as collaborators or tags.
    pub named: &'a [&'a str],
    /// The account's own handle.
    pub own_handle: &'a str,
    pub blocked_words: &'a [String],
    pub allowed_links: &'a [String],
    /// What strangers wrote that it may answer: the text, and what was said before.
    pub heard: &'a [&'a str],
    /// Everything that the tenant wrote itself.
    pub own_words: &'a [&'a str],
}

impl Outgoing<'_> {
    /// True when the tenant wrote this piece itself somewhere.
    fn is_own(&self, piece: &str) -> bool {
        let piece = Folded::new(piece);
        self.own_words.iter().any(|own| Folded::new(own).contains_word(&piece))
    }
}

/// Every guard that the text does not pass.
pub(super) fn check(outgoing: &Outgoing<'_>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    match check_length(outgoing.text, outgoing.channel) {
        Ok(()) => {}
        Err(LengthProblem::Empty) => breaches.push(Breach::new(Guard::Empty, "has no words")),
        Err(LengthProblem::TooLong { length, limit, unit }) => {
            breaches.push(Breach::new(Guard::Length, format!("has {length} {unit}, allowed are {limit}")));
            // The other guards read a text many times: what is this long is not worth their time.
            if length > FAR_TOO_LONG * limit {
                return breaches;
            }
        }
    }
    breaches.extend(blocked_words(outgoing));
    breaches.extend(links::check(outgoing));
    breaches.extend(promises::check(outgoing));
    breaches.extend(personal::check(outgoing));
    breaches.extend(language::check(outgoing));
    breaches.extend(injection::check(outgoing));
    breaches.extend(mentions::check(outgoing));
    breaches.extend(secrets::check(outgoing));
    breaches.extend(markup::check(outgoing));
    breaches.extend(echo::check(outgoing));
    breaches
}

fn blocked_words(outgoing: &Outgoing<'_>) -> impl Iterator<Item = Breach> {
    let text = Folded::new(outgoing.text);
    let is_used = move |word: &&String| text.contains_word(&Folded::new(word));
    let blocked = outgoing.blocked_words.iter().filter(is_used);
    blocked.map(|word| Breach::new(Guard::BlockedWord, format!("contains the blocked word `{word}`")))
}

#[cfg(test)]
mod tests;
