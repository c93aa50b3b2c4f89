//! What else people have at the time of an event.

use std::time::Duration;

use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::domain::calendar::busy::{Conflict, conflicts};
use crate::domain::calendar::slot::Stretch;
use crate::error::Error;
use crate::grpc::convert::calendar as convert;
use crate::resource;
use crate::store::calendar::Record;
use crate::store::calendar::window::{self, Which};
use crate::store::seller;

/// How far ahead it is looked.
pub(super) const AHEAD: Duration = Duration::from_secs(92 * 86_400);
/// Most instances of one event in that time.
pub(super) const MOST_INSTANCES: usize = 100;
/// Most events of others that are looked at, those that end first.
const MOST_EVENTS: u64 = 2_000;
/// Most that are told.
const MOST_TOLD: usize = 20;

/// What is in conflict with an event. Nobody writes into the calendars of those who take part
/// meanwhile, so that of two who ask to be refused, one is.
///
/// # Errors
/// `Conflict` when there is something and the caller wants to be refused then.
pub(super) async fn find(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: &Record,
    refuse: bool,
) -> Result<Vec<proto::CalendarConflict>, Error> {
    let busy = record.attendees.iter().filter(|it| it.busy);
    let sellers: Vec<Uuid> = busy.filter_map(|it| it.seller_id).collect();
    let series = convert::said(&record.row.document)?.series;
    let start = series.bounds().start.max(ctx.now);
    let window = Stretch {
        start,
        end: start.saturating_add(AHEAD),
    };
    let own = series.instances(window, MOST_INSTANCES);
    let own: Vec<Stretch> = own.iter().map(|it| it.stretch).collect();
    if sellers.is_empty() || own.is_empty() {
        return Ok(Vec::new());
    }
    seller::claim(ctx, txn, &sellers).await?;
    let found = window::find(ctx, txn, &sellers, (window, Which::Busy), MOST_EVENTS).await?;
    let mut others = Vec::new();
    for it in found.iter().filter(|it| it.event_id != record.row.event_id) {
        let series = convert::said(&it.document)?.series;
        let instances = series.instances(window, MOST_INSTANCES);
        others.extend(
            instances
                .iter()
                .map(|instance| (it.seller_id, instance.stretch)),
        );
    }
    let found = conflicts(&own, &others, MOST_TOLD);
    match found.first() {
        Some(first) if refuse => Err(Error::CalendarConflict {
            resource: resource::seller(first.seller),
            start: first.other.start,
            end: first.other.end,
        }),
        _ => Ok(found.into_iter().map(to_proto).collect()),
    }
}

fn to_proto(conflict: Conflict) -> proto::CalendarConflict {
    proto::CalendarConflict {
        seller: resource::seller(conflict.seller),
        instance_start_time: Some(conflict.instance.into()),
        start_time: Some(conflict.other.start.into()),
        end_time: Some(conflict.other.end.into()),
    }
}
