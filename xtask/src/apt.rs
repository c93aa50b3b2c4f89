//! Debian packages: installed by name when that is allowed, else named to the reader.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// Installs `package`, which provides `purpose`.
///
/// Fails with the command to type when we may not install or are not on Debian.
pub(crate) fn install(package: &str, purpose: &str) -> Result<()> {
    let by_hand = format!("install it: sudo apt-get install {package}");
    if !process::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("{purpose} is missing and there is no apt-get here; Debian's package is {package}");
    }
    if !is_root()? {
        bail!("{purpose} is missing; {by_hand}");
    }
    println!("{purpose} is missing: installing {package}");
    // The package lists of a machine in use are mostly fresh enough; a new machine has none.
    if process::run(&mut apt_get(&[
        "install",
        "--yes",
        "--no-install-recommends",
        package,
    ]))
    .is_ok()
    {
        return Ok(());
    }
    process::run(&mut apt_get(&["update"]))?;
    process::run(&mut apt_get(&[
        "install",
        "--yes",
        "--no-install-recommends",
        package,
    ]))
    .map_err(|error| error.context(format!("{purpose} is missing; {by_hand}")))
}

/// Whether we run as root, who may install packages and must not run PostgreSQL.
pub(crate) fn is_root() -> Result<bool> {
    Ok(process::line(Command::new("id").arg("-u"))? == "0")
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}
