//! Keeps the budgets: reads what entries touch, has `books` decide, and writes what came of it.
//!
//! That no two nodes spend the same money rests on the rows of `budgets`: whoever enters something holds the rows it
//! touches until its transaction ends, so that nobody decides on a state that another is about to change.
//!
//! Nobody waits in a circle, because everybody takes locks in one order: first the reservations to be settled, by id;
//! then the budgets, by place. Reservations whose time is over are taken without waiting: one that another holds is
//! being settled.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, ReservationId, TenantId};
use tenants::models::{BudgetLine, BudgetScope, BudgetState, LlmCall, Reservation};
use tenants::money::MicroUsd;
use uuid::Uuid;

use super::books::{Books, Held, Place, Standing, place};
use crate::db::{Connection, fetch, fetch_bulk, run, run_bulk};
use crate::failure::Failure;
use crate::ledger::{BudgetRow, MOST, scope_columns};
use crate::sqlite::FromSqlite;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, IdList, Moment, maybe_text, text};
use crate::work::{Entry, Outcome};

/// A day of an agency: it is one of UTC.
const A_DAY: Duration = Duration::from_secs(86_400);

macro_rules! reservation_columns {
    () => {
        " id, tenant_id, amount_micro_usd, lines, expires_at, settled, closed_at "
    };
}

statements! {
    HELD_RESERVATIONS {
        "select" (columns reservation_columns) "from budget_reservations where id " (among 1) " order by id " (for_update)
    }
    OVERDUE_RESERVATIONS {
        "select" (columns reservation_columns) "from budget_reservations where closed_at is null and expires_at <= $1 \
         order by expires_at limit $2" (only postgres " for update skip locked")
    }
    /// No call costs as much as it is taken to at most: so many can be added up that no sum overflows.
    SPENT_BY_AGENCY {
        "select cast(coalesce(sum(case when c.cost_micro_usd > 1000000000000 then 1000000000000 \
         else c.cost_micro_usd end), 0) as bigint) from llm_calls c join tenants t on t.id = c.tenant_id \
         where t.agency_id = $1 and c.at >= $2 and c.at < $3"
    }
    FORGET_RESERVATIONS {
        "delete from budget_reservations where id in (select id from budget_reservations where closed_at < $1 \
         order by closed_at limit $2" (only postgres " for update skip locked") ")"
    }
}

bulk_statements! {
    /// Makes the rows that are not there yet, and locks and reads them all, in the order in which they are named.
    HOLD_BUDGETS {
        "insert into budgets (scope_id, share, day, agency_id, tenant_id, limit_micro_usd, resets_at, created_at, \
         updated_at) values"
        [uuid text text uuid uuid bigint timestamptz timestamptz timestamptz]
        "on conflict (scope_id, share, day) do update set updated_at = excluded.updated_at returning agency_id, \
         tenant_id, share, day, limit_micro_usd, spent_micro_usd, reserved_micro_usd, resets_at, created_at"
    }
    /// Of rows that are held.
    SET_BUDGETS {
        "update budgets set limit_micro_usd = v.column4, spent_micro_usd = v.column5, \
         reserved_micro_usd = v.column6, resets_at = v.column7 from (values"
        [uuid text text bigint bigint bigint timestamptz]
        ") as v where scope_id = v.column1 and share = v.column2 and day = v.column3"
    }
    ADD_RESERVATIONS {
        "insert into budget_reservations (id, tenant_id, task, amount_micro_usd, lines, expires_at, created_at) values"
        [uuid uuid text bigint jsonb timestamptz timestamptz]
        ""
    }
    CLOSE_RESERVATIONS {
        "update budget_reservations set settled = v.column2, closed_at = v.column3 from (values"
        [uuid boolean timestamptz]
        ") as v where id = v.column1"
    }
    ADD_CALLS {
        "insert into llm_calls (id, tenant_id, task, event_id, provider, model, prompt, tokens_in, tokens_cached, \
         tokens_out, cost_micro_usd, is_estimate, latency_us, attempt, fallback_reason, outcome, error, at) values"
        [uuid uuid text uuid text text text bigint bigint bigint bigint boolean bigint bigint text text text timestamptz]
        "on conflict (id) do nothing"
    }
}

