//! Throw-away databases for tests: a fresh SQLite file, or a fresh database on a PostgreSQL server that is
//! started once per test process and ends with it.

mod pool;
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use tenants::clock::{Clock, SystemClock};
use tenants::ports::StoreError;

use crate::failure::too_slow;
use crate::{Database, DatabaseOptions};
use pool::Lent;
pub use server::PostgresServer;

/// While this value lives, nobody else can write to a SQLite file.
#[derive(Debug)]
pub struct Lockout(SqliteConnection);

impl Lockout {
    /// Lets the others write again.
    ///
    /// # Panics
    /// When the connection does not work.
    pub async fn end(mut self) {
        sqlx::raw_sql("rollback").execute(&mut self.0).await.expect("nothing was changed");
        self.0.close().await.expect("the connection ends");
    }
}

/// Answers that get lost on their way: what was committed is committed, and whoever asked for it is not told.
#[derive(Debug, Default)]
pub(crate) struct Losses(AtomicBool);

impl Losses {
    pub(crate) fn lose_next(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn pass(&self) -> Result<(), StoreError> {
        match self.0.swap(false, Ordering::Relaxed) {
            true => Err(too_slow()),
            false => Ok(()),
        }
    }
}

/// An empty database that nobody else uses. A SQLite file is removed when this is dropped; a PostgreSQL database
/// is emptied for the next test and goes with its server (with a server named by `TROUPE_TEST_POSTGRES_URL` it stays,
/// under a name that begins with `troupe_test_`).
#[derive(Debug)]
pub struct TestDatabase {
    url: SecretString,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A file in this folder.
    Sqlite { _folder: TempDir },
    /// On the server that the tests of this process share.
    Shared(Lent),
    /// On a server of its own.
    Own,
}

impl TestDatabase {
    /// A file in a temporary folder.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    pub fn sqlite() -> Self {
        let folder = tempfile::Builder::new().prefix("troupe-test-").tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("troupe.db").display());
        Self { url: url.into(), kind: Kind::Sqlite { _folder: folder } }
    }

    /// A database of its own on the PostgreSQL server of this test process; `None` (and a line that says so) when
    /// no PostgreSQL is installed and none is named by `TROUPE_TEST_POSTGRES_URL`.
    ///
    /// # Panics
    /// When the server does not work, or when there is none although `REQUIRE_SERVICES=1` asks for it.
    pub async fn postgres() -> Option<Self> {
        let server = server::shared().await?;
        Some(Self::lent(&server, Lent::empty(&server).await))
    }

    /// The same, certainly without any table: other tests' may have left theirs.
    ///
    /// # Panics
    /// As [`postgres`](Self::postgres).
    pub async fn postgres_without_tables() -> Option<Self> {
        let server = server::shared().await?;
        Some(Self::lent(&server, Lent::without_tables(&server).await))
    }

    fn lent(server: &PostgresServer, lent: Lent) -> Self {
        Self { url: server.url(&lent.name).into(), kind: Kind::Shared(lent) }
    }

    /// A database of its own on this server.
    ///
    /// # Panics
    /// When the server does not work.
    pub async fn on(server: &PostgresServer) -> Self {
        Self { url: server.url(&pool::create(server).await).into(), kind: Kind::Own }
    }

    /// Its address, for [`DatabaseOptions::url`].
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// Runs SQL past the store, as somebody with access to the database could.
    ///
    /// # Errors
    /// What the database says against it.
    pub async fn execute(&self, sql: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if let Kind::Shared(lent) = &self.kind {
            lent.alter();
        }
        let sql = AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let options = SqliteConnectOptions::new().filename(self.url().trim_start_matches("sqlite:"));
            let mut connection = options.connect().await?;
            sqlx::raw_sql(sql).execute(&mut connection).await?;
            connection.close().await?;
        } else {
            let mut connection = self.url().parse::<PgConnectOptions>()?.connect().await?;
            sqlx::raw_sql(sql).execute(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// Keeps everybody else from writing, as another program with access to a SQLite file could.
    ///
    /// # Panics
    /// When somebody else holds it for long, or it is no file.
    pub async fn lock_out(&self) -> Lockout {
        let options = SqliteConnectOptions::new()
            .filename(self.url().strip_prefix("sqlite:").expect("a SQLite file"))
            .busy_timeout(Duration::from_secs(30));
        let mut connection = options.connect().await.expect("the file opens");
        sqlx::raw_sql("begin immediate")
            .execute(&mut connection)
            .await
            .expect("the file is free for a moment");
        Lockout(connection)
    }

    /// True for a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.kind, Kind::Sqlite { .. })
    }

    /// Opens and migrates it, with the machine's clock.
    ///
    /// # Panics
    /// When that fails.
    pub async fn open(&self) -> Database {
        self.open_with(Arc::new(SystemClock)).await
    }

    /// Opens and migrates it, with another clock.
    ///
    /// # Panics
    /// When that fails.
    pub async fn open_with(&self, clock: Arc<dyn Clock>) -> Database {
        let options = DatabaseOptions::new(self.url(), clock);
        let database = Database::open(options).await.expect("the test database opens");
        database.migrate().await.expect("the migrations apply");
        database
    }
}
