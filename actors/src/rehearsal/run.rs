//! The way of a rehearsal through the recorded decisions of a tenant.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenants::changes::Change;
use tenants::ids::{Ids, RuleId, TenantId};
use tenants::ports::{DecisionRecords, StoreError, TenantContext};
use tenants::rehearsal::{Period, RecordedDecision};
use tenants::rule::Rule;
use tenants::settings::{InvalidSetting, local_day};
use tokio_util::sync::CancellationToken;

use super::case::{Case, Unfit};
use super::changed::{Base, Changed};
use super::compare::{Difference, Side, compare};
use super::models::{CaseModels, ModelsOf, Purse, Source};
use super::report::Report;
use super::stage::{Recollections, Stage, StandingClock};
use crate::decide::{
    DecideError, Decided, MovedOn, RuleSet, Senses, Situation, decide_by, parts_of, put_together,
};

/// Decisions that are read at once.
const PAGE: u32 = 100;

/// What is to be rehearsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Which decisions.
    pub period: Period,
    /// At most so many, the earliest of the period.
    pub max_events: u64,
    /// With what.
    pub changed: Changed,
}

/// Why a rehearsal has no result.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// It was cancelled, or the process is shutting down.
    #[error("the rehearsal was cancelled")]
    Cancelled,
    /// The changed configuration cannot be used with one of the recorded ones.
    #[error("the changed configuration cannot be used: {0}")]
    Invalid(#[from] InvalidSetting),
    /// Models would have to be asked for a tenant that may not spend anything now.
    #[error("tenant {0} is suspended or gone: no model is asked on its behalf, and nothing more was spent")]
    Suspended(TenantId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Is told how a rehearsal goes on, and keeps what it finds.
#[async_trait]
pub trait Watch: Send {
    /// Some more events were looked at, and these differ.
    ///
    /// # Errors
    /// When it cannot be kept; then the rehearsal ends without a result.
    async fn goes_on(&mut self, report: &Report, found: Vec<Difference>) -> Result<(), RehearsalError>;
}

/// Decides recorded events again. Holds nothing that could write or send.
pub struct Rehearser {
    /// What was decided.
    pub records: Arc<dyn DecisionRecords>,
    /// Ids for what is never stored.
    pub ids: Ids,
    /// Who answers for the models.
    pub models: ModelsOf,
    /// Ends the rehearsal.
    pub cancel: CancellationToken,
}

impl std::fmt::Debug for Rehearser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rehearser")
    }
}

impl Rehearser {
    /// Rehearses the recorded decisions of a tenant. `present` is its present configuration.
    ///
    /// # Errors
    /// [`RehearsalError`]; there is no result then.
    pub async fn rehearse(
        &self,
        tenant: &TenantId,
        present: &TenantContext,
        asked: &Asked,
        watch: &mut dyn Watch,
    ) -> Result<Report, RehearsalError> {
        // Whatever cannot be used at all is refused before the first event.
        asked.changed.apply(present)?;
        let mut run = Run {
            rehearser: self,
            tenant,
            present,
            asked,
            configurations: HashMap::new(),
            purse: Purse::default(),
            hits: HashMap::new(),
            facts: HashMap::new(),
            report: Report::default(),
        };
        run.all(watch).await?;
        Ok(run.report)
    }
}

/// A configuration that events were decided with, and what becomes of it.
struct Prepared {
    recorded: Arc<TenantContext>,
    /// The recorded rules: they say in which order hits were recorded.
    recorded_rules: RuleSet,
    changed: Arc<TenantContext>,
    rules: RuleSet,
}

struct Run<'a> {
    rehearser: &'a Rehearser,
    tenant: &'a TenantId,
    present: &'a TenantContext,
    asked: &'a Asked,
    /// By name; `None` for those that are stored no more.
    configurations: HashMap<String, Option<Arc<Prepared>>>,
    purse: Purse,
    /// Hits of new and changed rules with a daily cap, by rule and day.
    hits: HashMap<(RuleId, String), u32>,
    /// Whole texts of what was recalled, by their names.
    facts: HashMap<String, String>,
    report: Report,
}

