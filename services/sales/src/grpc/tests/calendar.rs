//! What takes sellers' time.

mod answers;
mod conflicts;
mod customers;
mod feeds;
mod hostile;
mod instances;
mod linked;
mod reminders;
mod sharing;
mod writing;

use rapport_platform::db::Database;
use rapport_platform::testing::answer;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::calendar_attendee::Attendee as Named;
use rapport_proto::rapport::sales::v1::calendar_feed_service_client::CalendarFeedServiceClient;
use rapport_proto::rapport::sales::v1::calendar_service_client::CalendarServiceClient;
use sea_orm::{ConnectionTrait as _, Statement};
use tonic::{Response, Status};

use super::mask;
use crate::testing::{Caller, Link};
use proto::CalendarResponse as Said;

/// Meg manages Ann; Bob sells too and manages nobody. It is a Sunday in January.
struct Office {
    ann: Caller,
    meg: Caller,
    bob: Caller,
    /// Sells nothing.
    back: Caller,
    /// The names of the three.
    names: [String; 3],
}

const NOW: &str = "2026-01-04T12:00:00Z";

fn time(text: &str) -> Option<prost_types::Timestamp> {
    Some(at(text).into())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn inner<T>(answer: Result<Response<T>, Status>) -> Result<T, Status> {
    answer.map(Response::into_inner)
}

fn slot(start: &str, end: &str) -> Option<proto::CalendarSlot> {
    Some(proto::CalendarSlot {
        start_time: time(start),
        end_time: time(end),
        ..Default::default()
    })
}

fn invited(attendee: Named) -> proto::CalendarAttendee {
    proto::CalendarAttendee {
        attendee: Some(attendee),
        ..Default::default()
    }
}

/// When instances begin, in few words.
fn begins(instances: &[proto::CalendarInstance]) -> Vec<String> {
    let start = |it: &proto::CalendarInstance| Timestamp::try_from(it.start_time.unwrap()).unwrap();
    instances.iter().map(|it| start(it).to_string()).collect()
}

impl Office {
    async fn open(db: &Database) -> Self {
        Self::of(Caller::of(db).await).await
    }

    async fn of(caller: Caller) -> Self {
        let meg = super::sellers::seller(&caller, "meg", "").await;
        let ann = super::sellers::seller(&caller, "ann", &meg.name).await;
        let bob = super::sellers::seller(&caller, "bob", "").await;
        let as_who = |who: &str| {
            let caller = caller.acting_as(&format!("employees/{who}"));
            caller.with(|ctx| ctx.now = at(NOW))
        };
        Self {
            ann: as_who("ann"),
            meg: as_who("meg"),
            bob: as_who("bob"),
            back: as_who("back"),
            names: [ann.name, meg.name, bob.name],
        }
    }

    /// An hour of Ann's from 9:00 on in Berlin, on Monday.
    fn event(&self) -> proto::CalendarEvent {
        proto::CalendarEvent {
            organizer: self.names[0].clone(),
            title: "Talk".to_owned(),
            slot: slot("2026-01-05T08:00:00Z", "2026-01-05T09:00:00Z"),
            time_zone: "Europe/Berlin".to_owned(),
            ..Default::default()
        }
    }

    /// The same every Monday.
    fn weekly(&self) -> proto::CalendarEvent {
        proto::CalendarEvent {
            recurrence_rule: "FREQ=WEEKLY".to_owned(),
            ..self.event()
        }
    }

    /// With Bob.
    fn with_bob(&self) -> proto::CalendarEvent {
        proto::CalendarEvent {
            attendees: vec![invited(Named::Seller(self.names[2].clone()))],
            ..self.event()
        }
    }
}

/// What a caller does in these stories, in few words.
impl Caller {
    fn feeds(&self) -> CalendarFeedServiceClient<Link> {
        CalendarFeedServiceClient::new(self.link())
    }

    fn calendars(&self) -> CalendarServiceClient<Link> {
        CalendarServiceClient::new(self.link())
    }

    async fn plan(&self, event: proto::CalendarEvent) -> Result<proto::CalendarEvent, Status> {
        let request = proto::CreateCalendarEventRequest {
            calendar_event: Some(event),
            ..Default::default()
        };
        inner(self.calendars().create_calendar_event(request).await)
    }

    async fn replan(
        &self,
        event: proto::CalendarEvent,
        paths: &[&str],
    ) -> Result<proto::CalendarEvent, Status> {
        let request = proto::UpdateCalendarEventRequest {
            calendar_event: Some(event),
            update_mask: mask(paths),
            ..Default::default()
        };
        inner(self.calendars().update_calendar_event(request).await)
    }

    async fn look_at(&self, name: &str) -> Result<proto::CalendarEvent, Status> {
        let request = proto::GetCalendarEventRequest {
            name: name.to_owned(),
        };
        inner(self.calendars().get_calendar_event(request).await)
    }

    async fn drop_event(
        &self,
        event: &proto::CalendarEvent,
        original: Option<&str>,
        and_following: bool,
    ) -> Result<proto::CalendarEvent, Status> {
        let request = proto::CancelCalendarEventRequest {
            name: event.name.clone(),
            original_start_time: original.and_then(time),
            and_following,
            ..Default::default()
        };
        inner(self.calendars().cancel_calendar_event(request).await)
    }

    async fn say(
        &self,
        event: &str,
        who: &str,
        response: Said,
    ) -> Result<proto::CalendarEvent, Status> {
        let request = proto::RespondToCalendarEventRequest {
            name: event.to_owned(),
            attendee: who.to_owned(),
            response: response.into(),
            ..Default::default()
        };
        self.answer(request).await
    }

    async fn answer(
        &self,
        request: proto::RespondToCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Status> {
        inner(self.calendars().respond_to_calendar_event(request).await)
    }

    /// What is in somebody's calendar, read by pages of two.
    async fn agenda(
        &self,
        seller: &str,
        (from, to): (&str, &str),
    ) -> Result<Vec<proto::CalendarInstance>, Status> {
        let mut request = proto::ListCalendarInstancesRequest {
            seller: seller.to_owned(),
            start_time: time(from),
            end_time: time(to),
            page_size: 2,
            ..Default::default()
        };
        let mut all = Vec::new();
        loop {
            let page = inner(
                self.calendars()
                    .list_calendar_instances(request.clone())
                    .await,
            )?;
            all.extend(page.calendar_instances);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// When sellers are busy.
    async fn busy(
        &self,
        sellers: &[String],
        (from, to): (&str, &str),
    ) -> Vec<Vec<(String, String)>> {
        let request = proto::QueryFreeBusyRequest {
            sellers: sellers.to_vec(),
            start_time: time(from),
            end_time: time(to),
        };
        let told = answer(self.calendars().query_free_busy(request).await);
        let text = |it: Option<prost_types::Timestamp>| {
            Timestamp::try_from(it.unwrap()).unwrap().to_string()
        };
        let times = |it: proto::SellerBusyTimes| {
            it.busy_times
                .iter()
                .map(|it| (text(it.start_time), text(it.end_time)))
                .collect()
        };
        told.calendars.into_iter().map(times).collect()
    }
}

const JANUARY: (&str, &str) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");

/// What the first column of a statement has.
async fn kept(db: &Database, query: &str) -> Vec<Vec<u8>> {
    let query = Statement::from_string(db.backend(), query);
    let rows = db.read().query_all_raw(query).await.unwrap();
    let bytes = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
    bytes.collect()
}

/// Whether a text is in one of them.
fn holds(all: &[Vec<u8>], text: &str) -> bool {
    let here = |it: &Vec<u8>| it.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(!all.is_empty());
    all.iter().any(here)
}
