//! The task `test`: everything that tests need, then `cargo test`.

use anyhow::Result;
use clap::Args;

use crate::postgres::Durability;
use crate::process;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Let PostgreSQL keep every acknowledged write on disk: slower, and survives a crash.
    #[arg(long)]
    durable: bool,
    /// Passed to `cargo test`: a filter, `-p CRATE`, `-- --nocapture`, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let surroundings = Surroundings::ready(workspace, Durability::of(options.durable))?;
    // The binary together with the tests: built alone, it would want other features of the
    // same dependencies, and those be built twice.
    process::run(&mut workspace.cargo(&["build", "--workspace", "--bins", "--tests"]))?;
    process::run(
        surroundings
            .tell(
                &mut workspace.cargo(&["test", "--workspace", "--no-fail-fast"]),
                &workspace.suite_binary("debug"),
            )
            .args(&options.arguments),
    )
}
