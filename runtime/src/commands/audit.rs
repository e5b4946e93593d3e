//! `troupe audit`.

use clap::Subcommand;
use serde_json::json;
use tenants::audit::{Chain, ChainVerdict};
use tenants::ports::{AuditFilter, AuditLog, Directory};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::settings::Settings;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check every hash chain, or one tenant's; ends with code 3 when a row was altered, added or removed.
    Verify {
        /// Only this tenant (id or slug).
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Print the newest entries of a tenant.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only this event type, or all that begin with it when it ends in a dot.
        #[arg(long)]
        event_type: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
}

pub(super) async fn run(
    command: AuditCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let finding = match command {
        AuditCommand::Verify { tenant } => verify(&workspace, tenant.as_deref(), output).await?,
        AuditCommand::List { tenant, event_type, limit } => {
            list(&workspace, &tenant, event_type, limit, output).await?;
            Finding::Fine
        }
    };
    workspace.close().await;
    Ok(finding)
}

async fn verify(workspace: &Workspace, tenant: Option<&str>, output: Output) -> anyhow::Result<Finding> {
    let database = &workspace.foundations.database;
    let chains = match tenant {
        Some(name) => vec![Chain::Tenant(workspace.tenant(name, None).await?.id)],
        None => database.audit_chains().await?,
    };
    let mut rows = Vec::new();
    let mut finding = Finding::Fine;
    for chain in expected_chains(workspace, tenant.is_some(), &chains).await? {
        let verdict = if chains.contains(&chain) {
            database.verify_chain(&chain).await?
        } else {
            ChainVerdict::Broken { seq: 1, problem: "the whole chain is missing".to_owned() }
        };
        if matches!(verdict, ChainVerdict::Broken { .. }) {
            finding = Finding::Trouble;
        }
        rows.push(json!({ "chain": chain_name(&chain), "verdict": verdict }));
    }
    output.list(&rows, &["chain", "verdict"], |row| {
        let verdict = &row["verdict"];
        let text = match verdict["verdict"].as_str() {
            Some("intact") => format!("intact, {} entries", verdict["entries"]),
            _ => format!(
                "BROKEN at entry {}: {}",
                verdict["seq"],
                verdict["problem"].as_str().unwrap_or_default()
            ),
        };
        vec![row["chain"].as_str().unwrap_or_default().to_owned(), text]
    })?;
    Ok(finding)
}

/// The chains there are, and those there must be: whoever was made has at least the entry that says so.
async fn expected_chains(
    workspace: &Workspace,
    only_these: bool,
    found: &[Chain],
) -> anyhow::Result<Vec<Chain>> {
    let mut chains = found.to_vec();
    if only_these {
        return Ok(chains);
    }
    for agency in workspace.foundations.database.list_agencies().await? {
        let tenants = workspace.tenants(&agency).await?;
        chains.push(Chain::Agency(agency.id));
        chains.extend(tenants.iter().map(|tenant| Chain::Tenant(tenant.id)));
    }
    chains.sort();
    chains.dedup();
    Ok(chains)
}

fn chain_name(chain: &Chain) -> String {
    match chain {
        Chain::Tenant(tenant) => tenant.to_string(),
        Chain::Agency(agency) => agency.to_string(),
    }
}

async fn list(
    workspace: &Workspace,
    tenant: &str,
    event_type: Option<String>,
    limit: u32,
    output: Output,
) -> anyhow::Result<()> {
    let chain = Chain::Tenant(workspace.tenant(tenant, None).await?.id);
    let filter = AuditFilter { event_type, ..AuditFilter::default() };
    let entries =
        workspace.foundations.database.list_audit(&chain, &filter, None, limit.clamp(1, 1_000)).await?;
    output.list(&entries, &["seq", "at", "actor", "event", "resource", "why"], |entry| {
        let why = entry.error.clone().or_else(|| entry.details.value()["reason"].as_str().map(str::to_owned));
        vec![
            entry.seq.to_string(),
            entry.at.to_string(),
            entry.actor.clone(),
            entry.event_type.clone(),
            entry.resource_id.clone(),
            why.unwrap_or_default(),
        ]
    })
}
