//! `OrderService`.

mod deliver;

use std::sync::{Arc, LazyLock};

use rapport_platform::error::PlatformError;
use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_platform::text::optional_passage;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, DatabaseTransaction};
use uuid::Uuid;

use super::convert::order::{self as convert, OrderKey};
use super::convert::{day, receivable, report};
use super::{SMALL_PAGE, Shared};
use crate::domain::date;
use crate::domain::order::{DeliveryState, OrderState, PaymentState};
use crate::error::{Error, faults_of};
use crate::events::order as events;
use crate::resource::{self, CUSTOMER, OPPORTUNITY, ORDER};
use crate::store::entity::invoice;
use crate::store::entity::sales_order::{Column, Model};
use crate::store::invoice as invoices;
use crate::store::order::{self, Record, delivery};

/// Most deliveries, and most invoices, that are told with an order.
const MOST_PARTS: u64 = 100;

/// Keeps what customers ordered.
pub(crate) struct Orders(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.OrderService" for Orders {
        get_order(proto::GetOrderRequest) -> proto::Order = get;
        list_orders(proto::ListOrdersRequest) -> proto::ListOrdersResponse = list;
        track_order(proto::TrackOrderRequest) -> proto::TrackOrderResponse = track;
        list_deliveries(proto::ListDeliveriesRequest) -> proto::ListDeliveriesResponse
            = list_deliveries;
        acknowledge_order(proto::AcknowledgeOrderRequest) -> proto::Order = acknowledge;
        cancel_order(proto::CancelOrderRequest) -> proto::Order = cancel;
        report_deliveries(proto::ReportDeliveriesRequest) -> proto::ReportDeliveriesResponse
            = report_deliveries;
    }
}

/// What `ListOrders` filters by.
pub(super) static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    macro_rules! values {
        ($($kind:ident)+) => {
            ($($kind::ALL.iter().map(|it| (it.label(), it.number())),)+)
        };
    }
    let (states, deliveries, payments) = values!(OrderState DeliveryState PaymentState);
    FilterSchema::new()
        .enumeration("state", Column::State, states)
        .enumeration("delivery_state", Column::DeliveryState, deliveries)
        .enumeration("payment_state", Column::PaymentState, payments)
        .reference("customer", Column::CustomerId, CUSTOMER)
        .reference("opportunity", Column::OpportunityId, OPPORTUNITY)
        .text("owner", Column::Owner)
        .text("external_number", Column::ExternalNumber)
        .computed("discrepant", |operand| {
            // As the index has it.
            let discrepant = Expr::cust("discrepancies > 0");
            match operand.text {
                "true" if !operand.prefix => Ok(discrepant),
                "false" if !operand.prefix => Ok(discrepant.not()),
                _ => Err("expected true or false.".to_owned()),
            }
        })
});

/// Makes an order of a quote that was just accepted.
pub(super) async fn create(
    ctx: &Context,
    txn: &DatabaseTransaction,
    quote: &crate::store::entity::quote::Model,
    content: &proto::QuoteContent,
) -> Result<(), Error> {
    let record = convert::of_quote(ctx, quote, content)?;
    order::insert(ctx, txn, &record).await?;
    let version = record.row.version;
    let event = events::created(convert::to_proto(record), version);
    Ok(outbox::append(txn, ctx, &[event]).await?)
}

