//! Stories: one event after the other, with a real offline model and rows in memory.

mod approvals;
mod conversations;
mod gullible;
mod hostile_rules;
pub(crate) mod memory_store;
mod models;
mod property;
mod recall;
pub(crate) mod rows;
mod safety;
mod stories;
pub(crate) mod world;
