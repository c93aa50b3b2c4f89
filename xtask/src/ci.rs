//! The task `ci`: what must hold before a change lands.

use anyhow::Result;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{lint, replay, test};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("lint", || lint::run(workspace, &lint::Options::default()));
    steps.step("test", || test::run(workspace, &test::Options::default()));
    steps.step("replay", || replay::run(workspace));
    steps.finish("ci")
}
