//! `troupe tick` and `troupe health`.

use clap::Subcommand;
use serde_json::json;
use tenants::clock::Timestamp;
use tenants::event::Role;
use tenants::ports::{CronTick, Standing, Ticks};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::clocks::{TickView, ask, health_of};
use crate::settings::Settings;

/// What to do with ticks.
#[derive(Debug, Subcommand)]
pub(super) enum TickCommand {
    /// List the ticks of a tenant, with their next and last runs.
    List {
        /// Tenant (id or slug).
        tenant: String,
    },
    /// Run a tick now, beside its planned runs. A running node takes it up within seconds.
    Run {
        /// Tenant (id or slug).
        tenant: String,
        /// Role, as `list` shows it.
        role: Role,
        /// Name, as `list` shows it.
        name: String,
    },
}

pub(super) async fn run(command: TickCommand, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    match command {
        TickCommand::List { tenant } => list(&workspace, &tenant, output).await?,
        TickCommand::Run { tenant, role, name } => {
            run_now(&workspace, &tenant, role, &name, output).await?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn list(workspace: &Workspace, tenant: &str, output: Output) -> anyhow::Result<()> {
    let tenant = workspace.tenant(tenant, None).await?;
    let ticks = workspace.foundations.database.list_ticks(&tenant.id).await?;
    let views: Vec<TickView> = ticks.into_iter().map(TickView::from).collect();
    let headers = ["role", "name", "pattern", "zone", "next", "last", "", "error"];
    output.list(&views, &headers, |tick| {
        vec![
            tick.role.to_string(),
            tick.name.clone(),
            tick.cron.clone().unwrap_or_default(),
            tick.time_zone.clone(),
            moment(tick.next_run),
            moment(tick.last_run),
            tick.last_status.map(|status| status.to_string()).unwrap_or_default(),
            tick.last_error.clone().unwrap_or_default(),
        ]
    })
}

fn moment(moment: Option<Timestamp>) -> String {
    moment.map(|moment| moment.to_utc().format("%Y-%m-%d %H:%MZ").to_string()).unwrap_or_default()
}

async fn run_now(
    workspace: &Workspace,
    tenant: &str,
    role: Role,
    name: &str,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = workspace.tenant(tenant, None).await?;
    let database = &workspace.foundations.database;
    let ticks = database.list_ticks(&tenant.id).await?;
    let found: Option<&CronTick> = ticks.iter().find(|tick| tick.role == role && tick.name == name);
    let tick = found.ok_or_else(|| {
        anyhow::anyhow!("{} has no tick {role} {name}; see `troupe tick list {0}`", tenant.slug)
    })?;
    let is_new = ask(database, tick, &workspace.act()).await?;
    let said = if is_new { "will run at once" } else { "has been asked for already and has not ended yet" };
    output.result(&json!({ "role": role, "name": name, "is_new": is_new, "message": said }), || {
        format!("{role} {name} {said}")
    })
}

/// Shows how a tenant's accounts are.
pub(super) async fn health(tenant: &str, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let tenant = workspace.tenant(tenant, None).await?;
    let (database, now) = (&workspace.foundations.database, workspace.foundations.clock.now());
    let found = health_of(database, database, &tenant, &[], now).await?;
    output.result(&found, || {
        let mut text = match found.accounts.is_empty() {
            true => {
                format!("{0} has no account yet: `troupe account connect {0}` connects one\n", tenant.slug)
            }
            false => format!("{} is {}\n", tenant.slug, found.status),
        };
        for account in &found.accounts {
            text.push_str(&format!(
                "@{}: {} (token {}, webhooks {}, {} waiting, polled {})\n",
                account.username,
                account.status,
                account.token,
                account.webhooks,
                account.waiting,
                account.polled_at.map_or_else(|| "never".to_owned(), |at| moment(Some(at))),
            ));
        }
        for tick in &found.ticks_in_trouble {
            let error = tick.error.as_deref().unwrap_or_default();
            text.push_str(&format!("tick {} {}: {}: {error}\n", tick.role, tick.name, tick.status));
        }
        for forecast in found.forecasts.iter().filter(|forecast| forecast.runs_out_at.is_some()) {
            let end = moment(forecast.runs_out_at);
            text.push_str(&format!("{} of {} runs out at {end}\n", forecast.supply, forecast.of));
        }
        text.trim_end().to_owned()
    })?;
    workspace.close().await;
    let is_well = matches!(found.status, Standing::Fine | Standing::Unknown);
    Ok(if is_well { Finding::Fine } else { Finding::Trouble })
}
