//! Entries of the audit log, told in whole sentences.
//!
//! Only members of an entry that are known are told: whatever else its details hold, a secret among them, never gets
//! into an answer.

use std::collections::HashMap;

use chrono_tz::Tz;
use serde_json::Value;
use tenants::audit::AuditEntry;
use tenants::clock::Timestamp;
use tenants::intent::Intent;
use tenants::oversight::Source;
use tenants::words::with_article;

use super::facts::{Facts, of_effect_entry, of_entry};
use super::record::{Record, phrase, quoted};
use super::vocabulary::{Deed, Thing};
use super::when::moment_told;
use super::wording::{
    actions_in, done_told, kind_told, model_told, object_of, outcome_told, particulars, person_told,
    post_told, steps_told, text, verb_told,
};

/// Who is behind `key:…` and `user:…`, by those words.
pub type Names = HashMap<String, String>;

/// What a decision was about.
#[derive(Debug, Clone, Default)]
struct Subject {
    /// `the comment “…” by @ana`.
    told: String,
    author: Option<String>,
    thing: Option<Thing>,
    intent: Option<Intent>,
}

/// Tells entries. Give it the newest first: effects and verdicts are told once the decision behind them is known.
pub struct Teller<'a> {
    zone: Tz,
    names: &'a Names,
    subjects: HashMap<String, Subject>,
    /// The words that left, by decision and action.
    sent: HashMap<(String, String), String>,
    told: Vec<(usize, Record)>,
    later: Vec<(usize, AuditEntry, Value)>,
    count: usize,
}

impl<'a> Teller<'a> {
    /// One for a tenant in this zone.
    pub fn new(zone: Tz, names: &'a Names) -> Self {
        Self {
            zone,
            names,
            subjects: HashMap::new(),
            sent: HashMap::new(),
            told: Vec::new(),
            later: Vec::new(),
            count: 0,
        }
    }

    /// Takes in an entry.
    pub fn hear(&mut self, entry: AuditEntry) {
        let at = self.count;
        self.count += 1;
        let details = entry.details.value();
        let of_decision = details.get("decision").is_some_and(Value::is_string);
        if entry.event_type == "decision.made" {
            let record = self.decision(&entry, &details);
            self.told.push((at, record));
        } else if of_decision {
            self.later.push((at, entry, details));
        } else {
            let record = self.other(&entry, &details);
            self.told.push((at, record));
        }
    }

    /// Everything heard, in its order.
    pub fn finish(mut self) -> Vec<Record> {
        for (_, _, details) in &self.later {
            // What a person let through is what left, whatever was drafted.
            if let (Some(decision), Some(Value::Array(actions))) =
                (text(details, "decision"), details.get("actions"))
            {
                keep_words(&mut self.sent, decision, actions.iter());
            }
        }
        for (at, entry, details) in std::mem::take(&mut self.later) {
            let record = match entry.event_type.as_str() {
                "approval.decided" => self.verdict(&entry, &details),
                event if event.starts_with("effect.") => self.effect(&entry, &details),
                _ => self.other(&entry, &details),
            };
            self.told.push((at, record));
        }
        self.told.sort_by_key(|(at, _)| *at);
        self.told.into_iter().map(|(_, record)| record).collect()
    }

