//! What events and tasks concern.

use std::collections::HashMap;

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::link::Link;
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _,
};
use uuid::Uuid;

use super::entity::activity_link::{Column, Entity, Model};
use super::rows::insert_all;
use crate::error::Error;
use crate::resource::CUSTOMER;

/// The rows of what an event or a task concerns; those that were there before keep their ids.
pub(crate) fn rows(ctx: &Context, owner: Uuid, links: &[Link], before: &[Model]) -> Vec<Model> {
    let row = |(position, link): (usize, &Link)| {
        let customer = CUSTOMER.ids(link.as_str()).map(|[id]| id);
        let known = before
            .iter()
            .find(|it| customer.is_some() && it.customer_id == customer);
        Model {
            tenant_id: ctx.tenant,
            owner_id: owner,
            link_id: known.map_or_else(new_id, |it| it.link_id),
            position: i32::try_from(position).unwrap_or(i32::MAX),
            customer_id: customer,
            resource: customer.is_none().then(|| link.as_str().to_owned()),
        }
    };
    links.iter().enumerate().map(row).collect()
}

/// The same of another event or task.
pub(crate) fn copied(rows: &[Model], owner: Uuid) -> Vec<Model> {
    let copy = |row: &Model| Model {
        owner_id: owner,
        link_id: new_id(),
        ..row.clone()
    };
    rows.iter().map(copy).collect()
}

/// The names in rows, each once: those of customers who became one are the same.
pub(crate) fn names(rows: &[Model]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(rows.len());
    for row in rows {
        let customer = row.customer_id.map(|id| CUSTOMER.format(&[id]));
        let name = customer.or_else(|| row.resource.clone());
        names.extend(name.filter(|it| !names.contains(it)));
    }
    names
}

/// What these events or tasks concern, in order for each of them.
pub(crate) async fn of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    owners: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::OwnerId.is_in(owners))
        .order_by_asc(Column::OwnerId)
        .order_by_asc(Column::Position)
        .all(db)
        .await?)
}

/// The same, by event or task.
pub(crate) async fn by_owner(
    ctx: &Context,
    db: &impl ConnectionTrait,
    owners: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Vec<Model>>, Error> {
    let mut by_owner: HashMap<Uuid, Vec<Model>> = HashMap::new();
    for link in of(ctx, db, owners).await? {
        by_owner.entry(link.owner_id).or_default().push(link);
    }
    Ok(by_owner)
}

/// The events and tasks that concern a resource.
pub(crate) fn owners(ctx: &Context, resource: &str) -> SelectStatement {
    let linked = match CUSTOMER.ids(resource) {
        Some([customer]) => Column::CustomerId.eq(customer),
        None => Column::Resource.eq(resource),
    };
    Query::select()
        .column(Column::OwnerId)
        .from(Entity)
        .and_where(Column::TenantId.eq(ctx.tenant))
        .and_where(linked)
        .to_owned()
}

/// Writes what an event or a task concerns in the place of what it did.
pub(crate) async fn replace(
    ctx: &Context,
    txn: &DatabaseTransaction,
    owner: Uuid,
    rows: Vec<Model>,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::OwnerId.eq(owner))
        .exec(txn)
        .await?;
    insert_all::<Entity>(txn, rows).await
}
