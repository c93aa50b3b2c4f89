//! Streams customers out, page by page.

use std::collections::HashMap;

use prost::Message as _;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::{ColumnTrait as _, Condition};
use tokio::sync::mpsc::Sender;
use tonic::Status;
use uuid::Uuid;

use crate::error::Error;
use crate::grpc::Shared;
use crate::grpc::convert;
use crate::grpc::customer::filter_of;
use crate::resource::CUSTOMER;
use crate::store::entity::customer::Column;
use crate::store::identity::group::{self, Group};
use crate::store::{contact_point, customer, preference};

/// Customers of one message.
const CUSTOMERS_PER_MESSAGE: u64 = 500;
/// A message takes no more customers once it has these bytes: far below what clients accept.
const BYTES_PER_MESSAGE: usize = 1 << 20;

/// An export under way. Each page is a read of its own, so that a slow caller holds neither a
/// connection nor a snapshot.
pub(super) struct Export {
    shared: Shared,
    ctx: Context,
    wanted: Condition,
    after: Option<Uuid>,
}

impl Export {
    pub(super) fn begin(
        shared: &Shared,
        ctx: Context,
        request: proto::ExportCustomersRequest,
    ) -> Result<Self, Error> {
        let proto::ExportCustomersRequest { filter, after } = request;
        let after = match after.as_str() {
            "" => None,
            name => Some(CUSTOMER.parse("after", name)?).map(|[id]| id),
        };
        let wanted = filter_of(ctx.tenant)
            .parse(shared.db.backend(), &filter)?
            .add(Column::DeleteTime.is_null());
        Ok(Self {
            shared: shared.clone(),
            ctx,
            wanted,
            after,
        })
    }

    pub(super) async fn run(
        mut self,
        answers: &Sender<Result<proto::ExportCustomersResponse, Status>>,
    ) -> Result<(), Error> {
        loop {
            let customers = self.page().await?;
            let last = (customers.len() as u64) < CUSTOMERS_PER_MESSAGE;
            for answer in messages(customers) {
                if answers.send(Ok(answer)).await.is_err() {
                    return Ok(());
                }
            }
            if last {
                return Ok(());
            }
        }
    }

    async fn page(&mut self) -> Result<Vec<proto::ExportedCustomer>, Error> {
        let (ctx, db) = (&self.ctx, self.shared.db.read());
        let limit = CUSTOMERS_PER_MESSAGE;
        let rows = customer::list(ctx, db, self.wanted.clone(), self.after, limit).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
        self.after = ids.last().copied().or(self.after);

        let made_of_more = rows.iter().filter(|row| row.merged_count > 0);
        let made_of_more: Vec<Uuid> = made_of_more.map(|row| row.customer_id).collect();
        let mut members = group::members(ctx, db, &made_of_more).await?;
        let others = members.values().flatten().map(|member| member.customer);
        let ids: Vec<Uuid> = ids.into_iter().chain(others).collect();

        let mut points: HashMap<Uuid, Vec<proto::ContactPoint>> = HashMap::new();
        for row in contact_point::of_customers(ctx, db, &ids).await? {
            let customer = row.customer_id;
            points
                .entry(customer)
                .or_default()
                .push(convert::contact_point::to_proto(row)?);
        }
        let choices = preference::of_customers(ctx, db, &ids).await?;
        let records = customer::with_external_ids(ctx, db, rows).await?;
        let exported = records.into_iter().map(|record| {
            let group = Group {
                others: members.remove(&record.row.customer_id).unwrap_or_default(),
                root: record.row.clone(),
            };
            let preferences = preference::merged(&group, &choices);
            let points = group
                .members()
                .into_iter()
                .filter_map(|id| points.remove(&id));
            Ok(proto::ExportedCustomer {
                customer: Some(convert::customer::to_proto(record)?),
                contact_points: points.flatten().collect(),
                preferences: convert::preference::entries(&preferences),
            })
        });
        exported.collect()
    }
}

/// The customers in as few messages as their size allows.
fn messages(customers: Vec<proto::ExportedCustomer>) -> Vec<proto::ExportCustomersResponse> {
    let mut messages: Vec<proto::ExportCustomersResponse> = Vec::new();
    let mut bytes = BYTES_PER_MESSAGE;
    for customer in customers {
        if bytes >= BYTES_PER_MESSAGE {
            messages.push(proto::ExportCustomersResponse::default());
            bytes = 0;
        }
        bytes += customer.encoded_len();
        if let Some(message) = messages.last_mut() {
            message.customers.push(customer);
        }
    }
    messages
}
