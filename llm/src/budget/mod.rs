//! The one door to providers: money is set aside before a call and reckoned up after it.
//!
//! `Purse::open` asks the ledger; a granted reservation is a `Spending`, which alone holds a [`Paid`], and no
//! [`Provider`](crate::provider::Provider) can be called without one:
//!
//! ```compile_fail,E0451
//! // A `Paid` cannot be made from outside of this module.
//! use tenants::ids::ReservationId;
//! use troupe_llm::budget::Paid;
//!
//! fn forge(reservation: ReservationId) -> Paid {
//!     Paid { reservation }
//! }
//! ```
//!
//! A reservation is settled however its request ends: a `Spending` that is dropped is settled in the background,
//! with a call that was under way as cancelled. If the process dies, the ledger takes the reservation for spent once it
//! has expired.

mod costs;
mod spares;
mod spending;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use tenants::clock::{Clock, Timestamp};
use tenants::ids::{CallId, EventId, Ids, ReservationId, TenantId};
use tenants::models::{BudgetLine, BudgetState, CallOutcome, LlmCall, Reservation, Reserved, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, StoreError};
use tenants::tasks::Tasks;
use tracing::{error, warn};

use self::costs::Costs;
use self::spares::{Kind, Need, Spare, Spares};
pub(crate) use self::spending::{CallStart, Ending, Spending};
pub use self::tally::{Sums, Tally};
use crate::catalogue::{ModelRef, Price};
use crate::error::LlmError;
use crate::metrics::LlmMetrics;
use crate::request::{Origin, Request, Usage};

/// Calls that are looked through for what such calls cost.
const RECALLED: u32 = 5_000;
/// Tries to settle before it is given up and left to expiry.
const SETTLE_TRIES: u32 = 12;
/// Pause before the second try to settle; doubled for each further one.
const FIRST_SETTLE_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause between two tries to settle.
const LONGEST_SETTLE_PAUSE: Duration = Duration::from_secs(30);

/// Who pays for a request, and out of which budgets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    tenant: TenantId,
    lines: Vec<BudgetLine>,
    weight: u32,
}

/// A payer without any budget: nothing would hold its calls back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payer needs at least one budget")]
pub struct NoBudget;

impl Payer {
    /// A tenant and all budgets its call counts against: its agency's, its own, the task's share.
    ///
    /// # Errors
    /// [`NoBudget`] when there are none.
    pub fn new(tenant: TenantId, lines: Vec<BudgetLine>) -> Result<Self, NoBudget> {
        if lines.is_empty() { Err(NoBudget) } else { Ok(Self { tenant, lines, weight: 1 }) }
    }

    /// With another weight than 1 in the fair sharing of providers.
    #[must_use]
    pub fn with_weight(self, weight: u32) -> Self {
        Self { weight: weight.max(1), ..self }
    }

    /// The tenant.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn weight(&self) -> u32 {
        self.weight
    }
}

/// Proof that money was set aside. Only a granted reservation holds one, and providers ask for it.
#[derive(Debug)]
pub struct Paid {
    reservation: ReservationId,
}

impl Paid {
    /// The reservation the call is paid from.
    pub fn reservation(&self) -> ReservationId {
        self.reservation
    }
}

/// Hears how budgets stand, to warn people in time.
pub trait BudgetWatch: Send + Sync {
    /// Calls were reckoned up; so do their budgets stand now. Must not block.
    fn settled(&self, states: &[BudgetState]);

    /// A budget had no room for a call. Must not block.
    fn refused(&self, state: &BudgetState);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWatch;

impl BudgetWatch for NoWatch {
    fn settled(&self, _states: &[BudgetState]) {}

    fn refused(&self, _state: &BudgetState) {}
}

/// What a request is made for, as it stands on each of its calls.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub task: Task,
    pub event: Option<EventId>,
    pub prompt: Option<String>,
    pub tally: Tally,
}

/// Sets money aside and settles it.
pub(crate) struct Purse {
    ledger: Arc<dyn BudgetLedger>,
    watch: Arc<dyn BudgetWatch>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    tasks: Tasks,
    metrics: LlmMetrics,
    costs: Costs,
    spares: Spares,
}

/// The money that a call needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub model: &'a ModelRef,
    pub amount: MicroUsd,
    /// It counts as spent then, should the program have died.
    pub expires_at: Timestamp,
    /// How long money for the next call of this kind is kept ready; zero: not at all.
    pub keep_spares: Duration,
}

