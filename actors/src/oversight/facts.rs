//! What a record is and what happened in it, read from its entry or row and never from its words: by this it is counted and
//! listed.

use std::collections::HashMap;

use tenants::clock::Timestamp;
use tenants::intent::Intent;

use super::record::Record;
use super::vocabulary::{Deed, Thing, concept_of_deed};

/// Something that was done, or not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// What.
    pub deed: Deed,
    /// False when it was tried or asked for, and not done.
    pub done: bool,
    /// When; of what is planned, when it is to be. `None` when only the present state is known.
    pub at: Option<Timestamp>,
}

/// What is counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The kinds of things it is.
    pub things: Vec<Thing>,
    /// What happened.
    pub happened: Vec<Happened>,
    /// What its words were understood as.
    pub intent: Option<Intent>,
    /// What orders it before others of its kind, such as how sure a lead is.
    pub weight: f32,
}

impl Facts {
    /// Facts about such things.
    pub fn of(things: &[Thing]) -> Self {
        Self { things: things.to_vec(), ..Self::default() }
    }

    /// The same, with something that was done at this moment.
    #[must_use]
    pub fn done(self, deed: Deed, at: impl Into<Option<Timestamp>>) -> Self {
        self.with(deed, true, at)
    }

    /// The same, with something that was not done.
    #[must_use]
    pub fn undone(self, deed: Deed, at: impl Into<Option<Timestamp>>) -> Self {
        self.with(deed, false, at)
    }

    /// The same, with something that was done or not.
    #[must_use]
    pub fn with(mut self, deed: Deed, done: bool, at: impl Into<Option<Timestamp>>) -> Self {
        self.happened.push(Happened { deed, done, at: at.into() });
        self
    }

    /// The same, about words understood like this.
    #[must_use]
    pub fn meaning(mut self, intent: Option<Intent>) -> Self {
        self.intent = intent;
        self
    }

    /// When this was done, or not done; `None` when it was not.
    pub fn moment(&self, deed: Deed, done: bool) -> Option<Option<Timestamp>> {
        self.happened.iter().find(|it| it.deed == deed && it.done == done).map(|it| it.at)
    }
}

/// Facts about a post, by what an entry such as `post.failed` says.
pub fn of_post_entry(verb: &str, at: Timestamp) -> Facts {
    let post = Facts::of(&[Thing::Post]);
    match verb {
        "created" => post.done(Deed::Create, at),
        "edited" => post.done(Deed::Edit, at).done(Deed::Change, at),
        "scheduled" => post.done(Deed::Schedule, at),
        "approved" => post.done(Deed::Approve, at),
        "rejected" => post.done(Deed::Reject, at).undone(Deed::Approve, at).undone(Deed::Publish, at),
        "cancelled" => post.done(Deed::Cancel, at).undone(Deed::Publish, at),
        "retried" => post.done(Deed::Retry, at),
        "published" => post.done(Deed::Publish, at),
        "failed" => post.done(Deed::Fail, at).undone(Deed::Publish, at),
        "missed" => post.undone(Deed::Publish, at),
        _ => post,
    }
}

/// What an effect does when it is sent.
fn family_of(action: &str) -> Option<(Deed, Thing)> {
    match action {
        "reply_comment" | "private_reply" => Some((Deed::Answer, Thing::Comment)),
        "send_dm" | "reply_dm" | "ask_dm" => Some((Deed::Answer, Thing::Message)),
        "hide_comment" => Some((Deed::Hide, Thing::Comment)),
        "delete_comment" => Some((Deed::Delete, Thing::Comment)),
        "like" => Some((Deed::Like, Thing::Comment)),
        // What publishes a post is no post: that is counted by itself.
        _ => None,
    }
}

/// What an action is done to.
pub fn target_of(action: &str) -> Option<Thing> {
    family_of(action).map(|(_, thing)| thing)
}

/// Facts about an effect, by what an entry such as `effect.sent` says.
pub fn of_effect_entry(event_type: &str, action: &str, at: Timestamp) -> Facts {
    let family = family_of(action);
    let mut facts = Facts::of(&[Thing::Queue]);
    facts.things.extend(family.map(|(_, thing)| thing));
    let both = |facts: Facts, done: bool| match family {
        Some((deed, _)) => facts.with(deed, done, at).with(Deed::Send, done, at),
        None => facts.with(Deed::Send, done, at),
    };
    match event_type {
        "effect.sent" => both(facts, true),
        "effect.skipped" => both(facts, false).done(Deed::Skip, at),
        "effect.failed" => both(facts, false).done(Deed::Fail, at),
        "effect.dead_lettered" => {
            facts.things.push(Thing::Letter);
            both(facts, false).done(Deed::Fail, at).done(Deed::GiveUp, at)
        }
        "effect.cancelled" => both(facts, false).done(Deed::Cancel, at),
        "effect.retried" => {
            facts.things.push(Thing::Letter);
            both(facts, false).done(Deed::Retry, at)
        }
        _ => facts,
    }
}

/// Facts of any other entry, by its type: `rule.disabled`, `settings.changed`.
pub fn of_entry(event_type: &str, at: Timestamp) -> Facts {
    let Some((subject, verb)) = event_type.split_once('.') else { return Facts::default() };
    if subject == "post" {
        return of_post_entry(verb, at);
    }
    let facts = subject.parse().map_or_else(|_| Facts::default(), |thing: Thing| Facts::of(&[thing]));
    let deed = match verb {
        "taken_over" => Some(Deed::TakeOver),
        "handed_back" => Some(Deed::HandBack),
        "opted_out" => Some(Deed::OptOut),
        "person_forgotten" => Some(Deed::Forget),
        "connect_failed" => return facts.undone(Deed::Connect, at).done(Deed::Fail, at),
        "refresh_failed" => return facts.undone(Deed::Refresh, at).done(Deed::Fail, at),
        verb => concept_of_deed(verb),
    };
    match deed {
        Some(deed) => facts.done(deed, at),
        None => facts,
    }
}

/// Completes what rows do not say by themselves from the decisions they belong to: what an escalation is about, and how
/// its words were understood.
pub fn complete(records: &mut [Record]) {
    let of_decisions: HashMap<String, Facts> = records
        .iter()
        .filter(|it| it.source.kind == "decision")
        .map(|it| (it.source.id.clone(), it.facts.clone()))
        .collect();
    for record in records.iter_mut().filter(|it| it.source.kind == "approval") {
        let Some(decision) = record.decision.as_ref().and_then(|it| of_decisions.get(it)) else { continue };
        if record.facts.things.len() == 1 {
            record.facts.things.extend(&decision.things);
        }
        record.facts.intent = record.facts.intent.or(decision.intent);
    }
}
