//! The task `bench`: programs that measure, built as we ship, on servers that keep what they promise.
//!
//! To add one, write it: `tests/benches/NAME.rs` for criterion (with its `[[bench]]` entry), or
//! `tests/examples/NAME.rs` for a program that prints a table and fails when a promise does not
//! hold. The first line of its module comment is what `--list` shows.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::postgres::Durability;
use crate::process;
use crate::steps::Steps;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

/// Profile and packages of every command, chosen alike so that nothing is built twice.
const BUILD: [&str; 6] = ["--profile", "dist", "-p", "rapport", "-p", "rapport-tests"];

#[derive(Args)]
pub(crate) struct Options {
    /// Show what there is, and run nothing.
    #[arg(long)]
    list: bool,
    /// Run this program only.
    name: Option<String>,
    /// Passed to the program.
    #[arg(last = true, requires = "name")]
    arguments: Vec<String>,
}

/// One measurement.
struct Program {
    name: String,
    kind: Kind,
    shows: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Repeats a small piece of work and tells the time of one.
    Criterion,
    /// Runs a whole scene and prints a table.
    Table,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Criterion, Self::Table];

    /// Folder of the programs' sources, below the workspace's root.
    fn folder(self) -> &'static str {
        match self {
            Self::Criterion => "tests/benches",
            Self::Table => "tests/examples",
        }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut programs = programs(&workspace.root)?;
    if let Some(name) = &options.name {
        programs.retain(|program| program.name == *name);
        ensure!(
            !programs.is_empty(),
            "no such program: see `cargo xtask bench --list`"
        );
    }
    if options.list {
        for program in &programs {
            println!("{:<24} {}", program.name, program.shows);
        }
        return Ok(());
    }
    let surroundings = Surroundings::ready(workspace, Durability::Durable)?;
    let mut steps = Steps::default();
    for program in &programs {
        steps.step(&program.name, || {
            measure(workspace, &surroundings, program, &options.arguments)
        });
    }
    steps.finish("bench")
}

fn measure(
    workspace: &Workspace,
    surroundings: &Surroundings,
    program: &Program,
    arguments: &[String],
) -> Result<()> {
    let mut build = workspace.cargo(&["build"]);
    build.args(BUILD).args(["--bin", "rapport"]);
    let mut program = match program.kind {
        Kind::Criterion => {
            process::run(&mut build)?;
            let mut bench = workspace.cargo(&["bench"]);
            bench.args(BUILD).args(["--bench", &program.name, "--"]);
            bench
        }
        Kind::Table => {
            process::run(build.args(["--example", &program.name]))?;
            let mut table =
                Command::new(workspace.target.join("dist/examples").join(&program.name));
            table.current_dir(&workspace.root);
            table
        }
    };
    let suite = workspace.suite_binary("dist");
    process::run(surroundings.tell(&mut program, &suite).args(arguments))
}

/// What there is to run: small measurements first, each kind by name.
fn programs(root: &Path) -> Result<Vec<Program>> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let folder = root.join(kind.folder());
        if !folder.is_dir() {
            continue;
        }
        let mut of_kind = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                of_kind.push(program(&path, kind)?);
            }
        }
        of_kind.sort_by(|left, right| left.name.cmp(&right.name));
        found.append(&mut of_kind);
    }
    Ok(found)
}

fn program(path: &Path, kind: Kind) -> Result<Program> {
    let name = path.file_stem().and_then(|stem| stem.to_str());
    let source = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let shows = source.lines().find_map(|line| line.strip_prefix("//! "));
    Ok(Program {
        name: name.context("a program's name is not text")?.to_owned(),
        kind,
        shows: shows.unwrap_or("(no module comment)").to_owned(),
    })
}
