//! What a tenant says about its own attributes.

use super::value::{Given, Value};
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::text;
use rapport_platform::numbered;

/// Longest display name, in characters.
const MAX_DISPLAY_NAME: usize = 100;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 1_000;
/// Most allowed values.
const MAX_ALLOWED_VALUES: usize = 100;
/// Longest allowed value, in characters.
const MAX_ALLOWED_VALUE: usize = 100;
/// Longest key.
const MAX_KEY: usize = 63;

numbered! {
    /// The type of a custom attribute's values.
    pub enum AttributeType as "type of attribute" {
        /// Text.
        Text = 1 "TEXT",
        /// A whole number.
        Integer = 2 "INTEGER",
        /// An exact decimal number.
        Decimal = 3 "DECIMAL",
        /// True or false.
        Boolean = 4 "BOOLEAN",
        /// A calendar date.
        Date = 5 "DATE",
        /// An instant.
        Timestamp = 6 "TIMESTAMP",
        /// One of the allowed values.
        Enum = 7 "ENUM",
    }
}

numbered! {
    /// What an attribute tells about a customer.
    pub enum AttributeCategory as "category of attribute" {
        /// What the customer is.
        Trait = 1 "TRAIT",
        /// What the customer usually does.
        Habit = 2 "HABIT",
    }
}

/// The key under which customers carry an attribute: a lower case letter, then letters, digits
/// or `_`; at most 63 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeKey(String);

impl AttributeKey {
    /// Reads a key.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let mut letters = raw.chars();
        let first = letters.next().is_some_and(|it| it.is_ascii_lowercase());
        let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
        if first && letters.all(allowed) && raw.len() <= MAX_KEY {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Invalid::new(
                "is no attribute key: use 1 to 63 lower case letters, digits and '_', with a \
                 letter first, such as favourite_shop",
            ))
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The definition of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeDefinition {
    key: AttributeKey,
    value_type: AttributeType,
    category: AttributeCategory,
    display_name: String,
    description: Option<String>,
    allowed_values: Vec<String>,
}

/// A definition as it was sent or stored.
#[derive(Debug, Clone, Default)]
pub struct AttributeDefinitionParts<'a> {
    /// Number of the [`AttributeType`].
    pub value_type: i32,
    /// Number of the [`AttributeCategory`].
    pub category: i32,
    /// What people call it.
    pub display_name: &'a str,
    /// What it means.
    pub description: &'a str,
    /// The values of an ENUM; empty for other types.
    pub allowed_values: Vec<&'a str>,
}

impl AttributeDefinition {
    /// Reads the definition of `key`.
    pub fn parse(
        key: AttributeKey,
        parts: &AttributeDefinitionParts<'_>,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let display_name = faults.take(
            "display_name",
            text::line(parts.display_name, MAX_DISPLAY_NAME),
        );
        let description = faults.take(
            "description",
            text::optional_passage(parts.description, MAX_DESCRIPTION),
        );
        let value_type = faults.take("type", AttributeType::try_from(parts.value_type));
        let category = faults.take("category", AttributeCategory::try_from(parts.category));
        let allowed = value_type.and_then(|value_type| {
            faults.take(
                "allowed_values",
                allowed_values(value_type, &parts.allowed_values),
            )
        });
        let complete = display_name
            .zip(description)
            .zip(value_type.zip(category))
            .zip(allowed);
        faults.finish(complete.map(
            |(((display_name, description), (value_type, category)), allowed_values)| Self {
                key,
                value_type,
                category,
                display_name,
                description,
                allowed_values,
            },
        ))
    }

    /// The definition after a change. The type stays, and so do allowed values: customers carry
    /// them.
    pub fn revise(&self, parts: &AttributeDefinitionParts<'_>) -> Result<Self, InvalidFields> {
        let revised = Self::parse(self.key.clone(), parts)?;
        let mut faults = InvalidFields::default();
        if revised.value_type != self.value_type {
            faults.push(
                "type",
                Invalid::new("can't change: define another attribute and move the values"),
            );
        } else if !self
            .allowed_values
            .iter()
            .all(|it| revised.allowed_values.contains(it))
        {
            faults.push(
                "allowed_values",
                Invalid::new("lacks an earlier value: add values, but keep those there are"),
            );
        }
        faults.finish(Some(revised))
    }

    /// Reads a value for this attribute.
    pub fn read(&self, given: Given<'_>) -> Result<Value, Invalid> {
        match Value::read(self.value_type, given)? {
            Value::Enum(choice) if !self.allowed_values.contains(&choice) => {
                Err(Invalid::new(format!(
                    "is not allowed: choose one of the {} values of attribute {}",
                    self.allowed_values.len(),
                    self.key.as_str(),
                )))
            }
            value => Ok(value),
        }
    }

    /// The key under which customers carry it.
    pub const fn key(&self) -> &AttributeKey {
        &self.key
    }

    /// The type of its values.
    pub const fn value_type(&self) -> AttributeType {
        self.value_type
    }

    /// Whether it is a trait or a habit.
    pub const fn category(&self) -> AttributeCategory {
        self.category
    }

    /// What people call it.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// What it means.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The values of an ENUM, in the order given; none for other types.
    pub fn allowed_values(&self) -> &[String] {
        &self.allowed_values
    }
}

fn allowed_values(value_type: AttributeType, raw: &[&str]) -> Result<Vec<String>, InvalidFields> {
    match (value_type, raw.len()) {
        (AttributeType::Enum, 0) => {
            Err(Invalid::new("is required for ENUM: list the values to choose from").into())
        }
        (AttributeType::Enum, count) if count > MAX_ALLOWED_VALUES => {
            Err(Invalid::new("has too many values: at most 100; use TEXT for more").into())
        }
        (AttributeType::Enum, _) => distinct_values(raw),
        (_, 0) => Ok(Vec::new()),
        (other, _) => {
            Err(Invalid::new(format!("must be empty for {other}: only ENUM has values")).into())
        }
    }
}

fn distinct_values(raw: &[&str]) -> Result<Vec<String>, InvalidFields> {
    let mut faults = InvalidFields::default();
    let mut values: Vec<String> = Vec::with_capacity(raw.len());
    for (index, raw) in raw.iter().enumerate() {
        let distinct = text::line(raw, MAX_ALLOWED_VALUE).and_then(|value| {
            if values.contains(&value) {
                Err(Invalid::new("repeats an earlier value: leave it out"))
            } else {
                Ok(value)
            }
        });
        values.extend(faults.take(&format!("[{index}]"), distinct));
    }
    faults.finish(Some(values))
}
