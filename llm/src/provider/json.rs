//! Small things all JSON protocols need.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::CallError;
use crate::request::Schema;

/// Longest excerpt of a provider's words that is kept, in characters.
const EXCERPT: usize = 300;

/// Reads a provider's JSON; unknown fields are left alone.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(bytes).map_err(|error| CallError::Malformed(error.to_string()))
}

/// Arguments of a tool call; nothing at all stands for an empty object.
pub(super) fn arguments(tool: &str, text: &str) -> Result<Value, CallError> {
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_str(text)
        .map_err(|error| CallError::Malformed(format!("arguments of tool {tool}: {error}")))
}

/// An id for a tool call of a provider that gives none.
pub(super) fn made_up_id(index: usize) -> String {
    format!("call_{index}")
}

/// The beginning of a text, for error messages.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).collect()
}

/// What an error answer says: `error.message`, `error`, or `message`, else the beginning of it.
pub(super) fn error_message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return excerpt(text.trim()) };
    let said = [value.pointer("/error/message"), value.get("error"), value.get("message")];
    let message = said.into_iter().flatten().find_map(Value::as_str);
    excerpt(message.unwrap_or(&text))
}

/// Adds what only this model knows to a body; it wins over what is there.
pub(super) fn add_extra(body: &mut Value, extra: &Map<String, Value>) {
    if let Value::Object(fields) = body {
        fields.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

/// The instructions with the form of the answer in words, for models that do not keep to a schema by themselves.
pub(super) fn system_with_schema(system: &str, schema: &Schema) -> String {
    format!(
        "{system}\n\nAnswer with one JSON object and nothing else. It must fit this JSON schema:\n{}",
        schema.schema
    )
}
