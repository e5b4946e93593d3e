//! The ledger of what language models cost, as it is read and asked. It is kept by `apply::ledger`.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, ReservationId, TenantId};
use tenants::models::{
    BudgetLine, BudgetScope, BudgetState, CallCost, CallOutcome, LlmCall, Reservation, Reserved, Share, Task,
};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Moment, Word, text};
use crate::work::{Entry, Outcome, Work, agency_of_lines};

statements! {
    FIND_BUDGET {
        "select agency_id, tenant_id, share, day, limit_micro_usd, spent_micro_usd, reserved_micro_usd, resets_at \
         from budgets where scope_id = $1 and share = $2 and day = $3"
    }
    // Ids are in the order of time, so this reads the end of the primary key and nothing else.
    RECENT_COSTS {
        "select task, provider, model, cost_micro_usd, outcome from llm_calls order by id desc limit $1"
    }
}

/// Most reservations that expire or are forgotten in one transaction.
pub(crate) const MOST: u32 = 500;

/// How long a reservation is kept after it was settled or has expired: so long it can be settled again, or put right.
const KEPT: Duration = Duration::from_secs(3_600);

/// How a scope stands in the columns of `budgets`.
pub(crate) struct ScopeColumns {
    pub(crate) id: Uuid,
    pub(crate) share: &'static str,
    pub(crate) agency: Option<Uuid>,
    pub(crate) tenant: Option<Uuid>,
}

/// The share of a budget that is no share.
const WHOLE: &str = "";

pub(crate) fn scope_columns(scope: &BudgetScope) -> ScopeColumns {
    match scope {
        BudgetScope::Agency(agency) => {
            ScopeColumns { id: agency.0, share: WHOLE, agency: Some(agency.0), tenant: None }
        }
        BudgetScope::Tenant(tenant) => {
            ScopeColumns { id: tenant.0, share: WHOLE, agency: None, tenant: Some(tenant.0) }
        }
        BudgetScope::Share(tenant, share) => {
            ScopeColumns { id: tenant.0, share: share.as_str(), agency: None, tenant: Some(tenant.0) }
        }
    }
}

#[derive(FromRow)]
pub(crate) struct BudgetRow {
    agency_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    share: String,
    day: String,
    limit_micro_usd: i64,
    spent_micro_usd: i64,
    reserved_micro_usd: i64,
    resets_at: Moment,
}

impl FromSqlite for BudgetRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            agency_id: row.get(0)?,
            tenant_id: row.get(1)?,
            share: row.get(2)?,
            day: row.get(3)?,
            limit_micro_usd: row.get(4)?,
            spent_micro_usd: row.get(5)?,
            reserved_micro_usd: row.get(6)?,
            resets_at: row.get(7)?,
        })
    }
}

impl BudgetRow {
    /// The budget, or what is wrong with the row.
    pub(crate) fn read(self) -> Result<BudgetState, String> {
        let scope = match (self.agency_id, self.tenant_id, self.share.as_str()) {
            (Some(agency), None, WHOLE) => BudgetScope::Agency(AgencyId(agency)),
            (None, Some(tenant), WHOLE) => BudgetScope::Tenant(TenantId(tenant)),
            (None, Some(tenant), share) => {
                let share: Share = share.parse().map_err(|error| format!("a budget: {error}"))?;
                BudgetScope::Share(TenantId(tenant), share)
            }
            _ => return Err("a budget belongs to nobody".to_owned()),
        };
        let (limit, resets_at) = (MicroUsd(self.limit_micro_usd), self.resets_at.0);
        Ok(BudgetState {
            line: BudgetLine { scope, day: self.day, limit, resets_at },
            spent: MicroUsd(self.spent_micro_usd),
            reserved: MicroUsd(self.reserved_micro_usd),
        })
    }
}

#[derive(FromRow)]
struct CostRow {
    task: Word<Task>,
    provider: String,
    model: String,
    cost_micro_usd: i64,
    outcome: Word<CallOutcome>,
}