#[derive(FromRow)]
struct HeldBudgetRow {
    #[sqlx(flatten)]
    budget: BudgetRow,
    created_at: Moment,
}

impl FromSqlite for HeldBudgetRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { budget: FromSqlite::read(row)?, created_at: row.get(8)? })
    }
}

#[derive(FromRow)]
struct HeldRow {
    id: Uuid,
    tenant_id: Uuid,
    amount_micro_usd: i64,
    lines: Doc<Vec<BudgetLine>>,
    expires_at: Moment,
    settled: bool,
    closed_at: Option<Moment>,
}

impl FromSqlite for HeldRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            tenant_id: row.get(1)?,
            amount_micro_usd: row.get(2)?,
            lines: row.get(3)?,
            expires_at: row.get(4)?,
            settled: row.get(5)?,
            closed_at: row.get(6)?,
        })
    }
}

impl From<HeldRow> for Held {
    fn from(row: HeldRow) -> Self {
        Held {
            tenant: TenantId(row.tenant_id),
            amount: MicroUsd(row.amount_micro_usd),
            lines: row.lines.0,
            expires_at: row.expires_at.0,
            standing: match row.closed_at {
                None => Standing::Open,
                Some(_) if row.settled => Standing::Settled,
                Some(_) => Standing::Expired,
            },
        }
    }
}

/// Enters all as if one after the other; the answers stand in the same order.
pub(crate) async fn keep(
    connection: &mut Connection,
    entries: &[&Entry],
    now: Timestamp,
) -> Result<Vec<Outcome>, Failure> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut books = hold(connection, entries, now).await?;
    let outcomes = entries.iter().map(|entry| books.enter(entry, now)).collect::<Result<_, _>>()?;
    set_budgets(connection, &books.changed()).await?;
    add_reservations(connection, books.added()).await?;
    close_reservations(connection, &books.closed()).await?;
    add_calls(connection, books.calls()).await?;
    Ok(outcomes)
}

/// Takes all locks that these entries need, before they are entered one by one: singly they would take them in an order
/// of their own.
pub(crate) async fn lock(
    connection: &mut Connection,
    entries: &[&Entry],
    now: Timestamp,
) -> Result<(), Failure> {
    hold(connection, entries, now).await.map(drop)
}

/// Keeps everything that these entries touch from others until the transaction ends, and reads it.
async fn hold<'e>(
    connection: &mut Connection,
    entries: &[&'e Entry],
    now: Timestamp,
) -> Result<Books<'e>, Failure> {
    let held = hold_reservations(connection, entries).await?;
    let mut lines: BTreeMap<Place, &BudgetLine> = BTreeMap::new();
    for line in held.values().flat_map(|held| &held.lines) {
        lines.insert(place(line), line);
    }
    for entry in entries {
        if let Entry::Reserve(wanted) = entry {
            lines.extend(wanted.lines.iter().map(|line| (place(line), line)));
        }
    }
    let lines: Vec<&BudgetLine> = lines.into_values().collect();
    let budgets = hold_budgets(connection, &lines, now).await?;
    Ok(Books::new(budgets, held))
}

async fn hold_reservations(
    connection: &mut Connection,
    entries: &[&Entry],
) -> Result<BTreeMap<ReservationId, Held>, Failure> {
    let named: IdList = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Reserve(wanted) => Some(wanted.id.0),
            Entry::Settle { reservation, .. } => Some(reservation.0),
            Entry::Expire { .. } => None,
        })
        .collect();
    let mut rows = Vec::new();
    if !named.0.is_empty() {
        rows = fetch!(connection, HeldRow, HELD_RESERVATIONS, &named)?;
    }
    for entry in entries {
        if let Entry::Expire { at } = entry {
            rows.extend(fetch!(connection, HeldRow, OVERDUE_RESERVATIONS, Moment(*at), i64::from(MOST))?);
        }
    }
    Ok(rows.into_iter().map(|row| (ReservationId(row.id), Held::from(row))).collect())
}

