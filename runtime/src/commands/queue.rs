//! `troupe queue`.

use clap::Subcommand;
use serde_json::json;
use tenants::effect::EffectState;
use tenants::ports::{EffectFilter, Outbox, PageRequest, UnitOfWork};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::settings::Settings;

/// What to do with the queue.
#[derive(Debug, Subcommand)]
pub(super) enum QueueCommand {
    /// Count the effects by action and state.
    Status {
        /// Only this tenant (id or slug).
        #[arg(long)]
        tenant: Option<String>,
    },
    /// List effects of a tenant, newest first.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only this state.
        #[arg(long)]
        state: Option<EffectState>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Try a dead letter again.
    Retry {
        /// Tenant (id or slug).
        tenant: String,
        /// Effect id.
        effect: String,
    },
    /// Call a waiting effect off.
    Cancel {
        /// Tenant (id or slug).
        tenant: String,
        /// Effect id.
        effect: String,
    },
}

pub(super) async fn run(
    command: QueueCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    match command {
        QueueCommand::Status { tenant } => status(&workspace, tenant.as_deref(), output).await?,
        QueueCommand::List { tenant, state, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let filter = EffectFilter { state, ..EffectFilter::default() };
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let effects = workspace.foundations.database.list_effects(&tenant.id, &filter, page).await?;
            output.list(&effects, &["id", "action", "state", "tries", "next", "error"], |effect| {
                vec![
                    effect.id.to_string(),
                    effect.action.action_type().to_string(),
                    effect.state.to_string(),
                    effect.retry_count.to_string(),
                    effect.next_retry_at.to_string(),
                    effect
                        .error
                        .clone()
                        .or_else(|| effect.skip_reason.map(|why| why.to_string()))
                        .unwrap_or_default(),
                ]
            })?;
        }
        QueueCommand::Retry { tenant, effect } => {
            act_on(&workspace, &tenant, &effect, Act::Retry, output).await?
        }
        QueueCommand::Cancel { tenant, effect } => {
            act_on(&workspace, &tenant, &effect, Act::Cancel, output).await?
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn status(workspace: &Workspace, tenant: Option<&str>, output: Output) -> anyhow::Result<()> {
    let tenant = match tenant {
        Some(name) => Some(workspace.tenant(name, None).await?.id),
        None => None,
    };
    let counts = workspace.foundations.database.effect_counts(tenant.as_ref()).await?;
    output.list(&counts, &["action", "state", "count"], |count| {
        vec![count.action_type.to_string(), count.state.to_string(), count.count.to_string()]
    })
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Retry,
    Cancel,
}

async fn act_on(
    workspace: &Workspace,
    tenant: &str,
    effect: &str,
    act: Act,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = workspace.tenant(tenant, None).await?;
    let database = &workspace.foundations.database;
    let found = database.find_effect(&tenant.id, &effect.parse()?).await?;
    let found = found.ok_or_else(|| {
        anyhow::anyhow!("there is no effect {effect}; see `troupe queue list {}`", tenant.slug)
    })?;
    let (ids, now) = (&workspace.foundations.ids, workspace.foundations.clock.now());
    let changes = match act {
        Act::Retry => actors::dispatcher::retry_from_dlq(&found, "cli", ids, now)?,
        Act::Cancel => actors::dispatcher::cancel(&found, "cli", ids, now)?,
    };
    database.commit(changes).await?;
    let said = match act {
        Act::Retry => "is queued again",
        Act::Cancel => "is called off",
    };
    output.result(&json!({ "effect": effect, "message": said }), || format!("{effect} {said}"))
}
