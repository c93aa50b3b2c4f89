//! One row through a mapping: from text to the messages of `ImportCustomers`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use prost_types::{Duration, Timestamp};
use rapport_proto::google::r#type::{Date as DateMessage, Money};
use rapport_proto::rapport::customer::v1::attribute_value::Value;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::{
    AttributeType, AttributeValue, ChannelChoice, ContactPoint, Customer, Direction, ExternalId,
    ImportRow, Interaction, InteractionOutcome, Organisation, Person, Preference,
};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::mapping::{Fields, Mapping};
use super::template::{Row, RowError};

/// More contacts than this from one row are taken for a mistake in the mapping.
const MAX_REPEAT: u64 = 1_000;

impl Mapping {
    /// The import row that this row of the file means.
    pub(super) fn apply(&self, row: &Row) -> Result<ImportRow, RowError> {
        let customer = Part::new(self, &self.customer, row);
        let parent = customer.text("parent_external_id")?;
        Ok(ImportRow {
            line: row.line() as i64,
            customer: Some(self.customer(&customer, row)?),
            contact_points: self.contact_points(row)?,
            interactions: self.interactions(row)?,
            preferences: self.preferences(row)?,
            parent_external_id: parent.map(|id| self.external_id(id)),
        })
    }

    fn external_id(&self, id: String) -> ExternalId {
        ExternalId {
            system: self.system.clone(),
            id,
        }
    }

    fn customer(&self, part: &Part<'_>, row: &Row) -> Result<Customer, RowError> {
        let id = part.required("external_id")?;
        Ok(Customer {
            profile: Some(profile(part)?),
            external_ids: vec![self.external_id(id)],
            language_code: part.text("language_code")?.unwrap_or_default(),
            region_code: part.text("region_code")?.unwrap_or_default(),
            time_zone: part.text("time_zone")?.unwrap_or_default(),
            primary_employee: part.text("primary_employee")?.unwrap_or_default(),
            attributes: self.attribute_values(row)?,
            ..Customer::default()
        })
    }

    fn attribute_values(&self, row: &Row) -> Result<BTreeMap<String, AttributeValue>, RowError> {
        let part = Part::new(self, &self.values, row);
        let mut values = BTreeMap::new();
        for key in self.values.keys() {
            let Some(text) = part.text(key)? else {
                continue;
            };
            let declared = self
                .attributes
                .iter()
                .find(|attribute| attribute.key == *key);
            let kind = declared.map_or("TEXT", |attribute| attribute.kind.as_str());
            let value =
                attribute_value(kind, text, &self.time_zone).map_err(|why| part.error(key, why))?;
            values.insert(
                key.clone(),
                AttributeValue {
                    value: Some(value),
                    ..Default::default()
                },
            );
        }
        Ok(values)
    }

    fn contact_points(&self, row: &Row) -> Result<Vec<ContactPoint>, RowError> {
        let mut points = Vec::with_capacity(self.contact_points.len());
        for fields in &self.contact_points {
            let part = Part::new(self, fields, row);
            let address = match (part.text("email")?, part.text("phone")?) {
                (Some(email), _) => Address::Email(email),
                (None, Some(phone)) => Address::Phone(phone),
                (None, None) => continue,
            };
            points.push(ContactPoint {
                address: Some(address),
                label: part.text("label")?.unwrap_or_default(),
                rank: part.parsed("rank")?.unwrap_or_default(),
                channels: part.channels("channels")?,
                ..ContactPoint::default()
            });
        }
        Ok(points)
    }

    fn interactions(&self, row: &Row) -> Result<Vec<Interaction>, RowError> {
        let mut interactions = Vec::new();
        for fields in &self.interactions {
            let repeat = Part::new(self, fields, row).parsed("repeat")?.unwrap_or(1);
            if repeat > MAX_REPEAT {
                let part = Part::new(self, fields, row);
                return Err(part.error("repeat", format!("{repeat} is more than {MAX_REPEAT}")));
            }
            for n in 1..=repeat {
                interactions.push(self.interaction(&Part::new(self, fields, &row.numbered(n)))?);
            }
        }
        Ok(interactions)
    }

    fn interaction(&self, part: &Part<'_>) -> Result<Interaction, RowError> {
        let id = part.required("external_id")?;
        let occur_time = match part.text("occur_time")? {
            Some(text) => Some(
                timestamp(&text, &self.time_zone).map_err(|why| part.error("occur_time", why))?,
            ),
            None => None,
        };
        let seconds = part.parsed("duration_seconds")?;
        Ok(Interaction {
            channel: part
                .required_enum("channel", |name| channel(name).map(|value| value as i32))?,
            direction: part.required_enum("direction", |name| {
                Direction::from_str_name(&format!("DIRECTION_{name}")).map(|value| value as i32)
            })?,
            purpose: part.enumerated("purpose", purpose)?,
            agent: part.text("agent")?.unwrap_or_default(),
            summary: part.required("summary")?,
            body: part.text("body")?.unwrap_or_default(),
            outcome: part.enumerated("outcome", |name| {
                InteractionOutcome::from_str_name(&format!("INTERACTION_OUTCOME_{name}"))
                    .map(|value| value as i32)
            })?,
            occur_time,
            duration: seconds.map(|seconds| Duration { seconds, nanos: 0 }),
            external_id: Some(self.external_id(id)),
            ..Interaction::default()
        })
    }

