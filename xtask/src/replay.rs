//! The task `replay`: real data sets through a release build, totals checked.

use anyhow::Result;

use crate::postgres::Durability;
use crate::process;
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

/// Where the data sets lie, seen from the workspace's root. They are not part of the product.
const DATA: &str = "../shared/data";

/// The suite and the tests; chosen alike for every command, so that nothing is built twice.
const PACKAGES: [&str; 5] = ["--release", "-p", "rapport", "-p", "rapport-tests"];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let data = workspace.root.join(DATA);
    if !data.is_dir() {
        println!(
            "no replay: the data sets are absent ({} does not exist)",
            data.display()
        );
        return Ok(());
    }
    let surroundings = Surroundings::ready(workspace, Durability::Fast)?;
    process::run(
        workspace
            .cargo(&["build"])
            .args(PACKAGES)
            .args(["--bin", "rapport", "--test", "replay"]),
    )?;
    process::run(
        surroundings
            .tell(
                &mut workspace.cargo(&["test"]),
                &workspace.suite_binary("release"),
            )
            .env("RAPPORT_REPLAY_DATA", data)
            .args(PACKAGES)
            .args(["--test", "replay", "--", "--nocapture"]),
    )
}
