//! Schema and program fit together.

use std::sync::Arc;

use tenants::clock::SystemClock;
use tenants::ports::Operations;
use troupe_storage::testing::TestDatabase;
use troupe_storage::{Database, DatabaseOptions};

use crate::contract;

contract! {
    every_statement_can_be_prepared
    migrations_are_pending_until_they_are_applied
    many_may_open_and_migrate_at_the_same_time
}

async fn open(database: &TestDatabase) -> Database {
    Database::open(DatabaseOptions::new(database.url(), Arc::new(SystemClock))).await.unwrap()
}

async fn without_tables(database: TestDatabase) -> TestDatabase {
    if database.is_sqlite() { database } else { TestDatabase::postgres_without_tables().await.unwrap() }
}

async fn every_statement_can_be_prepared(database: TestDatabase) {
    let database = without_tables(database).await;
    let unmigrated = open(&database).await;
    assert!(unmigrated.check_statements().await.is_err());
    let database = database.open().await;
    assert!(database.check_statements().await.unwrap() > 100);
    database.close().await;
}

async fn migrations_are_pending_until_they_are_applied(database: TestDatabase) {
    let database = without_tables(database).await;
    let database = open(&database).await;
    assert_eq!(
        database.pending_migrations().await.unwrap(),
        [
            "0001 the loop",
            "0002 models",
            "0003 memory",
            "0004 prompts",
            "0005 learning",
            "0006 budgets",
            "0007 rehearsals",
            "0008 connect",
            "0009 media",
            "0010 posts",
            "0011 comms",
            "0012 intel",
            "0013 clocks",
            "0014 people",
            "0015 idempotency",
            "0016 oversight",
            "0017 sso",
            "0018 webhooks",
            "0019 inbox",
        ]
    );
    database.migrate().await.unwrap();
    assert!(database.pending_migrations().await.unwrap().is_empty());
    database.migrate().await.unwrap();
    database.close().await;
}

async fn many_may_open_and_migrate_at_the_same_time(database: TestDatabase) {
    let database = without_tables(database).await;
    let nodes = (0..6).map(async |_| {
        let node = open(&database).await;
        node.migrate().await.unwrap();
        node.ping().await.unwrap();
        node.close().await;
    });
    futures::future::join_all(nodes).await;
}
