//! For the tests of all crates: a router whose answers a test writes down beforehand, a provider of the same kind
//! below the real router, and a ledger in memory.

pub mod corpus;
mod ledger;
mod provider;

pub use ledger::MemoryLedger;
pub use provider::{Asked, ScriptedProvider, StreamStep, Turn, saying};

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tenants::intent::{Classification, Intent, Language, Sentiment};
use tokio::sync::Semaphore;

use crate::error::LlmError;
use crate::router::{Answer, ClassifyRequest, LlmRouter, ReplyRequest};

/// What happens when a scripted text comes.
#[derive(Debug, Clone)]
pub enum Step {
    /// `classify` answers this.
    Classify(Classification),
    /// `reply` answers this.
    Reply(String),
    /// The same from a lesser model than should have answered, and why.
    Lesser(Box<Step>, String),
    /// The same, and the model says that it is not sure.
    Unsure(Box<Step>),
    /// The call fails.
    Fail(LlmError),
    /// The call panics, as a bug would.
    Panic,
    /// The call waits until the gate lets it through, then goes on with the next step.
    Wait(Gate),
}

impl Step {
    /// The answer without what is said about it.
    fn plain(&self) -> &Self {
        match self {
            Self::Lesser(step, _) | Self::Unsure(step) => step.plain(),
            _ => self,
        }
    }

    /// What is said about the answer, put onto it.
    fn mark<T>(&self, answer: Answer<T>) -> Answer<T> {
        match self {
            Self::Lesser(step, why) => Answer { degraded: Some(why.clone()), ..step.mark(answer) },
            Self::Unsure(step) => Answer { is_unsure: true, ..step.mark(answer) },
            _ => answer,
        }
    }
}

/// Holds calls back until a test opens it.
#[derive(Debug, Clone)]
pub struct Gate {
    permits: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(0)) }
    }
}

impl Gate {
    /// Lets `calls` waiting or coming calls through.
    pub fn let_through(&self, calls: usize) {
        self.permits.add_permits(calls);
    }

    /// Lets all calls through from now on.
    pub fn open(&self) {
        self.permits.close();
    }

    /// Waits until it is let through.
    pub async fn pass(&self) {
        // A closed semaphore is an open gate.
        if let Ok(permit) = self.permits.acquire().await {
            permit.forget();
        }
    }
}

/// A call that came.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// To `classify`.
    Classify(ClassifyRequest),
    /// To `reply`.
    Reply(ReplyRequest),
}

/// Answers from scripts, and from another router where there is no script.
pub struct ScriptedRouter {
    otherwise: Option<Arc<dyn LlmRouter>>,
    scripts: Mutex<HashMap<String, VecDeque<Step>>>,
    calls: Mutex<Vec<Call>>,
    reads_history: AtomicBool,
}

impl ScriptedRouter {
    /// Without a script for a text, calls fail as unavailable.
    pub fn new() -> Arc<Self> {
        Self::make(None)
    }

    /// Without a script for a text, `otherwise` answers.
    pub fn in_front_of(otherwise: Arc<dyn LlmRouter>) -> Arc<Self> {
        Self::make(Some(otherwise))
    }

    /// Adds steps for exactly this text. Each call takes one ([`Step::Wait`] and the one after it together);
    /// the last one stays for all further calls. Classifying and replying have separate steps: a step of the
    /// other kind is passed over.
    pub fn on(&self, text: &str, steps: impl IntoIterator<Item = Step>) {
        lock(&self.scripts).entry(text.to_owned()).or_default().extend(steps);
    }

    /// From now on it wants to know what was said before.
    pub fn wants_history(&self) {
        self.reads_history.store(true, Ordering::Relaxed);
    }

