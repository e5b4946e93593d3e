//! Opens, migrates and closes a database.

use std::future::Future;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;

use crate::db::{Pool, Session, SessionOptions};
use crate::options::{Limits, Place};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// Primary result codes of SQLite.
const SQLITE_BUSY: i64 = 5;
const SQLITE_NOTADB: i64 = 26;

/// Why a database cannot be opened, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not an address.
    #[error(
        "the database url is not understood: write `sqlite:path/to/file.db` or `postgres://user:password@host:5432/name`"
    )]
    InvalidUrl,
    /// The file cannot be read or made.
    #[error("cannot open the database file {path}: check that its folder exists and can be written")]
    File {
        /// The file.
        path: String,
        /// What SQLite said.
        #[source]
        source: sqlx::Error,
    },
    /// The file is something else.
    #[error("{path} is not a database: name another file in `database.url`")]
    NotADatabase {
        /// The file.
        path: String,
    },
    /// Another process holds the file.
    #[error("{path} is locked by another process: stop it, or name another file in `database.url`")]
    Locked {
        /// The file.
        path: String,
    },
    /// No server answers.
    #[error(
        "cannot reach PostgreSQL at {place}: check that it runs and that host and port in `database.url` are right"
    )]
    Unreachable {
        /// Host, port and name.
        place: String,
        /// What went wrong.
        #[source]
        source: sqlx::Error,
    },
    /// User or password are wrong.
    #[error("PostgreSQL at {place} refuses the user or the password: correct `database.url`")]
    Refused {
        /// Host, port and name.
        place: String,
    },
    /// The server knows no such database.
    #[error(
        "PostgreSQL at {place} has no such database: create it with `createdb`, or correct `database.url`"
    )]
    NoSuchDatabase {
        /// Host, port and name.
        place: String,
    },
    /// Another node works on this database.
    #[error(
        "another troupe node runs on the database {place}: stop it, or name another one in `database.url`"
    )]
    InUse {
        /// Host, port and name.
        place: String,
    },
    /// A later version of the program has been here.
    #[error(
        "the database has migration {version}, which this version of troupe does not know: install the newer version again"
    )]
    NewerSchema {
        /// The unknown migration.
        version: i64,
    },
    /// A migration is not the one that was applied.
    #[error(
        "migration {version} was changed after it was applied: install the version of troupe that applied it"
    )]
    ChangedMigration {
        /// The migration.
        version: i64,
    },
    /// A migration failed; it left nothing behind.
    #[error("the database could not be migrated: see the cause, correct it, and run `troupe migrate` again")]
    Migration(#[source] MigrateError),
}

impl OpenError {
    /// Finds the right words for a failed connection.
    fn connecting(label: &str, is_file: bool, error: sqlx::Error) -> Self {
        if is_file {
            let path = label.to_owned();
            return match sqlite_code(&error) {
                Some(SQLITE_BUSY) => Self::Locked { path },
                Some(SQLITE_NOTADB) => Self::NotADatabase { path },
                _ => Self::File { path, source: error },
            };
        }
        let place = label.to_owned();
        let code = error.as_database_error().and_then(|refusal| refusal.code());
        match code.as_deref() {
            Some("28000" | "28P01") => Self::Refused { place },
            Some("3D000") => Self::NoSuchDatabase { place },
            _ => Self::Unreachable { place, source: error },
        }
    }

    fn migrating(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::NewerSchema { version },
            MigrateError::VersionMismatch(version) => Self::ChangedMigration { version },
            other => Self::Migration(other),
        }
    }
}

/// Connects, within a bounded time.
pub(crate) async fn connect(place: &Place, limits: &Limits) -> Result<Session, OpenError> {
    match &place.session {
        SessionOptions::Sqlite(_) => bounded(limits.timeout, connect_beside_others(place, limits))
            .await
            .map_err(|error| OpenError::connecting(&place.label, true, error)),
        SessionOptions::Postgres(_) => bounded(limits.timeout, place.session.connect())
            .await
            .map_err(|error| OpenError::connecting(&place.label, false, error)),
    }
}

