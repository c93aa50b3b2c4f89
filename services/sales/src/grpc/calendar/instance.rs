//! Instances that differ from the others of their event, and those that do not take place.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::invalid::Invalid;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

use super::written::{self, Origin, excepting, saying};
use super::{Calendars, FIELD, own, publish};
use crate::domain::calendar::CalendarEventState;
use crate::domain::calendar::series::{MOST_CHANGES, MOST_EXCLUDED};
use crate::error::{Error, faults_of};
use crate::events::calendar as events;
use crate::grpc::convert::calendar::{self as convert, Said};
use crate::grpc::convert::instant;
use crate::store::calendar::{self, Record};

pub(super) const ORIGINAL: &str = "original_start_time";

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
            let differs = differing(&said, original, change)?;
            if differs.series.has_exceptions_of(&said.series) {
                return saying(before, &differs);
            }
            // What was answered to it was answered to another time.
            saying(unanswered(moved(before), original)?, &differs)
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
                return ended(before, &said);
            };
            let time = said.series.time_of(original).map_err(faults_of(ORIGINAL))?;
            let only = said.series.rule().is_none();
            if following || only {
                return match said
                    .series
                    .rule()
                    .and_then(|it| it.until_before(time, said.series.anchor()))
                {
                    Some(rule) => saying(moved(before), &shortened(&said, rule)?),
                    None => ended(before, &said),
                };
            }
            saying(moved(before), &without(&said, original)?)
        };
        let named = (request.name.as_str(), request.etag.as_str(), false);
        self.step(&ctx, &request, named, step, told).await
    }

    pub(super) async fn split(
        &self,
        ctx: Context,
        request: proto::SplitCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let original = original(request.original_start_time.as_ref())?;
        let sent = request.calendar_event.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::CalendarEvent>(mask, &convert::UPDATABLE)?;
        let known = &written::customers(&ctx, &self.0.customers, sent).await?;
        let named = (request.name.as_str(), request.etag.as_str());
        let (ctx, refuse) = (&ctx, request.refuse_conflicts);
        self.0
            .once(ctx, &request, |txn| async move {
                let before = own(ctx, &txn, named).await?;
                let said = convert::said(&before.row.document)?;
                let (rest, ends) = divided(&said, original)?;
                let onward = proto::CalendarEvent {
                    slot: rest.document.slot,
                    recurrence_rule: rest.document.recurrence_rule.clone(),
                    ..convert::to_proto(&before)?
                };
                let draft = convert::draft(&mask.merge(&onward, sent)?);
                let draft = draft.map_err(faults_of(FIELD))?;
                let draft = &written::resolved(draft, known, Some(&before))?;
                let ends = saying(moved(before.clone()), &shortened(&said, ends)?)?;
                let ends = calendar::write(ctx, &txn, ends).await?;
                let fact = events::updated(convert::told(&ends)?, ends.row.version);
                outbox::append(&txn, ctx, &[fact]).await?;
                let origin = Origin::GoesOn(&before, &rest);
                let goes_on = written::record(ctx, &txn, new_id(), draft, origin).await?;
                calendar::insert(&txn, &goes_on).await?;
                let both = (Some(&before), &goes_on);
                publish(ctx, &txn, both, refuse, events::created).await
            })
            .await
    }
}

/// What became of an event of which instances were cancelled.
fn told(event: proto::CalendarEvent, version: i64) -> outbox::NewEvent {
    match event.state == CalendarEventState::Cancelled.number() {
        true => events::cancelled(event, version),
        false => events::updated(event, version),
    }
}

pub(super) fn original(sent: Option<&prost_types::Timestamp>) -> Result<Timestamp, Error> {
    let time = instant(sent).map_err(faults_of(ORIGINAL))?;
    time.ok_or_else(|| Error::missing(ORIGINAL))
}

/// The event when its times are others than programs know.
fn moved(mut record: Record) -> Record {
    record.row.sequence += 1;
    record
}

/// The event when it does not take place.
fn ended(before: Record, said: &Said) -> Result<Record, Error> {
    let mut record = moved(before);
    record.row.state = CalendarEventState::Cancelled.code();
    saying(record, said)
}

/// The event without answers to one of its instances.
fn unanswered(mut record: Record, original: Timestamp) -> Result<Record, Error> {
    for it in &mut record.attendees {
        let others = convert::answers(it)?.without(original);
        it.instance_responses = convert::kept_answers(&others);
    }
    Ok(record)
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
    let slot = series.slot().at(time, series.zone());
    if slot.begins(series.zone()) != time {
        let why = "is at a time that the clocks leave out that day: split at the instance before it or after it";
        return Err(Error::invalid(ORIGINAL, why));
    }
    let slot = convert::slot_to_proto(slot);
    let document = proto::CalendarEvent {
        slot: Some(slot),
        recurrence_rule: rule.from(time),
        ..said.document.clone()
    };
    let series = convert::series(&document).map_err(faults_of(ORIGINAL))?;
    Ok((Said { document, series }, ends))
}