    fn preferences(&self, row: &Row) -> Result<Vec<Preference>, RowError> {
        let mut preferences = Vec::new();
        for fields in &self.preferences {
            let part = Part::new(self, fields, row);
            let choice = part.enumerated("choice", |name| {
                ChannelChoice::from_str_name(&format!("CHANNEL_CHOICE_{name}"))
                    .map(|value| value as i32)
            })?;
            if choice == ChannelChoice::Unspecified as i32 {
                continue;
            }
            preferences.push(Preference {
                purpose: part.enumerated("purpose", purpose)?,
                channel: part
                    .required_enum("channel", |name| channel(name).map(|value| value as i32))?,
                choice,
                rank: part.parsed("rank")?.unwrap_or_default(),
                ..Preference::default()
            });
        }
        Ok(preferences)
    }
}

fn profile(part: &Part<'_>) -> Result<Profile, RowError> {
    if part.fields.contains_key("full_name") {
        let birth_date = part.parsed::<Date>("birth_date")?;
        return Ok(Profile::Person(Person {
            full_name: part.required("full_name")?,
            given_name: part.text("given_name")?.unwrap_or_default(),
            family_name: part.text("family_name")?.unwrap_or_default(),
            salutation: part.text("salutation")?.unwrap_or_default(),
            birth_date: birth_date.map(date_message),
        }));
    }
    Ok(Profile::Organisation(Organisation {
        legal_name: part.required("legal_name")?,
        trading_name: part.text("trading_name")?.unwrap_or_default(),
        industry: part.text("industry")?.unwrap_or_default(),
        employee_count: part.parsed("employee_count")?.unwrap_or_default(),
        founding_year: part.parsed("founding_year")?.unwrap_or_default(),
        annual_revenue: revenue(part)?,
    }))
}

fn revenue(part: &Part<'_>) -> Result<Option<Money>, RowError> {
    let Some(amount) = part.parsed::<Decimal>("annual_revenue")? else {
        return Ok(None);
    };
    let nanos = (amount.fract() * Decimal::from(1_000_000_000)).to_i32();
    match (amount.trunc().to_i64(), nanos) {
        (Some(units), Some(nanos)) => Ok(Some(Money {
            currency_code: part.required("annual_revenue_currency")?,
            units,
            nanos,
        })),
        _ => Err(part.error("annual_revenue", "out of range")),
    }
}

fn attribute_value(kind: &str, text: String, zone: &TimeZone) -> Result<Value, String> {
    let kind = AttributeType::from_str_name(&format!("ATTRIBUTE_TYPE_{kind}"));
    match kind.unwrap_or_default() {
        AttributeType::Integer => parse(&text).map(Value::Integer),
        AttributeType::Decimal => Ok(Value::Decimal(text)),
        AttributeType::Boolean => boolean(&text).map(Value::Boolean),
        AttributeType::Date => parse::<Date>(&text).map(date_message).map(Value::Date),
        AttributeType::Timestamp => timestamp(&text, zone).map(Value::Timestamp),
        AttributeType::Text | AttributeType::Enum | AttributeType::Unspecified => {
            Ok(Value::Text(text))
        }
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Ok(true),
        "false" | "no" | "n" | "0" => Ok(false),
        _ => Err(format!("`{text}` is neither yes nor no")),
    }
}

fn channel(name: &str) -> Option<Channel> {
    Channel::from_str_name(&format!("CHANNEL_{name}"))
}

fn purpose(name: &str) -> Option<i32> {
    Purpose::from_str_name(&format!("PURPOSE_{name}")).map(|value| value as i32)
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("`{text}`: {error}"))
}

fn date_message(date: Date) -> DateMessage {
    DateMessage {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// An RFC 3339 instant, or a date with an optional time in the mapping's zone.
fn timestamp(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
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

/// One part of the mapping seen against one row.
struct Part<'a> {
    mapping: &'a Mapping,
    fields: &'a Fields,
    row: Row,
}

impl<'a> Part<'a> {
    fn new(mapping: &'a Mapping, fields: &'a Fields, row: &Row) -> Self {
        Self {
            mapping,
            fields,
            row: row.clone(),
        }
    }

    /// The field's text; `None` when it is not mapped or renders to nothing.
    fn text(&self, name: &str) -> Result<Option<String>, RowError> {
        let Some(template) = self.fields.get(name) else {
            return Ok(None);
        };
        let text = self.mapping.templates.render(template, &self.row)?;
        Ok((!text.is_empty()).then_some(text))
    }

    fn required(&self, name: &str) -> Result<String, RowError> {
        self.text(name)?
            .ok_or_else(|| self.error(name, "needs a value in every row"))
    }

    fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, RowError> {
        let text = self.text(name)?;
        text.map(|text| parse(&text).map_err(|why| self.error(name, why)))
            .transpose()
    }

    /// The number of an enum value given without its prefix; 0 when unset.
    fn enumerated(
        &self,
        name: &str,
        number: impl Fn(&str) -> Option<i32>,
    ) -> Result<i32, RowError> {
        let Some(text) = self.text(name)? else {
            return Ok(0);
        };
        number(&text).ok_or_else(|| self.error(name, format!("`{text}` is not a known value")))
    }

    fn required_enum(
        &self,
        name: &str,
        number: impl Fn(&str) -> Option<i32>,
    ) -> Result<i32, RowError> {
        match self.enumerated(name, number)? {
            0 => Err(self.error(name, "needs a value in every row")),
            number => Ok(number),
        }
    }

    fn channels(&self, name: &str) -> Result<Vec<i32>, RowError> {
        let text = self.text(name)?.unwrap_or_default();
        let names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names
            .map(|one| match channel(one) {
                Some(channel) => Ok(channel as i32),
                None => Err(self.error(name, format!("`{one}` is not a channel"))),
            })
            .collect()
    }

    fn error(&self, name: &str, description: impl Into<String>) -> RowError {
        match self.fields.get(name) {
            Some(template) => RowError::new(template.field(), description),
            None => RowError::new(&format!("customer.{name}"), description),
        }
    }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
