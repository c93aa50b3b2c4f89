//! Territories: `TerritoryModelService`, `TerritoryService` and `CustomerTerritoryService`, and what
//! is worked out for them in the background.

mod activate;
mod customers;
mod models;
mod territories;
mod work;

pub(crate) use customers::CustomerTerritories;
pub(crate) use models::TerritoryModels;
pub(crate) use territories::Territories;
pub(crate) use work::worker;
#[cfg(test)]
pub(crate) use work::{round, step};

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::convert::territory as convert;
use crate::error::Error;
use crate::events::territory as events;
use crate::resource::TERRITORY_MODEL;
use crate::store::entity::territory_model::Model;
use crate::store::territory::{self, assign};

/// Writes a model over the version that it was read with, tells of it, and answers it.
async fn publish(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: Model,
) -> Result<proto::TerritoryModel, Error> {
    let row = territory::write(ctx, txn, changed).await?;
    let version = row.version;
    let model = convert::model(row);
    outbox::append(txn, ctx, &[events::model_changed(&model, version)]).await?;
    Ok(model)
}

/// Works out anew whose customers are, and tells who moved.
async fn reassign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), Error> {
    let Some((model, moves)) = assign::assign(ctx, txn, customers).await? else {
        return Ok(());
    };
    if moves.is_empty() {
        return Ok(());
    }
    let moves = moves.into_iter().map(convert::single_move).collect();
    tell(ctx, txn, model, moves).await.map(drop)
}

/// Tells who moved under a model, and counts that.
async fn tell(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: Model,
    moves: Vec<proto::TerritoryMove>,
) -> Result<Model, Error> {
    let told = Model {
        announced: model.announced + 1,
        ..model
    };
    let row = territory::proceed(txn, told).await?;
    let name = TERRITORY_MODEL.format(&[row.model_id]);
    let event = events::customers_moved(name, row.announced, moves);
    outbox::append(txn, ctx, &[event]).await?;
    Ok(row)
}
