//! What happens when the database does not work, and that all is well again afterwards.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tenants::clock::SystemClock;
use tenants::ports::{Accepted, AuditLog, Inbox, Operations, Outbox};
use troupe_storage::testing::{PostgresServer, TestDatabase};
use troupe_storage::{Database, DatabaseOptions, Limits, OpenError};

use crate::contract;
use crate::world::{World, hide, is_unavailable};

contract! {
    when_the_commit_fails_everybody_is_told_and_nothing_is_stored
    a_newer_schema_is_refused
}

/// Makes every commit fail that stored an event: a constraint is checked only at the end of the transaction.
const TRAP_TABLES: &str = "create table trap_parent (id integer primary key); \
                           create table trap (id integer references trap_parent (id) deferrable initially deferred);";

async fn set_trap(database: &TestDatabase) {
    let trigger = match database.is_sqlite() {
        true => "create trigger spring after insert on inbox_events begin insert into trap values (1); end;",
        false => {
            "create function spring() returns trigger language plpgsql as $$ begin insert into trap values (1); \
             return new; end; $$; \
             create trigger spring after insert on inbox_events for each row execute function spring();"
        }
    };
    database.execute(&format!("{TRAP_TABLES} {trigger}")).await.unwrap();
}

async fn remove_trap(database: &TestDatabase) {
    let on = if database.is_sqlite() { "" } else { "on inbox_events" };
    database.execute(&format!("drop trigger spring {on}")).await.unwrap();
}

async fn when_the_commit_fails_everybody_is_told_and_nothing_is_stored(database: TestDatabase) {
    let world = World::new(&database).await;
    set_trap(&database).await;
    let deliveries = (0..20).map(|number| world.store.accept(world.delivery(&[number.to_string().as_str()])));
    let answers = futures::future::join_all(deliveries).await;
    assert!(answers.iter().all(is_unavailable));
    assert!(world.store.pending_events(&world.tenant, &[], 10).await.unwrap().is_empty());
    world.commit([world.audit("decision.made")]).await.unwrap();
    remove_trap(&database).await;
    assert_eq!(world.store.accept(world.delivery(&["1"])).await.unwrap(), [Accepted::Stored]);
}

async fn a_newer_schema_is_refused(database: TestDatabase) {
    database.open().await.close().await;
    let (flag, checksum) = if database.is_sqlite() { ("1", "x'00'") } else { ("true", "'\\x00'::bytea") };
    let sql = format!(
        "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         values (9999, 'from the future', current_timestamp, {flag}, {checksum}, 0)"
    );
    database.execute(&sql).await.unwrap();
    let answer = Database::open(DatabaseOptions::new(database.url(), Arc::new(SystemClock))).await;
    assert!(matches!(answer, Err(OpenError::NewerSchema { version: 9999 })));
}

fn impatient(url: &str) -> DatabaseOptions {
    let mut options = DatabaseOptions::new(url, Arc::new(SystemClock));
    options.limits = Limits {
        queue: 2,
        batch: 1,
        patience: Duration::from_millis(100),
        timeout: Duration::from_millis(600),
        ..Limits::default()
    };
    options
}

