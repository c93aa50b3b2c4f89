//! The Kubernetes manifests, rendered as `kubectl apply -k` would and checked against the API.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{apt, process};

/// Oldest Kubernetes we support: a manifest valid there is valid on newer ones.
const KUBERNETES: &str = "1.31.0";

/// Renders every kustomization below `k8s/` and validates the result.
pub(crate) fn check(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let found = kustomizations(&workspace.root.join("k8s"))?;
    ensure!(!found.is_empty(), "k8s/ has no kustomization.yaml");
    if !process::succeeds(Command::new("kubectl").arg("kustomize").arg("--help")) {
        apt::install("kubernetes-client", "kubectl")?;
    }
    let rendered = workspace.scratch("manifests")?;
    for (number, folder) in found.iter().enumerate() {
        let file = rendered.join(format!("{number}.yaml"));
        let manifests = process::output(Command::new("kubectl").arg("kustomize").arg(folder))
            .with_context(|| format!("render {}", folder.display()))?;
        fs::write(&file, manifests)?;
        println!("{}", folder.display());
        process::run(
            Command::new(tools.kubernetes_validate())
                .args(["--strict", "--kubernetes-version", KUBERNETES])
                .arg(&file),
        )?;
    }
    Ok(())
}

/// Folders at or below `folder` that have a `kustomization.yaml`, sorted.
fn kustomizations(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        if current.join("kustomization.yaml").is_file() {
            found.push(current.clone());
        }
        for entry in
            fs::read_dir(&current).with_context(|| format!("list {}", current.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
