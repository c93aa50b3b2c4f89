//! What proposals look like, in versions.

use prost::Message as _;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use crate::error::{Error, superseded};
use crate::resource::PROPOSAL_TEMPLATE;
use crate::store::entity::proposal_template::{Column, Entity, Model};
use crate::store::entity::proposal_template_version as version;

/// Most templates of a tenant.
const MOST: u64 = 1_000;

/// One template in its present version.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(PROPOSAL_TEMPLATE.format(&[id])))
}

/// One template in a version; 0: the present one, if the template is in use.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn in_version(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
    number: i64,
) -> Result<Model, Error> {
    if number == 0 {
        return get(ctx, db, id).await;
    }
    let found = version::Entity::find_by_id((ctx.tenant, id, number)).into_model::<Model>();
    let found = found.one(db).await?;
    found.ok_or_else(|| Error::not_found(PROPOSAL_TEMPLATE.format(&[id])))
}

/// Templates from behind `after` on, oldest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Condition::all().add_option(after.map(|after| Column::TemplateId.gt(after))))
        .order_by_asc(Column::TemplateId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Records a template in its first version.
///
/// # Errors
/// `InvalidState` when there are too many. Those recorded at the same instant may exceed the
/// bound by as many.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    document: &proto::ProposalTemplate,
) -> Result<Model, Error> {
    let recorded = Entity::find().filter(Column::TenantId.eq(ctx.tenant));
    if recorded.count(txn).await? >= MOST {
        return Err(Error::InvalidState {
            resource: "proposalTemplates".to_owned(),
            state: "FULL",
            why: "has 1,000 templates. Delete those that are out of use.",
        });
    }
    let row = Model {
        tenant_id: ctx.tenant,
        template_id: new_id(),
        version: 1,
        document: document.encode_to_vec(),
        author: ctx.actor.to_string(),
        create_time: ctx.now,
        update_time: ctx.now,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    keep(txn, &row).await?;
    Ok(row)
}

/// Writes another version over the row that it was read from.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    document: &proto::ProposalTemplate,
) -> Result<Model, Error> {
    let read = before.version;
    let row = Model {
        version: read + 1,
        document: document.encode_to_vec(),
        author: ctx.actor.to_string(),
        update_time: ctx.now,
        ..before
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(read))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    keep(txn, &row).await?;
    Ok(row)
}

/// Takes a template out of use, if it still has the version that was read.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
) -> Result<(), Error> {
    let deleted = Entity::delete_by_id((ctx.tenant, row.template_id))
        .filter(Column::Version.eq(row.version))
        .exec(txn)
        .await?;
    match deleted.rows_affected {
        0 => Err(PlatformError::Conflict.into()),
        _ => Ok(()),
    }
}

async fn keep(txn: &DatabaseTransaction, row: &Model) -> Result<(), Error> {
    let Model {
        tenant_id,
        template_id,
        version,
        document,
        author,
        create_time,
        update_time,
    } = row.clone();
    let row = version::Model {
        tenant_id,
        template_id,
        version,
        document,
        author,
        create_time,
        update_time,
    };
    version::Entity::insert(row.into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}
