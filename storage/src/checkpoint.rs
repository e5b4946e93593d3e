//! Brings what stands in SQLite's write-ahead log into the file, beside the writer.
//!
//! SQLite does so by itself at the end of a commit, and that one commit then takes many times as long as the others; once
//! the log has grown, so does every commit. Here a thread with a connection of its own does the copying while commits go
//! on. The log begins anew by itself when all of it is copied and nobody reads in it at the next commit. While much goes on
//! that may never be, so a long log is made to: writing waits for a moment, until those who read in it are done.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tenants::tasks::Tasks;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::sqlite::FileOptions;

/// Units of work between two checkpoints: some hundred pages of the log, which a disk takes without being busy for long.
const UNITS: usize = 128;
/// Pages of a log that is made to begin anew: 32 MB.
const LONG: i64 = 8_192;
/// So long writing waits for those who read in a long log; the longer it is, the longer. Reads are short, and whoever
/// begins one meanwhile reads in the file.
const PATIENCE: Duration = Duration::from_millis(20);

/// Counts what is written, and asks for checkpoints.
#[derive(Debug)]
pub(crate) struct Written {
    since: usize,
    due: Arc<Notify>,
}

impl Written {
    pub(crate) fn add(&mut self, units: usize) {
        self.since += units;
        if self.since >= UNITS {
            self.since = 0;
            self.due.notify_one();
        }
    }
}

/// Works until the database is closed.
pub(crate) fn start(
    file: FileOptions,
    mut closing: watch::Receiver<bool>,
    tasks: &Tasks,
) -> (Written, JoinHandle<()>) {
    let due = Arc::new(Notify::new());
    let written = Written { since: 0, due: Arc::clone(&due) };
    let runtime = tokio::runtime::Handle::current();
    let working = async move {
        let (mut connection, mut long) = (None, LONG);
        loop {
            tokio::select! {
                biased;
                // An error says that nobody is left who could close: the same as closing.
                _ = closing.wait_for(|closed| *closed) => return,
                () = due.notified() => {}
            }
            if let Err(error) = checkpoint(&file, &mut connection, &mut long) {
                // The log grows, and the next time tries again.
                tracing::warn!(%error, "the write-ahead log could not be copied into the database file");
                connection = None;
            }
        }
    };
    (written, tasks.spawn_blocking(move || runtime.block_on(working)))
}

/// Copies what stands in the log, and makes it begin anew when it is `long`. Should that not succeed, it is tried again when
/// the log has grown by a part.
fn checkpoint(
    file: &FileOptions,
    connection: &mut Option<Connection>,
    long: &mut i64,
) -> rusqlite::Result<()> {
    let open = match connection {
        Some(open) => open,
        closed => closed.insert(file.open()?),
    };
    let (_, pages) = copy(open, "passive")?;
    if pages < *long {
        return Ok(());
    }
    let times_as_long = u32::try_from(pages / LONG).unwrap_or(u32::MAX);
    open.busy_timeout(PATIENCE.saturating_mul(times_as_long))?;
    let copied = copy(open, "restart");
    open.busy_timeout(file.busy_timeout)?;
    let (was_busy, _) = copied?;
    *long = if was_busy { pages + LONG / 4 } else { LONG };
    Ok(())
}

/// Whether others were in the way, and how many pages the log has.
fn copy(connection: &Connection, how: &str) -> rusqlite::Result<(bool, i64)> {
    connection.query_row(&format!("pragma wal_checkpoint({how})"), [], |row| Ok((row.get(0)?, row.get(1)?)))
}
