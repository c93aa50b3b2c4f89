//! Products that may be suggested. Each read is one statement over a bounded number of rows.

use std::collections::{BTreeMap, HashMap};

use iso_currency::Currency;
use rapport_platform::identity::Context;
use rapport_platform::money::Money;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::domain::ownership::ANYTHING;
use crate::domain::suggestion::{Candidate, Evidence, SuggestionKind};
use crate::error::Error;
use crate::store::entity::product::Model;
use crate::store::product;

/// Of how many of the products that a customer owns it is asked what goes with them.
const MOST_BASES: usize = 20;
/// How many products that go with one are looked at: those that most of its owners own.
const MOST_OTHERS: usize = 50;

/// A statement and its values.
pub(crate) type Sql = (String, Vec<Value>);

#[derive(FromQueryResult)]
struct Row {
    product_id: Uuid,
    because_id: Uuid,
    common: i64,
    owners: i64,
    suggested_owners: i64,
    customers: i64,
    list_price: Option<i64>,
    because_price: Option<i64>,
    currency: Option<String>,
}

/// What goes with the products that customers own together, and the next dearer ones of their
/// series: neither what is no longer sold, nor what is owned, nor what one recently answered to.
pub(crate) async fn candidates(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    owned: &[Uuid],
    min_common: i32,
) -> Result<Vec<Candidate>, Error> {
    if owned.is_empty() {
        return Ok(Vec::new());
    }
    let known = product::among(ctx, db, owned.iter().copied()).await?;
    let tops = dearest(&known);
    let asked = [
        (
            SuggestionKind::CrossSell,
            Some(cross_sell(ctx, (customers, owned), min_common)),
        ),
        (
            SuggestionKind::UpSell,
            (!tops.is_empty()).then(|| up_sell(ctx, (customers, owned), &tops)),
        ),
    ];
    let mut found = Vec::new();
    for (kind, sql) in asked {
        let Some((sql, values)) = sql else { continue };
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        let rows = Row::find_by_statement(statement).all(db).await?;
        found.extend(rows.into_iter().map(|row| candidate(kind, row)));
    }
    Ok(found)
}

/// A product that is owned, with what it costs, in the series and the currency in which it is the
/// dearest of all that are owned.
pub(crate) struct Top {
    pub(crate) series: String,
    pub(crate) currency: String,
    pub(crate) price: i64,
    pub(crate) product: Uuid,
}

/// The dearest of each series and currency.
fn dearest(owned: &HashMap<Uuid, Model>) -> Vec<Top> {
    let mut tops: BTreeMap<(&str, &str), (i64, Uuid)> = BTreeMap::new();
    for it in owned.values() {
        let kind = it.series.as_deref().zip(it.list_price_currency.as_deref());
        if let Some((kind, price)) = kind.zip(it.list_price) {
            let top = tops.entry(kind).or_insert((price, it.product_id));
            *top = (*top).max((price, it.product_id));
        }
    }
    let tops = tops.into_iter().take(MOST_BASES);
    tops.map(|((series, currency), (price, product))| Top {
        series: series.to_owned(),
        currency: currency.to_owned(),
        price,
        product,
    })
    .collect()
}

/// What most owners of a product own too, for each of the first products.
pub(crate) fn cross_sell(
    ctx: &Context,
    (customers, owned): (&[Uuid], &[Uuid]),
    min_common: i32,
) -> Sql {
    let (mut values, hers, places) = values(ctx, customers, owned);
    let least = place(&mut values, i64::from(min_common));
    let (buyable, answered) = (buyable(&places), answered(&hers, "p.product_id"));
    let with = |base: &String| {
        format!(
            "SELECT * FROM (SELECT c.other_id AS product_id, c.product_id AS because_id, \
             CAST(NULL AS BIGINT) AS list_price, CAST(NULL AS BIGINT) AS because_price, \
             CAST(NULL AS TEXT) AS currency FROM co_ownership AS c JOIN product AS p \
             ON p.tenant_id = c.tenant_id AND p.product_id = c.other_id \
             WHERE c.tenant_id = $1 AND c.product_id = {base} AND c.owners >= {least} \
             AND {buyable} AND NOT {answered} ORDER BY c.owners DESC, c.other_id DESC LIMIT {MOST_OTHERS}) AS s"
        )
    };
    let parts = places.iter().take(MOST_BASES).map(with);
    (counted(&parts.collect::<Vec<_>>()), values)
}

