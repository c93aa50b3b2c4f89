//! What persons do in organisations.

use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entity::role::{Column, Entity, Model};
use super::identity::{group, parts};
use crate::domain::hierarchy::Member;
use crate::domain::names::CustomerKind;
use crate::domain::role::Role;
use crate::error::{Error, superseded, unreadable};
use crate::resource;
use rapport_platform::period::Period;

/// One role, under the name of any of its person's records.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [person, id]: [Uuid; 2],
) -> Result<Model, Error> {
    let kept_there = Entity::find_by_id((ctx.tenant, person, id)).one(db).await?;
    let found = match kept_there {
        Some(row) => Some(row),
        None => among(ctx, db, group::others_of(ctx, db, person).await?, id).await?,
    };
    found.ok_or_else(|| Error::not_found(resource::ROLE.format(&[person, id])))
}

async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: Vec<Uuid>,
    id: Uuid,
) -> Result<Option<Model>, Error> {
    if members.is_empty() {
        return Ok(None);
    }
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(members))
        .filter(Column::RoleId.eq(id))
        .one(db)
        .await?)
}

/// The roles of a person's records, or of all persons in an organisation's, from behind `after` on, oldest
/// first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    kind: CustomerKind,
    members: &[Uuid],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let side = match kind {
        CustomerKind::Person => Column::CustomerId,
        CustomerKind::Organisation => Column::OrganisationId,
    };
    let order = [(Column::RoleId, sea_orm::Order::Asc)];
    let page = parts::page(db, members, &order, limit, |member| {
        Entity::find()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(side.eq(member))
            .filter(Condition::all().add_option(after.map(|after| Column::RoleId.gt(after))))
            .order_by_asc(Column::RoleId)
            .limit(limit)
    });
    Ok(page.await?)
}

/// Records a role of a person that this transaction has claimed.
///
/// # Errors
/// `AlreadyExists` when the person has it already.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    person: Uuid,
    role: &Role,
) -> Result<Model, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        customer_id: person,
        role_id: new_id(),
        organisation_id: role.organisation(),
        title: role.title().to_owned(),
        description: role.description().map(str::to_owned),
        valid_from_time: role.valid().from(),
        valid_to_time: role.valid().to(),
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    refuse_repetition(txn, &row, role).await?;
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Writes `role` over the row it was read from. The transaction has claimed the person.
///
/// # Errors
/// `AlreadyExists` when the person has another role like it.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    role: &Role,
) -> Result<Model, Error> {
    let row = Model {
        title: role.title().to_owned(),
        description: role.description().map(str::to_owned),
        valid_from_time: role.valid().from(),
        valid_to_time: role.valid().to(),
        version: before.version + 1,
        update_time: ctx.now,
        ..before
    };
    refuse_repetition(txn, &row, role).await?;
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(before.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Removes a role.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
) -> Result<(), Error> {
    Entity::delete_by_id((ctx.tenant, row.customer_id, row.role_id))
        .exec(txn)
        .await?;
    Ok(())
}

/// Refuses a row that says what another of the person's roles says.
async fn refuse_repetition(
    txn: &DatabaseTransaction,
    row: &Model,
    role: &Role,
) -> Result<(), Error> {
    let others = Entity::find()
        .filter(Column::TenantId.eq(row.tenant_id))
        .filter(Column::CustomerId.eq(row.customer_id))
        .filter(Column::OrganisationId.eq(row.organisation_id))
        .filter(Column::RoleId.ne(row.role_id))
        .all(txn)
        .await?;
    for other in others {
        if role.repeats(&from_row(&other)?) {
            let name = resource::ROLE.format(&[other.customer_id, other.role_id]);
            return Err(PlatformError::AlreadyExists(name).into());
        }
    }
    Ok(())
}

fn from_row(row: &Model) -> Result<Role, Error> {
    let person = Member {
        id: row.customer_id,
        kind: CustomerKind::Person,
    };
    let organisation = Member {
        id: row.organisation_id,
        kind: CustomerKind::Organisation,
    };
    let description = row.description.as_deref().unwrap_or_default();
    let valid = Period::parse(row.valid_from_time, row.valid_to_time);
    Role::parse(person, organisation, &row.title, description, valid)
        .map_err(unreadable("reading a stored role"))
}