impl Purse {
    pub fn new(
        ledger: Arc<dyn BudgetLedger>,
        watch: Arc<dyn BudgetWatch>,
        clock: Arc<dyn Clock>,
        ids: Ids,
        tasks: Tasks,
        metrics: LlmMetrics,
    ) -> Self {
        Self { ledger, watch, clock, ids, tasks, metrics, costs: Costs::default(), spares: Spares::default() }
    }

    /// What such a call will probably cost: learned, or `first_guess` as long as too little is known.
    pub fn expected(&self, task: Task, model: &ModelRef, quantile: f64, first_guess: MicroUsd) -> MicroUsd {
        self.costs.expected(task, model, quantile).unwrap_or(first_guess)
    }

    /// Remembers what calls cost before this program was started, as far as the ledger knows; how many.
    ///
    /// # Errors
    /// When the ledger does not answer: then it is learned anew.
    pub async fn recall(&self) -> Result<usize, StoreError> {
        let recent = self.ledger.recent_costs(RECALLED).await?;
        for call in recent.iter().rev() {
            let model = ModelRef { provider: call.provider.clone(), model: call.model.clone() };
            self.costs.learn(call.task, &model, call.cost);
        }
        Ok(recent.len())
    }

    /// Sets money aside, or takes what was set aside for such a call ahead of time.
    ///
    /// # Errors
    /// [`LlmError::OutOfBudget`], or [`LlmError::Unavailable`] when the ledger does not answer: then nothing may be
    /// called either.
    pub async fn open(
        self: &Arc<Self>,
        payer: &Payer,
        work: &Work,
        wish: Wish<'_>,
    ) -> Result<Spending, LlmError> {
        let kind = (payer.tenant, work.task, wish.model.clone());
        let need = Need {
            lines: &payer.lines,
            amount: wish.amount,
            expires_at: wish.expires_at,
            keep: wish.keep_spares,
            now: self.clock.now(),
        };
        let found = self.spares.take(&kind, need);
        found.outdated.into_iter().for_each(|spare| Arc::clone(self).settle_soon(spare.id, Vec::new()));
        let spending = match found.spare {
            Some(spare) => {
                let paid = Paid { reservation: spare.id };
                Spending::new(Arc::clone(self), paid, payer.tenant, work.clone(), spare.amount)
            }
            None => self.reserve_now(payer, work, wish).await?,
        };
        // Only now, so that no spare takes the last money from the call itself.
        if found.is_busy && !self.tasks.is_stopping() && self.spares.wants_more(&kind, need) {
            let expires_at = wish.expires_at + wish.keep_spares;
            let spare = self.reservation(payer, work.task, wish.amount, expires_at);
            self.tasks.spawn("llm spare", Arc::clone(self).refill(kind, spare, wish.keep_spares));
        }
        Ok(spending)
    }

    /// In a task of its own: if the caller goes away meanwhile, the granted money is given back all the same.
    async fn reserve_now(
        self: &Arc<Self>,
        payer: &Payer,
        work: &Work,
        wish: Wish<'_>,
    ) -> Result<Spending, LlmError> {
        let reservation = self.reservation(payer, work.task, wish.amount, wish.expires_at);
        let reserving = Arc::clone(self).reserve(reservation, work.clone());
        match self.tasks.spawn("llm reservation", reserving).await {
            Ok(result) => result,
            Err(failed) => Err(LlmError::Unavailable {
                retry_after: None,
                reason: format!("setting money aside failed: {failed}"),
            }),
        }
    }

    fn reservation(&self, payer: &Payer, task: Task, amount: MicroUsd, expires_at: Timestamp) -> Reservation {
        let (id, at) = (ReservationId::new(&self.ids), self.clock.now());
        Reservation { id, tenant: payer.tenant, task, amount, lines: payer.lines.clone(), at, expires_at }
    }

    async fn reserve(self: Arc<Self>, reservation: Reservation, work: Work) -> Result<Spending, LlmError> {
        let (id, tenant, amount) = (reservation.id, reservation.tenant, reservation.amount);
        match self.ledger.reserve(reservation).await {
            Ok(Reserved::Granted) => Ok(Spending::new(self, Paid { reservation: id }, tenant, work, amount)),
            Ok(Reserved::Refused(state)) => {
                self.metrics.refused(&state.line.scope);
                self.watch.refused(&state);
                Err(LlmError::OutOfBudget { scope: state.line.scope, resets_at: state.line.resets_at })
            }
            Err(error) => {
                // It may have been stored although the answer was lost.
                self.settle_soon(id, Vec::new());
                Err(LlmError::Unavailable {
                    retry_after: None,
                    reason: format!("the budget cannot be asked: {error}"),
                })
            }
        }
    }

