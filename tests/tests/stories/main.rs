//! Stories through the real boot, each told on SQLite and on PostgreSQL.

mod approvals;
mod conversations;
mod decisions;
mod delivery;
mod faults;
mod resilience;
