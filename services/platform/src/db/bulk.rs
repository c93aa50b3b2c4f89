//! Many values, or many rows, in one statement.
//!
//! PostgreSQL takes them as arrays: the statement is the same for any number of them, and neither side
//! works through a parameter for each. SQLite has no arrays; there it costs nothing that statements are
//! long.

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::postgres_array::NotU8;
use sea_orm::sea_query::{
    Alias, CaseStatement, Expr, ExprTrait as _, Func, InsertStatement, OnConflict, Query,
    SelectStatement, Value,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel,
    Iterable as _,
};

/// SQLite binds at most so many values.
const MOST_BOUND: usize = 32_766;
/// Fewest rows for which arrays are worth while.
const FEWEST_IN_ARRAYS: usize = 8;
/// An array of which the planner does not know the length.
const HIDDEN: &str = "ARRAY(SELECT unnest($1))";

/// Leaves rows as they are that are there already.
pub fn keep() -> Option<OnConflict> {
    Some(OnConflict::new().do_nothing().to_owned())
}

/// Whether a column has any of the values.
///
/// Each is looked up in the index: PostgreSQL reads the array in a query of its own, which hides its
/// length from the planner. Else it would compare that with what it believes of the table, and read
/// all of one that has just grown.
pub fn among<V>(
    db: &impl ConnectionTrait,
    column: impl ColumnTrait,
    values: impl IntoIterator<Item = V>,
) -> Expr
where
    V: Into<Value> + NotU8,
{
    let mut values = values.into_iter().map(Into::into).peekable();
    match values.peek().map(Value::array_type) {
        Some(of) if db.get_database_backend() == DbBackend::Postgres => {
            let array = Value::Array(of, Some(Box::new(values.collect())));
            let any = PgFunc::any(Expr::cust_with_expr(HIDDEN, Expr::val(array)));
            Expr::col(column.as_column_ref()).eq(any)
        }
        _ => column.is_in(values),
    }
}

/// Inserts rows, in their order. Those that are there already are treated as `conflict` says. Answers
/// how many were written.
///
/// # Errors
/// Those of the engine.
pub async fn insert<E>(
    db: &impl ConnectionTrait,
    rows: Vec<E::Model>,
    conflict: Option<OnConflict>,
) -> Result<u64, DbErr>
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>>,
{
    let mut insert = Query::insert();
    insert.into_table(E::default().table_ref());
    insert.columns(E::Column::iter());
    conflict.map(|it| insert.on_conflict(it));
    let rows: Vec<Vec<Value>> = rows.into_iter().map(values::<E>).collect();
    let in_arrays = db.get_database_backend() == DbBackend::Postgres;
    if in_arrays && rows.len() >= FEWEST_IN_ARRAYS {
        return run(db, insert.select_from(select(rows)).map_err(refused)?).await;
    }
    let mut written = 0;
    let most = MOST_BOUND / E::Column::iter().count();
    for chunk in rows.chunks(most) {
        let mut insert = insert.clone();
        for row in chunk {
            let row = row.iter().cloned().map(Expr::val);
            insert.values(row).map_err(refused)?;
        }
        written += run(db, &insert).await?;
    }
    Ok(written)
}

async fn run(db: &impl ConnectionTrait, insert: &InsertStatement) -> Result<u64, DbErr> {
    db.execute(insert).await.map(|it| it.rows_affected())
}

fn refused(error: sea_orm::sea_query::error::Error) -> DbErr {
    DbErr::Query(sea_orm::RuntimeErr::Internal(error.to_string()))
}

/// The values of a row, in the order of the columns.
fn values<E>(row: E::Model) -> Vec<Value>
where
    E: EntityTrait<Model: IntoActiveModel<E::ActiveModel>>,
{
    let mut row = row.into_active_model();
    let values = E::Column::iter().filter_map(|column| row.take(column).into_value());
    values.collect()
}

/// Selects the rows, from an array for each column.
fn select(rows: Vec<Vec<Value>>) -> SelectStatement {
    let mut columns: Vec<Vec<Value>> = Vec::new();
    for row in rows {
        columns.resize_with(row.len(), Vec::new);
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let (mut outer, mut inner) = (Query::select(), Query::select());
    for (number, column) in columns.into_iter().enumerate() {
        outer.expr(selected(&mut inner, number, column));
    }
    outer.from_subquery(inner, Alias::new("rows"));
    outer
}

/// What a column is, among the arrays that `inner` unnests. An array has no NULL: where some rows have
/// one, a second array tells which.
fn selected(inner: &mut SelectStatement, number: usize, mut column: Vec<Value>) -> Expr {
    let mut unnest = |name: String, values: Vec<Value>, of: &Value| {
        let array = Value::Array(of.array_type(), Some(Box::new(values)));
        let unnest = Func::cust(Alias::new("unnest")).arg(Expr::val(array));
        inner.expr_as(unnest, Alias::new(&name));
        Expr::col(Alias::new(name))
    };
    let is_null = |value: &Value| *value == value.as_null();
    let Some(some) = column.iter().find(|it| !is_null(it)).cloned() else {
        // They are alike.
        let null = column.pop().unwrap_or(Value::Bool(None));
        return Expr::val(null);
    };
    if column.iter().all(|it| *it == some) {
        return Expr::val(some);
    }
    if !column.iter().any(is_null) {
        return unnest(format!("c{number}"), column, &some);
    }
    let there: Vec<Value> = column.iter().map(|it| (!is_null(it)).into()).collect();
    for value in column.iter_mut().filter(|it| is_null(it)) {
        *value = some.clone();
    }
    let there = unnest(format!("t{number}"), there, &Value::Bool(None));
    let value = unnest(format!("c{number}"), column, &some);
    CaseStatement::new().case(there, value).into()
}
