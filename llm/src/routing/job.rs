//! What is asked of a model: a whole answer, an answer in pieces, or vectors.

use async_trait::async_trait;
use serde_json::Value;
use tenants::models::Task;

use crate::budget::Paid;
use crate::catalogue::{ModelEntry, ModelRef};
use crate::provider::{Ask, CallError, Completion, Delta, Deltas, Embeddings, Provider, most_written};
use crate::request::{Input, Message, StopReason, Usage};
use crate::schema;

/// Bytes of an answer that cannot be used that are shown to the model again.
const QUOTED: usize = 4 << 10;
/// Characters of what is wrong with it.
const PROBLEM: usize = 500;

/// A kind of call.
#[async_trait]
pub(super) trait Job: Send + Sync + Sized {
    /// What comes of it.
    type Output: Send;
    /// Whether the call goes on after [`run`](Self::run).
    const IS_STREAM: bool = false;

    /// Bytes sent, roughly.
    fn bytes(&self) -> usize;

    /// Most tokens that may come back.
    fn max_tokens(&self) -> u32;

    /// One call.
    async fn run(
        &self,
        provider: &dyn Provider,
        paid: &Paid,
        model: &ModelRef,
        entry: &ModelEntry,
    ) -> Result<Self::Output, CallError>;

    /// Bytes the model wrote, and tokens if it said so.
    fn measure(&self, output: &Self::Output) -> (usize, Option<Usage>);

    /// Whether the answer can be used.
    fn check(&self, _output: &mut Self::Output) -> Result<(), Unusable> {
        Ok(())
    }

    /// The same question with what was wrong about the answer.
    fn repaired(&self, _output: &Self::Output, _problem: &str) -> Option<Self> {
        None
    }
}

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable {
    pub problem: String,
    /// Whether the model may do better when it is told.
    pub is_repairable: bool,
}

impl Unusable {
    fn for_good(problem: &str) -> Self {
        Self { problem: problem.to_owned(), is_repairable: false }
    }
}

/// A whole answer.
pub(super) struct ChatJob {
    pub input: Input,
    pub max_tokens: u32,
    temperature: f32,
}

/// A whole answer that was checked.
pub(super) struct Answer {
    pub completion: Completion,
    pub json: Option<Value>,
}

impl ChatJob {
    /// A question under the caps of its task.
    pub fn new(input: Input, task: Task, temperature: f32) -> Self {
        let cap = task.max_tokens();
        let max_tokens = input.max_tokens.unwrap_or(cap).clamp(1, cap);
        let temperature = input.temperature.unwrap_or(temperature);
        Self { input, max_tokens, temperature }
    }

    fn ask<'a>(&'a self, model: &'a ModelRef, entry: &'a ModelEntry) -> Ask<'a> {
        Ask {
            model: &model.model,
            input: &self.input,
            max_tokens: self.max_tokens,
            temperature: entry.temperature.then_some(self.temperature),
            keeps_schema: entry.keeps_schema,
            extra: &entry.extra,
        }
    }
}

#[async_trait]
impl Job for ChatJob {
    type Output = Answer;

    fn bytes(&self) -> usize {
        self.input.bytes()
    }

    fn max_tokens(&self) -> u32 {
        self.max_tokens
    }

    async fn run(
        &self,
        provider: &dyn Provider,
        paid: &Paid,
        model: &ModelRef,
        entry: &ModelEntry,
    ) -> Result<Answer, CallError> {
        let completion = provider.complete(paid, &self.ask(model, entry)).await?;
        Ok(Answer { completion, json: None })
    }

    fn measure(&self, output: &Answer) -> (usize, Option<Usage>) {
        let calls = output.completion.tool_calls.iter().map(|call| call.arguments.to_string().len());
        (output.completion.text.len() + calls.sum::<usize>(), output.completion.usage)
    }

    fn check(&self, output: &mut Answer) -> Result<(), Unusable> {
        let (written, _) = self.measure(output);
        if written > most_written(self.max_tokens) {
            return Err(Unusable::for_good("the answer is far longer than was asked for"));
        }
        output.json = usable(&self.input, &output.completion, self.max_tokens)?;
        Ok(())
    }

    fn repaired(&self, output: &Answer, problem: &str) -> Option<Self> {
        let mut input = self.input.clone();
        let text = &output.completion.text;
        input.messages.push(Message::assistant(&text[..text.floor_char_boundary(QUOTED)]));
        let problem: String = problem.chars().take(PROBLEM).collect();
        input.messages.push(Message::User(format!(
            "That answer cannot be used: {problem}. Answer again with the corrected JSON and nothing else."
        )));
        Some(Self { input, ..*self })
    }
}

/// The JSON of an answer, if JSON was asked for.
pub(super) fn usable(
    input: &Input,
    completion: &Completion,
    max_tokens: u32,
) -> Result<Option<Value>, Unusable> {
    if completion.stop == StopReason::Refused {
        return Err(Unusable::for_good("the model refused to answer"));
    }
    if !completion.tool_calls.is_empty() {
        return Ok(None);
    }
    match &input.schema {
        Some(schema) => match schema::read(&schema.schema, &completion.text) {
            Ok(json) => Ok(Some(json)),
            Err(problem) => {
                let problem = match completion.stop {
                    StopReason::MaxTokens => format!("it did not end within {max_tokens} tokens"),
                    _ => problem,
                };
                Err(Unusable { problem, is_repairable: !completion.text.is_empty() })
            }
        },
        None if completion.text.trim().is_empty() => Err(Unusable::for_good("the answer is empty")),
        None => Ok(None),
    }
}

/// An answer in pieces.
pub(super) struct StreamJob(pub ChatJob);

/// An answer that has begun.
pub(super) struct Begun {
    pub first: Delta,
    pub rest: Box<dyn Deltas>,
}

#[async_trait]
impl Job for StreamJob {
    type Output = Begun;
    const IS_STREAM: bool = true;

    fn bytes(&self) -> usize {
        self.0.bytes()
    }

    fn max_tokens(&self) -> u32 {
        self.0.max_tokens()
    }

    /// As far as the first piece: providers that are overloaded often say so inside of a stream.
    async fn run(
        &self,
        provider: &dyn Provider,
        paid: &Paid,
        model: &ModelRef,
        entry: &ModelEntry,
    ) -> Result<Begun, CallError> {
        let mut rest = provider.stream(paid, &self.0.ask(model, entry)).await?;
        Ok(Begun { first: rest.next().await?, rest })
    }

    fn measure(&self, output: &Begun) -> (usize, Option<Usage>) {
        let usage = match output.first {
            Delta::Usage(usage) => Some(usage),
            _ => None,
        };
        (output.first.bytes(), usage)
    }
}

/// Vectors.
pub(super) struct EmbedJob {
    pub texts: Vec<String>,
}

#[async_trait]
impl Job for EmbedJob {
    type Output = Embeddings;

    fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }

    fn max_tokens(&self) -> u32 {
        0
    }

    async fn run(
        &self,
        provider: &dyn Provider,
        paid: &Paid,
        model: &ModelRef,
        _entry: &ModelEntry,
    ) -> Result<Embeddings, CallError> {
        provider.embed(paid, &model.model, &self.texts).await
    }

    fn measure(&self, output: &Embeddings) -> (usize, Option<Usage>) {
        (0, output.usage)
    }
}
