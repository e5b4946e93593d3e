//! The ledger of what language models cost.

use async_trait::async_trait;

use super::StoreError;
use crate::clock::Timestamp;
use crate::ids::{ReservationId, TenantId};
use crate::models::{BudgetScope, BudgetState, LlmCall, Reservation, Reserved};

/// Money for calls to models: set aside before, settled after. What the database decides holds for all nodes.
#[async_trait]
pub trait BudgetLedger: Send + Sync {
    /// Sets money aside in all budgets of the reservation, or in none.
    ///
    /// # Errors
    /// When the database does not answer: no call may be made then.
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError>;

    /// Turns a reservation into what was really spent, and stores the calls that spent it. Gives the budgets as they
    /// stand after it. A reservation that is not open any more (it has expired) only has its calls stored.
    ///
    /// # Errors
    /// When the database does not answer; try again, it is settled once.
    async fn settle(
        &self,
        reservation: &ReservationId,
        calls: Vec<LlmCall>,
    ) -> Result<Vec<BudgetState>, StoreError>;

    /// Takes reservations whose time is over for spent; their number.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn expire_reservations(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// A budget of a day; `None` when nothing was reserved on that day.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_budget(&self, scope: &BudgetScope, day: &str) -> Result<Option<BudgetState>, StoreError>;

    /// The newest calls of a tenant, at most `limit`, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_calls(
        &self,
        tenant: &TenantId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<LlmCall>, StoreError>;
}
