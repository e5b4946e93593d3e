//! `troupe agency|tenant|account|key`.

use anyhow::Context;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;
use tenants::access::UserRole;
use tenants::account::{Account, AccountStatus, ApiKey, KeyScope, LoginFlavour, TenantStatus};
use tenants::ids::{AccountId, AgencyId};
use tenants::ports::{Directory, Messenger, UnitOfWork};
use tenants::settings::TenantSettings;

use super::workspace::Workspace;
use super::{Finding, Output, secret_from_stdin};
use crate::settings::Settings;

/// What to do with agencies.
#[derive(Debug, Subcommand)]
pub(super) enum AgencyCommand {
    /// Make an agency.
    Create {
        /// Its name.
        name: String,
    },
    /// List all agencies.
    List,
}

pub(super) async fn agency(
    command: AgencyCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let database = &workspace.foundations.database;
    match command {
        AgencyCommand::Create { name } => {
            let (agency, changes) = workspace.act().create_agency(&name)?;
            database.commit(changes).await?;
            output.result(&agency, || format!("{}  {}", agency.id, agency.name))?;
        }
        AgencyCommand::List => {
            let agencies = database.list_agencies().await?;
            output.list(&agencies, &["id", "name"], |agency| {
                vec![agency.id.to_string(), agency.name.clone()]
            })?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub(super) enum TenantCommand {
    /// Make a tenant with default settings.
    Create {
        /// Short name: lower-case letters, digits, hyphens.
        slug: String,
        /// Display name.
        name: String,
        /// IANA time zone.
        #[arg(long, default_value = "UTC")]
        time_zone: String,
        /// Agency id; may be left out when there is only one.
        #[arg(long)]
        agency: Option<String>,
    },
    /// List the tenants of an agency.
    List {
        /// Agency id; may be left out when there is only one.
        #[arg(long)]
        agency: Option<String>,
    },
    /// Stop deciding and sending for a tenant; its events are still stored.
    Suspend {
        /// Tenant (id or slug).
        tenant: String,
    },
    /// Go on after a suspension.
    Resume {
        /// Tenant (id or slug).
        tenant: String,
    },
}

pub(super) async fn tenant(
    command: TenantCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    match command {
        TenantCommand::Create { slug, name, time_zone, agency } => {
            let agency = workspace.agency(agency.as_deref()).await?;
            let defaults = TenantSettings::default();
            let (tenant, changes) =
                workspace.act().create_tenant(agency.id, &slug, &name, &time_zone, &defaults)?;
            workspace.foundations.database.commit(changes).await?;
            output.result(&tenant, || format!("{}  {}  {}", tenant.id, tenant.slug, tenant.name))?;
        }
        TenantCommand::List { agency } => {
            let agency = workspace.agency(agency.as_deref()).await?;
            let tenants = workspace.tenants(&agency).await?;
            output.list(&tenants, &["id", "slug", "name", "time zone", "status"], |tenant| {
                vec![
                    tenant.id.to_string(),
                    tenant.slug.clone(),
                    tenant.name.clone(),
                    tenant.time_zone.clone(),
                    tenant.status.to_string(),
                ]
            })?;
        }
        TenantCommand::Suspend { tenant } => {
            set_status(&workspace, &tenant, TenantStatus::Suspended, "tenant.suspended", output).await?;
        }
        TenantCommand::Resume { tenant } => {
            set_status(&workspace, &tenant, TenantStatus::Active, "tenant.resumed", output).await?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn set_status(
    workspace: &Workspace,
    name: &str,
    status: TenantStatus,
    event_type: &str,
    output: Output,
) -> anyhow::Result<()> {
    let mut tenant = workspace.tenant(name, None).await?;
    tenant.status = status;
    let changes = workspace.act().change_tenant(tenant.clone(), event_type)?;
    workspace.foundations.database.commit(changes).await?;
    output.result(&tenant, || format!("{} is {}", tenant.slug, tenant.status))
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Connect an account through Instagram Login or Facebook Login: prints the address of the consent page and waits
    /// until somebody comes back from it. A node must be running (`troupe serve`).
    Connect(super::connect::ConnectArgs),
    /// Connect an account with a token of your own, read from standard input.
    Add(AddArgs),
    /// List the accounts of a tenant.
    List {
        /// Tenant (id or slug).
        tenant: String,
    },
}

/// An account to connect.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Tenant (id or slug).
    tenant: String,
    /// Instagram's professional account id (17 digits), the one webhooks carry.
    #[arg(long)]
    external_id: String,
    /// Handle.
    #[arg(long)]
    username: String,
    /// `instagram` or `facebook` login.
    #[arg(long, default_value = "instagram")]
    flavour: LoginFlavour,
    /// App-scoped id of the account.
    #[arg(long)]
    scoped_id: Option<String>,
    /// Linked Facebook Page (facebook login only).
    #[arg(long, required_if_eq("flavour", "facebook"))]
    page_id: Option<String>,
    /// Do not ask Instagram whether the token is this account's.
    #[arg(long)]
    unchecked: bool,
}

pub(super) async fn account(
    command: AccountCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    match command {
        AccountCommand::Connect(args) => {
            super::connect::run(&workspace, args, &settings, output).await?;
        }
        AccountCommand::Add(args) => add(&workspace, args, &settings, output).await?,
        AccountCommand::List { tenant } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let accounts = workspace.foundations.database.list_accounts(&tenant.id).await?;
            output.list(&accounts, &["id", "username", "instagram id", "login", "status"], |account| {
                vec![
                    account.id.to_string(),
                    account.username.clone(),
                    account.external_id.clone(),
                    account.flavour.to_string(),
                    account.status.to_string(),
                ]
            })?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn add(
    workspace: &Workspace,
    args: AddArgs,
    settings: &Settings,
    output: Output,
) -> anyhow::Result<()> {
    let token = secret_from_stdin("access token")?;
    let tenant = workspace.tenant(&args.tenant, None).await?;
    let act = workspace.act();
    let known = workspace.foundations.database.list_accounts(&tenant.id).await?;
    let known = known.into_iter().find(|account| account.external_id == args.external_id);
    let account = Account {
        id: known.as_ref().map_or_else(|| AccountId::new(act.ids), |account| account.id),
        tenant: tenant.id,
        external_id: args.external_id,
        scoped_id: args.scoped_id,
        page_id: args.page_id,
        username: args.username.trim_start_matches('@').to_owned(),
        flavour: args.flavour,
        app: None,
        status: AccountStatus::Active,
        token_expires_at: None,
        created_at: known.map_or(act.at, |account| account.created_at),
    };
    let sealed = workspace.foundations.vault.seal_token(&tenant.id, &account.id, token.inner())?;
    if !args.unchecked {
        workspace.foundations.gateway(settings)?.check_token(&account, &sealed).await.context(
            "Instagram does not confirm that the token is this account's; --unchecked connects it all the same",
        )?;
    }
    workspace
        .foundations
        .database
        .commit(act.put_account(account.clone(), sealed, "account.connected"))
        .await?;
    output.result(&account, || format!("{}  @{} connected to {}", account.id, account.username, tenant.slug))
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key. It is printed once and cannot be shown again.
    Create(CreateKeyArgs),
    /// List the keys of an agency.
    List {
        /// Agency id; may be left out when there is only one.
        #[arg(long)]
        agency: Option<String>,
        /// The keys of the whole installation instead.
        #[arg(long, conflicts_with = "agency")]
        installation: bool,
    },
    /// Withdraw a key.
    Revoke {
        /// Key id.
        key: String,
        /// Agency id; may be left out when there is only one.
        #[arg(long)]
        agency: Option<String>,
        /// The key is one of the whole installation.
        #[arg(long, conflicts_with = "agency")]
        installation: bool,
    },
}

/// A key to make.
#[derive(Debug, Args)]
pub(super) struct CreateKeyArgs {
    /// What it is for.
    name: String,
    /// Only for this tenant (id or slug).
    #[arg(long, conflicts_with = "installation")]
    tenant: Option<String>,
    /// For the whole installation: may create agencies.
    #[arg(long)]
    installation: bool,
    /// Agency id; may be left out when there is only one.
    #[arg(long)]
    agency: Option<String>,
    /// What it may do there: client, viewer, operator, manager or owner.
    #[arg(long, default_value = "owner")]
    role: UserRole,
    /// Days until it expires; never when left out.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    expires_days: Option<u32>,
}

pub(super) async fn key(command: KeyCommand, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    match command {
        KeyCommand::Create(args) => create_key(&workspace, args, output).await?,
        KeyCommand::List { agency, installation } => {
            let keys = keys_of(&workspace, agency.as_deref(), installation).await?;
            output.list(
                &keys,
                &["id", "name", "scope", "role", "expires", "revoked", "last used"],
                |key| {
                    let moment = |at: Option<tenants::clock::Timestamp>| {
                        at.map_or("-".to_owned(), |at| at.to_string())
                    };
                    let scope = match key.scope {
                        KeyScope::Installation => "installation".to_owned(),
                        KeyScope::Agency { agency } => agency.to_string(),
                        KeyScope::Tenant { tenant, .. } => tenant.to_string(),
                    };
                    let times = [key.expires_at, key.revoked_at, key.last_used_at].map(moment);
                    [vec![key.id.to_string(), key.name.clone(), scope, key.role.to_string()], times.to_vec()]
                        .concat()
                },
            )?;
        }
        KeyCommand::Revoke { key, agency, installation } => {
            let id = key.parse()?;
            let keys = keys_of(&workspace, agency.as_deref(), installation).await?;
            let known = keys.iter().find(|known| known.id == id);
            let known =
                known.ok_or_else(|| anyhow::anyhow!("there is no key {key}; see `troupe key list`"))?;
            workspace.foundations.database.commit(workspace.act().revoke_key(known)).await?;
            output.result(&json!({ "revoked": key }), || format!("{key} is withdrawn"))?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn keys_of(
    workspace: &Workspace,
    agency: Option<&str>,
    installation: bool,
) -> anyhow::Result<Vec<ApiKey>> {
    let owner = if installation { AgencyId::INSTALLATION } else { workspace.agency(agency).await?.id };
    Ok(workspace.foundations.database.list_keys(&owner).await?)
}

async fn create_key(workspace: &Workspace, args: CreateKeyArgs, output: Output) -> anyhow::Result<()> {
    let scope = if args.installation {
        KeyScope::Installation
    } else if let Some(name) = &args.tenant {
        let tenant = workspace.tenant(name, args.agency.as_deref()).await?;
        KeyScope::Tenant { agency: tenant.agency, tenant: tenant.id }
    } else {
        KeyScope::Agency { agency: workspace.agency(args.agency.as_deref()).await?.id }
    };
    let act = workspace.act();
    let days = |days: u32| act.at + std::time::Duration::from_secs(u64::from(days) * 86_400);
    let (key, text, changes) = act.create_key(&args.name, scope, args.role, args.expires_days.map(days))?;
    workspace.foundations.database.commit(changes).await?;
    let shown = json!({ "id": key.id, "name": key.name, "scope": key.scope, "role": key.role, "key": text.expose_secret() });
    output.result(&shown, || format!("{}\n{}\nKeep it: it is not shown again.", key.id, text.expose_secret()))
}
