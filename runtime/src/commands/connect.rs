//! `troupe account connect`: a login of Meta, from the command line.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use actors::Ports;
use clap::Args;
use llm::OfflineProvider;
use tenants::account::LoginFlavour;
use tenants::connect::{ConnectAttempt, ConnectStatus};
use tenants::ids::{AccountId, AppId};

use super::Output;
use super::workspace::Workspace;
use crate::boot::{self, Places};
use crate::connecting::{Begun, Came, NewAttempt, begin, choose};
use crate::settings::Settings;

/// Time between two looks at the attempt.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What to connect.
#[derive(Debug, Args)]
pub(super) struct ConnectArgs {
    /// Tenant (id or slug).
    tenant: String,
    /// `instagram` or `facebook` login.
    #[arg(long)]
    flavour: Option<LoginFlavour>,
    /// The agency's own Meta app; the tenant's, the agency's or the installation's when left out.
    #[arg(long)]
    app: Option<AppId>,
    /// The account to connect again; another one is refused.
    #[arg(long)]
    account: Option<AccountId>,
    /// Of several accounts, take the one with this Instagram id or handle.
    #[arg(long, value_name = "ACCOUNT")]
    choose: Option<String>,
}

pub(super) async fn run(
    workspace: &Workspace,
    args: ConnectArgs,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = workspace.tenant(&args.tenant, None).await?;
    let ports = ports(workspace, settings)?;
    let new = NewAttempt { flavour: args.flavour, app: args.app, account: args.account };
    let public_url = settings.http.public_url(settings.http.listen);
    let Begun { attempt, authorise_url } = begin(&ports, &workspace.act(), &tenant, new, &public_url).await?;
    // Not on standard output: with --json that is for the result.
    eprintln!("Open this address in a browser and allow the access:\n\n  {authorise_url}\n");
    eprintln!("Waiting until {} for somebody to come back to {} …", attempt.expires_at, attempt.redirect_uri);
    let mut attempt = wait(&ports, attempt).await?;
    if attempt.status == ConnectStatus::Choosing {
        attempt = choose_one(&ports, attempt, args.choose.as_deref()).await?;
    }
    let told = attempt.message.clone().unwrap_or_default();
    anyhow::ensure!(attempt.status == ConnectStatus::Connected, "{told}");
    let shown = serde_json::json!({ "account": attempt.connected, "connect": attempt.id, "message": told });
    output.result(&shown, || {
        let account = attempt.connected.map(|account| account.to_string()).unwrap_or_default();
        format!("{account}  {told}")
    })
}

/// Until the running node has moved the attempt on.
async fn wait(ports: &Ports, begun: ConnectAttempt) -> anyhow::Result<ConnectAttempt> {
    loop {
        let found = ports.connections.find_attempt(&begun.tenant, &begun.id).await?;
        let attempt = found.unwrap_or_else(|| begun.clone());
        if !matches!(attempt.status, ConnectStatus::Waiting | ConnectStatus::Exchanging) {
            return Ok(attempt);
        }
        anyhow::ensure!(
            attempt.expires_at > ports.clock.now(),
            "nobody came back in time: check that a node runs (`troupe serve`) and that {} leads to it, and start again",
            attempt.redirect_uri
        );
        ports.clock.sleep(LOOK_EVERY).await;
    }
}

async fn choose_one(
    ports: &Ports,
    attempt: ConnectAttempt,
    wanted: Option<&str>,
) -> anyhow::Result<ConnectAttempt> {
    let name = match wanted {
        Some(wanted) => wanted.to_owned(),
        None => ask(&attempt)?,
    };
    let name = name.trim().trim_start_matches('@');
    let found = attempt.found.iter().find(|found| found.external_id == name || found.username == name);
    let external_id = found.map(|found| found.external_id.clone());
    let external_id = external_id.ok_or_else(|| anyhow::anyhow!("{name} is none of these: start again"))?;
    match choose(ports, attempt, &external_id).await? {
        Came::Connected { attempt, .. } => Ok(*attempt),
        Came::Failed(text) | Came::Unreachable(text) => anyhow::bail!(text),
        _ => anyhow::bail!("somebody else has ended this attempt: start again"),
    }
}

fn ask(attempt: &ConnectAttempt) -> anyhow::Result<String> {
    eprintln!("Several accounts were allowed:");
    for found in &attempt.found {
        let page = found.page_name.as_deref().map_or(String::new(), |page| format!("  (Page {page})"));
        eprintln!("  {}  @{}{page}", found.external_id, found.username);
    }
    eprint!("Which one (id or handle)? ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

/// What connecting needs. No model is asked and nothing is sent but to the logins.
fn ports(workspace: &Workspace, settings: &Settings) -> anyhow::Result<Ports> {
    let foundations = &workspace.foundations;
    let offline = OfflineProvider::new(foundations.clock.clone())?;
    boot::ports(foundations, settings, Arc::new(offline), Places::default())
}
