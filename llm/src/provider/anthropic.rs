//! Anthropic's Messages API.
//!
//! Structured answers are had by forcing a call of one tool whose arguments are the answer. They come back as the
//! answer's text, so callers see no difference. It needs no newer field of the API, but a model that is made to think
//! first cannot be forced: leave thinking off in `extra`.

use std::collections::VecDeque;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::anthropic_wire::{Answer, Block, BlockDelta, Event, WireUsage, stop_reason};
use super::http::Endpoint;
use super::openai::rounded;
use super::transport::{self, LineStream};
use super::whole::Whole;
use super::{Ask, CallError, Completion, Delta, Deltas, Embeddings, Provider, json as wire, sse};
use crate::budget::Paid;
use crate::request::{Message, StopReason, Tool, ToolCall, Usage};

const VERSION: &str = "2023-06-01";

pub(super) struct Anthropic {
    endpoint: Endpoint,
}

impl Anthropic {
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        let endpoint = &self.endpoint;
        let request = endpoint.client.post(format!("{}/v1/messages", endpoint.base_url));
        let request = request.header("anthropic-version", VERSION).json(body);
        match &endpoint.key {
            Some(key) => request.header("x-api-key", key.clone()),
            None => request,
        }
    }
}

fn body(ask: &Ask<'_>) -> Value {
    let input = ask.input;
    let mut body = json!({
        "model": ask.model, "max_tokens": ask.max_tokens, "messages": messages(&input.messages),
    });
    if !input.system.is_empty() {
        body["system"] = input.system.as_str().into();
    }
    if let Some(temperature) = ask.temperature {
        // Theirs ends at 1.
        body["temperature"] = rounded(temperature.min(1.0)).into();
    }
    let mut tools: Vec<Value> = input.tools.iter().map(tool).collect();
    if let Some(schema) = &input.schema {
        body["tool_choice"] = if tools.is_empty() {
            json!({ "type": "tool", "name": schema.name })
        } else {
            // The model calls one of the tools, or answers through the last one.
            json!({ "type": "any" })
        };
        tools.push(json!({
            "name": schema.name, "description": "Gives the answer.", "input_schema": schema.schema,
        }));
    }
    if !tools.is_empty() {
        body["tools"] = tools.into();
    }
    wire::add_extra(&mut body, ask.extra);
    body
}

fn tool(tool: &Tool) -> Value {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters })
}

