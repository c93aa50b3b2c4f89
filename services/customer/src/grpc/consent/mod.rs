//! `ConsentService`.

mod ledger;
mod opt_in;
mod unsubscribe;

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

pub(super) use ledger::{members, of_customer};
pub(crate) use unsubscribe::unsubscribe_link;

use super::Shared;
use super::convert::consent as convert;
use crate::domain::contact::consent::ConsentScope;
use crate::domain::contact::consent::entry::{NewConsent, known_topic};
use crate::error::{Error, faults_of};
use crate::events;
use crate::store::contact::clearance;
use crate::store::contact::consent::{self, Waits};
use crate::store::contact_point;
use crate::store::identity::group;

/// Keeps what customers permitted and forbade.
pub(crate) struct Consents(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ConsentService" for Consents {
        record_consent(proto::RecordConsentRequest) -> proto::ConsentEvent = record;
        list_consent_events(proto::ListConsentEventsRequest)
            -> proto::ListConsentEventsResponse = list;
        get_consent_state(proto::GetConsentStateRequest) -> proto::ConsentState = state;
        request_opt_in(proto::RequestOptInRequest) -> proto::RequestOptInResponse = request_opt_in;
        describe_opt_in(proto::DescribeOptInRequest) -> proto::OptInDescription = describe_opt_in;
        confirm_opt_in(proto::ConfirmOptInRequest) -> proto::ConsentEvent = confirm_opt_in;
        create_unsubscribe_link(proto::CreateUnsubscribeLinkRequest)
            -> proto::UnsubscribeLink = create_link;
        describe_unsubscribe_link(proto::DescribeUnsubscribeLinkRequest)
            -> proto::UnsubscribeLinkDescription = describe_link;
        unsubscribe(proto::UnsubscribeRequest) -> proto::UnsubscribeResponse = unsubscribe;
    }
}

impl Shared {
    /// Appends an entry that a caller sent, once what it names is found to be the customer's and
    /// the policy's.
    async fn append_sent(
        &self,
        ctx: &Context,
        txn: &DatabaseTransaction,
        customer: Uuid,
        entry: &NewConsent,
        waits: Waits,
    ) -> Result<(proto::ConsentEvent, Uuid), Error> {
        let mut entry = entry.clone();
        hold(ctx, txn, customer).await?;
        let subject = entry.subject.clone();
        let policy = self.policies.current(ctx, txn).await?;
        known_topic(&policy.rules, subject.purpose, subject.topic.as_ref())
            .map_err(faults_of("consent_event.topic"))?;
        if let ConsentScope::ContactPoint(point) = subject.scope {
            let row = contact_point::get(ctx, txn, [customer, point]).await?;
            entry.address_digest = Some(row.address_digest);
        }
        append(ctx, txn, customer, &entry, waits).await
    }
}

/// Keeps everybody from acting on what a customer chose until the transaction ends, and takes
/// back what may be granted to it: whoever decides about a contact does so before the entry that
/// follows or with it.
async fn hold(ctx: &Context, txn: &DatabaseTransaction, customer: Uuid) -> Result<(), Error> {
    let mut records = group::others_of(ctx, txn, customer).await?;
    records.push(customer);
    Ok(clearance::revoke(ctx, txn, &records).await?)
}

/// Appends an entry to the ledger of a customer that is held, and announces it. Answers it with
/// its id.
pub(super) async fn append(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    entry: &NewConsent,
    waits: Waits,
) -> Result<(proto::ConsentEvent, Uuid), Error> {
    let row = consent::append(ctx, txn, customer, entry, waits).await?;
    let (id, record_time) = (row.consent_event_id, row.record_time);
    let event = convert::to_proto(row)?;
    let recorded = events::consent_recorded(customer, &event, record_time);
    outbox::append(txn, ctx, &[recorded]).await?;
    Ok((event, id))
}
