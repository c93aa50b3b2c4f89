//! Whether the protos still serve programs that were built on the accepted ones.
//!
//! The accepted protos are a file of the repository: what they are compared with depends on no
//! history, which a shallow clone lacks.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{lint, process, proto};

/// The accepted protos as a `buf` image without comments.
const ACCEPTED: &str = "proto/accepted.binpb";
/// Why accepted protos broke programs that were built on those before: a line each.
const BREAKS: &str = "proto/accepted-breaks.txt";

#[derive(Args)]
pub(crate) struct Options {
    /// Why programs that were built on the accepted protos may break. Needed when they do.
    #[arg(long, value_name = "REASON")]
    because: Option<String>,
}

/// Compares `image`, the protos of the work tree, with the accepted ones.
pub(crate) fn check(workspace: &Workspace, tools: &Tools, image: &Path) -> Result<()> {
    compare(workspace, tools, image).context(
        "the protos break programs built on the accepted ones; \
         if it must be: `cargo xtask accept-protos --because \"REASON\"`",
    )
}

/// Makes the protos of the work tree the accepted ones.
pub(crate) fn accept(workspace: &Workspace, options: &Options) -> Result<()> {
    let image = lint::write_image(workspace)?;
    let compared = compare(workspace, &Tools::ready(workspace)?, &image);
    if let Some(reason) = excuse(compared, options.because.as_deref())? {
        note(&workspace.root.join(BREAKS), reason)?;
    }
    let accepted = proto::without_comments(&fs::read(image)?)?;
    fs::write(workspace.root.join(ACCEPTED), accepted).context("write the accepted protos")
}

fn compare(workspace: &Workspace, tools: &Tools, image: &Path) -> Result<()> {
    process::run(
        Command::new(tools.buf())
            .arg("breaking")
            .arg(image)
            .arg("--against")
            .arg(workspace.root.join(ACCEPTED))
            .arg("--exclude-imports")
            .arg("--config")
            .arg(lint::rules(workspace)),
    )
}

/// The reason to note: of a break, and only of one.
fn excuse(compared: Result<()>, because: Option<&str>) -> Result<Option<&str>> {
    match (compared, because.map(str::trim)) {
        (Ok(()), None) => Ok(None),
        (Ok(()), Some(_)) => bail!("nothing breaks: leave `--because` away"),
        (Err(_), Some(reason)) if !reason.is_empty() => Ok(Some(reason)),
        (Err(error), _) => Err(error.context("say why it must be: `--because \"REASON\"`")),
    }
}

/// Adds a line to the file.
fn note(file: &Path, reason: &str) -> Result<()> {
    let mut reasons = fs::read_to_string(file).unwrap_or_default();
    reasons.push_str(&reason.replace('\n', " "));
    reasons.push('\n');
    fs::write(file, reasons).with_context(|| format!("write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;
    use tempfile::TempDir;

    #[test]
    fn only_a_break_is_excused_and_only_by_a_reason() {
        let breaks = || Err(anyhow!("a field is gone"));
        assert_eq!(excuse(Ok(()), None).unwrap(), None);
        assert!(excuse(Ok(()), Some("why not")).is_err());
        assert!(excuse(breaks(), None).is_err());
        assert!(excuse(breaks(), Some(" ")).is_err());
        let reason = Some("nobody uses it yet");
        assert_eq!(excuse(breaks(), reason).unwrap(), reason);
    }

    #[test]
    fn every_reason_is_kept() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("breaks.txt");
        note(&file, "nobody uses it yet").unwrap();
        note(&file, "it never\nworked").unwrap();
        let kept = fs::read_to_string(&file).unwrap();
        assert_eq!(kept, "nobody uses it yet\nit never worked\n");
    }

    #[test]
    fn the_accepted_protos_are_ours_without_comments() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(ACCEPTED);
        let accepted = fs::read(file).unwrap();
        assert_eq!(proto::without_comments(&accepted).unwrap(), accepted);
        let name = b"rapport/customer/v1/customer_service.proto";
        assert!(accepted.windows(name.len()).any(|window| window == name));
    }
}
