//! Rehearsals on a running node: one at a time per tenant (and per agency), in the background, with what they find in
//! the database. What ends before its end leaves no result.

mod keeper;
mod models;
mod ordered;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::Ports;
use actors::rehearsal::{Asked, Asking, ModelsOf, RehearsalError, Rehearser, Report, StoredPayers};
use llm::LlmRouter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenants::account::{Tenant, TenantStatus};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::{AgencyId, RehearsalId, TenantId};
use tenants::money::MicroUsd;
use tenants::ports::{DecisionRecords, Hint, Rehearsals, StoreError, TenantContext};
use tenants::rehearsal::{Rehearsal, RehearsalStatus};
use tenants::settings::local_day;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::administration::Act;
use keeper::Keeper;
pub use models::{CatalogueModels, OtherModels};
pub use ordered::{AskModels, BaseWord, ChangesDocument, Order, RuleDocument, check_left_out};

/// Longest pause between two tries to store how a rehearsal ended.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The result of a rehearsal: all tenants together, and each for itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WholeReport {
    /// Over all tenants.
    pub total: Report,
    /// Each tenant.
    pub tenants: Vec<TenantReport>,
}

/// One tenant's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantReport {
    /// The tenant.
    pub tenant: TenantId,
    /// Its short name.
    pub slug: String,
    /// What was found.
    pub report: Report,
}

/// Who is rehearsed with what.
pub struct Work {
    /// Whose rehearsal it is.
    pub chain: Chain,
    /// The agency.
    pub agency: AgencyId,
    /// The tenants.
    pub tenants: Vec<Tenant>,
    /// What is asked.
    pub asked: Asked,
    /// Models to be asked anew, and the most that may cost.
    pub ask: Option<(Arc<dyn LlmRouter>, MicroUsd)>,
    /// The order as it came, for people.
    pub order: Value,
}

/// Runs rehearsals. One per node.
pub struct RehearsalDesk {
    ports: Ports,
    records: Arc<dyn DecisionRecords>,
    results: Arc<dyn Rehearsals>,
    offline: Arc<dyn LlmRouter>,
    others: Arc<dyn OtherModels>,
    running: Mutex<HashMap<RehearsalId, CancellationToken>>,
}

impl std::fmt::Debug for RehearsalDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RehearsalDesk")
    }
}

