//! Every statement of this crate, to be prepared without being executed.

use sqlx::{Executor, SqlSafeStr};
use tenants::ports::StoreError;

use crate::db::Connection;
use crate::statement::{Bulk, Statement};
use crate::{alerts, apply, approvals, audit, conversations, directory, inbox, operations, outbox, writer};

/// A file whose statements are missing here does not compile without a warning: nobody else reads its list.
fn statements() -> impl Iterator<Item = &'static Statement> {
    let lists: [&'static [&'static Statement]; 18] = [
        alerts::STATEMENTS,
        approvals::STATEMENTS,
        audit::STATEMENTS,
        conversations::STATEMENTS,
        directory::STATEMENTS,
        inbox::STATEMENTS,
        operations::STATEMENTS,
        outbox::STATEMENTS,
        writer::STATEMENTS,
        apply::accounts::STATEMENTS,
        apply::alerts::STATEMENTS,
        apply::approvals::STATEMENTS,
        apply::audit::STATEMENTS,
        apply::conversations::STATEMENTS,
        apply::events::STATEMENTS,
        apply::operations::STATEMENTS,
        apply::rules::STATEMENTS,
        apply::tenants::STATEMENTS,
    ];
    lists.into_iter().flatten().copied()
}

fn bulk_statements() -> impl Iterator<Item = &'static Bulk> {
    let lists: [&'static [&'static Bulk]; 7] = [
        apply::accept::BULK_STATEMENTS,
        apply::audit::BULK_STATEMENTS,
        apply::conversations::BULK_STATEMENTS,
        apply::effects::BULK_STATEMENTS,
        apply::events::BULK_STATEMENTS,
        apply::operations::BULK_STATEMENTS,
        apply::rules::BULK_STATEMENTS,
    ];
    lists.into_iter().flatten().copied()
}

/// Prepares every statement and gives their number.
pub(crate) async fn prepare_all(connection: &mut Connection) -> Result<usize, StoreError> {
    let mut prepared = 0;
    for statement in statements() {
        match connection {
            Connection::Sqlite(_) => prepare(connection, statement.sqlite()).await?,
            Connection::Postgres(_) => prepare(connection, statement.postgres()).await?,
        }
        prepared += 1;
    }
    for bulk in bulk_statements() {
        for rows in [1, 2] {
            match connection {
                Connection::Sqlite(_) => prepare(connection, bulk.sqlite(rows)).await?,
                Connection::Postgres(_) => prepare(connection, bulk.postgres(rows)).await?,
            }
            prepared += 1;
        }
    }
    Ok(prepared)
}

async fn prepare(connection: &mut Connection, sql: impl SqlSafeStr) -> Result<(), StoreError> {
    let sql = sql.into_sql_str();
    let text = sql.as_str().to_owned();
    let prepared = match connection {
        Connection::Sqlite(connection) => connection.prepare(sql).await.map(drop),
        Connection::Postgres(connection) => connection.prepare(sql).await.map(drop),
    };
    prepared.map_err(|error| StoreError::Corrupt(format!("{error} in: {text}")))
}
