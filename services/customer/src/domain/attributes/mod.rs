//! Custom attributes: a tenant's own schema of traits and habits, and the typed values that its
//! customers carry, each with who recorded it and when.

mod definition;
mod value;

use std::collections::BTreeMap;

use rapport_platform::time::Timestamp;

pub use definition::{
    AttributeCategory, AttributeDefinition, AttributeDefinitionParts, AttributeKey, AttributeType,
};
pub use value::{Given, Value};

use super::invalid::{Invalid, InvalidFields};

/// Most attributes of one customer.
pub const MAX_ATTRIBUTES: usize = 100;
/// Most definitions of one tenant.
pub const MAX_DEFINITIONS: usize = 200;

/// A value that a customer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    value: Value,
    recorder: String,
    record_time: Timestamp,
}

impl Attribute {
    /// A value as it was stored.
    pub const fn stored(value: Value, recorder: String, record_time: Timestamp) -> Self {
        Self {
            value,
            recorder,
            record_time,
        }
    }

    /// The value.
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Who recorded it.
    pub fn recorder(&self) -> &str {
        &self.recorder
    }

    /// When it was recorded.
    pub const fn record_time(&self) -> Timestamp {
        self.record_time
    }

    /// Whether the value sent is the one recorded.
    fn is(&self, given: Given<'_>) -> bool {
        Value::read(self.value.value_type(), given).is_ok_and(|value| value == self.value)
    }
}

/// All attributes of one customer, by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(BTreeMap<AttributeKey, Attribute>);

impl Attributes {
    /// The attributes as they were stored.
    pub fn stored(attributes: impl IntoIterator<Item = (AttributeKey, Attribute)>) -> Self {
        Self(attributes.into_iter().collect())
    }

    /// The attributes, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&AttributeKey, &Attribute)> {
        self.0.iter()
    }
}

/// The attributes that a tenant has defined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeSchema(BTreeMap<AttributeKey, AttributeDefinition>);

impl AttributeSchema {
    /// The schema of these definitions.
    pub fn of(definitions: impl IntoIterator<Item = AttributeDefinition>) -> Self {
        let keyed = definitions.into_iter().map(|it| (it.key().clone(), it));
        Self(keyed.collect())
    }

    /// The customer's attributes after a change that leaves exactly the `given` ones.
    ///
    /// A value that is what it was keeps who recorded it and when, also when its definition is
    /// gone: what is known stays known. Any other value must be of its definition's type.
    pub fn revise<'a>(
        &self,
        current: &Attributes,
        given: impl IntoIterator<Item = (&'a str, Given<'a>)>,
        recorder: &str,
        now: Timestamp,
    ) -> Result<Attributes, InvalidFields> {
        let mut faults = InvalidFields::default();
        let mut revised = BTreeMap::new();
        for (raw_key, given) in given {
            let Some(key) = faults.take("", AttributeKey::parse(raw_key)) else {
                continue;
            };
            let attribute = match current.0.get(&key) {
                Some(recorded) if recorded.is(given) => Ok(recorded.clone()),
                _ => self
                    .read(&key, given)
                    .map(|value| Attribute::stored(value, recorder.to_owned(), now)),
            };
            if let Some(attribute) = faults.take(key.as_str(), attribute) {
                revised.insert(key, attribute);
            }
        }
        if revised.len() > MAX_ATTRIBUTES {
            faults.push(
                "",
                Invalid::new("are too many: a customer carries at most 100"),
            );
        }
        faults.finish(Some(Attributes(revised)))
    }

    fn read(&self, key: &AttributeKey, given: Given<'_>) -> Result<Value, Invalid> {
        let definition = self.0.get(key).ok_or_else(|| {
            Invalid::new("is not defined: create an attribute definition with this key first")
        })?;
        definition.read(given)
    }
}

#[cfg(test)]
mod tests;
