//! Logs: one line per event, with request, tenant and event ids as fields; never message texts, tokens or names.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Starts logging to standard error. Later calls change nothing, so tests may call it freely.
///
/// # Errors
/// When the filter cannot be read; the text says which part.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| {
        anyhow::anyhow!("log.level: {error}; write `info`, or directives such as `info,actors=debug`")
    })?;
    // The memory's engine warns about its own start at every opening; whoever names it in the level hears it.
    let filter = match "qdrant_edge=error".parse() {
        Ok(quiet) if !settings.level.contains("qdrant_edge") => filter.add_directive(quiet),
        _ => filter,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
}

/// From now on a panic is one line of the log, without a backtrace: a tenant whose every decision panics must not keep
/// the processor busy with unwinding stacks for people to read. What a panic says is shown only when it is fixed in the
/// program; put together at run time it may quote somebody's message.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, what = fixed_words(panic), "a task panicked");
    }));
}

fn fixed_words(panic: &PanicHookInfo<'_>) -> &'static str {
    panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("")
}
