//! `troupe vault`: the keys that seal tokens and app secrets, and their rotation.

use actors::connect::{Resealed, reseal_all};
use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;
use tenants::ports::Connections;

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::data_dir;
use crate::settings::Settings;

/// What to do with the vault's keys.
#[derive(Debug, Subcommand)]
pub(super) enum VaultCommand {
    /// Show the keys and how many secrets each seals.
    Status,
    /// Make a new key and seal everything with it. Running nodes go over to it by themselves.
    Rotate,
    /// Seal everything with the present key, after the setting vault.keys was changed.
    Reseal,
    /// Take an old key that seals nothing any more out of the key file.
    RemoveKey {
        /// Its id.
        key: String,
    },
}

/// A key as it is shown.
#[derive(Debug, Serialize)]
struct KeyView {
    key: String,
    state: &'static str,
    tokens: u64,
    app_secrets: u64,
    attempts: u64,
}

pub(super) async fn run(
    command: VaultCommand,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let finding = match command {
        VaultCommand::Status => status(&workspace, output).await?,
        VaultCommand::Rotate => rotate(&workspace, &settings, output).await?,
        VaultCommand::Reseal => reseal(&workspace, &settings, None, output).await?,
        VaultCommand::RemoveKey { key } => remove(&workspace, &settings, &key, output).await?,
    };
    workspace.close().await;
    Ok(finding)
}

async fn keys(workspace: &Workspace) -> anyhow::Result<Vec<KeyView>> {
    let foundations = &workspace.foundations;
    let known = foundations.vault.key_ids();
    let uses = foundations.database.key_uses(foundations.clock.now()).await?;
    let missing = uses.iter().map(|key| &key.key_id).filter(|id| !known.contains(id));
    let all: Vec<String> = known.iter().chain(missing).cloned().collect();
    Ok(all
        .into_iter()
        .map(|id| {
            let used = uses.iter().find(|key| key.key_id == id);
            let state = match known.iter().position(|known| *known == id) {
                Some(0) => "active",
                Some(_) => "old",
                None => "missing",
            };
            KeyView {
                state,
                tokens: used.map_or(0, |key| key.tokens),
                app_secrets: used.map_or(0, |key| key.app_secrets),
                attempts: used.map_or(0, |key| key.attempts),
                key: id,
            }
        })
        .collect())
}

async fn status(workspace: &Workspace, output: Output) -> anyhow::Result<Finding> {
    let keys = keys(workspace).await?;
    output.list(&keys, &["key", "state", "tokens", "app secrets", "attempts"], |key| {
        vec![
            key.key.clone(),
            key.state.to_owned(),
            key.tokens.to_string(),
            key.app_secrets.to_string(),
            key.attempts.to_string(),
        ]
    })?;
    let is_whole = keys.iter().all(|key| key.state != "missing");
    Ok(if is_whole { Finding::Fine } else { Finding::Trouble })
}

async fn rotate(workspace: &Workspace, settings: &Settings, output: Output) -> anyhow::Result<Finding> {
    must_be_of_file(
        settings,
        "put a new key in front of vault.keys on every node, then run `troupe vault reseal`",
    )?;
    let key = data_dir::add_vault_key(&settings.data.dir, &workspace.foundations.ids)?;
    reseal(workspace, settings, Some(key), output).await
}

async fn reseal(
    workspace: &Workspace,
    settings: &Settings,
    new_key: Option<String>,
    output: Output,
) -> anyhow::Result<Finding> {
    let foundations = &workspace.foundations;
    let gateway = foundations.gateway(settings)?;
    let (store, now) = (&foundations.database, foundations.clock.now());
    let Resealed { done, unreadable } = reseal_all(store, store, &gateway, now).await?;
    let active = foundations.vault.key_ids().into_iter().next().unwrap_or_default();
    let shown = serde_json::json!({
        "active": active, "made": new_key, "resealed": done, "unreadable": unreadable,
    });
    output.result(&shown, || {
        let made = new_key.as_ref().map_or(String::new(), |key| format!("made the key {key}; "));
        let rest = match unreadable {
            0 => "`troupe vault status` shows which old keys can be taken out".to_owned(),
            many => format!("{many} could not be opened: see `troupe vault status` for missing keys"),
        };
        format!("{made}{done} secrets were sealed anew with {active}; {rest}")
    })?;
    Ok(if unreadable == 0 { Finding::Fine } else { Finding::Trouble })
}

async fn remove(
    workspace: &Workspace,
    settings: &Settings,
    key: &str,
    output: Output,
) -> anyhow::Result<Finding> {
    must_be_of_file(settings, "take it out of vault.keys on every node")?;
    let keys = keys(workspace).await?;
    let used = keys.iter().find(|known| known.key == key).context("there is no such key")?;
    let secrets = used.tokens + used.app_secrets + used.attempts;
    anyhow::ensure!(
        secrets == 0,
        "{key} still seals {secrets} secrets: run `troupe vault reseal` first (attempts to connect end within 30 minutes)"
    );
    data_dir::remove_vault_key(&settings.data.dir, key)?;
    output
        .result(&serde_json::json!({ "removed": key }), || format!("{key} is taken out of the key file"))?;
    Ok(Finding::Fine)
}

fn must_be_of_file(settings: &Settings, instead: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        settings.vault.keys.is_empty(),
        "the keys come from the setting vault.keys, which this command cannot change: {instead}"
    );
    Ok(())
}
