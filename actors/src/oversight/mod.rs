//! Answers to people who ask why.
//!
//! A question goes this way: what it asks for is read (`question`), the records are looked up (`look`, `told`), a model
//! writes from them where there is one (`model`), else they are quoted as they stand (`extract`); every sentence, whoever
//! wrote it, passes the citation checker (`cite`) before anybody sees it. The built-in answers take the same way as a
//! model's: a sentence that no record carries is left out, and "There is no record of that." is an answer.
//!
//! Everything is read, nothing is changed but the conversation itself.

mod cite;
mod extract;
mod facts;
mod fit;
mod look;
mod looker;
mod model;
mod places;
mod plan;
mod question;
mod record;
mod sentences;
mod shelf;
mod tally;
#[cfg(test)]
mod tests;
mod told;
mod vocabulary;
mod wanted;
mod when;
mod wording;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono_tz::Tz;
use tenants::account::Tenant;
use tenants::clock::Timestamp;
use tenants::ids::AgencyId;
use tenants::money::MicroUsd;
use tenants::oversight::{OversightTurn, Source};
use tenants::ports::StoreError;
use tokio::sync::mpsc;

pub use self::cite::NO_RECORD;
use self::extract::{Extract, extract};
use self::look::{AuditSearch, FIRST_ENTRIES, Look, LookError};
use self::looker::Looker;
use self::places::Places;
use self::plan::plan;
use self::question::Question;
use self::record::Record;
use self::shelf::Shelf;
use crate::Ports;

/// Who answers where no model does.
const BUILT_IN: &str = "offline/extract-1";

/// Tells who is behind `key:…` and `user:…`.
#[async_trait]
pub trait WhoIsWho: Send + Sync + 'static {
    /// The names of an agency's users and keys, by what the audit log calls them.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn names(&self, agency: &AgencyId) -> Result<HashMap<String, String>, StoreError>;
}

/// A question somebody asks.
#[derive(Debug, Clone)]
pub struct Asked {
    /// About whom.
    pub tenant: Tenant,
    /// What.
    pub question: String,
    /// What was asked and answered before in the conversation, oldest first.
    pub before: Vec<OversightTurn>,
    /// When.
    pub at: Timestamp,
}

/// How an answer came about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answered {
    /// The whole of it.
    pub text: String,
    /// The records that carry it; `[n]` in the text names the n-th.
    pub sources: Vec<Source>,
    /// 0 to 1.
    pub confidence: f32,
    /// How it was found.
    pub steps: Vec<String>,
    /// What was looked into.
    pub tools: Vec<String>,
    /// Who answered.
    pub model: String,
    /// What it cost.
    pub cost: MicroUsd,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The records cannot be read now.
    #[error("the records cannot be read at the moment: ask again in a minute")]
    Unavailable(#[source] LookError),
    /// Nobody listens any more.
    #[error("nobody listens any more")]
    Unheard,
}

/// Answers questions. Cheap to clone.
#[derive(Clone)]
pub struct Oversight {
    ports: Ports,
    who: Arc<dyn WhoIsWho>,
    places: Places,
}

impl Oversight {
    /// One that reads through these.
    pub fn new(ports: Ports, who: Arc<dyn WhoIsWho>) -> Self {
        Self { ports, who, places: Places::default() }
    }

