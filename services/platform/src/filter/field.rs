//! What a comparison with a field of some type means in SQL.

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{Condition, DbBackend, Value};

use super::syntax::{Comparison, Fault, Literal};
use super::{Operand, Operator};
use crate::name::Pattern;
use crate::time::Timestamp;

#[derive(Clone)]
pub(super) enum Field {
    Column(Column),
    Computed(Predicate),
}

#[derive(Clone)]
pub(super) struct Column {
    pub(super) expr: Expr,
    pub(super) kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    Text,
    Integer,
    Boolean,
    Timestamp,
    Date,
    Duration,
    Enumeration(Vec<(String, i32)>),
    Reference(Pattern<1>),
}

impl Kind {
    fn has_order(&self) -> bool {
        matches!(
            self,
            Self::Integer | Self::Timestamp | Self::Date | Self::Duration
        )
    }

    /// The value to bind, or what should have been written.
    fn value(&self, text: &str) -> Result<Value, String> {
        let value = match self {
            Self::Text => Some(text.into()),
            Self::Integer => text.parse::<i64>().ok().map(Value::from),
            Self::Boolean => text.parse::<bool>().ok().map(Value::from),
            Self::Timestamp => text.parse::<Timestamp>().ok().map(Value::from),
            Self::Date => day(text).map(Value::from),
            Self::Duration => duration(text).map(Value::from),
            Self::Enumeration(values) => values
                .iter()
                .find(|(name, _)| name == text)
                .map(|(_, number)| Value::from(*number)),
            Self::Reference(pattern) => pattern.ids(text).map(|[id]| Value::from(id)),
        };
        value.ok_or_else(|| match self {
            Self::Text => "expected text.".to_owned(),
            Self::Integer => "expected a whole number.".to_owned(),
            Self::Boolean => "expected true or false.".to_owned(),
            Self::Timestamp => {
                "expected an instant with a zone, such as \"2026-01-31T09:00:00Z\".".to_owned()
            }
            Self::Date => "expected a day, such as \"2026-01-31\".".to_owned(),
            Self::Duration => "expected seconds, such as 90s or 1.5s.".to_owned(),
            Self::Enumeration(values) => {
                let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
                format!("expected one of {}.", names.join(", "))
            }
            Self::Reference(pattern) => format!("expected a name \"{}\".", pattern.template()),
        })
    }
}

impl Column {
    pub(super) fn condition(
        &self,
        backend: DbBackend,
        comparison: &Comparison<'_>,
        negated: bool,
    ) -> Result<Condition, Fault> {
        let (operator, negated) = normalised(comparison.operator.is, negated);
        let literal = &comparison.literal.is;
        // A text that is absent equals the empty one.
        let absent = matches!(self.kind, Kind::Text)
            && operator == Operator::Equal
            && literal.text.is_empty()
            && !literal.prefix;
        if absent {
            return Ok(self.judge(self.present(), !negated));
        }
        let matches = if operator == Operator::Equal && is_star(literal) {
            self.present()
        } else {
            self.matches(backend, operator, comparison)?
        };
        Ok(self.judge(matches, negated))
    }

    fn matches(
        &self,
        backend: DbBackend,
        operator: Operator,
        comparison: &Comparison<'_>,
    ) -> Result<Expr, Fault> {
        if operator != Operator::Equal && !self.kind.has_order() {
            let why = "this field has no order; use =, != or `:`.";
            return Err(Fault::new(comparison.operator.at, why));
        }
        let operand = operand(comparison)?;
        if operand.prefix {
            return match self.kind {
                Kind::Text => Ok(self.starts_with(backend, operand.text)),
                _ => Err(Fault::new(
                    comparison.literal.at,
                    "only text can end with a star.",
                )),
            };
        }
        let value = self
            .kind
            .value(operand.text)
            .map_err(|why| Fault::new(comparison.literal.at, why))?;
        let column = self.expr.clone();
        Ok(match operator {
            Operator::Equal | Operator::NotEqual | Operator::Has => column.eq(value),
            Operator::Less => column.lt(value),
            Operator::LessOrEqual => column.lte(value),
            Operator::Greater => column.gt(value),
            Operator::GreaterOrEqual => column.gte(value),
        })
    }

