//! A ledger in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenants::clock::Timestamp;
use tenants::ids::{ReservationId, TenantId};
use tenants::models::{BudgetLine, BudgetScope, BudgetState, CallCost, LlmCall, Reservation, Reserved};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, StoreError};
use tokio::sync::watch;

/// Behaves as the port says; forgets all when dropped.
#[derive(Debug)]
pub struct MemoryLedger {
    state: Mutex<State>,
    open: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    budgets: HashMap<(BudgetScope, String), BudgetState>,
    open: HashMap<ReservationId, Reservation>,
    reserved: Vec<MicroUsd>,
    calls: Vec<LlmCall>,
    failures: u32,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self { state: Mutex::default(), open: watch::Sender::new(0) }
    }
}

impl MemoryLedger {
    /// The next so many calls of any kind fail as if the database was away.
    pub fn fail_next(&self, calls: u32) {
        self.state().failures = calls;
    }

    /// All calls that were stored, in the order in which they were.
    pub fn calls(&self) -> Vec<LlmCall> {
        self.state().calls.clone()
    }

    /// The amounts of all reservations that were granted, in order.
    pub fn reserved(&self) -> Vec<MicroUsd> {
        self.state().reserved.clone()
    }

    /// Ends when no reservation is open.
    pub async fn all_settled(&self) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut state = self.state();
        if state.failures == 0 {
            return Ok(state);
        }
        state.failures -= 1;
        Err(StoreError::Unavailable("the test says so".into()))
    }
}

impl State {
    fn budget(&mut self, line: &BudgetLine) -> &mut BudgetState {
        let new = || BudgetState { line: line.clone(), spent: MicroUsd(0), reserved: MicroUsd(0) };
        let budget = self.budgets.entry((line.scope, line.day.clone())).or_insert_with(new);
        budget.line = line.clone();
        budget
    }

    fn close(&mut self, reservation: Reservation, spent: MicroUsd) -> Vec<BudgetState> {
        let close = |line: &BudgetLine| {
            let budget = self.budget(line);
            budget.reserved.0 -= reservation.amount.0;
            budget.spent.0 += spent.0;
            budget.clone()
        };
        reservation.lines.iter().map(close).collect()
    }
}

#[async_trait]
impl BudgetLedger for MemoryLedger {
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError> {
        let mut state = self.working()?;
        for line in &reservation.lines {
            let budget = state.budget(line);
            if budget.spent.0 + budget.reserved.0 + reservation.amount.0 > line.limit.0 {
                return Ok(Reserved::Refused(budget.clone()));
            }
        }
        for line in &reservation.lines {
            state.budget(line).reserved.0 += reservation.amount.0;
        }
        state.reserved.push(reservation.amount);
        state.open.insert(reservation.id, reservation);
        self.open.send_replace(state.open.len());
        Ok(Reserved::Granted)
    }

    async fn settle(
        &self,
        reservation: &ReservationId,
        calls: Vec<LlmCall>,
    ) -> Result<Vec<BudgetState>, StoreError> {
        let mut state = self.working()?;
        let spent = MicroUsd(calls.iter().map(|call| call.cost.0).sum());
        state.calls.extend(calls);
        let Some(reservation) = state.open.remove(reservation) else { return Ok(Vec::new()) };
        let states = state.close(reservation, spent);
        self.open.send_replace(state.open.len());
        Ok(states)
    }

    async fn expire_reservations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.working()?;
        let is_over = |reservation: &&Reservation| reservation.expires_at <= now;
        let over: Vec<Reservation> = state.open.values().filter(is_over).cloned().collect();
        let count = over.len() as u64;
        for reservation in over {
            state.open.remove(&reservation.id);
            let amount = reservation.amount;
            state.close(reservation, amount);
        }
        self.open.send_replace(state.open.len());
        Ok(count)
    }

    async fn find_budget(&self, scope: &BudgetScope, day: &str) -> Result<Option<BudgetState>, StoreError> {
        Ok(self.working()?.budgets.get(&(*scope, day.to_owned())).cloned())
    }

    async fn list_calls(
        &self,
        tenant: &TenantId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<LlmCall>, StoreError> {
        let state = self.working()?;
        let is_wanted =
            |call: &&LlmCall| call.tenant == *tenant && before.is_none_or(|before| call.at < before);
        let mut calls: Vec<LlmCall> = state.calls.iter().filter(is_wanted).cloned().collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.at));
        calls.truncate(limit as usize);
        Ok(calls)
    }

    async fn recent_costs(&self, limit: u32) -> Result<Vec<CallCost>, StoreError> {
        let state = self.working()?;
        let newest = state.calls.iter().rev().take(limit as usize);
        Ok(newest.filter(|call| call.outcome.has_answer()).map(CallCost::from).collect())
    }
}