/// Connects to a file that others may be opening too. Who turns a new file to write-ahead logging while somebody reads in
/// it is told at once that it is busy: SQLite's busy timeout does not count there.
async fn connect_beside_others(place: &Place, limits: &Limits) -> Result<Session, sqlx::Error> {
    /// Between two attempts; making a new file takes a few of these.
    const PAUSE: Duration = Duration::from_millis(20);
    let mut busy = None;
    let attempts = async {
        loop {
            match place.session.connect().await {
                Err(error) if is_busy(&error) => busy = Some(error),
                done => return done,
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    // A file that somebody holds is told to be busy after half of the time.
    match tokio::time::timeout(limits.timeout * 3 / 4, attempts).await {
        Ok(done) => done,
        Err(_) => Err(busy.unwrap_or(sqlx::Error::PoolTimedOut)),
    }
}

/// Another process or connection holds the file.
fn is_busy(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(SQLITE_BUSY)
}

/// The primary result code of SQLite.
fn sqlite_code(error: &sqlx::Error) -> Option<i64> {
    let sqlx::Error::Database(refusal) = error else { return None };
    refusal.code()?.parse::<i64>().ok().map(|code| code & 0xff)
}

async fn bounded<T>(
    limit: Duration,
    attempt: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(limit, attempt).await {
        Ok(done) => done,
        Err(_) => Err(sqlx::Error::PoolTimedOut),
    }
}

/// Connections for reading, made when they are needed.
pub(crate) fn reading_pool(place: &Place, limits: &Limits) -> Pool {
    match &place.reading {
        SessionOptions::Sqlite(options) => Pool::Sqlite(
            SqlitePoolOptions::new()
                .max_connections(limits.readers)
                .acquire_timeout(limits.timeout)
                // A file does not go away; asking it before every read would double the cost of reading.
                .test_before_acquire(false)
                .connect_lazy_with(options.clone()),
        ),
        SessionOptions::Postgres(options) => Pool::Postgres(
            PgPoolOptions::new()
                .max_connections(limits.readers)
                .acquire_timeout(limits.timeout)
                .connect_lazy_with(options.clone()),
        ),
    }
}

/// Applies what is pending. SQLite has no lock that spans all migrations: another process may apply one while we begin
/// it, and then the rest is still to do.
pub(crate) async fn migrate_beside_others(session: &mut Session) -> Result<(), OpenError> {
    let mut left = pending(session).await?.len();
    loop {
        let Err(error) = migrate(session).await else { return Ok(()) };
        match pending(session).await.map(|pending| pending.len()) {
            Ok(0) => return Ok(()),
            Ok(fewer) if fewer < left => left = fewer,
            _ => return Err(error),
        }
    }
}

/// Applies what is pending, in whatever time it takes.
async fn migrate(session: &mut Session) -> Result<(), OpenError> {
    match session {
        Session::Sqlite(session) => SQLITE_MIGRATIONS.run_direct(None, &mut **session, false).await,
        Session::Postgres(session) => {
            let patient = sqlx::raw_sql("set statement_timeout = 0; set lock_timeout = 0");
            patient.execute(&mut **session).await.map_err(|error| OpenError::migrating(error.into()))?;
            POSTGRES_MIGRATIONS.run_direct(None, &mut **session, false).await
        }
    }
    .map_err(OpenError::migrating)
}

/// Names of migrations that are not applied yet; an error when some are applied that this program does not know.
pub(crate) async fn pending(session: &mut Session) -> Result<Vec<String>, OpenError> {
    match session {
        Session::Sqlite(session) => pending_of(&mut **session, &SQLITE_MIGRATIONS).await,
        Session::Postgres(session) => pending_of(&mut **session, &POSTGRES_MIGRATIONS).await,
    }
}

async fn pending_of<C: Migrate>(connection: &mut C, migrator: &Migrator) -> Result<Vec<String>, OpenError> {
    let applied = match connection.list_applied_migrations(&migrator.table_name).await {
        Err(error) if is_missing_table(&error) => Vec::new(),
        applied => applied.map_err(OpenError::migrating)?,
    };
    if let Some(unknown) = applied.iter().find(|it| !migrator.version_exists(it.version)) {
        return Err(OpenError::NewerSchema { version: unknown.version });
    }
    let is_pending = |version: i64| !applied.iter().any(|it| it.version == version);
    Ok(migrator
        .iter()
        .filter(|migration| is_pending(migration.version))
        .map(|migration| format!("{:04} {}", migration.version, migration.description))
        .collect())
}

/// True when nothing was ever migrated: looking must not make the table, which many would do at once.
fn is_missing_table(error: &MigrateError) -> bool {
    /// PostgreSQL's `undefined_table`; SQLite has only words for it.
    const UNDEFINED_TABLE: &str = "42P01";
    match error {
        MigrateError::Execute(sqlx::Error::Database(refusal)) => {
            refusal.code().as_deref() == Some(UNDEFINED_TABLE)
                || refusal.message().starts_with("no such table")
        }
        _ => false,
    }
}
