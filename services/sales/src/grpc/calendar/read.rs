//! What is in calendars, and when people are busy.

use std::collections::HashSet;

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Calendars;
use super::access::{self, View};
use super::conflicts::{AHEAD, MOST_INSTANCES, busy};
use crate::domain::calendar::CalendarResponse;
use crate::domain::calendar::busy::merged;
use crate::domain::calendar::series::Instance;
use crate::domain::calendar::slot::Stretch;
use crate::error::{Error, faults_of};
use crate::grpc::SMALL_PAGE;
use crate::grpc::convert::calendar::{self as convert, Said};
use crate::grpc::convert::instant;
use crate::resource::{self, CALENDAR_EVENT, SELLER};
use crate::store::calendar;
use crate::store::calendar::window::{self, Found, Which};

/// Most events of one calendar in one window.
pub(super) const MOST_EVENTS: u64 = 1_000;
/// Most of all calendars of one question.
const MOST_BUSY: u64 = 5_000;

/// Where a page of instances ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    start: Timestamp,
    event: Uuid,
    original: Timestamp,
}

/// An instance in a calendar.
struct Listed<'a> {
    found: &'a Found,
    said: &'a Said,
    instance: Instance,
    response: CalendarResponse,
    view: View,
}

impl Listed<'_> {
    fn place(&self) -> Place {
        Place {
            start: self.instance.stretch.start,
            event: self.found.event_id,
            original: self.instance.original,
        }
    }
}

impl Calendars {
    pub(super) async fn list(
        &self,
        ctx: Context,
        request: proto::ListCalendarInstancesRequest,
    ) -> Result<proto::ListCalendarInstancesResponse, Error> {
        let [id] = SELLER.parse("seller", &request.seller)?;
        let window = window(request.start_time.as_ref(), request.end_time.as_ref())?;
        let times = [window.start, window.end].map(|it| it.as_micros().to_string());
        let list = ListRequest {
            method: "rapport.sales.v1.CalendarService/ListCalendarInstances",
            query: Fingerprint::of(&[&request.seller, &times[0], &times[1]]),
            page_size: request.page_size,
            page_token: &request.page_token,
        };
        let page = self.0.page_tokens.open::<Place>(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        let caller = access::reader(&ctx, db, id).await?;
        let found = window::find(&ctx, db, &[id], (window, Which::All), MOST_EVENTS + 1).await?;
        require_few(found.len(), MOST_EVENTS)?;
        // What the caller takes part in himself, he sees.
        let events = found.iter().map(|it| it.event_id);
        let known = known(&ctx, db, caller, events).await?;
        let (after, limit) = (page.after, page.limit());
        let (listed, next_page_token) = page.finish(
            aside(move || listed(&found, &known, window, (after, limit))).await?,
            |(place, _)| *place,
        )?;
        Ok(proto::ListCalendarInstancesResponse {
            calendar_instances: listed.into_iter().map(|(_, it)| it).collect(),
            next_page_token,
        })
    }

    pub(super) async fn free_busy(
        &self,
        ctx: Context,
        request: proto::QueryFreeBusyRequest,
    ) -> Result<proto::QueryFreeBusyResponse, Error> {
        let window = window(request.start_time.as_ref(), request.end_time.as_ref())?;
        if !(1..=50).contains(&request.sellers.len()) {
            return Err(Error::invalid("sellers", "must be 1 to 50"));
        }
        let named = request.sellers.iter().enumerate();
        let ids = named.map(|(index, name)| {
            let [id] = SELLER.parse(&format!("sellers[{index}]"), name)?;
            Ok(id)
        });
        let ids: Vec<Uuid> = ids.collect::<Result<_, Error>>()?;
        let db = self.0.db.read();
        let found = window::find(&ctx, db, &ids, (window, Which::Busy), MOST_BUSY + 1).await?;
        require_few(found.len(), MOST_BUSY)?;
        let busy = aside(move || busy(&found, window)).await?;
        let of = |id: Uuid| {
            busy.iter()
                .filter(move |(seller, _)| *seller == id)
                .map(|(_, it)| *it)
        };
        let calendars = ids.into_iter().map(|id| proto::SellerBusyTimes {
            seller: resource::seller(id),
            busy_times: merged(of(id).collect(), window)
                .into_iter()
                .map(busy_time)
                .collect(),
        });
        Ok(proto::QueryFreeBusyResponse {
            calendars: calendars.collect(),
        })
    }
}

/// Works through events on a thread that answers no calls: by many rules, that takes its time.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| PlatformError::internal("reckoning calendars", error))?
}

