//! The `troupe` binary and what it is made of: boot, settings, HTTP side, scheduler and commands. The one crate that
//! knows all others.

pub mod administration;
pub mod boot;
pub mod clocks;
pub mod commands;
pub mod connecting;
pub mod couriers;
mod csv_cells;
mod data_dir;
pub mod demo;
pub mod http;
pub mod intel;
pub mod knowledge;
pub mod leads;
pub mod mcp;
pub mod media;
pub mod money;
pub mod outgoing;
pub mod oversight;
pub mod people;
pub mod posts;
pub mod prompts;
pub mod rehearsals;
mod scheduler;
pub mod settings;
pub mod telemetry;
pub mod webhooks;
