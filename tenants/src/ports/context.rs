//! What a tenant's actors hold in memory about their tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::account::{Account, Tenant};
use crate::autonomy::EarnedMode;
use crate::budget::TenantBudget;
use crate::ids::RuleId;
use crate::intent::Intent;
use crate::money::MicroUsd;
use crate::prompt::PromptSet;
use crate::rule::Rule;
use crate::settings::TenantSettings;
use crate::tuning::Tuning;

/// Everything a tenant actor holds in memory about its tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantContext {
    /// The tenant; its `version` tells whether this context is still true.
    pub tenant: Tenant,
    /// Settings.
    pub settings: TenantSettings,
    /// Enabled rules in order of priority.
    pub rules: Vec<Rule>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Hits of rules with a daily cap on the tenant's present day, not counting dry runs.
    pub rule_hits_today: BTreeMap<RuleId, u32>,
    /// Most that all tenants of the agency together may spend on language models in a day of UTC.
    pub agency_budget: Option<MicroUsd>,
    /// Which prompts its models are given.
    pub prompts: Arc<PromptSet>,
    /// What its classifier has learned.
    pub tuning: Arc<Tuning>,
    /// Where intents stand that may earn it to act by themselves; those that never changed are missing.
    pub earned: BTreeMap<Intent, EarnedMode>,
}

impl TenantContext {
    /// A tenant that has nothing yet: no rules, no accounts, nothing chosen and nothing learned.
    pub fn new(tenant: Tenant, settings: TenantSettings) -> Self {
        Self {
            tenant,
            settings,
            rules: Vec::new(),
            accounts: Vec::new(),
            rule_hits_today: BTreeMap::new(),
            agency_budget: None,
            prompts: Arc::default(),
            tuning: Arc::default(),
            earned: BTreeMap::new(),
        }
    }

    /// What the tenant may spend on language models.
    pub fn budget(&self) -> TenantBudget {
        TenantBudget {
            tenant: self.tenant.id,
            agency: self.tenant.agency,
            zone: self.tenant.time_zone.parse().unwrap_or(Tz::UTC),
            daily: self.settings.daily_budget,
            agency_daily: self.agency_budget,
            ceilings: self.settings.budget_shares,
        }
    }
}
