//! Brings what stands in SQLite's write-ahead log into the file, beside the writer.
//!
//! SQLite does so by itself at the end of a commit, and that one commit then takes many times as long as the others.
//! Here a thread with a connection of its own does the copying while commits go on; the writer's own checkpoints, which
//! alone let the log begin anew, find little left to do.

use std::sync::Arc;

use tenants::tasks::Tasks;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::sqlite::FileOptions;

/// Units of work between two checkpoints: some hundred pages of the log, which a disk takes without being busy for long.
const UNITS: usize = 64;

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
        let mut connection = None;
        loop {
            tokio::select! {
                biased;
                // An error says that nobody is left who could close: the same as closing.
                _ = closing.wait_for(|closed| *closed) => return,
                () = due.notified() => {}
            }
            if let Err(error) = checkpoint(&file, &mut connection) {
                // The writer's own checkpoints go on.
                tracing::warn!(%error, "the write-ahead log could not be copied into the database file");
                connection = None;
            }
        }
    };
    (written, tasks.spawn_blocking(move || runtime.block_on(working)))
}

fn checkpoint(file: &FileOptions, connection: &mut Option<rusqlite::Connection>) -> rusqlite::Result<()> {
    let open = match connection {
        Some(open) => open,
        closed => closed.insert(file.open()?),
    };
    open.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()))
}
