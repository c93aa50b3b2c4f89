//! The task `lint`: everything a machine can say about the sources without running them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::steps::Steps;
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{breaking, manifests, process, proto, vendor};

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Only these; without any, all.
    checks: Vec<Check>,
}

/// One check, the quick ones first.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Check {
    /// rustfmt
    Format,
    /// proto/third_party/buf/validate.binpb is what its crate ships
    Vendored,
    /// buf lint
    Style,
    /// buf breaking
    Breaking,
    /// Kubernetes manifests
    Manifests,
    /// clippy, without a single warning
    Clippy,
}

impl Check {
    fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Vendored => "vendored descriptors",
            Self::Style => "proto style",
            Self::Breaking => "proto compatibility",
            Self::Manifests => "manifests",
            Self::Clippy => "clippy",
        }
    }

    fn run(self, workspace: &Workspace) -> Result<()> {
        match self {
            Self::Format => process::run(&mut workspace.cargo(&["fmt", "--all", "--check"])),
            Self::Vendored => vendor::check(workspace),
            Self::Style => style(workspace),
            Self::Breaking => {
                let image = write_image(workspace)?;
                let tools = Tools::ready(workspace)?;
                breaking::check(workspace, &tools, &image)
            }
            Self::Manifests => manifests::check(workspace, &Tools::ready(workspace)?),
            Self::Clippy => clippy(workspace),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut steps = Steps::default();
    for check in Check::value_variants() {
        if options.checks.is_empty() || options.checks.contains(check) {
            steps.step(check.name(), || check.run(workspace));
        }
    }
    steps.finish("lint")
}

/// Compiles the work tree's protos to `target/rapport.binpb`.
pub(crate) fn write_image(workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.target.join("rapport.binpb");
    fs::write(&path, proto::image(&workspace.root.join("proto"))?)?;
    Ok(path)
}

fn style(workspace: &Workspace) -> Result<()> {
    let image = write_image(workspace)?;
    process::run(
        Command::new(Tools::ready(workspace)?.buf())
            .arg("lint")
            .arg(image)
            .arg("--config")
            .arg(rules(workspace)),
    )
}

/// Which rules `buf` applies.
pub(crate) fn rules(workspace: &Workspace) -> PathBuf {
    workspace.root.join("proto/buf.yaml")
}

fn clippy(workspace: &Workspace) -> Result<()> {
    process::run(&mut workspace.cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}
