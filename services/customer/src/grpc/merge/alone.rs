//! When, and how often at most, the customer wanted to be contacted that two records were, at the
//! undoing of their merge.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::error::Error;
use crate::store::contact::{policy, times};
use crate::store::identity::group;

/// Lets a record that parts from another want to be left alone whenever was told since `joined`,
/// besides what it had said itself: nobody knows which of the two it was.
pub(super) async fn too(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (from, to): (Uuid, Uuid),
    joined: Timestamp,
) -> Result<(), Error> {
    let Some(mut said) = times::said_since(ctx, txn, from, Some(joined)).await? else {
        return Ok(());
    };
    said.pauses.retain(|pause| is_ahead(ctx, pause));
    if said == proto::ContactTimes::default() {
        return Ok(());
    }
    let mut own = times::of_customer(ctx, txn, to).await?.unwrap_or_default();
    if own.quiet_hours.is_empty() && !said.quiet_hours.is_empty() {
        own.quiet_hours = of_policy(ctx, txn).await?;
    }
    add(&mut own.quiet_hours, said.quiet_hours);
    add(&mut own.pauses, said.pauses);
    add(&mut own.caps, said.caps);
    let last_joined = group::of(ctx, txn, to).await?.last_joined();
    Ok(times::replace(ctx, txn, to, last_joined, &own).await?)
}

/// Adds what is not there.
fn add<T: PartialEq>(own: &mut Vec<T>, others: Vec<T>) {
    for other in others {
        if !own.contains(&other) {
            own.push(other);
        }
    }
}

/// The night of those who have none of their own. What a customer says takes its place, so it is
/// lost unless it is said too.
async fn of_policy(
    ctx: &Context,
    txn: &DatabaseTransaction,
) -> Result<Vec<proto::QuietHours>, Error> {
    let policy = policy::current(ctx, txn).await?;
    Ok(policy.document.quiet_hours)
}

fn is_ahead(ctx: &Context, pause: &proto::Pause) -> bool {
    let end = pause.end_time.map(Timestamp::try_from);
    end.is_none_or(|end| end.is_ok_and(|end| end > ctx.now))
}
