//! One look at the health of an account: does its token work, are webhooks switched on, does the budget last.

use std::time::Duration;

use tenants::account::{Account, Tenant};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::effect::ErrorCategory;
use tenants::models::BudgetState;
use tenants::ports::{AccountHealth, AccountWatch, SendError, Standing, StoreError, TenantContext, Watched};

use super::Watcher;
use super::alerts::About;
use crate::upkeep::forecast;

/// Without these webhooks an account is deaf.
const NEEDED_FIELDS: [&str; 2] = ["comments", "messages"];

impl Watcher {
    /// Looks at the health of an account and stores when it is looked at next.
    pub(super) async fn check(&self, watch: &AccountWatch) -> Result<(), StoreError> {
        let shared = &self.0;
        let (store, now) = (&shared.ports.store, shared.ports.clock.now());
        let mut health = watch.health.clone().unwrap_or_else(not_known);
        if let Some((tenant, account)) = self.find(watch).await? {
            let readable = shared.dispatcher.readable_at(&tenant.id, &account.id, now).await?;
            if readable.is_some_and(|at| at <= now) {
                health = self.look_at(&tenant, &account).await?;
            }
            self.tell_health(&tenant, &account, watch.health.as_ref(), &health, now).await?;
        }
        let watched = Watched::Checked { health: Box::new(health), health_at: self.next_check(watch, now) };
        store.put_watched(&watch.tenant, &watch.account, watched, now).await
    }

    /// One that is polled seldom, because it is quiet, is looked at as seldom.
    fn next_check(&self, watch: &AccountWatch, now: Timestamp) -> Timestamp {
        let settings = &self.0.settings;
        let every = Duration::from_secs(settings.health_every_s.max(1));
        let quiet = match (watch.polled_at, watch.poll_at) {
            (Some(polled), Some(next)) => next.since(polled),
            _ => Duration::ZERO,
        };
        now + every.max(quiet)
    }

    async fn look_at(&self, tenant: &Tenant, account: &Account) -> Result<AccountHealth, StoreError> {
        let ports = &self.0.ports;
        let began = ports.clock.now();
        let mut health = not_known();
        match ports.messenger.check_account(account).await {
            Ok(_) => health.token = Standing::Fine,
            Err(error) => {
                health.token = standing_of(&error);
                health.token_error = Some(error.to_string());
                self.0.dispatcher.has_read(&account.id, Err(&error));
                self.token_refused(tenant, account, &error, began).await?;
                return Ok(health);
            }
        }
        match ports.activity.webhook_fields(account).await {
            Ok(read) => {
                self.0.dispatcher.has_read(&account.id, Ok(&read.usage));
                let has = |field: &&str| read.found.iter().any(|found| found == field);
                health.webhooks = match NEEDED_FIELDS.iter().filter(|field| has(field)).count() {
                    0 => Standing::Broken,
                    few if few < NEEDED_FIELDS.len() => Standing::Warning,
                    _ => Standing::Fine,
                };
                health.webhook_fields = read.found;
            }
            Err(error) => self.0.dispatcher.has_read(&account.id, Err(&error)),
        }
        Ok(health)
    }

    async fn tell_health(
        &self,
        tenant: &Tenant,
        account: &Account,
        before: Option<&AccountHealth>,
        health: &AccountHealth,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let about = About { ids: &self.0.ports.ids, tenant, account, now };
        let mut changes = Changes::of_tenant(tenant.id);
        let were_off = before.is_some_and(|before| before.webhooks == Standing::Broken);
        match health.webhooks {
            Standing::Broken if !were_off => {
                changes.push(Change::RaiseAlert(Box::new(about.no_webhooks()), now));
            }
            Standing::Fine | Standing::Warning if were_off => changes.push(about.webhooks_over()),
            _ => {}
        }
        changes.list.extend(self.budget_warning(tenant, now).await?);
        if changes.list.is_empty() {
            return Ok(());
        }
        self.0.ports.store.commit(changes).await
    }
}

impl Watcher {
    /// Whether the tenant's budget for language models will last the day.
    async fn budget_warning(&self, tenant: &Tenant, now: Timestamp) -> Result<Option<Change>, StoreError> {
        let ports = &self.0.ports;
        let settings = ports.store.find_settings(&tenant.id).await?.unwrap_or_default();
        let budget = TenantContext::new(tenant.clone(), settings).budget();
        let line = budget.tenant_line(now);
        let Some(state) = ports.ledger.find_budget(&line.scope, &line.day).await? else { return Ok(None) };
        // What is set applies; what the ledger has is the limit at the last call.
        let state = BudgetState { line, ..state };
        let lasts = forecast::of_budget(&state, budget.zone, tenant.id.to_string(), now);
        Ok(Some(forecast::warning(&lasts, tenant, &ports.ids, now)))
    }
}

fn not_known() -> AccountHealth {
    AccountHealth {
        token: Standing::Unknown,
        token_error: None,
        webhooks: Standing::Unknown,
        webhook_fields: Vec::new(),
    }
}

fn standing_of(error: &SendError) -> Standing {
    match error.category {
        ErrorCategory::AuthFailure => Standing::Broken,
        ErrorCategory::RateLimit | ErrorCategory::Transient | ErrorCategory::Unknown => Standing::Unknown,
        ErrorCategory::Permanent | ErrorCategory::Forbidden => Standing::Warning,
    }
}
