//! Troupe itself: the real program, with its default settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use runtime::administration::Act;
use runtime::boot::Foundations;
use runtime::settings::Settings;
use tempfile::TempDir;
use tenants::account::{Account, AccountStatus, LoginFlavour};
use tenants::clock::SystemClock;
use tenants::ids::{AccountId, AgencyId};
use tenants::ports::UnitOfWork;
use tenants::settings::{HourlyCaps, TenantSettings};
use tokio::process::Command;

use super::{Counter, Running, Setting};
use crate::payloads;
use crate::process::{Program, folder, free_port};
use crate::programs::Programs;
use crate::services;

/// Tenants that are made at the same time: their commits share an fsync.
const AT_ONCE: usize = 128;

pub(super) async fn start_on_sqlite(setting: &Setting<'_>) -> anyhow::Result<Running> {
    let installation = Installation::prepare(setting.stub.url(), "", setting.tenants).await?;
    start(setting, installation, Vec::new()).await
}

pub(super) async fn start_on_postgres(setting: &Setting<'_>) -> anyhow::Result<Running> {
    let (postgres, database) = services::postgres(setting.programs).await?;
    let installation = Installation::prepare(setting.stub.url(), database.url(), setting.tenants).await?;
    start(setting, installation, vec![postgres]).await
}

async fn start(
    setting: &Setting<'_>,
    installation: Installation,
    services: Vec<services::Service>,
) -> anyhow::Result<Running> {
    let mut program = installation.serve(setting.programs)?;
    program.until_answers(setting.http, &format!("{}/readyz", installation.url)).await?;
    Ok(Running {
        counter: Counter::Metrics(format!("{}/metrics", installation.url)),
        url: installation.url,
        programs: vec![program],
        services,
        _folder: installation.folder,
    })
}

/// A data folder with tenants in it, and the settings of a node on it.
pub struct Installation {
    /// Where the node listens.
    pub url: String,
    folder: TempDir,
    settings: PathBuf,
}

impl Installation {
    /// Makes the tenants, each with one account. `database` is empty for SQLite.
    pub async fn prepare(graph_url: &str, database: &str, tenants: u32) -> anyhow::Result<Self> {
        let (folder, port) = (folder()?, free_port()?);
        let settings = folder.path().join("troupe.toml");
        std::fs::write(&settings, settings_text(folder.path(), database, port, graph_url))?;
        let foundations =
            Foundations::open(&Settings::load(Some(&settings), [])?, Arc::new(SystemClock)).await?;
        foundations.database.migrate().await?;
        fill(&foundations, tenants).await?;
        foundations.close(Duration::from_secs(10)).await;
        Ok(Self { url: format!("http://127.0.0.1:{port}"), folder, settings })
    }

    /// Opens it without a node.
    pub async fn open(&self) -> anyhow::Result<Foundations> {
        Foundations::open(&Settings::load(Some(&self.settings), [])?, Arc::new(SystemClock)).await
    }

    /// Starts `troupe serve` on it.
    pub fn serve(&self, programs: &Programs) -> anyhow::Result<Program> {
        let mut command = Command::new(programs.troupe()?);
        command.arg("serve").arg("--config").arg(&self.settings);
        Program::start("troupe", command, self.folder.path())
    }
}

fn settings_text(folder: &Path, database: &str, port: u16, graph_url: &str) -> String {
    format!(
        "[data]\ndir = '{}'\n[database]\nurl = '{database}'\n[http]\nlisten = '127.0.0.1:{port}'\n\
         [instagram]\ninstagram_base_url = '{graph_url}'\nfacebook_base_url = '{graph_url}'\n\
         [instagram.app]\nid = '1'\nsecrets = ['{}']\nverify_token = 'bench'\n",
        folder.join("data").display(),
        payloads::APP_SECRET,
    )
}

/// Makes agency, tenants and accounts, by the same acts as the command line, which would start a process for each.
async fn fill(foundations: &Foundations, tenants: u32) -> anyhow::Result<()> {
    let act = Act { by: "bench".to_owned(), at: foundations.clock.now(), ids: &foundations.ids };
    let (agency, changes) = act.create_agency("Bench")?;
    foundations.database.commit(changes).await?;
    let act = &act;
    futures::stream::iter(0..tenants)
        .map(|number| make_tenant(foundations, act, agency.id, number))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn make_tenant(
    foundations: &Foundations,
    act: &Act<'_>,
    agency: AgencyId,
    number: u32,
) -> anyhow::Result<()> {
    let slug = format!("shop-{number}");
    let (tenant, changes) = act.create_tenant(agency, &slug, &slug, "UTC", &settings())?;
    foundations.database.commit(changes).await?;
    let account = Account {
        id: AccountId::new(act.ids),
        tenant: tenant.id,
        external_id: payloads::account(number),
        scoped_id: None,
        page_id: None,
        username: format!("shop.{number}"),
        flavour: LoginFlavour::Instagram,
        app: None,
        status: AccountStatus::Active,
        token_expires_at: None,
        created_at: act.at,
    };
    let token = format!("token-{number}").into();
    let sealed = foundations.vault.seal_token(&tenant.id, &account.id, &token)?;
    Ok(foundations.database.commit(act.put_account(account, sealed, "account.connected")).await?)
}

/// No cap of our own is in the way: no real account sees such traffic.
fn settings() -> TenantSettings {
    const NONE: u32 = 1_000_000_000;
    TenantSettings {
        hourly_caps: HourlyCaps {
            public_replies: NONE,
            direct_messages: NONE,
            private_replies: NONE,
            moderation: NONE,
            posts: NONE,
        },
        ..TenantSettings::default()
    }
}

/// Replies that went out and are recorded.
pub async fn replies_sent(http: &reqwest::Client, metrics_url: &str) -> anyhow::Result<u64> {
    let text = http.get(metrics_url).send().await?.error_for_status()?.text().await?;
    Ok(metric(&text, r#"troupe_effects_total{action="reply_comment",state="sent"}"#) as u64)
}

/// The value of a metric in the text form of Prometheus; 0 while nothing was counted.
pub fn metric(text: &str, name: &str) -> f64 {
    let rest = text.lines().find_map(|line| line.strip_prefix(name));
    rest.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_read_and_is_zero_while_it_is_not_there() {
        let text = "# HELP a b\ntroupe_tenants_awake 12\ntroupe_x{state=\"sent\"} 7\n";
        assert_eq!(metric(text, "troupe_tenants_awake"), 12.0);
        assert_eq!(metric(text, "troupe_x{state=\"sent\"}"), 7.0);
        assert_eq!(metric(text, "troupe_y"), 0.0);
    }
}
