//! What is looked after now and then: dead reservations, alerts whose reason is over, counts.

use std::collections::HashMap;

use tenants::alert::Alert;
use tenants::budget::TenantBudget;
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::models::{BudgetLevel, BudgetLine, BudgetScope, BudgetState};
use tenants::money::MicroUsd;
use tenants::ports::{PageRequest, StoreError, TenantContext};
use tracing::{info, warn};

use super::{BudgetWarnings, RESOLVED_BY};
use crate::Ports;

/// Alerts read at a time.
const PAGE: u32 = 200;

impl BudgetWarnings {
    /// Takes for spent what nobody settled in time, ends alerts whose reason is over, and counts. What the database does
    /// not answer is left to the next sweep.
    pub async fn sweep(&self, ports: &Ports) {
        let now = ports.clock.now();
        match ports.ledger.expire_reservations(now).await {
            Ok(0) => {}
            Ok(expired) => info!(expired, "money of calls that nobody settled counts as spent"),
            Err(error) => warn!(%error, "reservations could not be looked through, trying again"),
        }
        self.notes().noted.retain(|_, (_, resets_at)| *resets_at > now);
        if let Err(error) = self.resolve_all(ports, now).await {
            warn!(%error, "alerts about budgets could not be looked through, trying again");
        }
        match ports.ledger.count_budgets(now).await {
            Ok(counts) => self.0.metrics.set(&counts),
            Err(error) => warn!(%error, "budgets could not be counted, trying again"),
        }
    }

    /// Ends alerts whose day is over or whose limit was raised far enough.
    async fn resolve_all(&self, ports: &Ports, now: Timestamp) -> Result<(), StoreError> {
        let mut limits = Limits::default();
        let mut page = PageRequest::first(PAGE);
        loop {
            let alerts = ports.ledger.open_budget_alerts(page).await?;
            for alert in &alerts {
                let Some((line, level)) = subject(alert) else { continue };
                let Some(agency) = alert.agency else { continue };
                let is_over =
                    line.resets_at <= now || limits.has_room_again(ports, &line, level, now).await?;
                if is_over && ports.store.resolve_alert(&agency, &alert.id, RESOLVED_BY, now).await? {
                    self.notes().noted.remove(&(line.scope, line.day, level));
                }
            }
            match alerts.last() {
                Some(last) if alerts.len() == PAGE as usize => page.before = Some(last.id.0),
                _ => return Ok(()),
            }
        }
    }
}

/// What an alert is about; `None` when it is none of ours.
fn subject(alert: &Alert) -> Option<(BudgetLine, BudgetLevel)> {
    let line = serde_json::from_value(alert.details.get("budget")?.clone()).ok()?;
    let level = serde_json::from_value(alert.details.get("level")?.clone()).ok()?;
    Some((line, level))
}

/// What tenants may spend now, read once in a sweep.
#[derive(Default)]
struct Limits {
    tenants: HashMap<TenantId, Option<TenantBudget>>,
}

impl Limits {
    /// Whether a limit was raised so far that the alert would not be raised now.
    async fn has_room_again(
        &mut self,
        ports: &Ports,
        line: &BudgetLine,
        level: BudgetLevel,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(limit) = self.limit_of(ports, &line.scope, now).await? else { return Ok(true) };
        if limit <= line.limit {
            return Ok(false);
        }
        let Some(state) = ports.ledger.find_budget(&line.scope, &line.day).await? else { return Ok(true) };
        let state = BudgetState { line: BudgetLine { limit, ..state.line }, ..state };
        Ok(state.level().is_none_or(|present| present < level))
    }

    /// The present limit; `None` when there is none (any more).
    async fn limit_of(
        &mut self,
        ports: &Ports,
        scope: &BudgetScope,
        now: Timestamp,
    ) -> Result<Option<MicroUsd>, StoreError> {
        Ok(match scope {
            BudgetScope::Agency(agency) => ports.ledger.agency_budget(agency).await?,
            BudgetScope::Tenant(tenant) => self.tenant(ports, tenant).await?.map(|budget| budget.daily),
            BudgetScope::Share(tenant, share) => {
                self.tenant(ports, tenant).await?.map(|budget| budget.share_line(*share, now).limit)
            }
        })
    }

    async fn tenant(
        &mut self,
        ports: &Ports,
        tenant: &TenantId,
    ) -> Result<Option<&TenantBudget>, StoreError> {
        if !self.tenants.contains_key(tenant) {
            let found = match ports.store.find_tenant(tenant).await? {
                Some(found) => {
                    let settings = ports.store.find_settings(tenant).await?.unwrap_or_default();
                    Some(TenantContext::new(found, settings).budget())
                }
                None => None,
            };
            self.tenants.insert(*tenant, found);
        }
        Ok(self.tenants.get(tenant).and_then(Option::as_ref))
    }
}
