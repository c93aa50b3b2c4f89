//! Messages that are written once and sent to many.

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::{Deserialize, Serialize};

use super::entity::template::{Column, Entity, Model};
use crate::domain::template::{Template, TemplateId, TemplateParts};
use crate::error::{Error, superseded, unreadable};
use crate::resource;

const READING: &str = "reading a stored template";

/// A merge field as the row keeps it.
#[derive(Serialize, Deserialize)]
struct Field {
    key: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
}

/// One template.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: &TemplateId,
) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, id.as_str().to_owned()))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(resource::template(id.as_str())))
}

/// Templates from behind the id `after` on, by id.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    after: Option<String>,
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

/// How many templates the tenant has.
pub(crate) async fn count(ctx: &Context, db: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .count(db)
        .await?)
}

/// Records a template.
///
/// # Errors
/// `AlreadyExists` when the id is taken.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: &TemplateId,
    template: &Template,
) -> Result<Model, Error> {
    let taken = Entity::find_by_id((ctx.tenant, id.as_str().to_owned()))
        .one(txn)
        .await?;
    if taken.is_some() {
        return Err(PlatformError::AlreadyExists(resource::template(id.as_str())).into());
    }
    let empty = Model {
        tenant_id: ctx.tenant,
        template_id: id.as_str().to_owned(),
        display_name: String::new(),
        channel: 0,
        subject: String::new(),
        text: String::new(),
        html: None,
        merge_fields: serde_json::Value::Null,
        version: 0,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    let row = changed(ctx, empty, template)?;
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(row)
}

/// Writes `template` over the row it was read from.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    template: &Template,
) -> Result<Model, Error> {
    let version = before.version;
    let row = changed(ctx, before, template)?;
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Removes a template.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: &TemplateId,
) -> Result<(), Error> {
    Entity::delete_by_id((ctx.tenant, id.as_str().to_owned()))
        .exec(txn)
        .await?;
    Ok(())
}

/// The template that a row holds.
pub(crate) fn from_row(row: &Model) -> Result<Template, Error> {
    let fields = merge_fields(row)?;
    let parts = TemplateParts {
        display_name: &row.display_name,
        channel: row.channel.into(),
        subject: &row.subject,
        text: &row.text,
        html: row.html.as_deref().unwrap_or_default(),
        merge_fields: fields
            .iter()
            .map(|(key, description)| (key.as_str(), description.as_str()))
            .collect(),
    };
    Template::parse(&parts).map_err(unreadable(READING))
}

/// Key and description of the merge fields that a row holds.
pub(crate) fn merge_fields(row: &Model) -> Result<Vec<(String, String)>, Error> {
    let fields: Vec<Field> =
        Deserialize::deserialize(&row.merge_fields).map_err(unreadable(READING))?;
    let pairs = fields
        .into_iter()
        .map(|field| (field.key, field.description));
    Ok(pairs.collect())
}

fn changed(ctx: &Context, before: Model, template: &Template) -> Result<Model, Error> {
    let fields: Vec<Field> = template
        .merge_fields()
        .iter()
        .map(|field| Field {
            key: field.key().to_owned(),
            description: field.description().unwrap_or_default().to_owned(),
        })
        .collect();
    Ok(Model {
        display_name: template.display_name().to_owned(),
        channel: template.channel().code(),
        subject: template.subject().to_owned(),
        text: template.text().to_owned(),
        html: template.html().map(str::to_owned),
        merge_fields: serde_json::to_value(fields).map_err(unreadable("writing a template"))?,
        version: before.version + 1,
        update_time: ctx.now,
        ..before
    })
}
