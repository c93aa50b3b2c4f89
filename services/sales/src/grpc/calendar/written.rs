//! Events as somebody writes them.

use std::collections::{BTreeSet, HashMap};

use prost::Message as _;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::customers::Customers;
use crate::domain::calendar::{CalendarEventState, CalendarResponse, reminder};
use crate::error::Error;
use crate::grpc::convert::calendar::{self as convert, Draft, Invited, Said, Who};
use crate::store::calendar::Record;
use crate::store::entity::calendar_attendee as attendee;
use crate::store::entity::calendar_event::Model;
use crate::store::{link, seller};

/// The draft with customers as they go by now.
///
/// # Errors
/// `Invalid` for those who do not exist.
pub(super) async fn known(
    ctx: &Context,
    customers: &Customers,
    mut draft: Draft,
) -> Result<Draft, Error> {
    let customer = |who: &Who| match who {
        Who::Customer(id) => Some(*id),
        Who::Seller(_) | Who::Email(_) => None,
    };
    let named: Vec<Uuid> = draft
        .invited
        .iter()
        .filter_map(|it| customer(&it.who))
        .collect();
    if named.is_empty() {
        return Ok(draft);
    }
    let known = customers.known(ctx, &named).await?;
    let mut seen = BTreeSet::new();
    for (index, invited) in draft.invited.iter_mut().enumerate() {
        if let Who::Customer(id) = &mut invited.who {
            let now = known.get(id).copied().ok_or_else(|| {
                let field = format!("calendar_event.attendees[{index}].customer");
                Error::invalid(field, "does not exist")
            })?;
            *id = now;
        }
    }
    // Two names of one customer are one.
    draft
        .invited
        .retain(|it| customer(&it.who).is_none_or(|id| seen.insert(id)));
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
    let missing = invited
        .iter()
        .position(|it| id(it).is_some_and(|id| !known.contains_key(&id)));
    missing.map_or(Ok(()), |index| {
        let field = format!("calendar_event.attendees[{index}].seller");
        Err(Error::invalid(field, "does not exist"))
    })
}

/// What becomes of an event by a draft: of a new one, or of one that was there before.
pub(super) async fn record(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    draft: &Draft,
    before: Option<&Record>,
) -> Result<Record, Error> {
    require_sellers(ctx, txn, &draft.invited).await?;
    let earlier = before
        .map(|it| convert::said(&it.row.document))
        .transpose()?;
    let moved = earlier
        .as_ref()
        .is_some_and(|it| it.series.is_at_other_times_than(&draft.said.series));
    let minutes = |said: &Said| said.document.reminder_minutes.clone();
    let reminds_anew = moved || earlier.as_ref().map(minutes) != Some(minutes(&draft.said));
    let said = earlier.map_or(draft.said.clone(), |earlier| keeping(&earlier, &draft.said));
    let row = before.map_or_else(|| first(ctx, id, draft.organizer), |it| it.row.clone());
    let row = Model {
        sequence: row.sequence + i32::from(moved),
        reminded_time: if reminds_anew {
            ctx.now
        } else {
            row.reminded_time
        },
        ..row
    };
    let links = before.map_or(&[][..], |it| &it.links);
    let record = Record {
        row,
        attendees: attendees(ctx, id, draft, (before, moved)),
        links: link::rows(ctx, id, &draft.links, links),
    };
    Ok(saying(record, &said))
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
    let kept = now.series.instances_at(&known.collect());
    let is_kept =
        |it: Option<&prost_types::Timestamp>| time(it).is_some_and(|it| kept.contains(&it));
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

/// The event when it says this: its rows repeat when it takes place.
pub(super) fn saying(record: Record, said: &Said) -> Record {
    let bounds = said.series.bounds();
    let confirmed = record.row.state == CalendarEventState::Confirmed.code();
    let minutes = &said.document.reminder_minutes;
    let next = reminder::next(&said.series, minutes, record.row.reminded_time);
    let row = Model {
        document: said.document.encode_to_vec(),
        next_reminder_time: next.filter(|_| confirmed),
        ..record.row
    };
    let declined = CalendarResponse::Declined.code();
    let attendees = record.attendees.into_iter().map(|it| attendee::Model {
        busy: confirmed && !said.document.free && it.response != declined,
        first_time: bounds.start,
        last_time: if confirmed {
            bounds.end
        } else {
            Timestamp::MIN
        },
        ..it
    });
    Record {
        row,
        attendees: attendees.collect(),
        links: record.links,
    }
}

/// The organiser and who is invited; what was answered stays unless the times are others.
fn attendees(
    ctx: &Context,
    event: Uuid,
    draft: &Draft,
    (before, moved): (Option<&Record>, bool),
) -> Vec<attendee::Model> {
    let rows = before.map_or(&[][..], |it| &it.attendees);
    let earlier: HashMap<Who, &attendee::Model> = rows
        .iter()
        .rev()
        .filter_map(|it| Some((convert::of_row(it)?, it)))
        .collect();
    let organizer = Invited {
        who: Who::Seller(draft.organizer),
        optional: false,
    };
    let all = std::iter::once(&organizer)
        .chain(&draft.invited)
        .enumerate();
    let row = |(position, invited): (usize, &Invited)| {
        let known = earlier.get(&invited.who);
        let accepted = (CalendarResponse::Accepted.code(), None);
        let unanswered = (CalendarResponse::NeedsAction.code(), None);
        let (response, respond_time) = match known {
            _ if position == 0 => accepted,
            Some(it) if !moved => (it.response, it.respond_time),
            _ => unanswered,
        };
        let who = |of: fn(&Who) -> Option<Uuid>| of(&invited.who);
        attendee::Model {
            tenant_id: ctx.tenant,
            event_id: event,
            attendee_id: known.map_or_else(new_id, |it| it.attendee_id),
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
            busy: false,
            first_time: ctx.now,
            last_time: ctx.now,
        }
    };
    all.map(row).collect()
}
