//! Territories: versions of how customers are divided, and whose each customer is.

pub(crate) mod assign;
pub(crate) mod cover;
pub(crate) mod fact;
pub(crate) mod moves;
pub(crate) mod pin;
mod plan;
pub(crate) mod rule;
pub(crate) mod seat;
pub(crate) mod tree;

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::{Context, TenantId};
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, FromQueryResult, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Statement,
};
use uuid::Uuid;

use super::entity::territory_desk as desk;
use super::entity::territory_model::{Column, Entity, Model};
use super::rows::latest_first;
use crate::domain::territory::{Description, ModelState, Preparation, Step, allow};
use crate::error::{Error, superseded, unreadable};
use crate::resource::TERRITORY_MODEL;

/// What the service knows about the tenant's territories; none where it has none.
pub(crate) async fn desk(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Option<desk::Model>, Error> {
    Ok(desk::Entity::find_by_id(ctx.tenant).one(db).await?)
}

/// Begins to keep what territories depend on, unless that is done.
async fn open_desk(ctx: &Context, txn: &DatabaseTransaction) -> Result<(), Error> {
    let row = desk::Model {
        tenant_id: ctx.tenant,
        active_model_id: None,
        filling: true,
        refill: false,
        fill_token: None,
        version: 1,
    };
    let there = OnConflict::column(desk::Column::TenantId)
        .do_nothing()
        .to_owned();
    desk::Entity::insert(row.into_active_model())
        .on_conflict(there)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Writes the desk over the version that it was read with.
pub(crate) async fn write_desk(
    txn: &DatabaseTransaction,
    changed: desk::Model,
) -> Result<(), Error> {
    let before = changed.version;
    let row = desk::Model {
        version: before + 1,
        ..changed
    };
    desk::Entity::update(row.into_active_model().reset_all())
        .validate()?
        .filter(desk::Column::Version.eq(before))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(())
}

/// One model.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(TERRITORY_MODEL.format(&[id])))
}

/// One model, in whose state the step may be taken.
///
/// # Errors
/// `NotFound`, `InvalidState`.
pub(crate) async fn get_for(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
    step: Step,
) -> Result<Model, Error> {
    let row = get(ctx, db, id).await?;
    let refused = |(state, why)| Error::InvalidState {
        resource: TERRITORY_MODEL.format(&[id]),
        state,
        why,
    };
    allow(state(&row)?, row.activating, step).map_err(refused)?;
    Ok(row)
}

/// Whether the model in the row holds.
pub(crate) fn state(row: &Model) -> Result<ModelState, Error> {
    ModelState::try_from(i32::from(row.state)).map_err(unreadable("reading a territory model"))
}

/// Models that fit the filter from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let key = [Column::TenantId, Column::ModelId];
    let rows = latest_first::<Entity>(ctx, key, filter, after, limit);
    Ok(rows.all(db).await?)
}

/// The models under which it is kept up to date whose customers are: the one that holds, first,
/// and those that are prepared.
pub(crate) async fn live(ctx: &Context, db: &impl ConnectionTrait) -> Result<Vec<Model>, Error> {
    let planned = Condition::all()
        .add(Column::State.eq(ModelState::Planning.code()))
        .add(Column::Preparation.ne(0));
    let either = Condition::any()
        .add(Column::State.eq(ModelState::Active.code()))
        .add(planned);
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(either)
        .order_by_desc(Column::State)
        .order_by_asc(Column::ModelId)
        .all(db)
        .await?)
}

/// Records a model that is being planned.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    description: &Description,
) -> Result<Model, Error> {
    open_desk(ctx, txn).await?;
    let Description {
        display_name,
        description,
    } = description.clone();
    let row = Model {
        tenant_id: ctx.tenant,
        model_id: new_id(),
        display_name,
        description,
        state: ModelState::Planning.code(),
        preparation: 0,
        place: None,
        processed: 0,
        activating: false,
        activator: None,
        announcing: false,
        announce_place: None,
        announced: 0,
        clearing: false,
        activate_time: None,
        archive_time: None,
        moved: 0,
        lost_pins: 0,
        progress: 0,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(row)
}

/// Writes what somebody changed over the version that it was read with.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: Model,
) -> Result<Model, Error> {
    let row = Model {
        version: changed.version + 1,
        update_time: ctx.now,
        ..changed
    };
    advance(txn, changed.version, row).await
}

