//! Ollama's own API: `/api/chat` and `/api/embed`.

use std::collections::VecDeque;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::Endpoint;
use super::openai::rounded;
use super::openai_wire::check_vectors;
use super::transport::{self, LineStream, refusal};
use super::{Ask, CallError, Completion, Delta, Deltas, Embeddings, Provider, json as wire};
use crate::budget::Paid;
use crate::request::{Message, StopReason, ToolCall, Usage};

pub(super) struct Ollama {
    endpoint: Endpoint,
}

impl Ollama {
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let endpoint = &self.endpoint;
        let request = endpoint.client.post(format!("{}{path}", endpoint.base_url)).json(body);
        match endpoint.bearer() {
            Some(bearer) => request.header(AUTHORIZATION, bearer),
            None => request,
        }
    }
}

fn body(ask: &Ask<'_>, is_stream: bool) -> Value {
    let input = ask.input;
    let system = (!input.system.is_empty()).then(|| json!({ "role": "system", "content": input.system }));
    let messages: Vec<Value> = system.into_iter().chain(input.messages.iter().map(message)).collect();
    let mut body = json!({
        "model": ask.model, "messages": messages, "stream": is_stream,
        "options": { "num_predict": ask.max_tokens },
    });
    if let Some(temperature) = ask.temperature {
        body["options"]["temperature"] = rounded(temperature).into();
    }
    if let Some(schema) = &input.schema {
        body["format"] = schema.schema.clone();
    }
    if !input.tools.is_empty() {
        let tool = |tool: &crate::request::Tool| {
            json!({ "type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters } })
        };
        body["tools"] = input.tools.iter().map(tool).collect();
    }
    wire::add_extra(&mut body, ask.extra);
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::User(text) => json!({ "role": "user", "content": text }),
        Message::Assistant { text, tool_calls } => {
            let call =
                |call: &ToolCall| json!({ "function": { "name": call.name, "arguments": call.arguments } });
            let calls: Vec<Value> = tool_calls.iter().map(call).collect();
            json!({ "role": "assistant", "content": text, "tool_calls": calls })
        }
        Message::ToolResult { name, text, .. } => {
            json!({ "role": "tool", "tool_name": name, "content": text })
        }
    }
}

#[async_trait]
impl Provider for Ollama {
    async fn complete(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Completion, CallError> {
        let request = self.post("/api/chat", &body(ask, false));
        let most = transport::longest_answer(ask.max_tokens);
        let chunk: Chunk = wire::read(&transport::exchange(request, &*self.endpoint.clock, most).await?)?;
        if let Some(error) = chunk.error {
            return Err(refusal(500, None, wire::excerpt(&error)));
        }
        let has_tools = !chunk.message.tool_calls.is_empty();
        let (usage, stop) = (chunk.usage(), chunk.stop(has_tools));
        let call = |(index, call): (usize, Call)| ToolCall {
            id: wire::made_up_id(index),
            name: call.function.name,
            arguments: call.function.arguments,
        };
        let tool_calls = chunk.message.tool_calls.into_iter().enumerate().map(call).collect();
        Ok(Completion { text: chunk.message.content, tool_calls, stop, usage })
    }

    async fn stream(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Box<dyn Deltas>, CallError> {
        let request = self.post("/api/chat", &body(ask, true));
        let response = transport::send(request, &*self.endpoint.clock).await?;
        Ok(Box::new(ChatStream {
            lines: LineStream::of(response, ask.max_tokens),
            ready: VecDeque::new(),
            tools: 0,
        }))
    }

    async fn embed(&self, _paid: &Paid, model: &str, texts: &[String]) -> Result<Embeddings, CallError> {
        let request = self.post("/api/embed", &json!({ "model": model, "input": texts }));
        let most = transport::MAX_VECTORS;
        let answer: EmbedAnswer =
            wire::read(&transport::exchange(request, &*self.endpoint.clock, most).await?)?;
        if answer.embeddings.len() != texts.len() {
            return Err(CallError::Malformed("as many vectors as texts were expected".into()));
        }
        check_vectors(&answer.embeddings)?;
        let usage = answer.prompt_eval_count.map(|input| Usage { input, ..Usage::default() });
        Ok(Embeddings { vectors: answer.embeddings, usage })
    }
}

struct ChatStream {
    lines: LineStream,
    ready: VecDeque<Delta>,
    /// Tool calls so far: Ollama sends each whole and without a number.
    tools: usize,
}

impl ChatStream {
    fn take(&mut self, line: &str) -> Result<(), CallError> {
        let chunk: Chunk = wire::read(line.as_bytes())?;
        if let Some(error) = chunk.error {
            return Err(refusal(500, None, wire::excerpt(&error)));
        }
        let has_tools = self.tools > 0 || !chunk.message.tool_calls.is_empty();
        let end = chunk.done.then(|| (chunk.usage(), chunk.stop(has_tools)));
        if !chunk.message.content.is_empty() {
            self.ready.push_back(Delta::Text(chunk.message.content));
        }
        for call in chunk.message.tool_calls {
            let (index, arguments) = (self.tools, call.function.arguments.to_string());
            self.ready.push_back(Delta::Tool { index, id: None, name: Some(call.function.name), arguments });
            self.tools += 1;
        }
        if let Some((usage, stop)) = end {
            self.ready.extend(usage.map(Delta::Usage));
            self.ready.push_back(Delta::End(stop));
        }
        Ok(())
    }
}

#[async_trait]
impl Deltas for ChatStream {
    async fn next(&mut self) -> Result<Delta, CallError> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            match self.lines.next().await? {
                None => return Err(CallError::Truncated("the stream ended too early".into())),
                Some(line) if line.trim().is_empty() => {}
                Some(line) => self.take(&line)?,
            }
        }
    }
}

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    message: WireMessage,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u32>,
    eval_count: Option<u32>,
    error: Option<String>,
}

impl Chunk {
    /// The prompt's count is missing when all of it was cached on their side.
    fn usage(&self) -> Option<Usage> {
        let output = self.eval_count?;
        Some(Usage { input: self.prompt_eval_count.unwrap_or(0), output, ..Usage::default() })
    }

    fn stop(&self, has_tools: bool) -> StopReason {
        match self.done_reason.as_deref() {
            _ if has_tools => StopReason::ToolUse,
            Some("stop") | None => StopReason::End,
            Some("length") => StopReason::MaxTokens,
            Some(_) => StopReason::Other,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct WireMessage {
    #[serde(default)]
    content: String,
    #[serde(default)]
    tool_calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
struct Call {
    function: Function,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Debug, Deserialize)]
struct EmbedAnswer {
    embeddings: Vec<Vec<f32>>,
    prompt_eval_count: Option<u32>,
}
