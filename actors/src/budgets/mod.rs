//! Budgets of language models in daily life: people are warned before and when one is used up, warnings end when
//! their reason does, money of calls that nobody settled is taken for spent, and every day has its report.
//!
//! Calls only leave a note here, in memory and without waiting. The background part [`BudgetWarnings::run`] makes
//! alerts of the notes; that each is raised once, over nodes and restarts, rests on what the database has.

mod metrics;
mod report;
mod sweep;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llm::budget::BudgetWatch;
use serde_json::json;
use tenants::alert::{AlertType, NewAlert, Severity};
use tenants::clock::Timestamp;
use tenants::ids::AlertId;
use tenants::models::{BudgetLevel, BudgetScope, BudgetState};
use tenants::money::MicroUsd;
use tenants::ports::StoreError;
use tokio::sync::Notify;
use tracing::warn;

use crate::Ports;
use crate::supervision::{Part, PartResult};

use metrics::BudgetMetrics;
pub(crate) use report::cost_report;

/// Who resolves alerts about budgets whose reason is over.
const RESOLVED_BY: &str = "budgets";
/// Time between two sweeps: how late an alert ends, and dead reservations count as spent.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// How long to wait before an alert that could not be stored is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Hears how budgets stand and tells people. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct BudgetWarnings(Arc<Shared>);

struct Shared {
    notes: Mutex<Notes>,
    come: Notify,
    metrics: BudgetMetrics,
}

/// What is worth an alert, once.
type Mark = (BudgetScope, String, BudgetLevel);

#[derive(Default)]
struct Notes {
    /// What was noted already, under which limit, and until when that day lasts.
    noted: HashMap<Mark, (MicroUsd, Timestamp)>,
    waiting: VecDeque<(BudgetState, BudgetLevel)>,
}

impl std::fmt::Debug for BudgetWarnings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BudgetWarnings")
    }
}

impl BudgetWatch for BudgetWarnings {
    fn settled(&self, states: &[BudgetState]) {
        let tenant = states.iter().find(|state| matches!(state.line.scope, BudgetScope::Tenant(_)));
        for state in states {
            // A share that may take all of the budget says nothing that the budget itself does not.
            let is_whole = matches!(state.line.scope, BudgetScope::Share(..))
                && tenant.is_some_and(|whole| state.line.limit >= whole.line.limit);
            if let Some(level) = state.level().filter(|_| !is_whole) {
                self.note(state, level);
            }
        }
    }

    fn refused(&self, state: &BudgetState) {
        // A limit of nothing is a wish, not an event.
        if state.line.limit > MicroUsd(0) {
            self.note(state, BudgetLevel::Spent);
        }
    }
}

impl BudgetWarnings {
    /// Makes it and registers its metrics.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &prometheus::Registry) -> Result<Self, prometheus::Error> {
        let metrics = BudgetMetrics::register(registry)?;
        Ok(Self(Arc::new(Shared { notes: Mutex::default(), come: Notify::new(), metrics })))
    }

    /// Raises and ends alerts, and takes for spent what nobody settles, until the node stops. To be supervised.
    ///
    /// # Errors
    /// None: failures of the database are waited out.
    pub async fn run(self, ports: Ports, part: Part) -> PartResult {
        let mut next_sweep = ports.clock.now();
        loop {
            let now = ports.clock.now();
            if next_sweep <= now {
                self.sweep(&ports).await;
                next_sweep = now + SWEEP_EVERY;
            }
            let wake_at = if self.raise_noted(&ports).await { next_sweep } else { now + TRY_AGAIN };
            tokio::select! {
                () = part.stopping() => return Ok(()),
                () = self.0.come.notified() => {}
                () = ports.clock.sleep_until(wake_at.min(next_sweep)) => {}
            }
        }
    }

    fn note(&self, state: &BudgetState, level: BudgetLevel) {
        let line = &state.line;
        let mut notes = self.notes();
        let before = notes.noted.insert((line.scope, line.day.clone(), level), (line.limit, line.resets_at));
        if before.is_some_and(|(limit, _)| limit == line.limit) {
            return;
        }
        notes.waiting.push_back((state.clone(), level));
        drop(notes);
        self.0.come.notify_one();
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Raises alerts of what was noted since; false when the database does not take them at present.
    pub async fn raise_noted(&self, ports: &Ports) -> bool {
        loop {
            let Some((state, level)) = self.notes().waiting.front().cloned() else { return true };
            match raise(ports, &state, level).await {
                Ok(()) => {}
                Err(error @ StoreError::Unavailable(_)) => {
                    warn!(%error, "an alert about a budget cannot be stored, trying again");
                    return false;
                }
                Err(error) => {
                    warn!(%error, budget = ?state.line.scope, "an alert about a budget was not stored")
                }
            }
            self.notes().waiting.pop_front();
        }
    }
}

/// Raises the alert unless people have been told on this day: by another node, before a restart, or long ago and
/// somebody has resolved it. One that ended by itself (its limit was raised) may come again.
async fn raise(ports: &Ports, state: &BudgetState, level: BudgetLevel) -> Result<(), StoreError> {
    let dedup_key = key_of(state, level);
    let last = ports.ledger.last_budget_alert(&dedup_key).await?;
    let has_ended_by_itself = |by: &Option<String>| by.as_deref() == Some(RESOLVED_BY);
    if last.is_some_and(|last| !has_ended_by_itself(&last.resolved_by)) {
        return Ok(());
    }
    let Some(whose) = words::whose(ports, &state.line.scope).await? else { return Ok(()) };
    let (agency, tenant) = match state.line.scope {
        BudgetScope::Agency(agency) => (Some(agency), None),
        BudgetScope::Tenant(tenant) | BudgetScope::Share(tenant, _) => (None, Some(tenant)),
    };
    let severity = match level {
        BudgetLevel::Warning => Severity::Warning,
        BudgetLevel::Spent => Severity::Critical,
    };
    let alert = NewAlert {
        id: AlertId::new(&ports.ids),
        agency,
        tenant,
        alert_type: AlertType::Budget,
        severity: Some(severity),
        message: words::message(&whose, state, level),
        details: json!({
            "budget": state.line,
            "level": level,
            "spent_micro_usd": state.spent,
            "reserved_micro_usd": state.reserved,
            "percent": state.percent(),
        }),
        dedup_key,
    };
    ports.store.raise_alert(alert, ports.clock.now()).await
}

/// Alerts about the same budget, day and level are one.
fn key_of(state: &BudgetState, level: BudgetLevel) -> String {
    let day = &state.line.day;
    match state.line.scope {
        BudgetScope::Agency(agency) => format!("budget:{agency}:{day}:{level}"),
        BudgetScope::Tenant(tenant) => format!("budget:{tenant}:{day}:{level}"),
        BudgetScope::Share(tenant, share) => format!("budget:{tenant}:{share}:{day}:{level}"),
    }
}
