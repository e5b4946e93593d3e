//! `troupe memory`.
//!
//! Facts and answers are rows, so a running node finds what is written here within seconds. Its search indexes belong
//! to it alone: a search from the command line makes an index of its own, for as long as it takes.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;
use tenants::account::Tenant;
use tenants::memory::{MemoryFilter, MemoryItem, MemoryKind, Recall, Visibility};
use tenants::ports::{Leads, Memory, PageRequest, UnitOfWork};

use super::workspace::Workspace;
use super::{Finding, Output, one_line};
use crate::knowledge::{Format, Import, LineProblem, MAX_FILE, Reading, Tally, read, tally};
use crate::settings::Settings;

/// What to do with a tenant's memory.
#[derive(Debug, Subcommand)]
pub(super) enum MemoryCommand {
    /// Import brand facts and FAQs from text, Markdown or CSV files; each file wholly or not at all.
    Import {
        /// Tenant (id or slug).
        tenant: String,
        /// Files: `.txt`, `.md` or `.csv` with a header (text, or question and answer).
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Who may see them: customer or internal, where the file does not say so.
        #[arg(long, default_value_t = Visibility::Customer)]
        visibility: Visibility,
        /// Remove what an earlier import of a file of this name brought.
        #[arg(long)]
        replace: bool,
        /// Leave out lines that cannot be used, instead of importing nothing.
        #[arg(long)]
        skip_bad: bool,
    },
    /// Search as the people at the agency may, or as a reply to a customer would.
    Search {
        /// Tenant (id or slug).
        tenant: String,
        /// What it is about.
        text: String,
        /// Only what could be said to a customer.
        #[arg(long)]
        as_customer: bool,
        /// At most this many.
        #[arg(long, default_value_t = 10)]
        limit: u32,
    },
    /// List items, newest first.
    List {
        /// Tenant (id or slug).
        tenant: String,
        /// Only this kind.
        #[arg(long)]
        kind: Option<MemoryKind>,
        /// Only about or from this person (Instagram's id).
        #[arg(long)]
        person: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Forget an item, or everything about a person.
    Forget {
        /// Tenant (id or slug).
        tenant: String,
        /// The item's id.
        #[arg(required_unless_present = "person", conflicts_with = "person")]
        item: Option<String>,
        /// Instagram's id of the person.
        #[arg(long)]
        person: Option<String>,
    },
    /// Tell how much a tenant remembers.
    Stats {
        /// Tenant (id or slug).
        tenant: String,
    },
}

pub(super) async fn run(
    command: MemoryCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let done = act(&workspace, command, output).await;
    workspace.close().await;
    done.map(|()| Finding::Fine)
}

async fn act(workspace: &Workspace, command: MemoryCommand, output: Output) -> anyhow::Result<()> {
    match command {
        MemoryCommand::Import { tenant, files, visibility, replace, skip_bad } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let mut imported = Vec::new();
            let done = import_files(
                workspace,
                &tenant,
                (files.as_slice(), visibility, replace, skip_bad),
                &mut imported,
            )
            .await;
            // What was taken in before a file that was not is told, too.
            if !imported.is_empty() {
                output
                    .result(&imported, || imported.iter().map(shown_import).collect::<Vec<_>>().join("\n"))?;
            }
            done
        }
        MemoryCommand::Search { tenant, text, as_customer, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let recall = Recall {
                visibility: if as_customer { Visibility::Customer } else { Visibility::Internal },
                limit: limit.clamp(1, 100) as usize,
                ..Recall::for_operator(text, workspace.foundations.clock.now())
            };
            let found = workspace.foundations.memory.recall(&tenant.id, &recall).await?;
            output.list(&found, &["score", "kind", "visibility", "text"], |it| {
                let item = &it.item;
                vec![
                    format!("{:.3}", it.score),
                    item.kind.to_string(),
                    item.visibility.to_string(),
                    shown(item),
                ]
            })
        }
        MemoryCommand::List { tenant, kind, person, limit } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            let filter = MemoryFilter { kind, person, ..MemoryFilter::default() };
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let items = workspace.foundations.memory.list(&tenant.id, &filter, page).await?;
            output.list(&items, &["id", "kind", "visibility", "source", "text"], |item| {
                let (kind, visibility) = (item.kind.to_string(), item.visibility.to_string());
                vec![item.id.to_string(), kind, visibility, item.source.clone(), shown(item)]
            })
        }
        MemoryCommand::Forget { tenant, item: Some(item), .. } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            forget_item(workspace, &tenant, &item, output).await
        }
        MemoryCommand::Forget { tenant, item: None, person } => {
            let tenant = workspace.tenant(&tenant, None).await?;
            forget_person(workspace, &tenant, &person.unwrap_or_default(), output).await
        }
        MemoryCommand::Stats { tenant } => stats(workspace, &tenant, output).await,
    }
}

