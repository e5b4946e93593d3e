//! Money set aside for a call to a model, and what became of it.

use std::sync::Arc;

use tenants::clock::Timestamp;
use tenants::ids::{CallId, TenantId};
use tenants::models::{CallOutcome, LlmCall};
use tenants::money::MicroUsd;

use super::{Paid, Purse, Work};
use crate::catalogue::{ModelRef, Price, estimated_tokens};
use crate::provider::CallError;
use crate::request::Usage;

/// Tokens that a provider may add to either side: its own instructions, the form of tools, thoughts it does not cap. A
/// byte is at most a token.
const HIDDEN_TOKENS: u32 = 4_096;

/// An open reservation with the calls made from it. Dropping it settles it.
pub(crate) struct Spending {
    purse: Arc<Purse>,
    paid: Paid,
    tenant: TenantId,
    work: Work,
    /// What was set aside: what a call of unknown length is taken to have cost.
    amount: MicroUsd,
    calls: Vec<LlmCall>,
    under_way: Option<UnderWay>,
    /// The model of the calls, to learn from.
    model: Option<ModelRef>,
}

/// A call that is about to be made.
#[derive(Debug, Clone)]
pub(crate) struct CallStart {
    pub model: ModelRef,
    pub price: Price,
    pub is_price_known: bool,
    /// Why an earlier choice was not taken.
    pub fallback_reason: Option<String>,
    pub input_bytes: usize,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// True when the answer comes in pieces, so that its length is known whenever it breaks off.
    pub is_stream: bool,
}

struct UnderWay {
    start: CallStart,
    /// Which call of its request this is, from 1.
    attempt: u32,
    at: Timestamp,
    /// Bytes the model has written.
    written: usize,
    usage: Option<Usage>,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Ending<'a> {
    Answered,
    /// The answer cannot be used, and why.
    Invalid(&'a str),
    Failed(&'a CallError),
    /// Nobody waits any more.
    Cancelled,
}

impl Spending {
    pub(super) fn new(purse: Arc<Purse>, paid: Paid, tenant: TenantId, work: Work, amount: MicroUsd) -> Self {
        Self { purse, paid, tenant, work, amount, calls: Vec::new(), under_way: None, model: None }
    }

    /// What providers ask for.
    pub fn paid(&self) -> &Paid {
        &self.paid
    }

    /// Whether calls that are over have to be paid.
    pub fn has_cost(&self) -> bool {
        self.calls.iter().any(|call| call.cost > MicroUsd(0))
    }

    /// A call is made now; it counts as cancelled unless it ends otherwise.
    pub fn begin(&mut self, start: CallStart) {
        self.model = Some(start.model.clone());
        let (attempt, at) = (self.work.tally.begin(), self.purse.clock.now());
        self.under_way = Some(UnderWay { start, attempt, at, written: 0, usage: None });
    }

    /// What has come so far: bytes the model has written in all, and tokens as far as the provider has said.
    pub fn heard(&mut self, written: usize, usage: Option<Usage>) {
        if let Some(call) = &mut self.under_way {
            call.written = written;
            call.usage = usage;
        }
    }

    /// The call under way is over.
    pub fn end(&mut self, ending: Ending<'_>) {
        let Some(under_way) = self.under_way.take() else { return };
        let call = self.reckon(under_way, ending);
        self.purse.metrics.call(&call);
        self.calls.push(call);
    }

    fn reckon(&self, under_way: UnderWay, ending: Ending<'_>) -> LlmCall {
        let outcome = outcome(&ending);
        let (usage, cost, is_estimate) = self.bill(&under_way, &ending, outcome);
        self.work.tally.add(usage, cost, is_estimate);
        let UnderWay { start, attempt, at, .. } = under_way;
        let now = self.purse.clock.now();
        LlmCall {
            id: CallId::new(&self.purse.ids),
            tenant: self.tenant,
            task: self.work.task,
            event: self.work.event,
            provider: start.model.provider,
            model: start.model.model,
            prompt: self.work.prompt.clone(),
            tokens_in: usage.input,
            tokens_cached: usage.cached,
            tokens_out: usage.output,
            cost,
            is_estimate,
            latency_us: i64::try_from(now.since(at).as_micros()).unwrap_or(i64::MAX),
            attempt,
            fallback_reason: start.fallback_reason,
            outcome,
            error: words(&ending),
            at,
        }
    }

    fn bill(&self, call: &UnderWay, ending: &Ending<'_>, outcome: CallOutcome) -> (Usage, MicroUsd, bool) {
        if outcome == CallOutcome::Failed {
            return (Usage::default(), MicroUsd(0), false);
        }
        let start = &call.start;
        let said = call.usage.map(|said| (plausible(said, start), said));
        let is_believed = said.is_none_or(|(plausible, said)| plausible == said);
        let said = said.map(|(plausible, _)| plausible);
        let is_whole = matches!(ending, Ending::Answered | Ending::Invalid(_));
        if let (true, Some(usage)) = (is_whole, said) {
            return (usage, start.price.cost(usage), !(start.is_price_known && is_believed));
        }
        // What a provider said before an answer broke off does not count all that had been written by then.
        let said = said.unwrap_or(Usage { input: estimated_tokens(start.input_bytes), ..Usage::default() });
        let usage = Usage { output: said.output.max(estimated_tokens(call.written)), ..said };
        let cost = start.price.cost(usage);
        let is_length_known = is_whole || start.is_stream;
        (usage, if is_length_known { cost } else { cost.max(self.amount) }, true)
    }
}

impl Drop for Spending {
    fn drop(&mut self) {
        self.end(Ending::Cancelled);
        let calls = std::mem::take(&mut self.calls);
        if let (Some(model), true) = (&self.model, calls.iter().any(|call| call.outcome.has_answer())) {
            let cost = calls.iter().fold(0_i64, |sum, call| sum.saturating_add(call.cost.0));
            self.purse.costs.learn(self.work.task, model, MicroUsd(cost));
        }
        Arc::clone(&self.purse).settle_soon(self.paid.reservation, calls);
    }
}

/// What a provider says of a call, as far as it can be: nobody is billed for tokens that were never sent nor allowed.
fn plausible(said: Usage, start: &CallStart) -> Usage {
    let sent = u32::try_from(start.input_bytes).unwrap_or(u32::MAX).saturating_add(HIDDEN_TOKENS);
    let allowed = start.max_tokens.saturating_mul(2).saturating_add(HIDDEN_TOKENS);
    Usage { input: said.input.min(sent), output: said.output.min(allowed), ..said }
}

fn outcome(ending: &Ending<'_>) -> CallOutcome {
    match ending {
        Ending::Answered => CallOutcome::Answered,
        Ending::Invalid(_) => CallOutcome::InvalidOutput,
        Ending::Cancelled | Ending::Failed(CallError::TimedOut) => CallOutcome::Cancelled,
        Ending::Failed(CallError::Truncated(_)) => CallOutcome::Truncated,
        Ending::Failed(CallError::Malformed(_)) => CallOutcome::InvalidOutput,
        Ending::Failed(_) => CallOutcome::Failed,
    }
}

fn words(ending: &Ending<'_>) -> Option<String> {
    match ending {
        Ending::Answered | Ending::Cancelled => None,
        Ending::Invalid(problem) => Some((*problem).to_owned()),
        Ending::Failed(error) => Some(error.in_own_words()),
    }
}
