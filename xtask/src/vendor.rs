//! Third-party descriptors that we keep in the tree, and whether they are still fresh.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::proto;
use crate::workspace::Workspace;

/// The crate that ships `buf/validate/validate.proto`, in the version we depend on.
const SOURCE: &str = "prost-protovalidate-types";

/// The task `vendor-validate`.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let path = workspace.root.join("proto").join(proto::VALIDATE);
    fs::write(&path, fresh(workspace)?).with_context(|| format!("write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Fails when the committed descriptors are not those of the crate we depend on.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let path = workspace.root.join("proto").join(proto::VALIDATE);
    let committed = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    ensure!(
        committed == fresh(workspace)?,
        "{} is not what {SOURCE} ships: run `cargo xtask vendor-validate`",
        path.display()
    );
    Ok(())
}

fn fresh(workspace: &Workspace) -> Result<Vec<u8>> {
    proto::validate_descriptors(&workspace.package_folder(SOURCE)?.join("proto"))
}
