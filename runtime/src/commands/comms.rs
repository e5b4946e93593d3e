//! `troupe lead`, `troupe channel`, `troupe briefing`.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;
use tenants::audit::Chain;
use tenants::briefing::BriefingKind;
use tenants::lead::{LeadField, LeadStage};
use tenants::notice::NotificationStatus;
use tenants::ports::{Briefings, Courier, Leads, Notices, NotificationFilter, PageRequest};

use super::workspace::Workspace;
use super::{Finding, Output, one_line};
use crate::boot::couriers;
use crate::leads::{header_line, rows};
use crate::settings::Settings;

/// Rows read at a time.
const AT_ONCE: u32 = 500;

/// What to do with leads.
#[derive(Debug, Subcommand)]
pub(super) enum LeadCommand {
    /// List the leads of a tenant, newest first.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only this stage.
        #[arg(long)]
        stage: Option<LeadStage>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Print the leads of a tenant as CSV.
    Export {
        /// Tenant (id or slug).
        tenant: String,
        /// Only this stage.
        #[arg(long)]
        stage: Option<LeadStage>,
    },
}

/// Whose channels are meant.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// Tenant (id or slug); left out, the channels of the agency itself, for all its tenants.
    tenant: Option<String>,
    /// Agency id; may be left out when there is only one.
    #[arg(long)]
    agency: Option<String>,
}

impl Whose {
    async fn chain(&self, workspace: &Workspace) -> anyhow::Result<Chain> {
        let agency = self.agency.as_deref();
        Ok(match &self.tenant {
            Some(tenant) => Chain::Tenant(workspace.tenant(tenant, agency).await?.id),
            None => Chain::Agency(workspace.agency(agency).await?.id),
        })
    }
}

/// What to do with channels.
#[derive(Debug, Subcommand)]
pub(super) enum ChannelCommand {
    /// List the channels of a tenant, or of an agency.
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Send a test message through a channel, and tell what came of it.
    Test {
        /// Channel id.
        channel: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// List what went through the channels of a tenant, or of an agency, newest first.
    Log {
        #[command(flatten)]
        whose: Whose,
        /// Only this status.
        #[arg(long)]
        status: Option<NotificationStatus>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
}

/// What to do with briefings.
#[derive(Debug, Subcommand)]
pub(super) enum BriefingCommand {
    /// List the briefings of a tenant, newest first.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only of days or only of weeks.
        #[arg(long)]
        kind: Option<BriefingKind>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Print a briefing; the newest one when none is named.
    Show {
        /// Tenant (id or slug).
        tenant: String,
        /// Briefing id.
        briefing: Option<String>,
    },
}

pub(super) async fn lead(
    command: LeadCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let store = &workspace.foundations.database;
    match command {
        LeadCommand::List { tenant, stage, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let leads =
                store.list_leads(&tenant.id, stage, PageRequest::first(limit.clamp(1, 1_000))).await?;
            output.list(&leads, &["id", "stage", "score", "who", "contact", "need"], |lead| {
                let contact = lead.value(LeadField::Email).or(lead.value(LeadField::Phone));
                let need = lead.value(LeadField::Need).unwrap_or_default();
                vec![
                    lead.id.to_string(),
                    lead.stage.to_string(),
                    lead.score().to_string(),
                    lead.display_name(),
                    contact.unwrap_or_default().to_owned(),
                    one_line(need, 60),
                ]
            })?;
        }
        LeadCommand::Export { tenant, stage } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let mut out = std::io::stdout().lock();
            out.write_all(&header_line()?)?;
            let mut page = PageRequest::first(AT_ONCE);
            loop {
                let leads = store.list_leads(&tenant.id, stage, page).await?;
                out.write_all(&rows(&leads)?)?;
                match leads.last() {
                    Some(last) if leads.len() == AT_ONCE as usize => page.before = Some(last.id.0),
                    _ => break,
                }
            }
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

pub(super) async fn channel(
    command: ChannelCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let store = &workspace.foundations.database;
    let mut finding = Finding::Fine;
    match command {
        ChannelCommand::List { whose } => {
            let channels = store.list_channels(&whose.chain(&workspace).await?).await?;
            let shown: Vec<_> = channels
                .iter()
                .map(|it| json!({ "id": it.id, "setup": it.setup, "failures": it.failures }))
                .collect();
            output.list(&shown, &["id", "name", "kind", "to", "failures"], |it| {
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                vec![
                    text(&it["id"]),
                    text(&it["setup"]["name"]),
                    text(&it["setup"]["kind"]),
                    it["setup"]["to"].to_string(),
                    it["failures"].to_string(),
                ]
            })?;
        }
        ChannelCommand::Test { channel, whose } => {
            let chain = whose.chain(&workspace).await?;
            let found = store.find_channel(&chain, &channel.parse()?).await?;
            let found = found.ok_or_else(|| {
                anyhow::anyhow!(
                    "there is no channel {channel} there; `troupe channel list` shows those of an agency, \
                     `troupe channel list TENANT` those of a tenant"
                )
            })?;
            let foundations = &workspace.foundations;
            let secret = store.channel_secret(&found.id).await?;
            let letter = actors::notices::test_letter(&found, &foundations.ids, foundations.clock.now());
            let said = couriers(foundations, &settings)?.deliver(&found, secret.as_ref(), &letter).await;
            let error = said.err().map(|error| error.to_string());
            if error.is_some() {
                finding = Finding::Trouble;
            }
            output.result(&json!({ "taken": error.is_none(), "error": error }), || match &error {
                None => "the message was taken".to_owned(),
                Some(error) => format!("the message was not taken: {error}"),
            })?;
        }
        ChannelCommand::Log { whose, status, limit } => {
            let chain = whose.chain(&workspace).await?;
            let filter = NotificationFilter { status, ..NotificationFilter::default() };
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let found = store.list_notifications(&chain, &filter, page).await?;
            let shown: Vec<_> = found
                .iter()
                .map(|it| {
                    json!({ "id": it.id, "channel": it.channel, "kind": it.kind, "status": it.status,
                        "tries": it.tries, "subject": it.subject, "error": it.error, "at": it.created_at })
                })
                .collect();
            output.list(&shown, &["at", "kind", "status", "tries", "subject", "error"], |it| {
                ["at", "kind", "status", "tries", "subject", "error"]
                    .map(|key| it[key].as_str().map_or_else(|| it[key].to_string(), str::to_owned))
                    .to_vec()
            })?;
        }
    }
    workspace.close().await;
    Ok(finding)
}

pub(super) async fn briefing(
    command: BriefingCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let store = &workspace.foundations.database;
    match command {
        BriefingCommand::List { tenant, kind, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let found = store.list_briefings(&tenant.id, kind, page).await?;
            let shown: Vec<_> = found
                .iter()
                .map(|it| json!({ "id": it.id, "kind": it.kind, "until": it.until, "subject": it.subject }))
                .collect();
            output.list(&shown, &["id", "kind", "until", "subject"], |it| {
                ["id", "kind", "until", "subject"]
                    .map(|key| it[key].as_str().unwrap_or_default().to_owned())
                    .to_vec()
            })?;
        }
        BriefingCommand::Show { tenant, briefing } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let found = match briefing {
                Some(briefing) => store.find_briefing(&tenant.id, &briefing.parse()?).await?,
                None => store.list_briefings(&tenant.id, None, PageRequest::first(1)).await?.pop(),
            };
            let found = found.ok_or_else(|| {
                anyhow::anyhow!("there is no such briefing; see `troupe briefing list {}`", tenant.slug)
            })?;
            output.result(&found.data, || found.text.clone())?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}
