//! Schema and program fit together.

use troupe_storage::testing::TestDatabase;

use crate::contract;

contract! {
    every_statement_can_be_prepared
    migrations_are_pending_until_they_are_applied
}

async fn every_statement_can_be_prepared(database: TestDatabase) {
    let database = database.open().await;
    assert!(database.check_statements().await.unwrap() > 100);
    database.close().await;
}

async fn migrations_are_pending_until_they_are_applied(database: TestDatabase) {
    let database = database.open().await;
    assert!(database.pending_migrations().await.unwrap().is_empty());
    database.migrate().await.unwrap();
    database.close().await;
}
