//! The `troupe` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    troupe::commands::main()
}
