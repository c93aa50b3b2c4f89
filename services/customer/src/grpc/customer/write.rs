//! Recording, changing and deleting customers.

use std::sync::Arc;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox::{self, NewEvent};
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Customers;
use crate::domain::attributes::{AttributeSchema, Attributes};
use crate::domain::hierarchy::Member;
use crate::error::{Error, faults_of, unreadable};
use crate::events;
use crate::grpc::convert::customer as convert;
use crate::resource::CUSTOMER;
use crate::store::customer::{Content, Record};
use crate::store::{attribute_definition, customer};

impl Customers {
    pub(super) async fn create(
        &self,
        ctx: Context,
        request: proto::CreateCustomerRequest,
    ) -> Result<proto::Customer, Error> {
        let sent = request
            .customer
            .as_ref()
            .ok_or_else(|| Error::missing("customer"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let none = Attributes::default();
                let schema = schema_for(ctx, &txn, sent).await?;
                let mut content =
                    convert::parse(ctx, sent, &none, &schema).map_err(faults_of("customer"))?;
                if let Some(parent) = content.parent {
                    let child = Member {
                        id: Uuid::nil(),
                        kind: content.details.profile().kind(),
                    };
                    content.parent = Some(check_parent(ctx, &txn, child, parent, true).await?);
                }
                let created = customer::insert(ctx, &txn, &[content]).await?;
                let [created] = <[Record; 1]>::try_from(created)
                    .map_err(|_| unreadable("recording a customer")("not one record"))?;
                announce(ctx, &txn, created, events::customer_created).await
            })
            .await
    }

    pub(super) async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateCustomerRequest,
    ) -> Result<proto::Customer, Error> {
        let sent = request
            .customer
            .as_ref()
            .ok_or_else(|| Error::missing("customer"))?;
        let [id] = CUSTOMER.parse("customer.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Customer>(mask, &convert::SETTABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = customer::get_live_record(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, before.row.version)?;
                let mut content = merge(ctx, &txn, &before, mask, sent).await?;
                if let Some(parent) = content
                    .parent
                    .filter(|_| content.parent != before.row.parent_id)
                {
                    let child = customer::member(&before.row)?;
                    content.parent = Some(check_parent(ctx, &txn, child, parent, false).await?);
                }
                let changed = customer::update(ctx, &txn, &before, &content).await?;
                announce(ctx, &txn, changed, events::customer_updated).await
            })
            .await
    }

    pub(super) async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteCustomerRequest,
    ) -> Result<proto::Customer, Error> {
        let [id] = CUSTOMER.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let before = customer::get_record(ctx, &*txn, id).await?;
                Etag::check(name, etag, before.row.version)?;
                let deleted = customer::delete(ctx, &txn, before).await?;
                announce(ctx, &txn, deleted, events::customer_deleted).await
            })
            .await
    }

    pub(super) async fn undelete(
        &self,
        ctx: Context,
        request: proto::UndeleteCustomerRequest,
    ) -> Result<proto::Customer, Error> {
        let [id] = CUSTOMER.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let before = customer::get_record(ctx, &*txn, id).await?;
                Etag::check(name, etag, before.row.version)?;
                let undeleted = customer::undelete(ctx, &txn, before).await?;
                announce(ctx, &txn, undeleted, events::customer_undeleted).await
            })
            .await
    }
}

/// The customer as it will be: the masked part as sent, the rest as it is.
async fn merge(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    before: &Record,
    mask: &Mask,
    sent: &proto::Customer,
) -> Result<Content, Error> {
    let current = convert::to_proto(before.clone())?;
    let merged = mask.merge(&current, sent)?;
    let schema = if merged.attributes == current.attributes {
        AttributeSchema::default()
    } else {
        schema_for(ctx, txn, &merged).await?
    };
    let attributes = customer::attributes(&before.row.attributes)?;
    let content =
        convert::parse(ctx, &merged, &attributes, &schema).map_err(faults_of("customer"))?;
    if content.details.profile().kind() != customer::member(&before.row)?.kind {
        return Err(Error::invalid(
            "customer.profile",
            "can't change between person and organisation: record another customer",
        ));
    }
    Ok(content)
}

/// The tenant's schema, where the customer has attributes to be read by it.
async fn schema_for(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    sent: &proto::Customer,
) -> Result<AttributeSchema, Error> {
    if sent.attributes.is_empty() {
        return Ok(AttributeSchema::default());
    }
    attribute_definition::schema(ctx, &**txn).await
}

async fn check_parent(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    child: Member,
    parent: Uuid,
    new: bool,
) -> Result<Uuid, Error> {
    customer::check_parent(ctx, txn, child, parent, new)
        .await?
        .map_err(faults_of("customer.parent"))
}

/// Answers with a customer that was written, and announces it.
async fn announce(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    record: Record,
    event: fn(&proto::Customer, i64) -> NewEvent,
) -> Result<proto::Customer, Error> {
    let version = record.row.version;
    let customer = convert::to_proto(record)?;
    outbox::append(txn, ctx, &[event(&customer, version)]).await?;
    Ok(customer)
}
