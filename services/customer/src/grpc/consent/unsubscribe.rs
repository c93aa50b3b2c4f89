//! Unsubscribing with one click.

use std::sync::Arc;

use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::ledger::of_customer;
use super::{Consents, append, hold};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::entry::{ConsentTimes, NewConsent, known_topic};
use crate::domain::contact::consent::{
    ConsentOutcome, ConsentQuestion, ConsentStatus, LegalBasis, address_id,
};
use crate::domain::contact::link::Unsubscription;
use crate::domain::contact::policy::{ContactPolicy, TopicId};
use crate::domain::contact::suppression::SuppressionReason;
use crate::domain::contact_point::AddressKind;
use crate::domain::invalid::InvalidFields;
use crate::error::{Error, faults_of, unreadable};
use crate::grpc::convert::contact_point_id;
use crate::grpc::link::{Link, Links, with_headers};
use crate::grpc::suppression::suppress;
use crate::resource::CUSTOMER;
use crate::store::contact::consent::Waits;
use crate::store::contact::suppression::{self, NewSuppression};
use crate::store::entity::contact_point::Model as ContactPoint;
use crate::store::{contact_point, customer};

/// Where an opt-out by a link was given.
const SOURCE: &str = "unsubscribe-link";

impl Consents {
    pub(super) async fn create_link(
        &self,
        ctx: Context,
        request: proto::CreateUnsubscribeLinkRequest,
    ) -> Result<proto::UnsubscribeLink, Error> {
        let proto::CreateUnsubscribeLinkRequest {
            customer,
            contact_point,
            purpose,
            topic,
        } = request;
        let [customer] = CUSTOMER.parse("customer", &customer)?;
        let point = contact_point_id(&contact_point).map_err(faults_of("contact_point"))?;
        let point = point.ok_or_else(|| Error::missing("contact_point"))?;
        let (purpose, topic) = subject(purpose, &topic).map_err(faults_of(""))?;
        let db = self.0.db.read();
        customer::get(&ctx, db, customer).await?;
        let row = contact_point::get(&ctx, db, [customer, point]).await?;
        let policy = self.0.policies.current(&ctx, db).await?;
        known_topic(&policy.rules, Some(purpose), topic.as_ref()).map_err(faults_of("topic"))?;
        unsubscribe_link(&self.0.links, &ctx, &row, purpose, topic)?.ok_or_else(no_public_address)
    }

    pub(super) async fn describe_link(
        &self,
        ctx: Context,
        request: proto::DescribeUnsubscribeLinkRequest,
    ) -> Result<proto::UnsubscribeLinkDescription, Error> {
        let from = self.0.links.unsubscription(&ctx, &request.token)?;
        self.described(&ctx, &from).await
    }

    pub(super) async fn unsubscribe(
        &self,
        ctx: Context,
        request: proto::UnsubscribeRequest,
    ) -> Result<proto::UnsubscribeResponse, Error> {
        let from = &self.0.links.unsubscription(&ctx, &request.token)?;
        let ctx = &ctx;
        self.0
            .db
            .write_txn(|txn| async move { unsubscribe(ctx, txn, from).await })
            .await?;
        Ok(proto::UnsubscribeResponse {
            description: Some(self.described(ctx, from).await?),
        })
    }

    async fn described(
        &self,
        ctx: &Context,
        from: &Unsubscription,
    ) -> Result<proto::UnsubscribeLinkDescription, Error> {
        let db = self.0.db.read();
        let policy = self.0.policies.current(ctx, db).await?;
        let topic = from.topic.as_ref().and_then(|id| policy.rules.topic(id));
        let unsubscribed = is_suppressed(ctx, db, from).await?
            || has_opted_out(ctx, db, from, &policy.rules).await?;
        Ok(proto::UnsubscribeLinkDescription {
            purpose: from.purpose.number(),
            topic_display_name: topic.map_or("", |it| it.display_name()).to_owned(),
            unsubscribed,
        })
    }
}

/// The link by which the reader of a message to `contact_point` unsubscribes; none while nobody
/// said where customers find the gateway.
pub(crate) fn unsubscribe_link(
    links: &Links,
    ctx: &Context,
    contact_point: &ContactPoint,
    purpose: Purpose,
    topic: Option<TopicId>,
) -> Result<Option<proto::UnsubscribeLink>, Error> {
    let Link { token, uri } = link(links, ctx, contact_point, purpose, topic)?;
    Ok(uri.map(|uri| with_headers(token, uri)))
}

