//! The `rapport` command: runs the suite and works with a running one.

use std::process::ExitCode;

use clap::Parser as _;
use rapport::cli::Cli;
use rapport::terminal::complain;

/// Many small, short-lived allocations: it keeps the memory of an idle suite low.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