async fn hold_budgets(
    connection: &mut Connection,
    lines: &[&BudgetLine],
    now: Timestamp,
) -> Result<Vec<BudgetState>, Failure> {
    let rows = fetch_bulk!(connection, HeldBudgetRow, HOLD_BUDGETS, lines, |query, line| {
        let columns = scope_columns(&line.scope);
        query
            .bind(columns.id)
            .bind(columns.share)
            .bind(text(&line.day))
            .bind(columns.agency)
            .bind(columns.tenant)
            .bind(line.limit.0)
            .bind(Moment(line.resets_at))
            .bind(Moment(now))
            .bind(Moment(now))
    })?;
    let mut budgets = Vec::with_capacity(rows.len());
    for row in rows {
        let is_new = row.created_at.0 == now;
        let mut budget = row.budget.read().map_err(Failure::Corrupt)?;
        if let (BudgetScope::Agency(agency), true) = (budget.line.scope, is_new && is_untouched(&budget)) {
            budget.spent = spent_by(connection, agency, budget.line.resets_at).await?;
        }
        budgets.push(budget);
    }
    Ok(budgets)
}

fn is_untouched(budget: &BudgetState) -> bool {
    budget.spent == MicroUsd(0) && budget.reserved == MicroUsd(0)
}

/// What an agency's tenants have spent on the day that ends then. Calls count against an agency only while it has a
/// budget: one that is set in the middle of a day begins with what the day has cost.
async fn spent_by(
    connection: &mut Connection,
    agency: AgencyId,
    day_ends: Timestamp,
) -> Result<MicroUsd, Failure> {
    let (from, until) = (Moment(day_ends - A_DAY), Moment(day_ends));
    let found = fetch!(connection, (i64,), SPENT_BY_AGENCY, agency.0, from, until)?;
    Ok(found.first().map_or(MicroUsd(0), |(spent,)| MicroUsd(*spent)))
}

async fn set_budgets(connection: &mut Connection, budgets: &[&BudgetState]) -> Result<(), Failure> {
    run_bulk!(connection, SET_BUDGETS, budgets, |query, budget| {
        let columns = scope_columns(&budget.line.scope);
        query
            .bind(columns.id)
            .bind(columns.share)
            .bind(text(&budget.line.day))
            .bind(budget.line.limit.0)
            .bind(budget.spent.0)
            .bind(budget.reserved.0)
            .bind(Moment(budget.line.resets_at))
    })?;
    Ok(())
}

async fn add_reservations(connection: &mut Connection, added: &[&Reservation]) -> Result<(), Failure> {
    run_bulk!(connection, ADD_RESERVATIONS, added, |query, wanted| query
        .bind(wanted.id.0)
        .bind(wanted.tenant.0)
        .bind(wanted.task.as_str())
        .bind(wanted.amount.0)
        .bind(Doc(&wanted.lines))
        .bind(Moment(wanted.expires_at))
        .bind(Moment(wanted.at)))?;
    Ok(())
}

async fn close_reservations(
    connection: &mut Connection,
    closed: &[(ReservationId, Standing, Timestamp)],
) -> Result<(), Failure> {
    run_bulk!(connection, CLOSE_RESERVATIONS, closed, |query, row| query
        .bind(row.0.0)
        .bind(row.1 == Standing::Settled)
        .bind(Moment(row.2)))?;
    Ok(())
}

async fn add_calls(connection: &mut Connection, calls: &[&LlmCall]) -> Result<(), Failure> {
    run_bulk!(connection, ADD_CALLS, calls, |query, call| query
        .bind(call.id.0)
        .bind(call.tenant.0)
        .bind(call.task.as_str())
        .bind(call.event.map(|event| event.0))
        .bind(text(&call.provider))
        .bind(text(&call.model))
        .bind(maybe_text(&call.prompt))
        .bind(i64::from(call.tokens_in))
        .bind(i64::from(call.tokens_cached))
        .bind(i64::from(call.tokens_out))
        .bind(call.cost.0.max(0))
        .bind(call.is_estimate)
        .bind(call.latency_us)
        .bind(i64::from(call.attempt))
        .bind(maybe_text(&call.fallback_reason))
        .bind(call.outcome.as_str())
        .bind(maybe_text(&call.error))
        .bind(Moment(call.at)))?;
    Ok(())
}

/// Forgets some reservations that were closed before a moment; how many.
pub(crate) async fn forget(connection: &mut Connection, before: Timestamp) -> Result<u64, Failure> {
    run!(connection, FORGET_RESERVATIONS, Moment(before), i64::from(MOST))
}
