//! The two databases behind one face: a macro takes a statement and its values once and expands to either driver.

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{ConnectOptions, Connection as _};
use tenants::ports::StoreError;

use crate::failure::{Failure, read_error, too_slow};
use crate::sqlite::FileOptions;

/// Connections for reading.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A connection for writing, owned by one committer.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(Box<PgConnection>),
}

/// How to get a [`Connection`].
#[derive(Debug, Clone)]
pub(crate) enum Connector {
    Sqlite(FileOptions),
    Postgres(Box<PgConnectOptions>),
}

impl Connector {
    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        Ok(match self {
            Connector::Sqlite(options) => Connection::Sqlite(options.open()?),
            Connector::Postgres(options) => Connection::Postgres(Box::new(options.connect().await?)),
        })
    }
}

impl Connection {
    /// Ends the connection in good order; on SQLite this empties the write-ahead log into the file.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self {
            Connection::Sqlite(connection) => connection.close().map_err(|(_, error)| error.into()),
            Connection::Postgres(connection) => Ok(connection.close().await?),
        }
    }
}

/// A connection for everything that is not the work of a committer: opening, migrating, claiming.
#[derive(Debug)]
pub(crate) enum Session {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

/// How to get a [`Session`].
#[derive(Debug, Clone)]
pub(crate) enum SessionOptions {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl SessionOptions {
    pub(crate) async fn connect(&self) -> Result<Session, sqlx::Error> {
        Ok(match self {
            SessionOptions::Sqlite(options) => Session::Sqlite(Box::new(options.connect().await?)),
            SessionOptions::Postgres(options) => Session::Postgres(Box::new(options.connect().await?)),
        })
    }
}

impl Session {
    /// Ends the session in good order.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Session::Sqlite(session) => session.close().await,
            Session::Postgres(session) => session.close().await,
        }
    }
}

/// The read side: a pool, and the longest that a read may take.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) pool: Pool,
    pub(crate) timeout: Duration,
}

impl Reader {
    /// Waits for a read, but not for ever.
    pub(crate) async fn bounded<T>(
        &self,
        read: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.timeout, read).await {
            Ok(answer) => answer.map_err(read_error),
            Err(_) => Err(too_slow()),
        }
    }
}

/// Reads all rows of a statement: `rows!(reader, Row, STATEMENT, bind, …)`.
macro_rules! rows {
    ($reader:expr, $row:ty, $statement:expr $(, $bind:expr)* $(,)?) => {
        $reader.bounded(async {
            match &$reader.pool {
                $crate::db::Pool::Sqlite(pool) => {
                    sqlx::query_as::<_, $row>($statement.sqlite())$(.bind($bind))*.fetch_all(pool).await
                }
                $crate::db::Pool::Postgres(pool) => {
                    sqlx::query_as::<_, $row>($statement.postgres())$(.bind($bind))*.fetch_all(pool).await
                }
            }
        })
        .await
    };
}
pub(crate) use rows;

/// Reads at most one row of a statement: `row!(reader, Row, STATEMENT, bind, …)`.
macro_rules! row {
    ($reader:expr, $row:ty, $statement:expr $(, $bind:expr)* $(,)?) => {
        $reader.bounded(async {
            match &$reader.pool {
                $crate::db::Pool::Sqlite(pool) => {
                    sqlx::query_as::<_, $row>($statement.sqlite())$(.bind($bind))*.fetch_optional(pool).await
                }
                $crate::db::Pool::Postgres(pool) => {
                    sqlx::query_as::<_, $row>($statement.postgres())$(.bind($bind))*.fetch_optional(pool).await
                }
            }
        })
        .await
    };
}
pub(crate) use row;

/// Runs a statement of the writer: `run!(connection, STATEMENT, bind, …)`. Gives the number of rows changed.
macro_rules! run {
    ($connection:expr, $statement:expr $(, $bind:expr)* $(,)?) => {
        match $connection {
            $crate::db::Connection::Sqlite(connection) => {
                $crate::sqlite::Query::numbered(connection, $statement.sqlite())$(.bind($bind))*.execute()
            }
            $crate::db::Connection::Postgres(connection) => {
                sqlx::query($statement.postgres())$(.bind($bind))*.execute(&mut **connection).await
                    .map(|done| done.rows_affected()).map_err($crate::failure::Failure::from)
            }
        }
    };
}
pub(crate) use run;

/// Runs a statement of the writer that gives rows: `fetch!(connection, Row, STATEMENT, bind, …)`.
macro_rules! fetch {
    ($connection:expr, $row:ty, $statement:expr $(, $bind:expr)* $(,)?) => {
        match $connection {
            $crate::db::Connection::Sqlite(connection) => {
                $crate::sqlite::Query::numbered(connection, $statement.sqlite())$(.bind($bind))*.fetch::<$row>()
            }
            $crate::db::Connection::Postgres(connection) => {
                sqlx::query_as::<_, $row>($statement.postgres())$(.bind($bind))*.fetch_all(&mut **connection).await
                    .map_err($crate::failure::Failure::from)
            }
        }
    };
}
pub(crate) use fetch;

/// Runs a bulk statement over `rows`: `run_bulk!(connection, BULK, rows, |query, row| query.bind(row.id))`.
/// Gives the number of rows changed.
macro_rules! run_bulk {
    ($connection:expr, $bulk:expr, $rows:expr, |$query:ident, $row:ident| $bound:expr) => {
        async {
            let mut changed = 0;
            for piece in $bulk.pieces($rows) {
                changed += match $connection {
                    $crate::db::Connection::Sqlite(connection) => {
                        let sql = $bulk.sqlite(piece.len());
                        let mut $query = $crate::sqlite::Query::plain(connection, &sql.0);
                        for $row in piece {
                            $query = $bound;
                        }
                        $query.execute()?
                    }
                    $crate::db::Connection::Postgres(connection) => {
                        let mut $query = sqlx::query($bulk.postgres(piece.len()));
                        for $row in piece {
                            $query = $bound;
                        }
                        $query.execute(&mut **connection).await?.rows_affected()
                    }
                };
            }
            Ok::<u64, $crate::failure::Failure>(changed)
        }
        .await
    };
}
pub(crate) use run_bulk;

/// Like [`run_bulk!`] for a statement that gives rows: `fetch_bulk!(connection, Row, BULK, rows, |query, row| …)`.
macro_rules! fetch_bulk {
    ($connection:expr, $output:ty, $bulk:expr, $rows:expr, |$query:ident, $row:ident| $bound:expr) => {
        async {
            let mut found: Vec<$output> = Vec::new();
            for piece in $bulk.pieces($rows) {
                found.extend(match $connection {
                    $crate::db::Connection::Sqlite(connection) => {
                        let sql = $bulk.sqlite(piece.len());
                        let mut $query = $crate::sqlite::Query::plain(connection, &sql.0);
                        for $row in piece {
                            $query = $bound;
                        }
                        $query.fetch::<$output>()?
                    }
                    $crate::db::Connection::Postgres(connection) => {
                        let mut $query = sqlx::query_as::<_, $output>($bulk.postgres(piece.len()));
                        for $row in piece {
                            $query = $bound;
                        }
                        $query.fetch_all(&mut **connection).await?
                    }
                });
            }
            Ok::<Vec<$output>, $crate::failure::Failure>(found)
        }
        .await
    };
}
pub(crate) use fetch_bulk;