    /// The calls so far, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    fn make(otherwise: Option<Arc<dyn LlmRouter>>) -> Arc<Self> {
        Arc::new(Self {
            otherwise,
            scripts: Mutex::default(),
            calls: Mutex::default(),
            reads_history: AtomicBool::new(false),
        })
    }

    /// The next step for this text of a kind that `fits`.
    fn next(&self, text: &str, fits: fn(&Step) -> bool) -> Option<Step> {
        let mut scripts = lock(&self.scripts);
        let steps = scripts.get_mut(text)?;
        let index = steps.iter().position(fits)?;
        let is_last = !steps.iter().skip(index + 1).any(fits);
        let is_kept = is_last && !matches!(steps[index], Step::Wait(_));
        if is_kept { steps.get(index).cloned() } else { steps.remove(index) }
    }

    /// Waits and fails as scripted; gives the answer step, or `None` where there is no script.
    async fn play(&self, text: &str, fits: fn(&Step) -> bool) -> Result<Option<Step>, LlmError> {
        loop {
            match self.next(text, fits) {
                Some(Step::Wait(gate)) => gate.pass().await,
                Some(Step::Fail(error)) => return Err(error),
                Some(Step::Panic) => panic!("the script says: panic"),
                step => return Ok(step),
            }
        }
    }
}

#[async_trait]
impl LlmRouter for ScriptedRouter {
    async fn classify(&self, request: ClassifyRequest) -> Result<Answer<Classification>, LlmError> {
        lock(&self.calls).push(Call::Classify(request.clone()));
        let step = self.play(&request.text, |step| !matches!(step.plain(), Step::Reply(_))).await?;
        match (step.as_ref().map(|step| (step, step.plain())), &self.otherwise) {
            (Some((step, Step::Classify(found))), _) => Ok(step.mark(answer(found.clone()))),
            (_, Some(otherwise)) => otherwise.classify(request).await,
            (_, None) => Err(unscripted()),
        }
    }

    async fn reply(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError> {
        lock(&self.calls).push(Call::Reply(request.clone()));
        let step = self.play(&request.text, |step| !matches!(step.plain(), Step::Classify(_))).await?;
        match (step.as_ref().map(|step| (step, step.plain())), &self.otherwise) {
            (Some((step, Step::Reply(reply))), _) => Ok(step.mark(answer(reply.clone()))),
            (_, Some(otherwise)) => otherwise.reply(request).await,
            (_, None) => Err(unscripted()),
        }
    }

    fn reads_history(&self) -> bool {
        self.reads_history.load(Ordering::Relaxed)
    }
}

/// A classification with this intent and confidence, in English, without a crisis.
pub fn classification(intent: Intent, confidence: f32) -> Classification {
    let rest = (1.0 - confidence) / (Intent::ALL.len() - 1) as f32;
    let probability = |&other: &Intent| (other, if other == intent { confidence } else { rest });
    let sentiment = match intent {
        Intent::Praise => Sentiment::Positive,
        Intent::Complaint => Sentiment::Negative,
        _ => Sentiment::Neutral,
    };
    Classification {
        intent,
        confidence,
        probabilities: Intent::ALL.iter().map(probability).collect(),
        sentiment,
        language: Some(Language::English),
        crisis: false,
    }
}

fn answer<T>(value: T) -> Answer<T> {
    Answer::free(value, "scripted", "script", Duration::ZERO)
}

fn unscripted() -> LlmError {
    LlmError::Unavailable { retry_after: None, reason: "the test wrote no script for this text".to_owned() }
}

/// A panic that a script asked for must not spoil the other calls.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> ClassifyRequest {
        ClassifyRequest { text: text.to_owned(), ..ClassifyRequest::default() }
    }

    #[tokio::test]
    async fn steps_are_played_in_order_and_the_last_one_stays() {
        let router = ScriptedRouter::new();
        let praise = classification(Intent::Praise, 0.9);
        router.on("hi", [Step::Fail(LlmError::Cancelled), Step::Classify(praise.clone())]);
        assert_eq!(router.classify(request("hi")).await, Err(LlmError::Cancelled));
        for _ in 0..2 {
            assert_eq!(router.classify(request("hi")).await.unwrap().value, praise);
        }
        assert!(router.classify(request("other")).await.unwrap_err().is_transient());
        assert_eq!(router.calls().len(), 4);
    }

    #[tokio::test]
    async fn a_gate_holds_a_call_until_it_is_opened() {
        let router = ScriptedRouter::new();
        let gate = Gate::default();
        router.on("hi", [Step::Wait(gate.clone()), Step::Classify(classification(Intent::Spam, 0.8))]);
        let mut call = router.classify(request("hi"));
        let waiting = tokio::time::timeout(Duration::from_millis(5), &mut call).await;
        assert!(waiting.is_err());
        gate.let_through(1);
        assert_eq!(call.await.unwrap().value.intent, Intent::Spam);
    }
}
