//! Stories: one event after the other, with a real offline model and rows in memory.

mod approvals;
mod conversations;
mod gullible;
mod hostile_rules;
mod memory_store;
mod models;
mod property;
mod rows;
mod safety;
mod stories;
mod world;
