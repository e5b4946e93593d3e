//! `troupe sandbox`.

use std::net::SocketAddr;

use clap::Args;
use sandbox::{Sandbox, SandboxOptions};

use super::serve::shutdown_signal;
use super::{Finding, Output};
use crate::settings::Settings;
use crate::telemetry;

/// How to run the sandbox.
#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Where to listen; the setting sandbox.listen when left out.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Webhooks go to this address.
    #[arg(long)]
    callback_url: Option<String>,
    /// Same seed, same ids and secrets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(args: SandboxArgs, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    telemetry::start(&settings.log)?;
    let mut options = SandboxOptions {
        listen: args.listen.unwrap_or(settings.sandbox.listen),
        ..SandboxOptions::default()
    };
    options.seed = args.seed;
    options.deliver.callback_url = args.callback_url;
    let sandbox = Sandbox::start(options).await?;
    let url = sandbox.base_url();
    let app = sandbox.apps().into_iter().next();
    let shown = serde_json::json!({
        "url": url,
        "app_id": app.as_ref().map(|app| app.id.as_str()),
        "app_secret": app.as_ref().map(|app| app.secret.as_str()),
        "verify_token": app.as_ref().map(|app| app.verify_token.as_str()),
    });
    output.result(&shown, || {
        let text = |key: &str| shown[key].as_str().unwrap_or_default().to_owned();
        format!(
            "a local Instagram at {url}\n  control API   {url}/_sandbox\n  app id        {}\n  app secret    {}\n  verify token  {}",
            text("app_id"),
            text("app_secret"),
            text("verify_token")
        )
    })?;
    shutdown_signal().await?;
    sandbox.stop().await;
    Ok(Finding::Fine)
}
