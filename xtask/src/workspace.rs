//! Where things are: the workspace's folders, its packages and what cargo built.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The checkout that a task works on.
pub(crate) struct Workspace {
    /// Folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds; also home of tools and scratch files.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo where the workspace of the current folder is.
    pub(crate) fn locate() -> Result<Self> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: Value = serde_json::from_slice(&process::output(&mut command)?)?;
        Ok(Self {
            root: path(&metadata, "workspace_root")?,
            target: path(&metadata, "target_directory")?,
        })
    }

    /// A cargo command that runs in the workspace's root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// The suite's binary as the profile with output folder `profile` builds it.
    pub(crate) fn suite_binary(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join("rapport")
    }

    /// An empty folder for one task's files, below `target`.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target.join("xtask").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("clear {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(folder)
    }

    /// Folder of the sources of `package`, a dependency at any depth.
    pub(crate) fn package_folder(&self, package: &str) -> Result<PathBuf> {
        let mut command = self.cargo(&["metadata", "--format-version", "1"]);
        let metadata: Value = serde_json::from_slice(&process::output(&mut command)?)?;
        let found = metadata["packages"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|candidate| candidate["name"] == package)
            .with_context(|| format!("the workspace does not depend on {package}"))?;
        let mut folder = path(found, "manifest_path")?;
        folder.pop();
        Ok(folder)
    }
}

/// Cargo without what `cargo run` added to our own environment: build scripts that watch
/// those variables would otherwise run again whenever a task follows a plain `cargo build`.
fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let added = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if added {
            command.env_remove(name);
        }
    }
    command
}

fn path(metadata: &Value, key: &str) -> Result<PathBuf> {
    metadata[key]
        .as_str()
        .map(PathBuf::from)
        .with_context(|| format!("cargo metadata lacks {key}"))
}
