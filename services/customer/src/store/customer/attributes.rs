//! Attributes as the row of a customer keeps them.

use std::collections::BTreeMap;

use rapport_platform::time::Timestamp;
use sea_orm::prelude::Json;
use serde::{Deserialize, Serialize};

use crate::domain::attributes::{Attribute, AttributeKey, AttributeType, Attributes, Value};
use crate::error::{Error, unreadable};

/// One value; the key of the attribute is its key in the JSON object.
#[derive(Serialize, Deserialize)]
struct StoredAttribute {
    /// Number of the `AttributeType`.
    r#type: i32,
    /// The value as text of that type.
    value: String,
    recorder: String,
    /// Microseconds.
    record_time: Timestamp,
}

const READING: &str = "reading stored attributes";

/// Writes a customer's attributes.
pub(super) fn to_json(attributes: &Attributes) -> Result<Json, Error> {
    let stored: BTreeMap<&str, StoredAttribute> = attributes
        .iter()
        .map(|(key, attribute)| (key.as_str(), write(attribute)))
        .collect();
    serde_json::to_value(stored).map_err(unreadable("writing attributes"))
}

/// Reads a customer's attributes.
pub(crate) fn from_json(json: &Json) -> Result<Attributes, Error> {
    let stored = BTreeMap::<String, StoredAttribute>::deserialize(json);
    let stored = stored.map_err(unreadable(READING))?;
    let attributes: Result<Vec<_>, Error> = stored.into_iter().map(read).collect();
    Ok(Attributes::stored(attributes?))
}

fn write(attribute: &Attribute) -> StoredAttribute {
    StoredAttribute {
        r#type: attribute.value().value_type().number(),
        value: attribute.value().to_string(),
        recorder: attribute.recorder().to_owned(),
        record_time: attribute.record_time(),
    }
}

fn read((key, stored): (String, StoredAttribute)) -> Result<(AttributeKey, Attribute), Error> {
    let StoredAttribute {
        r#type,
        value,
        recorder,
        record_time,
    } = stored;
    let key = AttributeKey::parse(&key).map_err(unreadable(READING))?;
    let value_type = AttributeType::try_from(r#type).map_err(unreadable(READING))?;
    let value = Value::stored(value_type, &value)
        .ok_or_else(|| unreadable(READING)("a value is not of its type"))?;
    Ok((key, Attribute::stored(value, recorder, record_time)))
}