    fn decision(&mut self, entry: &AuditEntry, details: &Value) -> Record {
        let author = text(details, "author").map(str::to_owned);
        let event_kind = text(details, "event_kind").unwrap_or("event");
        let kind = kind_told(event_kind);
        let mut subject = format!("the {kind}");
        if let Some(words) = text(details, "incoming_text").filter(|it| !it.is_empty()) {
            subject = format!("{subject} {}", quoted(words));
        }
        if let Some(author) = &author {
            subject = format!("{subject} by {}", person_told(author));
        }
        let thing = thing_of(event_kind);
        let intent = details.get("classification").and_then(|it| text(it, "intent"));
        let intent: Option<Intent> = intent.and_then(|it| it.parse().ok());
        keep_words(&mut self.sent, &entry.resource_id, actions_in(details));
        let at = moment_told(entry.at, self.zone);
        let reason = text(details, "reason").map(phrase).unwrap_or_default();
        let what = outcome_told(&entry.action, details, &subject);
        let mut lines = vec![match reason.is_empty() {
            true => format!("On {at} {what}."),
            false => format!("On {at} {what}, because {reason}."),
        }];
        lines.extend(steps_told(details));
        lines.extend(model_told(details));
        let title = match &author {
            Some(author) => format!("Decision on {} by {}", with_article(&kind), person_told(author)),
            None => format!("Decision on {}", with_article(&kind)),
        };
        let known = Subject { told: subject, author: author.clone(), thing, intent };
        self.subjects.insert(entry.resource_id.clone(), known);
        let mut record = self.record("decision", entry, title, lines);
        record.author = author;
        record.decision = Some(entry.resource_id.clone());
        record.facts = decided(&entry.action, thing, entry.at).meaning(intent);
        record
    }

    fn verdict(&self, entry: &AuditEntry, details: &Value) -> Record {
        let subject = self.subject(details);
        let (at, by) = (moment_told(entry.at, self.zone), self.actor(&entry.actor));
        let is_escalation = details.get("escalation").and_then(Value::as_bool).unwrap_or(false);
        let what = if is_escalation { "the escalation" } else { "the draft" };
        let about = match subject.told.is_empty() {
            true => String::new(),
            false => format!(" for {}", subject.told),
        };
        let sent = details.get("actions").and_then(Value::as_array).into_iter().flatten();
        let sent = sent.filter_map(|action| text(action, "text")).map(quoted).next();
        let mut line = match text(details, "status").unwrap_or(&entry.action) {
            "approved" => format!("On {at} {by} approved {what}{about}"),
            "edited" => format!("On {at} {by} edited and approved {what}{about}"),
            "rejected" => format!("On {at} {by} rejected {what}{about}"),
            other => format!("On {at} {by} decided {what}{about} as {}", phrase(other)),
        };
        if let Some(remark) = text(details, "comment") {
            line = format!("{line}, with the remark {}", quoted(remark));
        }
        let mut lines = vec![format!("{line}.")];
        lines.extend(sent.map(|sent| format!("The words that {by} let through were {sent}.")));
        let mut record = self.record("approval", entry, format!("Verdict of {by}"), lines);
        let status = text(details, "status").unwrap_or(&entry.action);
        record.facts = judged(status, is_escalation, subject.thing, entry.at).meaning(subject.intent);
        record.author = subject.author;
        record.decision = text(details, "decision").map(str::to_owned);
        record
    }

