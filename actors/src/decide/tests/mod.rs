//! Stories: one event after the other, with a real offline model and rows in memory.

mod approvals;
mod conversations;
mod hostile_rules;
mod memory_store;
mod models;
mod property;
mod recall;
mod rows;
mod stories;
mod world;
