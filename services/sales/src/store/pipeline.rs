//! The ways of opportunities.

use std::collections::HashMap;

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::prelude::Json;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use uuid::Uuid;

use super::entity::pipeline::{Column, Entity, Model};
use crate::domain::pipeline::{CloseReason, Pipeline, Stage};
use crate::error::{Error, superseded, unreadable};
use crate::resource;

const READING: &str = "reading a stored pipeline";

/// One pipeline.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(resource::pipeline(id)))
}

/// Pipelines from behind `after` on, oldest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Condition::all().add_option(after.map(|after| Column::PipelineId.gt(after))))
        .order_by_asc(Column::PipelineId)
        .limit(limit)
        .all(db)
        .await?)
}

/// How many the tenant has.
pub(crate) async fn count(ctx: &Context, db: &impl ConnectionTrait) -> Result<u64, Error> {
    let all = Entity::find().filter(Column::TenantId.eq(ctx.tenant));
    Ok(all.count(db).await?)
}

/// Those of the pipelines that exist, held as they are until the transaction ends: no stage is
/// taken away from under an opportunity that enters it.
pub(crate) async fn hold(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Pipeline>, Error> {
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::PipelineId.is_in(ids))
        .lock_shared()
        .all(txn)
        .await?;
    let read = rows.iter().map(|row| Ok((row.pipeline_id, read(row)?)));
    read.collect()
}

/// Records a pipeline.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    pipeline: &Pipeline,
) -> Result<Model, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        pipeline_id: new_id(),
        display_name: pipeline.display_name().to_owned(),
        stages: stages(pipeline)?,
        close_reasons: close_reasons(pipeline)?,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Writes `pipeline` over the row it was read from.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    pipeline: &Pipeline,
) -> Result<Model, Error> {
    let row = Model {
        display_name: pipeline.display_name().to_owned(),
        stages: stages(pipeline)?,
        close_reasons: close_reasons(pipeline)?,
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

/// The pipeline in a row.
pub(crate) fn read(row: &Model) -> Result<Pipeline, Error> {
    let (stages, reasons) = (parts(&row.stages)?, parts(&row.close_reasons)?);
    Pipeline::parse(&row.display_name, &stages, &reasons).map_err(unreadable(READING))
}

fn parts<T: DeserializeOwned>(json: &Json) -> Result<Vec<T>, Error> {
    Vec::deserialize(json).map_err(unreadable(READING))
}

fn stages(pipeline: &Pipeline) -> Result<Json, Error> {
    json(pipeline.stages().iter().map(Stage::parts))
}

fn close_reasons(pipeline: &Pipeline) -> Result<Json, Error> {
    json(pipeline.close_reasons().iter().map(CloseReason::parts))
}

fn json<T: Serialize>(parts: impl Iterator<Item = T>) -> Result<Json, Error> {
    let parts: Vec<T> = parts.collect();
    serde_json::to_value(parts).map_err(unreadable("writing a pipeline"))
}
