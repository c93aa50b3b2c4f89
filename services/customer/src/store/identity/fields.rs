//! A customer's fields as survivorship knows them, from its row and back.

use sea_orm::prelude::Json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::domain::identity::survivorship::{ATTRIBUTES, BIRTH_DATE, FULL_NAME, Fields};
use crate::domain::names::CustomerKind;
use crate::error::{Error, unreadable};
use crate::store::customer::member;
use crate::store::entity::customer::Model;

/// What makes up a person's name.
#[derive(Serialize, Deserialize)]
struct Name {
    full: String,
    given: Option<String>,
    family: Option<String>,
}

/// An amount in minor units of a currency.
#[derive(Serialize, Deserialize)]
struct Revenue {
    minor: i64,
    currency: String,
}

/// The known fields of a customer.
pub(super) fn read(row: &Model) -> Result<Fields, Error> {
    let mut fields = Fields::new();
    match member(row)?.kind {
        CustomerKind::Person => read_person(row, &mut fields)?,
        CustomerKind::Organisation => read_organisation(row, &mut fields)?,
    }
    put(&mut fields, "language_code", row.language_code.as_ref())?;
    put(&mut fields, "region_code", row.region_code.as_ref())?;
    put(&mut fields, "time_zone", row.time_zone.as_ref())?;
    put(
        &mut fields,
        "primary_employee",
        row.primary_employee.as_ref(),
    )?;
    for (key, value) in row.attributes.as_object().into_iter().flatten() {
        fields.insert(format!("{ATTRIBUTES}{key}"), value.clone());
    }
    Ok(fields)
}

fn read_person(row: &Model, fields: &mut Fields) -> Result<(), Error> {
    let name = Name {
        full: row.name.clone(),
        given: row.given_name.clone(),
        family: row.family_name.clone(),
    };
    put(fields, FULL_NAME, Some(&name))?;
    put(fields, "person.salutation", row.salutation.as_ref())?;
    put(fields, BIRTH_DATE, row.birth_date.as_ref())
}

fn read_organisation(row: &Model, fields: &mut Fields) -> Result<(), Error> {
    let revenue = row.annual_revenue.zip(row.annual_revenue_currency.clone());
    let revenue = revenue.map(|(minor, currency)| Revenue { minor, currency });
    put(fields, "organisation.legal_name", Some(&row.name))?;
    put(
        fields,
        "organisation.trading_name",
        row.trading_name.as_ref(),
    )?;
    put(fields, "organisation.industry", row.industry.as_ref())?;
    put(
        fields,
        "organisation.employee_count",
        row.employee_count.as_ref(),
    )?;
    put(
        fields,
        "organisation.founding_year",
        row.founding_year.as_ref(),
    )?;
    put(fields, "organisation.annual_revenue", revenue.as_ref())
}

fn put(fields: &mut Fields, field: &str, value: Option<&impl Serialize>) -> Result<(), Error> {
    if let Some(value) = value {
        let value = serde_json::to_value(value).map_err(unreadable("reading a field"))?;
        fields.insert(field.to_owned(), value);
    }
    Ok(())
}

/// Writes one field; none makes it unknown.
pub(super) fn write(row: &mut Model, field: &str, value: Option<Json>) -> Result<(), Error> {
    match field {
        FULL_NAME => {
            if let Some(Name {
                full,
                given,
                family,
            }) = read_value(value)?
            {
                (row.name, row.given_name, row.family_name) = (full, given, family);
            }
        }
        "person.salutation" => row.salutation = read_value(value)?,
        BIRTH_DATE => row.birth_date = read_value(value)?,
        "organisation.legal_name" => row.name = read_value(value)?.unwrap_or_default(),
        "organisation.trading_name" => row.trading_name = read_value(value)?,
        "organisation.industry" => row.industry = read_value(value)?,
        "organisation.employee_count" => row.employee_count = read_value(value)?,
        "organisation.founding_year" => row.founding_year = read_value(value)?,
        "organisation.annual_revenue" => {
            let revenue = read_value::<Revenue>(value)?;
            (row.annual_revenue, row.annual_revenue_currency) =
                revenue.map(|it| (it.minor, it.currency)).unzip();
        }
        "language_code" => row.language_code = read_value(value)?,
        "region_code" => row.region_code = read_value(value)?,
        "time_zone" => row.time_zone = read_value(value)?,
        "primary_employee" => row.primary_employee = read_value(value)?,
        _ => write_attribute(row, field, value),
    }
    Ok(())
}

fn write_attribute(row: &mut Model, field: &str, value: Option<Json>) {
    let Some(key) = field.strip_prefix(ATTRIBUTES) else {
        return;
    };
    let mut attributes: Map<String, Json> = row.attributes.as_object().cloned().unwrap_or_default();
    match value {
        Some(value) => attributes.insert(key.to_owned(), value),
        None => attributes.remove(key),
    };
    row.attributes = Json::Object(attributes);
}

fn read_value<T: DeserializeOwned>(value: Option<Json>) -> Result<Option<T>, Error> {
    value
        .map(serde_json::from_value)
        .transpose()
        .map_err(unreadable("writing a field"))
}
