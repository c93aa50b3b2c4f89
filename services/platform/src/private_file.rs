//! Secrets that a process makes once and keeps in a file that only its owner can read.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The file system refuses.
    #[error("cannot use the file {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// Others than the owner may read or change it.
    #[error("the file {0} can be read by others than its owner, so its secret may be known")]
    Exposed(PathBuf),
}

/// The secret in the file at `path`, without white space around it; where there is no file yet,
/// `make`'s, which the file holds from now on.
///
/// Of several processes that start at the same moment, all get the secret of one.
///
/// # Errors
/// When the file cannot be read or made, or is open to others.
pub fn kept(path: &Path, make: impl FnOnce() -> String) -> Result<String, PrivateFileError> {
    match read(path) {
        Err(PrivateFileError::File { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
            write(path, &make()).map_err(|cause| refused(path, cause))?;
            read(path)
        }
        other => other,
    }
}

fn read(path: &Path) -> Result<String, PrivateFileError> {
    let opened = File::open(path).map_err(|cause| refused(path, cause))?;
    // Asked of the open file, so that it cannot be exchanged in between.
    let metadata = opened.metadata().map_err(|cause| refused(path, cause))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(PrivateFileError::Exposed(path.to_owned()));
    }
    let text = std::io::read_to_string(opened).map_err(|cause| refused(path, cause))?;
    Ok(text.trim().to_owned())
}

/// Makes the file whole or not at all; an existing one, even of a process that starts at the
/// same moment, is left alone.
fn write(path: &Path, secret: &str) -> std::io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    // The process' umask may only have taken rights away; set them all the same.
    file.set_permissions(Permissions::from_mode(0o600))?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn refused(path: &Path, cause: std::io::Error) -> PrivateFileError {
    PrivateFileError::File {
        path: path.to_owned(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_secret_stays_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/secret.key");
        assert_eq!(kept(&path, || "first".to_owned()).unwrap(), "first");
        assert_eq!(kept(&path, || "second".to_owned()).unwrap(), "first");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        kept(&path, || "known".to_owned()).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let refused = kept(&path, || "new".to_owned()).unwrap_err();
        assert!(matches!(refused, PrivateFileError::Exposed(_)), "{refused}");
    }
}
