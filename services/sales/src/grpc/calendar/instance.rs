//! Instances that differ from the others of their event, and those that do not take place.

use std::sync::{Mutex, PoisonError};

use rapport_platform::error::PlatformError;
use rapport_platform::etag::Etag;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::invalid::Invalid;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::access::require_own;
use super::written::{self, excepting, saying};
use super::{Calendars, FIELD, publish};
use crate::domain::calendar::CalendarEventState;
use crate::domain::calendar::series::{MOST_CHANGES, MOST_EXCLUDED};
use crate::error::{Error, faults_of};
use crate::events::calendar as events;
use crate::grpc::convert::calendar::{self as convert, Draft, Said};
use crate::grpc::convert::instant;
use crate::resource::CALENDAR_EVENT;
use crate::store::calendar::{self, Record};

const ORIGINAL: &str = "original_start_time";

impl Calendars {
    pub(super) async fn change(
        &self,
        ctx: Context,
        request: proto::ChangeCalendarInstanceRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let original = original(request.original_start_time.as_ref())?;
        let request = &request;
        let step = |_, before: Record| async move {
            let said = convert::said(&before.row.document)?;
            said.series.time_of(original).map_err(faults_of(ORIGINAL))?;
            if said.series.rule().is_none() {
                return Err(Error::invalid("name", "does not repeat: update the event"));
            }
            let days = said.series.slot().is_days();
            let change = convert::change(request.change.as_ref(), days);
            let change = change.map_err(faults_of("change"))?;
            Ok(saying(moved(before), &differing(&said, original, change)?))
        };
        let named = (
            request.name.as_str(),
            request.etag.as_str(),
            request.refuse_conflicts,
        );
        self.step(&ctx, request, named, step, events::updated).await
    }

    pub(super) async fn cancel(
        &self,
        ctx: Context,
        request: proto::CancelCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let original = request.original_start_time.as_ref();
        let original = original.map(|it| self::original(Some(it))).transpose()?;
        let following = request.and_following;
        let step = |_, before: Record| async move {
            let said = convert::said(&before.row.document)?;
            let Some(original) = original else {
                return Ok(ended(before, &said));
            };
            let time = said.series.time_of(original).map_err(faults_of(ORIGINAL))?;
            let only = said.series.rule().is_none();
            if following || only {
                return match said
                    .series
                    .rule()
                    .and_then(|it| it.until_before(time, said.series.anchor()))
                {
                    Some(rule) => Ok(saying(moved(before), &shortened(&said, rule)?)),
                    None => Ok(ended(before, &said)),
                };
            }
            Ok(saying(moved(before), &without(&said, original)?))
        };
        let named = (request.name.as_str(), request.etag.as_str(), false);
        self.step(&ctx, &request, named, step, told).await
    }

    pub(super) async fn split(
        &self,
        ctx: Context,
        request: proto::SplitCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        // A repeated request is answered though it finds the event divided already.
        let (parts, fault) = match self.parts(&ctx, &request).await {
            Ok(parts) => (Some(parts), None),
            Err(fault) => (None, Some(fault)),
        };
        let (ctx, request, parts) = (&ctx, &request, parts.as_ref());
        let fault = &Mutex::new(fault);
        self.0
            .once(ctx, request, |txn| async move {
                let Some(parts) = parts else {
                    let fault = fault.lock().unwrap_or_else(PoisonError::into_inner).take();
                    return Err(fault.unwrap_or_else(|| PlatformError::Conflict.into()));
                };
                divide(ctx, &txn, request, parts).await
            })
            .await
    }

    /// The two parts of an event as they are when nobody changes it meanwhile.
    async fn parts(
        &self,
        ctx: &Context,
        request: &proto::SplitCalendarEventRequest,
    ) -> Result<Parts, Error> {
        let original = original(request.original_start_time.as_ref())?;
        let [id] = CALENDAR_EVENT.parse("name", &request.name)?;
        let sent = request.calendar_event.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let mask = request.update_mask.as_ref();
        let mask = Mask::parse::<proto::CalendarEvent>(mask, &convert::UPDATABLE)?;
        let base = calendar::get(ctx, self.0.db.read(), id).await?;
        let said = convert::said(&base.row.document)?;
        let (rest, ends) = divided(&said, original)?;
        let onward = proto::CalendarEvent {
            slot: rest.document.slot,
            recurrence_rule: rest.document.recurrence_rule.clone(),
            ..convert::to_proto(&base)?
        };
        let merged = mask.merge(&onward, sent)?;
        let draft = convert::draft(&merged).map_err(faults_of(FIELD))?;
        let draft = written::known(ctx, &self.0.customers, draft).await?;
        let version = base.row.version;
        let first = shortened(&said, ends)?;
        Ok(Parts {
            version,
            first,
            rest,
            draft,
        })
    }
}

/// An event in two parts.
struct Parts {
    /// The version that was divided.
    version: i64,
    /// What it says until then.
    first: Said,
    /// What it would say from then on.
    rest: Said,
    /// What it is to say from then on.
    draft: Draft,
}

