//! The model that answers people who ask why.

use tenants::models::Task;

use super::Cascade;
use crate::budget::Payer;
use crate::error::LlmError;
use crate::oversight::{INSTRUCTIONS, OversightRequest, PROMPT};
use crate::request::{Input, Request};
use crate::routing::ReplyStream;

impl Cascade {
    pub(super) async fn oversee(&self, request: OversightRequest) -> Result<Option<ReplyStream>, LlmError> {
        if !self.models.has_models(Task::Oversight) {
            return Ok(None);
        }
        let OversightRequest { behalf, messages, tools, tally } = request;
        let lines = behalf.budget.lines(Task::Oversight, self.clock.now());
        let payer = Payer::new(behalf.budget.tenant, lines)
            .map_err(|error| LlmError::Unavailable { retry_after: None, reason: error.to_string() })?;
        let input = Input { system: INSTRUCTIONS.to_owned(), messages, tools, ..Input::default() };
        let prompt = Some(PROMPT.to_owned());
        let request = Request { prompt, tally, ..Request::new(payer, Task::Oversight, input) };
        self.models.stream(request).await.map(Some)
    }
}