impl CostRow {
    fn of_answer(self) -> Option<CallCost> {
        let Self { task, provider, model, cost_micro_usd, outcome } = self;
        let cost = MicroUsd(cost_micro_usd);
        outcome.0.has_answer().then_some(CallCost { task: task.0, provider, model, cost })
    }
}

/// Says why a reservation makes no sense: money must not be set aside nowhere, twice, or at another's expense.
fn check(wanted: &Reservation) -> Result<(), StoreError> {
    let refuse = |problem: &str| Err(StoreError::Conflict(format!("{}: {problem}", wanted.id)));
    let is_foreign = |line: &BudgetLine| match line.scope {
        BudgetScope::Agency(_) => false,
        BudgetScope::Tenant(tenant) | BudgetScope::Share(tenant, _) => tenant != wanted.tenant,
    };
    let places: BTreeSet<_> = wanted.lines.iter().map(|line| (line.scope, &line.day)).collect();
    if places.is_empty() {
        return refuse("it counts against no budget");
    }
    if places.len() < wanted.lines.len() {
        return refuse("it counts against a budget twice");
    }
    if wanted.lines.iter().any(is_foreign) {
        return refuse("it counts against a budget of another tenant");
    }
    if wanted.amount.0 < 0 || wanted.lines.iter().any(|line| line.limit.0 < 0) {
        return refuse("an amount is below zero");
    }
    Ok(())
}

impl Database {
    /// A line of an agency must be that of the tenant's own: no tenant is paid for by strangers.
    async fn check_agency(&self, wanted: &Reservation) -> Result<(), StoreError> {
        let of_agencies = wanted.lines.iter().filter_map(|line| match line.scope {
            BudgetScope::Agency(agency) => Some(agency),
            BudgetScope::Tenant(_) | BudgetScope::Share(..) => None,
        });
        for agency in of_agencies {
            if self.agency_of(&wanted.tenant).await? != Some(agency) {
                let problem = "it counts against a budget of another agency";
                return Err(StoreError::Conflict(format!("{}: {problem}", wanted.id)));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl BudgetLedger for Database {
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError> {
        check(&reservation)?;
        self.check_agency(&reservation).await?;
        self.owners().note(reservation.tenant, agency_of_lines(&reservation.lines));
        match self.submit(Work::Ledger(Entry::Reserve(Box::new(reservation)))).await? {
            Outcome::Reserved(answer) => Ok(*answer),
            other => Err(unexpected(&other)),
        }
    }

    async fn settle(
        &self,
        reservation: &ReservationId,
        calls: Vec<LlmCall>,
    ) -> Result<Vec<BudgetState>, StoreError> {
        let agency = calls.first().and_then(|call| self.owners().shared(&call.tenant));
        match self.submit(Work::Ledger(Entry::Settle { reservation: *reservation, calls, agency })).await? {
            Outcome::Settled(budgets) => Ok(budgets),
            other => Err(unexpected(&other)),
        }
    }

    async fn expire_reservations(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut expired = 0;
        while let Outcome::Changed(some @ 1..) = self.submit(Work::Ledger(Entry::Expire { at: now })).await? {
            expired += some;
        }
        let forget = Work::ForgetReservations { before: now - KEPT };
        while let Outcome::Changed(1..) = self.submit(forget.clone()).await? {}
        Ok(expired)
    }

    async fn find_budget(&self, scope: &BudgetScope, day: &str) -> Result<Option<BudgetState>, StoreError> {
        let columns = scope_columns(scope);
        let found = row!(self.reader(), BudgetRow, FIND_BUDGET, columns.id, columns.share, text(day))?;
        found.map(|row| row.read().map_err(StoreError::Corrupt)).transpose()
    }

    async fn recent_costs(&self, limit: u32) -> Result<Vec<CallCost>, StoreError> {
        let rows: Vec<CostRow> = rows!(self.reader(), CostRow, RECENT_COSTS, i64::from(limit))?;
        Ok(rows.into_iter().filter_map(CostRow::of_answer).collect())
    }
}

/// The writer answers each kind of work with its kind of outcome.
fn unexpected(outcome: &Outcome) -> StoreError {
    StoreError::Corrupt(format!("the ledger answered {outcome:?}"))
}