    /// Where `matches` is true, or where it is not, which includes absent values.
    fn judge(&self, matches: Expr, negated: bool) -> Condition {
        if negated {
            Condition::any()
                .add(matches.not())
                .add(self.expr.clone().is_null())
        } else {
            Condition::all().add(matches)
        }
    }

    fn present(&self) -> Expr {
        match self.kind {
            Kind::Text => self.expr.clone().ne(""),
            _ => self.expr.clone().is_not_null(),
        }
    }

    /// In the form that each engine can answer from an index.
    fn starts_with(&self, backend: DbBackend, prefix: &str) -> Expr {
        let column = self.expr.clone();
        match (backend, successor(prefix)) {
            // SQLite's LIKE ignores case; its order is that of the bytes.
            (DbBackend::Sqlite, Some(end)) => column.clone().gte(prefix).and(column.lt(end)),
            (DbBackend::Sqlite, None) => column.gte(prefix),
            // PostgreSQL's order is that of a language; LIKE is not.
            _ => column.like(format!("{}%", like_escaped(prefix))),
        }
    }
}

/// A field whose meaning its list knows.
#[derive(Clone)]
pub(super) struct Predicate(Arc<Ask>);

type Ask = dyn Fn(Operand<'_>) -> Result<Expr, String> + Send + Sync;

impl Predicate {
    pub(super) fn new(
        ask: impl Fn(Operand<'_>) -> Result<Expr, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(ask))
    }

    pub(super) fn condition(
        &self,
        comparison: &Comparison<'_>,
        negated: bool,
    ) -> Result<Condition, Fault> {
        let (operator, negated) = normalised(comparison.operator.is, negated);
        if operator != Operator::Equal {
            let why = "this field has no order; use =, != or `:`.";
            return Err(Fault::new(comparison.operator.at, why));
        }
        let matches =
            (self.0)(operand(comparison)?).map_err(|why| Fault::new(comparison.literal.at, why))?;
        Ok(Condition::all().add(if negated { matches.not() } else { matches }))
    }
}

/// `!=` is the negation of `=`, and `:` the same as `=` for a single value.
fn normalised(operator: Operator, negated: bool) -> (Operator, bool) {
    match operator {
        Operator::NotEqual => (Operator::Equal, !negated),
        Operator::Has => (Operator::Equal, negated),
        other => (other, negated),
    }
}

fn operand<'c>(comparison: &'c Comparison<'_>) -> Result<Operand<'c>, Fault> {
    let Literal {
        text,
        prefix,
        stray_star,
    } = &comparison.literal.is;
    let equality = matches!(
        comparison.operator.is,
        Operator::Equal | Operator::NotEqual | Operator::Has
    );
    if *stray_star || (*prefix && !equality) {
        let why = r"a star stands only at the end of a text compared with =, != or `:`; \* is a star itself.";
        return Err(Fault::new(comparison.literal.at, why));
    }
    Ok(Operand {
        text,
        prefix: *prefix,
    })
}

fn is_star(literal: &Literal) -> bool {
    literal.prefix && literal.text.is_empty() && !literal.stray_star
}

/// A day as a number in the order of time.
fn day(text: &str) -> Option<i32> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let (year, month, day) = (date.year(), date.month(), date.day());
    Some(i32::from(year) * 10_000 + i32::from(month) * 100 + i32::from(day))
}

/// Microseconds of a duration in the JSON form of protobuf: `1.5s`. Digits below a
/// microsecond are cut off.
fn duration(text: &str) -> Option<i64> {
    let seconds = text.strip_suffix('s')?;
    let (sign, digits) = match seconds.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, seconds),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(1_000_000)?
        .checked_add(micros)?
        .checked_mul(sign)
}

/// The least text above all that begin with `prefix`; none when nothing is above them.
fn successor(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // A range of characters skips the gap that UTF-16's surrogates leave.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn like_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
