//! Budgets and costs as people look at them: the same for the HTTP API and the command line.

mod budgets;
mod calls;
mod costs;

pub use budgets::{BudgetLineView, BudgetShares, ModelUse, TenantBudgetView, TenantDayView};
pub use budgets::{agency_day, tenant_budget, tenant_days};
pub use calls::CallView;
pub use costs::{Breakdown, CostReport, CostScope, CostView, InvalidBreakdown, MOST_DAYS, cost_report};
