//! What people tell a tenant's memory: single items and whole files of facts and FAQs; the same for the HTTP API and
//! the command line.

mod csv_file;
mod erasing;
mod markdown;
mod plain;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tenants::changes::{Change, Changes};
use tenants::ids::{MemoryId, TenantId};
use tenants::intent::Language;
use tenants::memory::{Forgetting, MAX_NAME, MemoryFilter, MemoryItem, MemoryKind, Visibility};
use tenants::ports::{Memory, MemoryError, PageRequest};

use crate::administration::Act;
pub use erasing::erase_from_index;

/// Largest file, in bytes.
pub const MAX_FILE: usize = 1 << 20;
/// Longest line of a file, in bytes: far more than the longest item takes.
pub const MAX_LINE: usize = 64 << 10;
/// Most items of one file.
pub const MAX_ITEMS: usize = 2_000;
/// Problems that are told; what is behind them shows when these are corrected.
const MAX_PROBLEMS: usize = 50;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Paragraphs, lists, `Q:` and `A:`.
    Text,
    /// Headings, paragraphs, lists, `Q:` and `A:`.
    Markdown,
    /// A header with `text`, or with `question` and `answer`; also `title`, `language`, `visibility`.
    Csv,
}

impl Format {
    /// By the content type of a request, without its parameters.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "text/plain" => Some(Self::Text),
            "text/markdown" | "text/x-markdown" => Some(Self::Markdown),
            "text/csv" => Some(Self::Csv),
            _ => None,
        }
    }

    /// By the name of a file.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
        extension.parse().ok()
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "txt" | "text" => Ok(Self::Text),
            "md" | "markdown" => Ok(Self::Markdown),
            "csv" => Ok(Self::Csv),
            _ => Err("use txt, md or csv".to_owned()),
        }
    }
}

/// One item of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it begins, from 1.
    pub line: usize,
    /// Its question or heading.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// Its language, if the file says so.
    pub language: Option<Language>,
    /// Who may see it, if the file says so.
    pub visibility: Option<Visibility>,
}

impl Entry {
    fn new(line: usize, title: Option<String>, text: impl Into<String>) -> Self {
        Self { line, title, text: text.into(), language: None, visibility: None }
    }
}

/// What is wrong with a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl LineProblem {
    fn new(line: usize, problem: impl Into<String>) -> Self {
        Self { line, problem: problem.into() }
    }
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What can be remembered.
    pub entries: Vec<Entry>,
    /// What cannot.
    pub problems: Vec<LineProblem>,
}

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is too large.
    #[error("the file has {0} bytes, allowed are {MAX_FILE}: cut it into several")]
    TooLarge(usize),
    /// It holds too much.
    #[error("the file holds {0} items, allowed are {MAX_ITEMS}: cut it into several")]
    TooMany(usize),
    /// It is not text.
    #[error("line {0} is not UTF-8 text: save the file as UTF-8")]
    NotText(usize),
    /// A line is too long to be text that people wrote.
    #[error(
        "line {0} has more than {MAX_LINE} bytes: put paragraphs, rows and list items on lines of their own"
    )]
    LongLine(usize),
    /// There is nothing in it.
    #[error("the file holds nothing that could be remembered")]
    Empty,
    /// A table without the columns that are needed.
    #[error("line 1: {0}")]
    Header(String),
}

/// Reads a file: every item with its line, and every line that cannot be used. Takes up to some tenths of a second for
/// the largest file: on a running node that belongs to the blocking pool.
///
/// # Errors
/// [`Unreadable`] when nothing of it can be used.
pub fn read(format: Format, bytes: &[u8]) -> Result<Reading, Unreadable> {
    if bytes.len() > MAX_FILE {
        return Err(Unreadable::TooLarge(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        Unreadable::NotText(before.iter().filter(|byte| **byte == b'\n').count() + 1)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(place) = text.lines().position(|line| line.len() > MAX_LINE) {
        return Err(Unreadable::LongLine(place + 1));
    }
    let found = match format {
        Format::Text => Reading { entries: plain::read(text), ..Reading::default() },
        Format::Markdown => Reading { entries: markdown::read(text), ..Reading::default() },
        Format::Csv => csv_file::read(text)?,
    };
    if found.entries.len() > MAX_ITEMS {
        return Err(Unreadable::TooMany(found.entries.len()));
    }
    let checked = check(found);
    if checked.entries.is_empty() && checked.problems.is_empty() {
        return Err(Unreadable::Empty);
    }
    Ok(checked)
}

/// Sorts out what cannot be remembered.
fn check(found: Reading) -> Reading {
    let mut checked = Reading { entries: Vec::new(), problems: found.problems };
    for mut entry in found.entries {
        entry.text = without_controls(&entry.text);
        entry.title = entry.title.map(|title| without_controls(&title)).filter(|title| !title.is_empty());
        let sample = MemoryItem::new(
            MemoryId(uuid::Uuid::nil()),
            TenantId(uuid::Uuid::nil()),
            MemoryKind::BrandFact,
            Visibility::Customer,
            entry.text.as_str(),
            "",
            tenants::clock::Timestamp::default(),
        );
        match sample.titled(entry.title.clone()).check() {
            Ok(()) => checked.entries.push(entry),
            Err(error) => {
                checked.problems.push(LineProblem::new(entry.line, format!("{error}: {}", advice(&entry))))
            }
        }
    }
    checked.problems.sort_by_key(|problem| problem.line);
    checked.problems.truncate(MAX_PROBLEMS);
    checked
}

/// What to do about an item that cannot be remembered.
fn advice(entry: &Entry) -> &'static str {
    match (entry.text.is_empty(), &entry.title) {
        (true, Some(_)) => "write what belongs to its question or heading, or remove that",
        (true, None) => "write something, or remove the line",
        (false, _) => "shorten it or cut it in two",
    }
}

/// The text without characters that nobody sees: controls, and those that turn the direction of what follows.
fn without_controls(text: &str) -> String {
    let is_hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{200b}')
    };
    text.chars().filter(|c| !is_hidden(*c)).collect::<String>().trim().to_owned()
}

/// How a file is taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The name of the file, as its items carry it.
    pub name: String,
    /// Who may see items for which the file does not say so.
    pub visibility: Visibility,
    /// Whether the items of an earlier import of this name go.
    pub replace: bool,
}

