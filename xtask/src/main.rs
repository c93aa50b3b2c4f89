//! Development tasks of the workspace: `cargo xtask test`, `lint`, `bench`, `ci` and others.
//!
//! Each task is one file with one entry function. Tasks find or install what they
//! need (by `apt` and `pip`, by package name), start the servers that tests want,
//! and leave nothing running behind.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program talks on its terminal"
)]

mod apt;
mod bench;
mod breaking;
mod ci;
mod lint;
mod manifests;
mod postgres;
mod process;
mod proto;
mod release;
mod steps;
mod surroundings;
mod test;
mod tools;
mod vendor;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Development tasks of the Rapport workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs all tests, with PostgreSQL and the clients they need.
    Test(test::Options),
    /// Checks format, clippy, protos (style and compatibility) and Kubernetes manifests.
    Lint(lint::Options),
    /// Measures: micro-benchmarks, then the programs that print tables.
    Bench(bench::Options),
    /// Checks how fast a release build starts and how little memory it takes when idle.
    Footprint,
    /// Replays the real data sets in ../shared/data through a release build.
    Replay,
    /// What CI runs: lint, test, footprint and replay; prints how long each step took.
    Ci,
    /// Starts a PostgreSQL to test against by hand; ends it on Ctrl-C.
    Postgres(postgres::Options),
    /// Makes the protos those that later ones are compared with (proto/accepted.binpb).
    AcceptProtos(breaking::Options),
    /// Rewrites proto/third_party/buf/validate.binpb from the crate that ships it.
    VendorValidate,
}

fn main() -> ExitCode {
    match run(CommandLine::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let workspace = Workspace::locate()?;
    match task {
        Task::Test(options) => test::run(&workspace, &options),
        Task::Lint(options) => lint::run(&workspace, &options),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Footprint => release::footprint(&workspace),
        Task::Replay => release::replay(&workspace),
        Task::Ci => ci::run(&workspace),
        Task::Postgres(options) => postgres::run(&options),
        Task::AcceptProtos(options) => breaking::accept(&workspace, &options),
        Task::VendorValidate => vendor::run(&workspace),
    }
}
