//! How many budgets are nearly or wholly used up.

use prometheus::{Error, IntGaugeVec, Opts, Registry};
use tenants::models::BudgetLevel;
use tenants::ports::BudgetKind;

/// Labels are closed sets of words; who it is stands in the alerts.
pub(super) struct BudgetMetrics {
    used_up: IntGaugeVec,
}

impl BudgetMetrics {
    pub fn register(registry: &Registry) -> Result<Self, Error> {
        let help = "Budgets of today that are used to 80 % (warning) or wholly (spent), over all nodes";
        let used_up = IntGaugeVec::new(Opts::new("troupe_budgets_used_up", help), &["kind", "level"])?;
        registry.register(Box::new(used_up.clone()))?;
        let metrics = Self { used_up };
        metrics.set(&[]);
        Ok(metrics)
    }

    /// Takes over what was counted; what is missing is nothing.
    pub fn set(&self, counts: &[(BudgetKind, BudgetLevel, i64)]) {
        for kind in [BudgetKind::Agency, BudgetKind::Tenant, BudgetKind::Share] {
            for level in BudgetLevel::ALL {
                let found = counts.iter().find(|(of, at, _)| (*of, at) == (kind, level));
                let labels = [word(kind), level.as_str()];
                self.used_up.with_label_values(&labels).set(found.map_or(0, |(.., many)| *many));
            }
        }
    }
}

const fn word(kind: BudgetKind) -> &'static str {
    match kind {
        BudgetKind::Agency => "agency",
        BudgetKind::Tenant => "tenant",
        BudgetKind::Share => "share",
    }
}
