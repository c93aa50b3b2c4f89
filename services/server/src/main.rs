//! The `rapport` command: runs the suite and works with a running one.

use std::process::ExitCode;

fn main() -> ExitCode {
    rapport::cli::main()
}
