//! The one door to providers: money is set aside before a call and reckoned up after it.
//!
//! `Purse::open` asks the ledger; a granted reservation is a `Spending`, which alone holds a [`Paid`], and no
//! [`Provider`](crate::provider::Provider) can be called without one:
//!
//! ```compile_fail
//! // A `Paid` cannot be made from outside of this module.
//! let paid = troupe_llm::budget::Paid { reservation: todo!() };
//! ```
//!
//! A reservation is settled however its request ends: a `Spending` that is dropped is settled in the background,
//! with a call that was under way as cancelled. If the process dies, the ledger takes the reservation for spent once it
//! has expired.

mod costs;
mod spending;

use std::sync::Arc;
use std::time::Duration;

use tenants::clock::{Clock, Timestamp};
use tenants::ids::{EventId, Ids, ReservationId, TenantId};
use tenants::models::{BudgetLine, BudgetState, LlmCall, Reservation, Reserved, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, StoreError};
use tenants::tasks::Tasks;
use tracing::{error, warn};

use self::costs::Costs;
pub(crate) use self::spending::{CallStart, Ending, Spending};
use crate::catalogue::{ModelRef, Price};
use crate::error::LlmError;
use crate::metrics::LlmMetrics;
use crate::tally::Tally;

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
    /// Where its calls are added up, beside the ledger.
    pub tally: Option<Tally>,
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
        Self { ledger, watch, clock, ids, tasks, metrics, costs: Costs::default() }
    }

    /// What such a call will probably cost: learned, or `first_guess` as long as too little is known.
    pub fn expected(&self, task: Task, model: &ModelRef, quantile: f64, first_guess: MicroUsd) -> MicroUsd {
        self.costs.expected(task, model, quantile).unwrap_or(first_guess)
    }

    /// Sets `amount` aside, until `expires_at` at most.
    ///
    /// # Errors
    /// [`LlmError::OutOfBudget`], or [`LlmError::Unavailable`] when the ledger does not answer: then nothing may be
    /// called either.
    pub async fn open(
        self: &Arc<Self>,
        payer: &Payer,
        work: &Work,
        amount: MicroUsd,
        expires_at: Timestamp,
    ) -> Result<Spending, LlmError> {
        let reservation = Reservation {
            id: ReservationId::new(&self.ids),
            tenant: payer.tenant,
            task: work.task,
            amount,
            lines: payer.lines.clone(),
            at: self.clock.now(),
            expires_at,
        };
        // In a task of its own: if the caller goes away meanwhile, the granted money is given back all the same.
        let reserving = Arc::clone(self).reserve(reservation, work.clone());
        match self.tasks.spawn("llm reservation", reserving).await {
            Ok(result) => result,
            Err(failed) => Err(LlmError::Unavailable {
                retry_after: None,
                reason: format!("setting money aside failed: {failed}"),
            }),
        }
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
    price.cost(crate::request::Usage { input, cached: 0, output: max_tokens / 4 })
}
