//! Stories of the router, with scripted providers, a ledger in memory, and a clock that moves on command.

mod answers;
mod budgets;
mod cancelling;
mod failures;
mod reloading;
mod sharing;
mod stage;
mod streams;