impl Run<'_> {
    async fn all(&mut self, watch: &mut dyn Watch) -> Result<(), RehearsalError> {
        let mut after = 0;
        loop {
            let left = self.asked.max_events.saturating_sub(self.report.events);
            // One more than may be looked at tells whether there are more.
            let limit = u32::try_from(left.saturating_add(1)).unwrap_or(PAGE).min(PAGE);
            let records = &self.rehearser.records;
            let page = records.recorded_decisions(self.tenant, self.asked.period, after, limit).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            let mut found = Vec::new();
            for recorded in page {
                if self.report.events >= self.asked.max_events {
                    self.report.is_cut = true;
                    break;
                }
                found.extend(self.one(recorded).await?);
            }
            self.report.models.spent_micro_usd = self.purse.spent();
            watch.goes_on(&self.report, found).await?;
            if self.report.is_cut {
                return Ok(());
            }
        }
    }

    async fn one(&mut self, recorded: RecordedDecision) -> Result<Option<Difference>, RehearsalError> {
        // Deciding from the record never waits: without this a rehearsal would keep its thread to itself.
        tokio::task::yield_now().await;
        let said = ["author", "incoming_text"]
            .map(|member| recorded.details.get(member).and_then(|text| Some(text.as_str()?.to_owned())));
        let case = match Case::read(recorded) {
            Ok(case) => case,
            Err(unfit) => return Ok(self.unfit(unfit)),
        };
        let Some(prepared) = self.configuration(&case.circumstances.with).await? else {
            return Ok(self.unfit(Unfit::ConfigurationGone));
        };
        let Some(rules) = self.rules_for(&case, &prepared) else { return Ok(self.unfit(Unfit::Unreadable)) };
        if !self.load_facts(&case).await? {
            return Ok(self.unfit(Unfit::ConfigurationGone));
        }
        let (decided, sources, is_remembered) = self.decide(&case, &prepared, rules).await?;
        self.report.unremembered += u64::from(!is_remembered);
        let decided = match decided {
            Ok(decided) => decided,
            Err(error) => {
                self.report.leave_out(true, &reason_of(&error));
                return Ok(None);
            }
        };
        let Some(decision) = &decided.decision else { return Ok(self.unfit(Unfit::Unreadable)) };
        self.count_hits(&decided, &prepared);
        let (before, after) = (Side::of(&case.decision), Side::of(decision));
        let is_priced = !sources.contains(&Source::Stopgap);
        let kinds = compare((&case.decision, &before), (decision, &after), is_priced);
        self.report.count(&before, &after, &kinds, is_priced);
        sources.iter().for_each(|source| self.report.models.count(*source));
        let [author, incoming_text] = said;
        Ok((!kinds.is_empty()).then(|| Difference {
            event: case.event.id,
            decided_at: case.decision.decided_at,
            author,
            incoming_text,
            kinds,
            recorded: before,
            rehearsed: after,
            answers: sources,
            trace: decision.trace.clone(),
        }))
    }

    fn unfit(&mut self, unfit: Unfit) -> Option<Difference> {
        self.report.leave_out(false, unfit.as_str());
        None
    }

    /// Decides the case; cancelled also while a model takes its time.
    async fn decide(
        &self,
        case: &Case,
        prepared: &Prepared,
        rules: RuleSet,
    ) -> Result<(Result<Decided, DecideError>, Vec<Source>, bool), RehearsalError> {
        let at = case.circumstances.at();
        let changed = &self.asked.changed;
        let zone = prepared.changed.tenant.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let models = CaseModels {
            case,
            models: &self.rehearser.models,
            purse: &self.purse,
            others_in_use: changed.models,
            tenant: *self.tenant,
            budget: changed.budget.map(|budget| (budget, local_day(at, zone))),
            sources: Mutex::default(),
            stopped: Mutex::default(),
        };
        let situation = Situation {
            context: Arc::clone(&prepared.changed),
            rules: Arc::new(rules),
            event: case.event.clone(),
            thread: case.circumstances.thread(&case.event),
            direct: case.circumstances.direct(&case.event),
            taken_up_at: at,
            moved_on: moved_on(case),
        };
        let (clock, stage) = (StandingClock(at), Stage(case));
        let memory = Recollections { case, wholes: &self.facts, is_missed: AtomicBool::new(false) };
        let senses = Senses {
            clock: &clock,
            ids: &self.rehearser.ids,
            store: &stage,
            messenger: &stage,
            memory: &memory,
            llm: &models,
        };
        let decided = tokio::select! {
            biased;
            () = self.rehearser.cancel.cancelled() => return Err(RehearsalError::Cancelled),
            decided = decide_by(senses, &situation) => decided,
        };
        let is_remembered = !memory.is_missed.into_inner();
        Ok((decided, models.sources()?, is_remembered))
    }

    /// The configuration with this name and what becomes of it.
    async fn configuration(&mut self, name: &str) -> Result<Option<Arc<Prepared>>, RehearsalError> {
        if let Some(known) = self.configurations.get(name) {
            return Ok(known.clone());
        }
        let prepared = match self.load(name).await? {
            None => None,
            Some(recorded) => {
                let base = match self.asked.changed.base {
                    Base::Recorded => &recorded,
                    Base::Present => self.present,
                };
                let changed = self.asked.changed.apply(base)?;
                let now = self.asked.period.from;
                Some(Arc::new(Prepared {
                    recorded_rules: RuleSet::new(&recorded, now),
                    recorded: Arc::new(recorded),
                    rules: RuleSet::new(&changed, now),
                    changed: Arc::new(changed),
                }))
            }
        };
        self.configurations.insert(name.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// Reads the whole texts of what was recalled; false when one is stored no more.
    async fn load_facts(&mut self, case: &Case) -> Result<bool, RehearsalError> {
        let wanted = case.circumstances.facts.iter().filter(|name| !self.facts.contains_key(*name));
        let wanted: Vec<String> = wanted.cloned().collect();
        if !wanted.is_empty() {
            for part in self.rehearser.records.configuration_parts(self.tenant, &wanted).await? {
                if let Ok(text) = serde_json::from_str(&part.body) {
                    self.facts.insert(part.hash, text);
                }
            }
        }
        Ok(case.circumstances.facts.iter().all(|name| self.facts.contains_key(name)))
    }

    async fn load(&self, name: &str) -> Result<Option<TenantContext>, RehearsalError> {
        let records = &self.rehearser.records;
        let root = records.configuration_parts(self.tenant, &[name.to_owned()]).await?.pop();
        let Some(root) = root else { return Ok(None) };
        let Some(names) = parts_of(&root.body) else { return Ok(None) };
        let parts = records.configuration_parts(self.tenant, &names).await?;
        Ok(put_together(&root.body, &parts))
    }

    /// The rules on the day of the case: unchanged ones with their recorded hits, others with those of this rehearsal.
    fn rules_for(&self, case: &Case, prepared: &Prepared) -> Option<RuleSet> {
        let hits = case.circumstances.hits.as_deref()?;
        let capped: Vec<&Rule> = prepared.recorded_rules.capped().collect();
        if !hits.is_empty() && hits.len() != capped.len() {
            return None;
        }
        let recorded: HashMap<RuleId, u32> =
            capped.iter().zip(hits).map(|(rule, hits)| (rule.id, *hits)).collect();
        let today = day_of(case, prepared);
        let hits_of = |rule: &Rule| {
            let hits = if is_unchanged(rule, &prepared.recorded) {
                recorded.get(&rule.id)
            } else {
                self.hits.get(&(rule.id, today.clone()))
            };
            (rule.id, hits.copied().unwrap_or_default())
        };
        Some(prepared.rules.on_a_day(&today, prepared.rules.capped().map(hits_of)))
    }

    /// Counts the hits of new and changed rules: no record knows them.
    fn count_hits(&mut self, decided: &Decided, prepared: &Prepared) {
        for change in &decided.changes.list {
            let Change::AddRuleHit { hit, .. } = change else { continue };
            let rule = prepared.changed.rules.iter().find(|rule| rule.id == hit.rule);
            if rule.is_some_and(|rule| !rule.dry_run && !is_unchanged(rule, &prepared.recorded)) {
                *self.hits.entry((hit.rule, hit.day.clone())).or_default() += 1;
            }
        }
    }
}

/// Tells that the person has written again, where they did so before a reply was written.
fn moved_on(case: &Case) -> MovedOn {
    let moved_on = MovedOn::default();
    if case.is_overtaken {
        moved_on.tell();
    }
    moved_on
}

fn day_of(case: &Case, prepared: &Prepared) -> String {
    let zone = prepared.changed.tenant.time_zone.parse().unwrap_or(chrono_tz::UTC);
    local_day(case.circumstances.at(), zone)
}

fn is_unchanged(rule: &Rule, recorded: &TenantContext) -> bool {
    recorded.rules.iter().any(|known| Rule { updated_at: known.updated_at, ..rule.clone() } == *known)
}

/// Why an event could not be decided, without what differs from event to event.
fn reason_of(error: &DecideError) -> String {
    match error {
        DecideError::Retry { .. } => "a model that was asked did not answer".to_owned(),
        DecideError::Broken { reason } => reason.clone(),
    }
}
