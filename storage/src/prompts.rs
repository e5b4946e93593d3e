//! Prompts and experiments, as they are read. They are written by `apply::prompts`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::experiment::{
    ArmOutcome, ArmWeight, Experiment, ExperimentStatus, MOST_OUTCOMES, PromptScope, PromptUse,
    PromptVersion, Reaction,
};
use tenants::ids::{AgencyId, ExperimentId, PromptId, TenantId};
use tenants::money::MicroUsd;
use tenants::ports::{OutcomeQuery, PageRequest, Prompts, StoreError};
use tenants::prompt::{Prompt, PromptArm, PromptChoice, PromptKey, PromptSet};
use tenants::verdict::VerdictKind;
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{IdList, Moment, TextList, Word, before, count};

macro_rules! version_columns {
    () => {
        " id, agency_id, key, version, body, note, created_by, created_at "
    };
}
macro_rules! experiment_columns {
    () => {
        " id, agency_id, tenant_id, key, name, status, started_by, started_at, ended_by, ended_at, winner "
    };
}

statements! {
    LIST_PROMPTS {
        "select" (columns version_columns) "from prompt_templates where agency_id = $1 and (key = $2 or $2 is null) \
         union all select" (columns version_columns) "from prompt_templates where agency_id is null \
         and (key = $2 or $2 is null) order by key, version desc"
    }
    FIND_PROMPT {
        "select" (columns version_columns) "from prompt_templates where (agency_id is null or agency_id = $1) \
         and key = $2 and version = $3"
    }
    FIND_PROMPT_BY_ID {
        "select" (columns version_columns) "from prompt_templates where (agency_id is null or agency_id = $1) \
         and id = $2"
    }
    /// The installation's next number is above that of every agency: it must be free in all of them.
    NEXT_VERSION {
        "select cast(coalesce(max(version), 0) + 1 as bigint) as next from prompt_templates where key = $2 \
         and (agency_id is null or agency_id = $1 or $3)"
    }
    IN_USE {
        "select k.key, cast(null as" (only sqlite " blob") (only postgres " uuid") ") as tenant_id, \
         coalesce(c.version, k.version) as version, c.version is null as is_default from prompt_keys k \
         left join prompt_choices c on c.scope_id = $1 and c.key = k.key where (k.version > 0 or c.version is not null) \
         union all select key, tenant_id, version, false from prompt_choices where agency_id = $1 \
         and tenant_id is not null"
    }
    /// What a tenant uses: the arms of a running experiment, else its own choice, its agency's, the installation's.
    PROMPTS_OF_TENANT {
        "select p.id, k.key, e.id as experiment_id, coalesce(a.weight, 1) as weight from prompt_keys k \
         left join prompt_experiments e on e.agency_id = $1 and e.key = k.key and e.status = 'running' \
         and (e.tenant_id is null or e.tenant_id = $2) \
         left join prompt_arms a on a.experiment_id = e.id \
         left join prompt_choices t on t.scope_id = $2 and t.key = k.key and t.agency_id = $1 \
         left join prompt_choices g on g.scope_id = $1 and g.key = k.key and g.agency_id = $1 \
         join prompt_templates p on p.key = k.key and (p.agency_id is null or p.agency_id = $1) \
         and p.version = coalesce(a.version, t.version, g.version, k.version) order by k.key, p.version"
    }
    PROMPTS_BY_ID { "select id, key, version, body from prompt_templates where id " (among 1) }
    LIST_EXPERIMENTS {
        "select" (columns experiment_columns) "from prompt_experiments where agency_id = $1 \
         and (tenant_id = $2 or tenant_id is null or $2 is null) and id < $3 order by id desc limit $4"
    }
    FIND_EXPERIMENT {
        "select" (columns experiment_columns) "from prompt_experiments where agency_id = $1 and id = $2"
    }
    LIST_ARMS {
        "select experiment_id, version, weight from prompt_arms where experiment_id " (among 1)
        " order by experiment_id, version"
    }
    /// One row per event and version: several calls for one decision (a further try, a repair) are added up. The newest
    /// verdict comes first.
    ARM_OUTCOMES {
        "select d.prompt, d.event_id, d.cost, d.latency, v.verdict, v.edit_distance from \
         (select c.tenant_id, c.event_id, c.prompt, cast(sum(case when c.cost_micro_usd > 1000000000000 then 1000000000000 else c.cost_micro_usd end) as bigint) as cost, \
         cast(sum(c.latency_us) as bigint) as latency, max(c.at) as at from tenants t \
         join llm_calls c on c.tenant_id = t.id where t.agency_id = $1 and (t.id = $2 or $2 is null) \
         and c.at >= $4 and (c.at < $5 or $5 is null) and c.event_id is not null and c.prompt " (text_among 3)
        " group by c.tenant_id, c.event_id, c.prompt order by max(c.at) desc limit $6) d \
         left join (select w.tenant_id, w.event_id, w.verdict, w.edit_distance, w.at from tenants t \
         join verdicts w on w.tenant_id = t.id where t.agency_id = $1 and (t.id = $2 or $2 is null) and w.at >= $4) v \
         on v.tenant_id = d.tenant_id and v.event_id = d.event_id order by d.at desc, v.at desc"
    }
}

