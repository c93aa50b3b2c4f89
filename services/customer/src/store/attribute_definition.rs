//! The tenants' schemas of custom attributes.

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::prelude::Json;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::Deserialize as _;

use super::entity::attribute_definition::{Column, Entity, Model};
use crate::domain::attributes::{
    AttributeDefinition, AttributeDefinitionParts, AttributeKey, AttributeSchema,
};
use crate::error::{Error, superseded, unreadable};
use crate::resource;

const READING: &str = "reading a stored attribute definition";

/// One definition.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    key: &AttributeKey,
) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, key.as_str().to_owned()))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(resource::attribute_definition(key.as_str())))
}

/// Definitions from behind the key `after` on, by key.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Condition::all().add_option(after.map(|after| Column::Key.gt(after))))
        .order_by_asc(Column::Key)
        .limit(limit)
        .all(db)
        .await?)
}

/// How many definitions the tenant has.
pub(crate) async fn count(ctx: &Context, db: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .count(db)
        .await?)
}

/// All of the tenant's definitions.
pub(crate) async fn schema(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<AttributeSchema, Error> {
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .all(db)
        .await?;
    let definitions = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(AttributeSchema::of(definitions))
}

/// Records a definition.
///
/// # Errors
/// `AlreadyExists` when the key is taken.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    definition: &AttributeDefinition,
) -> Result<Model, Error> {
    let key = definition.key().as_str();
    let row = Model {
        tenant_id: ctx.tenant,
        key: key.to_owned(),
        display_name: definition.display_name().to_owned(),
        description: definition.description().map(str::to_owned),
        value_type: definition.value_type().code(),
        category: definition.category().code(),
        allowed_values: definition.allowed_values().into(),
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    if Entity::find_by_id((ctx.tenant, key.to_owned()))
        .one(txn)
        .await?
        .is_some()
    {
        return Err(PlatformError::AlreadyExists(resource::attribute_definition(key)).into());
    }
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(row)
}

/// Writes `definition` over the row it was read from.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    definition: &AttributeDefinition,
) -> Result<Model, Error> {
    let row = Model {
        display_name: definition.display_name().to_owned(),
        description: definition.description().map(str::to_owned),
        category: definition.category().code(),
        allowed_values: definition.allowed_values().into(),
        version: before.version + 1,
        update_time: ctx.now,
        ..before
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(before.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Removes a definition. Customers keep the values that they carry.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: &AttributeKey,
) -> Result<(), Error> {
    Entity::delete_by_id((ctx.tenant, key.as_str().to_owned()))
        .exec(txn)
        .await?;
    Ok(())
}

/// The definition that a row holds.
pub(crate) fn from_row(row: &Model) -> Result<AttributeDefinition, Error> {
    let allowed_values = allowed_values(&row.allowed_values)?;
    let parts = AttributeDefinitionParts {
        value_type: i32::from(row.value_type),
        category: i32::from(row.category),
        display_name: &row.display_name,
        description: row.description.as_deref().unwrap_or_default(),
        allowed_values: allowed_values.iter().map(String::as_str).collect(),
    };
    let key = AttributeKey::parse(&row.key).map_err(unreadable(READING))?;
    AttributeDefinition::parse(key, &parts).map_err(unreadable(READING))
}

/// The allowed values that a row holds.
pub(crate) fn allowed_values(json: &Json) -> Result<Vec<String>, Error> {
    Vec::deserialize(json).map_err(unreadable(READING))
}
