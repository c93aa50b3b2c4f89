//! Which records were one customer at an instant.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use uuid::Uuid;

use crate::domain::contact::consent::Member;

/// The merges that held at an instant, of all records that were one with a record. Each record
/// had been merged into one other at most.
const MERGES: &str = "\
WITH RECURSIVE held (survivor_id, merged_id, join_time) AS (
  SELECT survivor_id, merged_id, join_time FROM customer_merge
  WHERE tenant_id = $1 AND join_time <= $3 AND (undo_time IS NULL OR undo_time > $3)
    AND (survivor_id = $2 OR merged_id = $2)
  UNION
  SELECT m.survivor_id, m.merged_id, m.join_time FROM held
  JOIN customer_merge m ON m.tenant_id = $1
    AND (m.survivor_id IN (held.survivor_id, held.merged_id)
      OR m.merged_id IN (held.survivor_id, held.merged_id))
    AND m.join_time <= $3 AND (m.undo_time IS NULL OR m.undo_time > $3)
)
SELECT survivor_id, merged_id, join_time FROM held";

/// One record joined another.
#[derive(FromQueryResult)]
struct Joined {
    survivor_id: Uuid,
    merged_id: Uuid,
    join_time: Timestamp,
}

/// The records that were one customer with this one at that instant, itself among them.
pub(crate) async fn members_at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
    at: Timestamp,
) -> Result<Vec<Member>, DbErr> {
    let values = [ctx.tenant.into(), customer.into(), at.into()];
    let merges = Statement::from_sql_and_values(db.get_database_backend(), MERGES, values);
    let merges = Joined::find_by_statement(merges).all(db).await?;
    Ok(members(customer, &merges))
}

fn members(customer: Uuid, merges: &[Joined]) -> Vec<Member> {
    let by_merged: HashMap<Uuid, &Joined> = merges.iter().map(|it| (it.merged_id, it)).collect();
    let above = |id: Uuid| by_merged.get(&id).copied();
    // Whoever stood for a record when it was merged took it along.
    let joined = |id: Uuid| {
        let way = std::iter::successors(above(id), |it| above(it.survivor_id));
        way.map(|it| it.join_time).max()
    };
    let ends = merges.iter().flat_map(|it| [it.survivor_id, it.merged_id]);
    let mut records: Vec<Uuid> = ends.chain([customer]).collect();
    records.sort_unstable();
    records.dedup();
    let member = |customer| Member {
        customer,
        joined: joined(customer),
    };
    records.into_iter().map(member).collect()
}
