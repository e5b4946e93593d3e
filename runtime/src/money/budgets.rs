//! Budgets of the day.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenants::account::{Agency, Tenant};
use tenants::budget::{ShareCeilings, TenantBudget, agency_line};
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::models::{BudgetLevel, BudgetLine, BudgetScope, BudgetState, Share};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetKind, Directory, Ledger, StoreError, TenantContext};
use utoipa::ToSchema;

use crate::http::schema;

/// Most that each kind of work may take of a tenant's daily budget, in percent; together they may exceed 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetShares {
    /// Classifying, replies, captions.
    #[schema(minimum = 0, maximum = 100)]
    pub routine: u8,
    /// Plans, reports, answers to operators.
    #[schema(minimum = 0, maximum = 100)]
    pub planning: u8,
    /// Clients and crises.
    #[schema(minimum = 0, maximum = 100)]
    pub care: u8,
}

impl From<ShareCeilings> for BudgetShares {
    fn from(ceilings: ShareCeilings) -> Self {
        let ShareCeilings { routine, planning, care } = ceilings;
        Self { routine, planning, care }
    }
}

impl From<BudgetShares> for ShareCeilings {
    fn from(shares: BudgetShares) -> Self {
        let BudgetShares { routine, planning, care } = shares;
        Self { routine, planning, care }
    }
}

impl Default for BudgetShares {
    fn default() -> Self {
        ShareCeilings::default().into()
    }
}

/// A budget of a day and how much of it is used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BudgetLine)]
pub struct BudgetLineView {
    /// Whose: `agency`, `tenant`, or `share` for one kind of work of the tenant.
    #[schema(value_type = String, example = "tenant")]
    pub scope: BudgetKind,
    /// The kind of work, of a share.
    #[schema(value_type = Option<schema::Share>)]
    pub share: Option<Share>,
    /// The day, in the time zone of the tenant; an agency's days are those of UTC.
    #[schema(example = "2026-03-10")]
    pub day: String,
    /// Most that may be spent, in millionths of a US dollar.
    pub limit_micro_usd: i64,
    /// What calls have cost.
    pub spent_micro_usd: i64,
    /// What is set aside for calls under way.
    pub reserved_micro_usd: i64,
    /// What neither is spent nor set aside.
    pub left_micro_usd: i64,
    /// How much of the limit is spent, in whole percent; 100 where the limit is nothing.
    pub percent: u32,
    /// `warning` from 80 percent on, `spent` from 100 on.
    #[schema(value_type = Option<schema::BudgetLevel>)]
    pub level: Option<BudgetLevel>,
    /// When the next day begins.
    #[schema(value_type = schema::Moment)]
    pub resets_at: Timestamp,
}

impl From<BudgetState> for BudgetLineView {
    fn from(state: BudgetState) -> Self {
        let (scope, share) = match state.line.scope {
            BudgetScope::Agency(_) => (BudgetKind::Agency, None),
            BudgetScope::Tenant(_) => (BudgetKind::Tenant, None),
            BudgetScope::Share(_, share) => (BudgetKind::Share, Some(share)),
        };
        Self {
            scope,
            share,
            limit_micro_usd: state.line.limit.0,
            spent_micro_usd: state.spent.0,
            reserved_micro_usd: state.reserved.0,
            left_micro_usd: state.left().0,
            percent: state.percent(),
            level: state.level(),
            resets_at: state.line.resets_at,
            day: state.line.day,
        }
    }
}

/// Which kinds of work may ask models, as far as money decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelUse {
    /// All of them.
    All,
    /// Some; for the others the built-in model answers and people approve.
    Some,
    /// None.
    None,
}

/// What a tenant may spend on language models today.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TenantBudget)]
pub struct TenantBudgetView {
    /// The tenant.
    #[schema(value_type = schema::Id)]
    pub tenant: TenantId,
    /// What is set: most that it may spend in a day, in millionths of a US dollar.
    pub daily_micro_usd: i64,
    /// What is set: most that each kind of work may take of it.
    pub shares: BudgetShares,
    /// Which kinds of work may ask models now.
    pub models: ModelUse,
    /// Kinds of work without money: the built-in model answers and people approve.
    #[schema(value_type = Vec<schema::Share>)]
    pub degraded: Vec<Share>,
    /// True when a model was asked, or was to be asked, on this day.
    pub models_asked_today: bool,
    /// The budgets of the day: the agency's (for keys that may see it), the tenant's, one for each kind of work.
    pub lines: Vec<BudgetLineView>,
}

/// The day of one of an agency's tenants.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TenantDay)]
pub struct TenantDayView {
    /// The tenant.
    #[schema(value_type = schema::Id)]
    pub tenant: TenantId,
    /// Its short name.
    pub slug: String,
    /// Its budget of the day.
    pub budget: BudgetLineView,
}

