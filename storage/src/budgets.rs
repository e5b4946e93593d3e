//! How budgets stand, and whose they are.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tenants::alert::Alert;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, TenantId};
use tenants::models::{BudgetLevel, BudgetState};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetKind, BudgetOverview, Directory, PageRequest, StoreError};

use crate::Database;
use crate::db::{row, rows};
use crate::ledger::BudgetRow;
use crate::statement::statements;
use crate::types::{IdList, Moment, Word, text};

statements! {
    AGENCY_BUDGET { "select daily_budget_micro_usd from agencies where id = $1" }
    TENANT_BUDGETS {
        "select agency_id, tenant_id, share, day, limit_micro_usd, spent_micro_usd, reserved_micro_usd, resets_at \
         from budgets where scope_id " (among 1) " and day >= $2"
    }
    /// From four fifths on, reckoned as `BudgetState::level` does, and so that nothing can overflow.
    COUNT_BUDGETS {
        "select case when agency_id is not null then 'agency' when share = '' then 'tenant' else 'share' end as kind, \
         case when spent_micro_usd >= limit_micro_usd then 'spent' else 'warning' end as level, count(*) as many \
         from budgets where day >= $1 and resets_at > $2 and limit_micro_usd > 0 \
         and spent_micro_usd >= limit_micro_usd - limit_micro_usd / 5 group by 1, 2"
    }
}

/// The day of a place that is furthest behind is the one before that of UTC.
const FURTHEST_BEHIND: Duration = Duration::from_secs(86_400);

/// Which agency a tenant belongs to. That never changes, so what was read once need not be read again.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    known: Mutex<HashMap<TenantId, AgencyId>>,
    /// Tenants whose last reservation counted against their agency's budget: so will its settlement.
    shared: Mutex<HashMap<TenantId, AgencyId>>,
    /// Held while one is read, so that those who come meanwhile keep their order and ask nothing again.
    reading: tokio::sync::Mutex<()>,
}

impl Owners {
    fn known(&self) -> MutexGuard<'_, HashMap<TenantId, AgencyId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether a tenant's calls count against a budget of its agency.
    pub(crate) fn note(&self, tenant: TenantId, agency: Option<AgencyId>) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match agency {
            Some(agency) => shared.insert(tenant, agency),
            None => shared.remove(&tenant),
        };
    }

    /// The agency whose budget this tenant's calls count against, as far as is known: it decides who does the work, not
    /// what is done.
    pub(crate) fn shared(&self, tenant: &TenantId) -> Option<AgencyId> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).copied()
    }

    fn find(&self, tenant: &TenantId) -> Option<AgencyId> {
        self.known().get(tenant).copied()
    }
}

impl Database {
    /// The agency of a tenant; `None` when there is no such tenant.
    pub(crate) async fn agency_of(&self, tenant: &TenantId) -> Result<Option<AgencyId>, StoreError> {
        let owners = self.owners();
        if let Some(agency) = owners.find(tenant) {
            return Ok(Some(agency));
        }
        let _reading = owners.reading.lock().await;
        if let Some(agency) = owners.find(tenant) {
            return Ok(Some(agency));
        }
        let agency = self.find_tenant(tenant).await?.map(|tenant| tenant.agency);
        if let Some(agency) = agency {
            owners.known().insert(*tenant, agency);
        }
        Ok(agency)
    }
}

fn kind_of(word: &str) -> BudgetKind {
    match word {
        "agency" => BudgetKind::Agency,
        "tenant" => BudgetKind::Tenant,
        _ => BudgetKind::Share,
    }
}

#[async_trait]
impl BudgetOverview for Database {
    async fn agency_budget(&self, agency: &AgencyId) -> Result<Option<MicroUsd>, StoreError> {
        let found = row!(self.reader(), (Option<i64>,), AGENCY_BUDGET, agency.0)?;
        Ok(found.and_then(|(daily,)| daily).map(MicroUsd))
    }

    async fn tenant_budgets(&self, tenants: &[TenantId], day: &str) -> Result<Vec<BudgetState>, StoreError> {
        let ids: IdList = tenants.iter().map(|tenant| tenant.0).collect();
        let found = rows!(self.reader(), BudgetRow, TENANT_BUDGETS, &ids, text(day))?;
        found.into_iter().map(|row| row.read().map_err(StoreError::Corrupt)).collect()
    }

    async fn count_budgets(&self, now: Timestamp) -> Result<Vec<(BudgetKind, BudgetLevel, i64)>, StoreError> {
        let day = (now - FURTHEST_BEHIND).to_utc().date_naive().to_string();
        let found =
            rows!(self.reader(), (String, Word<BudgetLevel>, i64), COUNT_BUDGETS, day.as_str(), Moment(now))?;
        Ok(found.into_iter().map(|(kind, level, many)| (kind_of(&kind), level.0, many)).collect())
    }

    async fn open_budget_alerts(&self, page: PageRequest) -> Result<Vec<Alert>, StoreError> {
        self.read_open_budget_alerts(page).await
    }

    async fn last_budget_alert(&self, dedup_key: &str) -> Result<Option<Alert>, StoreError> {
        self.read_last_budget_alert(dedup_key).await
    }
}