/// Writes what the work in the background did, which is no new version for people.
pub(crate) async fn proceed(txn: &DatabaseTransaction, changed: Model) -> Result<Model, Error> {
    let version = changed.version;
    advance(txn, version, changed).await
}

async fn advance(txn: &DatabaseTransaction, version: i64, changed: Model) -> Result<Model, Error> {
    let row = Model {
        progress: changed.progress + 1,
        ..changed
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(version))
        .filter(Column::Progress.eq(changed.progress))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// The model with nothing prepared, as after any change of its territories.
pub(crate) fn unprepared(row: Model) -> Model {
    Model {
        preparation: 0,
        place: None,
        processed: 0,
        ..row
    }
}

/// The model with its preparation begun.
pub(crate) fn preparing(row: Model) -> Model {
    Model {
        preparation: Preparation::Running.code(),
        ..unprepared(row)
    }
}

/// How many other models are prepared or being prepared.
pub(crate) async fn others_prepared(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<u64, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::State.eq(ModelState::Planning.code()))
        .filter(Column::Preparation.ne(0))
        .filter(Column::ModelId.ne(id))
        .count(db)
        .await?)
}

/// Whether another model is about to be activated.
pub(crate) async fn activating(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Option<Uuid>, Error> {
    Ok(Entity::find()
        .select_only()
        .column(Column::ModelId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::State.eq(ModelState::Planning.code()))
        .filter(Column::Activating.eq(true))
        .into_tuple()
        .one(db)
        .await?)
}

/// A model that was given up and of which something is still to be removed.
pub(crate) async fn given_up(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Clearing.eq(true))
        .one(db)
        .await?)
}

/// What was prepared of the other models is out of date, because this one holds now.
pub(crate) async fn outdate_others(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<(), Error> {
    use sea_orm::sea_query::{Expr, ExprTrait as _};
    Entity::update_many()
        .col_expr(Column::Preparation, Expr::value(0_i16))
        .col_expr(Column::Place, Expr::value(None::<Uuid>))
        .col_expr(Column::Processed, Expr::value(0_i64))
        .col_expr(Column::Progress, Expr::col(Column::Progress).add(1))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::State.eq(ModelState::Planning.code()))
        .filter(Column::ModelId.ne(id))
        .exec(txn)
        .await?;
    Ok(())
}

/// The model that held at a time.
pub(crate) async fn held_at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    time: Timestamp,
) -> Result<Option<Model>, Error> {
    let until = Condition::any()
        .add(Column::ArchiveTime.is_null())
        .add(Column::ArchiveTime.gt(time));
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ActivateTime.lte(time))
        .filter(until)
        .one(db)
        .await?)
}

/// Tenants for whom there is work in the background, by their ids.
const BUSY: &str = "\
SELECT tenant_id FROM (
  SELECT tenant_id FROM territory_desk WHERE filling
  UNION SELECT tenant_id FROM territory_model
    WHERE announcing OR clearing OR (state = 1 AND (preparation = 1 OR activating))
  UNION SELECT tenant_id FROM customer_fact_change
) AS busy WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 100";

/// Up to a hundred of them, from behind `after` on.
pub(crate) async fn busy(
    db: &impl ConnectionTrait,
    after: Option<TenantId>,
) -> Result<Vec<TenantId>, PlatformError> {
    #[derive(FromQueryResult)]
    struct Row {
        tenant_id: TenantId,
    }
    let after = after.map_or(Uuid::nil(), TenantId::as_uuid);
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, BUSY, [after.into()]);
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}
