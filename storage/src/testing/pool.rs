//! The PostgreSQL databases of tests: whose test is over is emptied and given to the next. Each takes about twenty
//! megabytes and half a second to be made, and a run of all tests asks for hundreds.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::server::PostgresServer;

/// Names of databases of the shared server that nobody uses and that hold nothing.
static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Removes all rows, past the triggers that keep them; needs what a superuser may.
const EMPTY_ALL_TABLES: &str = "do $$ declare it record; begin \
    set local session_replication_role = replica; \
    for it in select tablename from pg_tables where schemaname = 'public' and tablename <> '_sqlx_migrations' loop \
        execute format('delete from %I', it.tablename); \
    end loop; end $$";

/// A database of the shared server, in use. It is emptied for the next test when this is dropped, by a thread of its
/// own: no test waits for it.
#[derive(Debug)]
pub(super) struct Lent {
    pub name: String,
    server: Arc<PostgresServer>,
    /// Somebody ran SQL of their own in it: its tables may not be what they were.
    is_altered: AtomicBool,
}

impl Lent {
    /// One that is empty: either without tables, or with all of them and no rows.
    pub async fn empty(server: &Arc<PostgresServer>) -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let name = match free {
            Some(name) => name,
            None => create(server).await,
        };
        Self { name, server: Arc::clone(server), is_altered: AtomicBool::new(false) }
    }

    /// One without tables.
    pub async fn without_tables(server: &Arc<PostgresServer>) -> Self {
        Self { name: create(server).await, server: Arc::clone(server), is_altered: AtomicBool::new(false) }
    }

    /// It is not to be given to another test.
    pub fn alter(&self) {
        self.is_altered.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        static RETURNED: LazyLock<Sender<Returned>> = LazyLock::new(take_back);
        let _ = RETURNED.send(Returned {
            name: std::mem::take(&mut self.name),
            server: Arc::clone(&self.server),
            is_altered: self.is_altered.load(Ordering::Relaxed),
        });
    }
}

/// A database whose test is over.
struct Returned {
    name: String,
    server: Arc<PostgresServer>,
    is_altered: bool,
}

/// Makes an empty database and says its name.
pub(super) async fn create(server: &PostgresServer) -> String {
    let name = new_name();
    execute(&mut connect(server, "postgres").await, &format!("create database {name} template template0"))
        .await;
    name
}

#[expect(
    clippy::disallowed_methods,
    reason = "it serves all tests of the process, and no shutdown waits for it"
)]
fn take_back() -> Sender<Returned> {
    let (sender, returned) = channel::<Returned>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime of one thread");
        for it in returned {
            runtime.block_on(take(it));
        }
    });
    sender
}

/// Takes a database from whoever is still connected (tasks may outlive their test by a moment), and empties or removes it.
/// A new name keeps them from coming back.
async fn take(Returned { name, server, is_altered }: Returned) {
    let mut outside = connect(&server, "postgres").await;
    if is_altered {
        return execute(&mut outside, &format!("drop database {name} with (force)")).await;
    }
    let free = new_name();
    let end = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    let rename = format!("alter database {name} rename to {free}");
    let mut tries = 0;
    // Whoever connects between the two is ended the next time.
    while let Err(error) =
        sqlx::raw_sql(AssertSqlSafe(format!("{end}; {rename}"))).execute(&mut outside).await
    {
        tries += 1;
        assert!(tries < 100, "the database {name} cannot be taken back: {error}");
    }
    let mut inside = connect(&server, &free).await;
    execute(&mut inside, EMPTY_ALL_TABLES).await;
    let _ = inside.close().await;
    FREE.lock().unwrap_or_else(PoisonError::into_inner).push(free);
}

fn new_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("troupe_test_{}_{number}", std::process::id())
}

async fn connect(server: &PostgresServer, database: &str) -> PgConnection {
    let options: PgConnectOptions = server.url(database).parse().expect("the address of the test server");
    options.connect().await.expect("the test server answers")
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.expect("the test server does as it is told");
}
