//! SQLite without hand-overs.
//!
//! sqlx runs SQLite on a thread of its own and hands every statement over to it and back. A batch of the writer is dozens
//! of statements, and on a busy machine the hand-overs took several times as long as the work. So the writer has a
//! connection of its own, on its own thread, and calls SQLite there. So have the reads that travel together (see
//! `gather`). All others stay with sqlx.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Row, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenants::clock::Timestamp;

use crate::failure::Failure;
use crate::options::STATEMENTS_KEPT;
use crate::types::{Doc, IdList, Moment, TextList, Word, storable};

/// How to reach the file.
#[derive(Debug, Clone)]
pub(crate) struct FileOptions {
    pub(crate) file: PathBuf,
    /// How long a statement waits while somebody else holds the file.
    pub(crate) busy_timeout: Duration,
}

impl FileOptions {
    /// Makes the file, if it is missing, readable for nobody but its owner; SQLite gives the files beside it the same
    /// rights. Where that fails, opening tells why.
    pub(crate) fn make_private(&self) {
        // An address that SQLite has to read first names no file as it stands.
        if self.file.to_string_lossy().starts_with("file:") {
            return;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let _ = options.open(&self.file);
    }

    /// Opens the file for writing, with every commit on disk before it counts.
    pub(crate) fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let connection = self.connect(flags)?;
        for (name, value) in PRAGMAS {
            connection.pragma_update(None, name, value)?;
        }
        Ok(connection)
    }

    /// Opens the file for reading.
    pub(crate) fn open_for_reading(&self) -> rusqlite::Result<Connection> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = self.connect(flags)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.pragma_update(None, "automatic_index", "off")?;
        connection.pragma_update(None, "cache_size", "-8192")?;
        Ok(connection)
    }

    fn connect(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Ok(connection)
    }
}

const PRAGMAS: [(&str, &str); 7] = [
    ("journal_mode", "wal"),
    ("synchronous", "full"),
    ("foreign_keys", "on"),
    ("temp_store", "memory"),
    // See `options::sqlite`.
    ("automatic_index", "off"),
    ("cache_size", "-32768"),
    // See `checkpoint`.
    ("wal_autocheckpoint", "0"),
];

/// A row that is read here; columns are taken by their place.
pub(crate) trait FromSqlite: Sized {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;
}

/// One number: a count, a sum.
impl FromSqlite for (i64,) {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok((row.get(0)?,))
    }
}

/// A statement on its way: values are bound one after the other, the first problem is told at the end.
pub(crate) struct Query<'c> {
    statement: Result<CachedStatement<'c>, rusqlite::Error>,
    bound: usize,
    /// The text numbers its values (`$1`): SQLite takes that for names, and counts them as they first appear.
    is_numbered: bool,
}

impl<'c> Query<'c> {
    /// A listed statement.
    pub(crate) fn numbered(connection: &'c Connection, sql: &str) -> Self {
        Self { statement: connection.prepare_cached(sql), bound: 0, is_numbered: true }
    }

    /// A bulk statement.
    pub(crate) fn plain(connection: &'c Connection, sql: &str) -> Self {
        Self { statement: connection.prepare_cached(sql), bound: 0, is_numbered: false }
    }

    pub(crate) fn bind(mut self, value: impl ToSql) -> Self {
        self.bound += 1;
        if let Ok(statement) = &mut self.statement
            && let Err(error) = bind(statement, self.bound, self.is_numbered, value)
        {
            self.statement = Err(error);
        }
        self
    }

    /// Runs it; the number of rows changed.
    pub(crate) fn execute(self) -> Result<u64, Failure> {
        Ok(self.statement?.raw_execute()? as u64)
    }

    /// Runs it and reads its rows.
    pub(crate) fn fetch<R: FromSqlite>(self) -> Result<Vec<R>, Failure> {
        let mut statement = self.statement?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(R::read(row)?);
        }
        Ok(found)
    }
}

fn bind(
    statement: &mut CachedStatement<'_>,
    number: usize,
    is_numbered: bool,
    value: impl ToSql,
) -> rusqlite::Result<()> {
    let place = match is_numbered {
        true => statement.parameter_index(&format!("${number}"))?,
        false => Some(number),
    };
    // A text may leave a value out that only the other database needs.
    place.map_or(Ok(()), |place| statement.raw_bind_parameter(place, value))
}

impl ToSql for Moment {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(storable(self.0).as_micros())))
    }
}

impl<T: Serialize> ToSql for Doc<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        text_of(self.text())
    }
}

impl ToSql for IdList {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        text_of(self.json())
    }
}

impl ToSql for TextList {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        text_of(self.json())
    }
}

impl FromSql for Moment {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(Timestamp::from_micros(value.as_i64()?)))
    }
}

impl<T> FromSql for Word<T>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

impl<T: DeserializeOwned> FromSql for Doc<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

fn text_of(text: Result<String, serde_json::Error>) -> rusqlite::Result<ToSqlOutput<'static>> {
    match text {
        Ok(text) => Ok(ToSqlOutput::Owned(Value::Text(text))),
        Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi::*;
        match &error {
            rusqlite::Error::SqliteFailure(refusal, message) => match refusal.extended_code {
                SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY => Failure::Taken,
                SQLITE_CONSTRAINT_FOREIGNKEY => {
                    Failure::Conflict("it belongs to something that does not exist".to_owned())
                }
                SQLITE_CONSTRAINT_NOTNULL
                | SQLITE_CONSTRAINT_CHECK
                | SQLITE_CONSTRAINT_TRIGGER
                | SQLITE_CONSTRAINT_DATATYPE
                | SQLITE_TOOBIG => Failure::Conflict(message.clone().unwrap_or_else(|| error.to_string())),
                _ => Failure::Unavailable(shared(error)),
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => Failure::Corrupt(error.to_string()),
            rusqlite::Error::ToSqlConversionFailure(_) => Failure::Conflict(error.to_string()),
            _ => Failure::Unavailable(shared(error)),
        }
    }
}

fn shared(error: rusqlite::Error) -> Arc<dyn Error + Send + Sync> {
    Arc::new(error)
}
