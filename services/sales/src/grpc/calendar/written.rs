//! Events as somebody writes them.

use std::collections::{BTreeSet, HashMap, HashSet};

use prost::Message as _;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::calendar_attendee::Attendee as Named;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::customers::{Customers, Known};
use crate::domain::calendar::answers::Answers;
use crate::domain::calendar::{CalendarEventState, CalendarResponse, reminder};
use crate::error::Error;
use crate::grpc::convert::calendar::{self as convert, Draft, Invited, MOST_ATTENDEES, Said, Who};
use crate::resource::{self, CUSTOMER};
use crate::store::calendar::Record;
use crate::store::calendar::window;
use crate::store::entity::calendar_attendee as attendee;
use crate::store::entity::calendar_event::Model;
use crate::store::{link, seller};

/// Most invitations of one organiser that a seller has not answered.
const MOST_UNANSWERED: i64 = 200;

/// The customers that a message invites, by the ids that it has, as they go by now.
///
/// # Errors
/// `Unavailable`.
pub(super) async fn customers(
    ctx: &Context,
    customers: &Customers,
    sent: &proto::CalendarEvent,
) -> Result<Known, Error> {
    let named = sent.attendees.iter().take(MOST_ATTENDEES);
    let named = named.filter_map(|it| match &it.attendee {
        Some(Named::Customer(name)) => CUSTOMER.ids(name).map(|[id]| id),
        Some(Named::Seller(_) | Named::Email(_)) | None => None,
    });
    let named: Vec<Uuid> = named.collect();
    match named.is_empty() {
        true => Ok(Known::new()),
        false => customers.known(ctx, &named).await,
    }
}

/// The draft with customers as they go by now, which those do already who were invited before.
///
/// # Errors
/// `Invalid` for those who do not exist.
pub(super) fn resolved(
    mut draft: Draft,
    known: &Known,
    before: Option<&Record>,
) -> Result<Draft, Error> {
    let rows = before.map_or(&[][..], |it| &it.attendees);
    let invited = |id: Uuid| {
        rows.iter()
            .any(|it| it.customer_id == Some(id))
            .then_some(id)
    };
    let mut seen = HashSet::new();
    let mut all = Vec::with_capacity(draft.invited.len());
    for it in draft.invited {
        let who = match it.who {
            Who::Customer(id) => {
                let now = known.get(&id).copied().or_else(|| invited(id));
                Who::Customer(now.ok_or_else(|| {
                    let field = format!("calendar_event.attendees[{}].customer", it.index);
                    Error::invalid(field, "does not exist")
                })?)
            }
            who => who,
        };
        // Two names of one customer are one.
        if seen.insert(who.clone()) {
            all.push(Invited { who, ..it });
        }
    }
    draft.invited = all;
    Ok(draft)
}

/// Refuses sellers who do not exist.
async fn require_sellers(
    ctx: &Context,
    txn: &DatabaseTransaction,
    invited: &[Invited],
) -> Result<(), Error> {
    let id = |it: &Invited| match it.who {
        Who::Seller(id) => Some(id),
        Who::Customer(_) | Who::Email(_) => None,
    };
    let named: Vec<Uuid> = invited.iter().filter_map(id).collect();
    if named.is_empty() {
        return Ok(());
    }
    let known = seller::activity(ctx, txn, named).await?;
    let mut all = invited.iter();
    let missing = all.find(|it| id(it).is_some_and(|id| !known.contains_key(&id)));
    missing.map_or(Ok(()), |it| {
        let field = format!("calendar_event.attendees[{}].seller", it.index);
        Err(Error::invalid(field, "does not exist"))
    })
}

/// Whence an event comes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// From nowhere.
    New,
    /// It was there before.
    Over(&'a Record),
    /// It goes on from an instance of another one, which would say this from there on.
    GoesOn(&'a Record, &'a Said),
}

impl<'a> Origin<'a> {
    /// What was there before.
    pub(super) const fn before(self) -> Option<&'a Record> {
        match self {
            Self::New => None,
            Self::Over(before) | Self::GoesOn(before, _) => Some(before),
        }
    }

    /// What that said.
    fn said(self) -> Result<Option<Said>, Error> {
        match self {
            Self::New => Ok(None),
            Self::Over(before) => convert::said(&before.row.document).map(Some),
            Self::GoesOn(_, said) => Ok(Some(said.clone())),
        }
    }
}