async fn divide(
    ctx: &Context,
    txn: &DatabaseTransaction,
    request: &proto::SplitCalendarEventRequest,
    parts: &Parts,
) -> Result<proto::CalendarEvent, Error> {
    let name = &request.name;
    let [id] = CALENDAR_EVENT.parse("name", name)?;
    let before = calendar::get(ctx, txn, id).await?;
    require_own(ctx, txn, before.row.organizer_id).await?;
    Etag::check(name, &request.etag, before.row.version)?;
    calendar::require_confirmed(&before.row)?;
    if before.row.version != parts.version {
        return Err(PlatformError::EtagMismatch(name.clone()).into());
    }
    let ends = saying(moved(before), &parts.first);
    let ends = calendar::write(ctx, txn, ends).await?;
    let event = convert::to_proto(&ends)?;
    outbox::append(txn, ctx, &[events::updated(event, ends.row.version)]).await?;
    let goes_on = written::record(ctx, txn, new_id(), &parts.draft, None).await?;
    let kept = written::keeping(&parts.rest, &parts.draft.said);
    let goes_on = saying(goes_on, &kept);
    calendar::insert(txn, &goes_on).await?;
    let refuse = request.refuse_conflicts;
    publish(ctx, txn, &goes_on, refuse, events::created).await
}

/// What became of an event of which instances were cancelled.
fn told(event: proto::CalendarEvent, version: i64) -> outbox::NewEvent {
    match event.state == CalendarEventState::Cancelled.number() {
        true => events::cancelled(event, version),
        false => events::updated(event, version),
    }
}

fn original(sent: Option<&prost_types::Timestamp>) -> Result<Timestamp, Error> {
    let time = instant(sent).map_err(faults_of(ORIGINAL))?;
    time.ok_or_else(|| Error::missing(ORIGINAL))
}

/// The event when its times are others than programs know.
fn moved(mut record: Record) -> Record {
    record.row.sequence += 1;
    record
}

/// The event when it does not take place.
fn ended(before: Record, said: &Said) -> Record {
    let mut record = moved(before);
    record.row.state = CalendarEventState::Cancelled.code();
    saying(record, said)
}

fn key(change: &proto::CalendarInstanceChange) -> Option<Timestamp> {
    change
        .original_start_time
        .and_then(|it| Timestamp::try_from(it).ok())
}

/// What an event says when one of its instances differs, or no longer does.
fn differing(
    said: &Said,
    original: Timestamp,
    change: Option<proto::CalendarInstanceChange>,
) -> Result<Said, Error> {
    let name = |it: proto::CalendarInstanceChange| proto::CalendarInstanceChange {
        original_start_time: Some(original.into()),
        ..it
    };
    let others = said
        .document
        .changes
        .iter()
        .filter(|it| key(it) != Some(original));
    let mut changes: Vec<_> = others.cloned().chain(change.map(name)).collect();
    if changes.len() > MOST_CHANGES {
        let why = "has 200 instances that differ: make another event, or update this one";
        return Err(Error::invalid("name", why));
    }
    changes.sort_by_key(key);
    let here = prost_types::Timestamp::from(original);
    let excluded = said
        .document
        .excluded_times
        .iter()
        .filter(|it| **it != here);
    Ok(excepting(said, excluded.copied().collect(), changes))
}

/// What an event says without one of its instances.
fn without(said: &Said, original: Timestamp) -> Result<Said, Error> {
    let same = differing(said, original, None)?;
    let mut excluded = same.document.excluded_times.clone();
    if excluded.len() >= MOST_EXCLUDED {
        let why = "has 1,000 instances that were cancelled: make another event";
        return Err(Error::invalid("name", why));
    }
    excluded.push(original.into());
    excluded.sort_by_key(|it| (it.seconds, it.nanos));
    Ok(excepting(&same, excluded, same.document.changes.clone()))
}

/// What an event says when it ends by another rule.
fn shortened(said: &Said, rule: String) -> Result<Said, Error> {
    let document = proto::CalendarEvent {
        recurrence_rule: rule,
        ..said.document.clone()
    };
    let bare = proto::CalendarEvent {
        changes: Vec::new(),
        excluded_times: Vec::new(),
        ..document
    };
    let series = convert::series(&bare).map_err(faults_of(ORIGINAL))?;
    Ok(written::keeping(
        said,
        &Said {
            document: bare,
            series,
        },
    ))
}

/// What an event says from one of its instances on, and the rule by which it ends before it.
fn divided(said: &Said, original: Timestamp) -> Result<(Said, String), Error> {
    let series = &said.series;
    let time = series.time_of(original).map_err(faults_of(ORIGINAL))?;
    let rule = series
        .rule()
        .ok_or_else(|| Error::invalid("name", "does not repeat: update the event"))?;
    let ends = rule.until_before(time, series.anchor());
    let ends = ends.ok_or_else(|| Invalid::new("is its first instance: update the event"));
    let ends = ends.map_err(faults_of(ORIGINAL))?;
    let slot = convert::slot_to_proto(series.slot().at(time, series.zone()));
    let document = proto::CalendarEvent {
        slot: Some(slot),
        recurrence_rule: rule.from(time),
        ..said.document.clone()
    };
    let series = convert::series(&document).map_err(faults_of(ORIGINAL))?;
    Ok((Said { document, series }, ends))
}
