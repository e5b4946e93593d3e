//! What language models were asked and what that cost, and how budgets stand: for people who look, not for calls.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{BudgetLedger, PageRequest, StoreError, TimePosition};
use crate::alert::Alert;
use crate::clock::Timestamp;
use crate::ids::{AgencyId, EventId, TenantId};
use crate::models::{BudgetLevel, BudgetState, CallOutcome, LlmCall, Task};
use crate::money::MicroUsd;

/// Which calls to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Only of this task.
    pub task: Option<Task>,
    /// Only to this model.
    pub model: Option<String>,
    /// Only those that ended so.
    pub outcome: Option<CallOutcome>,
    /// Only those made for this event.
    pub event: Option<EventId>,
}

/// A stretch of time: `from` belongs to it, `until` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Not before.
    pub from: Timestamp,
    /// Before.
    pub until: Timestamp,
}

/// What sums are told apart by; without any there is one sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CostKeys {
    /// The kind of work.
    pub task: bool,
    /// The provider.
    pub provider: bool,
    /// The model.
    pub model: bool,
    /// The prompt and its version.
    pub prompt: bool,
}

/// What some calls cost together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSum {
    /// The kind of work, when told apart by it.
    pub task: Option<Task>,
    /// The provider, when told apart by it.
    pub provider: Option<String>,
    /// The model, when told apart by it.
    pub model: Option<String>,
    /// The prompt as `key@version`, when told apart by it; `None` also for calls without one.
    pub prompt: Option<String>,
    /// How many calls.
    pub calls: i64,
    /// How many of them gave no answer that could be used.
    pub unanswered: i64,
    /// How many of them have a cost that is estimated.
    pub estimates: i64,
    /// Tokens sent, those from the provider's cache among them.
    pub tokens_in: i64,
    /// Tokens sent that came from the provider's cache.
    pub tokens_cached: i64,
    /// Tokens received.
    pub tokens_out: i64,
    /// What they cost.
    #[serde(rename = "cost_micro_usd")]
    pub cost: MicroUsd,
    /// Half of the calls took no longer, in microseconds.
    pub p50_us: i64,
    /// 95 of 100 calls took no longer, in microseconds.
    pub p95_us: i64,
}

/// What was asked of language models.
#[async_trait]
pub trait CostReports: Send + Sync {
    /// Calls of a tenant after a position, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_calls(
        &self,
        tenant: &TenantId,
        filter: &CallFilter,
        after: Option<TimePosition>,
        limit: u32,
    ) -> Result<Vec<LlmCall>, StoreError>;

    /// What a tenant's calls that began in a period cost, dearest first. Empty when there were none.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn tenant_costs(
        &self,
        tenant: &TenantId,
        period: Period,
        by: CostKeys,
    ) -> Result<Vec<CostSum>, StoreError>;

    /// The same for all tenants of an agency together.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn agency_costs(
        &self,
        agency: &AgencyId,
        period: Period,
        by: CostKeys,
    ) -> Result<Vec<CostSum>, StoreError>;
}

/// Whose budgets were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetKind {
    /// Of agencies.
    Agency,
    /// Of tenants.
    Tenant,
    /// Of kinds of work of tenants.
    Share,
}

/// How budgets stand, over many.
#[async_trait]
pub trait BudgetOverview: Send + Sync {
    /// The daily budget that is set for an agency; `None` when there is no limit (or no such agency).
    ///
    /// # Errors
    /// When the database does not answer.
    async fn agency_budget(&self, agency: &AgencyId) -> Result<Option<MicroUsd>, StoreError>;

    /// Budgets of these tenants and their shares on days from `day` (`YYYY-MM-DD`) on, in no order; those of which
    /// nothing was asked are missing.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn tenant_budgets(&self, tenants: &[TenantId], day: &str) -> Result<Vec<BudgetState>, StoreError>;

    /// How many budgets whose day is not over at `now` are used up so far. Budgets that are spent are not counted
    /// under [`BudgetLevel::Warning`]; a count of nothing may be missing.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn count_budgets(&self, now: Timestamp) -> Result<Vec<(BudgetKind, BudgetLevel, i64)>, StoreError>;

    /// Unresolved alerts about budgets, of everybody, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn open_budget_alerts(&self, page: PageRequest) -> Result<Vec<Alert>, StoreError>;

    /// The newest alert about a budget with this key, resolved or not.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn last_budget_alert(&self, dedup_key: &str) -> Result<Option<Alert>, StoreError>;
}

/// All about money.
pub trait Ledger: BudgetLedger + CostReports + BudgetOverview + 'static {}

impl<T> Ledger for T where T: BudgetLedger + CostReports + BudgetOverview + 'static {}