/// Refuses to invite who has not answered many other invitations of the same organiser: nobody fills
/// somebody's calendar up.
async fn require_room(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: &Record,
    origin: Origin<'_>,
) -> Result<(), Error> {
    let before = match origin {
        Origin::Over(before) => before.attendees.as_slice(),
        Origin::New | Origin::GoesOn(..) => &[],
    };
    let earlier: HashSet<Uuid> = before.iter().filter_map(|it| it.seller_id).collect();
    let unanswered = CalendarResponse::NeedsAction.code();
    let invited = record.attendees.iter();
    let invited = invited.filter(|it| it.response == unanswered);
    let invited = invited.filter_map(|it| it.seller_id);
    let invited: Vec<Uuid> = invited.filter(|it| !earlier.contains(it)).collect();
    if invited.is_empty() {
        return Ok(());
    }
    let (row, most) = (&record.row, MOST_UNANSWERED);
    let from = (row.organizer_id, row.event_id, most);
    let swamped = window::swamped(ctx, txn, &invited, from).await?;
    swamped.first().map_or(Ok(()), |id| {
        let who = resource::seller(*id);
        let why = format!("has {most} invitations of this organiser to answer before: {who}");
        Err(Error::invalid("calendar_event.attendees", why))
    })
}

/// What becomes of an event by a draft.
pub(super) async fn record(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    draft: &Draft,
    origin: Origin<'_>,
) -> Result<Record, Error> {
    require_sellers(ctx, txn, &draft.invited).await?;
    let earlier = origin.said()?;
    let moved = earlier
        .as_ref()
        .is_some_and(|it| it.series.is_at_other_times_than(&draft.said.series));
    let minutes = |said: &Said| said.document.reminder_minutes.clone();
    let reminds_anew = moved || earlier.as_ref().map(minutes) != Some(minutes(&draft.said));
    let said = earlier.map_or(draft.said.clone(), |earlier| keeping(&earlier, &draft.said));
    let new = first(ctx, id, draft.organizer);
    let row = match origin {
        Origin::Over(before) => Model {
            sequence: before.row.sequence + i32::from(moved),
            ..before.row.clone()
        },
        Origin::GoesOn(before, _) => Model {
            reminded_time: before.row.reminded_time,
            ..new
        },
        Origin::New => new,
    };
    let row = Model {
        reminded_time: if reminds_anew {
            ctx.now
        } else {
            row.reminded_time
        },
        ..row
    };
    let links = match origin {
        Origin::Over(before) => before.links.as_slice(),
        Origin::New | Origin::GoesOn(..) => &[],
    };
    let record = Record {
        row,
        attendees: attendees(ctx, id, draft, (origin, moved)),
        links: link::rows(ctx, id, &draft.links, links),
    };
    require_room(ctx, txn, &record, origin).await?;
    saying(record, &said)
}

fn first(ctx: &Context, id: Uuid, organizer: Uuid) -> Model {
    Model {
        tenant_id: ctx.tenant,
        event_id: id,
        organizer_id: organizer,
        state: CalendarEventState::Confirmed.code(),
        document: Vec::new(),
        sequence: 0,
        reminded_time: ctx.now,
        next_reminder_time: None,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    }
}

/// What an event says, with what was changed of instances that it still has.
pub(super) fn keeping(earlier: &Said, now: &Said) -> Said {
    let time =
        |it: Option<&prost_types::Timestamp>| it.and_then(|it| Timestamp::try_from(*it).ok());
    let excluded = &earlier.document.excluded_times;
    let changes = &earlier.document.changes;
    let known = excluded.iter().filter_map(|it| time(Some(it)));
    let known = known.chain(
        changes
            .iter()
            .filter_map(|it| time(it.original_start_time.as_ref())),
    );
    let kept = now.series.times_of(&known.collect());
    let is_kept =
        |it: Option<&prost_types::Timestamp>| time(it).is_some_and(|it| kept.contains_key(&it));
    let same_kind = earlier.series.slot().is_days() == now.series.slot().is_days();
    let excluded = excluded.iter().filter(|it| is_kept(Some(it)));
    let changes = changes
        .iter()
        .filter(|it| same_kind && is_kept(it.original_start_time.as_ref()));
    excepting(now, excluded.copied().collect(), changes.cloned().collect())
}

