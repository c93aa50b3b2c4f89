//! Keys that must outlive the process.

use rapport_platform::config::Secret;
use rapport_platform::db::DatabaseConfig;
use rapport_platform::error::PlatformError;
use rapport_platform::key::SecretKey;

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
