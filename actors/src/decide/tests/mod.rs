//! Stories: one event after the other, with a real offline model and rows in memory.

mod approvals;
mod memory_store;
mod property;
mod stories;
mod world;
