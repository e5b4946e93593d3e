//! `troupe media`.
//!
//! Works on the library itself, beside a running node or without one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use bytes::Bytes;
use clap::Subcommand;
use futures::Stream;
use serde_json::{Value, json};
use tenants::account::Tenant;
use tenants::media::{MediaAsset, MediaFilter, MediaKind, MediaUse, Placement, problems};
use tenants::ports::{MediaLibrary, PageRequest};
use tokio::io::AsyncReadExt;

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::media::{Admitted, MediaPatch, NewMedia, checked_file_name};
use crate::settings::Settings;

/// What to do with a tenant's media.
#[derive(Debug, Subcommand)]
pub(super) enum MediaCommand {
    /// Add pictures and videos: JPEG, PNG, MP4 or MOV, told apart by their content.
    Add {
        /// Tenant (id or slug).
        tenant: String,
        /// Files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What blind people hear.
        #[arg(long)]
        alt_text: Option<String>,
        /// A word to find them by; may be given several times.
        #[arg(long = "tag")]
        tags: Vec<String>,
    },
    /// List media, newest first.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only image or video.
        #[arg(long)]
        kind: Option<MediaKind>,
        /// Only those with this tag.
        #[arg(long)]
        tag: Option<String>,
        /// Only those whose name or alternative text contains this.
        #[arg(long)]
        text: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show what is known of one: measures, where it can be published, who uses it.
    Show {
        /// Tenant (id or slug).
        tenant: String,
        /// Its id.
        media: String,
    },
    /// Delete one and its files.
    Delete {
        /// Tenant (id or slug).
        tenant: String,
        /// Its id.
        media: String,
    },
}

pub(super) async fn run(
    command: MediaCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let done = act(&workspace, command, output).await;
    workspace.close().await;
    done.map(|()| Finding::Fine)
}

async fn act(workspace: &Workspace, command: MediaCommand, output: Output) -> anyhow::Result<()> {
    let store = &workspace.foundations.database;
    match command {
        MediaCommand::Add { tenant, files, alt_text, tags } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let tags = (!tags.is_empty()).then_some(tags);
            let words = MediaPatch { file_name: None, alt_text, tags };
            words.check()?;
            for file in files {
                add(workspace, &tenant, &file, &words, output).await?;
            }
            Ok(())
        }
        MediaCommand::List { tenant, kind, tag, text, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let filter = MediaFilter { kind, tag: tag.map(|tag| tag.to_lowercase()), text, used: None };
            let assets =
                store.list_media(&tenant.id, &filter, PageRequest::first(limit.clamp(1, 1_000))).await?;
            let shown: Vec<Value> = assets.iter().map(document).collect();
            output.list(&shown, &["id", "kind", "size", "pixels", "seconds", "name"], row)
        }
        MediaCommand::Show { tenant, media } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let asset = find(workspace, &tenant, &media).await?;
            let uses = store.media_uses(&tenant.id, &[asset.id]).await?;
            let mut shown = document(&asset);
            shown["placements"] = placements(&asset);
            shown["used_by"] =
                uses.iter().map(|used| json!({ "id": used.by.to_string(), "holds": used.holds })).collect();
            output.result(&shown, || text_of(&asset, &uses))
        }
        MediaCommand::Delete { tenant, media } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let asset = find(workspace, &tenant, &media).await?;
            workspace.foundations.media.delete(&asset, "cli".to_owned()).await?;
            output.result(&json!({ "deleted": asset.id }), || format!("{} is deleted", asset.id))
        }
    }
}

async fn find(workspace: &Workspace, tenant: &Tenant, media: &str) -> anyhow::Result<MediaAsset> {
    let found = workspace.foundations.database.find_media(&tenant.id, media.parse()?).await?;
    found.with_context(|| format!("there is no {media}; see `troupe media list {}`", tenant.slug))
}

