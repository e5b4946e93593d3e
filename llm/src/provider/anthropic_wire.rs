//! The shapes of Anthropic's protocol. Kinds of blocks and events that came later are passed over.

use serde::Deserialize;
use serde_json::Value;

use super::transport::refusal;
use super::{CallError, json as wire};
use crate::request::{StopReason, Usage};

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub content: Vec<Block>,
    pub stop_reason: Option<String>,
    pub usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    MessageStart {
        message: MessageStart,
    },
    ContentBlockStart {
        index: usize,
        content_block: Block,
    },
    ContentBlockDelta {
        index: usize,
        delta: BlockDelta,
    },
    MessageDelta {
        delta: MessageEnd,
        usage: Option<WireUsage>,
    },
    MessageStop,
    Error {
        error: WireError,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct MessageStart {
    pub usage: Option<WireUsage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct MessageEnd {
    pub stop_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum BlockDelta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(other)]
    Other,
}

/// Theirs counts tokens from and to the cache beside the others, ours counts them among them.
#[derive(Debug, Deserialize)]
pub(super) struct WireUsage {
    input_tokens: Option<u32>,
    cache_read_input_tokens: Option<u32>,
    cache_creation_input_tokens: Option<u32>,
    output_tokens: Option<u32>,
}

impl WireUsage {
    /// What is known now: the end of a stream often repeats a part only.
    pub fn onto(self, earlier: Usage) -> Usage {
        let plain = earlier.input.saturating_sub(earlier.cached).saturating_sub(earlier.cache_write);
        let cached = self.cache_read_input_tokens.unwrap_or(earlier.cached);
        let cache_write = self.cache_creation_input_tokens.unwrap_or(earlier.cache_write);
        let plain = self.input_tokens.unwrap_or(plain);
        let input = plain.saturating_add(cached).saturating_add(cache_write);
        Usage { input, cached, cache_write, output: self.output_tokens.unwrap_or(earlier.output) }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct WireError {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    message: String,
}

impl WireError {
    pub fn into_call_error(self) -> CallError {
        let status = match self.r#type.as_str() {
            "overloaded_error" => 529,
            "rate_limit_error" => 429,
            "authentication_error" | "permission_error" => 401,
            "not_found_error" => 404,
            "invalid_request_error" => 400,
            _ => 500,
        };
        refusal(status, None, wire::excerpt(&self.message))
    }
}

pub(super) fn stop_reason(word: Option<&str>) -> StopReason {
    match word {
        Some("end_turn" | "stop_sequence") => StopReason::End,
        Some("max_tokens" | "model_context_window_exceeded") => StopReason::MaxTokens,
        Some("tool_use") => StopReason::ToolUse,
        Some("refusal") => StopReason::Refused,
        _ => StopReason::Other,
    }
}
