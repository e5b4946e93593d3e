//! A ledger in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tenants::alert::Alert;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, ReservationId, TenantId};
use tenants::models::{
    BudgetLevel, BudgetLine, BudgetScope, BudgetState, CallCost, CallOutcome, LlmCall, Reservation, Reserved,
    Task,
};
use tenants::money::MicroUsd;
use tenants::ports::{
    BudgetKind, BudgetLedger, BudgetOverview, CallFilter, CostKeys, CostReports, CostSum, PageRequest,
    Period, StoreError, TimePosition,
};
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

    async fn recent_costs(&self, limit: u32) -> Result<Vec<CallCost>, StoreError> {
        let state = self.working()?;
        let newest = state.calls.iter().rev().take(limit as usize);
        Ok(newest.filter(|call| call.outcome.has_answer()).map(CallCost::from).collect())
    }
}

#[async_trait]
impl CostReports for MemoryLedger {
    async fn list_calls(
        &self,
        tenant: &TenantId,
        filter: &CallFilter,
        after: Option<TimePosition>,
        limit: u32,
    ) -> Result<Vec<LlmCall>, StoreError> {
        let state = self.working()?;
        let place = |call: &LlmCall| (call.at, call.id.0);
        let is_wanted = |call: &&LlmCall| {
            call.tenant == *tenant
                && after.is_none_or(|after| place(call) < (after.at, after.id))
                && filter.task.is_none_or(|task| task == call.task)
                && filter.model.as_ref().is_none_or(|model| *model == call.model)
                && filter.outcome.is_none_or(|outcome| outcome == call.outcome)
                && filter.event.is_none_or(|event| Some(event) == call.event)
        };
        let mut calls: Vec<LlmCall> = state.calls.iter().filter(is_wanted).cloned().collect();
        calls.sort_by_key(|call| std::cmp::Reverse(place(call)));
        calls.truncate(limit as usize);
        Ok(calls)
    }

    async fn tenant_costs(
        &self,
        tenant: &TenantId,
        period: Period,
        by: CostKeys,
    ) -> Result<Vec<CostSum>, StoreError> {
        let state = self.working()?;
        Ok(sums(state.calls.iter().filter(|call| call.tenant == *tenant), period, by))
    }

    /// It knows no agencies: all tenants are of one.
    async fn agency_costs(
        &self,
        _agency: &AgencyId,
        period: Period,
        by: CostKeys,
    ) -> Result<Vec<CostSum>, StoreError> {
        Ok(sums(self.working()?.calls.iter(), period, by))
    }
}

fn sums<'c>(calls: impl Iterator<Item = &'c LlmCall>, period: Period, by: CostKeys) -> Vec<CostSum> {
    let mut groups: BTreeMap<_, Vec<&LlmCall>> = BTreeMap::new();
    let is_meant = |call: &&LlmCall| {
        call.outcome != CallOutcome::Cached && period.from <= call.at && call.at < period.until
    };
    for call in calls.filter(is_meant) {
        let key = (
            by.task.then_some(call.task),
            by.provider.then(|| call.provider.clone()),
            by.model.then(|| call.model.clone()),
            call.prompt.clone().filter(|_| by.prompt),
        );
        groups.entry(key).or_default().push(call);
    }
    let mut sums: Vec<CostSum> = groups.into_iter().map(|(key, calls)| sum(key, &calls)).collect();
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.cost));
    sums
}

type Key = (Option<Task>, Option<String>, Option<String>, Option<String>);

fn sum((task, provider, model, prompt): Key, calls: &[&LlmCall]) -> CostSum {
    let count =
        |is_counted: fn(&LlmCall) -> bool| calls.iter().filter(|call| is_counted(call)).count() as i64;
    let add = |of: fn(&LlmCall) -> i64| calls.iter().map(|call| of(call)).sum();
    let mut latencies: Vec<i64> = calls.iter().map(|call| call.latency_us).collect();
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() * percent).div_ceil(100) - 1];
    CostSum {
        task,
        provider,
        model,
        prompt,
        calls: calls.len() as i64,
        unanswered: count(|call| call.outcome != CallOutcome::Answered),
        estimates: count(|call| call.is_estimate),
        tokens_in: add(|call| i64::from(call.tokens_in)),
        tokens_cached: add(|call| i64::from(call.tokens_cached)),
        tokens_out: add(|call| i64::from(call.tokens_out)),
        cost: MicroUsd(add(|call| call.cost.0)),
        p50_us: percentile(50),
        p95_us: percentile(95),
    }
}

/// It knows no agencies and keeps no alerts.
#[async_trait]
impl BudgetOverview for MemoryLedger {
    async fn agency_budget(&self, _agency: &AgencyId) -> Result<Option<MicroUsd>, StoreError> {
        self.working().map(|_| None)
    }

    async fn tenant_budgets(&self, tenants: &[TenantId], day: &str) -> Result<Vec<BudgetState>, StoreError> {
        let is_wanted = |budget: &&BudgetState| match budget.line.scope {
            BudgetScope::Agency(_) => false,
            BudgetScope::Tenant(tenant) | BudgetScope::Share(tenant, _) => {
                tenants.contains(&tenant) && budget.line.day.as_str() >= day
            }
        };
        Ok(self.working()?.budgets.values().filter(is_wanted).cloned().collect())
    }

    async fn count_budgets(&self, now: Timestamp) -> Result<Vec<(BudgetKind, BudgetLevel, i64)>, StoreError> {
        let mut counts = BTreeMap::new();
        for budget in self.working()?.budgets.values().filter(|budget| budget.line.resets_at > now) {
            let kind = match budget.line.scope {
                BudgetScope::Agency(_) => BudgetKind::Agency,
                BudgetScope::Tenant(_) => BudgetKind::Tenant,
                BudgetScope::Share(..) => BudgetKind::Share,
            };
            if let Some(level) = budget.level() {
                *counts.entry((kind, level)).or_insert(0) += 1;
            }
        }
        Ok(counts.into_iter().map(|((kind, level), many)| (kind, level, many)).collect())
    }

    async fn open_budget_alerts(&self, _page: PageRequest) -> Result<Vec<Alert>, StoreError> {
        self.working().map(|_| Vec::new())
    }

    async fn last_budget_alert(&self, _dedup_key: &str) -> Result<Option<Alert>, StoreError> {
        self.working().map(|_| None)
    }
}
