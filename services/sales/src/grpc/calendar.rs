//! `CalendarService`.

pub(super) mod access;
pub(crate) mod clock;
mod conflicts;
mod feed;
mod instance;
mod read;
mod written;

use std::sync::Arc;

use rapport_platform::error::PlatformError;
use rapport_platform::etag::Etag;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::rpcs;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Shared;
use super::convert::calendar as convert;
use crate::domain::calendar::{CalendarResponse, CalendarVisibility};
use crate::error::{Error, faults_of};
use crate::events::calendar as events;
use crate::resource::CALENDAR_EVENT;
use crate::store::calendar::{self, Record};
use access::View;
use convert::Who;

/// Keeps what takes people's time.
pub(crate) struct Calendars(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.CalendarService" for Calendars {
        create_calendar_event(proto::CreateCalendarEventRequest) -> proto::CalendarEvent = create;
        get_calendar_event(proto::GetCalendarEventRequest) -> proto::CalendarEvent = get;
        update_calendar_event(proto::UpdateCalendarEventRequest) -> proto::CalendarEvent = update;
        change_calendar_instance(proto::ChangeCalendarInstanceRequest) -> proto::CalendarEvent
            = change;
        split_calendar_event(proto::SplitCalendarEventRequest) -> proto::CalendarEvent = split;
        cancel_calendar_event(proto::CancelCalendarEventRequest) -> proto::CalendarEvent = cancel;
        respond_to_calendar_event(proto::RespondToCalendarEventRequest) -> proto::CalendarEvent
            = respond;
        list_calendar_instances(proto::ListCalendarInstancesRequest)
            -> proto::ListCalendarInstancesResponse = list;
        query_free_busy(proto::QueryFreeBusyRequest) -> proto::QueryFreeBusyResponse = free_busy;
        export_calendar(proto::ExportCalendarRequest) -> proto::CalendarExport = export;
        get_calendar_feed(proto::GetCalendarFeedRequest) -> proto::CalendarFeed = get_feed;
        rotate_calendar_feed(proto::RotateCalendarFeedRequest) -> proto::CalendarFeed = rotate;
        revoke_calendar_feed(proto::RevokeCalendarFeedRequest) -> proto::CalendarFeed = revoke;
        read_calendar_feed(proto::ReadCalendarFeedRequest) -> proto::CalendarExport = read_feed;
    }
}

const FIELD: &str = "calendar_event";

impl Calendars {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let sent = request.calendar_event.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let draft = convert::draft(sent).map_err(faults_of(FIELD))?;
        let draft = &written::known(&ctx, &self.0.customers, draft).await?;
        let (ctx, refuse) = (&ctx, request.refuse_conflicts);
        self.0
            .once(ctx, &request, |txn| async move {
                access::require_own(ctx, &*txn, draft.organizer).await?;
                let record = written::record(ctx, &txn, new_id(), draft, None).await?;
                calendar::insert(&txn, &record).await?;
                publish(ctx, &txn, &record, refuse, events::created).await
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let [id] = CALENDAR_EVENT.parse("name", &request.name)?;
        let db = self.0.db.read();
        let record = calendar::get(&ctx, db, id).await?;
        let event = convert::to_proto(&record)?;
        let private = event.visibility == CalendarVisibility::Private.number();
        match access::of_event(&ctx, db, &record, private).await? {
            View::Full => Ok(event),
            View::Times => Ok(convert::veiled(event)),
        }
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let sent = request.calendar_event.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let [id] = CALENDAR_EVENT.parse("calendar_event.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = Mask::parse::<proto::CalendarEvent>(mask, &convert::UPDATABLE)?;
        // Customers are looked up before the transaction, by what is merged here.
        let base = calendar::get(&ctx, self.0.db.read(), id).await?;
        let version = base.row.version;
        let merged = mask.merge(&convert::to_proto(&base)?, sent)?;
        let draft = convert::draft(&merged).map_err(faults_of(FIELD))?;
        let draft = &written::known(&ctx, &self.0.customers, draft).await?;
        let named = (
            sent.name.as_str(),
            sent.etag.as_str(),
            request.refuse_conflicts,
        );
        let ctx = &ctx;
        let step = |txn: Arc<DatabaseTransaction>, before: Record| async move {
            if before.row.version != version {
                return Err(PlatformError::EtagMismatch(sent.name.clone()).into());
            }
            written::record(ctx, &txn, id, draft, Some(&before)).await
        };
        self.step(ctx, &request, named, step, events::updated).await
    }

    /// Takes a step of an event of the caller's own that takes place, over the version that it was
    /// read with.
    async fn step<Req, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        (name, etag, refuse): (&str, &str, bool),
        work: W,
        tell: events::Tell,
    ) -> Result<proto::CalendarEvent, Error>
    where
        Req: RequestId,
        W: Fn(Arc<DatabaseTransaction>, Record) -> F + Sync,
        F: Future<Output = Result<Record, Error>> + Send,
    {
        let [id] = CALENDAR_EVENT.parse("name", name)?;
        let work = &work;
        self.0
            .once(ctx, request, |txn| async move {
                let before = calendar::get(ctx, &*txn, id).await?;
                access::require_own(ctx, &*txn, before.row.organizer_id).await?;
                Etag::check(name, etag, before.row.version)?;
                calendar::require_confirmed(&before.row)?;
                let record = work(txn.clone(), before).await?;
                let record = calendar::write(ctx, &txn, record).await?;
                publish(ctx, &txn, &record, refuse, tell).await
            })
            .await
    }

    async fn respond(
        &self,
        ctx: Context,
        request: proto::RespondToCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let [id] = CALENDAR_EVENT.parse("name", &request.name)?;
        let who = &convert::invitee(&request.attendee).map_err(faults_of("attendee"))?;
        let response = CalendarResponse::try_from(request.response);
        let response = response.map_err(faults_of("response"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let mut record = calendar::get(ctx, &*txn, id).await?;
                let answers = match who {
                    Who::Seller(id) => *id,
                    Who::Customer(_) | Who::Email(_) => record.row.organizer_id,
                };
                access::require_own(ctx, &*txn, answers).await?;
                calendar::require_confirmed(&record.row)?;
                let guests = record.attendees.iter_mut();
                let mut guests = guests.filter(|it| it.position > 0);
                let guest = guests.find(|it| convert::of_row(it).as_ref() == Some(who));
                let guest = guest.ok_or_else(|| Error::invalid("attendee", "is not invited"))?;
                guest.response = response.code();
                guest.respond_time = Some(ctx.now);
                let answered = convert::attendee_to_proto(guest);
                let said = convert::said(&record.row.document)?;
                let record = written::saying(record, &said);
                let record = calendar::write(ctx, &txn, record).await?;
                let event = convert::to_proto(&record)?;
                let fact = events::answered(event.clone(), answered, record.row.version);
                outbox::append(&txn, ctx, &[fact]).await?;
                Ok(event)
            })
            .await
    }
}

/// Tells of an event, and answers it with what it is in conflict with.
async fn publish(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: &Record,
    refuse: bool,
    tell: events::Tell,
) -> Result<proto::CalendarEvent, Error> {
    let conflicts = conflicts::find(ctx, txn, record, refuse).await?;
    let event = convert::to_proto(record)?;
    outbox::append(txn, ctx, &[tell(event.clone(), record.row.version)]).await?;
    Ok(proto::CalendarEvent { conflicts, ..event })
}