impl RehearsalDesk {
    /// A desk over a database.
    ///
    /// # Errors
    /// When a file built into the program is damaged.
    pub fn new<D: DecisionRecords + Rehearsals + 'static>(
        ports: Ports,
        database: Arc<D>,
        others: Arc<dyn OtherModels>,
    ) -> anyhow::Result<Self> {
        let offline = Arc::new(llm::OfflineProvider::new(ports.clock.clone())?);
        let (records, results) = (database.clone(), database);
        Ok(Self { ports, records, results, offline, others, running: Mutex::default() })
    }

    /// The results.
    pub fn results(&self) -> &dyn Rehearsals {
        self.results.as_ref()
    }

    /// The models to be asked: those in use, or others in their place.
    ///
    /// # Errors
    /// What is wrong with the other ones, for people.
    pub fn router(&self, tasks: &ordered::TaskModels) -> Result<Arc<dyn LlmRouter>, String> {
        if tasks.is_empty() {
            return Ok(Arc::clone(&self.ports.llm));
        }
        self.others.with(tasks)
    }

    /// The tenant's present configuration.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn present(&self, tenant: &Tenant) -> Result<Option<TenantContext>, StoreError> {
        let zone = tenant.time_zone.parse().unwrap_or(chrono_tz::UTC);
        self.ports.store.load_context(&tenant.id, &local_day(self.ports.clock.now(), zone)).await
    }

    /// Starts a rehearsal in the background.
    ///
    /// # Errors
    /// A conflict while another one of the same tenant or agency is running.
    pub async fn start(self: &Arc<Self>, work: Work, asked_by: String) -> Result<Rehearsal, StoreError> {
        let now = self.ports.clock.now();
        let rehearsal = Rehearsal {
            id: RehearsalId::new(&self.ports.ids),
            agency: work.agency,
            tenant: match work.chain {
                Chain::Tenant(tenant) => Some(tenant),
                Chain::Agency(_) => None,
            },
            status: RehearsalStatus::Running,
            asked_by,
            asked: work.order.clone(),
            progress: 0,
            report: None,
            error: None,
            created_at: now,
            finished_at: None,
        };
        let details = json!({ "asked": rehearsal.asked, "tenants": work.tenants.len() });
        self.ports.store.commit(self.changes(&rehearsal, work.chain, "rehearsal.started", details)).await?;
        let cancel = CancellationToken::new();
        self.running().insert(rehearsal.id, cancel.clone());
        let (desk, begun) = (Arc::clone(self), rehearsal.clone());
        self.ports.tasks.spawn("rehearsal", async move {
            let id = begun.id;
            desk.run(begun, work, cancel).await;
            desk.running().remove(&id);
        });
        Ok(rehearsal)
    }

    /// Cancels a rehearsal; what has ended already stays as it is. The database decides which it is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cancel(
        &self,
        rehearsal: Rehearsal,
        chain: Chain,
        by: &str,
    ) -> Result<Rehearsal, StoreError> {
        if rehearsal.status != RehearsalStatus::Running {
            return Ok(rehearsal);
        }
        let ended = Rehearsal {
            status: RehearsalStatus::Cancelled,
            finished_at: Some(self.ports.clock.now()),
            ..rehearsal.clone()
        };
        let changes = self.changes(&ended, chain, "rehearsal.cancelled", json!({ "by": by }));
        let committed = self.ports.store.commit(changes).await;
        if let Some(cancel) = self.running().get(&rehearsal.id) {
            cancel.cancel();
        }
        match committed {
            Ok(()) => Ok(ended),
            // It was quicker.
            Err(StoreError::Conflict(_)) => {
                Ok(self.results.find_rehearsal(&chain, &rehearsal.id).await?.unwrap_or(rehearsal))
            }
            Err(error) => Err(error),
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<RehearsalId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, rehearsal: Rehearsal, work: Work, cancel: CancellationToken) {
        let mut keeper = Keeper::new(self.ports.clone(), rehearsal, work.chain);
        let outcome = tokio::select! {
            biased;
            // Whoever cancelled it has stored that.
            () = cancel.cancelled() => return,
            () = self.ports.tasks.stopping() => Err(RehearsalStatus::Interrupted),
            outcome = self.all(&work, &mut keeper, &cancel) => match outcome {
                Ok(report) => Ok(report),
                Err(RehearsalError::Cancelled | RehearsalError::Store(StoreError::Conflict(_))) => return,
                Err(error) => {
                    keeper.rehearsal.error = Some(error.to_string());
                    Err(RehearsalStatus::Failed)
                }
            },
        };
        let mut ended = keeper.rehearsal;
        ended.finished_at = Some(self.ports.clock.now());
        match outcome {
            Ok(report) => {
                ended.status = RehearsalStatus::Done;
                ended.progress = report.total.events;
                ended.report = serde_json::to_value(report).ok();
            }
            Err(status) => ended.status = status,
        }
        info!(rehearsal.id = %ended.id, status = %ended.status, events = ended.progress, "rehearsal ended");
        self.store_end(ended, work.chain).await;
    }

    async fn all(
        &self,
        work: &Work,
        keeper: &mut Keeper,
        cancel: &CancellationToken,
    ) -> Result<WholeReport, RehearsalError> {
        let mut whole = WholeReport::default();
        for tenant in &work.tenants {
            let Some(present) = self.present(tenant).await? else { continue };
            if work.ask.is_some() && present.tenant.status == TenantStatus::Suspended {
                match work.chain {
                    Chain::Tenant(tenant) => return Err(RehearsalError::Suspended(tenant)),
                    // The others are none the worse for it.
                    Chain::Agency(_) => continue,
                }
            }
            let left = |limit: MicroUsd| MicroUsd(limit.0 - whole.total.models.spent_micro_usd);
            let asking = match &work.ask {
                None => Asking::Never,
                Some((router, limit)) => Asking::UpTo {
                    router: Arc::clone(router),
                    payers: Arc::new(StoredPayers {
                        store: Arc::clone(&self.ports.store),
                        clock: Arc::clone(&self.ports.clock),
                    }),
                    limit: left(*limit),
                },
            };
            let rehearser = Rehearser {
                records: Arc::clone(&self.records),
                ids: self.ports.ids.clone(),
                models: ModelsOf {
                    offline: Arc::clone(&self.offline),
                    has_others: self.ports.llm.reads_history(),
                    asking,
                },
                cancel: cancel.clone(),
            };
            keeper.begin(tenant.id, whole.total.events);
            let report = rehearser.rehearse(&tenant.id, &present, &work.asked, keeper).await?;
            whole.total.add(&report);
            whole.tenants.push(TenantReport { tenant: tenant.id, slug: tenant.slug.clone(), report });
        }
        Ok(whole)
    }

    /// Stores how it ended, however long the database is away: until then nobody can start another.
    async fn store_end(&self, ended: Rehearsal, chain: Chain) {
        let details = json!({ "status": ended.status, "events": ended.progress });
        let changes = self.changes(&ended, chain, "rehearsal.ended", details);
        let mut pause = Duration::from_millis(100);
        loop {
            match self.ports.store.commit(changes.clone()).await {
                Ok(()) => break,
                Err(StoreError::Unavailable(error)) if !self.ports.tasks.is_stopping() => {
                    warn!(%error, "the end of a rehearsal cannot be stored, trying again");
                    self.ports.clock.sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                // Cancelled meanwhile, or the process ends: at its next start it counts as interrupted.
                Err(error) => return warn!(%error, "the end of a rehearsal was not stored"),
            }
        }
        if let Chain::Tenant(tenant) = chain {
            self.ports.wake.send(Hint::Audit(tenant));
        }
    }

    fn changes(&self, rehearsal: &Rehearsal, chain: Chain, event_type: &str, details: Value) -> Changes {
        let by = rehearsal.asked_by.clone();
        let act = Act { by, at: self.ports.clock.now(), ids: &self.ports.ids };
        let entry = act.audit(event_type, ("rehearsal", rehearsal.id.to_string()), details);
        Changes { chain, list: vec![Change::PutRehearsal(Box::new(rehearsal.clone())), entry] }
    }
}

/// Kinds of differences and their numbers, as words.
pub fn kinds_of(report: &Report) -> BTreeMap<&'static str, u64> {
    report.kinds.iter().map(|(kind, count)| (kind.as_str(), *count)).collect()
}
