//! Keys that must outlive the process.

use rapport_platform::config::Secret;
use rapport_platform::db::{Database, DatabaseConfig};
use rapport_platform::error::PlatformError;
use rapport_platform::key::SecretKey;

use crate::store::key_proof;

/// A key of the service's.
pub(crate) struct Kept {
    /// What the log says when it cannot be used.
    reading: &'static str,
    /// What the log says when there is none.
    missing: &'static str,
    /// Ending of the file's name in which it is kept.
    extension: &'static str,
}

/// The key of address digests.
pub(crate) const ADDRESS: Kept = Kept {
    reading: "reading the setting customer.address_key",
    missing: "starting without the setting customer.address_key",
    extension: "address.key",
};

/// The key that seals links.
pub(crate) const LINK: Kept = Kept {
    reading: "reading the setting customer.link_key",
    missing: "starting without the setting customer.link_key",
    extension: "link.key",
};

/// Refuses another key of address digests than the one by which the database knows addresses:
/// nothing that was suppressed, or said about an address, would be found again.
///
/// # Errors
/// When it is another one.
pub(crate) async fn confirm_address_key(
    db: &Database,
    key: &SecretKey,
) -> Result<(), PlatformError> {
    const SETTING: &str = "customer.address_key";
    let proof = key.authenticate(SETTING.as_bytes());
    if key_proof::first(db, SETTING, &proof).await? == proof {
        return Ok(());
    }
    let why = "it is not the key by which the addresses in this database were hashed, so that \
               suppressed addresses would be used again: set the key that was there before";
    Err(PlatformError::internal(ADDRESS.reading, why))
}

/// The key in `setting`; without one, the key in a file beside an SQLite database, made at the
/// first start.
///
/// # Errors
/// When the key cannot be used, or none is set for a database that other replicas use, too.
pub(crate) fn kept(
    key: &Kept,
    setting: &Secret<String>,
    database: &DatabaseConfig,
) -> Result<SecretKey, PlatformError> {
    let set = setting.expose().as_str();
    if !set.is_empty() {
        return SecretKey::from_base64(set)
            .map_err(|fault| PlatformError::internal(key.reading, fault));
    }
    let Some(file) = database.file()? else {
        let why = "every replica needs the same key, for as long as the data: make one with \
                   `openssl rand -base64 32` and give it to all";
        return Err(PlatformError::internal(key.missing, why));
    };
    SecretKey::kept_in(&file.with_extension(key.extension))
        .map_err(|fault| PlatformError::internal(key.reading, fault))
}
