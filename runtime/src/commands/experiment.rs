//! `troupe experiment`.

use std::str::FromStr;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use tenants::account::Agency;
use tenants::experiment::{ArmResult, ArmWeight, Estimate, Experiment, ExperimentResults, PromptScope};
use tenants::ids::ExperimentId;
use tenants::ports::{PageRequest, Prompts, UnitOfWork};
use tenants::prompt::PromptKey;

use super::prompt::{in_use, own_tenant};
use super::workspace::Workspace;
use super::{Finding, Output};
use crate::prompts;
use crate::settings::Settings;

/// What to do with experiments.
#[derive(Debug, Args)]
pub(super) struct ExperimentArgs {
    #[command(subcommand)]
    command: ExperimentCommand,
    /// Agency id; may be left out when there is only one.
    #[arg(long, global = true)]
    agency: Option<String>,
}

#[derive(Debug, Subcommand)]
enum ExperimentCommand {
    /// Split conversations between versions of a prompt. Each conversation keeps its version.
    Start {
        /// The prompt: classify, reply or crisis.
        key: PromptKey,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// A version and its weight, such as 3=1; give at least two.
        #[arg(long = "arm", required = true)]
        arms: Vec<Arm>,
        /// Only with this tenant (id or slug).
        #[arg(long)]
        tenant: Option<String>,
    },
    /// List experiments, newest first.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show an experiment and what it has shown so far.
    Show {
        /// Experiment id.
        experiment: ExperimentId,
    },
    /// End an experiment; what was in use before is in use again.
    Stop {
        /// Experiment id.
        experiment: ExperimentId,
    },
    /// End an experiment and use one of its versions from now on.
    Promote {
        /// Experiment id.
        experiment: ExperimentId,
        /// The version.
        version: u32,
    },
}

/// An arm as it is written on the command line.
#[derive(Debug, Clone, Copy)]
struct Arm(ArmWeight);

impl FromStr for Arm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (version, weight) = text.split_once('=').unwrap_or((text, "1"));
        let number = |text: &str| text.parse::<u32>().map_err(|_| format!("`{text}` is no number"));
        Ok(Self(ArmWeight { version: number(version)?, weight: number(weight)? }))
    }
}

pub(super) async fn run(args: ExperimentArgs, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let agency = workspace.agency(args.agency.as_deref()).await?;
    match args.command {
        ExperimentCommand::Start { key, name, arms, tenant } => {
            let scope = PromptScope {
                agency: agency.id,
                tenant: own_tenant(&workspace, &agency, tenant.as_deref()).await?,
            };
            let arms = arms.into_iter().map(|arm| arm.0).collect();
            let (experiment, changes) = workspace.act().start_experiment(scope, key, &name, arms)?;
            workspace.foundations.database.commit(changes).await?;
            output.result(&experiment, || format!("{} is running", experiment.id))?;
        }
        ExperimentCommand::List { limit } => list(&workspace, &agency, limit, output).await?,
        ExperimentCommand::Show { experiment } => {
            let experiment = find(&workspace, &agency, &experiment).await?;
            let results = prompts::results(&workspace.foundations.database, &experiment, None).await?;
            output.result(&json!({ "experiment": experiment, "results": results }), || {
                shown(&experiment, &results)
            })?;
        }
        ExperimentCommand::Stop { experiment } => end(&workspace, &agency, &experiment, None, output).await?,
        ExperimentCommand::Promote { experiment, version } => {
            end(&workspace, &agency, &experiment, Some(version), output).await?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn find(workspace: &Workspace, agency: &Agency, id: &ExperimentId) -> anyhow::Result<Experiment> {
    let found = workspace.foundations.database.find_experiment(&agency.id, id).await?;
    found.with_context(|| {
        format!("there is no experiment {id}; `troupe experiment list` shows those there are")
    })
}

async fn list(workspace: &Workspace, agency: &Agency, limit: u32, output: Output) -> anyhow::Result<()> {
    let scope = PromptScope { agency: agency.id, tenant: None };
    let page = PageRequest::first(limit.clamp(1, 1_000));
    let experiments = workspace.foundations.database.list_experiments(&scope, page).await?;
    output.list(&experiments, &["id", "prompt", "name", "versions", "status", "started"], |experiment| {
        let versions: Vec<String> = experiment.arms.iter().map(|arm| arm.version.to_string()).collect();
        vec![
            experiment.id.to_string(),
            experiment.key.to_string(),
            experiment.name.clone(),
            versions.join(" "),
            experiment.status.to_string(),
            experiment.started_at.to_string(),
        ]
    })
}

async fn end(
    workspace: &Workspace,
    agency: &Agency,
    id: &ExperimentId,
    winner: Option<u32>,
    output: Output,
) -> anyhow::Result<()> {
    let experiment = find(workspace, agency, id).await?;
    workspace.foundations.database.commit(workspace.act().end_experiment(&experiment, winner)).await?;
    let ended = find(workspace, agency, id).await?;
    let in_use = in_use(workspace, agency, ended.key, ended.scope.tenant).await?;
    output.result(&ended, || match (winner, in_use) {
        (Some(version), _) => format!("{id} has ended; {}@{version} is in use", ended.key),
        (None, Some(version)) => format!("{id} has ended; {}@{version} is in use again", ended.key),
        (None, None) => format!("{id} has ended; the built-in {} is in use again", ended.key),
    })
}

/// An experiment for people: a table of its arms, and a sentence.
fn shown(experiment: &Experiment, results: &ExperimentResults) -> String {
    let headers = [
        "version",
        "weight",
        "decisions",
        "approved",
        "edited",
        "rejected",
        "unchanged",
        "edit distance",
        "mean cost",
        "p50",
        "p95",
    ];
    let rows: Vec<Vec<String>> = results.arms.iter().map(row).collect();
    format!(
        "{} ({}): {}\n\n{}\n{}",
        experiment.name,
        experiment.status,
        experiment.id,
        super::output::table(&headers, &rows),
        results.comparison.summary
    )
}

fn row(arm: &ArmResult) -> Vec<String> {
    let none = || "-".to_owned();
    let percent =
        |it: Estimate| format!("{:.0} % ({:.0}–{:.0})", it.value * 100.0, it.low * 100.0, it.high * 100.0);
    let plain = |it: Estimate| format!("{:.2} ({:.2}–{:.2})", it.value, it.low, it.high);
    let time = |micros: i64| format!("{} ms", micros / 1_000);
    let numbers = [arm.version, arm.weight, arm.decisions, arm.approved, arm.edited, arm.rejected];
    let mut cells: Vec<String> = numbers.iter().map(u32::to_string).collect();
    cells.extend([
        arm.approval_rate.map_or_else(none, percent),
        arm.edit_distance.map_or_else(none, plain),
        arm.mean_cost_micro_usd.map_or_else(none, |cost| format!("${:.6}", cost / 1e6)),
        arm.latency_p50_us.map_or_else(none, time),
        arm.latency_p95_us.map_or_else(none, time),
    ]);
    cells
}
