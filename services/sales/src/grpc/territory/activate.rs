//! Preparing models, and making them hold.

use std::sync::Arc;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::models::TerritoryModels;
use super::{convert, events, publish};
use crate::domain::territory::{MOST_PREPARED, ModelState, Preparation, Step};
use crate::error::Error;
use crate::resource::TERRITORY_MODEL;
use crate::store::entity::territory_desk;
use crate::store::entity::territory_model::Model;
use crate::store::territory::{
    self, activating, desk, moves, others_prepared, outdate_others, pin, preparing, unprepared,
    write_desk,
};

impl TerritoryModels {
    pub(super) async fn prepare(
        &self,
        ctx: Context,
        request: proto::PrepareTerritoryModelRequest,
    ) -> Result<proto::TerritoryModel, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let ctx = &ctx;
        let step = |txn: Arc<DatabaseTransaction>, row| async move {
            claim_desk(ctx, &txn).await?;
            begin(ctx, &txn, row).await
        };
        self.step(ctx, &request, named, Step::Plan, step).await
    }

    pub(super) async fn activate(
        &self,
        ctx: Context,
        request: proto::ActivateTerritoryModelRequest,
    ) -> Result<proto::TerritoryModel, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let ctx = &ctx;
        let step = |txn: Arc<DatabaseTransaction>, row: Model| async move {
            claim_desk(ctx, &txn).await?;
            if let Some(other) = activating(ctx, &*txn).await? {
                return Err(Error::InvalidState {
                    resource: TERRITORY_MODEL.format(&[other]),
                    state: "ACTIVATING",
                    why: "is about to be activated. Cancel that first, or wait.",
                });
            }
            let row = match row.preparation {
                0 => begin(ctx, &txn, row).await?,
                _ => row,
            };
            Ok(Model {
                activating: true,
                activator: Some(ctx.actor.to_string()),
                ..row
            })
        };
        self.step(ctx, &request, named, Step::Plan, step).await
    }

    pub(super) async fn cancel(
        &self,
        ctx: Context,
        request: proto::CancelTerritoryModelRequest,
    ) -> Result<proto::TerritoryModel, Error> {
        let step = |_, row: Model| async move {
            let running = row.preparation == Preparation::Running.code();
            if !running && !row.activating {
                return Err(Error::InvalidState {
                    resource: TERRITORY_MODEL.format(&[row.model_id]),
                    state: "PLANNING",
                    why: "is neither being prepared nor about to be activated.",
                });
            }
            let stopped = Model {
                activating: false,
                activator: None,
                ..row
            };
            Ok(match running {
                true => unprepared(stopped),
                false => stopped,
            })
        };
        let named = (request.name.as_str(), "");
        self.step(&ctx, &request, named, Step::Cancel, step).await
    }

    pub(super) async fn archive(
        &self,
        ctx: Context,
        request: proto::ArchiveTerritoryModelRequest,
    ) -> Result<proto::TerritoryModel, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let now = ctx.now;
        let step = |_, row| async move {
            Ok(Model {
                state: ModelState::Archived.code(),
                archive_time: Some(now),
                clearing: true,
                ..unprepared(row)
            })
        };
        self.step(&ctx, &request, named, Step::Plan, step).await
    }

    /// Takes a step of a model, over the version that it was read with.
    async fn step<Req, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        (name, etag): (&str, &str),
        step: Step,
        work: W,
    ) -> Result<proto::TerritoryModel, Error>
    where
        Req: RequestId,
        W: Fn(Arc<DatabaseTransaction>, Model) -> F + Sync,
        F: Future<Output = Result<Model, Error>> + Send,
    {
        let [id] = TERRITORY_MODEL.parse("name", name)?;
        let work = &work;
        self.0
            .once(ctx, request, |txn| async move {
                let row = territory::get_for(ctx, &*txn, id, step).await?;
                Etag::check(name, etag, row.version)?;
                let changed = work(txn.clone(), row).await?;
                publish(ctx, &txn, changed).await
            })
            .await
    }
}

/// Of two that are to be prepared or activated at once, the second finds the first.
async fn claim_desk(ctx: &Context, txn: &DatabaseTransaction) -> Result<(), Error> {
    match desk(ctx, txn).await? {
        Some(desk) => write_desk(txn, desk).await,
        None => Ok(()),
    }
}

/// The model with its preparation begun, unless too many others are prepared.
async fn begin(ctx: &Context, txn: &DatabaseTransaction, row: Model) -> Result<Model, Error> {
    if others_prepared(ctx, txn, row.model_id).await? >= MOST_PREPARED {
        return Err(Error::InvalidState {
            resource: TERRITORY_MODEL.format(&[row.model_id]),
            state: "TOO_MANY_PREPARED",
            why: "would be the sixth that is prepared, and five are the most. Archive one of them, or change its territories.",
        });
    }
    Ok(preparing(row))
}

/// The model that is ready holds from now on: one transaction of a few statements, however many
/// customers there are, because it is written whose they are.
pub(super) async fn take_over(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    desk: territory_desk::Model,
) -> Result<(), Error> {
    let id = row.model_id;
    let previous = match desk.active_model_id {
        Some(previous) => Some(territory::get(ctx, txn, previous).await?),
        None => None,
    };
    // Never before the other one began, whatever clocks say.
    let begun = previous.as_ref().and_then(|it| it.activate_time);
    let time = begun.map_or(ctx.now, |begun| begun.max(ctx.now));
    let name = previous
        .as_ref()
        .map(|it| TERRITORY_MODEL.format(&[it.model_id]));
    if let Some(previous) = previous {
        let archived = Model {
            state: ModelState::Archived.code(),
            archive_time: Some(time),
            ..previous
        };
        publish(ctx, txn, archived).await?;
    }
    let held = Model {
        state: ModelState::Active.code(),
        activating: false,
        activate_time: Some(time),
        announcing: true,
        announce_place: None,
        moved: moves::total(ctx, txn, &row).await?,
        lost_pins: pin::count_lost(ctx, txn, id).await?,
        ..row
    };
    let row = territory::write(ctx, txn, held).await?;
    outdate_others(ctx, txn, id).await?;
    let holds = territory_desk::Model {
        active_model_id: Some(id),
        ..desk
    };
    write_desk(txn, holds).await?;
    let version = row.version;
    let model = convert::model(row);
    let event = events::model_activated(&model, version, name.unwrap_or_default());
    Ok(outbox::append(txn, ctx, &[event]).await?)
}
