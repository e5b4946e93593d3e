//! Stories through the real boot, each told on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

mod approvals;
mod clocks;
mod comms;
mod connecting;
mod conversations;
mod decisions;
mod delivery;
mod faults;
mod forecasts;
mod gaps;
mod hostile;
mod intel;
mod learning;
mod media;
mod models;
mod month;
mod notices;
mod outside;
mod oversight;
mod publishing;
mod pushing;
mod rehearsals;
mod resilience;
mod settling;
mod tokens;
mod webhooks;