fn name_of(file: &std::path::Path) -> anyhow::Result<String> {
    let name = file.file_name().with_context(|| format!("{} is no file", file.display()))?;
    Ok(name.to_string_lossy().into_owned())
}

/// What came of a file.
#[derive(Debug, Serialize)]
struct ImportedFile {
    file: String,
    imported: usize,
    #[serde(flatten)]
    tally: Tally,
    skipped: Vec<LineProblem>,
}

fn shown_import(done: &ImportedFile) -> String {
    let Tally { new, unchanged, removed } = done.tally;
    let left_out: String = done.skipped.iter().map(|problem| format!("\n  left out: {problem}")).collect();
    let gone = if removed > 0 { format!(", {removed} removed") } else { String::new() };
    format!("{}: {new} new, {unchanged} unchanged{gone}{left_out}", done.file)
}

async fn import_files(
    workspace: &Workspace,
    tenant: &Tenant,
    (files, visibility, replace, skip_bad): (&[PathBuf], Visibility, bool, bool),
    imported: &mut Vec<ImportedFile>,
) -> anyhow::Result<()> {
    for file in files {
        let import = Import { name: name_of(file)?, visibility, replace };
        imported.push(import_file(workspace, tenant, file, &import, skip_bad).await?);
    }
    Ok(())
}

async fn import_file(
    workspace: &Workspace,
    tenant: &Tenant,
    file: &std::path::Path,
    import: &Import,
    skip_bad: bool,
) -> anyhow::Result<ImportedFile> {
    let shown = file.display();
    let format = Format::of_file_name(&import.name)
        .with_context(|| format!("{shown}: the kind of file is not known; name it .txt, .md or .csv"))?;
    let size = std::fs::metadata(file).with_context(|| format!("cannot read {shown}"))?.len();
    anyhow::ensure!(
        size <= MAX_FILE as u64,
        "{shown} has {size} bytes, allowed are {MAX_FILE}: cut it into several"
    );
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {shown}"))?;
    let Reading { entries, problems } =
        read(format, &bytes).with_context(|| format!("{shown} cannot be imported"))?;
    if !problems.is_empty() && !skip_bad {
        let lines: Vec<String> = problems.iter().map(|problem| format!("{shown}, {problem}")).collect();
        anyhow::bail!(
            "nothing was imported: correct these lines, or leave them out with --skip-bad\n  {}",
            lines.join("\n  ")
        );
    }
    let memory = &workspace.foundations.memory;
    let limit = memory.stats(&tenant.id).await?.limit;
    let changes = workspace.act().import(tenant.id, import, &entries, limit);
    let tally = tally(memory, &tenant.id, import, &changes).await?;
    workspace.foundations.database.commit(changes).await?;
    Ok(ImportedFile { file: import.name.clone(), imported: entries.len(), tally, skipped: problems })
}

async fn forget_item(
    workspace: &Workspace,
    tenant: &Tenant,
    item: &str,
    output: Output,
) -> anyhow::Result<()> {
    let found = workspace.foundations.memory.find(&tenant.id, &item.parse()?).await?;
    let found = found
        .with_context(|| format!("there is no item {item}; see `troupe memory list {}`", tenant.slug))?;
    workspace.foundations.database.commit(workspace.act().forget_item(&found)).await?;
    output.result(&json!({ "forgotten": item }), || format!("{item} is forgotten"))
}

async fn forget_person(
    workspace: &Workspace,
    tenant: &Tenant,
    person: &str,
    output: Output,
) -> anyhow::Result<()> {
    let is_known = workspace.foundations.database.knows_person(&tenant.id, person).await?;
    anyhow::ensure!(is_known, "nothing is known of {person}: give Instagram's id of the person");
    workspace.foundations.database.commit(workspace.act().forget_person(tenant.id, person)).await?;
    let index = workspace.erase_from_index(&tenant.id).await?;
    output.result(&json!({ "forgotten": person, "index": index }), || {
        format!("everything about {person} is forgotten; {index}")
    })
}

async fn stats(workspace: &Workspace, tenant: &str, output: Output) -> anyhow::Result<()> {
    let tenant = workspace.tenant(tenant, None).await?;
    let stats = workspace.foundations.memory.stats(&tenant.id).await?;
    let kinds: serde_json::Map<String, serde_json::Value> =
        stats.items.iter().map(|(kind, items)| (kind.to_string(), json!(items))).collect();
    let result =
        json!({ "items": stats.total(), "kinds": kinds, "bytes": stats.bytes, "limit": stats.limit });
    output.result(&result, || {
        let kinds: String = stats.items.iter().map(|(kind, items)| format!("\n  {kind}: {items}")).collect();
        format!("{} items of at most {}, {} bytes{kinds}", stats.total(), stats.limit, stats.bytes)
    })
}

/// One line of an item.
fn shown(item: &MemoryItem) -> String {
    one_line(&item.as_fact().split_whitespace().collect::<Vec<_>>().join(" "), 80)
}