impl Orders {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetOrderRequest,
    ) -> Result<proto::Order, Error> {
        let [id] = ORDER.parse("name", &request.name)?;
        let record = order::get(&ctx, self.0.db.read(), id).await?;
        Ok(convert::to_proto(record))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListOrdersRequest,
    ) -> Result<proto::ListOrdersResponse, Error> {
        let proto::ListOrdersRequest {
            filter,
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.OrderService/ListOrders",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let rows = order::list(&ctx, self.0.db.read(), wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.order_id)?;
        Ok(proto::ListOrdersResponse {
            orders: rows.into_iter().map(convert::row_to_proto).collect(),
            next_page_token,
        })
    }

    async fn track(
        &self,
        ctx: Context,
        request: proto::TrackOrderRequest,
    ) -> Result<proto::TrackOrderResponse, Error> {
        let proto::TrackOrderRequest {
            name,
            external_number,
            customer,
        } = request;
        let key = convert::order_key("name", &name, &external_number).map_err(faults_of(""))?;
        let asks = resource::optional(CUSTOMER, &customer).map_err(faults_of("customer"))?;
        let row = self.named(&ctx, key).await?;
        self.require_his(&ctx, &row, asks).await?;
        let (id, db) = (row.order_id, self.0.db.read());
        let of_order = invoice::Column::OrderId.eq(id).into();
        let (record, deliveries, invoices) = futures::try_join!(
            order::with_lines(&ctx, db, row),
            delivery::list(&ctx, db, id, None, MOST_PARTS),
            invoices::list(&ctx, db, of_order, None, MOST_PARTS),
        )?;
        let deliveries = deliveries.into_iter().map(convert::delivery_to_proto);
        let invoices = invoices.into_iter().map(receivable::invoice_to_proto);
        Ok(proto::TrackOrderResponse {
            order: Some(convert::to_proto(record)),
            deliveries: deliveries.collect::<Result<_, _>>()?,
            invoices: invoices.collect(),
        })
    }

    async fn named(&self, ctx: &Context, key: OrderKey) -> Result<Model, Error> {
        let db = self.0.db.read();
        match key {
            OrderKey::Id(id) => order::row(ctx, db, id).await,
            OrderKey::Number(number) => {
                let found = order::by_number(ctx, db, &number).await?;
                found.ok_or_else(|| Error::not_found("orders".to_owned()))
            }
        }
    }

    /// Refuses an order of somebody else than who asks, as if there were none.
    async fn require_his(
        &self,
        ctx: &Context,
        row: &Model,
        asks: Option<Uuid>,
    ) -> Result<(), Error> {
        let Some(asks) = asks.filter(|asks| row.customer_id != Some(*asks)) else {
            return Ok(());
        };
        // The names of records that were merged are names of one customer.
        let known = self.0.customers.known(ctx, &[asks]).await?;
        match known.get(&asks) {
            Some(now) if row.customer_id == Some(*now) => Ok(()),
            _ => Err(Error::not_found(ORDER.format(&[row.order_id]))),
        }
    }

    async fn list_deliveries(
        &self,
        ctx: Context,
        request: proto::ListDeliveriesRequest,
    ) -> Result<proto::ListDeliveriesResponse, Error> {
        let proto::ListDeliveriesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = ORDER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.OrderService/ListDeliveries",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open::<String>(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        order::row(&ctx, db, id).await?;
        let rows = delivery::list(&ctx, db, id, page.after.clone(), page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.document.clone())?;
        let deliveries = rows.into_iter().map(convert::delivery_to_proto);
        Ok(proto::ListDeliveriesResponse {
            deliveries: deliveries.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn acknowledge(
        &self,
        ctx: Context,
        request: proto::AcknowledgeOrderRequest,
    ) -> Result<proto::Order, Error> {
        let number = report::number(&request.external_number);
        let number = &number.map_err(faults_of("external_number"))?;
        let promised = day(request.promised_date.as_ref()).map_err(faults_of("promised_date"))?;
        let promised = promised.map(date::number);
        let named = (request.name.as_str(), request.etag.as_str());
        let ctx = &ctx;
        let step =
            |txn, record| async move { acknowledged(ctx, txn, record, number, promised).await };
        self.step(ctx, &request, named, step, events::acknowledged)
            .await
    }

    async fn cancel(
        &self,
        ctx: Context,
        request: proto::CancelOrderRequest,
    ) -> Result<proto::Order, Error> {
        let reason = &optional_passage(&request.reason, 1_000).map_err(faults_of("reason"))?;
        let named = (request.name.as_str(), request.etag.as_str());
        let step = |_, record: Record| async move {
            let mut standing = order::standing(&record.row)?;
            standing.cancel().map_err(|refused| Error::InvalidState {
                resource: ORDER.format(&[record.row.order_id]),
                state: refused.state,
                why: refused.why,
            })?;
            standing.cancelled = true;
            let row = Model {
                cancel_reason: reason.clone(),
                ..record.row
            };
            Ok(Some(order::standing_as(row, &standing)))
        };
        self.step(&ctx, &request, named, step, events::cancelled)
            .await
    }

    /// Takes a step of an order that nobody else changes meanwhile; none leaves it as it is.
    async fn step<Req, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        (name, etag): (&str, &str),
        work: W,
        tell: events::Tell,
    ) -> Result<proto::Order, Error>
    where
        Req: RequestId,
        W: Fn(Arc<DatabaseTransaction>, Record) -> F + Sync,
        F: Future<Output = Result<Option<Model>, Error>> + Send,
    {
        let [id] = ORDER.parse("name", name)?;
        let work = &work;
        self.0
            .once(ctx, request, |txn| async move {
                order::claim(ctx, &txn, [id]).await?;
                let before = order::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, before.row.version)?;
                let Some(row) = work(txn.clone(), before.clone()).await? else {
                    return Ok(convert::to_proto(before));
                };
                let rows = order::write(ctx, &txn, [row]).await;
                let row = rows?.pop().unwrap_or(before.row);
                let (version, lines) = (row.version, before.lines);
                let after = convert::to_proto(Record { row, lines });
                outbox::append(&txn, ctx, &[tell(after.clone(), version)]).await?;
                Ok(after)
            })
            .await
    }

    async fn report_deliveries(
        &self,
        ctx: Context,
        request: proto::ReportDeliveriesRequest,
    ) -> Result<proto::ReportDeliveriesResponse, Error> {
        require_batch(request.reports.len())?;
        let reports: Vec<_> = request
            .reports
            .iter()
            .map(convert::delivery_report)
            .collect();
        let (ctx, reports) = (&ctx, &reports);
        self.0
            .once(ctx, &request, |txn| async move {
                let results = deliver::take_in(ctx, &txn, reports).await?;
                Ok(proto::ReportDeliveriesResponse { results })
            })
            .await
    }
}

/// The order with what the ERP says of it; none when it said so before.
async fn acknowledged(
    ctx: &Context,
    txn: Arc<DatabaseTransaction>,
    Record { row, .. }: Record,
    number: &str,
    promised: Option<i32>,
) -> Result<Option<Model>, Error> {
    let refused = |state, why| Error::InvalidState {
        resource: ORDER.format(&[row.order_id]),
        state,
        why,
    };
    if row.state == OrderState::Cancelled.code() {
        return Err(refused("CANCELLED", "is cancelled. It stays so."));
    }
    match row.external_number.as_deref() {
        Some(known) if known != number => {
            let why = "has another number of the ERP. It keeps that one.";
            return Err(refused("ACKNOWLEDGED", why));
        }
        None if order::by_number(ctx, &*txn, number).await?.is_some() => {
            return Err(PlatformError::AlreadyExists(format!("orders/{number}")).into());
        }
        _ => {}
    }
    let after = Model {
        external_number: Some(number.to_owned()),
        promised_date: promised.or(row.promised_date),
        ..row.clone()
    };
    Ok(Some(after).filter(|after| *after != row))
}

/// Refuses batches of no or too many reports.
pub(super) fn require_batch(reports: usize) -> Result<(), Error> {
    if (1..=500).contains(&reports) {
        return Ok(());
    }
    Err(Error::invalid("reports", "must be 1 to 500 reports"))
}
