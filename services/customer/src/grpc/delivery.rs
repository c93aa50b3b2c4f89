//! `DeliveryService`.

use std::sync::LazyLock;

use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::convert::delivery as convert;
use super::{Shared, permit};
use crate::delivery::{end, retry};
use crate::domain::channel::Channel;
use crate::domain::delivery::{Connector, DeliveryState};
use crate::error::Error;
use crate::resource::{CUSTOMER, DELIVERY};
use crate::store::delivery::{self, attempt};
use crate::store::entity::delivery::{Column, Model};
use crate::store::identity::group;

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};
const ATTEMPTS_PAGE: PageSizes = PageSizes {
    default: 50,
    max: 200,
};

/// What deliveries can be filtered by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = DeliveryState::ALL
        .iter()
        .map(|it| (it.label(), it.number()));
    let channels = Channel::ALL.iter().map(|it| (it.label(), it.number()));
    let connectors = Connector::ALL.iter().map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .enumeration("state", Column::State, states)
        .enumeration("channel", Column::Channel, channels)
        .enumeration("connector", Column::Connector, connectors)
        .reference("customer", Column::CustomerId, CUSTOMER)
        .boolean("possible_duplicate", Column::PossibleDuplicate)
});

/// Shows messages on their way out.
pub(crate) struct Deliveries(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.DeliveryService" for Deliveries {
        get_delivery(proto::GetDeliveryRequest) -> proto::Delivery = get;
        list_deliveries(proto::ListDeliveriesRequest) -> proto::ListDeliveriesResponse = list;
        list_delivery_attempts(proto::ListDeliveryAttemptsRequest)
            -> proto::ListDeliveryAttemptsResponse = list_attempts;
        cancel_delivery(proto::CancelDeliveryRequest) -> proto::Delivery = cancel;
        retry_delivery(proto::RetryDeliveryRequest) -> proto::Delivery = retry;
    }
}

impl Deliveries {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetDeliveryRequest,
    ) -> Result<proto::Delivery, Error> {
        let [id] = DELIVERY.parse("name", &request.name)?;
        let row = delivery::get(&ctx, self.0.db.read(), id).await?;
        Ok(convert::to_proto(&row))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListDeliveriesRequest,
    ) -> Result<proto::ListDeliveriesResponse, Error> {
        let proto::ListDeliveriesRequest {
            page_size,
            page_token,
            filter,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.DeliveryService/ListDeliveries",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let filter = FILTER.parse(self.0.db.backend(), &filter)?;
        let db = self.0.db.read();
        let rows = delivery::list(&ctx, db, filter, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.delivery_id)?;
        Ok(proto::ListDeliveriesResponse {
            deliveries: rows.iter().map(convert::to_proto).collect(),
            next_page_token,
        })
    }

    async fn list_attempts(
        &self,
        ctx: Context,
        request: proto::ListDeliveryAttemptsRequest,
    ) -> Result<proto::ListDeliveryAttemptsResponse, Error> {
        let proto::ListDeliveryAttemptsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = DELIVERY.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.DeliveryService/ListDeliveryAttempts",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, ATTEMPTS_PAGE)?;
        let db = self.0.db.read();
        delivery::get(&ctx, db, id).await?;
        let rows = attempt::list(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.number)?;
        Ok(proto::ListDeliveryAttemptsResponse {
            delivery_attempts: rows.into_iter().map(convert::attempt_to_proto).collect(),
            next_page_token,
        })
    }

    async fn cancel(
        &self,
        ctx: Context,
        request: proto::CancelDeliveryRequest,
    ) -> Result<proto::Delivery, Error> {
        let [id] = DELIVERY.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        let outbound = &self.0.outbound;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = delivery::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                let why = "is not waiting. Only what waits can be called off.";
                require(&row, DeliveryState::Queued, name, why)?;
                let row = end(outbound, ctx, &txn, row, DeliveryState::Cancelled).await?;
                Ok(convert::to_proto(&row))
            })
            .await
    }

    async fn retry(
        &self,
        ctx: Context,
        request: proto::RetryDeliveryRequest,
    ) -> Result<proto::Delivery, Error> {
        let [id] = DELIVERY.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        let (shared, outbound) = (&self.0, &self.0.outbound);
        shared
            .once(ctx, &request, |txn| async move {
                let row = delivery::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                let why = "did not fail. Only what failed can be queued again.";
                require(&row, DeliveryState::Failed, name, why)?;
                let contact = delivery::contact(&row)?;
                let group = group::of(ctx, &*txn, row.customer_id).await?;
                let taken = permit::take(&shared.policies, ctx, &txn, &group, &contact).await?;
                let again = (row, taken.permit.contact_permit_id);
                Ok(convert::to_proto(&retry(outbound, ctx, &txn, again).await?))
            })
            .await
    }
}

/// Refuses a step that another state would allow.
fn require(row: &Model, wanted: DeliveryState, name: &str, why: &'static str) -> Result<(), Error> {
    let state = delivery::state(row)?;
    if state == wanted {
        return Ok(());
    }
    Err(Error::InvalidState {
        resource: name.to_owned(),
        state: state.label(),
        why,
    })
}
