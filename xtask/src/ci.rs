//! The task `ci`: what must hold before a change lands.

use anyhow::Result;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{lint, release, test};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("lint", || lint::run(workspace, &lint::Options::default()));
    steps.step("test", || test::run(workspace, &test::Options::default()));
    steps.step("footprint", || release::footprint(workspace));
    steps.step("replay", || release::replay(workspace));
    steps.finish("ci")
}
