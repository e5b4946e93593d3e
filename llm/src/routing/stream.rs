//! An answer in pieces, with the money it is paid from.

use super::health::Watch;
use super::job::{Begun, usable};
use super::journey::Journey;
use super::leg::Leg;
use super::places::Place;
use crate::budget::{Ending, Spending};
use crate::catalogue::ModelRef;
use crate::error::LlmError;
use crate::provider::{Assembly, CallError, Completion, Delta, Deltas};
use crate::request::{Input, Reply, Schema, StopReason};

/// An answer that comes. Dropping it ends the call; what had come by then is paid.
pub struct ReplyStream {
    journey: Journey,
    model: ModelRef,
    schema: Option<Schema>,
    max_tokens: u32,
    first: Option<Delta>,
    rest: Box<dyn Deltas>,
    assembly: Assembly,
    /// `None` once the call is over: dropping it settled it.
    call: Option<(Spending, Place)>,
    watch: Option<Watch>,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// More text.
    Text(String),
    /// The whole answer, and its price; nothing comes after it.
    Done(Box<Reply>),
}

impl ReplyStream {
    pub(super) fn new(
        journey: Journey,
        leg: Leg<Begun>,
        (schema, max_tokens): (Option<Schema>, u32),
    ) -> Self {
        let Leg { model, output, spending, place, watch } = leg;
        let Begun { first, rest } = output;
        let (first, call) = (Some(first), Some((spending, place)));
        Self { journey, model, schema, max_tokens, first, rest, assembly: Assembly::default(), call, watch }
    }

    /// The next piece; `None` after [`Piece::Done`] or an error. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`LlmError::Unavailable`] when the answer breaks off, and [`LlmError::InvalidOutput`] when it ends and cannot be
    /// used: what came before is not to be used either.
    pub async fn next(&mut self) -> Option<Result<Piece, LlmError>> {
        while self.call.is_some() {
            let delta = match self.next_delta().await {
                Ok(delta) => delta,
                Err(error) => return Some(Err(self.break_off(&error))),
            };
            if let Err(error) = self.take_in(&delta) {
                return Some(Err(self.break_off(&error)));
            }
            match delta {
                Delta::Text(text) => return Some(Ok(Piece::Text(text))),
                Delta::End(stop) => return Some(self.finish(stop)),
                Delta::Tool { .. } | Delta::Usage(_) => {}
            }
        }
        None
    }

    async fn next_delta(&mut self) -> Result<Delta, CallError> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let limit = self.journey.limits.timeout.min(self.journey.left());
        tokio::select! {
            biased;
            delta = self.rest.next() => delta,
            () = self.journey.inner.clock.sleep(limit) => Err(CallError::TimedOut),
        }
    }

    fn take_in(&mut self, delta: &Delta) -> Result<(), CallError> {
        let added = self.assembly.add(delta);
        if let Some((spending, _)) = &mut self.call {
            spending.heard(self.assembly.bytes(), self.assembly.usage());
        }
        added
    }

    fn break_off(&mut self, error: &CallError) -> LlmError {
        if let Some((mut spending, _place)) = self.call.take() {
            spending.end(Ending::Failed(error));
        }
        let is_our_haste = matches!(error, CallError::TimedOut) && self.journey.left().is_zero();
        let watch = self.watch.take().filter(|_| !is_our_haste);
        if let Some(watch) = watch {
            watch.report(Err(error), self.journey.inner.clock.now());
        }
        LlmError::Unavailable { retry_after: error.retry_after(), reason: format!("{}: {error}", self.model) }
    }

    fn finish(&mut self, stop: StopReason) -> Result<Piece, LlmError> {
        let completion = match std::mem::take(&mut self.assembly).finish(stop) {
            Ok(completion) => completion,
            Err(error) => return Err(self.break_off(&error)),
        };
        if let Some(watch) = self.watch.take() {
            watch.report(Ok(()), self.journey.inner.clock.now());
        }
        let input = Input { schema: self.schema.take(), ..Input::default() };
        let checked = usable(&input, &completion, self.max_tokens);
        if let Some((mut spending, _place)) = self.call.take() {
            let ending = match &checked {
                Ok(_) => Ending::Answered,
                Err(unusable) => Ending::Invalid(&unusable.problem),
            };
            spending.end(ending);
        }
        let json = checked.map_err(|unusable| LlmError::InvalidOutput { reason: unusable.problem })?;
        let Completion { text, tool_calls, .. } = completion;
        let origin = self.journey.origin(&self.model);
        Ok(Piece::Done(Box::new(Reply { text, json, tool_calls, stop, origin })))
    }
}
