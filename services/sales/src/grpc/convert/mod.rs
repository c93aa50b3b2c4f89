//! Between the protos and the domain.
//!
//! Every message is taken apart as a whole, so that a new field of a proto breaks the build
//! until someone decided what becomes of it. Fields that callers can't set are named and
//! dropped. Faults carry the path of the field inside the message; handlers add where the
//! message sits in the request.

pub(super) mod account_plan;
pub(super) mod approval_policy;
pub(super) mod authority;
pub(in crate::grpc) mod calendar;
pub(super) mod dunning;
pub(super) mod expense;
pub(crate) mod forecast;
pub(crate) mod opportunity;
pub(super) mod order;
pub(crate) mod pipeline;
pub(super) mod price_book;
pub(crate) mod product;
pub(super) mod proposal;
pub(super) mod proposal_template;
pub(super) mod quote;
pub(super) mod quote_revision;
pub(super) mod quote_send;
pub(super) mod receivable;
pub(super) mod report;
pub(crate) mod seller;
pub(super) mod suggestion;
pub(super) mod task;
pub(super) mod territory;

use iso_currency::Currency;
use jiff::civil::Date;
use rapport_platform::invalid::Invalid;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use rapport_proto::google::r#type as google;

use crate::domain::date;

/// Text of a field that may be unset: protos write none as the empty string.
pub(super) fn text(optional: Option<String>) -> String {
    optional.unwrap_or_default()
}

/// An instant that may be unset.
pub(super) fn instant(
    proto: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Invalid> {
    proto
        .map(|proto| Timestamp::try_from(*proto))
        .transpose()
        .map_err(|fault| Invalid::new(fault.to_string()))
}

/// Minor units of the currency with a stored code, which was good when it was stored.
pub(super) fn to_money(minor: i64, currency: &str) -> Option<google::Money> {
    let currency = Currency::from_code(currency)?;
    Money::from_minor(minor, currency).ok().map(Into::into)
}

/// An amount that may be unset.
pub(super) fn money(proto: Option<&google::Money>) -> Result<Option<Money>, Invalid> {
    proto
        .map(Money::try_from)
        .transpose()
        .map_err(|fault| Invalid::new(fault.to_string()))
}

/// A day that may be unset.
pub(super) fn day(proto: Option<&google::Date>) -> Result<Option<Date>, Invalid> {
    proto
        .map(|proto| date::parse(proto.year, proto.month, proto.day))
        .transpose()
}

/// A day that must be set.
pub(super) fn required_day(proto: Option<&google::Date>) -> Result<Date, Invalid> {
    day(proto)?.ok_or_else(|| Invalid::new("is required"))
}

/// A day on the wire.
pub(super) fn to_day(number: i32) -> google::Date {
    google::Date {
        year: number / 10_000,
        month: number / 100 % 100,
        day: number % 100,
    }
}
