//! The `troupe` command.

use std::process::ExitCode;

/// Decisions and rows are made of many short texts: with the C library's allocator a third of the time went into it.
/// Without huge pages (see Cargo.toml): they doubled what a node holds at rest, and made nothing faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    troupe::commands::main()
}
