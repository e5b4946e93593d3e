//! OpenAI's chat completions and embeddings, as OpenAI, Kimi, vLLM, LiteLLM and llama.cpp speak them.

use std::collections::VecDeque;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::http::Endpoint;
use super::openai_wire::{Answer, Chunk, EmbeddingAnswer, messages, stop_reason};
use super::transport::{self, LineStream};
use super::whole::Whole;
use super::{Ask, CallError, Completion, Delta, Deltas, Embeddings, Provider, json as wire, sse};
use crate::budget::Paid;
use crate::request::StopReason;

pub(super) struct OpenAi {
    endpoint: Endpoint,
    /// `max_tokens`, or `max_completion_tokens` for OpenAI's newer models.
    max_tokens_field: String,
}

impl OpenAi {
    pub fn new(endpoint: Endpoint, max_tokens_field: String) -> Self {
        Self { endpoint, max_tokens_field }
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let endpoint = &self.endpoint;
        let request = endpoint.client.post(format!("{}{path}", endpoint.base_url)).json(body);
        match endpoint.bearer() {
            Some(bearer) => request.header(AUTHORIZATION, bearer),
            None => request,
        }
    }

    fn body(&self, ask: &Ask<'_>) -> Value {
        let mut body = json!({ "model": ask.model, "messages": messages(ask) });
        body[&self.max_tokens_field] = ask.max_tokens.into();
        if let Some(temperature) = ask.temperature {
            body["temperature"] = rounded(temperature).into();
        }
        if !ask.input.tools.is_empty() {
            let tool = |tool: &crate::request::Tool| {
                json!({ "type": "function", "function": {
                    "name": tool.name, "description": tool.description, "parameters": tool.parameters } })
            };
            body["tools"] = ask.input.tools.iter().map(tool).collect();
        }
        if let Some(schema) = &ask.input.schema {
            body["response_format"] = if ask.keeps_schema {
                json!({ "type": "json_schema", "json_schema": {
                    "name": schema.name, "strict": true, "schema": schema.schema } })
            } else {
                json!({ "type": "json_object" })
            };
        }
        wire::add_extra(&mut body, ask.extra);
        body
    }
}

/// 0.2 rather than 0.20000000298: what the setting says.
pub(super) fn rounded(temperature: f32) -> f64 {
    (f64::from(temperature) * 1_000.0).round() / 1_000.0
}

#[async_trait]
impl Provider for OpenAi {
    async fn complete(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Completion, CallError> {
        let request = self.post("/chat/completions", &self.body(ask));
        let most = transport::longest_answer(ask.max_tokens);
        let bytes = transport::exchange(request, &*self.endpoint.clock, most).await?;
        wire::read::<Answer>(&bytes)?.into_completion()
    }

    async fn stream(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Box<dyn Deltas>, CallError> {
        let mut body = self.body(ask);
        body["stream"] = true.into();
        body["stream_options"] = json!({ "include_usage": true });
        let response = transport::send(self.post("/chat/completions", &body), &*self.endpoint.clock).await?;
        if transport::is_whole(&response) {
            let most = transport::longest_answer(ask.max_tokens);
            let answer: Answer = wire::read(&transport::whole(response, most).await?)?;
            return Ok(Box::new(Whole::of(answer.into_completion()?)));
        }
        let (lines, ready) = (LineStream::of(response, ask.max_tokens), VecDeque::new());
        Ok(Box::new(ChatStream { lines, ready, stop: None, has_tools: false }))
    }

    async fn embed(&self, _paid: &Paid, model: &str, texts: &[String]) -> Result<Embeddings, CallError> {
        let body = json!({ "model": model, "input": texts, "encoding_format": "float" });
        let request = self.post("/embeddings", &body);
        let bytes = transport::exchange(request, &*self.endpoint.clock, transport::MAX_VECTORS).await?;
        wire::read::<EmbeddingAnswer>(&bytes)?.into_embeddings(texts.len())
    }
}

struct ChatStream {
    lines: LineStream,
    ready: VecDeque<Delta>,
    /// Why the model stopped, once it has said so; usage comes after it.
    stop: Option<StopReason>,
    has_tools: bool,
}

impl ChatStream {
    fn take(&mut self, data: &str) -> Result<(), CallError> {
        let chunk: Chunk = wire::read(data.as_bytes())?;
        if let Some(error) = chunk.error {
            return Err(error.into_call_error());
        }
        if let Some(usage) = chunk.usage {
            self.ready.push_back(Delta::Usage(usage.into()));
        }
        let Some(choice) = chunk.choices.into_iter().next() else { return Ok(()) };
        if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
            self.ready.push_back(Delta::Text(text));
        }
        for (position, call) in choice.delta.tool_calls.unwrap_or_default().into_iter().enumerate() {
            self.ready.push_back(call.into_delta(position));
            self.has_tools = true;
        }
        // Kimi puts the usage of a stream here.
        if let Some(usage) = choice.usage {
            self.ready.push_back(Delta::Usage(usage.into()));
        }
        if let Some(reason) = choice.finish_reason {
            self.stop = Some(stop_reason(Some(&reason), choice.delta.refusal.is_some(), self.has_tools));
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
            let line = self.lines.next().await?;
            match (line.as_deref().map(sse::data), self.stop) {
                // Some servers close without `[DONE]`; having said why they stopped is enough.
                (None | Some(Some("[DONE]")), Some(stop)) => return Ok(Delta::End(stop)),
                (None, None) => return Err(CallError::Truncated("the stream ended too early".into())),
                (Some(Some("[DONE]")), None) => return Ok(Delta::End(StopReason::Other)),
                (Some(Some(data)), _) => self.take(data)?,
                (Some(None), _) => {}
            }
        }
    }
}
