//! What is to be thought of, whoever's it is: for the worker that reminds, which looks at every tenant.

use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use crate::error::Error;

/// Rows whose time is over, the longest first, from behind `after` on.
pub(super) async fn due<E: EntityTrait>(
    db: &impl ConnectionTrait,
    (time, id): (E::Column, E::Column),
    now: Timestamp,
    after: Option<(Timestamp, Uuid)>,
    limit: u64,
) -> Result<Vec<E::Model>, Error> {
    let mut due = E::find().filter(time.lte(now));
    if let Some((at, last)) = after {
        let same = Condition::all().add(time.eq(at)).add(id.gt(last));
        due = due
            .filter(time.gte(at))
            .filter(Condition::any().add(time.gt(at)).add(same));
    }
    Ok(due
        .order_by_asc(time)
        .order_by_asc(id)
        .limit(limit)
        .all(db)
        .await?)
}