async fn open_error(url: &str) -> OpenError {
    match Database::open(impatient(url)).await {
        Ok(_) => panic!("it opens"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_file_locked_by_somebody_else_is_unavailable_until_it_is_free() {
    let database = TestDatabase::sqlite();
    let world = World::new(&database).await;
    let store = Database::open(impatient(database.url())).await.unwrap();
    let options = SqliteConnectOptions::new().filename(database.url().trim_start_matches("sqlite:"));
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("begin immediate").execute(&mut other).await.unwrap();

    assert!(is_unavailable(&store.accept(world.delivery(&["1"])).await));
    assert!(store.tenants_with_events().await.unwrap().is_empty(), "reading goes on");
    let many = (0..10).map(|number| store.accept(world.delivery(&[number.to_string().as_str()])));
    let answers = futures::future::join_all(many).await;
    assert!(answers.iter().all(is_unavailable), "a full queue is told from an endless one");

    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert_eq!(store.accept(world.delivery(&["1"])).await.unwrap(), [Accepted::Stored]);
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    assert!(matches!(open_error(&path("no/such/folder/troupe.db")).await, OpenError::File { .. }));
    std::fs::write(path("letter.db"), "Dear database, ".repeat(1_000)).unwrap();
    assert!(matches!(open_error(&path("letter.db")).await, OpenError::NotADatabase { .. }));
    for url in
        ["", "sqlite:", "sqlite::memory:", "mysql://root@localhost/x", "postgres://user:secret@:port/x"]
    {
        assert!(matches!(open_error(url).await, OpenError::InvalidUrl), "{url}");
    }

    let held = path("held.db");
    let mut other =
        SqliteConnectOptions::new().filename(&held).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql("pragma locking_mode = exclusive; create table t (i); begin exclusive")
        .execute(&mut other)
        .await
        .unwrap();
    assert!(matches!(open_error(&held).await, OpenError::Locked { .. }));
}

#[tokio::test]
async fn a_password_is_neither_shown_nor_repeated_in_errors() {
    let url = "postgres://troupe:s3cret@127.0.0.1:1/troupe";
    let options = impatient(url);
    assert!(!format!("{options:?}").contains("s3cret"));
    let error = open_error(url).await;
    assert!(matches!(error, OpenError::Unreachable { .. }));
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_server_that_refuses_is_told_with_a_way_out() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let (server, _) = database.url().split_once("/troupe_test").unwrap();
    assert!(matches!(open_error(&format!("{server}/nowhere")).await, OpenError::NoSuchDatabase { .. }));
    let stranger = server.replace("troupe@", "stranger:s3cret@");
    assert!(matches!(open_error(&format!("{stranger}/postgres")).await, OpenError::Refused { .. }));
}

#[tokio::test]
async fn a_table_locked_on_the_server_is_unavailable_until_it_is_free() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let world = World::new(&database).await;
    let store = Database::open(impatient(database.url())).await.unwrap();
    let options: sqlx::postgres::PgConnectOptions = database.url().parse().unwrap();
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("begin; lock table inbox_events in access exclusive mode")
        .execute(&mut other)
        .await
        .unwrap();
    assert!(is_unavailable(&store.accept(world.delivery(&["1"])).await));
    assert!(is_unavailable(&store.tenants_with_events().await));
    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    assert_eq!(store.accept(world.delivery(&["1"])).await.unwrap(), [Accepted::Stored]);
    assert_eq!(store.tenants_with_events().await.unwrap(), [world.tenant]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_the_middle_is_unavailable_until_it_is_back() {
    let Some(server) = PostgresServer::start() else { return };
    let database = TestDatabase::on(&server).await;
    let world = World::new(&database).await;
    let stored = world.queued(world.effect(hide("1"))).await;

    let flood = (0..200).map(|number| {
        let (store, delivery) = (world.store.clone(), world.delivery(&[number.to_string().as_str()]));
        async move { store.accept(delivery).await }
    });
    let (answers, ()) = tokio::join!(futures::future::join_all(flood), async {
        tokio::task::block_in_place(|| server.crash());
    });
    let refused = answers.iter().filter(|answer| is_unavailable(answer)).count();
    assert_eq!(refused + answers.iter().filter(|answer| answer.is_ok()).count(), answers.len());
    assert!(is_unavailable(&world.store.accept(world.delivery(&["down"])).await));
    assert!(is_unavailable(&world.store.ping().await));
    assert!(is_unavailable(&world.store.find_effect(&world.tenant, &stored.id).await));

    tokio::task::block_in_place(|| server.restart());
    assert_eq!(world.store.accept(world.delivery(&["up"])).await.unwrap(), [Accepted::Stored]);
    world.store.ping().await.unwrap();
    assert_eq!(world.store.find_effect(&world.tenant, &stored.id).await.unwrap(), Some(stored));
    world.commit([world.audit("decision.made")]).await.unwrap();
    let verdict = world.store.verify_chain(&world.chain()).await.unwrap();
    assert_eq!(verdict, tenants::audit::ChainVerdict::Intact { entries: 1 });
    let waiting = world.store.pending_events(&world.tenant, &[], 1_000).await.unwrap().len();
    assert!(waiting > answers.iter().filter(|answer| answer.is_ok()).count(), "what was accepted is there");
}
