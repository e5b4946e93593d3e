//! The troupe binary: boot, settings, HTTP API and commands.
