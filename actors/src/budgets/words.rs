//! What people are told about a budget.

use chrono_tz::Tz;
use tenants::models::{BudgetLevel, BudgetScope, BudgetState, Share};
use tenants::money::MicroUsd;
use tenants::ports::StoreError;

use crate::Ports;

/// Whose budget it is, in words, and by which clock they live.
pub(super) struct Whose {
    budget: String,
    zone: Tz,
}

/// Finds the name; `None` when tenant or agency are gone.
pub(super) async fn whose(ports: &Ports, scope: &BudgetScope) -> Result<Option<Whose>, StoreError> {
    let (tenant, work) = match scope {
        BudgetScope::Agency(agency) => {
            let found = ports.store.find_agency(agency).await?;
            return Ok(found.map(|agency| Whose {
                budget: format!("The daily budget of all tenants of {} together", agency.name),
                zone: Tz::UTC,
            }));
        }
        BudgetScope::Tenant(tenant) => (tenant, String::new()),
        BudgetScope::Share(tenant, share) => (tenant, format!("share for {} of the ", work_of(*share))),
    };
    let found = ports.store.find_tenant(tenant).await?;
    Ok(found.map(|tenant| Whose {
        budget: format!("{}: the {work}daily budget", tenant.name),
        zone: tenant.time_zone.parse().unwrap_or(Tz::UTC),
    }))
}

const fn work_of(share: Share) -> &'static str {
    match share {
        Share::Routine => "routine work (classifying, replies, captions)",
        Share::Planning => "plans and reports",
        Share::Care => "clients and crises",
    }
}

/// What happened and what to do.
pub(super) fn message(whose: &Whose, state: &BudgetState, level: BudgetLevel) -> String {
    let Whose { budget, zone } = whose;
    let limit = state.line.limit.in_dollars();
    let until = state.line.resets_at.to_utc().with_timezone(zone).format("%Y-%m-%d %H:%M");
    match level {
        BudgetLevel::Warning => format!(
            "{budget} for language models is used to {} %: {} of {limit}. When it is used up, the built-in model and \
             approvals take over until {until} ({zone}). Raise it if that is too early.",
            state.percent(),
            state.spent.in_dollars()
        ),
        BudgetLevel::Spent => {
            let used = MicroUsd(state.spent.0.saturating_add(state.reserved.0)).in_dollars();
            let what = match state.left() {
                MicroUsd(0) => "is used up",
                _ => "has no room for a further call",
            };
            format!(
                "{budget} for language models {what}: {used} of {limit} are spent or set aside. Until {until} \
                 ({zone}) the built-in model answers and people approve. Raise it if models shall go on today."
            )
        }
    }
}

#[cfg(test)]
impl Whose {
    pub(super) fn of(budget: &str, zone: Tz) -> Self {
        Self { budget: budget.to_owned(), zone }
    }
}
