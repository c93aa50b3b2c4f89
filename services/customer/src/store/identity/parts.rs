//! Pages over the rows of several members, in one statement.
//!
//! A branch per member reads its own few rows from the index, and the branches are put in order:
//! a page in the middle costs what the first one does. `customer_id IN (…)` would read and sort
//! everything that there is.

use sea_orm::sea_query::{Alias, IntoIden, Query, SelectStatement, UnionType};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult as _, Iterable as _, Order,
    QueryTrait as _, Select,
};
use uuid::Uuid;

/// The first `limit` rows that `part` selects of any member, by the columns of `order`. `part`
/// has the same order and limit.
pub(crate) async fn page<E: EntityTrait>(
    db: &impl ConnectionTrait,
    members: &[Uuid],
    order: &[(E::Column, Order)],
    limit: u64,
    part: impl Fn(Uuid) -> Select<E>,
) -> Result<Vec<E::Model>, DbErr> {
    if let [only] = members {
        return part(*only).all(db).await;
    }
    let mut branches = members.iter().map(|&member| branch::<E>(part(member)));
    let Some(mut merged) = branches.next() else {
        return Ok(Vec::new());
    };
    merged.unions(branches.map(|branch| (UnionType::All, branch)));
    let mut all = Query::select()
        .columns(E::Column::iter().map(|column| column.into_iden()))
        .from_subquery(merged, Alias::new("merged"))
        .limit(limit)
        .to_owned();
    for (column, order) in order {
        all.order_by(*column, order.clone());
    }
    let rows = db.query_all(&all).await?;
    rows.iter()
        .map(|row| E::Model::from_query_result(row, ""))
        .collect()
}

/// Wrapped once more, because SQLite takes no ORDER BY inside a UNION.
fn branch<E: EntityTrait>(part: Select<E>) -> SelectStatement {
    Query::select()
        .columns(E::Column::iter().map(|column| column.into_iden()))
        .from_subquery(part.into_query(), Alias::new("part"))
        .to_owned()
}
