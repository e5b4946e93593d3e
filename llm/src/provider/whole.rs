//! A whole answer as a stream: some servers give one although they were asked for pieces.

use std::collections::VecDeque;

use async_trait::async_trait;

use super::{CallError, Completion, Delta, Deltas};

pub(super) struct Whole {
    pieces: VecDeque<Delta>,
}

impl Whole {
    pub fn of(completion: Completion) -> Self {
        let mut pieces: VecDeque<Delta> = completion.usage.map(Delta::Usage).into_iter().collect();
        if !completion.text.is_empty() {
            pieces.push_back(Delta::Text(completion.text));
        }
        for (index, call) in completion.tool_calls.into_iter().enumerate() {
            let (id, name, arguments) = (Some(call.id), Some(call.name), call.arguments.to_string());
            pieces.push_back(Delta::Tool { index, id, name, arguments });
        }
        pieces.push_back(Delta::End(completion.stop));
        Self { pieces }
    }
}

#[async_trait]
impl Deltas for Whole {
    async fn next(&mut self) -> Result<Delta, CallError> {
        self.pieces.pop_front().ok_or_else(|| CallError::Truncated("the answer is over".into()))
    }
}
