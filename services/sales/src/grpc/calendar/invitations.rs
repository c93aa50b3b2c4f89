//! To what sellers are invited.

use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::Calendars;
use super::access::{self, View};
use super::read::known;
use crate::domain::calendar::CalendarResponse;
use crate::error::{Error, faults_of};
use crate::grpc::SMALL_PAGE;
use crate::grpc::convert::calendar as convert;
use crate::resource::{self, CALENDAR_EVENT, SELLER};
use crate::store::calendar::window::{self, Invitation};

impl Calendars {
    pub(super) async fn invitations(
        &self,
        ctx: Context,
        request: proto::ListCalendarInvitationsRequest,
    ) -> Result<proto::ListCalendarInvitationsResponse, Error> {
        let [id] = SELLER.parse("seller", &request.seller)?;
        let response = CalendarResponse::try_from(request.response);
        let response = response.map_err(faults_of("response"))?;
        let list = ListRequest {
            method: "rapport.sales.v1.CalendarService/ListCalendarInvitations",
            query: Fingerprint::of(&[&request.seller, response.label()]),
            page_size: request.page_size,
            page_token: &request.page_token,
        };
        let tokens = &self.0.page_tokens;
        let page = tokens.open::<(Timestamp, Uuid)>(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        let caller = access::reader(&ctx, db, id).await?;
        let asked = (id, response);
        let found = window::invitations(&ctx, db, asked, page.after, page.limit()).await?;
        let key = |it: &Invitation| (it.last_time, it.event_id);
        let (found, next_page_token) = page.finish(found, key)?;
        let known = known(&ctx, db, caller, found.iter().map(|it| it.event_id)).await?;
        let invitations = found.iter().map(|it| {
            let takes_part = known.contains(&it.event_id);
            to_proto(it, response, takes_part)
        });
        Ok(proto::ListCalendarInvitationsResponse {
            calendar_invitations: invitations.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }
}

fn to_proto(
    found: &Invitation,
    response: CalendarResponse,
    takes_part: bool,
) -> Result<proto::CalendarInvitation, Error> {
    let event = convert::said(&found.document)?.document;
    let event = match View::of(takes_part, convert::is_private(&event)) {
        View::Full => event,
        View::Times => convert::veiled(event),
    };
    Ok(proto::CalendarInvitation {
        calendar_event: CALENDAR_EVENT.format(&[found.event_id]),
        organizer: resource::seller(found.organizer_id),
        response: response.number(),
        slot: event.slot,
        time_zone: event.time_zone,
        recurrence_rule: event.recurrence_rule,
        title: event.title,
        location: event.location,
        visibility: event.visibility,
    })
}
