//! What else people have at the time of an event.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::read::aside;
use crate::domain::calendar::answers::Answers;
use crate::domain::calendar::busy::{Conflict, conflicts};
use crate::domain::calendar::series::Instance;
use crate::domain::calendar::slot::Stretch;
use crate::error::Error;
use crate::grpc::convert::calendar as convert;
use crate::resource;
use crate::store::calendar::Record;
use crate::store::calendar::window::{self, Found, Which};
use crate::store::seller;

/// How far ahead it is looked.
pub(super) const AHEAD: Duration = Duration::from_secs(92 * 86_400);
/// Most instances of one event in that time.
pub(super) const MOST_INSTANCES: usize = 100;
/// Most events of others that are looked at, those that end first.
const MOST_EVENTS: u64 = 2_000;
/// Most that are told.
const MOST_TOLD: usize = 20;

/// What is in conflict with an event.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    /// With which instances of what.
    pub(super) told: Vec<proto::CalendarConflict>,
    /// Whether there may be more.
    pub(super) truncated: bool,
}

/// What is in conflict with that of an event which a write made: with times at which it did not take
/// place before, and with who was free then. Nobody writes into the calendars of those who take part
/// meanwhile, so that of two who ask to be refused, one is.
///
/// # Errors
/// `Conflict` when there is something and the caller wants to be refused then; `Invalid` when there is
/// too much to know.
pub(super) async fn find(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (before, record): (Option<&Record>, &Record),
    refuse: bool,
) -> Result<Conflicts, Error> {
    let judged = judged(ctx, before, record)?;
    let times = || judged.values().flatten();
    let (Some(start), Some(end)) = (
        times().map(|it| it.start).min(),
        times().map(|it| it.end).max(),
    ) else {
        return Ok(Conflicts::default());
    };
    let window = Stretch { start, end };
    let sellers: Vec<Uuid> = judged.keys().copied().collect();
    seller::claim(ctx, txn, &sellers).await?;
    let mut others =
        window::find(ctx, txn, &sellers, (window, Which::Busy), MOST_EVENTS + 1).await?;
    let more = others.len() as u64 > MOST_EVENTS;
    let own = record.row.event_id;
    others.retain(|it| it.event_id != own);
    let found = aside(move || {
        let others = busy(&others, window)?;
        Ok(conflicts(&judged, &others, MOST_TOLD + 1))
    });
    let found = found.await?;
    match found.first() {
        Some(first) if refuse => Err(Error::CalendarConflict {
            resource: resource::seller(first.seller),
            start: first.other.start,
            end: first.other.end,
        }),
        None if refuse && more => {
            let why = "have more at these times than can be looked at: invite fewer, or do not ask to be refused";
            Err(Error::invalid("calendar_event.attendees", why))
        }
        _ => Ok(Conflicts {
            truncated: more || found.len() > MOST_TOLD,
            told: found.into_iter().take(MOST_TOLD).map(to_proto).collect(),
        }),
    }
}

/// The times of an event that are looked at for each seller: for who was busy with it before, only
/// those at which it did not take place.
fn judged(
    ctx: &Context,
    before: Option<&Record>,
    record: &Record,
) -> Result<BTreeMap<Uuid, Vec<Stretch>>, Error> {
    let series = |it: &Record| convert::said(&it.row.document).map(|it| it.series);
    let now = series(record)?;
    let start = now.bounds().start.max(ctx.now);
    let window = Stretch {
        start,
        end: now.bounds().end.min(start.saturating_add(AHEAD)),
    };
    let earlier = before.map(series).transpose()?;
    let earlier = earlier.map(|it| it.instances(window, MOST_INSTANCES));
    let earlier = earlier.unwrap_or_default();
    let all = now.instances(window, MOST_INSTANCES);
    let were = before.map(busy_ones).transpose()?.unwrap_or_default();
    let mut judged = BTreeMap::new();
    for (seller, answers) in busy_ones(record)? {
        let before = were.get(&seller);
        let before = before.map(|it| attended(&earlier, it)).unwrap_or_default();
        let before: BTreeSet<Stretch> = before.into_iter().collect();
        let mut new = attended(&all, &answers);
        new.retain(|it| !before.contains(it));
        if !new.is_empty() {
            judged.insert(seller, new);
        }
    }
    Ok(judged)
}

/// Whom an event keeps from other things, with what they answered.
fn busy_ones(record: &Record) -> Result<HashMap<Uuid, Answers>, Error> {
    let busy = record.attendees.iter().filter(|it| it.busy);
    let sellers = busy.filter_map(|it| Some((it.seller_id?, it)));
    sellers
        .map(|(seller, it)| Ok((seller, convert::answers(it)?)))
        .collect()
}

/// When those instances take place to which somebody comes.
fn attended(instances: &[Instance], answers: &Answers) -> Vec<Stretch> {
    let attended = instances.iter().filter(|it| answers.attends(it.original));
    attended.map(|it| it.stretch).collect()
}

/// When sellers are busy in a window, by the events that were found in it.
pub(super) fn busy(found: &[Found], window: Stretch) -> Result<Vec<(Uuid, Stretch)>, Error> {
    let mut busy = Vec::new();
    for it in found {
        let series = convert::said(&it.document)?.series;
        let answers = convert::answers_of(it)?;
        let instances = series.instances(window, MOST_INSTANCES);
        let times = attended(&instances, &answers).into_iter();
        busy.extend(times.map(|stretch| (it.seller_id, stretch)));
    }
    Ok(busy)
}

fn to_proto(conflict: Conflict) -> proto::CalendarConflict {
    proto::CalendarConflict {
        seller: resource::seller(conflict.seller),
        instance_start_time: Some(conflict.instance.into()),
        start_time: Some(conflict.other.start.into()),
        end_time: Some(conflict.other.end.into()),
    }
}