/// What an event says, with other exceptions.
pub(super) fn excepting(
    said: &Said,
    excluded_times: Vec<prost_types::Timestamp>,
    changes: Vec<proto::CalendarInstanceChange>,
) -> Said {
    let document = proto::CalendarEvent {
        excluded_times,
        changes,
        ..said.document.clone()
    };
    // It was read before, from the same rule.
    let series = convert::series(&document).unwrap_or_else(|_| said.series.clone());
    Said { document, series }
}

/// The event when it says this: its rows repeat when it takes place, and answers go with their
/// instances.
pub(super) fn saying(record: Record, said: &Said) -> Result<Record, Error> {
    let bounds = said.series.bounds();
    let confirmed = record.row.state == CalendarEventState::Confirmed.code();
    let minutes = &said.document.reminder_minutes;
    let next = reminder::next(&said.series, minutes, record.row.reminded_time);
    let row = Model {
        document: said.document.encode_to_vec(),
        next_reminder_time: next.filter(|_| confirmed),
        ..record.row
    };
    let last_time = if confirmed {
        bounds.end
    } else {
        Timestamp::MIN
    };
    let takes_time = confirmed && !said.document.free;
    let mut attendees = record.attendees;
    let answers = attendees.iter().map(convert::answers);
    let answers: Vec<Answers> = answers.collect::<Result<_, _>>()?;
    let still_there = still_there(said, &answers);
    for (it, answers) in attendees.iter_mut().zip(answers) {
        let answers = answers.only(&still_there);
        it.busy = takes_time && answers.attends_any();
        it.instance_responses = convert::kept_answers(&answers);
        (it.first_time, it.last_time) = (bounds.start, last_time);
    }
    Ok(Record {
        row,
        attendees,
        links: record.links,
    })
}

/// Those of the instances with answers of their own that the event has.
fn still_there(said: &Said, answers: &[Answers]) -> BTreeSet<Timestamp> {
    let originals = answers.iter().flat_map(|it| it.single().keys());
    let times = said.series.times_of(&originals.copied().collect());
    let excluded = said.series.excluded();
    let times = times.into_keys();
    times.filter(|it| !excluded.contains(it)).collect()
}

/// The organiser and who is invited; what was answered stays unless the times are others.
fn attendees(
    ctx: &Context,
    event: Uuid,
    draft: &Draft,
    (origin, moved): (Origin<'_>, bool),
) -> Vec<attendee::Model> {
    let rows = origin.before().map_or(&[][..], |it| &it.attendees);
    let earlier: HashMap<Who, &attendee::Model> = rows
        .iter()
        .rev()
        .filter_map(|it| Some((convert::of_row(it)?, it)))
        .collect();
    let organizer = Invited {
        who: Who::Seller(draft.organizer),
        optional: false,
        index: 0,
    };
    let all = std::iter::once(&organizer)
        .chain(&draft.invited)
        .enumerate();
    let row = |(position, invited): (usize, &Invited)| {
        let known = earlier.get(&invited.who);
        let accepted = (CalendarResponse::Accepted.code(), None);
        let unanswered = (CalendarResponse::NeedsAction.code(), None);
        let answered = known.filter(|_| position > 0 && !moved);
        let (response, respond_time) = match answered {
            _ if position == 0 => accepted,
            Some(it) => (it.response, it.respond_time),
            None => unanswered,
        };
        let who = |of: fn(&Who) -> Option<Uuid>| of(&invited.who);
        attendee::Model {
            tenant_id: ctx.tenant,
            event_id: event,
            attendee_id: known
                .filter(|it| it.event_id == event)
                .map_or_else(new_id, |it| it.attendee_id),
            position: i32::try_from(position).unwrap_or(i32::MAX),
            seller_id: who(|it| match it {
                Who::Seller(id) => Some(*id),
                _ => None,
            }),
            customer_id: who(|it| match it {
                Who::Customer(id) => Some(*id),
                _ => None,
            }),
            email: match &invited.who {
                Who::Email(email) => Some(email.clone()),
                _ => None,
            },
            optional: invited.optional,
            response,
            respond_time,
            instance_responses: answered.and_then(|it| it.instance_responses.clone()),
            busy: false,
            first_time: ctx.now,
            last_time: ctx.now,
        }
    };
    all.map(row).collect()
}
