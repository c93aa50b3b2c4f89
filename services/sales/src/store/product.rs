//! What is sold, and under which codes.

use std::collections::{HashMap, HashSet};

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::money::Money;
use sea_orm::prelude::Json;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::Deserialize as _;
use uuid::Uuid;

use super::amount;
use super::entity::product::{Column, Entity, Model};
use super::entity::product_code as code;
use crate::domain::product::{Product, ProductCode};
use crate::error::{Error, superseded, unreadable};
use crate::resource;

/// One product.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(resource::product(id)))
}

/// Products that fit the filter from behind `after` on, oldest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|after| Column::ProductId.gt(after))))
        .order_by_asc(Column::ProductId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Those of the products that exist.
pub(crate) async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Model>, Error> {
    let ids: HashSet<Uuid> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ProductId.is_in(ids))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.product_id, row)).collect())
}

/// The products that go by these codes or aliases, by code.
pub(crate) async fn by_code(
    ctx: &Context,
    db: &impl ConnectionTrait,
    codes: &[String],
) -> Result<HashMap<String, Model>, Error> {
    let rows = code::Entity::find()
        .filter(code::Column::TenantId.eq(ctx.tenant))
        .filter(code::Column::Code.is_in(codes))
        .all(db)
        .await?;
    let products = among(ctx, db, rows.iter().map(|row| row.product_id)).await?;
    let found = rows.into_iter().filter_map(|row| {
        let product = products.get(&row.product_id)?.clone();
        Some((row.code, product))
    });
    Ok(found.collect())
}

/// Records a product.
///
/// # Errors
/// `AlreadyExists` when another goes by one of the codes.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    product: &Product,
) -> Result<Model, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        product_id: new_id(),
        version: 1,
        create_time: ctx.now,
        ..columns(ctx, product)
    };
    claim_codes(ctx, txn, row.product_id, product).await?;
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Writes `product` over the row it was read from.
///
/// # Errors
/// `AlreadyExists` when another goes by one of the codes.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    product: &Product,
) -> Result<Model, Error> {
    let row = Model {
        product_id: before.product_id,
        version: before.version + 1,
        create_time: before.create_time,
        ..columns(ctx, product)
    };
    if (&row.code, &row.aliases) != (&before.code, &before.aliases) {
        code::Entity::delete_many()
            .filter(code::Column::TenantId.eq(ctx.tenant))
            .filter(code::Column::ProductId.eq(row.product_id))
            .exec(txn)
            .await?;
        claim_codes(ctx, txn, row.product_id, product).await?;
    }
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(before.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Notes that the codes mean this product, and no other.
async fn claim_codes(
    ctx: &Context,
    txn: &DatabaseTransaction,
    product_id: Uuid,
    product: &Product,
) -> Result<(), Error> {
    let holder = code::Entity::find()
        .filter(code::Column::TenantId.eq(ctx.tenant))
        .filter(code::Column::Code.is_in(product.codes().map(ProductCode::as_str)))
        .one(txn)
        .await?;
    if let Some(holder) = holder {
        let holder = resource::product(holder.product_id);
        return Err(PlatformError::AlreadyExists(holder).into());
    }
    let rows = product.codes().map(|it| code::Model {
        tenant_id: ctx.tenant,
        code: it.as_str().to_owned(),
        product_id,
    });
    code::Entity::insert_many(rows.map(code::ActiveModel::from))
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(())
}

/// What the row takes from the product.
fn columns(ctx: &Context, product: &Product) -> Model {
    let (list_price, list_price_currency) = amount::columns(product.list_price());
    let aliases = product.aliases().iter().map(ProductCode::as_str);
    Model {
        tenant_id: ctx.tenant,
        product_id: Uuid::nil(),
        code: product.code().as_str().to_owned(),
        display_name: product.display_name().to_owned(),
        aliases: aliases.collect::<Vec<_>>().into(),
        series: product.series().map(str::to_owned),
        list_price,
        list_price_currency,
        retired: product.retired(),
        version: 0,
        create_time: ctx.now,
        update_time: ctx.now,
    }
}

/// What one costs.
pub(crate) fn list_price(row: &Model) -> Result<Option<Money>, Error> {
    amount::read(row.list_price, row.list_price_currency.as_deref())
}

/// The other codes in a row.
pub(crate) fn aliases(json: &Json) -> Result<Vec<String>, Error> {
    Vec::deserialize(json).map_err(unreadable("reading a stored product"))
}
