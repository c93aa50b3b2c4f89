//! Programs from PyPI, kept in a Python environment of their own so that the machine stays as it is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{apt, process};

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// An environment in which everything of `requirements.txt` is installed.
pub(crate) struct Tools {
    programs: PathBuf,
}

impl Tools {
    /// Finds the environment, or makes it: half a minute, once.
    pub(crate) fn ready(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.target.join("tools");
        fs::create_dir_all(&folder)?;
        // Two tasks at once must not both install.
        let lock = File::create(folder.join("lock"))?;
        lock.lock()?;

        let environment = folder.join("venv");
        let stamp = environment.join("installed.txt");
        let wanted = wanted(&environment);
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Self::of(&environment));
        }
        create(&environment)?;
        install(&environment, &workspace.root)?;
        fs::write(&stamp, wanted)?;
        Ok(Self::of(&environment))
    }

    fn of(environment: &Path) -> Self {
        Self {
            programs: environment.join("bin"),
        }
    }

    /// Interpreter with `grpcio`, its code generator and its reflection client.
    pub(crate) fn python(&self) -> PathBuf {
        self.programs.join("python")
    }

    /// `grpcurl`, the command-line gRPC client.
    pub(crate) fn grpcurl(&self) -> PathBuf {
        self.programs.join("grpcurl")
    }

    /// `buf`, which checks protos.
    pub(crate) fn buf(&self) -> PathBuf {
        self.programs.join("buf")
    }

    /// `kubernetes-validate`, which checks manifests against the API's schemas.
    pub(crate) fn kubernetes_validate(&self) -> PathBuf {
        self.programs.join("kubernetes-validate")
    }
}

/// What the stamp says when nothing is left to do. It names the folder because installed
/// programs hold its path: an environment that was moved or copied does not work.
fn wanted(environment: &Path) -> String {
    format!("{}\n{REQUIREMENTS}", environment.display())
}

fn create(environment: &Path) -> Result<()> {
    if environment.exists() {
        fs::remove_dir_all(environment).context("remove the outdated Python environment")?;
    }
    if !process::succeeds(Command::new("python3").arg("--version")) {
        apt::install("python3", "Python")?;
    }
    // Debian splits this module from Python itself.
    if !process::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        apt::install("python3-venv", "Python's module venv")?;
    }
    process::run(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(environment),
    )
}

fn install(environment: &Path, root: &Path) -> Result<()> {
    process::run(
        Command::new(environment.join("bin/pip"))
            .args(["install", "--disable-pip-version-check", "--quiet"])
            .arg("--requirement")
            .arg(root.join("xtask/requirements.txt")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_names_one_version() {
        for line in REQUIREMENTS.lines() {
            let free_text = line.is_empty() || line.starts_with('#');
            assert!(free_text || line.contains("=="), "not pinned: {line}");
        }
    }

    #[test]
    fn a_moved_environment_is_made_anew() {
        assert_ne!(wanted(Path::new("/a/venv")), wanted(Path::new("/b/venv")));
    }
}
