//! `troupe webhook`.

use std::time::Duration;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;
use tenants::ids::{DeliveryId, TenantId, WebhookId};
use tenants::ports::{EventCourier, PageRequest, UnitOfWork, Webhooks};
use tenants::webhook::{DeliveryState, EventMessage, Webhook, WebhookSetup};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::boot::{addresses, couriers};
use crate::settings::Settings;
use crate::webhooks::MOST_WEBHOOKS;

/// Whose webhooks are meant.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// Agency id; may be left out when there is only one.
    #[arg(long)]
    agency: Option<String>,
}

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// List the webhooks of an agency.
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Make a webhook; its secret is printed this once.
    Create {
        /// What people call it.
        name: String,
        /// Where to send, with https://.
        url: String,
        /// What is told: types such as decision.made, groups such as decision.*, or *. May be repeated.
        #[arg(long = "event", required = true)]
        events: Vec<String>,
        /// Only what concerns this tenant (id or slug). May be repeated.
        #[arg(long = "tenant")]
        tenants: Vec<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Send a test event to a webhook, and tell what came of it.
    Test {
        /// Webhook id.
        webhook: WebhookId,
        #[command(flatten)]
        whose: Whose,
    },
    /// Give a webhook a new secret, which is printed this once; the old one signs beside it for a while.
    Rotate {
        /// Webhook id.
        webhook: WebhookId,
        /// Hours for which the old secret signs, too; 0 ends it at once.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=168))]
        overlap_hours: u32,
        #[command(flatten)]
        whose: Whose,
    },
    /// List what was sent to a webhook and what waits for it, newest first.
    Deliveries {
        /// Webhook id.
        webhook: WebhookId,
        #[command(flatten)]
        whose: Whose,
        /// Only this state.
        #[arg(long)]
        state: Option<DeliveryState>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
}

pub(super) async fn run(
    command: WebhookCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let finding = match command {
        WebhookCommand::List { whose } => list(&workspace, &whose, output).await?,
        WebhookCommand::Create { name, url, events, tenants, whose } => {
            let agency = workspace.agency(whose.agency.as_deref()).await?.id;
            let mut ids: Vec<TenantId> = Vec::new();
            for tenant in &tenants {
                ids.push(workspace.tenant(tenant, Some(&agency.to_string())).await?.id);
            }
            addresses(&settings).read(&url)?;
            let setup = WebhookSetup { name, url, events, tenants: ids };
            setup.validate()?;
            let store = &workspace.foundations.database;
            let present = store.list_webhooks(&agency).await?.len();
            anyhow::ensure!(
                present < MOST_WEBHOOKS,
                "the agency has {present} webhooks already: remove one of them"
            );
            let vault = &workspace.foundations.vault;
            let (webhook, secret, changes) = workspace.act().create_webhook(agency, setup, true, vault)?;
            store.commit(changes).await?;
            let (id, secret) = (webhook.id, secret.expose_secret());
            output.result(&json!({ "webhook": id, "secret": secret }), || {
                format!("{id}\nits secret, shown this once: {secret}")
            })?;
            Finding::Fine
        }
        WebhookCommand::Test { webhook, whose } => {
            let webhook = find(&workspace, &whose, webhook).await?;
            test(&workspace, &settings, &webhook, output).await?
        }
        WebhookCommand::Rotate { webhook, overlap_hours, whose } => {
            let webhook = find(&workspace, &whose, webhook).await?;
            let act = workspace.act();
            let until = act.at + Duration::from_secs(u64::from(overlap_hours) * 3_600);
            let (_, secret, changes) = act.rotate_webhook(&webhook, until, &workspace.foundations.vault)?;
            workspace.foundations.database.commit(changes).await?;
            let secret = secret.expose_secret();
            output.result(&json!({ "webhook": webhook.id, "secret": secret, "old_until": until }), || {
                format!(
                    "the new secret, shown this once: {secret}\nthe old one signs beside it until {until}"
                )
            })?;
            Finding::Fine
        }
        WebhookCommand::Deliveries { webhook, whose, state, limit } => {
            let webhook = find(&workspace, &whose, webhook).await?;
            deliveries(&workspace, &webhook, state, limit, output).await?
        }
    };
    workspace.close().await;
    Ok(finding)
}

async fn find(workspace: &Workspace, whose: &Whose, webhook: WebhookId) -> anyhow::Result<Webhook> {
    let agency = workspace.agency(whose.agency.as_deref()).await?.id;
    let found = workspace.foundations.database.find_webhook(&agency, &webhook).await?;
    found.ok_or_else(|| {
        anyhow::anyhow!("the agency has no webhook {webhook}; `troupe webhook list` shows those it has")
    })
}

async fn list(workspace: &Workspace, whose: &Whose, output: Output) -> anyhow::Result<Finding> {
    let agency = workspace.agency(whose.agency.as_deref()).await?.id;
    let webhooks = workspace.foundations.database.list_webhooks(&agency).await?;
    let shown: Vec<_> = webhooks
        .iter()
        .map(|it| {
            json!({ "id": it.id, "name": it.setup.name, "url": it.setup.url, "events": it.setup.events,
                "tenants": it.setup.tenants, "state": state_of(it) })
        })
        .collect();
    output.list(&shown, &["id", "name", "url", "events", "state"], |it| {
        ["id", "name", "url", "events", "state"]
            .map(|key| it[key].as_str().map_or_else(|| it[key].to_string(), str::to_owned))
            .to_vec()
    })?;
    Ok(Finding::Fine)
}

fn state_of(webhook: &Webhook) -> String {
    match webhook.disabled {
        None => "enabled".to_owned(),
        Some(disabled) => format!("disabled since {}: {}", disabled.since, disabled.reason),
    }
}

async fn test(
    workspace: &Workspace,
    settings: &Settings,
    webhook: &Webhook,
    output: Output,
) -> anyhow::Result<Finding> {
    let foundations = &workspace.foundations;
    let act = workspace.act();
    let secrets = foundations.database.webhook_secrets(&webhook.id, act.at).await?;
    let message = EventMessage::of_test(webhook, DeliveryId::new(act.ids), act.at);
    let answer = couriers(foundations, settings)?.send(webhook, &secrets, &message).await;
    foundations.database.commit(act.tested_webhook(webhook, answer.status, answer.error.as_deref())).await?;
    let told = json!({ "taken": answer.is_taken(), "status": answer.status, "error": answer.error,
        "response": answer.response });
    output.result(&told, || match &answer.error {
        None => "the event was taken".to_owned(),
        Some(error) => format!("the event was not taken: {error}"),
    })?;
    Ok(if answer.is_taken() { Finding::Fine } else { Finding::Trouble })
}

async fn deliveries(
    workspace: &Workspace,
    webhook: &Webhook,
    state: Option<DeliveryState>,
    limit: u32,
    output: Output,
) -> anyhow::Result<Finding> {
    let page = PageRequest::first(limit.clamp(1, 1_000));
    let store = &workspace.foundations.database;
    let found = store.list_deliveries(&webhook.agency, &webhook.id, state, page).await?;
    let shown: Vec<_> = found
        .iter()
        .map(|it| {
            json!({ "id": it.id, "at": it.happened_at, "event": it.event_type, "tenant": it.tenant,
                "state": it.state, "tries": it.tries, "status": it.last_status, "error": it.error })
        })
        .collect();
    let columns = ["id", "at", "event", "state", "tries", "status", "error"];
    output.list(&shown, &columns, |it| {
        columns
            .map(|key| match &it[key] {
                serde_json::Value::Null => String::new(),
                value => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            })
            .to_vec()
    })?;
    Ok(Finding::Fine)
}
