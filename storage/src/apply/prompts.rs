//! Stores versions of prompts, choices among them, and experiments.
//!
//! Whoever adds a version first takes the row of its key: so a number is given once to an agency, whether the version
//! is its own or the installation's. Whoever starts an experiment first takes the tenants it concerns.

use tenants::audit::Chain;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::experiment::{Experiment, ExperimentEnd, ExperimentStatus, PromptVersion};
use tenants::ids::{AgencyId, ExperimentId, TenantId};
use tenants::prompt::PromptKey;
use uuid::Uuid;

use super::schedule::Group;
use crate::db::{Connection, fetch, run};
use crate::failure::Failure;
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Moment, text};

statements! {
    HOLD_KEY {
        "insert into prompt_keys (key, version) values ($1, 0) on conflict (key) do update set version = prompt_keys.version"
    }
    /// A version that the agency can use: its own, or the installation's.
    FIND_VERSION {
        "select version from prompt_templates where (agency_id is null or agency_id = $1) and key = $2 and version = $3"
    }
    FIND_TENANT_OF_AGENCY { "select version from tenants where id = $1 and agency_id = $2" }
    FIND_RIVAL {
        "select 1 from prompt_experiments where agency_id = $1 and key = $2 and status = 'running' \
         and (tenant_id = $3 or tenant_id is null or $3 is null)"
    }
    ADD_PROMPT {
        "insert into prompt_templates (id, agency_id, key, version, body, note, created_by, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    }
    INSTALL_PROMPT {
        "insert into prompt_templates (id, agency_id, key, version, body, note, created_by, created_at) \
         values ($1, null, $2, $3, $4, $5, $6, $7) on conflict (key, version) where agency_id is null do nothing"
    }
    /// True only for the text that was meant: another process may have installed another one under the same number.
    SET_INSTALLED {
        "update prompt_keys set version = $2 where key = $1 and exists (select 1 from prompt_templates \
         where agency_id is null and key = $1 and version = $2 and body = $3)"
    }
    CHOOSE_PROMPT {
        "insert into prompt_choices (scope_id, key, agency_id, tenant_id, version, chosen_by, chosen_at) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (scope_id, key) do update set version = excluded.version, chosen_by = excluded.chosen_by, \
         chosen_at = excluded.chosen_at"
    }
    TAKE_CHOICE_BACK { "delete from prompt_choices where scope_id = $1 and key = $2 and agency_id = $3" }
    START_EXPERIMENT {
        "insert into prompt_experiments (id, agency_id, tenant_id, key, name, status, started_by, started_at) \
         values ($1, $2, $3, $4, $5, 'running', $6, $7)"
    }
    ADD_ARM { "insert into prompt_arms (experiment_id, version, weight) values ($1, $2, $3)" }
    END_EXPERIMENT {
        "update prompt_experiments set status = $3, ended_by = $4, ended_at = $5, winner = $6 \
         where agency_id = $1 and id = $2 and status = 'running' and (exists (select 1 from prompt_arms \
         where experiment_id = $2 and version = $6) or $6 is null) returning key, tenant_id"
    }
    RAISE_VERSIONS { "update tenants set version = version + 1, updated_at = $2 where agency_id = $1" }
    RAISE_ALL_VERSIONS { "update tenants set version = version + 1, updated_at = $1" }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let agency = agency_of(item.chain)?;
        match item.change {
            Change::AddPrompt(version) => add(connection, agency, version).await?,
            Change::InstallPrompt(version) => install(connection, agency, version, now).await?,
            Change::UsePrompt { key, tenant, version, by, at } => {
                raise_versions(connection, agency, now).await?;
                let scope = Scope { agency, tenant: *tenant, key: *key };
                choose(connection, scope, *version, by, *at).await?;
            }
            Change::StartExperiment(experiment) => {
                raise_versions(connection, agency, now).await?;
                start(connection, agency, experiment).await?;
            }
            Change::EndExperiment(end) => {
                raise_versions(connection, agency, now).await?;
                finish(connection, agency, end).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whose prompts, and for whom.
struct Scope {
    agency: AgencyId,
    tenant: Option<TenantId>,
    key: PromptKey,
}

/// Prompts are the agency's, also where only one of its tenants uses them.
fn agency_of(chain: Chain) -> Result<AgencyId, Failure> {
    match chain {
        Chain::Agency(agency) => Ok(agency),
        Chain::Tenant(_) => Err(Failure::Conflict("prompts are changed by agencies".to_owned())),
    }
}

async fn raise_versions(
    connection: &mut Connection,
    agency: AgencyId,
    now: Timestamp,
) -> Result<(), Failure> {
    run!(connection, RAISE_VERSIONS, agency.0, Moment(now)).map(drop)
}

async fn add(connection: &mut Connection, agency: AgencyId, added: &PromptVersion) -> Result<(), Failure> {
    if added.agency != Some(agency) {
        return Err(Failure::Conflict(format!("{} belongs to somebody else", added.id)));
    }
    let prompt = &added.prompt;
    let taken = || format!("{} exists already: another version was added at the same time", prompt.label());
    run!(connection, HOLD_KEY, prompt.key.as_str())?;
    if is_known(connection, agency, prompt.key, prompt.version).await? {
        return Err(Failure::Conflict(taken()));
    }
    run!(
        connection,
        ADD_PROMPT,
        added.id.0,
        agency.0,
        prompt.key.as_str(),
        i64::from(prompt.version),
        text(&prompt.body),
        text(&added.note),
        text(&added.created_by),
        Moment(added.created_at)
    )
    .map(drop)
    .map_err(|failure| failure.when_taken(taken))
}

/// A row of which only its presence counts.
#[derive(sqlx::FromRow)]
struct Presence {}

impl FromSqlite for Presence {
    fn read(_: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {})
    }
}

async fn is_known(
    connection: &mut Connection,
    agency: AgencyId,
    key: PromptKey,
    version: u32,
) -> Result<bool, Failure> {
    let found = fetch!(connection, Presence, FIND_VERSION, agency.0, key.as_str(), i64::from(version))?;
    Ok(!found.is_empty())
}

async fn require_known(
    connection: &mut Connection,
    agency: AgencyId,
    key: PromptKey,
    version: u32,
) -> Result<(), Failure> {
    match is_known(connection, agency, key, version).await? {
        true => Ok(()),
        false => Err(Failure::Conflict(format!("{key}@{version} does not exist"))),
    }
}

/// Prompts may be narrowed to tenants of the agency alone.
async fn require_own(
    connection: &mut Connection,
    agency: AgencyId,
    tenant: Option<TenantId>,
) -> Result<(), Failure> {
    let Some(tenant) = tenant else { return Ok(()) };
    match fetch!(connection, Presence, FIND_TENANT_OF_AGENCY, tenant.0, agency.0)?.is_empty() {
        false => Ok(()),
        true => Err(Failure::Conflict(format!("{tenant} does not exist"))),
    }
}

async fn install(
    connection: &mut Connection,
    agency: AgencyId,
    installed: &PromptVersion,
    now: Timestamp,
) -> Result<(), Failure> {
    if agency != AgencyId::INSTALLATION || installed.agency.is_some() {
        return Err(Failure::Conflict("only the installation installs prompts".to_owned()));
    }
    let prompt = &installed.prompt;
    run!(connection, HOLD_KEY, prompt.key.as_str())?;
    run!(
        connection,
        INSTALL_PROMPT,
        installed.id.0,
        prompt.key.as_str(),
        i64::from(prompt.version),
        text(&prompt.body),
        text(&installed.note),
        text(&installed.created_by),
        Moment(installed.created_at)
    )?;
    let set =
        run!(connection, SET_INSTALLED, prompt.key.as_str(), i64::from(prompt.version), text(&prompt.body))?;
    if set == 0 {
        return Err(Failure::Conflict(format!("{} is another text already", prompt.label())));
    }
    run!(connection, RAISE_ALL_VERSIONS, Moment(now)).map(drop)
}

async fn choose(
    connection: &mut Connection,
    scope: Scope,
    version: Option<u32>,
    by: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    let Scope { agency, tenant, key } = scope;
    let scope_id = tenant.map_or(agency.0, |tenant| tenant.0);
    let Some(version) = version else {
        run!(connection, TAKE_CHOICE_BACK, scope_id, key.as_str(), agency.0)?;
        return Ok(());
    };
    require_own(connection, agency, tenant).await?;
    require_known(connection, agency, key, version).await?;
    run!(
        connection,
        CHOOSE_PROMPT,
        scope_id,
        key.as_str(),
        agency.0,
        tenant.map(|tenant| tenant.0),
        i64::from(version),
        text(by),
        Moment(at)
    )
    .map(drop)
}

async fn start(
    connection: &mut Connection,
    agency: AgencyId,
    experiment: &Experiment,
) -> Result<(), Failure> {
    if experiment.scope.agency != agency {
        return Err(Failure::Conflict(format!("{} belongs to somebody else", experiment.id)));
    }
    let (key, tenant) = (experiment.key, experiment.scope.tenant);
    require_own(connection, agency, tenant).await?;
    let tenant = tenant.map(|tenant| tenant.0);
    if !fetch!(connection, Presence, FIND_RIVAL, agency.0, key.as_str(), tenant)?.is_empty() {
        return Err(Failure::Conflict(format!(
            "an experiment with `{key}` runs already for some of these tenants: end it first"
        )));
    }
    run!(
        connection,
        START_EXPERIMENT,
        experiment.id.0,
        agency.0,
        tenant,
        key.as_str(),
        text(&experiment.name),
        text(&experiment.started_by),
        Moment(experiment.started_at)
    )?;
    for arm in &experiment.arms {
        require_known(connection, agency, key, arm.version).await?;
        run!(connection, ADD_ARM, experiment.id.0, i64::from(arm.version), i64::from(arm.weight))?;
    }
    Ok(())
}

/// What an experiment that ended was about.
#[derive(sqlx::FromRow)]
struct EndedRow {
    key: String,
    tenant_id: Option<Uuid>,
}

impl FromSqlite for EndedRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { key: row.get(0)?, tenant_id: row.get(1)? })
    }
}

async fn finish(connection: &mut Connection, agency: AgencyId, end: &ExperimentEnd) -> Result<(), Failure> {
    let status = if end.winner.is_some() { ExperimentStatus::Promoted } else { ExperimentStatus::Stopped };
    let ended = fetch!(
        connection,
        EndedRow,
        END_EXPERIMENT,
        agency.0,
        end.experiment.0,
        status.as_str(),
        text(&end.by),
        Moment(end.at),
        end.winner.map(i64::from)
    )?;
    let Some(ended) = ended.into_iter().next() else { return Err(not_running(end.experiment, end.winner)) };
    let Some(winner) = end.winner else { return Ok(()) };
    let key = ended.key.parse().map_err(|error| Failure::Corrupt(format!("an experiment: {error}")))?;
    let scope = Scope { agency, tenant: ended.tenant_id.map(TenantId), key };
    choose(connection, scope, Some(winner), &end.by, end.at).await
}

fn not_running(experiment: ExperimentId, winner: Option<u32>) -> Failure {
    Failure::Conflict(match winner {
        Some(version) => format!("{experiment} does not run, or version {version} is none of its arms"),
        None => format!("{experiment} does not run"),
    })
}
