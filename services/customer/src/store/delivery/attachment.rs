//! Documents that go with messages.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::attachment::Attachment;
use crate::store::entity::delivery;
use crate::store::entity::delivery_attachment::{Column, Entity, Model};

/// Keeps what goes with a delivery.
pub(crate) async fn keep(
    ctx: &Context,
    txn: &DatabaseTransaction,
    delivery: &delivery::Model,
    attachments: &[Attachment],
) -> Result<(), DbErr> {
    if attachments.is_empty() {
        return Ok(());
    }
    let rows = attachments.iter().map(|it| Model {
        tenant_id: ctx.tenant,
        customer_id: delivery.customer_id,
        attachment_id: new_id(),
        delivery_id: delivery.delivery_id,
        file_name: it.file_name().to_owned(),
        media_type: it.media_type().to_owned(),
        content: it.content().to_vec(),
        create_time: ctx.now,
    });
    Entity::insert_many(rows.map(Model::into_active_model))
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// What goes with a delivery, in its order.
pub(crate) async fn of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    delivery: &delivery::Model,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(delivery.customer_id))
        .filter(Column::DeliveryId.eq(delivery.delivery_id))
        .order_by_asc(Column::AttachmentId)
        .all(db)
        .await
}

/// The next document that went to one of the records from behind `after` on: one, for they are
/// large.
pub(crate) async fn next(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    after: Option<Uuid>,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(members.iter().copied()))
        .filter(Condition::all().add_option(after.map(|after| Column::AttachmentId.gt(after))))
        .order_by_asc(Column::AttachmentId)
        .limit(1)
        .one(db)
        .await
}
