//! Typed values of custom attributes.

use std::fmt;

use jiff::civil::Date;
use rapport_platform::time::Timestamp;
use rust_decimal::Decimal;

use super::AttributeType;
use crate::domain::invalid::Invalid;
use crate::domain::text;

/// Longest text value, in characters.
const MAX_TEXT: usize = 2_000;
/// Most digits of a decimal; all of them are kept.
const MAX_DECIMAL_DIGITS: usize = 28;

/// A value of a custom attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text of 1 to 2,000 characters, on any number of lines.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// An exact decimal number; `1.5` and `1.50` are equal and each is kept as written.
    Decimal(Decimal),
    /// True or false.
    Boolean(bool),
    /// A calendar date.
    Date(Date),
    /// An instant.
    Timestamp(Timestamp),
    /// One of the definition's allowed values.
    Enum(String),
}

/// A value as it was sent, before anybody looked at the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<'a> {
    /// For TEXT and ENUM.
    Text(&'a str),
    /// For INTEGER.
    Integer(i64),
    /// For DECIMAL.
    Decimal(&'a str),
    /// For BOOLEAN.
    Boolean(bool),
    /// For DATE: year, month and day.
    Date(i32, i32, i32),
    /// For TIMESTAMP.
    Timestamp(Timestamp),
}

impl Value {
    /// Reads a value of the type. Whether an ENUM value is allowed is the definition's matter.
    pub(super) fn read(value_type: AttributeType, given: Given<'_>) -> Result<Self, Invalid> {
        match (value_type, given) {
            (AttributeType::Text, Given::Text(raw)) => text::passage(raw, MAX_TEXT).map(Self::Text),
            (AttributeType::Enum, Given::Text(raw)) => text::line(raw, MAX_TEXT).map(Self::Enum),
            (AttributeType::Integer, Given::Integer(number)) => Ok(Self::Integer(number)),
            (AttributeType::Decimal, Given::Decimal(raw)) => decimal(raw).map(Self::Decimal),
            (AttributeType::Boolean, Given::Boolean(truth)) => Ok(Self::Boolean(truth)),
            (AttributeType::Date, Given::Date(year, month, day)) => {
                date(year, month, day).map(Self::Date)
            }
            (AttributeType::Timestamp, Given::Timestamp(instant)) => Ok(Self::Timestamp(instant)),
            _ => Err(Invalid::new(format!(
                "is not of the attribute's type: set the field for {value_type}"
            ))),
        }
    }

    /// Its type.
    pub const fn value_type(&self) -> AttributeType {
        match self {
            Self::Text(_) => AttributeType::Text,
            Self::Integer(_) => AttributeType::Integer,
            Self::Decimal(_) => AttributeType::Decimal,
            Self::Boolean(_) => AttributeType::Boolean,
            Self::Date(_) => AttributeType::Date,
            Self::Timestamp(_) => AttributeType::Timestamp,
            Self::Enum(_) => AttributeType::Enum,
        }
    }

    /// The value whose type and text were stored; none if the text is not of the type.
    pub fn stored(value_type: AttributeType, text: &str) -> Option<Self> {
        match value_type {
            AttributeType::Text => Some(Self::Text(text.to_owned())),
            AttributeType::Enum => Some(Self::Enum(text.to_owned())),
            AttributeType::Integer => text.parse().ok().map(Self::Integer),
            AttributeType::Decimal => text.parse().ok().map(Self::Decimal),
            AttributeType::Boolean => text.parse().ok().map(Self::Boolean),
            AttributeType::Date => text.parse().ok().map(Self::Date),
            AttributeType::Timestamp => text.parse().ok().map(Self::Timestamp),
        }
    }
}

/// The text to store: digits, `true` or `false`, ISO 8601 dates and instants.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Enum(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Decimal(number) => number.fmt(f),
            Self::Boolean(truth) => truth.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Timestamp(instant) => instant.fmt(f),
        }
    }
}

/// Reads digits with an optional sign and point, no more of them than are kept exactly.
fn decimal(raw: &str) -> Result<Decimal, Invalid> {
    let unsigned = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    if !numeric(whole) || !numeric(fraction) {
        return Err(Invalid::new(
            "is no decimal number: write digits with an optional sign and point, such as -12.50",
        ));
    }
    let digits = unsigned.bytes().filter(u8::is_ascii_digit).count();
    let exact = Decimal::from_str_exact(raw).ok();
    exact
        .filter(|_| digits <= MAX_DECIMAL_DIGITS)
        .ok_or_else(|| Invalid::new("has too many digits: at most 28 can be kept exactly"))
}

fn date(year: i32, month: i32, day: i32) -> Result<Date, Invalid> {
    let part = |number: i32| i8::try_from(number).ok();
    i16::try_from(year)
        .ok()
        .filter(|year| (1..=9999).contains(year))
        .zip(part(month).zip(part(day)))
        .and_then(|(year, (month, day))| Date::new(year, month, day).ok())
        .ok_or_else(|| Invalid::new("is no calendar date: set year, month and day"))
}
