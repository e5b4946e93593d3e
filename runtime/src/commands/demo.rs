//! `troupe demo`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::serve::shutdown_signal;
use super::{Finding, Output};
use crate::demo::{LiveOptions, OnceOptions, run_live, run_once};
use crate::settings::Settings;
use crate::telemetry;

/// Folder of the demo unless another is named: it must not mix with a real installation.
const DEMO_DIR: &str = "demo-data";

/// How to run the demo.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Run a fixed number of events as fast as they settle, print a table, and end; code 3 if anything was lost or
    /// doubled.
    #[arg(long)]
    once: bool,
    /// How many events, with --once.
    #[arg(long, default_value_t = 500, requires = "once")]
    events: u32,
    /// Longest time for everything to settle, in seconds, with --once.
    #[arg(long, default_value_t = 600, requires = "once")]
    limit_s: u64,
    /// Without duplicated and reordered webhooks, lost answers and 5xx, with --once.
    #[arg(long, requires = "once")]
    no_faults: bool,
    /// Events per minute, without --once.
    #[arg(long, default_value_t = 60)]
    events_per_minute: u32,
}

pub(super) async fn run(
    args: DemoArgs,
    mut settings: Settings,
    data_dir: Option<PathBuf>,
    output: Output,
) -> anyhow::Result<Finding> {
    settings.data.dir = data_dir.unwrap_or_else(|| PathBuf::from(DEMO_DIR));
    // The view is the log of the demo; only trouble is printed besides.
    settings.log.level = "warn".to_owned();
    telemetry::start(&settings.log)?;
    if !args.once {
        let stop = async { drop(shutdown_signal().await) };
        let ended =
            run_live(settings, LiveOptions { events_per_minute: args.events_per_minute }, stop).await?;
        return Ok(if ended { Finding::Fine } else { Finding::Trouble });
    }
    let options = OnceOptions {
        events: args.events,
        limit: Duration::from_secs(args.limit_s),
        faults: !args.no_faults,
        seed: 7,
    };
    let report = run_once(settings, options).await?;
    output.result(&report, || report.to_table())?;
    Ok(if report.is_clean() { Finding::Fine } else { Finding::Trouble })
}
