//! When, and how often at most, the customer wanted to be contacted that two records were, at the
//! undoing of their merge.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::error::Error;
use crate::store::contact::{policy, times};

/// Lets a record, whom others joined at `last_joined`, want to be left alone whenever was told since
/// `joined` of the one it parts from, besides what it had said itself: nobody knows which of the two
/// it was.
pub(super) async fn too(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (from, joined): (Uuid, Timestamp),
    (to, last_joined): (Uuid, Option<Timestamp>),
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
        // Their night is the policy's; what is said takes its place, so it has to be said too.
        own.quiet_hours = policy::current(ctx, txn).await?.document.quiet_hours;
    }
    add(&mut own.quiet_hours, said.quiet_hours);
    add(&mut own.pauses, said.pauses);
    add(&mut own.caps, said.caps);
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

fn is_ahead(ctx: &Context, pause: &proto::Pause) -> bool {
    let end = pause.end_time.map(Timestamp::try_from);
    end.is_none_or(|end| end.is_ok_and(|end| end > ctx.now))
}
