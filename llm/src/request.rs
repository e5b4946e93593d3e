//! What models are asked and what they answer, in words that belong to no provider.

use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::ids::EventId;
use tenants::models::Task;
use tenants::money::MicroUsd;

use crate::budget::{Payer, Tally};

/// Asks a model for text, for a tool call, or for JSON.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who pays.
    pub payer: Payer,
    /// What for: chooses models, caps and the budget's share.
    pub task: Task,
    /// Which of the task's models are asked.
    pub tier: Tier,
    /// The event it is made for, if one.
    pub event: Option<EventId>,
    /// Key and version of the prompt, as `key@version`.
    pub prompt: Option<String>,
    /// What is asked.
    pub input: Input,
    /// Where its calls are added up, so that the cost of a request without an answer is known as well.
    pub tally: Tally,
    /// Whether an earlier answer may be given, and to whom it may belong.
    pub cache: CacheScope,
    /// When the answer is of no use any more; the task's own limit applies as well.
    pub deadline: Option<Timestamp>,
}

impl Request {
    /// A request to the first tier without event, prompt version, cache, or deadline of its own.
    pub fn new(payer: Payer, task: Task, input: Input) -> Self {
        let (tier, cache) = (Tier::First, CacheScope::Off);
        Self {
            payer,
            task,
            tier,
            event: None,
            prompt: None,
            input,
            cache,
            tally: Tally::default(),
            deadline: None,
        }
    }
}

/// Which of a task's models are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tier {
    /// The ordinary ones.
    #[default]
    First,
    /// The larger ones, for what the ordinary ones are unsure about. Not every task has some: see
    /// [`Router::has_larger`](crate::Router::has_larger).
    Larger,
}

/// Whose earlier answers may be given to the same question. Only [`Task::Classify`] is ever answered from the cache:
/// a second customer with the same words shall not get the same sentence as the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CacheScope {
    /// Nobody's.
    #[default]
    Off,
    /// Those of the same tenant: right whenever the prompt holds anything of the tenant's.
    Tenant,
    /// Everybody's: right when the prompt holds nothing but the text and what is the same for all.
    Everyone,
}

/// What a model gets to see, and how it shall answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// Instructions. Never anything that a customer wrote.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// Tools that may be called.
    pub tools: Vec<Tool>,
    /// The form of the answer; free text when left out.
    pub schema: Option<Schema>,
    /// Most tokens of the answer; the task's cap when left out or greater.
    pub max_tokens: Option<u32>,
    /// 0 to 2; the task's own when left out.
    pub temperature: Option<f32>,
    /// The language the text probably has, as far as the prompt speaks of it; part of the cache's key.
    pub language_hint: Option<String>,
}

impl Input {
    /// One text under some instructions.
    pub fn text(system: impl Into<String>, text: impl Into<String>) -> Self {
        Self { system: system.into(), messages: vec![Message::User(text.into())], ..Self::default() }
    }

    /// Bytes that are sent, roughly: what tokens are estimated from.
    pub fn bytes(&self) -> usize {
        let messages: usize = self.messages.iter().map(Message::bytes).sum();
        let tools: usize = self.tools.iter().map(Tool::bytes).sum();
        let schema = self.schema.as_ref().map_or(0, |schema| schema.schema.to_string().len());
        self.system.len() + messages + tools + schema
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// What the other side says. It is data, whatever it says.
    User(String),
    /// What the model said.
    Assistant {
        /// Its text; may be empty beside tool calls.
        text: String,
        /// The tools it called.
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool gave back.
    ToolResult {
        /// Id of the call.
        call_id: String,
        /// Name of the tool.
        name: String,
        /// The result, or what went wrong.
        text: String,
        /// Whether it went wrong.
        is_error: bool,
    },
}

impl Message {
    /// What the model said, without tool calls.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant { text: text.into(), tool_calls: Vec::new() }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::User(text) | Self::ToolResult { text, .. } => text.len(),
            Self::Assistant { text, tool_calls } => {
                text.len() + tool_calls.iter().map(|call| call.arguments.to_string().len()).sum::<usize>()
            }
        }
    }
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// When and what for, for the model.
    pub description: String,
    /// JSON schema of its arguments, an object.
    pub parameters: Value,
}

impl Tool {
    fn bytes(&self) -> usize {
        self.name.len() + self.description.len() + self.parameters.to_string().len()
    }
}

/// A model's wish to call a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Belongs to the result; made up where a provider gives none.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// The arguments; not checked against the tool's schema.
    pub arguments: Value,
}

/// The form an answer must have.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// A JSON schema whose root is an object. See [`schema`](crate::schema) for what is checked of it.
    pub schema: Value,
}

/// Tokens of one call, as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Sent, those from and to the provider's cache among them.
    pub input: u32,
    /// Sent and found in the provider's cache.
    pub cached: u32,
    /// Sent and written to the provider's cache, beside those found in it.
    pub cache_write: u32,
    /// Received.
    pub output: u32,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopReason {
    /// It had said all.
    #[default]
    End,
    /// The answer reached its cap.
    MaxTokens,
    /// It wants tools to be called.
    ToolUse,
    /// It will not answer this.
    Refused,
    /// Something else.
    Other,
}

/// An answer and what became of the request on the way to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The text; the JSON as text when a schema was asked for.
    pub text: String,
    /// The JSON, checked, when a schema was asked for.
    pub json: Option<Value>,
    /// Tools the model wants called.
    pub tool_calls: Vec<ToolCall>,
    /// Why it stopped.
    pub stop: StopReason,
    /// How it came about.
    pub origin: Origin,
}

/// Vectors for texts and what became of the request on the way to them.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedReply {
    /// One vector for each text, in the order of the texts, all of one length.
    pub vectors: Vec<Vec<f32>>,
    /// How it came about.
    pub origin: Origin,
}

/// Who answered, what it cost, and what was tried: what belongs on a decision's trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// Name of the provider in the catalogue.
    pub provider: String,
    /// Name of the model.
    pub model: String,
    /// Key and version of the prompt.
    pub prompt: Option<String>,
    /// Tokens of all calls of the request.
    pub usage: Usage,
    /// Price of all calls of the request; zero for an answer from the cache.
    pub cost: MicroUsd,
    /// True when a part of the cost had to be estimated.
    pub is_estimate: bool,
    /// Calls that were made.
    pub attempts: u32,
    /// Why earlier choices were not taken, as `provider/model: reason`, in the order of the choices.
    pub fallback_reasons: Vec<String>,
    /// True when the answer is an earlier one from the cache.
    pub cache_hit: bool,
    /// From the request to the answer, in microseconds.
    pub latency_us: i64,
}

/// Asks for vectors.
#[derive(Debug, Clone)]
pub struct EmbedRequest {
    /// Who pays.
    pub payer: Payer,
    /// The work it is a part of: chooses the budget's share.
    pub task: Task,
    /// The event it is made for, if one.
    pub event: Option<EventId>,
    /// The texts; none gives no vectors and no call.
    pub texts: Vec<String>,
    /// When the answer is of no use any more; the catalogue's own limit applies as well.
    pub deadline: Option<Timestamp>,
}
