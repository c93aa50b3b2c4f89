//! Settings: defaults in code, then an optional TOML file, then the environment.
//!
//! A service declares one struct with `Default`, `Serialize` and
//! `#[serde(deny_unknown_fields)]`; [`load`] fills it. The default values are a layer of
//! their own and merge key by key, so that naming one key of a table in a file keeps the
//! other keys as the code set them. Environment variables are named after the path:
//! `RAPPORT__GATEWAY__LISTEN` is `gateway.listen`; an empty one counts as unset.

mod secret;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;

use ::config::builder::DefaultState;
use ::config::{Config, ConfigBuilder, Environment, File, FileFormat};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use secret::Secret;

/// Durations written as people write them: `250ms`, `30s`, `5m`. For
/// `#[serde(with = "rapport_platform::config::duration")]` on a `std::time::Duration`.
pub use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;

/// What every environment variable of the suite begins with.
pub const ENVIRONMENT_PREFIX: &str = "RAPPORT";
const SEPARATOR: &str = "__";
const ENVIRONMENT: &str = "the environment";

/// Why the settings could not be loaded. The message names the source and the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A source holds an unknown key or a value of the wrong kind.
    #[error("configuration from {origin}: {reason}")]
    Invalid {
        /// The file's path, or "the environment".
        origin: String,
        /// The key and what is wrong with it.
        reason: String,
    },
    /// The defaults cannot be expressed as TOML: a mistake in the code, not in the settings.
    #[error("the default configuration cannot be written as TOML")]
    Defaults(#[from] toml::ser::Error),
}

/// Loads settings from the defaults, then `file`, then the process environment.
///
/// # Errors
/// When the file cannot be read, a key is unknown, or a value does not fit its key.
pub fn load<T>(file: Option<&Path>) -> Result<T, ConfigError>
where
    T: Default + Serialize + DeserializeOwned,
{
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    load_with(file, variables)
}

/// [`load`] with the environment passed in.
fn load_with<T>(file: Option<&Path>, environment: HashMap<String, String>) -> Result<T, ConfigError>
where
    T: Default + Serialize + DeserializeOwned,
{
    let defaults = secret::reveal(|| toml::to_string(&T::default()))?;
    let mut layers = Config::builder().add_source(File::from_str(&defaults, FileFormat::Toml));
    if let Some(path) = file {
        layers = layers.add_source(File::from(path).format(FileFormat::Toml));
    }
    let variables = Environment::with_prefix(ENVIRONMENT_PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .ignore_empty(true)
        .source(Some(environment));

    let resolve = |layers: ConfigBuilder<DefaultState>| -> Result<T, ::config::ConfigError> {
        layers.build()?.try_deserialize()
    };
    resolve(layers.clone().add_source(variables)).map_err(|error| {
        let reason = reason(&error);
        // The library knows the origin of a value but not that of an unknown key: the
        // first layer that fails in the same way on its own is the one to look at.
        let file_alone = resolve(layers).err().map(|error| self::reason(&error));
        let origin = match file {
            Some(path) if file_alone.as_ref() == Some(&reason) => path.display().to_string(),
            _ => ENVIRONMENT.to_owned(),
        };
        ConfigError::Invalid { origin, reason }
    })
}

/// The library's message with the key in front and without the origin, which we add.
fn reason(error: &::config::ConfigError) -> String {
    use ::config::ConfigError as E;
    match error {
        E::Type {
            unexpected,
            expected,
            key: Some(key),
            ..
        } => {
            format!("`{key}` must be {expected}, not {unexpected}")
        }
        E::At {
            error,
            key: Some(key),
            ..
        } => format!("`{key}`: {}", reason(error)),
        E::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    }
}

/// The effective settings as TOML, secrets as `***`: what `--print-config` shows.
///
/// # Errors
/// When the settings cannot be expressed as TOML.
pub fn to_toml_redacted<T: Serialize>(settings: &T) -> Result<String, ConfigError> {
    Ok(toml::to_string_pretty(settings)?)
}
