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
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, watch};
use tokio::task::JoinHandle;

use crate::sqlite::FileOptions;

/// Rows written between two checkpoints, those of about a thousand units of work when events come. Pages that many change
/// in between are copied once: with an eighth of this the disk had four times as many writes to do, and people waited
/// behind them.
const ROWS: usize = 4_096;
/// Pages of a log that is made to begin anew: 64 MB.
const LONG: i64 = 16_384;
/// So long writing waits for those who read in a long log; the longer it is, the longer. Reads are short, and whoever
/// begins one meanwhile reads in the file.
const PATIENCE: Duration = Duration::from_millis(20);
const MOST_PATIENCE: Duration = Duration::from_secs(1);

/// Counts what is written, and asks for checkpoints.
#[derive(Debug)]
pub(crate) struct Written {
    since: usize,
    due: Arc<Notify>,
    pen: Arc<Mutex<()>>,
}

impl Written {
    /// To be held while writing. SQLite's own lock is not fair: who commits all the time would never let the log begin anew.
    pub(crate) async fn pen(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.pen).lock_owned().await
    }

    pub(crate) fn add(&mut self, rows: usize) {
        self.since = self.since.saturating_add(rows);
        if self.since >= ROWS {
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
    let (due, pen) = (Arc::new(Notify::new()), Arc::new(Mutex::new(())));
    let written = Written { since: 0, due: Arc::clone(&due), pen: Arc::clone(&pen) };
    let runtime = tokio::runtime::Handle::current();
    let mut copier = Copier::new(file, LONG);
    let working = async move {
        loop {
            tokio::select! {
                biased;
                // An error says that nobody is left who could close: the same as closing.
                _ = closing.wait_for(|closed| *closed) => return,
                () = due.notified() => {}
            }
            let copied = match copier.copy() {
                Ok(true) => {
                    let _pen = pen.lock().await;
                    copier.begin_anew()
                }
                other => other.map(drop),
            };
            if let Err(error) = copied {
                // The log grows, and the next time tries again.
                tracing::warn!(%error, "the write-ahead log could not be copied into the database file");
            }
        }
    };
    (written, tasks.spawn_blocking(move || runtime.block_on(working)))
}

/// Copies the log into the file.
struct Copier {
    file: FileOptions,
    connection: Option<Connection>,
    /// Pages of a long log.
    long: i64,
    /// Pages from which on it is made to begin anew the next time.
    too_long: i64,
}

impl Copier {
    fn new(file: FileOptions, long: i64) -> Self {
        Self { file, connection: None, long, too_long: long }
    }

    /// Copies what stands in the log; true when it should begin anew.
    fn copy(&mut self) -> rusqlite::Result<bool> {
        let connection = self.connection()?;
        let (_, pages) = checkpoint(&connection, "passive")?;
        self.connection = Some(connection);
        Ok(pages >= self.too_long)
    }

    /// Makes the log begin anew, while nobody writes. Should that not succeed, because somebody reads in it for long, it is
    /// tried again when it has grown by a part.
    fn begin_anew(&mut self) -> rusqlite::Result<()> {
        let connection = self.connection()?;
        let times_as_long = u32::try_from(self.too_long / self.long).unwrap_or(u32::MAX);
        connection.busy_timeout(PATIENCE.saturating_mul(times_as_long).min(MOST_PATIENCE))?;
        let (was_busy, pages) = checkpoint(&connection, "restart")?;
        connection.busy_timeout(self.file.busy_timeout)?;
        self.too_long = if was_busy { pages + self.long / 4 } else { self.long };
        self.connection = Some(connection);
        Ok(())
    }

    /// The open connection, or a new one. Whoever takes it puts it back where nothing failed.
    fn connection(&mut self) -> rusqlite::Result<Connection> {
        self.connection.take().map_or_else(|| self.file.open(), Ok)
    }
}

/// Whether others were in the way, and how many pages the log has.
fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<(bool, i64)> {
    connection.query_row(&format!("pragma wal_checkpoint({how})"), [], |row| Ok((row.get(0)?, row.get(1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    const ROUNDS: i64 = 60;
    const COMMITS: i64 = 50;

    #[test]
    fn the_log_stays_short_although_somebody_always_reads() {
        let home = tempfile::tempdir().unwrap();
        let file = FileOptions { file: home.path().join("log.db"), busy_timeout: Duration::from_secs(20) };
        let writing = file.open().unwrap();
        writing.execute_batch("pragma synchronous = off; create table words (word text)").unwrap();
        let is_over = AtomicBool::new(false);
        let count = |connection: &Connection| -> i64 {
            connection.query_row("select count(*) from words", [], |row| row.get(0)).unwrap()
        };
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    let reading = file.open_for_reading().unwrap();
                    while !is_over.load(Ordering::Relaxed) {
                        assert!(count(&reading) <= ROUNDS * COMMITS);
                    }
                });
            }
            let mut copier = Copier::new(file.clone(), 64);
            for _ in 0..ROUNDS {
                for _ in 0..COMMITS {
                    writing.execute("insert into words values (hex(randomblob(1000)))", []).unwrap();
                }
                if copier.copy().unwrap() {
                    copier.begin_anew().unwrap();
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert_eq!(count(&writing), ROUNDS * COMMITS);
        let pages = std::fs::metadata(home.path().join("log.db-wal")).unwrap().len() as i64 / 4_096;
        assert!(pages < ROUNDS * COMMITS / 2, "{pages} pages, and every commit wrote one or two");
    }

    #[test]
    fn who_reads_in_the_log_is_waited_for_and_not_for_ever() {
        let home = tempfile::tempdir().unwrap();
        let file = FileOptions { file: home.path().join("log.db"), busy_timeout: Duration::from_secs(20) };
        let (writing, reading) = (file.open().unwrap(), file.open_for_reading().unwrap());
        writing.execute_batch("create table words (word text)").unwrap();
        reading.execute_batch("begin; select * from words").unwrap();
        let write = || writing.execute("insert into words values (hex(randomblob(200000)))", []).unwrap();
        write();
        let mut copier = Copier::new(file.clone(), 40);
        assert!(copier.copy().unwrap(), "it is long");
        copier.begin_anew().unwrap();
        assert!(copier.too_long > 40, "somebody reads: it is tried again, and not at once");
        assert!(!copier.copy().unwrap());
        reading.execute_batch("commit").unwrap();
        write();
        assert!(copier.copy().unwrap(), "it has grown by a part");
        copier.begin_anew().unwrap();
        assert_eq!(copier.too_long, 40, "it begins anew");
        write();
        let (_, pages) = checkpoint(&writing, "passive").unwrap();
        assert!(pages < 120, "{pages} pages are those of the last commit alone");
    }
}
