//! Rules of territories: filters over what is known about customers.

use std::sync::LazyLock;

use rapport_platform::error::PlatformError;
use rapport_platform::filter::{FilterSchema, Operand};
use rapport_platform::invalid::Invalid;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func};
use sea_orm::{Condition, DbBackend};

use crate::error::{Error, unreadable};
use crate::store::entity::customer_fact::Column;

/// Before the key of a company's own attribute.
const ATTRIBUTE: &str = "attributes.";

/// The fields that every company's rules may ask for.
static FIELDS: LazyLock<FilterSchema> = LazyLock::new(|| {
    FilterSchema::new()
        .enumeration("kind", Column::Kind, [("PERSON", 1), ("ORGANISATION", 2)])
        .text("region_code", Column::RegionCode)
        .text("language_code", Column::LanguageCode)
        .text("industry", Column::Industry)
        .integer("employee_count", Column::EmployeeCount)
        .integer("founding_year", Column::FoundingYear)
        .integer("annual_revenue", Column::AnnualRevenue)
        .text("annual_revenue_currency", Column::RevenueCurrency)
        .text("primary_employee", Column::PrimaryEmployee)
});

/// Reads a rule as a condition on rows of facts.
fn parse(backend: DbBackend, rule: &str) -> Result<Condition, PlatformError> {
    let asked = |schema: FilterSchema, key: &str| {
        let column = attribute(key);
        let ask = move |operand: Operand<'_>| Ok(holds(&column, operand));
        schema.computed(format!("{ATTRIBUTE}{key}"), ask)
    };
    let schema = keys(rule).fold(FIELDS.clone(), asked);
    schema.parse(backend, rule)
}

/// What may be keys of attributes in a rule. What stands in a text may look like one, and is never
/// asked for.
fn keys(rule: &str) -> impl Iterator<Item = &str> {
    let is_key = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let after = rule.split(ATTRIBUTE).skip(1);
    after
        .map(move |rest| {
            rest.split(|it: char| !is_key(it))
                .next()
                .unwrap_or_default()
        })
        .filter(|key| !key.is_empty())
}

/// The value of an attribute; the empty text where there is none. The key is made of letters, digits
/// and `_` only.
fn attribute(key: &str) -> Expr {
    let value = Expr::cust(format!("\"customer_fact\".\"attributes\" ->> '{key}'"));
    Func::coalesce([value, Expr::val("")]).into()
}

fn holds(value: &Expr, operand: Operand<'_>) -> Expr {
    let value = value.clone();
    match (operand.prefix, operand.text) {
        (false, text) => value.eq(text),
        (true, "") => value.ne(""),
        (true, text) => {
            let length = i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
            let begins = Func::cust("SUBSTR").args([value, Expr::val(1), Expr::val(length)]);
            Expr::from(begins).eq(text)
        }
    }
}

/// Checks a rule that somebody writes.
///
/// # Errors
/// `Invalid`, with the place of the first fault.
pub(crate) fn check(backend: DbBackend, rule: &str) -> Result<(), Invalid> {
    match parse(backend, rule) {
        Ok(_) => Ok(()),
        Err(PlatformError::FilterInvalid { position, why }) => {
            Err(Invalid::new(format!("at character {position}: {why}")))
        }
        Err(other) => Err(Invalid::new(other.to_string())),
    }
}

/// The condition of a rule that is stored.
pub(super) fn condition(backend: DbBackend, rule: &str) -> Result<Condition, Error> {
    parse(backend, rule).map_err(unreadable("reading a stored rule"))
}
