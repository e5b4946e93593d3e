//! A provider whose answers a test writes down beforehand.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tenants::clock::{Clock, Timestamp};
use tokio::sync::watch;

use super::Gate;
use crate::budget::Paid;
use crate::catalogue::{CatalogueError, ProviderEntry};
use crate::provider::{Ask, CallError, Completion, Delta, Deltas, Embeddings, Provider, ProviderSource};
use crate::request::{Input, StopReason, Usage};

/// What happens at a call.
#[derive(Debug, Clone)]
pub enum Turn {
    /// The whole answer, at once; in a stream, as one piece.
    Say(Completion),
    /// The call fails.
    Fail(CallError),
    /// Time passes on the clock first.
    After(Duration, Box<Turn>),
    /// The call waits until the gate lets it through.
    Behind(Gate, Box<Turn>),
    /// A stream, step by step; it breaks off when the steps end before [`Delta::End`].
    Stream(Vec<StreamStep>),
    /// Vectors.
    Vectors(Embeddings),
}

/// A step of a stream.
#[derive(Debug, Clone)]
pub enum StreamStep {
    /// A piece comes.
    Piece(Delta),
    /// The stream fails.
    Fail(CallError),
    /// Nothing comes until the gate opens.
    Wait(Gate),
}

/// A call that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Name of the model, without the provider's.
    pub model: String,
    /// What it got to see; of a call for vectors, the texts as messages.
    pub input: Input,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// As it was sent.
    pub temperature: Option<f32>,
    /// When.
    pub at: Timestamp,
}

/// Stands in for all providers of a catalogue.
pub struct ScriptedProvider {
    clock: Arc<dyn Clock>,
    turns: Mutex<HashMap<String, VecDeque<Turn>>>,
    keyless: Mutex<HashSet<String>>,
    asked: watch::Sender<Vec<Asked>>,
}

/// A text with its usage: so many tokens in, so many out.
pub fn saying(text: &str, input: u32, output: u32) -> Turn {
    let usage = Some(Usage { input, output, ..Usage::default() });
    Turn::Say(Completion { text: text.to_owned(), usage, ..Completion::default() })
}

impl ScriptedProvider {
    /// Without a script for a model, calls to it fail as if it did not exist.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let asked = watch::Sender::new(Vec::new());
        Arc::new(Self { clock, turns: Mutex::default(), keyless: Mutex::default(), asked })
    }

    /// Adds turns for a model. Each call takes one; the last one stays for all further calls.
    pub fn on(&self, model: &str, turns: impl IntoIterator<Item = Turn>) {
        lock(&self.turns).entry(model.to_owned()).or_default().extend(turns);
    }

    /// From the next (re)load of the catalogue on, there is no key for this provider.
    pub fn without_key(&self, provider: &str) {
        lock(&self.keyless).insert(provider.to_owned());
    }

    /// The calls so far, in order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// Ends when so many calls have come.
    pub async fn was_asked(&self, times: usize) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.asked.subscribe().wait_for(|asked| asked.len() >= times).await;
    }

    fn note(&self, asked: Asked) {
        self.asked.send_modify(|all| all.push(asked));
    }

    fn next(&self, model: &str) -> Result<Turn, CallError> {
        let mut turns = lock(&self.turns);
        let turns = turns.get_mut(model).filter(|turns| !turns.is_empty());
        let turns = turns.ok_or_else(|| CallError::UnknownModel(format!("no script for {model}")))?;
        let is_last = turns.len() == 1;
        let next = if is_last { turns.front().cloned() } else { turns.pop_front() };
        next.ok_or_else(|| CallError::UnknownModel(model.to_owned()))
    }

    /// The next turn that is not waiting.
    async fn turn(&self, model: &str) -> Result<Turn, CallError> {
        let mut turn = self.next(model)?;
        loop {
            turn = match turn {
                Turn::After(time, next) => {
                    self.clock.sleep(time).await;
                    *next
                }
                Turn::Behind(gate, next) => {
                    gate.pass().await;
                    *next
                }
                Turn::Fail(error) => return Err(error),
                turn => return Ok(turn),
            };
        }
    }

    fn note_chat(&self, ask: &Ask<'_>) {
        self.note(Asked {
            model: ask.model.to_owned(),
            input: ask.input.clone(),
            max_tokens: ask.max_tokens,
            temperature: ask.temperature,
            at: self.clock.now(),
        });
    }
}

#[async_trait]
impl Provider for ScriptedProvider {
    async fn complete(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Completion, CallError> {
        self.note_chat(ask);
        match self.turn(ask.model).await? {
            Turn::Say(completion) => Ok(completion),
            other => Err(CallError::Malformed(format!("the script is for another kind of call: {other:?}"))),
        }
    }

    async fn stream(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Box<dyn Deltas>, CallError> {
        self.note_chat(ask);
        let steps = match self.turn(ask.model).await? {
            Turn::Stream(steps) => steps,
            Turn::Say(completion) => said(completion),
            other => {
                let problem = format!("the script is for another kind of call: {other:?}");
                return Err(CallError::Malformed(problem));
            }
        };
        Ok(Box::new(ScriptedStream { steps: steps.into() }))
    }

    async fn embed(&self, _paid: &Paid, model: &str, texts: &[String]) -> Result<Embeddings, CallError> {
        let messages = texts.iter().cloned().map(crate::request::Message::User).collect();
        let input = Input { messages, ..Input::default() };
        let (model, at) = (model.to_owned(), self.clock.now());
        self.note(Asked { model: model.clone(), input, max_tokens: 0, temperature: None, at });
        match self.turn(&model).await? {
            Turn::Vectors(embeddings) => Ok(embeddings),
            other => Err(CallError::Malformed(format!("the script is for another kind of call: {other:?}"))),
        }
    }
}

fn said(completion: Completion) -> Vec<StreamStep> {
    let text = StreamStep::Piece(Delta::Text(completion.text));
    let usage = completion.usage.map(|usage| StreamStep::Piece(Delta::Usage(usage)));
    let end = StreamStep::Piece(Delta::End(StopReason::End));
    [Some(text), usage, Some(end)].into_iter().flatten().collect()
}

/// The provider itself stands for every name in the catalogue.
impl ProviderSource for Arc<ScriptedProvider> {
    fn provider(
        &self,
        name: &str,
        _entry: &ProviderEntry,
    ) -> Result<Option<Arc<dyn Provider>>, CatalogueError> {
        let provider: Arc<dyn Provider> = Arc::<ScriptedProvider>::clone(self);
        Ok((!lock(&self.keyless).contains(name)).then_some(provider))
    }
}

struct ScriptedStream {
    steps: VecDeque<StreamStep>,
}

#[async_trait]
impl Deltas for ScriptedStream {
    async fn next(&mut self) -> Result<Delta, CallError> {
        loop {
            // A step is taken only when it is over: this future may be dropped while it waits.
            match self.steps.front() {
                None => return Err(CallError::Truncated("the script ended".into())),
                Some(StreamStep::Wait(gate)) => gate.clone().pass().await,
                Some(StreamStep::Piece(_) | StreamStep::Fail(_)) => {}
            }
            match self.steps.pop_front() {
                Some(StreamStep::Piece(delta)) => return Ok(delta),
                Some(StreamStep::Fail(error)) => return Err(error),
                Some(StreamStep::Wait(_)) | None => {}
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
