//! The HTTP side of a node, asked like a client asks it, on a real database.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod access;
mod approvals;
mod bodies;
mod budget_alerts;
mod budgets;
mod checked;
mod connect;
mod cross_tenant;
mod description;
mod feed;
mod gateway;
mod health;
mod hostile_api;
mod hostile_webhooks;
mod idempotency;
mod logins;
mod mcp;
mod media;
mod media_uploads;
mod memory;
mod objects;
mod oversight;
mod overview;
mod pages;
mod pages_of_docs;
mod people;
mod problems;
mod prompts;
mod queue;
mod resources;
mod rig;
mod roles;
mod shown;
mod sso;
mod ticks;
mod webhooks;
mod world;