/// Those of events in which a caller takes part.
pub(super) async fn known(
    ctx: &Context,
    db: &impl ConnectionTrait,
    caller: Option<Uuid>,
    events: impl Iterator<Item = Uuid>,
) -> Result<HashSet<Uuid>, Error> {
    let Some(caller) = caller else {
        return Ok(HashSet::new());
    };
    let known = calendar::of_seller(ctx, db, caller, events).await?;
    Ok(known.into_iter().collect())
}

/// The instances of events in a window from behind a place on, in order, with where each is. Of
/// those events that are known to the caller he takes part in.
pub(super) fn listed(
    found: &[Found],
    known: &HashSet<Uuid>,
    window: Stretch,
    (after, limit): (Option<Place>, u64),
) -> Result<Vec<(Place, proto::CalendarInstance)>, Error> {
    let said = found.iter().map(|it| convert::said(&it.document));
    let said: Vec<Said> = said.collect::<Result<_, _>>()?;
    let mut listed = Vec::new();
    for (found, said) in found.iter().zip(&said) {
        let private = convert::is_private(&said.document);
        let view = View::of(known.contains(&found.event_id), private);
        let answers = convert::answers_of(found)?;
        let instances = said.series.instances(window, MOST_INSTANCES).into_iter();
        let attended = instances.filter(|it| answers.attends(it.original));
        listed.extend(attended.map(|instance| Listed {
            found,
            said,
            instance,
            response: answers.to(instance.original),
            view,
        }));
    }
    listed.retain(|it| after.is_none_or(|after| it.place() > after));
    listed.sort_unstable_by_key(Listed::place);
    listed.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(listed.iter().map(|it| (it.place(), to_proto(it))).collect())
}

pub(super) fn window(
    start: Option<&prost_types::Timestamp>,
    end: Option<&prost_types::Timestamp>,
) -> Result<Stretch, Error> {
    let start = instant(start).map_err(faults_of("start_time"))?;
    let start = start.ok_or_else(|| Error::missing("start_time"))?;
    let end = instant(end).map_err(faults_of("end_time"))?;
    let end = end.ok_or_else(|| Error::missing("end_time"))?;
    match end > start && end <= start.saturating_add(AHEAD) {
        true => Ok(Stretch { start, end }),
        false => Err(Error::invalid(
            "end_time",
            "must be at most 92 days after start_time",
        )),
    }
}

pub(super) fn require_few(found: usize, most: u64) -> Result<(), Error> {
    match found as u64 > most {
        true => Err(Error::invalid(
            "end_time",
            "leaves too many events: ask for less time",
        )),
        false => Ok(()),
    }
}

fn busy_time(stretch: Stretch) -> proto::BusyTime {
    proto::BusyTime {
        start_time: Some(stretch.start.into()),
        end_time: Some(stretch.end.into()),
    }
}

fn to_proto(listed: &Listed<'_>) -> proto::CalendarInstance {
    let Listed {
        found,
        said,
        instance,
        response,
        view,
    } = listed;
    let proto::CalendarEvent {
        title,
        description,
        location,
        ..
    } = match view {
        View::Full => words(said, instance.original),
        View::Times => proto::CalendarEvent::default(),
    };
    let document = &said.document;
    let original = Some(instance.original.into());
    proto::CalendarInstance {
        calendar_event: CALENDAR_EVENT.format(&[found.event_id]),
        original_start_time: original,
        start_time: Some(instance.stretch.start.into()),
        end_time: Some(instance.stretch.end.into()),
        slot: Some(convert::slot_to_proto(instance.slot)),
        time_zone: document.time_zone.clone(),
        organizer: resource::seller(found.organizer_id),
        title,
        description,
        location,
        recurring: said.series.rule().is_some(),
        changed: document
            .changes
            .iter()
            .any(|it| it.original_start_time == original),
        free: document.free,
        response: response.number(),
        visibility: document.visibility,
    }
}

/// What an instance is about: as the event, but for that in which it differs.
pub(super) fn words(said: &Said, original: Timestamp) -> proto::CalendarEvent {
    let here = Some(original.into());
    let change = said
        .document
        .changes
        .iter()
        .find(|it| it.original_start_time == here);
    let or = |changed: Option<&String>, own: &String| {
        changed.filter(|it| !it.is_empty()).unwrap_or(own).clone()
    };
    proto::CalendarEvent {
        title: or(change.map(|it| &it.title), &said.document.title),
        description: or(change.map(|it| &it.description), &said.document.description),
        location: or(change.map(|it| &it.location), &said.document.location),
        ..Default::default()
    }
}
