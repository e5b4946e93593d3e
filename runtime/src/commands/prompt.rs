//! `troupe prompt`.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use tenants::account::Agency;
use tenants::experiment::{Experiment, ExperimentStatus, PromptScope, PromptVersion};
use tenants::ids::TenantId;
use tenants::ports::{PageRequest, Prompts, UnitOfWork};
use tenants::prompt::{Prompt, PromptKey};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::prompts;
use crate::settings::Settings;

/// What to do with prompts.
#[derive(Debug, Args)]
pub(super) struct PromptArgs {
    #[command(subcommand)]
    command: PromptCommand,
    /// Agency id; may be left out when there is only one.
    #[arg(long, global = true)]
    agency: Option<String>,
}

#[derive(Debug, Subcommand)]
enum PromptCommand {
    /// List versions, those in use marked.
    List {
        /// Only this prompt: classify, reply or crisis.
        #[arg(long)]
        key: Option<PromptKey>,
    },
    /// Print a version.
    Show {
        /// Key and version, such as reply@3.
        prompt: String,
    },
    /// Print what changed from one version to another.
    Diff {
        /// Key and version, such as reply@2.
        before: String,
        /// Key and version, such as reply@3.
        after: String,
    },
    /// Add a version. It is not in use until it is activated.
    Add {
        /// The prompt: classify, reply or crisis.
        key: PromptKey,
        /// File with the template; standard input when left out.
        #[arg(long)]
        file: Option<PathBuf>,
        /// What changed.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Use a version from now on.
    Activate {
        /// Key and version, such as reply@3; the key alone takes the choice back.
        prompt: String,
        /// Only for this tenant (id or slug).
        #[arg(long)]
        tenant: Option<String>,
    },
}

pub(super) async fn run(args: PromptArgs, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let agency = workspace.agency(args.agency.as_deref()).await?;
    match args.command {
        PromptCommand::List { key } => list(&workspace, &agency, key, output).await?,
        PromptCommand::Show { prompt } => {
            let version = find(&workspace, &agency, &prompt).await?;
            // Byte by byte, so that what is shown can be added again.
            output.verbatim(&version, &version.prompt.body)?;
        }
        PromptCommand::Diff { before, after } => {
            let before = find(&workspace, &agency, &before).await?;
            let after = find(&workspace, &agency, &after).await?;
            let unified = prompts::diff(&before, &after);
            let (from, to) = (before.prompt.label(), after.prompt.label());
            output.result(&json!({ "before": from, "after": to, "unified": unified }), || {
                if unified.is_empty() { "no difference".to_owned() } else { unified.clone() }
            })?;
        }
        PromptCommand::Add { key, file, note } => {
            let prompt = Prompt {
                key,
                version: workspace.foundations.database.next_prompt_version(&agency.id, key).await?,
                body: read(file)?,
            };
            let (version, changes) = workspace.act().add_prompt(agency.id, prompt, &note)?;
            workspace.foundations.database.commit(changes).await?;
            let label = version.prompt.label();
            output
                .result(&version, || format!("{label} is added; `troupe prompt activate {label}` uses it"))?;
        }
        PromptCommand::Activate { prompt, tenant } => {
            activate(&workspace, &agency, &prompt, tenant.as_deref(), output).await?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn list(
    workspace: &Workspace,
    agency: &Agency,
    key: Option<PromptKey>,
    output: Output,
) -> anyhow::Result<()> {
    let store = &workspace.foundations.database;
    let versions = store.list_prompts(&agency.id, key).await?;
    let uses = store.prompts_in_use(&agency.id).await?;
    let running = running(workspace, agency, None).await?;
    let used_by = |version: &PromptVersion| {
        let is_used = |it: &&tenants::experiment::PromptUse| {
            it.key == version.prompt.key && it.version == version.prompt.version
        };
        let is_tried = |it: &&Experiment| {
            it.key == version.prompt.key && it.arms.iter().any(|arm| arm.version == version.prompt.version)
        };
        let users = uses.iter().filter(is_used).map(|it| {
            let whose = it.tenant.map_or_else(|| "agency".to_owned(), |tenant| tenant.to_string());
            match running.iter().find(|experiment| is_held_back(experiment, it.key, it.tenant)) {
                Some(experiment) => format!("{whose} (after {})", experiment.id),
                None => whose,
            }
        });
        let trials = running.iter().filter(is_tried).map(|it| it.id.to_string());
        trials.chain(users).collect::<Vec<_>>().join(" ")
    };
    output.list(&versions, &["prompt", "in use by", "from", "added", "note"], |version| {
        let origin = if version.agency.is_none() { "troupe" } else { version.created_by.as_str() };
        let (added, note) = (version.created_at.to_string(), version.note.clone());
        vec![version.prompt.label(), used_by(version), origin.to_owned(), added, note]
    })
}

async fn activate(
    workspace: &Workspace,
    agency: &Agency,
    prompt: &str,
    tenant: Option<&str>,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = own_tenant(workspace, agency, tenant).await?;
    let (key, version) = match prompt.contains('@') {
        true => {
            let found = find(workspace, agency, prompt).await?.prompt;
            (found.key, Some(found.version))
        }
        false => (prompt.parse()?, None),
    };
    let scope = PromptScope { agency: agency.id, tenant };
    workspace.foundations.database.commit(workspace.act().use_prompt(scope, key, version)).await?;
    let in_use = in_use(workspace, agency, key, tenant).await?;
    let experiments = running(workspace, agency, Some(key)).await?;
    let experiment = experiments.iter().find(|it| is_held_back(it, key, tenant));
    let document = json!({ "key": key, "version": version, "tenant": tenant, "in_use": in_use,
        "experiment": experiment.map(|it| it.id) });
    output.result(&document, || {
        let label =
            in_use.map_or_else(|| format!("the built-in {key}"), |version| format!("{key}@{version}"));
        let taken_back =
            if version.is_none() { format!("{key} is not chosen any more: ") } else { String::new() };
        match experiment {
            Some(running) => format!(
                "{taken_back}{label} is in use once {} (“{}”) has ended; until then its versions {} are",
                running.id,
                running.name,
                versions_of(running)
            ),
            None => format!("{taken_back}{label} is in use"),
        }
    })
}

/// The version that a tenant, or the agency, uses while no experiment runs.
pub(super) async fn in_use(
    workspace: &Workspace,
    agency: &Agency,
    key: PromptKey,
    tenant: Option<TenantId>,
) -> anyhow::Result<Option<u32>> {
    let uses = workspace.foundations.database.prompts_in_use(&agency.id).await?;
    let of = |tenant| uses.iter().find(|it| it.key == key && it.tenant == tenant).map(|it| it.version);
    Ok(of(tenant).or_else(|| of(None)))
}

/// The agency's experiments that are running, with one prompt or with all.
async fn running(
    workspace: &Workspace,
    agency: &Agency,
    key: Option<PromptKey>,
) -> anyhow::Result<Vec<Experiment>> {
    let scope = PromptScope { agency: agency.id, tenant: None };
    let all = workspace.foundations.database.list_experiments(&scope, PageRequest::first(1_000)).await?;
    let is_meant =
        |it: &Experiment| it.status == ExperimentStatus::Running && key.is_none_or(|key| key == it.key);
    Ok(all.into_iter().filter(is_meant).collect())
}

/// Whether a choice takes effect only when the experiment has ended. One with a single tenant holds back the choice of
/// nobody else.
fn is_held_back(experiment: &Experiment, key: PromptKey, tenant: Option<TenantId>) -> bool {
    experiment.key == key && (experiment.scope.tenant.is_none() || experiment.scope.tenant == tenant)
}

fn versions_of(experiment: &Experiment) -> String {
    let versions: Vec<String> = experiment.arms.iter().map(|arm| arm.version.to_string()).collect();
    versions.join(" and ")
}

/// The tenant that is named, if one is; it must be the agency's.
pub(super) async fn own_tenant(
    workspace: &Workspace,
    agency: &Agency,
    tenant: Option<&str>,
) -> anyhow::Result<Option<TenantId>> {
    let Some(name) = tenant else { return Ok(None) };
    let tenant = workspace.tenant(name, Some(&agency.id.to_string())).await?;
    anyhow::ensure!(tenant.agency == agency.id, "there is no tenant {name} in {}", agency.id);
    Ok(Some(tenant.id))
}

async fn find(workspace: &Workspace, agency: &Agency, label: &str) -> anyhow::Result<PromptVersion> {
    let (key, version) =
        label.split_once('@').context("name a version by its key and number, such as reply@3")?;
    let version: u32 = version.parse().with_context(|| format!("`{version}` is no version number"))?;
    let found = workspace.foundations.database.find_prompt(&agency.id, key.parse()?, version).await?;
    found.ok_or_else(|| {
        anyhow::anyhow!("there is no prompt {label}; `troupe prompt list` shows those there are")
    })
}

fn read(file: Option<PathBuf>) -> anyhow::Result<String> {
    if let Some(path) = file {
        return std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