/// The next dearer product of each series: when that was answered to, none, for those above it are
/// not the next.
pub(crate) fn up_sell(ctx: &Context, (customers, owned): (&[Uuid], &[Uuid]), tops: &[Top]) -> Sql {
    let (mut values, hers, places) = values(ctx, customers, owned);
    let (buyable, answered) = (buyable(&places), answered(&hers, "s.product_id"));
    let mut parts = Vec::with_capacity(tops.len());
    for top in tops {
        let series = place(&mut values, top.series.as_str());
        let currency = place(&mut values, top.currency.as_str());
        let price = place(&mut values, top.price);
        let base = place(&mut values, top.product);
        parts.push(format!(
            "SELECT * FROM (SELECT p.product_id, {base} AS because_id, p.list_price, \
             {price} AS because_price, p.list_price_currency AS currency FROM product AS p \
             WHERE p.tenant_id = $1 AND p.series = {series} \
             AND p.list_price_currency = {currency} AND p.list_price > {price} \
             AND {buyable} ORDER BY p.list_price, p.product_id LIMIT 1) AS s \
             WHERE NOT {answered}"
        ));
    }
    (counted(&parts), values)
}

/// Tenant, now and anything, from $1 on, customers and what is owned; and the places of these.
fn values(
    ctx: &Context,
    customers: &[Uuid],
    owned: &[Uuid],
) -> (Vec<Value>, Vec<String>, Vec<String>) {
    let mut values: Vec<Value> = vec![ctx.tenant.into(), ctx.now.into(), ANYTHING.into()];
    let customers = customers.iter().map(|id| place(&mut values, *id)).collect();
    let owned = owned.iter().map(|id| place(&mut values, *id)).collect();
    (values, customers, owned)
}

/// Adds a value; answers what stands for it.
fn place(values: &mut Vec<Value>, value: impl Into<Value>) -> String {
    values.push(value.into());
    format!("${}", values.len())
}

/// Neither out of sale nor owned.
fn buyable(owned: &[String]) -> String {
    let owned = owned.join(", ");
    format!("NOT p.retired AND p.product_id NOT IN ({owned})")
}

/// Whether one of the customers answered to it, and that holds.
fn answered(customers: &[String], product: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM suggestion_response AS r WHERE r.tenant_id = $1 \
         AND r.customer_id IN ({}) AND r.product_id = {product} AND r.hold_until_time > $2)",
        customers.join(", ")
    )
}

/// What the parts find, and how many own it. Looked up one by one, and never by reading the table:
/// there are few.
fn counted(parts: &[String]) -> String {
    let count = |product: &str, other: &str| {
        format!(
            "COALESCE((SELECT k.owners FROM co_ownership AS k WHERE k.tenant_id = $1 \
             AND k.product_id = {product} AND k.other_id = {other}), 0)"
        )
    };
    format!(
        "SELECT f.product_id, f.because_id, {} AS common, {} AS owners, \
         {} AS suggested_owners, {} AS customers, \
         f.list_price, f.because_price, f.currency FROM ({}) AS f",
        count("f.because_id", "f.product_id"),
        count("f.because_id", "f.because_id"),
        count("f.product_id", "f.product_id"),
        count("$3", "$3"),
        parts.join(" UNION ALL ")
    )
}

fn candidate(kind: SuggestionKind, row: Row) -> Candidate {
    let step = row.list_price.zip(row.because_price);
    let step = step.and_then(|(dear, cheap)| dear.checked_sub(cheap));
    let currency = row.currency.as_deref().and_then(Currency::from_code);
    let step = step.zip(currency);
    Candidate {
        product: row.product_id,
        because: row.because_id,
        kind,
        evidence: Evidence {
            common: row.common,
            owners: row.owners,
            suggested_owners: row.suggested_owners,
            customers: row.customers,
        },
        price_step: step.and_then(|(step, currency)| Money::from_minor(step, currency).ok()),
    }
}
