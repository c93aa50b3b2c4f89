//! Templates of a mapping file, rendered against one row at a time.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use minijinja::value::{Enumerator, Object};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use rust_decimal::Decimal;

/// Why a row cannot be turned into a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowError {
    /// The mapping's field at fault, such as `customer.full_name`.
    pub(crate) field: String,
    /// What is wrong and what to do.
    pub(crate) description: String,
}

impl RowError {
    pub(super) fn new(field: &str, description: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            description: description.into(),
        }
    }
}

/// The compiled templates of one mapping file.
///
/// Templates are Jinja: `{{ column }}`, filters and conditions. A name that is not a
/// column is an error rather than an empty text, so that a typo cannot drop data.
#[derive(Debug)]
pub(crate) struct Templates {
    environment: Environment<'static>,
}

/// One template and the mapping field it fills.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    field: String,
}

impl Templates {
    pub(super) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("plus_days", plus_days);
        environment.add_filter("times", times);
        Self { environment }
    }

    /// Compiles `source` as the template for `field`.
    pub(super) fn add(&mut self, field: String, source: String) -> anyhow::Result<Template> {
        self.environment
            .add_template_owned(field.clone(), source)
            .map_err(|error| anyhow::anyhow!("mapping, `{field}`: {error}"))?;
        Ok(Template { field })
    }

    /// The template's text for this row, without surrounding white space.
    pub(super) fn render(&self, template: &Template, row: &Row) -> Result<String, RowError> {
        self.environment
            .get_template(&template.field)
            .and_then(|compiled| compiled.render(Value::from_object(row.clone())))
            .map(|text| text.trim().to_owned())
            .map_err(|error| RowError::new(&template.field, error.to_string()))
    }
}

impl Template {
    /// The mapping field that it fills.
    pub(super) fn field(&self) -> &str {
        &self.field
    }
}

/// `{{ "2010-05-01" | plus_days(-7) }}`: calendar arithmetic for relative columns.
fn plus_days(date: &str, days: i64) -> Result<String, Error> {
    let invalid = |error: jiff::Error| Error::new(ErrorKind::InvalidOperation, error.to_string());
    let date: Date = date.trim().parse().map_err(invalid)?;
    let span = 0.days().try_days(days).map_err(invalid)?;
    Ok(date.checked_add(span).map_err(invalid)?.to_string())
}

/// `{{ revenue | times("1000") }}`: exact, where a float would not be.
fn times(number: &str, factor: &str) -> Result<String, Error> {
    let decimal = |text: &str| -> Result<Decimal, Error> {
        let invalid =
            |error: rust_decimal::Error| Error::new(ErrorKind::InvalidOperation, error.to_string());
        text.trim().parse().map_err(invalid)
    };
    let product = decimal(number)?.checked_mul(decimal(factor)?);
    let product = product.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "out of range"))?;
    Ok(product.normalize().to_string())
}

/// What a template can see: the row's columns by name, `line`, and within repeated parts
/// `n`, counted from 1. Columns whose names are no identifiers are read as `row["…"]`.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    columns: Arc<HashMap<String, usize>>,
    record: Arc<csv::StringRecord>,
    line: u64,
    n: u64,
}

impl Row {
    pub(super) fn new(
        columns: Arc<HashMap<String, usize>>,
        record: csv::StringRecord,
        line: u64,
    ) -> Self {
        Self {
            columns,
            record: Arc::new(record),
            line,
            n: 1,
        }
    }

    /// The same row as the `n`th of a repeated part sees it.
    pub(super) fn numbered(&self, n: u64) -> Self {
        Self { n, ..self.clone() }
    }

    /// Its line in the file.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

impl Object for Row {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        if let Some(index) = self.columns.get(name) {
            return Some(Value::from(self.record.get(*index).unwrap_or_default()));
        }
        match name {
            "line" => Some(Value::from(self.line)),
            "n" => Some(Value::from(self.n)),
            "row" => Some(Value::from_dyn_object(self.clone())),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[(&str, &str)]) -> Row {
        let names = columns.iter().enumerate();
        let names = names.map(|(index, (name, _))| ((*name).to_owned(), index));
        let record = columns.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        Row::new(Arc::new(names.collect()), record.into(), 7)
    }

    fn rendered(source: &str, row: &Row) -> Result<String, RowError> {
        let mut templates = Templates::new();
        let template = templates
            .add("customer.field".into(), source.into())
            .unwrap();
        templates.render(&template, row)
    }

    #[test]
    fn a_template_reads_columns_the_line_and_any_name() {
        let row = row(&[("job", " nurse "), ("Office Location", "Kenya")]);
        assert_eq!(rendered("{{ job }}", &row).unwrap(), "nurse");
        assert_eq!(rendered("bank-{{ line }}", &row).unwrap(), "bank-7");
        assert_eq!(
            rendered("{{ row['Office Location'] }}", &row).unwrap(),
            "Kenya"
        );
        assert_eq!(
            rendered("call {{ n }}", &row.numbered(3)).unwrap(),
            "call 3"
        );
    }

    #[test]
    fn a_misspelt_column_is_an_error_that_names_the_field() {
        let error = rendered("{{ jbo }}", &row(&[("job", "nurse")])).unwrap_err();
        assert_eq!(error.field, "customer.field");
    }

    #[test]
    fn amounts_are_multiplied_exactly() {
        let row = row(&[("revenue", "1100.04")]);
        assert_eq!(
            rendered("{{ revenue | times('1000000') }}", &row).unwrap(),
            "1100040000"
        );
        assert!(rendered("{{ 'much' | times('2') }}", &row).is_err());
    }

    #[test]
    fn days_are_counted_on_the_calendar() {
        let row = row(&[("date", "2008-03-01"), ("pdays", "1")]);
        let text = rendered("{{ date | plus_days(-(pdays | int)) }}", &row).unwrap();
        assert_eq!(text, "2008-02-29", "2008 was a leap year");
        assert!(rendered("{{ 'tomorrow' | plus_days(1) }}", &row).is_err());
    }
}
