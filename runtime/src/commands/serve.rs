//! `troupe serve`.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tenants::audit::Chain;
use tenants::changes::Changes;
use tenants::ids::AgencyId;
use tenants::ports::{UnitOfWork, Users};

use super::{Finding, Output};
use crate::boot::{BootOptions, Foundations, Node};
use crate::data_dir;
use crate::people::{Links, PeopleSettings};
use crate::settings::Settings;
use crate::telemetry;

pub(super) async fn run(settings: Settings, output: Output) -> anyhow::Result<Finding> {
    telemetry::start(&settings.log)?;
    telemetry::log_panics();
    let clock = Arc::new(tenants::clock::SystemClock);
    let node = Node::start(settings.clone(), BootOptions::new(clock)).await?;
    let address = node.base_url();
    let code = set_up_code(node.foundations(), &settings).await?;
    output.result(&serde_json::json!({ "listening": address, "set_up_code_file": code }), || {
        let ready = format!(
            "troupe is ready at {address}\n  health   {address}/readyz\n  API      {address}/api/docs"
        );
        match &code {
            Some(file) => format!("{ready}\n  set up   {address}/setup with the code in {}", file.display()),
            None => ready,
        }
    })?;
    shutdown_signal().await?;
    let ended_by_itself = node.shut_down().await;
    anyhow::ensure!(
        ended_by_itself,
        "some work did not end in time and was cut off; it goes on at the next start"
    );
    Ok(Finding::Fine)
}

/// The file with the code with which the installation is set up, while nobody can sign in; a new code with every start.
async fn set_up_code(foundations: &Foundations, settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    let file = settings.data.dir.join("setup-code");
    let database = &foundations.database;
    if database.is_set_up().await? {
        let _ = std::fs::remove_file(&file);
        return Ok(None);
    }
    let (ids, clock) = (foundations.ids.clone(), foundations.clock.clone());
    let (code, change) = Links::new(ids, clock, String::new(), PeopleSettings::default()).code();
    let chain = Chain::Agency(AgencyId::INSTALLATION);
    database.commit(Changes { chain, list: vec![change] }).await?;
    // The one of an earlier start does not work any more.
    let _ = std::fs::remove_file(&file);
    if let Err(error) = data_dir::write_private(&file, code.expose_secret()) {
        // Serving goes on: `troupe user invite` lets the first person in as well.
        tracing::warn!(%error, file = %file.display(), "the code to set up with could not be written");
        return Ok(None);
    }
    Ok(Some(file))
}

/// Ends on Ctrl-C or SIGTERM.
pub(super) async fn shutdown_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
