//! What takes place about a customer or anything else, in whosever calendar it is.

use std::collections::HashSet;

use rapport_platform::identity::Context;
use rapport_platform::link::Link;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::Calendars;
use super::read::{MOST_EVENTS, Place, aside, known, listed, require_few, window};
use crate::error::{Error, faults_of};
use crate::grpc::SMALL_PAGE;
use crate::store::calendar::window::{self, Found};
use crate::store::{calendar, seller};

impl Calendars {
    pub(super) async fn list_linked(
        &self,
        ctx: Context,
        request: proto::ListLinkedCalendarInstancesRequest,
    ) -> Result<proto::ListLinkedCalendarInstancesResponse, Error> {
        let link = Link::parse(&request.link).map_err(faults_of("link"))?;
        let window = window(request.start_time.as_ref(), request.end_time.as_ref())?;
        let times = [window.start, window.end].map(|it| it.as_micros().to_string());
        let list = ListRequest {
            method: "rapport.sales.v1.CalendarService/ListLinkedCalendarInstances",
            query: Fingerprint::of(&[&request.link, &times[0], &times[1]]),
            page_size: request.page_size,
            page_token: &request.page_token,
        };
        let page = self.0.page_tokens.open::<Place>(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        let found = window::linked(&ctx, db, link.as_str(), window, MOST_EVENTS + 1).await?;
        require_few(found.len(), MOST_EVENTS)?;
        let caller = seller::of_principal(&ctx, db, &ctx.actor).await?;
        let caller = caller.map(|it| it.seller_id);
        let found = visible(&ctx, db, caller, found).await?;
        let known = known(&ctx, db, caller, found.iter().map(|it| it.event_id)).await?;
        let (after, limit) = (page.after, page.limit());
        let (listed, next_page_token) = page.finish(
            aside(move || listed(&found, &known, window, (after, limit))).await?,
            |(place, _)| *place,
        )?;
        Ok(proto::ListLinkedCalendarInstancesResponse {
            calendar_instances: listed.into_iter().map(|(_, it)| it).collect(),
            next_page_token,
        })
    }
}

/// Those of the events that a caller may know of: all if he does not sell, else those in which he
/// or one whom he manages takes part.
async fn visible(
    ctx: &Context,
    db: &impl ConnectionTrait,
    caller: Option<Uuid>,
    mut found: Vec<Found>,
) -> Result<Vec<Found>, Error> {
    let Some(caller) = caller else {
        return Ok(found);
    };
    let team: HashSet<Uuid> = seller::below(ctx, db, caller).await?.into_iter().collect();
    let attendees = calendar::attendees(ctx, db, found.iter().map(|it| it.event_id)).await?;
    let theirs = attendees.into_iter();
    let theirs = theirs.filter(|it| it.seller_id.is_some_and(|id| team.contains(&id)));
    let theirs: HashSet<Uuid> = theirs.map(|it| it.event_id).collect();
    found.retain(|it| theirs.contains(&it.event_id));
    Ok(found)
}
