//! Values that must never be read back from logs or from `--print-config`.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands in the place of a secret wherever one is printed.
const REDACTED: &str = "***";

/// A setting that is never shown: `Debug` and `Serialize` write `***`.
///
/// A configuration gives it as a plain value or, better, as the path of a file that holds
/// it, which is read while loading: `password = { file = "/run/secrets/password" }`, or
/// `RAPPORT__…__PASSWORD__FILE=/run/secrets/password`. Trailing line ends in the file do
/// not count, because editors and `kubectl create secret` leave them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value that must not be shown.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

thread_local! {
    /// Set while defaults pass through serde on their way into the loaded configuration;
    /// without it every default secret would become the text `***`.
    static REVEALED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `serialise` with secrets written in the clear; the result must not leave the loader.
pub(super) fn reveal<R>(serialise: impl FnOnce() -> R) -> R {
    struct Hide;
    impl Drop for Hide {
        fn drop(&mut self) {
            REVEALED.set(false);
        }
    }
    let _hide = Hide;
    REVEALED.set(true);
    serialise()
}

impl<T: Serialize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if REVEALED.get() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_str(REDACTED)
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor(PhantomData))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileReference {
    file: PathBuf,
}

struct SecretVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for SecretVisitor<T> {
    type Value = Secret<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret as text, or { file = \"path\" }")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Self::Value, E> {
        let value: StringDeserializer<E> = serde::de::IntoDeserializer::into_deserializer(text);
        T::deserialize(value).map(Secret)
    }

    // The messages that serde makes for these would repeat the secret.
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Err(unquoted())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(unquoted())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(unquoted())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(unquoted())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let reference = FileReference::deserialize(MapAccessDeserializer::new(map))?;
        self.visit_string(read(&reference.file).map_err(A::Error::custom)?)
    }
}

fn unquoted<E: serde::de::Error>() -> E {
    E::custom("a secret must be text in quotes")
}

fn read(path: &Path) -> Result<String, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => Err(format!(
            "cannot read the secret in {}: {error}",
            path.display()
        )),
    }
}
