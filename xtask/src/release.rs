//! The tasks `footprint` and `replay`: what only an optimised build can show.

use anyhow::Result;

use crate::postgres::Durability;
use crate::process;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

/// Where the data sets lie, seen from the workspace's root. They are not part of the product.
const DATA: &str = "../shared/data";

/// The test, in `tests/tests/operations.rs`, that measures a running suite.
const IDLE_SUITE: &str = "an_idle_suite_is_small";

/// Start-up time and idle memory of the suite. The tests also run on the debug build, which
/// says little about either.
pub(crate) fn footprint(workspace: &Workspace) -> Result<()> {
    run_tests(workspace, "operations", &[IDLE_SUITE])
}

/// Real data sets through the suite, their totals checked.
pub(crate) fn replay(workspace: &Workspace) -> Result<()> {
    let data = workspace.root.join(DATA);
    if !data.is_dir() {
        let data = data.display();
        println!("no replay: the data sets are absent ({data} does not exist)");
        return Ok(());
    }
    // One after the other: each tells its speed.
    run_tests(workspace, "replay", &["--ignored", "--test-threads=1"])
}

/// Runs a test program of `rapport-tests` on a release build of the suite.
fn run_tests(workspace: &Workspace, program: &str, arguments: &[&str]) -> Result<()> {
    let surroundings = Surroundings::ready(workspace, Durability::Fast)?;
    // Chosen alike for both commands, so that nothing is built twice.
    let chosen = ["--release", "-p", "rapport", "-p", "rapport-tests"];
    let mut build = workspace.cargo(&["build", "--bin", "rapport", "--test", program]);
    process::run(build.args(chosen))?;
    let mut test = workspace.cargo(&["test", "--test", program]);
    process::run(
        surroundings
            .tell(test.args(chosen), &workspace.suite_binary("release"))
            .args(["--", "--nocapture"])
            .args(arguments),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_of_the_footprint_exists() {
        let stories = include_str!("../../tests/tests/operations.rs");
        assert!(stories.contains(IDLE_SUITE), "cargo would run no test");
    }
}
