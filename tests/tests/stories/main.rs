//! Stories through the real boot, each told on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

mod approvals;
mod comms;
mod conversations;
mod decisions;
mod delivery;
mod faults;
mod hostile;
mod learning;
mod models;
mod notices;
mod rehearsals;
mod resilience;
