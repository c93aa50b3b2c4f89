//! The `rapport` command: runs the suite and works with a running one.

use std::process::ExitCode;

use clap::Parser as _;
use rapport::cli::Cli;
use rapport::terminal::complain;

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

fn run() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(cli.run())
}
