//! What a store must do, whatever database is behind it. Each case runs on a fresh SQLite file and on a fresh
//! PostgreSQL database.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod commit;
#[cfg(test)]
mod comms;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod conversations;
#[cfg(test)]
mod costs;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod intel;
#[cfg(test)]
mod keeping_order;
#[cfg(test)]
mod learning;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod ledger_crowd;
#[cfg(test)]
mod ledger_model;
#[cfg(test)]
mod media;
#[cfg(test)]
mod memory;
#[cfg(test)]
#[cfg(feature = "memory-edge")]
mod memory_index;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod people;
#[cfg(test)]
mod posts;
#[cfg(test)]
mod prompts;
#[cfg(test)]
mod rehearsals;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod ticks;
#[cfg(test)]
mod together;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod users;
#[cfg(test)]
mod watches;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod world;

use troupe_storage::testing::TestDatabase;

/// A database of its own for one case; `None` skips the case because there is no server.
async fn fresh(kind: &str) -> Option<TestDatabase> {
    match kind {
        "sqlite" => Some(TestDatabase::sqlite()),
        _ => TestDatabase::postgres().await,
    }
}

/// Lists the cases of a file; each becomes a test on either database.
macro_rules! contract {
    ($($case:ident)+) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $case() {
                    if let Some(database) = crate::fresh("sqlite").await {
                        super::$case(database).await;
                    }
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $case() {
                    if let Some(database) = crate::fresh("postgres").await {
                        super::$case(database).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use contract;
