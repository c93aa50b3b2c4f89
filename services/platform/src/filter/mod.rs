//! Filters of lists in the grammar of AIP-160, over the fields that a list declares.
//!
//! ```
//! # use rapport_platform::filter::FilterSchema;
//! # use sea_orm::DbBackend;
//! # mod customer {
//! #     use sea_orm::entity::prelude::*;
//! #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
//! #     #[sea_orm(table_name = "customer")]
//! #     pub struct Model { #[sea_orm(primary_key)] pub id: i64, pub kind: i16, pub region: String }
//! #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
//! #     pub enum Relation {}
//! #     impl ActiveModelBehavior for ActiveModel {}
//! # }
//! let schema = FilterSchema::new()
//!     .enumeration("kind", customer::Column::Kind, [("PERSON", 1), ("ORGANISATION", 2)])
//!     .text("region_code", customer::Column::Region);
//! let condition = schema.parse(DbBackend::Sqlite, "kind = PERSON AND region_code = \"CH\"");
//! assert!(condition.is_ok());
//! ```

mod field;
mod syntax;

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DbBackend};

use crate::error::PlatformError;
use crate::name::Pattern;
use field::{Column, Field, Kind, Predicate};
use syntax::{Comparison, Fault, Node};

/// How a comparison compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `:`, "has": for a single value the same as `=`.
    Has,
}

/// What a computed field is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand<'f> {
    /// The text, with quotes and escapes resolved.
    pub text: &'f str,
    /// Whether `text` is only how the value begins.
    pub prefix: bool,
}

/// The fields of a list that callers can filter by.
///
/// A field without a value is unequal to every value and neither less nor greater than any,
/// and `NOT` keeps exactly what the filter without it drops: SQL's third truth value does
/// not show. `field:*` asks whether there is a value.
#[derive(Clone, Default)]
pub struct FilterSchema {
    fields: BTreeMap<String, Field>,
}

impl FilterSchema {
    /// A schema without fields: only the empty filter is good.
    pub fn new() -> Self {
        Self::default()
    }

    /// Text, compared exactly; `"abc*"` means that it begins with `abc`. An absent text
    /// equals `""`.
    #[must_use]
    pub fn text(self, name: impl Into<String>, column: impl ColumnTrait) -> Self {
        self.column(name, column, Kind::Text)
    }

    /// A whole number.
    #[must_use]
    pub fn integer(self, name: impl Into<String>, column: impl ColumnTrait) -> Self {
        self.column(name, column, Kind::Integer)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(self, name: impl Into<String>, column: impl ColumnTrait) -> Self {
        self.column(name, column, Kind::Boolean)
    }

    /// An instant in RFC 3339; the column is a [`crate::time::Timestamp`].
    #[must_use]
    pub fn timestamp(self, name: impl Into<String>, column: impl ColumnTrait) -> Self {
        self.column(name, column, Kind::Timestamp)
    }

    /// A calendar day such as `"2026-01-31"`; the column is the number 20260131.
    #[must_use]
    pub fn date(self, name: impl Into<String>, column: impl ColumnTrait) -> Self {
        self.column(name, column, Kind::Date)
    }

    /// Seconds such as `90s` or `1.5s`; the column is BIGINT microseconds.
    #[must_use]
    pub fn duration(self, name: impl Into<String>, column: impl ColumnTrait) -> Self {
        self.column(name, column, Kind::Duration)
    }

    /// An enum by the names of its values; the column is the number.
    #[must_use]
    pub fn enumeration<N: Into<String>>(
        self,
        name: impl Into<String>,
        column: impl ColumnTrait,
        values: impl IntoIterator<Item = (N, i32)>,
    ) -> Self {
        let values = values
            .into_iter()
            .map(|(name, number)| (name.into(), number))
            .collect();
        self.column(name, column, Kind::Enumeration(values))
    }

    /// A reference by resource name; the column is the UUID in it.
    #[must_use]
    pub fn reference(
        self,
        name: impl Into<String>,
        column: impl ColumnTrait,
        pattern: Pattern<1>,
    ) -> Self {
        self.column(name, column, Kind::Reference(pattern))
    }

    /// A field that no single column holds, such as the e-mail address among a customer's
    /// contact points.
    ///
    /// `predicate` is asked for the rows that equal the operand, as an expression that is
    /// true or false and never null, such as EXISTS. Its error is what the caller reads
    /// about the value.
    #[must_use]
    pub fn computed(
        mut self,
        name: impl Into<String>,
        predicate: impl Fn(Operand<'_>) -> Result<Expr, String> + Send + Sync + 'static,
    ) -> Self {
        self.fields
            .insert(name.into(), Field::Computed(Predicate::new(predicate)));
        self
    }

    fn column(mut self, name: impl Into<String>, column: impl ColumnTrait, kind: Kind) -> Self {
        let column = Column {
            expr: Expr::col(column.as_column_ref()),
            kind,
        };
        self.fields.insert(name.into(), Field::Column(column));
        self
    }

    /// The condition that `filter` means on `backend`; an empty filter means every row.
    /// Everything that comes from the filter is a bound value.
    ///
    /// # Errors
    /// `FilterInvalid` with the position of the first thing that is wrong.
    pub fn parse(&self, backend: DbBackend, filter: &str) -> Result<Condition, PlatformError> {
        let condition = match syntax::parse(filter) {
            Ok(None) => Ok(Condition::all()),
            Ok(Some(node)) => self.condition(backend, &node, false),
            Err(fault) => Err(fault),
        };
        condition.map_err(|fault| PlatformError::FilterInvalid {
            position: filter.get(..fault.at).unwrap_or(filter).chars().count() + 1,
            why: fault.why,
        })
    }

    /// Carries a negation down to the comparisons, where the absent value can be told from
    /// the one that differs.
    fn condition(
        &self,
        backend: DbBackend,
        node: &Node<'_>,
        negated: bool,
    ) -> Result<Condition, Fault> {
        let (join, nodes) = match node {
            Node::Comparison(comparison) => return self.compare(backend, comparison, negated),
            Node::Not(inner) => return self.condition(backend, inner, !negated),
            Node::All(nodes) if negated => (Condition::any(), nodes),
            Node::Any(nodes) if negated => (Condition::all(), nodes),
            Node::All(nodes) => (Condition::all(), nodes),
            Node::Any(nodes) => (Condition::any(), nodes),
        };
        nodes.iter().try_fold(join, |joined, node| {
            Ok(joined.add(self.condition(backend, node, negated)?))
        })
    }

    fn compare(
        &self,
        backend: DbBackend,
        comparison: &Comparison<'_>,
        negated: bool,
    ) -> Result<Condition, Fault> {
        let field = self.fields.get(comparison.field.is).ok_or_else(|| {
            let known: Vec<&str> = self.fields.keys().map(String::as_str).collect();
            let why = format!(
                "no such field to filter by. There are: {}.",
                known.join(", ")
            );
            Fault::new(comparison.field.at, why)
        })?;
        match field {
            Field::Column(column) => column.condition(backend, comparison, negated),
            Field::Computed(predicate) => predicate.condition(comparison, negated),
        }
    }
}

#[cfg(test)]
mod tests;
