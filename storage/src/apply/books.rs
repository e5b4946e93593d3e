//! Budgets and reservations in memory, while the database keeps their rows for us: what a batch asks of them is decided
//! here, one entry after the other. What is read and written tells `ledger`.

use std::collections::{BTreeMap, BTreeSet};

use tenants::clock::Timestamp;
use tenants::ids::{ReservationId, TenantId};
use tenants::models::{BudgetLine, BudgetScope, BudgetState, LlmCall, Reservation, Reserved};
use tenants::money::MicroUsd;

use crate::failure::Failure;
use crate::work::{Entry, Outcome};

/// Which row of `budgets`. Rows are locked in this order.
pub(super) type Place = (BudgetScope, String);

pub(super) fn place(line: &BudgetLine) -> Place {
    (line.scope, line.day.clone())
}

/// Money that was set aside, and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) tenant: TenantId,
    pub(super) amount: MicroUsd,
    pub(super) lines: Vec<BudgetLine>,
    pub(super) expires_at: Timestamp,
    pub(super) standing: Standing,
}

/// Where the money of a reservation stands in its budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Under `reserved`.
    Open,
    /// Under `spent`, all of it, as if the call had cost what was expected.
    Expired,
    /// Under `spent`, as much as the calls have cost.
    Settled,
}

/// What a batch touches, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Books<'e> {
    budgets: BTreeMap<Place, BudgetState>,
    held: BTreeMap<ReservationId, Held>,
    changed: BTreeSet<Place>,
    added: Vec<&'e Reservation>,
    closed: BTreeMap<ReservationId, (Standing, Timestamp)>,
    calls: Vec<&'e LlmCall>,
}

impl<'e> Books<'e> {
    pub(super) fn new(budgets: Vec<BudgetState>, held: BTreeMap<ReservationId, Held>) -> Self {
        let budgets = budgets.into_iter().map(|budget| (place(&budget.line), budget)).collect();
        Self { budgets, held, ..Self::default() }
    }

    pub(super) fn enter(&mut self, entry: &'e Entry, now: Timestamp) -> Result<Outcome, Failure> {
        match entry {
            Entry::Reserve(wanted) => self.reserve(wanted).map(|answer| Outcome::Reserved(Box::new(answer))),
            Entry::Settle { reservation, calls, .. } => {
                self.settle(*reservation, calls, now).map(Outcome::Settled)
            }
            Entry::Expire { at } => self.expire(*at).map(Outcome::Changed),
        }
    }

    fn reserve(&mut self, wanted: &'e Reservation) -> Result<Reserved, Failure> {
        match self.held.get(&wanted.id).map(|held| held.standing) {
            None => {}
            Some(Standing::Settled) => {
                return Err(Failure::Conflict(format!("{} is settled already", wanted.id)));
            }
            // It was granted, and the answer was lost.
            Some(Standing::Open | Standing::Expired) => return Ok(Reserved::Granted),
        }
        for line in &wanted.lines {
            self.budget(line)?.line = line.clone();
        }
        for line in &wanted.lines {
            let budget = self.budget(line)?;
            if !has_room(budget, wanted.amount) {
                return Ok(Reserved::Refused(budget.clone()));
            }
        }
        for line in &wanted.lines {
            let budget = self.budget(line)?;
            budget.reserved = moved(budget.reserved, wanted.amount.0);
        }
        let held = Held {
            tenant: wanted.tenant,
            amount: wanted.amount,
            lines: wanted.lines.clone(),
            expires_at: wanted.expires_at,
            standing: Standing::Open,
        };
        self.held.insert(wanted.id, held);
        self.added.push(wanted);
        Ok(Reserved::Granted)
    }

    fn settle(
        &mut self,
        id: ReservationId,
        calls: &'e [LlmCall],
        now: Timestamp,
    ) -> Result<Vec<BudgetState>, Failure> {
        let Some(held) = self.held.get(&id).cloned() else {
            self.calls.extend(calls);
            return Ok(Vec::new());
        };
        if let Some(call) = calls.iter().find(|call| call.tenant != held.tenant) {
            return Err(Failure::Conflict(format!("{} belongs to another tenant", call.id)));
        }
        if held.standing != Standing::Settled {
            self.calls.extend(calls);
            self.turn(id, &held, Standing::Settled, total(calls), now)?;
        }
        held.lines.iter().map(|line| self.budget(line).map(|budget| budget.clone())).collect()
    }

    fn expire(&mut self, at: Timestamp) -> Result<u64, Failure> {
        let is_over = |held: &Held| held.standing == Standing::Open && held.expires_at <= at;
        let over: Vec<(ReservationId, Held)> = self
            .held
            .iter()
            .filter(|(_, held)| is_over(held))
            .map(|(id, held)| (*id, held.clone()))
            .collect();
        for (id, held) in &over {
            self.turn(*id, held, Standing::Expired, held.amount, at)?;
        }
        Ok(over.len() as u64)
    }

    /// Takes the money of a reservation from where it stands in its budgets, and puts what it `cost` under `spent`.
    fn turn(
        &mut self,
        id: ReservationId,
        held: &Held,
        to: Standing,
        cost: MicroUsd,
        at: Timestamp,
    ) -> Result<(), Failure> {
        for line in &held.lines {
            let budget = self.budget(line)?;
            match held.standing {
                Standing::Open => budget.reserved = moved(budget.reserved, -held.amount.0),
                Standing::Expired => budget.spent = moved(budget.spent, -held.amount.0),
                Standing::Settled => {}
            }
            budget.spent = moved(budget.spent, cost.0);
        }
        self.held.insert(id, Held { standing: to, ..held.clone() });
        self.closed.insert(id, (to, at));
        Ok(())
    }

    /// The budget of a line, to be changed.
    fn budget(&mut self, line: &BudgetLine) -> Result<&mut BudgetState, Failure> {
        let place = place(line);
        let Some(budget) = self.budgets.get_mut(&place) else {
            return Err(Failure::Corrupt(format!("the budget {place:?} of a reservation is not there")));
        };
        self.changed.insert(place);
        Ok(budget)
    }

    /// Budgets to be written.
    pub(super) fn changed(&self) -> Vec<&BudgetState> {
        self.changed.iter().filter_map(|place| self.budgets.get(place)).collect()
    }

    /// Reservations that are new.
    pub(super) fn added(&self) -> &[&'e Reservation] {
        &self.added
    }

    /// Reservations that are not open any more, and since when.
    pub(super) fn closed(&self) -> Vec<(ReservationId, Standing, Timestamp)> {
        self.closed.iter().map(|(id, (standing, at))| (*id, *standing, *at)).collect()
    }

    /// Calls to be stored.
    pub(super) fn calls(&self) -> &[&'e LlmCall] {
        &self.calls
    }
}

/// The one condition under which money is given out.
fn has_room(budget: &BudgetState, amount: MicroUsd) -> bool {
    let limit = budget.line.limit.0;
    let left = limit.saturating_sub(budget.spent.0).saturating_sub(budget.reserved.0);
    limit > 0 && amount.0 <= left
}

/// A sum of money after something was put to it or taken from it; never below nothing.
fn moved(money: MicroUsd, by: i64) -> MicroUsd {
    MicroUsd(money.0.saturating_add(by).max(0))
}

fn total(calls: &[LlmCall]) -> MicroUsd {
    calls.iter().fold(MicroUsd(0), |sum, call| moved(sum, call.cost.0.max(0)))
}
