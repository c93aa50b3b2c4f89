//! By what reports count.

use sea_orm::{DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::MOST_ROWS;
use crate::domain::report::SalesDimension;

/// What rows of a report have in common; null where it was not asked for, or is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Group {
    pub(crate) owner_id: Option<Uuid>,
    pub(crate) manager_id: Option<Uuid>,
    pub(crate) team: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) product_id: Option<Uuid>,
    /// Code of the territory.
    pub(crate) territory: Option<String>,
    /// The month, such as 202601.
    pub(crate) month: Option<i32>,
    /// The first month of the quarter.
    pub(crate) quarter: Option<i32>,
    pub(crate) pipeline_id: Option<Uuid>,
    pub(crate) close_reason: Option<String>,
}

/// The values of a statement, in the order of their numbers.
#[derive(Default)]
pub(super) struct Values(Vec<Value>);

impl Values {
    /// Binds a value; answers how the statement calls it.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }

    pub(super) fn statement(self, backend: DbBackend, sql: String) -> Statement {
        Statement::from_sql_and_values(backend, sql, self.0)
    }
}

/// What a report counts, and by what.
pub(super) struct Source<'a> {
    /// The table, which is called `o`.
    pub(super) table: &'static str,
    /// Its key.
    pub(super) key: &'static str,
    /// Which of its rows count.
    pub(super) wanted: String,
    /// By what to count.
    pub(super) by: &'a [SalesDimension],
    /// When the customers of rows belonged to territories.
    pub(super) territory_time: String,
    /// When sellers belonged to teams; none: now.
    pub(super) organization_time: Option<String>,
    /// The number of a row's month, such as 202601.
    pub(super) month: String,
}

impl Source<'_> {
    /// What a row brings: with products, that product's part of it.
    pub(super) fn amount(&self) -> &'static str {
        match self.by.contains(&SalesDimension::Product) {
            true => "CAST(COALESCE(o.part, o.amount) AS BIGINT)",
            false => "o.amount",
        }
    }

    /// The totals of the rows that have the dimensions, and `also`, in common.
    pub(super) fn select(&self, also: &[&str], totals: &str) -> String {
        let Self { wanted, .. } = self;
        let groups = self.groups().into_iter();
        let columns: Vec<String> = groups
            .chain(also.iter().map(|it| (*it).to_owned()))
            .collect();
        let numbers: Vec<String> = (1..=columns.len()).map(|it| it.to_string()).collect();
        format!(
            "SELECT {columns}, {totals} FROM {rows} {sellers} {territories} WHERE {wanted} \
             GROUP BY {numbers} ORDER BY {numbers} LIMIT {limit}",
            columns = columns.join(", "),
            rows = self.rows(),
            sellers = self.sellers(),
            territories = self.territories(),
            numbers = numbers.join(", "),
            limit = MOST_ROWS + 1,
        )
    }

    /// The columns of [`Group`].
    fn groups(&self) -> [String; 10] {
        use SalesDimension::{
            CloseReason, Manager, Month, Owner, Pipeline, Product, Quarter, Region, Team, Territory,
        };
        let by =
            |dimension, column: &str, kind: &str, name: &str| match self.by.contains(&dimension) {
                true => format!("{column} AS {name}"),
                false => format!("CAST(NULL AS {kind}) AS {name}"),
            };
        let month = &self.month;
        // The month's number, less how far it is into its quarter.
        let quarter = format!("{month} - ({month} % 100 - 1) % 3");
        [
            by(Owner, "o.owner_id", "UUID", "owner_id"),
            by(Manager, "s.manager_id", "UUID", "manager_id"),
            by(Team, "s.team", "TEXT", "team"),
            by(Region, "s.region", "TEXT", "region"),
            by(Product, "o.product_id", "UUID", "product_id"),
            by(Territory, "ct.code", "TEXT", "territory"),
            by(Month, month, "INTEGER", "month"),
            by(Quarter, &quarter, "INTEGER", "quarter"),
            by(Pipeline, "o.pipeline_id", "UUID", "pipeline_id"),
            by(CloseReason, "o.close_reason", "TEXT", "close_reason"),
        ]
    }

    /// The rows; with products, once for each of them, with that product's part of the amount.
    /// Lines are found by the key of each opportunity: a sum over all lines, joined afterwards, is
    /// made again for each opportunity when PostgreSQL has no statistics yet.
    fn rows(&self) -> String {
        let Self {
            table, key, wanted, ..
        } = self;
        if !self.by.contains(&SalesDimension::Product) {
            return format!("{table} AS o");
        }
        format!(
            "(SELECT o.*, l.product_id, SUM(l.amount) AS part FROM {table} AS o \
             LEFT JOIN opportunity_line AS l \
             ON l.tenant_id = o.tenant_id AND l.opportunity_id = o.opportunity_id \
             WHERE {wanted} GROUP BY {key}, l.product_id) AS o"
        )
    }

    /// Where sellers belong, now or at a time; one row at most.
    fn sellers(&self) -> String {
        use SalesDimension::{Manager, Region, Team};
        let asked = [Manager, Team, Region];
        if !asked.iter().any(|it| self.by.contains(it)) {
            return String::new();
        }
        let his = "s.tenant_id = o.tenant_id AND s.seller_id = o.owner_id";
        match &self.organization_time {
            None => format!("JOIN seller AS s ON {his}"),
            Some(time) => format!(
                "LEFT JOIN seller_history AS s ON {his} AND {}",
                held("s", time)
            ),
        }
    }

    /// Where the customer belonged whom an opportunity was about; one row at most of each join.
    fn territories(&self) -> String {
        if !self.by.contains(&SalesDimension::Territory) {
            return String::new();
        }
        let time = &self.territory_time;
        format!(
            "LEFT JOIN opportunity_customer AS oc \
               ON oc.tenant_id = o.tenant_id AND oc.opportunity_id = o.opportunity_id AND {about} \
             LEFT JOIN territory_model AS tm \
               ON tm.tenant_id = o.tenant_id AND tm.activate_time <= {time} \
               AND (tm.archive_time IS NULL OR tm.archive_time > {time}) \
             LEFT JOIN customer_territory AS ct \
               ON ct.tenant_id = o.tenant_id AND ct.model_id = tm.model_id \
               AND ct.customer_id = oc.customer_id AND {belonged}",
            about = held("oc", time),
            belonged = held("ct", time),
        )
    }
}

/// Whether what a row says was true at a time.
fn held(row: &str, time: &str) -> String {
    format!("{row}.start_time <= {time} AND ({row}.end_time IS NULL OR {row}.end_time > {time})")
}

/// A sum that both engines give as the same type.
pub(super) fn sum(of: &str) -> String {
    format!("CAST(COALESCE(SUM({of}), 0) AS BIGINT)")
}
