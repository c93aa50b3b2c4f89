//! Whether the protos still serve programs that were built on the landed ones.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{lint, process, proto};

/// A commit whose message has this trailer may break the protos; its value says why.
const TRAILER: &str = "Breaking-Protos";

/// Our own proto files, as git's path patterns go.
const PROTOS: &str = ":(glob)proto/rapport/**/*.proto";

/// Compares `image`, the protos of the work tree, with those of the landed commit.
pub(crate) fn check(
    workspace: &Workspace,
    tools: &Tools,
    image: &Path,
    against: Option<&str>,
) -> Result<()> {
    let Some(landed) = landed(workspace, against)? else {
        println!("no older commit has protos: nothing can break");
        return Ok(());
    };
    println!(
        "comparing with the protos of {}",
        subject(workspace, &landed)?
    );
    let folder = workspace.scratch("landed-protos")?;
    workspace.checkout(&landed, "proto", &folder)?;
    let older = folder.join("landed.binpb");
    let compiled = proto::image(&folder.join("proto"))
        .with_context(|| format!("compile the protos of commit {landed}"))?;
    fs::write(&older, compiled)?;

    let compared = process::run(
        Command::new(tools.buf())
            .arg("breaking")
            .arg(image)
            .arg("--against")
            .arg(&older)
            .arg("--exclude-imports")
            .arg("--config")
            .arg(lint::rules(workspace)),
    );
    match (compared, excuse(workspace, &landed)?) {
        (Err(_), Some(reason)) => {
            println!("the break is deliberate: {reason}");
            Ok(())
        }
        (Err(error), None) => Err(error.context(format!(
            "the protos break programs built on {landed}; if it must be, \
             say why in the commit's message: `{TRAILER}: REASON`"
        ))),
        (Ok(()), _) => Ok(()),
    }
}

/// The commit whose protos others may already use.
///
/// In this order: the one that was named; where our branch left `origin/main`; the one before
/// the newest change of the protos.
fn landed(workspace: &Workspace, against: Option<&str>) -> Result<Option<String>> {
    // A history that git cannot read is not the same as one without protos.
    process::line(&mut workspace.git(&["rev-parse", "--git-dir"]))?;
    let commit = match against {
        Some(revision) => Some(
            workspace
                .commit(revision)
                .with_context(|| format!("there is no commit {revision} in this clone"))?,
        ),
        None => branch_point(workspace).map_or_else(
            || before_newest_change(workspace),
            |commit| Ok(Some(commit)),
        )?,
    };
    Ok(commit.filter(|commit| has_protos(workspace, commit)))
}

fn branch_point(workspace: &Workspace) -> Option<String> {
    let head = workspace.commit("HEAD")?;
    workspace.commit("origin/main")?;
    let mut command = workspace.git(&["merge-base", "HEAD", "origin/main"]);
    process::line(&mut command)
        .ok()
        .filter(|base| *base != head)
}

fn before_newest_change(workspace: &Workspace) -> Result<Option<String>> {
    if workspace.commit("HEAD").is_none() {
        return Ok(None);
    }
    let mut uncommitted = workspace.git(&["status", "--porcelain", "--", PROTOS]);
    if !process::line(&mut uncommitted)?.is_empty() {
        return Ok(workspace.commit("HEAD"));
    }
    let mut newest = workspace.git(&["log", "-1", "--format=%H", "--", PROTOS]);
    let newest = process::line(&mut newest)?;
    Ok(workspace.commit(&format!("{newest}^")))
}

fn has_protos(workspace: &Workspace, commit: &str) -> bool {
    let mut command = workspace.git(&["ls-tree", "-r", "--name-only", commit, "proto/rapport"]);
    process::line(&mut command).is_ok_and(|files| !files.is_empty())
}

/// Why a commit since `landed` breaks the protos on purpose.
fn excuse(workspace: &Workspace, landed: &str) -> Result<Option<String>> {
    let format = format!("--format=%(trailers:key={TRAILER},valueonly)");
    let mut command = workspace.git(&["log", &format, &format!("{landed}..HEAD"), "--", PROTOS]);
    let reasons = process::line(&mut command)?;
    Ok(Some(reasons).filter(|reasons| !reasons.is_empty()))
}

fn subject(workspace: &Workspace, commit: &str) -> Result<String> {
    process::line(&mut workspace.git(&["log", "-1", "--format=%h (%s)", commit]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A repository of its own with one proto file.
    struct Repository {
        workspace: Workspace,
        _folder: TempDir,
    }

    impl Repository {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let root = folder.path().to_owned();
            let workspace = Workspace {
                target: root.join("target"),
                root,
            };
            process::run(&mut workspace.git(&["init", "--quiet"])).unwrap();
            Self {
                workspace,
                _folder: folder,
            }
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.workspace.root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn write_proto(&self, text: &str) {
            self.write("proto/rapport/type/v1/channel.proto", text);
        }

        /// Commits everything; the new commit's name.
        fn commit(&self, message: &str) -> String {
            let identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
            let git = |arguments: &[&str]| {
                let arguments = [&identity[..], arguments].concat();
                process::run(&mut self.workspace.git(&arguments)).unwrap();
            };
            git(&["add", "--all"]);
            git(&["commit", "--quiet", "--message", message]);
            self.workspace.commit("HEAD").unwrap()
        }

        fn landed(&self) -> Option<String> {
            landed(&self.workspace, None).unwrap()
        }
    }

    #[test]
    fn the_first_protos_break_nobody() {
        let repository = Repository::new();
        assert_eq!(repository.landed(), None);

        repository.write("README.md", "about");
        repository.commit("Begin");
        repository.write_proto("first");
        assert_eq!(repository.landed(), None);

        repository.commit("Add protos");
        assert_eq!(repository.landed(), None);
    }

    #[test]
    fn the_newest_change_is_compared_with_what_was_before_it() {
        let repository = Repository::new();
        repository.write_proto("first");
        let first = repository.commit("Add protos");
        repository.write_proto("second");
        assert_eq!(repository.landed().as_ref(), Some(&first), "not committed");

        repository.commit("Change protos");
        repository.write("README.md", "about");
        repository.commit("Write about it");
        assert_eq!(repository.landed(), Some(first));
    }

    #[test]
    fn a_branch_is_compared_with_where_it_left_main() {
        let repository = Repository::new();
        repository.write_proto("first");
        let first = repository.commit("Add protos");
        let mut fetch =
            repository
                .workspace
                .git(&["update-ref", "refs/remotes/origin/main", &first]);
        process::run(&mut fetch).unwrap();
        for text in ["second", "third"] {
            repository.write_proto(text);
            repository.commit("Change protos");
        }
        assert_eq!(repository.landed(), Some(first));
    }

    #[test]
    fn only_a_commit_that_says_why_may_break() {
        let repository = Repository::new();
        repository.write_proto("first");
        let first = repository.commit("Add protos");
        repository.write_proto("second");
        repository.commit("Change protos");
        let reason = || excuse(&repository.workspace, &first).unwrap();
        assert_eq!(reason(), None);

        repository.write_proto("third");
        repository.commit("Change again\n\nBreaking-Protos: nobody uses it yet");
        assert_eq!(reason().as_deref(), Some("nobody uses it yet"));
    }

    #[test]
    fn a_revision_that_does_not_exist_is_an_error() {
        let repository = Repository::new();
        assert!(landed(&repository.workspace, Some("v9")).is_err());
    }
}
