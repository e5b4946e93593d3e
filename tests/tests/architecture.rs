//! What may depend on what. ARCHITECTURE.md draws the arrows; any other one fails here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// Crate → the crates of the workspace it may use (dev-dependencies apart).
const ARROWS: &[(&str, &[&str])] = &[
    ("troupe-tenants", &[]),
    ("troupe-sandbox", &[]),
    ("troupe-dashboard", &[]),
    ("troupe-storage", &["troupe-tenants"]),
    ("troupe-llm", &["troupe-tenants"]),
    ("troupe-instagram", &["troupe-tenants"]),
    ("troupe-actors", &["troupe-tenants", "troupe-llm"]),
];
/// These know everything.
const OPEN: &[&str] = &["troupe", "troupe-tests", "troupe-bench"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What `cargo metadata` tells, as far as it is of interest.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`; nothing for what the crate itself uses.
    kind: Option<String>,
}

fn packages() -> Vec<Package> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"]);
    let told = command.arg(root().join("Cargo.toml")).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice::<Metadata>(&told.stdout).unwrap().packages
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for Package { name, dependencies } in packages.iter().filter(|it| !OPEN.contains(&it.name.as_str())) {
        let may =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} is new: give it its arrows here"));
        let uses = dependencies.iter().filter(|dependency| dependency.kind.is_none());
        for used in uses.map(|dependency| dependency.name.as_str()).filter(|used| ours.contains(used)) {
            assert!(may.contains(&used), "{name} → {used} is not an arrow of ARCHITECTURE.md");
        }
    }
    assert_eq!(ours.len(), ARROWS.len() + OPEN.len(), "a crate is missing from the table");
}

/// Every Rust file below `folder`, with its path.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn actors_name_no_web_framework_no_database_and_no_graph_address() {
    let mut files = Vec::new();
    sources(&root().join("actors/src"), &mut files);
    assert!(files.len() > 10);
    for (path, text) in files {
        for word in ["axum::", "sqlx::", "redis::", "reqwest::", "graph.instagram.com", "graph.facebook.com"]
        {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn only_the_instagram_crate_can_open_a_secret() {
    let mut files = Vec::new();
    for folder in ["actors/src", "runtime/src", "storage/src"] {
        sources(&root().join(folder), &mut files);
    }
    for (path, text) in &files {
        assert!(!text.contains("aes_gcm"), "{} decrypts by itself", path.display());
    }
    let mut vault = Vec::new();
    sources(&root().join("instagram/src/vault"), &mut vault);
    // Addresses of channels and secrets of webhooks are opened outside, by the couriers; a token does not open that way,
    // which the vault tests.
    let opening =
        vault.iter().flat_map(|(_, text)| text.match_indices("pub fn open").map(|(at, _)| &text[at..]));
    let doors = ["pub fn open_channel(", "pub fn open_webhook("];
    let others = opening.filter(|text| !doors.iter().any(|door| text.starts_with(door))).count();
    assert_eq!(others, 0, "opening a token or an app secret must stay inside the crate");
    let couriers = root().join("runtime/src/couriers");
    for (path, text) in files {
        assert!(
            !["open_channel", "open_webhook"].iter().any(|door| text.contains(door))
                || path.starts_with(&couriers),
            "{} opens the address of a channel or the secret of a webhook",
            path.display()
        );
    }
}

/// Texts in the sources that look like a type of entries and are none.
const NO_ENTRIES: &[&str] = &[
    // Fields, tasks, tracing.
    "autonomy.spot_check",
    "key.id",
    "media.abandoned_after_h",
    "media.admit",
    "media.clamd",
    "media.clamd_timeout_s",
    "media.idle_timeout_s",
    "media.max_bytes",
    "media.max_open_uploads",
    "media.max_pixels",
    "media.public_url",
    "memory.close",
    "memory.erase",
    "memory.follow",
    "memory.max_open",
    "settings.budget_shares",
    "tenant.id",
    "user.id",
    // Notices, which go through channels, and the event of a test.
    "alert.raised",
    "channel.test",
    "conversation.owner_changed",
    "lead.created",
    "webhook.test",
    // Of the installation, which is no agency.
    "prompt.installed",
];

#[test]
fn every_type_of_entry_in_the_sources_can_be_subscribed_to() {
    let mut files = Vec::new();
    for folder in ["actors/src", "runtime/src", "storage/src", "tenants/src"] {
        sources(&root().join(folder), &mut files);
    }
    let known: BTreeSet<&str> =
        tenants::webhook::EVENT_TYPES.iter().map(|(event_type, _)| *event_type).collect();
    let groups: BTreeSet<&str> = known.iter().filter_map(|it| it.split('.').next()).collect();
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let mut written = BTreeSet::new();
    for (path, text) in &files {
        let inside = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned();
        let is_list = inside.ends_with("webhook/events.rs") || inside.contains("test");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in text.split('"').filter(|_| !is_list) {
            let parts = word.split_once('.').filter(|(group, rest)| is_word(group) && is_word(rest));
            if parts.is_some_and(|(group, _)| groups.contains(group)) {
                written.insert(word);
            }
        }
    }
    let missing: Vec<_> =
        written.iter().filter(|it| !known.contains(**it) && !NO_ENTRIES.contains(it)).collect();
    assert!(missing.is_empty(), "add them to tenants/src/webhook/events.rs: {missing:?}");
    let unused: Vec<_> = known.iter().filter(|it| !written.contains(**it)).collect();
    assert!(unused.is_empty(), "nothing of this is ever recorded: {unused:?}");
}

/// Names in backticks that look like a test's: words joined by underscores, at least four.
fn named_tests(text: &str) -> BTreeSet<&str> {
    let is_test = |word: &&str| {
        word.matches('_').count() >= 3
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    text.split('`').skip(1).step_by(2).filter(is_test).collect()
}

#[test]
fn every_test_that_the_page_of_pitfalls_names_exists() {
    let page = std::fs::read_to_string(root().join("docs/pitfalls.md")).unwrap();
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && !line.contains("---")).skip(1).collect();
    assert_eq!(rows.len(), 26);
    let mut files = Vec::new();
    for folder in ["tests", "actors", "instagram", "sandbox", "storage", "runtime"] {
        sources(&root().join(folder), &mut files);
    }
    for row in rows {
        let names = named_tests(row);
        assert!(!names.is_empty() || row.contains("no test: "), "neither test nor reason: {row}");
        for name in names {
            let exists = files.iter().any(|(_, text)| text.contains(&format!("fn {name}(")));
            assert!(exists, "docs/pitfalls.md names `{name}`, which does not exist");
        }
    }
}