    fn effect(&self, entry: &AuditEntry, details: &Value) -> Record {
        let subject = self.subject(details);
        let told = if subject.told.is_empty() { object_of(&entry.action).to_owned() } else { subject.told };
        let at = moment_told(entry.at, self.zone);
        let done = done_told(&entry.action);
        let error = entry.error.as_deref().map(phrase).unwrap_or_else(|| "no reason was given".to_owned());
        let reason = text(details, "reason").map(|it| phrase(&it.replace('_', " "))).unwrap_or_default();
        let attempts = details.get("attempts").and_then(Value::as_i64).unwrap_or(1);
        let times = if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
        let action = phrase(&entry.action);
        let by = self.actor(&entry.actor);
        let line = match entry.event_type.as_str() {
            "effect.sent" => format!("On {at} {told} was {done}, at attempt {attempts}."),
            "effect.skipped" => {
                format!("On {at} {told} was not {done}: the effect {action} was skipped, because {reason}.")
            }
            "effect.dead_lettered" => format!(
                "On {at} {told} was not {done}: the effect {action} failed and was abandoned as a dead letter after \
                 {times} ({error})."
            ),
            "effect.failed" => format!(
                "On {at} {told} was not {done}: attempt {attempts} of the effect {action} failed ({error})."
            ),
            "effect.unknown" => format!(
                "On {at} the outcome of the effect {action} for {told} was unknown and is read back from Instagram."
            ),
            "effect.cancelled" => format!("On {at} {by} cancelled the effect {action} for {told}."),
            "effect.retried" => {
                format!("On {at} {by} had the effect {action} for {told} retried from the dead letters.")
            }
            other => format!(
                "On {at} the effect {action} for {told} was {}.",
                phrase(&other.replace("effect.", "").replace('_', " "))
            ),
        };
        let title =
            format!("{} {}", entry.action.replace('_', " "), entry.event_type.trim_start_matches("effect."));
        let decision = text(details, "decision").map(str::to_owned);
        let key = (decision.clone().unwrap_or_default(), entry.action.clone());
        let words = self.sent.get(&key).filter(|_| entry.event_type == "effect.sent");
        let mut lines = vec![line];
        lines.extend(words.map(|words| format!("The words that were sent are {}.", quoted(words))));
        let mut record = self.record("effect", entry, title, lines);
        record.facts = of_effect_entry(&entry.event_type, &entry.action, entry.at).meaning(subject.intent);
        record.author = subject.author;
        record.decision = decision;
        record
    }

    /// What happened to a post, by its caption.
    fn post(&self, entry: &AuditEntry, details: &Value, verb: &str) -> Record {
        let post = post_told(text(details, "post_type").unwrap_or("post"), text(details, "caption"));
        let (at, by) = (moment_told(entry.at, self.zone), self.actor(&entry.actor));
        let planned: Option<Timestamp> = text(details, "scheduled_at").and_then(|it| it.parse().ok());
        let planned = planned.map(|it| format!(" for {}", moment_told(it, self.zone))).unwrap_or_default();
        let error = entry.error.as_deref().map(|it| format!(": {}", phrase(it))).unwrap_or_default();
        let line = match verb {
            "published" => format!("On {at} {post} was published"),
            "failed" => format!("On {at} {post} failed and was not published{error}"),
            "missed" => format!("On {at} {post} missed its time and was not published{error}"),
            "repeated" => {
                format!("On {at} the next {} of a series was created", post.trim_start_matches("the "))
            }
            "scheduled" => format!("On {at} {by} scheduled {post}{planned}"),
            "publish_now" => format!("On {at} {by} had {post} go out at once"),
            "settled" => format!("On {at} {by} said what became of {post}"),
            other => format!("On {at} {by} {} {post}", verb_told(other)),
        };
        let mut record =
            self.record("post", entry, format!("post {}", verb_told(verb)), vec![format!("{line}.")]);
        record.lines.extend(
            text(details, "permalink").map(|it| format!("It was recorded with permalink {}.", phrase(it))),
        );
        record.facts = of_entry(&entry.event_type, entry.at);
        record
    }

    /// Whatever else happened: what, to what, by whom.
    fn other(&self, entry: &AuditEntry, details: &Value) -> Record {
        if entry.event_type.starts_with("effect.") {
            return self.effect(entry, details);
        }
        let (subject, verb) = entry.event_type.split_once('.').unwrap_or((&entry.event_type, "noted"));
        if subject == "post" {
            return self.post(entry, details, verb);
        }
        let subject = subject.replace('_', " ");
        let name = ["name", "username", "title", "slug", "email", "prompt"]
            .iter()
            .find_map(|key| text(details, key));
        let named = name.map(|name| format!(" {}", phrase(name))).unwrap_or_default();
        let at = moment_told(entry.at, self.zone);
        let by = self.actor(&entry.actor);
        let were = if subject == "settings" { "were" } else { "was" };
        let mut line = format!("On {at} the {subject}{named} {were} {} by {by}", verb_told(verb));
        if let Some(reason) = ["why", "reason", "trouble"].iter().find_map(|key| text(details, key)) {
            line = format!("{line}, because {}", phrase(&reason.replace('_', " ")));
        }
        if let Some(error) = &entry.error {
            line = format!("{line}; it failed: {}", phrase(error));
        }
        let mut lines = vec![format!("{line}.")];
        lines.extend(text(details, "message").map(|it| format!("Its message was {}.", quoted(it))));
        lines.extend(particulars(details));
        let title = format!("{subject} {}", verb_told(verb));
        let mut record = self.record(&entry.resource_type, entry, title, lines);
        record.facts = of_entry(&entry.event_type, entry.at);
        record
    }

