//! The troupe binary: boot, settings, HTTP API and commands.

pub mod http;
