//! The ledger of what language models cost.

use async_trait::async_trait;

use super::StoreError;
use crate::clock::Timestamp;
use crate::ids::ReservationId;
use crate::models::{BudgetScope, BudgetState, CallCost, LlmCall, Reservation, Reserved};

/// Money for calls to models: set aside before, settled after. What the database decides holds for all nodes.
#[async_trait]
pub trait BudgetLedger: Send + Sync {
    /// Sets money aside in all budgets of the reservation, or in none. It is granted exactly when its amount is no
    /// more than each of them has left of the limit that its line tells; a limit of nothing grants nothing. Asked
    /// again with the same id (because the answer was lost), it is set aside once.
    ///
    /// # Errors
    /// When the database does not answer: no call may be made then. A [`StoreError::Conflict`] when the reservation
    /// makes no sense: without budgets, with one twice, with one of another tenant or another agency, below zero, or
    /// settled already.
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError>;

    /// Turns a reservation into what was really spent, and stores the calls that spent it; no calls release it. Gives
    /// the budgets as they stand after it, in the order of its lines. Settled again, nothing changes and the answer is
    /// the present state.
    ///
    /// One that has expired was taken for spent in full: its budgets are put right by the difference to the real cost.
    /// Of one that is not known (any more) only the calls are stored, and the answer is empty.
    ///
    /// # Errors
    /// When the database does not answer; try again, it is settled once. A [`StoreError::Conflict`] when a call is
    /// another tenant's.
    async fn settle(
        &self,
        reservation: &ReservationId,
        calls: Vec<LlmCall>,
    ) -> Result<Vec<BudgetState>, StoreError>;

    /// Takes reservations whose time is over for spent; their number. To be called now and then: it also forgets those
    /// that were settled or expired a while ago.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn expire_reservations(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// A budget of a day; `None` when nothing was asked of it on that day.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_budget(&self, scope: &BudgetScope, day: &str) -> Result<Option<BudgetState>, StoreError>;

    /// What the newest calls with an answer, usable or not, have cost, of all tenants; newest first. At most `limit`
    /// calls are looked through, so there may be fewer. It is what a program learns from after a restart.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn recent_costs(&self, limit: u32) -> Result<Vec<CallCost>, StoreError>;
}
