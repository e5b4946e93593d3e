//! Puts the pieces of an answer together.

use serde_json::Value;

use super::{CallError, Completion, Delta, json};
use crate::request::{StopReason, ToolCall, Usage};

/// More tool calls in one answer than this are a fault of the provider.
const MOST_TOOL_CALLS: usize = 64;

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub struct Assembly {
    text: String,
    tools: Vec<Pieces>,
    usage: Option<Usage>,
    bytes: usize,
}

#[derive(Debug, Default, Clone)]
struct Pieces {
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Assembly {
    /// Adds a piece.
    ///
    /// # Errors
    /// [`CallError::Malformed`] for a tool call with an absurd index.
    pub fn add(&mut self, delta: &Delta) -> Result<(), CallError> {
        self.bytes += delta.bytes();
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::End(_) => {}
            Delta::Tool { index, id, name, arguments } => {
                if *index >= MOST_TOOL_CALLS {
                    return Err(CallError::Malformed(format!("tool call number {index}")));
                }
                if self.tools.len() <= *index {
                    self.tools.resize(index + 1, Pieces::default());
                }
                let pieces = &mut self.tools[*index];
                pieces.id = pieces.id.take().or_else(|| id.clone());
                pieces.name.push_str(name.as_deref().unwrap_or_default());
                pieces.arguments.push_str(arguments);
            }
        }
        Ok(())
    }

    /// Bytes the model has written.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Tokens so far, when the provider has said.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The whole answer.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when the arguments of a tool call are not JSON.
    pub fn finish(self, stop: StopReason) -> Result<Completion, CallError> {
        let calls = self.tools.into_iter().enumerate().filter(|(_, pieces)| !pieces.name.is_empty());
        let tool_calls = calls.map(|(index, pieces)| pieces.finish(index)).collect::<Result<_, _>>()?;
        Ok(Completion { text: self.text, tool_calls, stop, usage: self.usage })
    }
}

impl Pieces {
    fn finish(self, index: usize) -> Result<ToolCall, CallError> {
        let arguments: Value = json::arguments(&self.name, &self.arguments)?;
        let id = self.id.unwrap_or_else(|| json::made_up_id(index));
        Ok(ToolCall { id, name: self.name, arguments })
    }
}
