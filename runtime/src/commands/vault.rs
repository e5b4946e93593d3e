//! `troupe vault`: the keys that seal tokens, app secrets and addresses of channels, and their rotation.

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
    channels: u64,
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
                channels: used.map_or(0, |key| key.channels),
                attempts: used.map_or(0, |key| key.attempts),
                key: id,
            }
        })
        .collect())
}

async fn status(workspace: &Workspace, output: Output) -> anyhow::Result<Finding> {
    let keys = keys(workspace).await?;
    output.list(&keys, &["key", "state", "tokens", "app secrets", "channels", "attempts"], |key| {
        vec![
            key.key.clone(),
            key.state.to_owned(),
            key.tokens.to_string(),
            key.app_secrets.to_string(),
            key.channels.to_string(),
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
    let secrets = used.tokens + used.app_secrets + used.channels + used.attempts;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use secrecy::SecretString;
    use tenants::account::{Account, AccountStatus, LoginFlavour};
    use tenants::clock::SystemClock;
    use tenants::ids::AccountId;
    use tenants::ports::{Directory, UnitOfWork};
    use tenants::settings::TenantSettings;

    use super::*;
    use crate::administration::Act;
    use crate::boot::Foundations;

    /// An installation with one sealed token.
    async fn installation(settings: &Settings) {
        let indexes = settings.data.dir.join("indexes");
        let foundations =
            Foundations::open_with_indexes(settings, Arc::new(SystemClock), indexes).await.unwrap();
        foundations.database.migrate().await.unwrap();
        let act = Act { by: "cli".to_owned(), at: foundations.clock.now(), ids: &foundations.ids };
        let (agency, changes) = act.create_agency("North").unwrap();
        foundations.database.commit(changes).await.unwrap();
        let defaults = TenantSettings::default();
        let (tenant, changes) = act.create_tenant(agency.id, "acme", "Acme", "UTC", &defaults).unwrap();
        foundations.database.commit(changes).await.unwrap();
        let account = Account {
            id: AccountId::new(&foundations.ids),
            tenant: tenant.id,
            external_id: "17841".to_owned(),
            scoped_id: None,
            page_id: None,
            username: "acme".to_owned(),
            flavour: LoginFlavour::Instagram,
            app: None,
            status: AccountStatus::Active,
            token_expires_at: None,
            created_at: act.at,
        };
        let token = SecretString::from("IGAA-token");
        let sealed = foundations.vault.seal_token(&tenant.id, &account.id, &token).unwrap();
        foundations.database.commit(act.put_account(account, sealed, "account.connected")).await.unwrap();
        foundations.close(Duration::from_secs(5)).await;
    }

    #[tokio::test]
    async fn a_rotated_vault_needs_its_old_key_no_more_and_lets_go_of_no_key_that_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::with("").unwrap();
        settings.data.dir = folder.path().to_owned();
        installation(&settings).await;
        let run = |command| run(command, settings.clone(), Output::new(true));
        let remove = |key: &str| VaultCommand::RemoveKey { key: key.to_owned() };
        assert!(run(remove("local-1")).await.is_err(), "it seals");
        assert_eq!(run(VaultCommand::Rotate).await.unwrap(), Finding::Fine);
        let workspace = Workspace::open(&settings).await.unwrap();
        let shown: Vec<_> =
            keys(&workspace).await.unwrap().into_iter().map(|key| (key.key, key.state, key.tokens)).collect();
        assert_eq!(shown, [("local-2".to_owned(), "active", 1), ("local-1".to_owned(), "old", 0)]);
        let account = workspace.foundations.database.all_accounts().await.unwrap().remove(0);
        let sealed = workspace.foundations.database.sealed_token(&account.tenant, &account.id).await;
        assert_eq!(sealed.unwrap().unwrap().key_id, "local-2");
        workspace.close().await;
        run(remove("local-1")).await.unwrap();
        assert!(run(remove("local-2")).await.is_err(), "it is the last one");
        assert_eq!(run(VaultCommand::Status).await.unwrap(), Finding::Fine);
    }
}
