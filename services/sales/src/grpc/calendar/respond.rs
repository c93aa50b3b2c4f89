//! What those say who are invited.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

use super::instance::{ORIGINAL, original};
use super::written::saying;
use super::{Calendars, access, publish};
use crate::domain::calendar::CalendarResponse;
use crate::domain::calendar::answers::Answer;
use crate::error::{Error, faults_of};
use crate::events::calendar as events;
use crate::grpc::convert::calendar::{self as convert, Said, Who};
use crate::resource::CALENDAR_EVENT;
use crate::store::calendar::{self, Record};
use crate::store::entity::calendar_attendee as attendee;

/// An answer: to one instance, or to the event as a whole.
struct Reply {
    who: Who,
    answer: Answer,
    instance: Option<Timestamp>,
}

impl Calendars {
    pub(super) async fn respond(
        &self,
        ctx: Context,
        request: proto::RespondToCalendarEventRequest,
    ) -> Result<proto::CalendarEvent, Error> {
        let [id] = CALENDAR_EVENT.parse("name", &request.name)?;
        let reply = &reply(&ctx, &request)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let mut record = calendar::get(ctx, &*txn, id).await?;
                let by = match reply.who {
                    Who::Seller(id) => id,
                    Who::Customer(_) | Who::Email(_) => record.row.organizer_id,
                };
                access::require_own(ctx, &*txn, by).await?;
                let said = convert::said(&record.row.document)?;
                let before = reply.unsaid(&record)?;
                let guest = reply.guest(&mut record);
                let guest = guest.ok_or_else(|| Error::invalid("attendee", "is not invited"))?;
                calendar::require_confirmed(&before.row)?;
                reply.note(guest, &said)?;
                let answered = convert::attendee_to_proto(guest)?;
                let record = calendar::write(ctx, &txn, saying(record, &said)?).await?;
                let tell = |event: proto::CalendarEvent, version| {
                    let known = !convert::is_private(&event);
                    let answered = Some(answered).filter(|_| known);
                    events::answered(event, answered, reply.instance, version)
                };
                publish(ctx, &txn, (Some(&before), &record), false, tell).await
            })
            .await
    }
}

fn reply(ctx: &Context, request: &proto::RespondToCalendarEventRequest) -> Result<Reply, Error> {
    let response = CalendarResponse::try_from(request.response);
    let instance = request.original_start_time.as_ref();
    Ok(Reply {
        who: convert::invitee(&request.attendee).map_err(faults_of("attendee"))?,
        answer: Answer {
            response: response.map_err(faults_of("response"))?,
            time: ctx.now,
        },
        instance: instance.map(|it| original(Some(it))).transpose()?,
    })
}

impl Reply {
    fn is_of(&self, row: &attendee::Model) -> bool {
        row.position > 0 && convert::of_row(row).as_ref() == Some(&self.who)
    }

    /// The row of who answers.
    fn guest<'a>(&self, record: &'a mut Record) -> Option<&'a mut attendee::Model> {
        record.attendees.iter_mut().find(|it| self.is_of(it))
    }

    /// The event as if who answers would not have come: he is to know what else there is then.
    fn unsaid(&self, record: &Record) -> Result<Record, Error> {
        let mut record = record.clone();
        for it in record.attendees.iter_mut().filter(|it| self.is_of(it)) {
            let Some(instance) = self.instance else {
                it.busy = false;
                continue;
            };
            let declined = Answer {
                response: CalendarResponse::Declined,
                ..self.answer
            };
            let unsaid = convert::answers(it)?.with(instance, declined);
            it.instance_responses = convert::kept_answers(&unsaid.map_err(faults_of(ORIGINAL))?);
        }
        Ok(record)
    }

    /// Notes the answer. One to the whole takes the place of those to instances.
    fn note(&self, guest: &mut attendee::Model, said: &Said) -> Result<(), Error> {
        let Some(instance) = self.instance else {
            guest.response = self.answer.response.code();
            guest.respond_time = Some(self.answer.time);
            guest.instance_responses = None;
            return Ok(());
        };
        let series = &said.series;
        series.time_of(instance).map_err(faults_of(ORIGINAL))?;
        if series.rule().is_none() {
            return Err(Error::invalid(ORIGINAL, "does not repeat: leave it out"));
        }
        if series.excluded().contains(&instance) {
            return Err(Error::invalid(ORIGINAL, "was cancelled"));
        }
        let before = convert::answers(guest)?;
        let after = match self.answer.response {
            CalendarResponse::NeedsAction => before.without(instance),
            _ => before
                .with(instance, self.answer)
                .map_err(faults_of(ORIGINAL))?,
        };
        guest.instance_responses = convert::kept_answers(&after);
        Ok(())
    }
}
