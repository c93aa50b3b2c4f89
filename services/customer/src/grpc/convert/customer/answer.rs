//! Customers as callers read them.

use std::collections::BTreeMap;

use rapport_platform::etag::Etag;
use rapport_platform::money::Money;
use rapport_proto::google::r#type::{Date, Money as ProtoMoney};
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::attribute_value::Value as ProtoValue;
use rapport_proto::rapport::customer::v1::customer::Profile;
use sea_orm::prelude::Json;

use crate::domain::attributes::{Attribute, Value};
use crate::domain::names::CustomerKind;
use crate::error::{Error, unreadable};
use crate::grpc::convert::text;
use crate::resource;
use crate::store::customer::{Record, attributes, member};
use crate::store::entity::customer::Model;
use crate::store::entity::customer_external_id as external;

const READING: &str = "reading a stored customer";

/// The customer in a record.
pub(in crate::grpc) fn to_proto(record: Record) -> Result<proto::Customer, Error> {
    let Record {
        row,
        external_ids,
        merged,
    } = record;
    let kind = member(&row)?.kind;
    let display_name = row.trading_name.clone().unwrap_or_else(|| row.name.clone());
    let Model {
        tenant_id: _,
        customer_id,
        kind: _,
        name,
        given_name,
        family_name,
        salutation,
        birth_date,
        trading_name,
        industry,
        employee_count,
        founding_year,
        annual_revenue,
        annual_revenue_currency,
        parent_id,
        language_code,
        region_code,
        time_zone,
        primary_employee,
        attributes,
        lifecycle_stage,
        merged_into: _,
        join_time: _,
        merged_count: _,
        version,
        create_time,
        update_time,
        delete_time,
    } = row;
    let profile = match kind {
        CustomerKind::Person => Profile::Person(proto::Person {
            full_name: name,
            given_name: text(given_name),
            family_name: text(family_name),
            salutation: text(salutation),
            birth_date: birth_date.map(date_of),
        }),
        CustomerKind::Organisation => Profile::Organisation(proto::Organisation {
            legal_name: name,
            trading_name: text(trading_name),
            industry: text(industry),
            employee_count: employee_count.unwrap_or_default(),
            founding_year: founding_year.map(i32::from).unwrap_or_default(),
            annual_revenue: annual_revenue
                .zip(annual_revenue_currency)
                .map(money_of)
                .transpose()?,
        }),
    };
    Ok(proto::Customer {
        name: resource::customer(customer_id),
        profile: Some(profile),
        external_ids: external_ids.into_iter().map(external_id).collect(),
        parent: parent_id.map(resource::customer).unwrap_or_default(),
        language_code: text(language_code),
        region_code: text(region_code),
        time_zone: text(time_zone),
        primary_employee: text(primary_employee),
        attributes: attribute_values(&attributes)?,
        lifecycle_stage: i32::from(lifecycle_stage),
        display_name,
        merged_names: merged
            .customers
            .into_iter()
            .map(resource::customer)
            .collect(),
        merged_external_ids: merged.external_ids.into_iter().map(external_id).collect(),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        delete_time: delete_time.map(Into::into),
        etag: Etag::of(version),
    })
}

fn external_id(row: external::Model) -> proto::ExternalId {
    let external::Model {
        tenant_id: _,
        system,
        external_id,
        customer_id: _,
    } = row;
    proto::ExternalId {
        system,
        id: external_id,
    }
}

/// Of the digits of one number.
fn date_of(number: i32) -> Date {
    Date {
        year: number / 10_000,
        month: number / 100 % 100,
        day: number % 100,
    }
}

fn money_of((minor, currency): (i64, String)) -> Result<ProtoMoney, Error> {
    let currency = currency
        .parse()
        .map_err(|_| unreadable(READING)("no currency"))?;
    Ok(Money::from_minor(minor, currency)
        .map_err(unreadable(READING))?
        .into())
}

fn attribute_values(json: &Json) -> Result<BTreeMap<String, proto::AttributeValue>, Error> {
    let attributes = attributes(json)?;
    let values = attributes
        .iter()
        .map(|(key, value)| (key.as_str().to_owned(), answer(value)));
    Ok(values.collect())
}

fn answer(attribute: &Attribute) -> proto::AttributeValue {
    let value = match attribute.value() {
        Value::Text(text) | Value::Enum(text) => ProtoValue::Text(text.clone()),
        Value::Integer(number) => ProtoValue::Integer(*number),
        Value::Decimal(number) => ProtoValue::Decimal(number.to_string()),
        Value::Boolean(truth) => ProtoValue::Boolean(*truth),
        Value::Date(date) => ProtoValue::Date(Date {
            year: i32::from(date.year()),
            month: i32::from(date.month()),
            day: i32::from(date.day()),
        }),
        Value::Timestamp(instant) => ProtoValue::Timestamp((*instant).into()),
    };
    proto::AttributeValue {
        value: Some(value),
        recorder: attribute.recorder().to_owned(),
        record_time: Some(attribute.record_time().into()),
    }
}
