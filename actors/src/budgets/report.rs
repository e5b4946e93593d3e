//! The report of a day's costs, as an entry of the audit log.

use chrono::Days;
use serde_json::json;
use tenants::audit::NewAuditEntry;
use tenants::budget::start_of_day;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::event::{Role, TickBody};
use tenants::ids::AuditId;
use tenants::models::{BudgetLine, BudgetState};
use tenants::money::MicroUsd;
use tenants::ports::{CostKeys, CostSum, Period, StoreError, TenantContext};

use crate::Ports;

/// What the tenant's day on which the tick was due has cost so far, by task and model, beside its budget; and the whole
/// day before, of which the report of that day has not seen the last hour.
pub(crate) async fn cost_report(
    ports: &Ports,
    context: &TenantContext,
    tick: &TickBody,
) -> Result<Vec<Change>, StoreError> {
    let (now, budget) = (ports.clock.now(), context.budget());
    let line = budget.tenant_line(tick.due_at);
    let day = tick.due_at.to_utc().with_timezone(&budget.zone).date_naive();
    let began = |days_before| {
        let day = day.checked_sub_days(Days::new(days_before));
        day.and_then(|day| start_of_day(day, budget.zone)).unwrap_or(tick.due_at)
    };
    let (yesterday, today) = (began(1), began(0));
    let so_far = Period { from: today, until: now.min(line.resets_at) };
    let by = CostKeys { task: true, provider: true, model: true, prompt: false };
    let costs = |period, by| ports.ledger.tenant_costs(&budget.tenant, period, by);
    let sums = costs(so_far, by).await?;
    let total = costs(so_far, CostKeys::default()).await?;
    let day_before = costs(Period { from: yesterday, until: today }, CostKeys::default()).await?;
    let state = ports.ledger.find_budget(&line.scope, &line.day).await?;
    let details = json!({
        "day": line.day,
        "from": so_far.from,
        "until": so_far.until,
        "budget": budget_of(line, state),
        "total": total.first(),
        "by_task_and_model": sums,
        "day_before": day_before.first().map(|sum: &CostSum| json!({
            "calls": sum.calls,
            "cost_micro_usd": sum.cost,
        })),
    });
    Ok(vec![entry(ports, context, now, details)])
}

fn budget_of(line: BudgetLine, state: Option<BudgetState>) -> serde_json::Value {
    // What is set applies; what the ledger has is the limit at the last call.
    let nothing = (MicroUsd(0), MicroUsd(0));
    let (spent, reserved) = state.map_or(nothing, |state| (state.spent, state.reserved));
    let state = BudgetState { line, spent, reserved };
    json!({
        "limit_micro_usd": state.line.limit,
        "spent_micro_usd": state.spent,
        "reserved_micro_usd": state.reserved,
        "percent": state.percent(),
        "resets_at": state.line.resets_at,
    })
}

fn entry(ports: &Ports, context: &TenantContext, at: Timestamp, details: serde_json::Value) -> Change {
    Change::Audit(Box::new(NewAuditEntry {
        id: AuditId::new(&ports.ids),
        event_type: "cost.reported".to_owned(),
        action: "report".to_owned(),
        resource_type: "tenant".to_owned(),
        resource_id: context.tenant.id.to_string(),
        actor: Role::Admin.to_string(),
        success: true,
        error: None,
        details: details.into(),
        at,
    }))
}
