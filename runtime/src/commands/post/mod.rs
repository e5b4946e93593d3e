//! `troupe post`.

mod new;
mod show;

use clap::Subcommand;
use instagram::Gateway;
use serde_json::json;
use tenants::account::Tenant;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::ports::{PageRequest, PostFilter, Posts, UnitOfWork};
use tenants::post::{Approver, Post, PostState};

use self::new::{ImportArgs, NewPostArgs};
use super::workspace::Workspace;
use super::{Finding, Output};
use crate::posts::{Edited, Looked, PostSources, Seen, look_up, lost_answer};
use crate::settings::Settings;

/// What to do with posts.
#[derive(Debug, Subcommand)]
pub(super) enum PostCommand {
    /// List posts of a tenant, newest first.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only this state.
        #[arg(long)]
        state: Option<PostState>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show a post: what it says, where it stands, what was said about it.
    Show {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
    },
    /// Create a post. With --at it is checked and scheduled; without, it is a draft.
    Create(NewPostArgs),
    /// Import posts from a CSV file: all rows, or none with the problems of all of them.
    Import(ImportArgs),
    /// Show what was tried for a post.
    Logs {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
    },
    /// Move a post to another moment, or schedule a draft.
    Schedule {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
        /// When, such as 2026-03-29T09:30:00+02:00.
        at: Timestamp,
    },
    /// Publish a post now; a running node does it within seconds.
    Publish {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
    },
    /// Try a failed post again.
    Retry {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
    },
    /// Call a post off.
    Cancel {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
    },
    /// Say whether a post is up of which Instagram does not tell it. Look at the account first.
    Settle {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
        /// It is up: Instagram's id of it, or its address.
        #[arg(
            long,
            value_name = "ID_OR_ADDRESS",
            required_unless_present = "not_up",
            conflicts_with = "not_up"
        )]
        up: Option<String>,
        /// It is not up, and shall be tried again.
        #[arg(long)]
        not_up: bool,
    },
    /// Approve a post for the agency.
    Approve {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
    },
    /// Reject a post: it is not published.
    Reject {
        /// Tenant (id or slug).
        tenant: String,
        /// Post id.
        post: String,
        /// Why.
        #[arg(long)]
        comment: Option<String>,
    },
}

/// What is done to one post.
enum Act {
    Schedule(Timestamp),
    Publish,
    Retry,
    Cancel,
    Judge(bool, Option<String>),
    Settle(Seen),
}

pub(super) async fn run(command: PostCommand, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    match command {
        PostCommand::List { tenant, state, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            list(&workspace, &tenant, state, limit, output).await?;
        }
        PostCommand::Show { tenant, post } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let mut post = find(&workspace, &tenant, &post).await?;
            if let Some(told) = lost_answer(&workspace.foundations.database, &post).await? {
                post.progress.waits_for = Some(told);
            }
            output.result(&post, || show::text(&post))?;
        }
        PostCommand::Create(args) => new::create(&workspace, &settings, args, output).await?,
        PostCommand::Import(args) => {
            let finding = new::import(&workspace, &settings, args, output).await?;
            workspace.close().await;
            return Ok(finding);
        }
        PostCommand::Logs { tenant, post } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let post = find(&workspace, &tenant, &post).await?;
            let logs = workspace.foundations.database.job_logs(&tenant.id, &post.id).await?;
            output.list(&logs, &["at", "attempt", "step", "status", "message"], |log| {
                let round = log.round.to_string();
                vec![log.at.to_string(), round, log.step.clone(), log.status.clone(), log.message.clone()]
            })?;
        }
        PostCommand::Schedule { tenant, post, at } => {
            act_on(&workspace, &settings, (&tenant, &post), Act::Schedule(at), output).await?;
        }
        PostCommand::Publish { tenant, post } => {
            act_on(&workspace, &settings, (&tenant, &post), Act::Publish, output).await?;
        }
        PostCommand::Retry { tenant, post } => {
            act_on(&workspace, &settings, (&tenant, &post), Act::Retry, output).await?;
        }
        PostCommand::Cancel { tenant, post } => {
            act_on(&workspace, &settings, (&tenant, &post), Act::Cancel, output).await?;
        }
        PostCommand::Settle { tenant, post, up, not_up: _ } => {
            let seen = up.map_or(Seen::NotUp, Seen::Up);
            act_on(&workspace, &settings, (&tenant, &post), Act::Settle(seen), output).await?;
        }
        PostCommand::Approve { tenant, post } => {
            act_on(&workspace, &settings, (&tenant, &post), Act::Judge(true, None), output).await?;
        }
        PostCommand::Reject { tenant, post, comment } => {
            act_on(&workspace, &settings, (&tenant, &post), Act::Judge(false, comment), output).await?;
        }
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

