//! `troupe serve`.

use std::sync::Arc;

use super::{Finding, Output};
use crate::boot::{BootOptions, Node};
use crate::settings::Settings;
use crate::telemetry;

pub(super) async fn run(settings: Settings, output: Output) -> anyhow::Result<Finding> {
    telemetry::start(&settings.log)?;
    telemetry::log_panics();
    let clock = Arc::new(tenants::clock::SystemClock);
    let node = Node::start(settings, BootOptions::new(clock)).await?;
    let address = node.base_url();
    output.result(&serde_json::json!({ "listening": address }), || {
        format!("troupe is ready at {address}\n  health   {address}/readyz\n  API      {address}/api/docs")
    })?;
    shutdown_signal().await?;
    let ended_by_itself = node.shut_down().await;
    anyhow::ensure!(
        ended_by_itself,
        "some work did not end in time and was cut off; it goes on at the next start"
    );
    Ok(Finding::Fine)
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
