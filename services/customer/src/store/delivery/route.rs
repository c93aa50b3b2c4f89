//! By which way the messages of each channel leave.

use rapport_platform::db::retry_if_taken;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};

use crate::domain::channel::Channel;
use crate::domain::delivery::{Connector, MailServer};
use crate::error::{Error, superseded, unreadable};
use crate::store::entity::delivery_route::{Column, Entity, Model};

/// A channel's route, if somebody set it.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    channel: Channel,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((ctx.tenant, channel.code()))
        .one(db)
        .await
}

/// The routes that somebody set: at most one per channel.
pub(crate) async fn all(ctx: &Context, db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .order_by_asc(Column::Channel)
        .all(db)
        .await
}

/// Who carries out what leaves by this route. Where the mail server is gone from the
/// configuration, its mail waits in the queue.
pub(crate) fn connector(
    route: Option<&Model>,
    channel: Channel,
    mail: MailServer,
) -> Result<Connector, Error> {
    let Some(route) = route else {
        return Ok(Connector::usual_for(channel, mail));
    };
    let set = Connector::try_from(i32::from(route.connector))
        .map_err(unreadable("reading a stored delivery route"))?;
    Ok(match (set, mail) {
        (Connector::Smtp, MailServer::Absent) => Connector::Queue,
        _ => set,
    })
}

/// Writes a route over the one that was read; version 0 when there was none.
pub(crate) async fn put(txn: &DatabaseTransaction, changed: Model) -> Result<Model, Error> {
    let version = changed.version;
    let row = Model {
        version: version + 1,
        ..changed
    };
    if version == 0 {
        Entity::insert(row.clone().into_active_model())
            .exec_without_returning(txn)
            .await
            .map_err(retry_if_taken)?;
        return Ok(row);
    }
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Stops a route whose receiver wants no more, unless it was changed since.
pub(crate) async fn stop(
    ctx: &Context,
    txn: &DatabaseTransaction,
    channel: Channel,
    url: &str,
) -> Result<(), Error> {
    match find(ctx, txn, channel).await? {
        Some(route) if route.url.as_deref() == Some(url) && route.stop_time.is_none() => {
            let stopped = Model {
                stop_time: Some(ctx.now),
                update_time: ctx.now,
                ..route
            };
            put(txn, stopped).await.map(|_| ())
        }
        _ => Ok(()),
    }
}
