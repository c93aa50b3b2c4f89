//! One row through a mapping: from text to the messages of `ImportCustomers`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use prost_types::Duration;
use rapport_proto::rapport::customer::v1::attribute_value::Value;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::{
    AttributeType, AttributeValue, ChannelChoice, ContactPoint, Customer, Direction, ExternalId,
    ImportRow, Interaction, InteractionOutcome, Organisation, Person, Preference,
};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};

use super::mapping::Mapping;
use super::part::{Part, date_message, parse, timestamp};
use super::template::{Row, RowError};

/// More contacts than this from one row are taken for a mistake in the mapping.
const MAX_REPEAT: u64 = 1_000;

impl Mapping {
    /// The import row that this row of the file means.
    pub(super) fn apply(&self, row: &Row) -> Result<ImportRow, RowError> {
        let customer = Part::new(&self.templates, &self.customer, row);
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
        let part = Part::new(&self.templates, &self.values, row);
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
            let part = Part::new(&self.templates, fields, row);
            let address = match (part.text("email")?, part.text("phone")?) {
                (Some(email), _) => Address::Email(email),
                (None, Some(phone)) => Address::Phone(phone),
                (None, None) => continue,
            };
            points.push(ContactPoint {
                address: Some(address),
                label: part.text("label")?.unwrap_or_default(),
                rank: part.parsed("rank")?.unwrap_or_default(),
                channels: channels(part.text("channels")?.as_deref())
                    .map_err(|why| part.error("channels", why))?,
                ..ContactPoint::default()
            });
        }
        Ok(points)
    }

    fn interactions(&self, row: &Row) -> Result<Vec<Interaction>, RowError> {
        let mut interactions = Vec::new();
        for fields in &self.interactions {
            let repeat = Part::new(&self.templates, fields, row)
                .parsed("repeat")?
                .unwrap_or(1);
            if repeat > MAX_REPEAT {
                let part = Part::new(&self.templates, fields, row);
                return Err(part.error("repeat", format!("{repeat} is more than {MAX_REPEAT}")));
            }
            for n in 1..=repeat {
                interactions.push(self.interaction(&Part::new(
                    &self.templates,
                    fields,
                    &row.numbered(n),
                ))?);
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
            let part = Part::new(&self.templates, fields, row);
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
        annual_revenue: part.money("annual_revenue", "annual_revenue_currency")?,
    }))
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

fn channels(text: Option<&str>) -> Result<Vec<i32>, String> {
    let names = text.unwrap_or_default().split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(|one| match channel(one) {
            Some(channel) => Ok(channel as i32),
            None => Err(format!("`{one}` is not a channel")),
        })
        .collect()
}

fn purpose(name: &str) -> Option<i32> {
    Purpose::from_str_name(&format!("PURPOSE_{name}")).map(|value| value as i32)
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