fn link(
    links: &Links,
    ctx: &Context,
    contact_point: &ContactPoint,
    purpose: Purpose,
    topic: Option<TopicId>,
) -> Result<Link, Error> {
    const READING: &str = "reading a stored contact point";
    let kind = AddressKind::try_from(i32::from(contact_point.kind)).map_err(unreadable(READING))?;
    let digest = contact_point.address_digest.as_slice().try_into();
    let from = Unsubscription {
        customer: contact_point.customer_id,
        contact_point: contact_point.contact_point_id,
        address_digest: digest.map_err(unreadable(READING))?,
        by_email: Unsubscription::is_by_email(kind),
        purpose,
        topic,
    };
    Ok(links.to_unsubscribe(ctx, &from)?)
}

async fn unsubscribe(
    ctx: &Context,
    txn: Arc<DatabaseTransaction>,
    from: &Unsubscription,
) -> Result<(), Error> {
    let remembered = is_there(ctx, &*txn, from.customer).await?;
    if remembered {
        opt_out(ctx, &txn, from).await?;
    }
    // A suppression knows no topics. Of a customer who was erased nothing else is left.
    if from.topic.is_none() || !remembered {
        let stops = SuppressionReason::Unsubscribe.stops(&[from.purpose]);
        let new = NewSuppression {
            digest: from.address_digest.to_vec(),
            reason: SuppressionReason::Unsubscribe,
            stops: stops.map_err(unreadable("reading an unsubscribe link"))?,
            note: None,
        };
        suppress(ctx, &txn, new).await?;
    }
    Ok(())
}

/// Appends the opt-out, unless it stands already under the name that the link has: that of a record
/// that was merged with it would leave with that record. A deleted customer's, too: it may come back.
async fn opt_out(
    ctx: &Context,
    txn: &DatabaseTransaction,
    from: &Unsubscription,
) -> Result<(), Error> {
    hold(ctx, txn, from.customer).await?;
    if of_customer(ctx, txn, from.customer)
        .await?
        .has_opted_out_itself(from.customer, &from.known_subject())
    {
        return Ok(());
    }
    let entry = NewConsent {
        subject: from.subject(),
        status: ConsentStatus::OptOut,
        legal_basis: LegalBasis::Consent,
        source: SOURCE.to_owned(),
        evidence_hash: None,
        note: None,
        address_digest: (!from.by_email).then(|| from.address_digest.to_vec()),
        times: ConsentTimes {
            capture: ctx.now,
            double_opt_in: None,
            effective: ctx.now,
            expire: None,
        },
    };
    append(ctx, txn, from.customer, &entry, Waits::No).await?;
    Ok(())
}

async fn is_suppressed(
    ctx: &Context,
    db: &impl ConnectionTrait,
    from: &Unsubscription,
) -> Result<bool, Error> {
    let digest = from.address_digest.to_vec();
    let stopped = suppression::of_addresses(ctx, db, [digest]).await?;
    Ok(stopped.values().any(|it| it.contains(from.purpose)))
}

async fn has_opted_out(
    ctx: &Context,
    db: &impl ConnectionTrait,
    from: &Unsubscription,
    policy: &ContactPolicy,
) -> Result<bool, Error> {
    let ledger = of_customer(ctx, db, from.customer).await?;
    if !from.by_email {
        return Ok(ledger.has_opted_out_of(&from.known_subject()));
    }
    let email = ConsentQuestion {
        channel: Channel::Email,
        purpose: from.purpose,
        topic: from.topic.as_ref(),
        address: Some(address_id(&from.address_digest)),
    };
    let at = ledger.latest().map_or(ctx.now, |it| it.max(ctx.now));
    Ok(ledger.judge(policy, &email, at).outcome == ConsentOutcome::OptedOut)
}

/// Whether anything is left of a customer: one that was erased is no more.
async fn is_there(ctx: &Context, db: &impl ConnectionTrait, id: Uuid) -> Result<bool, Error> {
    Ok(customer::find(ctx, db, id).await?.is_some())
}

fn subject(purpose: i32, topic: &str) -> Result<(Purpose, Option<TopicId>), InvalidFields> {
    let mut faults = InvalidFields::default();
    let purpose = faults.take("purpose", crate::domain::contact::reach::choosable(purpose));
    let topic = (!topic.is_empty()).then(|| TopicId::parse(topic));
    let topic = faults.take("topic", topic.transpose());
    faults.finish(purpose.zip(topic))
}

fn no_public_address() -> Error {
    Error::InvalidState {
        resource: "unsubscribeLinks".to_owned(),
        state: "NO_PUBLIC_ADDRESS",
        why: "can't be made: nobody said where customers find the gateway. Set \
              `gateway.public_url`.",
    }
}
