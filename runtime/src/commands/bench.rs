//! `troupe bench`: a measured demo run in a throw-away folder, without faults.

use std::time::Duration;

use clap::Args;

use super::{Finding, Output};
use crate::demo::{OnceOptions, run_once};
use crate::settings::Settings;

/// What to measure.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// How many events.
    #[arg(long, default_value_t = 5_000)]
    events: u32,
}

pub(super) async fn run(args: BenchArgs, mut settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let folder = std::env::temp_dir().join(format!("troupe-bench-{}", std::process::id()));
    settings.data.dir.clone_from(&folder);
    settings.http.listen.set_port(0);
    settings.sandbox.listen.set_port(0);
    let options =
        OnceOptions { events: args.events, limit: Duration::from_secs(600), faults: false, seed: 7 };
    let report = run_once(settings, options).await;
    // Left behind it would only take room.
    drop(std::fs::remove_dir_all(&folder));
    let report = report?;
    output.result(&report, || report.to_table())?;
    Ok(if report.is_clean() { Finding::Fine } else { Finding::Trouble })
}
