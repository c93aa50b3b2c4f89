//! Who may write calendars, and what others see of them.

use rapport_platform::identity::Context;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::error::Error;
use crate::resource;
use crate::store::calendar::Record;
use crate::store::seller;

/// What somebody sees of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grpc) enum View {
    /// All of it.
    Full,
    /// When it is.
    Times,
}

impl View {
    /// What those see who do not take part.
    pub(in crate::grpc) const fn outside(private: bool) -> Self {
        match private {
            true => Self::Times,
            false => Self::Full,
        }
    }
}

/// Refuses those who sell and are another.
///
/// # Errors
/// `NotFound` for the seller, `NotSubordinate`.
pub(in crate::grpc) async fn require_own(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<(), Error> {
    seller::get(ctx, db, id).await?;
    let caller = seller::of_principal(ctx, db, &ctx.actor).await?;
    match caller.is_none_or(|it| it.seller_id == id) {
        true => Ok(()),
        false => Err(Error::NotSubordinate(resource::seller(id))),
    }
}

/// The caller, if he sells, once he may read the calendar of a seller.
///
/// # Errors
/// `NotFound` for the seller, `NotSubordinate`.
pub(in crate::grpc) async fn reader(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<Uuid>, Error> {
    let chain = seller::chain(ctx, db, id).await?;
    let caller = seller::of_principal(ctx, db, &ctx.actor).await?;
    let caller = caller.map(|it| it.seller_id);
    match caller.is_none_or(|it| chain.contains(&it)) {
        true => Ok(caller),
        false => Err(Error::NotSubordinate(resource::seller(id))),
    }
}

/// What the caller sees of an event.
///
/// # Errors
/// `NotSubordinate` when he may not even know of it.
pub(in crate::grpc) async fn of_event(
    ctx: &Context,
    db: &impl ConnectionTrait,
    record: &Record,
    private: bool,
) -> Result<View, Error> {
    let caller = seller::of_principal(ctx, db, &ctx.actor).await?;
    let caller = caller.map(|it| it.seller_id);
    let takes_part = |id| record.attendees.iter().any(|it| it.seller_id == Some(id));
    if caller.is_some_and(takes_part) {
        return Ok(View::Full);
    }
    reader(ctx, db, record.row.organizer_id).await?;
    Ok(View::outside(private))
}