async fn list(
    workspace: &Workspace,
    tenant: &Tenant,
    state: Option<PostState>,
    limit: u32,
    output: Output,
) -> anyhow::Result<()> {
    let filter = PostFilter { state, ..PostFilter::default() };
    let page = PageRequest::first(limit.clamp(1, 1_000));
    let posts = workspace.foundations.database.list_posts(&tenant.id, &filter, page).await?;
    output.list(&posts, &["id", "type", "state", "scheduled", "permalink", "problem"], |post| {
        vec![
            post.id.to_string(),
            post.draft.post_type.to_string(),
            post.state.to_string(),
            post.scheduled_at.map(|at| at.to_string()).unwrap_or_default(),
            post.permalink.clone().unwrap_or_default(),
            post.error.clone().or_else(|| post.progress.waits_for.clone()).unwrap_or_default(),
        ]
    })
}

async fn find(workspace: &Workspace, tenant: &Tenant, post: &str) -> anyhow::Result<Post> {
    let found = workspace.foundations.database.find_post(&tenant.id, &post.parse()?).await?;
    found.ok_or_else(|| anyhow::anyhow!("there is no post {post}; see `troupe post list {}`", tenant.slug))
}

async fn act_on(
    workspace: &Workspace,
    settings: &Settings,
    (tenant, post): (&str, &str),
    what: Act,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = workspace.tenant(tenant, None).await?;
    let before = find(workspace, &tenant, post).await?;
    let database = &workspace.foundations.database;
    let act = workspace.act();
    let Edited { post, changes } = match what {
        Act::Schedule(at) => {
            act.schedule_post(&tenant, &before, at, &looked(workspace, settings, &before).await?)?
        }
        Act::Publish => act.publish_post_now(&before, &looked(workspace, settings, &before).await?)?,
        Act::Retry => act.retry_post(&before, &looked(workspace, settings, &before).await?)?,
        Act::Cancel => act.cancel_post(&before, &database.effects_of_post(&tenant.id, &before.id).await?)?,
        Act::Settle(seen) => {
            let gateway = workspace.foundations.gateway(settings)?;
            match look_up(sources(workspace, &gateway), &before, &seen).await? {
                Some(settlement) => act.settle_post(&before, settlement),
                None => Edited { changes: Changes::of_tenant(tenant.id), post: before },
            }
        }
        Act::Judge(approved, comment) => act.judge_post(&before, Approver::Internal, approved, comment)?,
    };
    if !changes.list.is_empty() {
        database.commit(changes).await?;
    }
    let said = format!("{} is {} now", post.id, post.state);
    output
        .result(&json!({ "post": post.id, "state": post.state, "scheduled_at": post.scheduled_at }), || said)
}

async fn looked(workspace: &Workspace, settings: &Settings, post: &Post) -> anyhow::Result<Looked> {
    let gateway = workspace.foundations.gateway(settings)?;
    Ok(sources(workspace, &gateway).look_at(&post.tenant, &post.draft, Some(post)).await?)
}

fn sources<'a>(workspace: &'a Workspace, gateway: &'a Gateway) -> PostSources<'a> {
    let database = &workspace.foundations.database;
    PostSources { store: database, posts: database, media: database, platform: gateway }
}