    /// Answers; `heard` gets the text piece by piece as it is sure.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn answer(&self, asked: &Asked, heard: &mpsc::Sender<String>) -> Result<Answered, AnswerError> {
        let tenant = &asked.tenant;
        let zone: Tz = tenant.time_zone.parse().unwrap_or(Tz::UTC);
        let names = self.who.names(&tenant.agency);
        let context = self.context(tenant, zone, asked.at);
        let (names, context) = tokio::try_join!(names, context).map_err(unavailable)?;
        let looker = Looker {
            ports: &self.ports,
            tenant,
            zone,
            budget: &context.behalf.budget,
            names: &names,
            now: asked.at,
        };
        let mut answer = Answer { heard, shelf: Shelf::default(), said: Answered::default() };
        let wrote = model::write(&self.ports, &looker, &context, asked, &mut answer).await?;
        if !wrote {
            self.quote(&looker, asked, zone, &mut answer).await?;
        }
        Ok(answer.finish())
    }

    /// The built-in answer: the records as they stand.
    async fn quote(
        &self,
        looker: &Looker<'_>,
        asked: &Asked,
        zone: Tz,
        answer: &mut Answer<'_>,
    ) -> Result<(), AnswerError> {
        let question = Question::read(&with_context(asked), asked.at, zone);
        let (mut records, found) = self.gather(looker, asked, question, answer).await?;
        let Extract { sentences, sums, confidence } = found;
        records.extend(sums);
        let said: Vec<String> = sentences
            .into_iter()
            .map(|(line, at)| (line, records.get(at).cloned()))
            .filter_map(|(line, record)| Some(cited(&line, answer.shelf.add(record?))))
            .collect();
        // Whoever reads slowly holds no records.
        drop(records);
        for sentence in said {
            answer.say(&sentence).await?;
        }
        if answer.said.text.is_empty() {
            answer.say_nothing_recorded().await?;
        }
        let is_answered = !answer.shelf.said_nothing();
        answer.said.confidence = if is_answered { confidence } else { 0.6 };
        answer.said.model = BUILT_IN.to_owned();
        Ok(())
    }

    /// The records that a question is about, and what of them answers it.
    async fn gather(
        &self,
        looker: &Looker<'_>,
        asked: &Asked,
        question: Question,
        answer: &mut Answer<'_>,
    ) -> Result<(Vec<Record>, Extract), AnswerError> {
        let _place = self.places.take(looker.tenant.id).await;
        let question = Arc::new(question);
        let mut records: Vec<Record> = Vec::new();
        let mut is_cut = false;
        for look in plan(&question) {
            let found = looker.look(&look).await.map_err(AnswerError::Unavailable)?;
            answer.note_look(&look, found.records.len(), found.is_cut);
            records.extend(found.records);
            is_cut |= found.is_cut;
        }
        // Of a time before there was a tenant nothing can be said, not even that nothing was.
        is_cut |= question.when.is_some_and(|when| when.period.until <= looker.tenant.created_at);
        facts::complete(&mut records);
        let found = self.extract(&question, records, is_cut).await?;
        if !found.1.sentences.is_empty() || !question.may_be_remembered() {
            return Ok(found);
        }
        // "What do we know about returns?" asks the memory without naming it.
        let look = Look::Memory { about: asked.question.clone() };
        let records = looker.look(&look).await.map_err(AnswerError::Unavailable)?.records;
        answer.note_look(&look, records.len(), false);
        self.extract(&question, records, false).await
    }

    /// Looks through the records, off the threads that serve everybody: thousands take their time.
    async fn extract(
        &self,
        question: &Arc<Question>,
        records: Vec<Record>,
        is_cut: bool,
    ) -> Result<(Vec<Record>, Extract), AnswerError> {
        let question = Arc::clone(question);
        let work = move || {
            let found = extract(&question, &records, is_cut);
            (records, found)
        };
        self.ports.tasks.spawn_blocking(work).await.map_err(|_| AnswerError::Unheard)
    }

    async fn context(&self, tenant: &Tenant, zone: Tz, now: Timestamp) -> Result<model::Context, StoreError> {
        let day = tenants::settings::local_day(now, zone);
        let context = self.ports.store.load_context(&tenant.id, &day).await?;
        Ok(model::Context::of(tenant, zone, context))
    }
}

impl std::fmt::Debug for Oversight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Oversight")
    }
}

fn unavailable(error: StoreError) -> AnswerError {
    AnswerError::Unavailable(error.into())
}

/// A line as a sentence with its source: the mark stands before the full stop.
fn cited(line: &str, number: usize) -> String {
    format!("{} [{number}].", line.trim_end_matches('.'))
}

/// A short question that goes on from the last one is read together with it: "And why?".
fn with_context(asked: &Asked) -> String {
    const SHORT: usize = 4;
    let question = &asked.question;
    let is_short = question.split_whitespace().count() <= SHORT;
    let leans = ["and ", "why?", "who?", "when?", "why not", "and?"];
    let folded = question.to_lowercase();
    match asked.before.last() {
        Some(last) if is_short && leans.iter().any(|it| folded.starts_with(it)) => {
            format!("{question} {}", last.question)
        }
        _ => question.clone(),
    }
}

/// An answer in the making.
struct Answer<'a> {
    heard: &'a mpsc::Sender<String>,
    shelf: Shelf,
    said: Answered,
}

impl Answer<'_> {
    /// Says a sentence if its records carry it; whether it was said.
    async fn say(&mut self, sentence: &str) -> Result<bool, AnswerError> {
        let Some(sentence) = self.shelf.admit(sentence) else { return Ok(false) };
        let text = if self.said.text.is_empty() { sentence } else { format!(" {sentence}") };
        self.said.text.push_str(&text);
        for piece in text.split_inclusive(' ') {
            self.heard.send(piece.to_owned()).await.map_err(|_| AnswerError::Unheard)?;
        }
        Ok(true)
    }

    async fn say_nothing_recorded(&mut self) -> Result<(), AnswerError> {
        self.say(NO_RECORD).await.map(|_| ())
    }

    fn note(&mut self, step: impl Into<String>) {
        self.said.steps.push(step.into());
    }

    fn note_look(&mut self, look: &Look, found: usize, is_cut: bool) {
        let name = look.name();
        if !self.said.tools.iter().any(|tool| tool == name) {
            self.said.tools.push(name.to_owned());
        }
        let cut = if is_cut { ", the newest ones: older entries were not read" } else { "" };
        self.note(format!("looked into {}: {found} records{cut}", name.replace('_', " ")));
    }

    fn finish(mut self) -> Answered {
        self.said.sources = self.shelf.sources();
        match self.shelf.refused() {
            0 => {}
            1 => self.said.steps.push("left out a sentence that no record carries".to_owned()),
            more => self.said.steps.push(format!("left out {more} sentences that no record carries")),
        }
        self.said
    }
}

/// The entries that every answer of a model starts from.
fn first_entries() -> Look {
    Look::AuditSearch(AuditSearch { limit: Some(FIRST_ENTRIES as usize), ..AuditSearch::default() })
}
