//! Opt-ins that the customer confirms once more.

use std::sync::Arc;

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::ledger::of_customer;
use super::{Consents, append, hold};
use crate::domain::channel::Purpose;
use crate::domain::contact::consent::entry::{Confirming, Unconfirmable};
use crate::domain::contact::consent::{ConsentEvent, Ledger};
use crate::domain::contact::link::OptInRequest;
use crate::error::{Error, faults_of, unreadable};
use crate::grpc::convert::consent as convert;
use crate::grpc::link::not_ours;
use crate::resource::{CONSENT_EVENT, CUSTOMER};
use crate::store::contact::consent::{self, Waits};
use crate::store::customer;
use crate::store::entity::consent_event::Model;

impl Consents {
    pub(super) async fn request_opt_in(
        &self,
        ctx: Context,
        request: proto::RequestOptInRequest,
    ) -> Result<proto::RequestOptInResponse, Error> {
        let [customer] = CUSTOMER.parse("parent", &request.parent)?;
        let sent = request.consent_event.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("consent_event"))?;
        let entry = &convert::parse_request(sent, ctx.now).map_err(faults_of("consent_event"))?;
        let (ctx, shared) = (&ctx, &self.0);
        shared
            .once(ctx, &request, |txn| async move {
                customer::require_live(ctx, &*txn, customer).await?;
                let waits = Waits::ForConfirmation;
                let (event, id) = shared
                    .append_sent(ctx, &txn, customer, entry, waits)
                    .await?;
                let request = OptInRequest {
                    customer,
                    consent_event: id,
                };
                let link = shared.links.to_confirm(ctx, request)?;
                Ok(proto::RequestOptInResponse {
                    consent_event: Some(event),
                    token: link.token,
                    uri: link.uri.unwrap_or_default(),
                })
            })
            .await
    }

    pub(super) async fn describe_opt_in(
        &self,
        ctx: Context,
        request: proto::DescribeOptInRequest,
    ) -> Result<proto::OptInDescription, Error> {
        let asked = self.0.links.opt_in(&ctx, &request.token)?;
        let db = self.0.db.read();
        let waiting = Waiting::find(&ctx, db, asked).await?;
        let policy = self.0.policies.current(&ctx, db).await?;
        let topic = waiting.event.topic.as_ref();
        let topic = topic.and_then(|id| policy.rules.topic(id));
        Ok(proto::OptInDescription {
            purpose: waiting.event.purpose.map_or(0, Purpose::number),
            topic_display_name: topic.map_or("", |it| it.display_name()).to_owned(),
            confirmed: matches!(waiting.confirming(&ctx)?, Confirming::Done(_)),
        })
    }

    pub(super) async fn confirm_opt_in(
        &self,
        ctx: Context,
        request: proto::ConfirmOptInRequest,
    ) -> Result<proto::ConsentEvent, Error> {
        let confirmed = self.0.links.opt_in(&ctx, &request.token)?;
        let ctx = &ctx;
        self.0
            .db
            .write_txn(|txn| async move { confirm(ctx, txn, confirmed).await })
            .await
    }
}

/// An opt-in that waits, and all that is recorded of its customer.
struct Waiting {
    row: Model,
    event: ConsentEvent,
    ledger: Ledger,
}

impl Waiting {
    async fn find(
        ctx: &Context,
        db: &impl ConnectionTrait,
        asked: OptInRequest,
    ) -> Result<Self, Error> {
        let OptInRequest {
            customer,
            consent_event,
        } = asked;
        // What was erased since leaves a link that leads nowhere.
        let row = consent::get(ctx, db, [customer, consent_event]).await?;
        let row = row.ok_or_else(not_ours)?;
        customer::require_live(ctx, db, customer).await?;
        Ok(Self {
            event: consent::event(&row).map_err(unreadable("reading a consent event"))?,
            ledger: of_customer(ctx, db, customer).await?,
            row,
        })
    }

    fn confirming(&self, ctx: &Context) -> Result<Confirming<'_>, Error> {
        let ids = [self.row.customer_id, self.row.consent_event_id];
        self.event
            .confirm(self.ledger.events(), ctx.now)
            .map_err(|why| refused(ids, why))
    }
}

async fn confirm(
    ctx: &Context,
    txn: Arc<DatabaseTransaction>,
    asked: OptInRequest,
) -> Result<proto::ConsentEvent, Error> {
    let customer = asked.customer;
    hold(ctx, &txn, customer).await?;
    let waiting = Waiting::find(ctx, &*txn, asked).await?;
    match waiting.confirming(ctx)? {
        Confirming::Done(done) => {
            let row = consent::get(ctx, &*txn, [done.member, done.id]).await?;
            convert::to_proto(row.ok_or(PlatformError::Conflict)?)
        }
        Confirming::Now(times) => {
            let entry = consent::repeated(&waiting.row, times)?;
            let appended = append(ctx, &txn, customer, &entry, Waits::No).await?;
            Ok(appended.0)
        }
    }
}

fn refused(ids: [Uuid; 2], why: Unconfirmable) -> Error {
    let (state, why) = match why {
        Unconfirmable::Stale => (
            "STALE",
            "waited more than 30 days to be confirmed. Ask the customer anew.",
        ),
        Unconfirmable::OptedOut => (
            "OPTED_OUT",
            "was followed by an opt-out. Ask the customer anew.",
        ),
        Unconfirmable::Expired => ("EXPIRED", "is past its term. Ask the customer anew."),
    };
    Error::InvalidState {
        resource: CONSENT_EVENT.format(&ids),
        state,
        why,
    }
}