/// What is set for a tenant, and how its day stands. The agency's budget is shown on demand only, and always counts.
///
/// # Errors
/// When the database does not answer.
pub async fn tenant_budget(
    directory: &(impl Directory + ?Sized),
    ledger: &(impl Ledger + ?Sized),
    tenant: &Tenant,
    shows_agency: bool,
    now: Timestamp,
) -> Result<TenantBudgetView, StoreError> {
    let mut budget = budget_of(directory, tenant).await?;
    budget.agency_daily = ledger.agency_budget(&tenant.agency).await?;
    let agency = match budget.agency_line(now) {
        Some(line) => Some(state_of(ledger, line).await?.0),
        None => None,
    };
    let (mut own, mut is_asked) = (Vec::new(), false);
    for line in budget.tenant_lines(now) {
        let (state, is_known) = state_of(ledger, line).await?;
        is_asked |= is_known;
        own.push(state);
    }
    let is_spent = |state: &BudgetState| state.left() == MicroUsd(0);
    let is_for = |state: &BudgetState, share| match state.line.scope {
        BudgetScope::Share(_, of) => of == share,
        BudgetScope::Agency(_) | BudgetScope::Tenant(_) => true,
    };
    let is_degraded = |share: &Share| own.iter().chain(&agency).any(|it| is_for(it, *share) && is_spent(it));
    let degraded: Vec<Share> = Share::ALL.iter().copied().filter(is_degraded).collect();
    Ok(TenantBudgetView {
        tenant: tenant.id,
        daily_micro_usd: budget.daily.0,
        shares: budget.ceilings.into(),
        models: match degraded.len() {
            0 => ModelUse::All,
            some if some < Share::ALL.len() => ModelUse::Some,
            _ => ModelUse::None,
        },
        degraded,
        models_asked_today: is_asked,
        lines: agency.filter(|_| shows_agency).into_iter().chain(own).map(Into::into).collect(),
    })
}

/// How the day of an agency stands; `None` when it has no budget.
///
/// # Errors
/// When the database does not answer.
pub async fn agency_day(
    ledger: &(impl Ledger + ?Sized),
    agency: &Agency,
    now: Timestamp,
) -> Result<Option<BudgetLineView>, StoreError> {
    let Some(daily) = ledger.agency_budget(&agency.id).await? else { return Ok(None) };
    Ok(Some(state_of(ledger, agency_line(agency.id, daily, now)).await?.0.into()))
}

/// How the days of these tenants stand, in their order.
///
/// # Errors
/// When the database does not answer.
pub async fn tenant_days(
    directory: &(impl Directory + ?Sized),
    ledger: &(impl Ledger + ?Sized),
    tenants: &[Tenant],
    now: Timestamp,
) -> Result<Vec<TenantDayView>, StoreError> {
    /// The day of a place that is furthest behind is the one before that of UTC.
    const FURTHEST_BEHIND: Duration = Duration::from_secs(86_400);
    let ids: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
    let since = (now - FURTHEST_BEHIND).to_utc().date_naive().to_string();
    let known = ledger.tenant_budgets(&ids, &since).await?;
    let mut days = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let line = budget_of(directory, tenant).await?.tenant_line(now);
        let found = known.iter().find(|it| (it.line.scope, &it.line.day) == (line.scope, &line.day));
        days.push(TenantDayView {
            tenant: tenant.id,
            slug: tenant.slug.clone(),
            budget: with_line(line, found.cloned()).into(),
        });
    }
    Ok(days)
}

async fn budget_of(
    directory: &(impl Directory + ?Sized),
    tenant: &Tenant,
) -> Result<TenantBudget, StoreError> {
    let settings = directory.find_settings(&tenant.id).await?.unwrap_or_default();
    Ok(TenantContext::new(tenant.clone(), settings).budget())
}

/// How a budget stands, and whether anything was asked of it.
async fn state_of(
    ledger: &(impl Ledger + ?Sized),
    line: BudgetLine,
) -> Result<(BudgetState, bool), StoreError> {
    let found = ledger.find_budget(&line.scope, &line.day).await?;
    let is_known = found.is_some();
    Ok((with_line(line, found), is_known))
}

/// The limit that is set applies: what the ledger has is that of the last call.
fn with_line(line: BudgetLine, found: Option<BudgetState>) -> BudgetState {
    let nothing = (MicroUsd(0), MicroUsd(0));
    let (spent, reserved) = found.map_or(nothing, |state| (state.spent, state.reserved));
    BudgetState { line, spent, reserved }
}