#[derive(FromRow)]
struct VersionRow {
    id: Uuid,
    agency_id: Option<Uuid>,
    key: Word<PromptKey>,
    version: i64,
    body: String,
    note: String,
    created_by: String,
    created_at: Moment,
}

impl From<VersionRow> for PromptVersion {
    fn from(row: VersionRow) -> Self {
        PromptVersion {
            id: PromptId(row.id),
            agency: row.agency_id.map(AgencyId),
            prompt: Prompt { key: row.key.0, version: count(row.version), body: row.body },
            note: row.note,
            created_by: row.created_by,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct UseRow {
    key: Word<PromptKey>,
    tenant_id: Option<Uuid>,
    version: i64,
    is_default: bool,
}

impl From<UseRow> for PromptUse {
    fn from(row: UseRow) -> Self {
        PromptUse {
            key: row.key.0,
            tenant: row.tenant_id.map(TenantId),
            version: count(row.version),
            is_default: row.is_default,
        }
    }
}

#[derive(FromRow)]
struct ChosenRow {
    id: Uuid,
    key: Word<PromptKey>,
    experiment_id: Option<Uuid>,
    weight: i64,
}

#[derive(FromRow)]
struct ExperimentRow {
    id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    key: Word<PromptKey>,
    name: String,
    status: Word<ExperimentStatus>,
    started_by: String,
    started_at: Moment,
    ended_by: Option<String>,
    ended_at: Option<Moment>,
    winner: Option<i64>,
}

impl ExperimentRow {
    fn with_arms(self, arms: Vec<ArmWeight>) -> Experiment {
        Experiment {
            id: ExperimentId(self.id),
            scope: PromptScope { agency: AgencyId(self.agency_id), tenant: self.tenant_id.map(TenantId) },
            key: self.key.0,
            name: self.name,
            arms,
            status: self.status.0,
            started_by: self.started_by,
            started_at: self.started_at.0,
            ended_by: self.ended_by,
            ended_at: self.ended_at.map(|moment| moment.0),
            winner: self.winner.map(count),
        }
    }
}

#[derive(FromRow)]
struct OutcomeRow {
    prompt: String,
    event_id: Uuid,
    cost: i64,
    latency: i64,
    verdict: Option<Word<VerdictKind>>,
    edit_distance: Option<f32>,
}

/// Texts of prompts that somebody holds: thousands of tenants that use one version share one text.
#[derive(Debug, Default)]
pub(crate) struct Library(Mutex<HashMap<Uuid, Weak<Prompt>>>);

impl Library {
    /// Above this many entries those that nobody holds any more are thrown out.
    const LARGE: usize = 256;

    fn shelf(&self) -> MutexGuard<'_, HashMap<Uuid, Weak<Prompt>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: Uuid) -> Option<Arc<Prompt>> {
        self.shelf().get(&id)?.upgrade()
    }

    /// The text everybody shares: the given one, unless somebody was faster.
    fn put(&self, id: Uuid, prompt: Prompt) -> Arc<Prompt> {
        let mut shelf = self.shelf();
        if let Some(known) = shelf.get(&id).and_then(Weak::upgrade) {
            return known;
        }
        if shelf.len() >= Self::LARGE {
            shelf.retain(|_, held| held.strong_count() > 0);
        }
        let prompt = Arc::new(prompt);
        shelf.insert(id, Arc::downgrade(&prompt));
        prompt
    }
}

impl Database {
    /// Texts by id, from memory where somebody holds them: what is stored never changes.
    async fn prompts_by_id(&self, ids: HashSet<Uuid>) -> Result<HashMap<Uuid, Arc<Prompt>>, StoreError> {
        let mut found = HashMap::new();
        let mut missing = IdList::default();
        for id in ids {
            match self.library().find(id) {
                Some(prompt) => drop(found.insert(id, prompt)),
                None => missing.0.push(id),
            }
        }
        if !missing.0.is_empty() {
            let read = rows!(self.reader(), (Uuid, Word<PromptKey>, i64, String), PROMPTS_BY_ID, &missing)?;
            for (id, key, version, body) in read {
                let prompt = Prompt { key: key.0, version: count(version), body };
                found.insert(id, self.library().put(id, prompt));
            }
        }
        Ok(found)
    }

    async fn with_arms(&self, found: Vec<ExperimentRow>) -> Result<Vec<Experiment>, StoreError> {
        let ids: IdList = found.iter().map(|row| row.id).collect();
        let arms = rows!(self.reader(), (Uuid, i64, i64), LIST_ARMS, &ids)?;
        let mut by_experiment: HashMap<Uuid, Vec<ArmWeight>> = HashMap::new();
        for (experiment, version, weight) in arms {
            let arm = ArmWeight { version: count(version), weight: count(weight) };
            by_experiment.entry(experiment).or_default().push(arm);
        }
        Ok(found
            .into_iter()
            .map(|row| {
                let arms = by_experiment.remove(&row.id).unwrap_or_default();
                row.with_arms(arms)
            })
            .collect())
    }
}

#[async_trait]
impl Prompts for Database {
    async fn list_prompts(
        &self,
        agency: &AgencyId,
        key: Option<PromptKey>,
    ) -> Result<Vec<PromptVersion>, StoreError> {
        rows!(self.reader(), VersionRow, LIST_PROMPTS, agency.0, key.map(PromptKey::as_str)).map(all)
    }

    async fn find_prompt(
        &self,
        agency: &AgencyId,
        key: PromptKey,
        version: u32,
    ) -> Result<Option<PromptVersion>, StoreError> {
        let found = row!(self.reader(), VersionRow, FIND_PROMPT, agency.0, key.as_str(), i64::from(version))?;
        Ok(found.map(PromptVersion::from))
    }

    async fn find_prompt_by_id(
        &self,
        agency: &AgencyId,
        prompt: &PromptId,
    ) -> Result<Option<PromptVersion>, StoreError> {
        let found = row!(self.reader(), VersionRow, FIND_PROMPT_BY_ID, agency.0, prompt.0)?;
        Ok(found.map(PromptVersion::from))
    }

    async fn next_prompt_version(&self, agency: &AgencyId, key: PromptKey) -> Result<u32, StoreError> {
        let of_all = *agency == AgencyId::INSTALLATION;
        let found = row!(self.reader(), (i64,), NEXT_VERSION, agency.0, key.as_str(), of_all)?;
        Ok(found.map_or(1, |(next,)| count(next)))
    }

    async fn prompts_in_use(&self, agency: &AgencyId) -> Result<Vec<PromptUse>, StoreError> {
        let mut uses: Vec<PromptUse> = all(rows!(self.reader(), UseRow, IN_USE, agency.0)?);
        uses.sort_by_key(|it| (it.key, it.tenant));
        Ok(uses)
    }

    async fn prompts_of(&self, agency: &AgencyId, tenant: &TenantId) -> Result<PromptSet, StoreError> {
        let chosen = rows!(self.reader(), ChosenRow, PROMPTS_OF_TENANT, agency.0, tenant.0)?;
        let texts = self.prompts_by_id(chosen.iter().map(|row| row.id).collect()).await?;
        let mut choices: BTreeMap<PromptKey, PromptChoice> = BTreeMap::new();
        for row in chosen {
            let Some(prompt) = texts.get(&row.id) else { continue };
            let choice = choices.entry(row.key.0).or_insert_with(|| PromptChoice {
                salt: row.experiment_id.map_or_else(String::new, |id| ExperimentId(id).to_string()),
                arms: Vec::new(),
            });
            choice.arms.push(PromptArm { prompt: Arc::clone(prompt), weight: count(row.weight) });
        }
        Ok(PromptSet { choices })
    }

    async fn list_experiments(
        &self,
        scope: &PromptScope,
        page: PageRequest,
    ) -> Result<Vec<Experiment>, StoreError> {
        let tenant = scope.tenant.map(|tenant| tenant.0);
        let found = rows!(
            self.reader(),
            ExperimentRow,
            LIST_EXPERIMENTS,
            scope.agency.0,
            tenant,
            before(page),
            i64::from(page.limit)
        )?;
        self.with_arms(found).await
    }

    async fn find_experiment(
        &self,
        agency: &AgencyId,
        experiment: &ExperimentId,
    ) -> Result<Option<Experiment>, StoreError> {
        let found = row!(self.reader(), ExperimentRow, FIND_EXPERIMENT, agency.0, experiment.0)?;
        Ok(self.with_arms(found.into_iter().collect()).await?.pop())
    }

    async fn arm_outcomes(&self, query: &OutcomeQuery) -> Result<Vec<ArmOutcome>, StoreError> {
        let labels: TextList = query.labels.iter().map(String::as_str).collect();
        let found = rows!(
            self.reader(),
            OutcomeRow,
            ARM_OUTCOMES,
            query.scope.agency.0,
            query.scope.tenant.map(|tenant| tenant.0),
            &labels,
            Moment(query.from),
            query.until.map(Moment),
            i64::from(MOST_OUTCOMES)
        )?;
        Ok(outcomes(found))
    }
}

/// One outcome per event and version, with what people made of it.
fn outcomes(rows: Vec<OutcomeRow>) -> Vec<ArmOutcome> {
    let mut seen = HashSet::new();
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        if !seen.insert((row.event_id, row.prompt.clone())) {
            continue;
        }
        outcomes.push(ArmOutcome {
            reaction: reaction(&row),
            label: row.prompt,
            cost: MicroUsd(row.cost),
            latency_us: row.latency,
        });
    }
    outcomes
}

fn reaction(row: &OutcomeRow) -> Option<Reaction> {
    match row.verdict.as_ref()?.0 {
        VerdictKind::Approved => Some(Reaction::Approved),
        VerdictKind::Rejected => Some(Reaction::Rejected),
        // Where there was no draft to change, nothing is said about any.
        VerdictKind::Edited => Some(Reaction::Edited { distance: f64::from(row.edit_distance?) }),
    }
}
