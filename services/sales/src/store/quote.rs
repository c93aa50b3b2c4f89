//! Quotes, what they say and what was decided about them.

pub(crate) mod customer;
pub(crate) mod decision;
pub(crate) mod revision;
pub(crate) mod send;

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select,
};
use uuid::Uuid;

use super::entity::quote::{Column, Entity, Model};
use crate::domain::quote::hash::ContentHash;
use crate::domain::quote::state::{QuoteState, Step};
use crate::error::{Error, superseded, unreadable};
use crate::resource::QUOTE;

const READING: &str = "reading a stored quote";

/// One quote.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(QUOTE.format(&[id])))
}

/// Quotes that fit the filter from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(page(ctx, filter, after, limit).all(db).await?)
}

/// The statement of [`list`].
pub(crate) fn page(
    ctx: &Context,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|after| Column::QuoteId.lt(after))))
        .order_by_desc(Column::QuoteId)
        .limit(limit)
}

/// Records a quote.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: &Model) -> Result<(), Error> {
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Writes a changed row over the version that it was read with.
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
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(changed.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Writes the row without changing it: of two transactions that claim or change one quote, the
/// second runs again. False when there is no such quote.
pub(crate) async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<bool, Error> {
    let claimed = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::QuoteId.eq(id))
        .exec(txn)
        .await?;
    Ok(claimed.rows_affected == 1)
}

/// What time ends, of every tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Quotes whose time is over.
    Expiry,
    /// Levels that were asked for too long.
    Escalation,
}

impl Due {
    const fn column(self) -> Column {
        match self {
            Self::Expiry => Column::ExpireTime,
            Self::Escalation => Column::EscalateTime,
        }
    }

    /// When this was due, of a quote for which it is.
    fn time(self, row: &Model) -> Option<Timestamp> {
        match self {
            Self::Expiry => row.expire_time,
            Self::Escalation => row.escalate_time,
        }
    }
}

/// Quotes that are due, the longest due first, from the one after `last` on.
pub(crate) async fn due(
    db: &impl ConnectionTrait,
    which: Due,
    now: Timestamp,
    last: Option<&Model>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let time = which.column();
    let mut due = Entity::find().filter(time.lte(now));
    if which == Due::Expiry {
        due = due.filter(Column::State.lte(QuoteState::Sent.code()));
    }
    if let Some((row, at)) = last.and_then(|row| Some((row, which.time(row)?))) {
        let later = Condition::any().add(time.gt(at)).add(
            Condition::all()
                .add(time.eq(at))
                .add(Column::QuoteId.gt(row.quote_id)),
        );
        due = due.filter(time.gte(at)).filter(later);
    }
    Ok(due
        .order_by_asc(time)
        .order_by_asc(Column::QuoteId)
        .limit(limit)
        .all(db)
        .await?)
}

/// The state in a row.
pub(crate) fn state(row: &Model) -> Result<QuoteState, Error> {
    QuoteState::try_from(i32::from(row.state)).map_err(unreadable(READING))
}

/// Checks that the quote in a row can take a step; answers its state.
///
/// # Errors
/// `InvalidState`.
pub(crate) fn allow(row: &Model, step: Step) -> Result<QuoteState, Error> {
    let state = state(row)?;
    state.allows(step).map_err(|why| Error::InvalidState {
        resource: QUOTE.format(&[row.quote_id]),
        state: state.label(),
        why,
    })?;
    Ok(state)
}

/// A hash in a row.
pub(crate) fn hash(bytes: &[u8]) -> Result<ContentHash, Error> {
    ContentHash::stored(bytes)
        .ok_or("not a SHA-256")
        .map_err(unreadable(READING))
}
