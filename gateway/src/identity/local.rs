//! The local token: how programs on the same machine call an embedded suite.

use std::fmt;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use subtle::ConstantTimeEq as _;

use super::Identity;

const BYTES: usize = 32;

/// 32 random bytes in base64url, kept in a file that only its owner can read.
pub struct LocalToken {
    token: String,
    identity: Arc<Identity>,
}

/// Why the token file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalTokenError {
    /// The file system refuses.
    #[error("cannot use the token file {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// Others than the owner may read or change it.
    #[error(
        "the token file {0} can be read by others than its owner, so the token may be known; \
         delete it and start again to get a new one"
    )]
    Exposed(PathBuf),
    /// It holds something else.
    #[error("the token file {0} does not hold a token; delete it and start again to get a new one")]
    Damaged(PathBuf),
}

impl LocalToken {
    /// Reads the token from `path`, or makes one there at the first start. Whoever sends it
    /// is `identity`.
    ///
    /// # Errors
    /// When the file cannot be read or made, is open to others, or holds no token.
    pub fn load(path: &Path, identity: Identity) -> Result<Self, LocalTokenError> {
        let file = |cause| LocalTokenError::File {
            path: path.to_owned(),
            cause,
        };
        let token = match read(path) {
            Err(LocalTokenError::File { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                make(path).map_err(file)?;
                read(path)?
            }
            other => other?,
        };
        Ok(Self {
            token,
            identity: Arc::new(identity),
        })
    }

    /// Whether `candidate` is the token. Takes as long for a near miss as for a far one.
    pub fn is(&self, candidate: &str) -> bool {
        self.token.as_bytes().ct_eq(candidate.as_bytes()).into()
    }

    /// Who the token speaks for.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }
}

impl fmt::Debug for LocalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalToken(***)")
    }
}

fn read(path: &Path) -> Result<String, LocalTokenError> {
    let file = |cause| LocalTokenError::File {
        path: path.to_owned(),
        cause,
    };
    let opened = File::open(path).map_err(file)?;
    // Asked of the open file, so that it cannot be exchanged in between.
    let mode = opened.metadata().map_err(file)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(LocalTokenError::Exposed(path.to_owned()));
    }
    let text = std::io::read_to_string(opened).map_err(file)?;
    let token = text.trim();
    match URL_SAFE_NO_PAD.decode(token) {
        Ok(bytes) if bytes.len() == BYTES => Ok(token.to_owned()),
        _ => Err(LocalTokenError::Damaged(path.to_owned())),
    }
}

/// Makes the file whole or not at all; an existing one, even of a process that starts at the
/// same moment, is left alone.
fn make(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)?;
    }
    let mut bytes = [0; BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    // The process' umask may only have taken rights away; set them all the same.
    file.set_permissions(Permissions::from_mode(0o600))?;
    writeln!(file, "{}", URL_SAFE_NO_PAD.encode(bytes))?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
