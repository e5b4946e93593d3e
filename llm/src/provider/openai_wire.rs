//! The shapes of OpenAI's protocol. Every field that some server leaves out may be missing.

use serde::Deserialize;
use serde_json::{Value, json};

use super::transport::refusal;
use super::{Ask, CallError, Completion, Delta, Embeddings, json as wire};
use crate::request::{Message, StopReason, ToolCall, Usage};

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    message: WireMessage,
    finish_reason: Option<String>,
}

impl Answer {
    pub fn into_completion(self) -> Result<Completion, CallError> {
        let usage = self.usage.map(Into::into);
        let choice = self.choices.into_iter().next();
        let choice = choice.ok_or_else(|| CallError::Malformed("an answer without choices".into()))?;
        let message = choice.message;
        let tool_calls = tool_calls(message.tool_calls.unwrap_or_default())?;
        let is_refused = message.refusal.is_some();
        let stop = stop_reason(choice.finish_reason.as_deref(), is_refused, !tool_calls.is_empty());
        Ok(Completion { text: message.content.unwrap_or_default(), tool_calls, stop, usage })
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireMessage {
    pub content: Option<String>,
    pub refusal: Option<String>,
    pub tool_calls: Option<Vec<WireToolCall>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireToolCall {
    index: Option<usize>,
    id: Option<String>,
    #[serde(default)]
    function: WireFunction,
}

#[derive(Debug, Default, Deserialize)]
struct WireFunction {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    #[serde(default)]
    pub choices: Vec<ChunkChoice>,
    pub usage: Option<WireUsage>,
    pub error: Option<WireError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ChunkChoice {
    #[serde(default)]
    pub delta: WireMessage,
    pub finish_reason: Option<String>,
    pub usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireUsage {
    #[serde(default)]
    prompt_tokens: u32,
    #[serde(default)]
    completion_tokens: u32,
    /// Kimi's place for it.
    cached_tokens: Option<u32>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Debug, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u32>,
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        let details = usage.prompt_tokens_details.and_then(|details| details.cached_tokens);
        let cached = details.or(usage.cached_tokens).unwrap_or(0);
        Self {
            input: usage.prompt_tokens,
            cached: cached.min(usage.prompt_tokens),
            cache_write: 0,
            output: usage.completion_tokens,
        }
    }
}

/// An error inside a stream.
#[derive(Debug, Deserialize)]
pub(super) struct WireError {
    message: Option<String>,
    code: Option<Value>,
}

impl WireError {
    pub fn into_call_error(self) -> CallError {
        let status = match &self.code {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
        refusal(status, None, wire::excerpt(&self.message.unwrap_or_default()))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct EmbeddingAnswer {
    data: Vec<Embedding>,
    usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
struct Embedding {
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl EmbeddingAnswer {
    /// The vectors in the order of the texts.
    pub fn into_embeddings(self, texts: usize) -> Result<Embeddings, CallError> {
        let mut vectors = vec![Vec::new(); texts];
        for (position, item) in self.data.into_iter().enumerate() {
            let slot = vectors.get_mut(item.index.unwrap_or(position));
            *slot.ok_or_else(|| CallError::Malformed("more vectors than texts".into()))? = item.embedding;
        }
        check_vectors(&vectors)?;
        Ok(Embeddings { vectors, usage: self.usage.map(Into::into) })
    }
}

/// Vectors of one length, none missing.
pub(super) fn check_vectors(vectors: &[Vec<f32>]) -> Result<(), CallError> {
    let length = vectors.first().map_or(1, Vec::len);
    if length == 0 || vectors.iter().any(|vector| vector.len() != length) {
        return Err(CallError::Malformed("vectors are missing or of different lengths".into()));
    }
    Ok(())
}

impl WireToolCall {
    /// A piece of a call; `position` stands in for a missing index.
    pub fn into_delta(self, position: usize) -> Delta {
        Delta::Tool {
            index: self.index.unwrap_or(position),
            id: self.id,
            name: self.function.name,
            arguments: self.function.arguments.unwrap_or_default(),
        }
    }
}

/// Whole tool calls.
fn tool_calls(calls: Vec<WireToolCall>) -> Result<Vec<ToolCall>, CallError> {
    let whole = |(index, call): (usize, WireToolCall)| {
        let name = call.function.name.unwrap_or_default();
        let arguments = wire::arguments(&name, &call.function.arguments.unwrap_or_default())?;
        Ok(ToolCall { id: call.id.unwrap_or_else(|| wire::made_up_id(index)), name, arguments })
    };
    calls.into_iter().enumerate().map(whole).collect()
}

/// Some servers call tools and say that they stopped as ever.
pub(super) fn stop_reason(word: Option<&str>, is_refused: bool, has_tools: bool) -> StopReason {
    match word {
        _ if is_refused => StopReason::Refused,
        Some("stop") | None if has_tools => StopReason::ToolUse,
        Some("stop") | None => StopReason::End,
        Some("length") => StopReason::MaxTokens,
        Some("tool_calls" | "function_call") => StopReason::ToolUse,
        Some("content_filter") => StopReason::Refused,
        Some(_) => StopReason::Other,
    }
}

/// The conversation, the instructions first.
pub(super) fn messages(ask: &Ask<'_>) -> Vec<Value> {
    let input = ask.input;
    let system = match &input.schema {
        Some(schema) if !ask.keeps_schema => wire::system_with_schema(&input.system, schema),
        _ => input.system.clone(),
    };
    let first = (!system.is_empty()).then(|| json!({ "role": "system", "content": system }));
    first.into_iter().chain(input.messages.iter().map(message)).collect()
}

fn message(message: &Message) -> Value {
    match message {
        Message::User(text) => json!({ "role": "user", "content": text }),
        Message::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Message::Assistant { text, tool_calls } => {
            let call = |call: &ToolCall| {
                json!({ "id": call.id, "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments.to_string() } })
            };
            let calls: Vec<Value> = tool_calls.iter().map(call).collect();
            json!({ "role": "assistant", "content": text, "tool_calls": calls })
        }
        Message::ToolResult { call_id, text, .. } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": text })
        }
    }
}
