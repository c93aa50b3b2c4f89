//! One part of a mapping against one row: its fields as values.

use std::fmt::Display;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use prost_types::Timestamp;
use rapport_proto::google::r#type::{Date as DateMessage, Money};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::mapping::Fields;
use super::template::{Row, RowError, Templates};

/// One part of the mapping seen against one row.
pub(super) struct Part<'a> {
    templates: &'a Templates,
    pub(super) fields: &'a Fields,
    row: Row,
}

impl<'a> Part<'a> {
    pub(super) fn new(templates: &'a Templates, fields: &'a Fields, row: &Row) -> Self {
        Self {
            templates,
            fields,
            row: row.clone(),
        }
    }

    /// The field's text; `None` when it is not mapped or renders to nothing.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, RowError> {
        let Some(template) = self.fields.get(name) else {
            return Ok(None);
        };
        let text = self.templates.render(template, &self.row)?;
        Ok((!text.is_empty()).then_some(text))
    }

    pub(super) fn required(&self, name: &str) -> Result<String, RowError> {
        self.text(name)?
            .ok_or_else(|| self.error(name, "needs a value in every row"))
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, RowError> {
        let text = self.text(name)?;
        text.map(|text| parse(&text).map_err(|why| self.error(name, why)))
            .transpose()
    }

    /// The number of an enum value given without its prefix; 0 when unset.
    pub(super) fn enumerated(
        &self,
        name: &str,
        number: impl Fn(&str) -> Option<i32>,
    ) -> Result<i32, RowError> {
        let Some(text) = self.text(name)? else {
            return Ok(0);
        };
        number(&text).ok_or_else(|| self.error(name, format!("`{text}` is not a known value")))
    }

    pub(super) fn required_enum(
        &self,
        name: &str,
        number: impl Fn(&str) -> Option<i32>,
    ) -> Result<i32, RowError> {
        match self.enumerated(name, number)? {
            0 => Err(self.error(name, "needs a value in every row")),
            number => Ok(number),
        }
    }

    pub(super) fn error(&self, name: &str, description: impl Into<String>) -> RowError {
        match self.fields.get(name) {
            Some(template) => RowError::new(template.field(), description),
            None => RowError::new(&format!("customer.{name}"), description),
        }
    }

    /// An instant; a date without a zone is read in `zone`.
    pub(super) fn instant(
        &self,
        name: &str,
        zone: &TimeZone,
    ) -> Result<Option<Timestamp>, RowError> {
        let text = self.text(name)?;
        text.map(|text| timestamp(&text, zone).map_err(|why| self.error(name, why)))
            .transpose()
    }

    /// An amount, whose currency is in another field.
    pub(super) fn money(&self, name: &str, currency: &str) -> Result<Option<Money>, RowError> {
        let Some(amount) = self.parsed::<Decimal>(name)? else {
            return Ok(None);
        };
        let nanos = (amount.fract() * Decimal::from(1_000_000_000)).to_i32();
        match (amount.trunc().to_i64(), nanos) {
            (Some(units), Some(nanos)) => Ok(Some(Money {
                currency_code: self.required(currency)?,
                units,
                nanos,
            })),
            _ => Err(self.error(name, "out of range")),
        }
    }
}

pub(super) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("`{text}`: {error}"))
}

pub(super) fn date_message(date: Date) -> DateMessage {
    DateMessage {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// An RFC 3339 instant, or a date with an optional time in the mapping's zone.
pub(super) fn timestamp(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let instant = match text.parse::<jiff::Timestamp>() {
        Ok(instant) => instant,
        Err(_) => parse::<DateTime>(text)?
            .to_zoned(zone.clone())
            .map_err(|error| error.to_string())?
            .timestamp(),
    };
    Ok(Timestamp {
        seconds: instant.as_second(),
        nanos: instant.subsec_nanosecond(),
    })
}
