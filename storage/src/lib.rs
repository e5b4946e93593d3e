//! The ports of the domain on SQLite and PostgreSQL.
//!
//! There is one implementation for both databases. A SQL text is written once (see `statement`), values that the
//! databases store differently are newtypes (see `types`), and a macro expands one expression for either side (see
//! `db`). Reads go to a pool, and those that many actors make at once travel together (see `gather`). Everything that
//! writes is handed to a committer, which takes units of work that wait, in fair turns, and makes them durable with one
//! commit (see `writer`). Where SQLite is called without sqlx, and why, tells `sqlite`.
//!
//! To add something to the store: a table in `migrations/sqlite` and `migrations/postgres`, a port in `tenants`, a file
//! here that reads it, a file in `apply` that writes it, their lists in `check`, and a case in the contract that runs on
//! both databases (`tests/contract`).

mod alerts;
mod apply;
mod approvals;
mod audit;
mod briefings;
mod budgets;
mod check;
mod checkpoint;
mod claim;
mod comms;
mod connections;
mod conversations;
mod costs;
mod database;
mod db;
mod directory;
mod failure;
mod gather;
mod inbox;
mod intel;
mod leads;
mod learning;
mod ledger;
mod line;
mod media;
mod memory;
mod open;
mod operations;
mod options;
mod outbox;
mod outside;
mod oversight;
mod overview;
mod posts;
mod prompts;
mod rehearsals;
mod sqlite;
mod statement;
#[cfg(feature = "testing")]
pub mod testing;
mod ticks;
mod types;
mod users;
mod wake;
mod watches;
mod webhooks;
mod work;
mod writer;

pub use claim::NodeClaim;
pub use database::Database;
pub use media::{BucketOptions, FileStream, FilesError, MediaFiles};
pub use memory::{MemoryOptions, TenantMemory};
pub use open::OpenError;
pub use options::{DatabaseOptions, Limits};
pub use wake::LocalWake;
