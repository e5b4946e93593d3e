//! What went wrong, sorted by what happens next.

use std::error::Error;
use std::sync::Arc;

use sqlx::error::ErrorKind;
use tenants::ports::StoreError;

/// What a database said, told to everybody whom it concerns.
pub(crate) type SharedError = Arc<dyn Error + Send + Sync>;

/// Why a statement of the writer failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It concerns one unit of work alone; its neighbours in the batch go on.
    Conflict(String),
    /// Like a conflict: something with the same unique name or id exists already.
    Taken,
    /// Two transactions were in each other's way; the same work may succeed when tried again.
    Contended(SharedError),
    /// A stored row cannot be understood; it concerns one unit of work alone.
    Corrupt(String),
    /// The database cannot work at present; the whole batch fails.
    Unavailable(SharedError),
}

impl Failure {
    /// Says in better words that a unique name is taken.
    pub(crate) fn when_taken(self, words: impl FnOnce() -> String) -> Self {
        match self {
            Failure::Taken => Failure::Conflict(words()),
            other => other,
        }
    }

    /// What becomes of a row that was added, or replaced where it is the tenant's own: nothing written means that its id is
    /// another's.
    pub(crate) fn of_put(
        stored: Result<u64, Self>,
        id: impl std::fmt::Display,
        taken: impl FnOnce() -> String,
    ) -> Result<(), Self> {
        match stored.map_err(|failure| failure.when_taken(taken))? {
            0 => Err(Failure::Conflict(format!("{id} exists already"))),
            _ => Ok(()),
        }
    }

    /// The answer for the unit of work.
    pub(crate) fn into_store_error(self) -> StoreError {
        match self {
            Failure::Conflict(problem) => StoreError::Conflict(problem),
            Failure::Taken => StoreError::Conflict("it exists already".to_owned()),
            Failure::Corrupt(problem) => StoreError::Corrupt(problem),
            Failure::Contended(error) | Failure::Unavailable(error) => {
                StoreError::Unavailable(Box::new(error))
            }
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) => match refusal.kind() {
                ErrorKind::UniqueViolation => Failure::Taken,
                ErrorKind::ForeignKeyViolation => {
                    Failure::Conflict("it belongs to something that does not exist".to_owned())
                }
                ErrorKind::NotNullViolation | ErrorKind::CheckViolation | ErrorKind::ExclusionViolation => {
                    Failure::Conflict(refusal.message().to_owned())
                }
                _ => match refusal.code().as_deref() {
                    Some(CODE_DEADLOCK | CODE_SERIALIZATION) => Failure::Contended(Arc::new(error)),
                    Some(code) if is_bad_value(code) => Failure::Conflict(refusal.message().to_owned()),
                    _ => Failure::Unavailable(Arc::new(error)),
                },
            },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Failure::Corrupt(error.to_string()),
            sqlx::Error::Encode(_) => Failure::Conflict(error.to_string()),
            _ => Failure::Unavailable(Arc::new(error)),
        }
    }
}

const CODE_DEADLOCK: &str = "40P01";
const CODE_SERIALIZATION: &str = "40001";

/// True for PostgreSQL's class 22 (data exception) and the refusals of its and SQLite's triggers and types: the
/// value is at fault, not the database.
fn is_bad_value(code: &str) -> bool {
    /// `raise(abort, …)` in a trigger.
    const SQLITE_CONSTRAINT_TRIGGER: &str = "1811";
    /// A value of the wrong type for a column of a strict table.
    const SQLITE_CONSTRAINT_DATATYPE: &str = "3091";
    /// `raise exception` in a trigger.
    const RAISE_EXCEPTION: &str = "P0001";
    /// One statement would touch a row twice.
    const CARDINALITY_VIOLATION: &str = "21000";
    /// A text too long for an index.
    const PROGRAM_LIMIT_EXCEEDED: &str = "54000";
    /// A text or blob beyond SQLite's limit.
    const SQLITE_TOOBIG: &str = "18";
    let is_data_exception = code.len() == 5 && code.starts_with("22");
    let others = [
        SQLITE_CONSTRAINT_TRIGGER,
        SQLITE_CONSTRAINT_DATATYPE,
        SQLITE_TOOBIG,
        RAISE_EXCEPTION,
        CARDINALITY_VIOLATION,
        PROGRAM_LIMIT_EXCEEDED,
    ];
    is_data_exception || others.contains(&code)
}

/// The answer to a failed read.
pub(crate) fn read_error(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

/// The answer when something took longer than it may.
pub(crate) fn too_slow() -> StoreError {
    StoreError::Unavailable("it took longer than it may".into())
}

/// The answer after the end.
pub(crate) fn closed() -> StoreError {
    StoreError::Unavailable("the database is closed".into())
}