/// The conversation. Results of tools are things the user's side says; those that belong to one turn go into one
/// message, as the API demands.
fn messages(messages: &[Message]) -> Vec<Value> {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in messages {
        let (role, blocks) = blocks(message);
        match turns.last_mut() {
            Some((last, content)) if *last == role => content.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    turns.into_iter().map(|(role, content)| json!({ "role": role, "content": content })).collect()
}

fn blocks(message: &Message) -> (&'static str, Vec<Value>) {
    match message {
        Message::User(text) => ("user", vec![json!({ "type": "text", "text": text })]),
        Message::Assistant { text, tool_calls } => {
            // An empty text block is refused.
            let text = (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
            let call = |call: &ToolCall| json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments });
            ("assistant", text.into_iter().chain(tool_calls.iter().map(call)).collect())
        }
        Message::ToolResult { call_id, text, is_error, .. } => {
            let result = json!({
                "type": "tool_result", "tool_use_id": call_id, "content": text, "is_error": is_error,
            });
            ("user", vec![result])
        }
    }
}

#[async_trait]
impl Provider for Anthropic {
    async fn complete(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Completion, CallError> {
        let most = transport::longest_answer(ask.max_tokens);
        let bytes = transport::exchange(self.post(&body(ask)), &*self.endpoint.clock, most).await?;
        Ok(completion(ask, wire::read(&bytes)?))
    }

    async fn stream(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Box<dyn Deltas>, CallError> {
        let mut body = body(ask);
        body["stream"] = true.into();
        let response = transport::send(self.post(&body), &*self.endpoint.clock).await?;
        if transport::is_whole(&response) {
            let answer =
                wire::read(&transport::whole(response, transport::longest_answer(ask.max_tokens)).await?)?;
            return Ok(Box::new(Whole::of(completion(ask, answer))));
        }
        Ok(Box::new(MessageStream {
            lines: LineStream::of(response, ask.max_tokens),
            ready: VecDeque::new(),
            answer_tool: ask.input.schema.as_ref().map(|schema| schema.name.clone()),
            answer_block: None,
            usage: Usage::default(),
            stop: StopReason::Other,
            is_over: false,
        }))
    }

    async fn embed(&self, _paid: &Paid, model: &str, _texts: &[String]) -> Result<Embeddings, CallError> {
        Err(CallError::UnknownModel(format!("{model}: Anthropic has no embeddings")))
    }
}

fn completion(ask: &Ask<'_>, answer: Answer) -> Completion {
    let mut completion = Completion {
        stop: stop_reason(answer.stop_reason.as_deref()),
        usage: answer.usage.map(|usage| usage.onto(Usage::default())),
        ..Completion::default()
    };
    for block in answer.content {
        match block {
            Block::Text { text } => completion.text.push_str(&text),
            Block::ToolUse { name, input, .. } if is_answer(ask, &name) => {
                completion.text = input.to_string();
                completion.stop = answered(completion.stop);
            }
            Block::ToolUse { id, name, input } => {
                completion.tool_calls.push(ToolCall { id, name, arguments: input });
            }
            Block::Other => {}
        }
    }
    completion
}

/// Whether a tool of this name is the one that gives the answer.
fn is_answer(ask: &Ask<'_>, name: &str) -> bool {
    ask.input.schema.as_ref().is_some_and(|schema| schema.name == name)
}

/// To the caller, an answer through a tool is an answer.
fn answered(stop: StopReason) -> StopReason {
    if stop == StopReason::ToolUse { StopReason::End } else { stop }
}

struct MessageStream {
    lines: LineStream,
    ready: VecDeque<Delta>,
    answer_tool: Option<String>,
    /// The block that holds the answer's JSON.
    answer_block: Option<usize>,
    usage: Usage,
    stop: StopReason,
    is_over: bool,
}

impl MessageStream {
    fn take(&mut self, event: Event) -> Result<(), CallError> {
        match event {
            Event::MessageStart { message } => self.count(message.usage),
            Event::ContentBlockStart { index, content_block: Block::ToolUse { id, name, .. } } => {
                if self.answer_tool.as_ref() == Some(&name) {
                    self.answer_block = Some(index);
                } else {
                    let (id, name, arguments) = (Some(id), Some(name), String::new());
                    self.ready.push_back(Delta::Tool { index, id, name, arguments });
                }
            }
            Event::ContentBlockDelta { delta: BlockDelta::Text { text }, .. } => {
                self.ready.push_back(Delta::Text(text));
            }
            Event::ContentBlockDelta { index, delta: BlockDelta::InputJson { partial_json } } => {
                let delta = if self.answer_block == Some(index) {
                    Delta::Text(partial_json)
                } else {
                    Delta::Tool { index, id: None, name: None, arguments: partial_json }
                };
                self.ready.push_back(delta);
            }
            Event::MessageDelta { delta, usage } => {
                self.count(usage);
                self.stop = stop_reason(delta.stop_reason.as_deref());
            }
            Event::MessageStop => self.is_over = true,
            Event::Error { error } => return Err(error.into_call_error()),
            Event::ContentBlockStart { .. } | Event::ContentBlockDelta { .. } | Event::Other => {}
        }
        Ok(())
    }

    fn count(&mut self, usage: Option<WireUsage>) {
        if let Some(usage) = usage {
            self.usage = usage.onto(self.usage);
            self.ready.push_back(Delta::Usage(self.usage));
        }
    }
}

#[async_trait]
impl Deltas for MessageStream {
    async fn next(&mut self) -> Result<Delta, CallError> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            if self.is_over {
                let by_answer = self.answer_block.is_some();
                return Ok(Delta::End(if by_answer { answered(self.stop) } else { self.stop }));
            }
            match self.lines.next().await? {
                None => return Err(CallError::Truncated("the stream ended too early".into())),
                Some(line) => {
                    if let Some(data) = sse::data(&line) {
                        self.take(wire::read(data.as_bytes())?)?;
                    }
                }
            }
        }
    }
}
