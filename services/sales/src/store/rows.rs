//! Many rows in a few statements.

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait,
    IdenStatic as _, IntoActiveModel, Iterable as _, ModelTrait, PrimaryKeyToColumn as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use crate::error::Error;

/// Values that SQLite binds to one statement; PostgreSQL takes more.
const MOST_VALUES: usize = 32_766;

/// Rows of a tenant that fit the filter from behind `after` on, latest first: the key is the tenant's
/// and the row's, and what is later has a greater one.
pub(crate) fn latest_first<E: EntityTrait>(
    ctx: &Context,
    [tenant, id]: [E::Column; 2],
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Select<E> {
    E::find()
        .filter(tenant.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|after| id.lt(after))))
        .order_by_desc(id)
        .limit(limit)
}

/// Inserts rows; where one of them is there, the work runs again.
pub(crate) async fn insert_all<E>(
    txn: &DatabaseTransaction,
    rows: Vec<E::Model>,
) -> Result<(), Error>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    in_chunks::<E>(txn, rows, None).await.map(drop)
}

/// Inserts rows, and does with those that are there what the clause says.
pub(crate) async fn insert_or<E>(
    txn: &DatabaseTransaction,
    rows: Vec<E::Model>,
    on_conflict: &OnConflict,
) -> Result<(), Error>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    in_chunks::<E>(txn, rows, Some(on_conflict)).await.map(drop)
}

/// Inserts rows, or replaces those with the same key. With a column that grows, a row that was
/// not there when the work read it, or has grown since, makes the work run again.
pub(crate) async fn replace_all<E>(
    txn: &DatabaseTransaction,
    rows: Vec<E::Model>,
    grows: Option<E::Column>,
) -> Result<(), Error>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(|key| key.into_column()).collect();
    let is_key = |column: &E::Column| keys.iter().any(|key| key.as_str() == column.as_str());
    let others: Vec<E::Column> = E::Column::iter().filter(|it| !is_key(it)).collect();
    let mut replace = OnConflict::columns(keys.iter().copied());
    replace.update_columns(others);
    if let Some(column) = grows {
        let new = Expr::col(("excluded", column));
        replace.action_and_where(new.gt(Expr::col((E::default(), column))));
    }
    let count = rows.len() as u64;
    let written = in_chunks::<E>(txn, rows, Some(&replace)).await?;
    if grows.is_some() && written != count {
        return Err(PlatformError::Conflict.into());
    }
    Ok(())
}

async fn in_chunks<E>(
    txn: &DatabaseTransaction,
    rows: Vec<E::Model>,
    on_conflict: Option<&OnConflict>,
) -> Result<u64, Error>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let fitting = MOST_VALUES / E::Column::iter().count();
    let mut written = 0;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(fitting);
        let insert = E::insert_many(chunk.map(IntoActiveModel::into_active_model));
        let insert = match on_conflict {
            Some(clause) => insert.on_conflict(clause.clone()),
            None => insert,
        };
        let done = insert.exec_without_returning(txn).await;
        written += done.map_err(retry_if_taken)?;
    }
    Ok(written)
}