    fn subject(&self, details: &Value) -> Subject {
        let decision = text(details, "decision").unwrap_or_default();
        self.subjects.get(decision).cloned().unwrap_or_default()
    }

    fn record(&self, kind: &str, entry: &AuditEntry, title: String, lines: Vec<String>) -> Record {
        let source = Source {
            kind: kind.to_owned(),
            id: entry.resource_id.clone(),
            entry: Some(entry.id.to_string()),
            title,
            at: Some(entry.at),
        };
        Record { source, lines, author: None, decision: None, facts: Facts::default() }
    }

    /// Who did it, as people call them.
    fn actor(&self, actor: &str) -> String {
        if let Some(name) = self.names.get(actor) {
            return phrase(name);
        }
        match actor.split_once(':') {
            Some(("key", _)) => "a key that is no longer listed".to_owned(),
            Some(("user", _)) => "a user who is no longer listed".to_owned(),
            _ if actor == "cli" => "the command line".to_owned(),
            _ if actor == "client" => "the client, through the approval link,".to_owned(),
            _ => format!("Troupe ({})", phrase(actor)),
        }
    }
}

/// Facts of a decision: something came in, and what was decided where no effect tells.
fn decided(outcome: &str, thing: Option<Thing>, at: Timestamp) -> Facts {
    let Some(thing) = thing else { return Facts::default() };
    let facts = Facts::of(&[thing]).done(Deed::Receive, at);
    match outcome {
        "draft" => facts.done(Deed::Draft, at),
        "escalate" => facts.done(Deed::Escalate, at),
        "ignore" => facts.done(Deed::Ignore, at).undone(Deed::Answer, at),
        "record" => facts.done(Deed::Note, at).undone(Deed::Answer, at),
        _ => facts,
    }
}

/// Facts of a verdict on a draft or an escalation.
fn judged(status: &str, is_escalation: bool, thing: Option<Thing>, at: Timestamp) -> Facts {
    let mut facts = Facts::of(&[Thing::Approval]);
    facts.things.extend(thing);
    let facts = facts.done(if is_escalation { Deed::Escalate } else { Deed::Draft }, at);
    match status {
        "approved" => facts.done(Deed::Approve, at),
        "edited" => facts.done(Deed::Edit, at),
        "rejected" => facts.done(Deed::Reject, at).undone(Deed::Approve, at).undone(Deed::Answer, at),
        "expired" => facts.done(Deed::Expire, at).undone(Deed::Approve, at),
        _ => facts,
    }
}

/// What came in with an event of this kind; `None` for what is not somebody's words to us.
fn thing_of(event_kind: &str) -> Option<Thing> {
    match event_kind {
        "comment" | "live_comment" => Some(Thing::Comment),
        "message" | "story_reply" => Some(Thing::Message),
        "mention" => Some(Thing::Mention),
        _ => None,
    }
}

/// Keeps the words of actions, in place of others of the same decision.
fn keep_words<'v>(
    sent: &mut HashMap<(String, String), String>,
    decision: &str,
    actions: impl Iterator<Item = &'v Value>,
) {
    for action in actions {
        if let (Some(kind), Some(words)) = (text(action, "action"), text(action, "text")) {
            sent.insert((decision.to_owned(), kind.to_owned()), words.to_owned());
        }
    }
}
