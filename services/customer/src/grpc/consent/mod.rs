//! `ConsentService`.

mod ledger;
mod opt_in;
mod unsubscribe;

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_service_server::ConsentService;
use sea_orm::DatabaseTransaction;
use tonic::{Request, Response, Status};
use uuid::Uuid;

#[allow(unused_imports, reason = "for whoever delivers marketing e-mails")]
pub(crate) use unsubscribe::list_unsubscribe_headers;

use super::convert::consent as convert;
use super::{Shared, answer};
use crate::domain::contact::consent::ConsentScope;
use crate::domain::contact::consent::entry::{NewConsent, known_topic};
use crate::error::{Error, faults_of};
use crate::events;
use crate::store::contact::clearance;
use crate::store::contact::consent::{self, Waits};
use crate::store::contact_point;

/// Keeps what customers permitted and forbade.
pub(crate) struct Consents(pub(crate) Shared);

#[tonic::async_trait]
impl ConsentService for Consents {
    async fn record_consent(
        &self,
        request: Request<proto::RecordConsentRequest>,
    ) -> Result<Response<proto::ConsentEvent>, Status> {
        answer(request, |ctx, request| self.record(ctx, request)).await
    }

    async fn list_consent_events(
        &self,
        request: Request<proto::ListConsentEventsRequest>,
    ) -> Result<Response<proto::ListConsentEventsResponse>, Status> {
        answer(request, |ctx, request| self.list(ctx, request)).await
    }

    async fn get_consent_state(
        &self,
        request: Request<proto::GetConsentStateRequest>,
    ) -> Result<Response<proto::ConsentState>, Status> {
        answer(request, |ctx, request| self.state(ctx, request)).await
    }

    async fn request_opt_in(
        &self,
        request: Request<proto::RequestOptInRequest>,
    ) -> Result<Response<proto::RequestOptInResponse>, Status> {
        answer(request, |ctx, request| self.request_opt_in(ctx, request)).await
    }

    async fn describe_opt_in(
        &self,
        request: Request<proto::DescribeOptInRequest>,
    ) -> Result<Response<proto::OptInDescription>, Status> {
        answer(request, |ctx, request| self.describe_opt_in(ctx, request)).await
    }

    async fn confirm_opt_in(
        &self,
        request: Request<proto::ConfirmOptInRequest>,
    ) -> Result<Response<proto::ConsentEvent>, Status> {
        answer(request, |ctx, request| self.confirm_opt_in(ctx, request)).await
    }

    async fn create_unsubscribe_link(
        &self,
        request: Request<proto::CreateUnsubscribeLinkRequest>,
    ) -> Result<Response<proto::UnsubscribeLink>, Status> {
        answer(request, |ctx, request| self.create_link(ctx, request)).await
    }

    async fn describe_unsubscribe_link(
        &self,
        request: Request<proto::DescribeUnsubscribeLinkRequest>,
    ) -> Result<Response<proto::UnsubscribeLinkDescription>, Status> {
        answer(request, |ctx, request| self.describe_link(ctx, request)).await
    }

    async fn unsubscribe(
        &self,
        request: Request<proto::UnsubscribeRequest>,
    ) -> Result<Response<proto::UnsubscribeResponse>, Status> {
        answer(request, |ctx, request| self.unsubscribe(ctx, request)).await
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
        hold(ctx, txn, customer).await?;
        let subject = &entry.subject;
        let policy = self.policies.current(ctx, txn).await?;
        known_topic(&policy.rules, subject.purpose, subject.topic.as_ref())
            .map_err(faults_of("consent_event.topic"))?;
        if let ConsentScope::ContactPoint(point) = subject.scope {
            contact_point::get(ctx, txn, [customer, point]).await?;
        }
        append(ctx, txn, customer, entry, waits).await
    }
}

/// Keeps everybody from acting on what a customer chose until the transaction ends, and takes
/// back what may be granted to it: whoever decides about a contact does so before the entry that
/// follows or with it.
async fn hold(ctx: &Context, txn: &DatabaseTransaction, customer: Uuid) -> Result<(), Error> {
    clearance::lock(ctx, txn, &[customer]).await?;
    Ok(clearance::revoke(ctx, txn, &[customer]).await?)
}

/// Appends an entry to the ledger of a customer that is held, and announces it. Answers it with
/// its id.
async fn append(
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
