//! `CalendarService`.

pub(super) mod access;
pub(crate) mod clock;
mod conflicts;
mod export;
pub(super) mod feed;
mod instance;
mod invitations;
mod linked;
mod read;
mod respond;
mod written;

use std::sync::Arc;

use rapport_platform::etag::Etag;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::rpcs;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::Shared;
use super::convert::calendar as convert;
use crate::error::{Error, faults_of};
use crate::events::calendar as events;
use crate::resource::CALENDAR_EVENT;
use crate::store::calendar::{self, Record};
use access::View;
use written::Origin;

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
        list_linked_calendar_instances(proto::ListLinkedCalendarInstancesRequest)
            -> proto::ListLinkedCalendarInstancesResponse = list_linked;
        list_calendar_invitations(proto::ListCalendarInvitationsRequest)
            -> proto::ListCalendarInvitationsResponse = invitations;
        query_free_busy(proto::QueryFreeBusyRequest) -> proto::QueryFreeBusyResponse = free_busy;
        export_calendar(proto::ExportCalendarRequest) -> proto::CalendarExport = export;
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
        let known = &written::customers(&ctx, &self.0.customers, sent).await?;
        let (ctx, refuse, draft) = (&ctx, request.refuse_conflicts, &draft);
        self.0
            .once(ctx, &request, |txn| async move {
                access::require_own(ctx, &*txn, draft.organizer).await?;
                let draft = &written::resolved(draft.clone(), known, None)?;
                let record = written::record(ctx, &txn, new_id(), draft, Origin::New).await?;
                calendar::insert(&txn, &record).await?;
                publish(ctx, &txn, (None, &record), refuse, events::created).await
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
        seen(&ctx, db, &record).await
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
        let mask = &Mask::parse::<proto::CalendarEvent>(mask, &convert::UPDATABLE)?;
        let known = &written::customers(&ctx, &self.0.customers, sent).await?;
        let named = (
            sent.name.as_str(),
            sent.etag.as_str(),
            request.refuse_conflicts,
        );
        let ctx = &ctx;
        let step = |txn: Arc<DatabaseTransaction>, before: Record| async move {
            let merged = mask.merge(&convert::to_proto(&before)?, sent)?;
            let draft = convert::draft(&merged).map_err(faults_of(FIELD))?;
            let draft = &written::resolved(draft, known, Some(&before))?;
            written::record(ctx, &txn, id, draft, Origin::Over(&before)).await
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
        let work = &work;
        self.0
            .once(ctx, request, |txn| async move {
                let before = own(ctx, &txn, (name, etag)).await?;
                let record = work(txn.clone(), before.clone()).await?;
                let record = calendar::write(ctx, &txn, record).await?;
                publish(ctx, &txn, (Some(&before), &record), refuse, tell).await
            })
            .await
    }
}

/// An event of the caller's own that takes place, at the version that he saw. Of what was due until
/// now it is told, before it is something else.
async fn own(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (name, etag): (&str, &str),
) -> Result<Record, Error> {
    let [id] = CALENDAR_EVENT.parse("name", name)?;
    let mut before = calendar::get(ctx, txn, id).await?;
    access::require_own(ctx, txn, before.row.organizer_id).await?;
    Etag::check(name, etag, before.row.version)?;
    calendar::require_confirmed(&before.row)?;
    if before
        .row
        .next_reminder_time
        .is_some_and(|it| it <= ctx.now)
    {
        let due = clock::Due::of(&before.row, &before.attendees, ctx.now)?;
        outbox::append(txn, ctx, &due.facts).await?;
        before.row.reminded_time = ctx.now;
    }
    Ok(before)
}

/// What the caller sees of an event.
async fn seen(
    ctx: &Context,
    db: &impl ConnectionTrait,
    record: &Record,
) -> Result<proto::CalendarEvent, Error> {
    let event = convert::to_proto(record)?;
    match access::of_event(ctx, db, record).await? {
        View::Full => Ok(event),
        View::Times => Ok(convert::veiled(event)),
    }
}

/// Tells of an event, and answers what the caller sees of it with what it came into conflict with.
async fn publish(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (before, record): (Option<&Record>, &Record),
    refuse: bool,
    tell: impl FnOnce(proto::CalendarEvent, i64) -> outbox::NewEvent,
) -> Result<proto::CalendarEvent, Error> {
    let found = conflicts::find(ctx, txn, (before, record), refuse).await?;
    let fact = tell(convert::told(record)?, record.row.version);
    outbox::append(txn, ctx, &[fact]).await?;
    Ok(proto::CalendarEvent {
        conflicts: found.told,
        conflicts_truncated: found.truncated,
        ..seen(ctx, txn, record).await?
    })
}
