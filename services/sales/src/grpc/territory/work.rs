//! What is worked out in the background: facts about customers, whose they would be by models that
//! are being prepared, and whose they are when facts change. Each step is a transaction that knows
//! where it goes on, so that whatever crashes, the next one does, and doing it twice does no harm.

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{Actor, Context, TenantId};
use rapport_platform::server::Worker;
use rapport_platform::time::Clock;
use sea_orm::DatabaseTransaction;

use super::activate::take_over;
use super::{convert, reassign, tell};
use crate::customers::Customers;
use crate::domain::territory::{ModelState, Preparation};
use crate::error::Error;
use crate::events::facts::fact_read;
use crate::store::entity::territory_desk;
use crate::store::entity::territory_model::Model;
use crate::store::territory::assign::{self, BATCH};
use crate::store::territory::{self, busy, desk, fact, live, moves, proceed, write_desk};

/// How often it looks: so long may a changed customer belong where it did.
const INTERVAL: Duration = Duration::from_secs(2);
/// Steps of one round for one tenant: the others have their turn then.
const STEPS: usize = 50;
/// Who it is, in events and at the customer service.
const ACTOR: &str = "systems/sales-territories";

/// The worker that does it, in one process at a time.
pub(crate) fn worker(db: &Database, clock: &Clock, customers: &Customers) -> Worker {
    let (db, clock, customers) = (db.clone(), clock.clone(), customers.clone());
    Worker::new("sales.territories", move |stop| {
        let (db, clock, customers) = (db.clone(), clock.clone(), customers.clone());
        async move {
            let round = || round(&db, &clock, &customers);
            db.in_rounds("territories", INTERVAL, &stop, round).await;
        }
    })
}

/// Does some of what there is to do for every tenant. One for whom that fails holds up no other.
pub(crate) async fn round(
    db: &Database,
    clock: &Clock,
    customers: &Customers,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let tenants = busy(db.read(), after).await?;
        let Some(last) = tenants.last() else {
            return Ok(());
        };
        after = Some(*last);
        for tenant in tenants {
            some(db, clock, customers, tenant).await;
        }
    }
}

/// Does some of what there is to do for a tenant.
async fn some(db: &Database, clock: &Clock, customers: &Customers, tenant: TenantId) {
    for _ in 0..STEPS {
        match Box::pin(step(db, clock, customers, tenant)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                return tracing::warn!(%error, tenant = ?tenant, "territories not worked out");
            }
        }
    }
}

/// Does one step of what there is to do for a tenant; false when there is nothing.
pub(crate) async fn step(
    db: &Database,
    clock: &Clock,
    customers: &Customers,
    tenant: TenantId,
) -> Result<bool, Error> {
    let actor = Actor::parse(ACTOR)
        .map_err(|error| PlatformError::internal("naming the clock of territories", error))?;
    let ctx = &Context::new(tenant, actor, clock.now());
    let known = desk(ctx, db.read()).await?;
    let filling = known.filter(|it| it.filling);
    let filled = filling.is_none();
    let done = db.write_txn(|txn| async move {
        let told = announce(ctx, &txn).await? || catch_up(ctx, &txn).await?;
        // Only when everybody is known it is known who would move.
        Ok::<_, Error>(
            told || filled && (prepare(ctx, &txn).await? || activate(ctx, &txn).await?)
                || clear(ctx, &txn).await?,
        )
    });
    let done = done.await?;
    match filling {
        Some(desk) => fill(db, ctx, customers, desk).await.map(|()| true),
        None => Ok(done),
    }
}

