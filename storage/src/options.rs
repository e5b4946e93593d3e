//! Where the database is, and how much it may be asked at once.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use tenants::clock::Clock;

use crate::db::{Connector, SessionOptions};
use crate::open::OpenError;
use crate::sqlite::FileOptions;

/// What a [`Database`](crate::Database) is made of.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// `sqlite:data/troupe.db` or a path, or `postgres://user:password@host:5432/name`. May hold a password, so
    /// it is never shown.
    pub url: SecretString,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// How much may be asked at once.
    pub limits: Limits,
}

impl DatabaseOptions {
    /// Options with the usual limits.
    pub fn new(url: impl Into<SecretString>, clock: Arc<dyn Clock>) -> Self {
        Self { url: url.into(), clock, limits: Limits::default() }
    }
}

/// How much a database may be asked at once, and how long that may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Units of work that may wait for a committer; more wait for `patience`, then get
    /// [`Unavailable`](tenants::ports::StoreError::Unavailable).
    pub queue: usize,
    /// Most units in one transaction. More make each cheaper, and let those who come meanwhile wait longer.
    pub batch: usize,
    /// How long a caller waits for room in the queue.
    pub patience: Duration,
    /// Longest that a transaction or a read may take.
    pub timeout: Duration,
    /// Connections for reading: so many for all work, and as many again for people.
    pub readers: u32,
    /// Committers on PostgreSQL; each serves its share of the tenants. SQLite always has one.
    pub committers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 4_096,
            batch: 256,
            patience: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            readers: 4,
            committers: 4,
        }
    }
}

/// Prepared statements that a connection keeps; there are fewer texts than that.
pub(crate) const STATEMENTS_KEPT: usize = 400;

/// How SQLite and PostgreSQL are reached, for writing and for reading.
pub(crate) struct Place {
    pub(crate) writing: Connector,
    pub(crate) session: SessionOptions,
    pub(crate) reading: SessionOptions,
    /// What to call it in messages: a path, or host, port and name; no password.
    pub(crate) label: String,
}

impl Place {
    pub(crate) fn of(url: &SecretString, limits: &Limits) -> Result<Self, OpenError> {
        let url = url.expose_secret();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres(url, limits);
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
        let is_other_scheme = path.len() == url.len() && url.contains("://");
        if path.is_empty() || path.contains(":memory:") || is_other_scheme {
            return Err(OpenError::InvalidUrl);
        }
        Ok(sqlite(PathBuf::from(path), limits))
    }
}

fn sqlite(file: PathBuf, limits: &Limits) -> Place {
    let label = file.display().to_string();
    // A batch must be able to fail as busy before it fails as too slow: then its connection stays usable.
    let busy_timeout = limits.timeout / 2;
    let common = SqliteConnectOptions::new()
        .filename(&file)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .pragma("temp_store", "memory")
        // Without it SQLite would rather read a whole table and index the few rows of a bulk update than look
        // those rows up.
        .pragma("automatic_index", "off");
    let session = common
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", "67108864");
    Place {
        writing: Connector::Sqlite(FileOptions { file, busy_timeout }),
        session: SessionOptions::Sqlite(session),
        reading: SessionOptions::Sqlite(common.read_only(true)),
        label,
    }
}

fn postgres(url: &str, limits: &Limits) -> Result<Place, OpenError> {
    // The message of a wrong address could repeat the password, so it is left out.
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::InvalidUrl)?;
    let label = format!(
        "{}:{}/{}",
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or(options.get_username())
    );
    let milliseconds = limits.timeout.as_millis().to_string();
    let options = options
        .statement_cache_capacity(STATEMENTS_KEPT)
        .application_name("troupe")
        .options([("statement_timeout", milliseconds.as_str()), ("lock_timeout", milliseconds.as_str())]);
    Ok(Place {
        writing: Connector::Postgres(Box::new(options.clone())),
        session: SessionOptions::Postgres(options.clone()),
        reading: SessionOptions::Postgres(options),
        label,
    })
}
