//! Entries of the ledger, and what follows from them.

use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::Consents;
use crate::domain::contact::consent::{ConsentEvent, Ledger, Member, address_id};
use crate::error::{Error, faults_of};
use crate::grpc::convert::{consent as convert, contact_point_id, instant};
use crate::grpc::permit::read_policy;
use crate::resource::CUSTOMER;
use crate::store::contact::consent::{self, Waits};
use crate::store::contact::policy;
use crate::store::identity::bygone;
use crate::store::identity::group::{self, Group};
use crate::store::{contact_point, customer};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

impl Consents {
    pub(super) async fn record(
        &self,
        ctx: Context,
        request: proto::RecordConsentRequest,
    ) -> Result<proto::ConsentEvent, Error> {
        let [customer] = CUSTOMER.parse("parent", &request.parent)?;
        let sent = request.consent_event.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("consent_event"))?;
        let entry = &convert::parse(sent, ctx.now).map_err(faults_of("consent_event"))?;
        let (ctx, shared) = (&ctx, &self.0);
        shared
            .once(ctx, &request, |txn| async move {
                customer::require_live(ctx, &*txn, customer).await?;
                let appended = shared.append_sent(ctx, &txn, customer, entry, Waits::No);
                Ok(appended.await?.0)
            })
            .await
    }

    pub(super) async fn list(
        &self,
        ctx: Context,
        request: proto::ListConsentEventsRequest,
    ) -> Result<proto::ListConsentEventsResponse, Error> {
        let proto::ListConsentEventsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [customer] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.ConsentService/ListConsentEvents",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let members = group::of(&ctx, db, customer).await?.members();
        let rows = consent::list(&ctx, db, &members, (page.after, None), page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.consent_event_id)?;
        let consent_events = rows
            .into_iter()
            .map(convert::to_proto)
            .collect::<Result<_, _>>()?;
        Ok(proto::ListConsentEventsResponse {
            consent_events,
            next_page_token,
        })
    }

    pub(super) async fn state(
        &self,
        ctx: Context,
        request: proto::GetConsentStateRequest,
    ) -> Result<proto::ConsentState, Error> {
        let proto::GetConsentStateRequest {
            customer: name,
            as_of,
            contact_point,
        } = request;
        let [customer] = CUSTOMER.parse("customer", &name)?;
        let asked = instant(as_of.as_ref()).map_err(faults_of("as_of"))?;
        let point = contact_point_id(&contact_point).map_err(faults_of("contact_point"))?;
        let db = self.0.db.read();
        customer::get(&ctx, db, customer).await?;
        let ledger = of_customer(&ctx, db, customer).await?;
        // To a clock that is behind, what was recorded is there already.
        let now = ledger.latest().map_or(ctx.now, |it| it.max(ctx.now));
        let as_of = not_ahead(asked, now)?;
        let ledger = match asked {
            Some(_) => {
                let members = bygone::members_at(&ctx, db, customer, as_of).await?;
                of_members(&ctx, db, members).await?.known_at(as_of)
            }
            None => ledger,
        };
        let address = match point {
            Some(point) => Some(address_of(&ctx, db, [customer, point]).await?),
            None => None,
        };
        let stored = match asked {
            Some(_) => policy::in_force_at(&ctx, db, as_of).await?,
            None => policy::current(&ctx, db).await?,
        };
        let rules = read_policy(&stored)?.rules;
        let verdicts = ledger.state(&rules, address, as_of);
        Ok(proto::ConsentState {
            customer: name,
            as_of: Some(as_of.into()),
            verdicts: convert::verdicts(&ledger, verdicts),
        })
    }
}

/// All that is recorded of a customer, on whichever of its records. Of one who was erased, what is
/// left.
pub(in crate::grpc) async fn of_customer(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Ledger, Error> {
    let members = match customer::find(ctx, db, customer).await? {
        Some(_) => members(&group::of(ctx, db, customer).await?),
        None => vec![Member {
            customer,
            joined: None,
        }],
    };
    of_members(ctx, db, members).await
}

/// All that is recorded of these records, which are or were one customer.
async fn of_members(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: Vec<Member>,
) -> Result<Ledger, Error> {
    let ids: Vec<Uuid> = members.iter().map(|member| member.customer).collect();
    let ledgers = consent::ledgers(ctx, db, &ids).await?;
    let mut events: Vec<ConsentEvent> = ledgers.into_values().flatten().collect();
    // In the order of their ids: who asks again gets the same answer.
    events.sort_unstable_by_key(|event| event.id);
    Ok(Ledger::new(events, members))
}

/// The records of a customer, as its ledger takes them.
pub(in crate::grpc) fn members(group: &Group) -> Vec<Member> {
    let root = Member {
        customer: group.id(),
        joined: None,
    };
    let others = group.others.iter().map(|member| Member {
        customer: member.customer,
        joined: Some(member.joined),
    });
    std::iter::once(root).chain(others).collect()
}

/// The id by which the ledger knows the address of a contact point, be it there or gone.
async fn address_of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer, point]: [Uuid; 2],
) -> Result<Uuid, Error> {
    if let Some(row) = contact_point::find(ctx, db, [customer, point]).await? {
        return Ok(address_id(&row.address_digest));
    }
    let members = group::of(ctx, db, customer).await?.members();
    let digest = consent::address_of_gone(ctx, db, &members, point).await?;
    Ok(digest.map_or(point, |digest| address_id(&digest)))
}

/// The instant that was asked about; now if none was.
fn not_ahead(asked: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Error> {
    match asked {
        Some(asked) if asked > now => {
            let why = "is in the future, which nobody knows: leave it out to ask about now";
            Err(Error::invalid("as_of", why))
        }
        asked => Ok(asked.unwrap_or(now)),
    }
}
