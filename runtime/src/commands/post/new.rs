//! New posts: one by one, and from a file.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use tenants::clock::Timestamp;
use tenants::ids::MediaId;
use tenants::ports::{Directory, UnitOfWork};
use tenants::post::{PostDraft, PostOptions, PostType};

use super::{Finding, Output, Workspace, show, sources};
use crate::posts::{Imported, NewPost, PostError, RowProblems, account_named, read_posts};
use crate::settings::Settings;

/// A new post.
#[derive(Debug, Args)]
pub(in crate::commands) struct NewPostArgs {
    /// Tenant (id or slug).
    tenant: String,
    /// image, carousel, reel or story.
    #[arg(long = "type", value_name = "TYPE")]
    post_type: PostType,
    /// A file of the media library by its id (`troupe media list`); several, in order, for a carousel.
    #[arg(long, required = true)]
    media: Vec<MediaId>,
    /// The caption.
    #[arg(long, default_value = "")]
    caption: String,
    /// Written below it once it is visible.
    #[arg(long)]
    first_comment: Option<String>,
    /// Reels: a picture of the media library that is the cover, by its id.
    #[arg(long, value_name = "MEDIA")]
    cover: Option<MediaId>,
    /// Reels: the moment of the video that is the cover, in milliseconds.
    #[arg(long, value_name = "MS")]
    thumb_offset_ms: Option<u64>,
    /// Reels: what the sound is called.
    #[arg(long, value_name = "NAME")]
    audio_name: Option<String>,
    /// When, such as 2026-03-29T09:30:00+02:00; a draft without.
    #[arg(long)]
    at: Option<Timestamp>,
    /// The account, by handle or id; the only one when left out.
    #[arg(long, default_value = "")]
    account: String,
    /// Schedule it although the same media were published or planned with nearly the same caption.
    #[arg(long)]
    allow_duplicates: bool,
}

/// A file with posts.
#[derive(Debug, Args)]
pub(in crate::commands) struct ImportArgs {
    /// Tenant (id or slug).
    tenant: String,
    /// CSV: the first line names the columns type, media (ids, separated by spaces), and if wanted caption, scheduled_at,
    /// first_comment, account, and for reels cover_media, thumb_offset_ms, audio_name.
    file: PathBuf,
    /// Only look: nothing is stored.
    #[arg(long)]
    dry_run: bool,
    /// Schedule posts although the same media were published or planned with nearly the same caption.
    #[arg(long)]
    allow_duplicates: bool,
}

pub(super) async fn create(
    workspace: &Workspace,
    settings: &Settings,
    args: NewPostArgs,
    output: Output,
) -> anyhow::Result<()> {
    let tenant = workspace.tenant(&args.tenant, None).await?;
    let database = &workspace.foundations.database;
    let accounts = database.list_accounts(&tenant.id).await?;
    let account = account_named(&args.account, &accounts);
    let account = account.map_err(|it| anyhow::anyhow!("{}: {}", it.field, it.problem))?;
    let draft = PostDraft {
        post_type: args.post_type,
        caption: args.caption,
        media: args.media,
        first_comment: args.first_comment,
        options: PostOptions {
            cover_media: args.cover,
            thumb_offset_ms: args.thumb_offset_ms,
            audio_name: args.audio_name,
            ..PostOptions::default()
        },
    };
    let gateway = workspace.foundations.gateway(settings)?;
    let looked = sources(workspace, &gateway).look_at(&tenant.id, &draft, None).await?;
    if let (Some(like), Some(_), false) = (looked.duplicates.first(), args.at, args.allow_duplicates) {
        return Err(PostError::Duplicate(like.id).into());
    }
    let policy = database.find_settings(&tenant.id).await?.unwrap_or_default().post_approval;
    let new = NewPost { account, draft, scheduled_at: args.at, recurrence: None };
    let edited = workspace.act().create_post(&tenant, policy, new, &looked)?;
    database.commit(edited.changes).await?;
    output.result(&edited.post, || show::text(&edited.post))
}

pub(super) async fn import(
    workspace: &Workspace,
    settings: &Settings,
    args: ImportArgs,
    output: Output,
) -> anyhow::Result<Finding> {
    let tenant = workspace.tenant(&args.tenant, None).await?;
    let shown = args.file.display();
    let csv = std::fs::read_to_string(&args.file).with_context(|| format!("cannot read {shown}"))?;
    let gateway = workspace.foundations.gateway(settings)?;
    let (act, sources) = (workspace.act(), sources(workspace, &gateway));
    let read = read_posts(&act, sources, &tenant, &csv, args.allow_duplicates).await?;
    let Imported { rows, problems, posts, changes } =
        read.map_err(|problem| anyhow::anyhow!("{shown} cannot be imported: {problem}"))?;
    let imported = problems.is_empty() && !args.dry_run && !posts.is_empty();
    if imported {
        workspace.foundations.database.commit(changes).await?;
    }
    let told: Vec<Value> = problems.iter().map(document).collect();
    let stored = if imported { posts.as_slice() } else { &[] };
    let result = json!({ "imported": imported, "rows": rows, "problems": told, "posts": stored });
    output.result(&result, || text(rows, imported, &problems))?;
    Ok(if problems.is_empty() { Finding::Fine } else { Finding::Trouble })
}

fn document(row: &RowProblems) -> Value {
    let problems: Vec<Value> =
        row.problems.iter().map(|it| json!({ "field": it.field, "problem": it.problem })).collect();
    json!({ "line": row.line, "problems": problems })
}

fn text(rows: usize, imported: bool, problems: &[RowProblems]) -> String {
    let mut lines = vec![match (imported, problems.len()) {
        (true, _) => format!("{rows} posts are imported"),
        (false, 0) => format!("{rows} rows are right; nothing is stored"),
        (false, wrong) => format!("{wrong} of {rows} rows are not right; nothing is stored"),
    }];
    for row in problems {
        let told = row.problems.iter().map(|it| format!("line {}: {}: {}", row.line, it.field, it.problem));
        lines.extend(told);
    }
    lines.join("\n")
}
