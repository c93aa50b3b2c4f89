//! Permits of all tenants that nobody asks for any more.

use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden as _, Order, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, DbErr, QueryResult,
};

use crate::domain::contact::permit::PermitState;
use crate::store::entity::contact_permit::{Column, Entity};

/// Which permits are forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bygone {
    /// Those that ended without a contact, by the instant from which on they could not be
    /// confirmed any more.
    Unmade,
    /// Those whose contact was made, by the instant at which it was.
    Made,
}

impl Bygone {
    const fn time(self) -> Column {
        match self {
            Self::Unmade => Column::ExpireTime,
            Self::Made => Column::ContactTime,
        }
    }

    fn ended(self, before: Timestamp) -> Condition {
        match self {
            // What is reserved has expired by then, whether or not somebody noted it.
            Self::Unmade => Condition::all()
                .add(Column::ContactTime.is_null())
                .add(Column::State.ne(PermitState::Confirmed.code()))
                .add(
                    Column::SettleTime
                        .is_null()
                        .or(Column::SettleTime.lt(before)),
                ),
            Self::Made => Condition::all().add(Column::ContactTime.is_not_null()),
        }
    }
}

/// Removes up to `limit` permits that ended before then, beginning with the first at `since`. Tells
/// the times of those that are gone.
pub(crate) async fn forget(
    txn: &DatabaseTransaction,
    which: Bygone,
    (since, before): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<Timestamp>, DbErr> {
    let time = which.time();
    let key = || {
        [
            Column::TenantId,
            Column::CustomerId,
            Column::ContactPermitId,
        ]
        .map(|it| it.into_iden())
    };
    let due = Query::select()
        .columns(key())
        .from(Entity)
        .cond_where(which.ended(before))
        .and_where(Expr::col(time).gte(since))
        .and_where(Expr::col(time).lt(before))
        .order_by(time, Order::Asc)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
        .to_owned();
    let delete = Query::delete()
        .from_table(Entity)
        .and_where(Expr::tuple(key().map(Expr::col)).in_subquery(due))
        .returning_col(time)
        .to_owned();
    let gone = txn.query_all(&delete).await?;
    let time = |row: &QueryResult| row.try_get_by_index(0);
    gone.iter().map(time).collect()
}