impl Import {
    /// The source that its items carry.
    pub fn source(&self) -> String {
        format!("import:{}", self.name).chars().take(MAX_NAME).collect()
    }
}

impl Act<'_> {
    /// Remembers one item, if a memory of at most `limit` facts (0: any number) has room for it.
    pub fn remember(&self, item: MemoryItem, limit: u64) -> Changes {
        let details = json!({ "kind": item.kind, "visibility": item.visibility, "source": item.source });
        let audit = self.audit("memory.added", ("memory", item.id.to_string()), details);
        let mut changes = Changes::of_tenant(item.tenant).with(Change::Remember(Box::new(item)));
        changes.list.extend(within(limit));
        changes.with(audit)
    }

    /// Takes in the items of a file, in one commit, if a memory of at most `limit` facts (0: any number) has room for
    /// them all.
    pub fn import(&self, tenant: TenantId, import: &Import, entries: &[Entry], limit: u64) -> Changes {
        let source = import.source();
        let mut changes = Changes::of_tenant(tenant);
        if import.replace {
            changes.push(Change::Forget(Forgetting::Source(source.clone())));
        }
        for entry in entries {
            let item = MemoryItem {
                title: entry.title.clone(),
                language: entry.language,
                ..MemoryItem::new(
                    MemoryId::new(self.ids),
                    tenant,
                    MemoryKind::BrandFact,
                    entry.visibility.unwrap_or(import.visibility),
                    entry.text.as_str(),
                    source.as_str(),
                    self.at,
                )
            };
            changes.push(Change::Remember(Box::new(item)));
        }
        changes.list.extend(within(limit));
        let details = json!({ "source": source, "items": entries.len(), "replace": import.replace });
        changes.with(self.audit("memory.imported", ("memory", source), details))
    }

    /// Removes one item.
    pub fn forget_item(&self, item: &MemoryItem) -> Changes {
        let details = json!({ "kind": item.kind, "visibility": item.visibility, "source": item.source });
        Changes::of_tenant(item.tenant).with(Change::Forget(Forgetting::Item(item.id))).with(self.audit(
            "memory.forgotten",
            ("memory", item.id.to_string()),
            details,
        ))
    }

    /// Removes everything about or from a person. The log keeps no name of who asked to be forgotten: who knows the id
    /// can find the entry by its mark, and nobody the id by the entry.
    pub fn forget_person(&self, tenant: TenantId, person: &str) -> Changes {
        let audit = self.audit("memory.person_forgotten", ("person", person_mark(tenant, person)), json!({}));
        Changes::of_tenant(tenant).with(Change::Forget(Forgetting::Person(person.to_owned()))).with(audit)
    }
}

/// What an import makes of a memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Items that were not there.
    pub new: usize,
    /// Items that were there already; they count once more.
    pub unchanged: usize,
    /// Items of an earlier import of this name that go.
    pub removed: usize,
}

/// What the changes of an import will make of a memory as it is now.
///
/// # Errors
/// When the database does not answer.
pub async fn tally(
    memory: &(impl Memory + ?Sized),
    tenant: &TenantId,
    import: &Import,
    changes: &Changes,
) -> Result<Tally, MemoryError> {
    let mut tally = Tally::default();
    let mut coming = BTreeSet::new();
    for change in &changes.list {
        let Change::Remember(item) = change else { continue };
        if !coming.insert(item.fingerprint()) {
            continue;
        }
        match memory.find_same(tenant, item).await? {
            Some(_) => tally.unchanged += 1,
            None => tally.new += 1,
        }
    }
    if import.replace {
        let filter = MemoryFilter { source: Some(import.source()), ..MemoryFilter::default() };
        let mut page = PageRequest::first(500);
        loop {
            let items = memory.list(tenant, &filter, page).await?;
            let Some(last) = items.last() else { break };
            page.before = Some(last.id.0);
            tally.removed += items.iter().filter(|item| !coming.contains(&item.fingerprint())).count();
        }
    }
    Ok(tally)
}

/// Stands for a person in the audit log: a part of the SHA-256 of the tenant's and the person's id.
pub fn person_mark(tenant: TenantId, person: &str) -> String {
    let digest = Sha256::digest(format!("{tenant}/{person}"));
    hex::encode(&digest[..12])
}

/// Refuses the commit when more would be kept than the limit of a memory; 0 is none.
fn within(limit: u64) -> Option<Change> {
    (limit > 0).then_some(Change::LimitMemory { most: limit })
}

#[cfg(test)]
mod tests;
