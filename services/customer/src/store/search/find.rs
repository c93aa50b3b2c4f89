//! Searching: ranges of the index, merged in the order of what matched.
//!
//! One word drives: its ranges are read in the order of the index, from where the page starts.
//! For each term met, look-ups by customer tell whether it is the customer's first one in those
//! ranges, so that each customer comes once, and whether the other words are found too. They are
//! scalar subqueries because an engine can't turn these into joins, which would read the whole
//! range of a common word before the first result.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{
    Cond, Expr, ExprTrait as _, IntoColumnRef, Order, Query as Select, SelectStatement, UnionType,
};
use sea_orm::{ConnectionTrait, FromQueryResult as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::search::{Query, TermRange, Word};
use crate::error::Error;
use crate::store::entity::search_term::{Column, Entity, Model};

/// The term that is being judged.
const HIT: &str = "hit";
/// A term of the same customer.
const OTHER: &str = "other";
/// What one range holds.
const FOUND: &str = "found";

/// Where a page of results ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    term: String,
    customer_id: Uuid,
}

impl From<&Model> for Position {
    fn from(found: &Model) -> Self {
        Self {
            term: found.term.clone(),
            customer_id: found.customer_id,
        }
    }
}

/// Up to `limit` customers that have a term in every word of the query, each once, with the
/// term by which it was found; in the order of these terms, then of customers.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    query: &Query,
    after: Option<&Position>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let Some(statement) = statement(ctx, query, after, limit) else {
        return Ok(Vec::new());
    };
    let statement = db.get_database_backend().build(&statement);
    Ok(Model::find_by_statement(statement).all(db).await?)
}

/// The search as one statement.
pub(crate) fn statement(
    ctx: &Context,
    query: &Query,
    after: Option<&Position>,
    limit: u64,
) -> Option<SelectStatement> {
    let driver = query.words().iter().max_by_key(|word| length(word))?;
    let mut scans = driver.ranges().iter().map(|range| {
        let mut scan = scan(ctx, range, after);
        scan.and_where(is_first_of(driver));
        for other in query.words().iter().filter(|word| *word != driver) {
            scan.and_where(has(other));
        }
        in_order(&mut scan, HIT, limit);
        columns(FOUND).from_subquery(scan, FOUND).take()
    });
    let mut merged = scans.next()?;
    merged.unions(scans.map(|scan| (UnionType::All, scan)));
    let mut found = columns(FOUND).from_subquery(merged, FOUND).take();
    in_order(&mut found, FOUND, limit);
    Some(found)
}

/// The longest word is likely the rarest.
fn length(word: &Word) -> usize {
    word.ranges()
        .iter()
        .map(|range| range.lower().len())
        .max()
        .unwrap_or(0)
}

/// The terms of one range that come after the last page.
fn scan(ctx: &Context, range: &TermRange, after: Option<&Position>) -> SelectStatement {
    let mut scan = columns(HIT)
        .from_as(Entity, HIT)
        .and_where(Expr::col((HIT, Column::TenantId)).eq(ctx.tenant))
        .cond_where(within(HIT, range))
        .take();
    if let Some(Position { term, customer_id }) = after {
        let key = [(HIT, Column::Term), (HIT, Column::CustomerId)].map(Expr::col);
        let last = [Expr::val(term), Expr::val(*customer_id)];
        scan.and_where(Expr::tuple(key).gt(Expr::tuple(last)));
    }
    scan
}

/// Whether no earlier term of the same customer is in one of the word's ranges.
fn is_first_of(word: &Word) -> Expr {
    let first = others_in(word)
        .columns([(OTHER, Column::Term), (OTHER, Column::Field)])
        .order_by((OTHER, Column::Term), Order::Asc)
        .order_by((OTHER, Column::Field), Order::Asc)
        .take();
    let hit = [(HIT, Column::Term), (HIT, Column::Field)].map(Expr::col);
    Expr::tuple(hit).eq(Expr::SubQuery(None, Box::new(first.into())))
}

/// Whether some term of the same customer is in one of the word's ranges.
fn has(word: &Word) -> Expr {
    let any = others_in(word).expr(Expr::val(1)).take();
    Expr::SubQuery(None, Box::new(any.into())).is_not_null()
}

/// One term of the same customer in one of the word's ranges.
fn others_in(word: &Word) -> SelectStatement {
    let same = |column| Expr::col((OTHER, column)).equals((HIT, column));
    let ranges = word.ranges().iter();
    Select::select()
        .from_as(Entity, OTHER)
        .and_where(same(Column::TenantId))
        .and_where(same(Column::CustomerId))
        .cond_where(ranges.fold(Cond::any(), |any, range| any.add(within(OTHER, range))))
        .limit(1)
        .take()
}

fn within(table: &'static str, range: &TermRange) -> Cond {
    let term = || Expr::col((table, Column::Term));
    let within = Cond::all()
        .add(Expr::col((table, Column::Field)).eq(range.kind().code()))
        .add(term().gte(range.lower()));
    match range.upper() {
        Some(upper) => within.add(term().lt(upper)),
        None => within,
    }
}

fn columns(table: &'static str) -> SelectStatement {
    let columns = [
        Column::TenantId,
        Column::Field,
        Column::Term,
        Column::CustomerId,
    ];
    Select::select()
        .columns(columns.map(|column| (table, column).into_column_ref()))
        .take()
}

fn in_order(select: &mut SelectStatement, table: &'static str, limit: u64) {
    select
        .order_by((table, Column::Term), Order::Asc)
        .order_by((table, Column::CustomerId), Order::Asc)
        .limit(limit);
}