    /// Sets a spare aside. Whether there is room for it is nobody's concern but its own.
    async fn refill(self: Arc<Self>, kind: Kind, reservation: Reservation, keep: Duration) {
        let Reservation { id, amount, ref lines, expires_at, .. } = reservation;
        let lines = lines.clone();
        let spare = match self.ledger.reserve(reservation).await {
            Ok(Reserved::Granted) => {
                Some(Spare { id, amount, expires_at, kept_until: self.clock.now() + keep })
            }
            Ok(Reserved::Refused(_)) => None,
            Err(_) => {
                Arc::clone(&self).settle_soon(id, Vec::new());
                None
            }
        };
        match self.spares.put(&kind, &lines, spare) {
            Ok(false) => {}
            Ok(true) => {
                let tasks = self.tasks.clone();
                tasks.spawn("llm spares", self.sweep(kind, keep));
            }
            Err(outdated) => self.settle_soon(outdated.id, Vec::new()),
        }
    }

    /// Gives back what nobody used, until there is none.
    async fn sweep(self: Arc<Self>, kind: Kind, keep: Duration) {
        let mut is_needed = true;
        while is_needed {
            let now = tokio::select! {
                () = self.clock.sleep(keep) => Some(self.clock.now()),
                () = self.tasks.stopping() => None,
            };
            let old;
            (old, is_needed) = self.spares.sweep(&kind, now);
            old.into_iter().for_each(|spare| Arc::clone(&self).settle_soon(spare.id, Vec::new()));
        }
    }

    /// Writes down, in the background, that an earlier answer was given again. Nothing was set aside for it.
    pub fn note_cached(self: &Arc<Self>, request: &Request, origin: &Origin, at: Timestamp) {
        let row = LlmCall {
            id: CallId::new(&self.ids),
            tenant: request.payer.tenant,
            task: request.task,
            event: request.event,
            provider: origin.provider.clone(),
            model: origin.model.clone(),
            prompt: request.prompt.clone(),
            tokens_in: 0,
            tokens_cached: 0,
            tokens_out: 0,
            cost: MicroUsd(0),
            is_estimate: false,
            latency_us: origin.latency_us,
            attempt: 0,
            fallback_reason: None,
            outcome: CallOutcome::Cached,
            error: None,
            at,
        };
        Arc::clone(self).settle_soon(ReservationId::new(&self.ids), vec![row]);
    }

    /// Settles in the background, so that neither an answer nor a cancellation waits for the database.
    fn settle_soon(self: Arc<Self>, reservation: ReservationId, calls: Vec<LlmCall>) {
        if tokio::runtime::Handle::try_current().is_err() {
            error!(reservation.id = %reservation, "dropped outside of the runtime: counts as spent when it expires");
            return;
        }
        let tasks = self.tasks.clone();
        tasks.spawn("llm settlement", self.settle(reservation, calls));
    }

    async fn settle(self: Arc<Self>, reservation: ReservationId, calls: Vec<LlmCall>) {
        let mut pause = FIRST_SETTLE_PAUSE;
        for attempt in 1..=SETTLE_TRIES {
            match self.ledger.settle(&reservation, calls.clone()).await {
                Ok(states) => return self.watch.settled(&states),
                Err(error @ StoreError::Unavailable(_)) if attempt < SETTLE_TRIES => {
                    warn!(reservation.id = %reservation, %error, attempt, "settlement failed, trying again");
                }
                Err(error) => {
                    error!(reservation.id = %reservation, %error, "settlement failed: counts as spent when it expires");
                    return;
                }
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_SETTLE_PAUSE);
        }
    }
}

/// What a call costs whose price is known and whose answer has an ordinary length: a quarter of its cap.
pub(crate) fn first_guess(price: Price, input_bytes: usize, max_tokens: u32) -> MicroUsd {
    let input = crate::catalogue::estimated_tokens(input_bytes);
    price.cost(Usage { input, output: max_tokens / 4, ..Usage::default() })
}
