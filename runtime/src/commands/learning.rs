//! `troupe learning`.

use actors::learning;
use clap::Subcommand;
use serde_json::json;
use tenants::account::Tenant;
use tenants::autonomy::{EarnedMode, may_earn, standing};
use tenants::changes::Changes;
use tenants::intent::Intent;
use tenants::ports::{Directory, Learning, UnitOfWork};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::settings::Settings;

/// What to do with what was learned from people's verdicts.
#[derive(Debug, Subcommand)]
pub(super) enum LearningCommand {
    /// Show versions, thresholds and which intents act by themselves.
    Show {
        /// Tenant (id or slug).
        tenant: String,
    },
    /// Go back to an earlier version.
    Revert {
        /// Tenant (id or slug).
        tenant: String,
        /// The version, as `show` lists them.
        version: u32,
    },
    /// Forget everything that was learned.
    Reset {
        /// Tenant (id or slug).
        tenant: String,
    },
}

pub(super) async fn run(
    command: LearningCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let (act, store) = (workspace.act(), &workspace.foundations.database);
    match command {
        LearningCommand::Show { tenant } => {
            show(&workspace, &workspace.tenant(&tenant, None).await?, output).await?;
        }
        LearningCommand::Revert { tenant, version } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let changes = learning::revert(store, &tenant.id, version, &act.by, act.at, act.ids).await?;
            commit(&workspace, changes, &format!("{} is back at version {version}", tenant.slug), output)
                .await?;
        }
        LearningCommand::Reset { tenant } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let changes = learning::reset(store, &tenant.id, &act.by, act.at, act.ids).await?;
            commit(&workspace, changes, &format!("{} has learned nothing", tenant.slug), output).await?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn commit(workspace: &Workspace, changes: Changes, said: &str, output: Output) -> anyhow::Result<()> {
    workspace.foundations.database.commit(changes).await?;
    output.result(&json!({ "message": said }), || said.to_owned())
}

async fn show(workspace: &Workspace, tenant: &Tenant, output: Output) -> anyhow::Result<()> {
    let store = &workspace.foundations.database;
    let settings = store.find_settings(&tenant.id).await?.unwrap_or_default();
    let present = learning::present(store, &tenant.id).await?;
    let earned = store.earned_modes(&tenant.id).await?;
    let versions = store.list_tunings(&tenant.id).await?;
    let thresholds: std::collections::BTreeMap<Intent, f32> =
        Intent::ALL.iter().map(|intent| (*intent, present.tuning.local_from(*intent))).collect();
    let standings: Vec<_> = Intent::ALL
        .iter()
        .filter(|intent| may_earn(**intent))
        .map(|intent| {
            let stored = earned.iter().find(|mode| mode.intent == *intent).cloned();
            let (state, because) =
                standing(&settings, &stored.unwrap_or_else(|| EarnedMode::nothing(*intent)));
            (*intent, state, because)
        })
        .collect();
    let listed: Vec<_> = versions
        .iter()
        .map(|version| {
            json!({ "version": version.learned.tuning.version, "verdicts": version.learned.verdicts,
                "reason": version.reason, "made_by": version.made_by, "at": version.at })
        })
        .collect();
    let document = json!({ "learning": settings.learning, "version": present.tuning.version,
        "verdicts": present.verdicts, "rows": present.tuning.nudges.len(), "local_from": thresholds,
        "intents": standings.iter().map(|(intent, state, because)| {
            json!({ "intent": intent, "state": state, "because": because })
        }).collect::<Vec<_>>(),
        "earned": earned, "versions": listed });
    output.result(&document, || {
        let state = if settings.learning { "learns" } else { "does not learn" };
        let mut text = format!(
            "{} {state}: version {}, {} verdicts, {} rows of weights\n",
            tenant.slug,
            present.tuning.version,
            present.verdicts,
            present.tuning.nudges.len()
        );
        for (intent, from) in &thresholds {
            text.push_str(&format!("{intent}: believed from {:.0} %\n", from * 100.0));
        }
        for (intent, state, because) in &standings {
            text.push_str(&format!("{intent}: {state}: {because}\n"));
        }
        for version in &versions {
            let learned = &version.learned;
            let (number, by) = (learned.tuning.version, &version.made_by);
            text.push_str(&format!("version {number}: {} ({by}, {})\n", version.reason, version.at));
        }
        text.trim_end().to_owned()
    })
}
