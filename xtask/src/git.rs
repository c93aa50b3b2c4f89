//! What the tasks ask of the history.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

impl Workspace {
    /// A git command in the workspace's root.
    pub(crate) fn git(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// The commit that `revision` names, if there is one in this clone.
    pub(crate) fn commit(&self, revision: &str) -> Option<String> {
        let name = format!("{revision}^{{commit}}");
        let mut command = self.git(&["rev-parse", "--verify", "--quiet", &name]);
        process::line(&mut command).ok()
    }

    /// Writes `path` as it was at `commit` below `folder`.
    pub(crate) fn checkout(&self, commit: &str, path: &str, folder: &Path) -> Result<()> {
        let mut archive = self
            .git(&["archive", "--format=tar", commit, path])
            .stdout(Stdio::piped())
            .spawn()
            .context("start git archive")?;
        let tar = archive.stdout.take().context("git archive gave no pipe")?;
        let unpacked = Command::new("tar")
            .args(["--extract", "--directory"])
            .arg(folder)
            .stdin(tar)
            .status()
            .context("start tar")?;
        if !archive.wait()?.success() || !unpacked.success() {
            bail!("could not unpack {path} of commit {commit}");
        }
        Ok(())
    }
}
