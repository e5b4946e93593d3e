//! Stories of the router, with scripted providers, a ledger in memory, and a clock that moves on command.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod answers;
mod budgets;
mod cancelling;
mod cascade;
mod failures;
mod hedging;
mod reloading;
mod safety;
mod sharing;
mod spares;
mod stage;
mod streams;
mod tiers;
