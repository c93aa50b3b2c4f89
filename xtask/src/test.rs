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
    /// Passed to `cargo test`: a filter, `-p CRATE`, …
    #[arg(allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Passed to the test programs: `--nocapture`, …
    #[arg(last = true)]
    program_arguments: Vec<String>,
}

impl Options {
    /// What follows `cargo test`.
    fn passed_on(&self) -> impl Iterator<Item = &str> {
        let separator = (!self.program_arguments.is_empty()).then_some("--");
        let before = self.arguments.iter().map(String::as_str);
        let after = self.program_arguments.iter().map(String::as_str);
        before.chain(separator).chain(after)
    }
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
            .args(options.passed_on()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    fn passed_on(typed: &[&str]) -> Vec<String> {
        let words = std::iter::once("test").chain(typed.iter().copied());
        let options = CommandLine::parse_from(words).options;
        options.passed_on().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_for_cargo_reaches_cargo() {
        for typed in [
            &["customer"][..],
            &["-p", "rapport-customer", "a_name"],
            &["customer", "--", "--nocapture"],
            &["--", "--nocapture"],
        ] {
            assert_eq!(passed_on(typed), typed);
        }
    }

    #[test]
    fn our_own_switch_stays_with_us() {
        assert_eq!(passed_on(&["--durable", "customer"]), ["customer"]);
    }
}
