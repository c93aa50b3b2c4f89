//! The local token: how programs on the same machine call an embedded suite.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use rapport_platform::private_file::{self, PrivateFileError};
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
        let token = private_file::kept(path, random)?;
        match URL_SAFE_NO_PAD.decode(&token) {
            Ok(bytes) if bytes.len() == BYTES => {}
            _ => return Err(LocalTokenError::Damaged(path.to_owned())),
        }
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

impl From<PrivateFileError> for LocalTokenError {
    fn from(error: PrivateFileError) -> Self {
        match error {
            PrivateFileError::File { path, cause } => Self::File { path, cause },
            PrivateFileError::Exposed(path) => Self::Exposed(path),
        }
    }
}

fn random() -> String {
    let mut bytes = [0; BYTES];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