async fn add(
    workspace: &Workspace,
    tenant: &Tenant,
    path: &Path,
    words: &MediaPatch,
    output: Output,
) -> anyhow::Result<()> {
    let shown = path.display();
    let file = tokio::fs::File::open(path).await.with_context(|| format!("cannot read {shown}"))?;
    let bytes = file.metadata().await.with_context(|| format!("cannot read {shown}"))?.len();
    let name =
        path.file_name().with_context(|| format!("{shown} is no file"))?.to_string_lossy().into_owned();
    let new = NewMedia {
        tenant: tenant.id,
        by: "cli".to_owned(),
        file_name: checked_file_name(&name)?,
        words: words.clone(),
    };
    let progress = Progress { name: name.clone(), bytes, tenths: AtomicU64::new(0) };
    let admitted = workspace.foundations.media.receive(new, Some(bytes), pieces(file, &progress)).await;
    progress.end();
    let Admitted { asset, is_new } = admitted.with_context(|| format!("{shown} was not added"))?;
    let result = json!({ "media": document(&asset), "is_new": is_new, "placements": placements(&asset) });
    output.result(&result, || match is_new {
        true => format!("added {}", text_of(&asset, &[])),
        false => format!("{shown}: the library holds this content already as {}", asset.id),
    })
}

/// Tells on standard error how far a large file has come.
struct Progress {
    name: String,
    bytes: u64,
    /// Tenths that were told.
    tenths: AtomicU64,
}

impl Progress {
    /// Files that are taken in at once need no progress.
    const WORTH_TELLING: u64 = 16 << 20;

    fn tell(&self, received: u64) {
        let tenths = received * 10 / self.bytes.max(1);
        if self.bytes >= Self::WORTH_TELLING && self.tenths.swap(tenths, Ordering::Relaxed) != tenths {
            eprint!("\r{}: {} %", self.name, tenths * 10);
        }
    }

    fn end(&self) {
        if self.tenths.load(Ordering::Relaxed) > 0 {
            eprintln!();
        }
    }
}

fn pieces(
    file: tokio::fs::File,
    progress: &Progress,
) -> impl Stream<Item = std::io::Result<Bytes>> + use<'_> {
    const PIECE: usize = 256 << 10;
    futures::stream::try_unfold((file, 0u64), move |(mut file, received)| async move {
        let mut piece = bytes::BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        progress.tell(received + read as u64);
        Ok((read > 0).then(|| (piece.freeze(), (file, received + read as u64))))
    })
}

fn document(asset: &MediaAsset) -> Value {
    json!({
        "id": asset.id, "kind": asset.kind, "content_type": asset.content_type, "file_name": asset.file_name,
        "bytes": asset.bytes, "width": asset.width, "height": asset.height,
        "duration_ms": asset.duration.map(|duration| duration.as_millis() as u64), "video": asset.video,
        "publish_copy": asset.publish_copy, "alt_text": asset.alt_text, "tags": asset.tags,
        "sha256": asset.sha256, "created_at": asset.created_at,
    })
}

fn placements(asset: &MediaAsset) -> Value {
    let of = |place: &Placement| {
        let messages: Vec<String> =
            problems(asset, *place).into_iter().map(|problem| problem.message).collect();
        json!({ "placement": place, "fits": messages.is_empty(), "problems": messages })
    };
    Placement::ALL.iter().map(of).collect()
}

fn row(shown: &Value) -> Vec<String> {
    let text = |key: &str| shown[key].as_str().unwrap_or_default().to_owned();
    let seconds = shown["duration_ms"].as_u64().map(|millis| format!("{:.1}", millis as f64 / 1_000.0));
    vec![
        text("id"),
        text("kind"),
        shown["bytes"].to_string(),
        format!("{} × {}", shown["width"], shown["height"]),
        seconds.unwrap_or_default(),
        text("file_name"),
    ]
}

fn text_of(asset: &MediaAsset, uses: &[MediaUse]) -> String {
    let mut text = format!(
        "{}: {} {}, {} bytes, {} × {} pixels",
        asset.file_name, asset.content_type, asset.id, asset.bytes, asset.width, asset.height
    );
    if let Some(duration) = asset.duration {
        text.push_str(&format!(", {:.1} s", duration.as_secs_f64()));
    }
    for place in Placement::ALL {
        let found = problems(asset, *place);
        let said = if found.is_empty() { "\n  fits".to_owned() } else { "\n  does not fit".to_owned() };
        text.push_str(&format!("{said} as {}", place.as_str().replace('_', " ")));
        text.extend(found.iter().map(|problem| format!("\n    {}", problem.message)));
    }
    text.extend(uses.iter().map(|used| format!("\n  used by {} {}", used.by.kind, used.by)));
    text
}