/// Reads the next customers.
async fn fill(
    db: &Database,
    ctx: &Context,
    customers: &Customers,
    desk: territory_desk::Model,
) -> Result<(), Error> {
    let token = desk.fill_token.clone().unwrap_or_default();
    let page = customers.page(ctx, &token).await?;
    let next = page.as_ref().map(|(_, next)| next.as_str());
    let ended = next == Some("");
    let after = &territory_desk::Model {
        filling: !ended || desk.refill,
        refill: !ended && desk.refill,
        fill_token: next.filter(|it| !it.is_empty()).map(str::to_owned),
        ..desk
    };
    let read = page.iter().flat_map(|(customers, _)| customers);
    let facts = &read.filter_map(|it| fact_read(ctx, it)).collect::<Vec<_>>();
    db.write_txn(|txn| async move {
        // Somebody else was faster, or it is to begin anew: then that counts.
        let now = territory::desk(ctx, &*txn).await?;
        if now.is_none_or(|now| now.version != after.version) {
            return Ok(());
        }
        write_desk(&txn, after.clone()).await?;
        let told = fact::put(ctx, &txn, facts.clone()).await?;
        match live(ctx, &*txn).await?.is_empty() {
            true => Ok(()),
            false => fact::mark(ctx, &txn, &told).await,
        }
    })
    .await
}

/// Tells of the next customers whom the activation of a model moved.
async fn announce(ctx: &Context, txn: &DatabaseTransaction) -> Result<bool, Error> {
    let live = live(ctx, txn).await?;
    let Some(model) = live.into_iter().find(|it| it.announcing) else {
        return Ok(false);
    };
    let rows = moves::list(ctx, txn, &model, model.announce_place, BATCH).await?;
    let time = model.activate_time;
    let row = Model {
        announcing: rows.len() as u64 == BATCH,
        announce_place: rows.last().map(|it| it.customer_id),
        ..model
    };
    let moves = rows.into_iter();
    let moves: Vec<_> = moves
        .map(|row| convert::planned_move(row, None, time))
        .collect();
    match moves.is_empty() {
        true => proceed(txn, row).await?,
        false => tell(ctx, txn, row, moves).await?,
    };
    Ok(true)
}

/// Works out whose the next customers are of whom something changed.
async fn catch_up(ctx: &Context, txn: &DatabaseTransaction) -> Result<bool, Error> {
    let customers = fact::marked(ctx, txn, BATCH).await?;
    if customers.is_empty() {
        return Ok(false);
    }
    reassign(ctx, txn, &customers).await?;
    fact::unmark(ctx, txn, &customers).await?;
    Ok(true)
}

/// Works out whose the next customers would be by a model that is being prepared.
async fn prepare(ctx: &Context, txn: &DatabaseTransaction) -> Result<bool, Error> {
    let running = |it: &Model| it.preparation == Preparation::Running.code();
    let live = live(ctx, txn).await?.into_iter();
    let begun = live.filter(|it| planned(it) && running(it));
    // Somebody waits for the one that is to be activated.
    let Some(model) = begun.min_by_key(|it| !it.activating) else {
        return Ok(false);
    };
    let (last, count) = assign::prepare(ctx, txn, &model).await?;
    let row = Model {
        place: last.or(model.place),
        processed: model.processed + i64::try_from(count).unwrap_or_default(),
        ..model
    };
    let row = match count < BATCH {
        true => Model {
            preparation: Preparation::Ready.code(),
            ..row
        },
        false => row,
    };
    proceed(txn, row).await?;
    Ok(true)
}

/// Makes the model hold that is to and is ready.
async fn activate(ctx: &Context, txn: &DatabaseTransaction) -> Result<bool, Error> {
    let live = live(ctx, txn).await?;
    let Some(model) = live.into_iter().find(|it| planned(it) && it.activating) else {
        return Ok(false);
    };
    let Some(desk) = territory::desk(ctx, txn).await? else {
        return Ok(false);
    };
    let asked = model.activator.as_deref().map(Actor::parse);
    let actor = asked
        .and_then(Result::ok)
        .unwrap_or_else(|| ctx.actor.clone());
    let ctx = &Context {
        actor,
        ..ctx.clone()
    };
    take_over(ctx, txn, model, desk).await?;
    Ok(true)
}

/// Removes whose the next customers would have been by a model that was given up.
async fn clear(ctx: &Context, txn: &DatabaseTransaction) -> Result<bool, Error> {
    let Some(model) = territory::given_up(ctx, txn).await? else {
        return Ok(false);
    };
    let removed = assign::clear(ctx, txn, model.model_id).await?;
    let row = Model {
        clearing: removed >= BATCH,
        ..model
    };
    proceed(txn, row).await?;
    Ok(true)
}

fn planned(row: &Model) -> bool {
    row.state == ModelState::Planning.code()
}
