//! Who may write calendars, and what others see of them.

use rapport_platform::identity::Context;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::error::Error;
use crate::grpc::convert::calendar as convert;
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
    /// What somebody sees who may know of it.
    pub(in crate::grpc) const fn of(takes_part: bool, private: bool) -> Self {
        match takes_part || !private {
            true => Self::Full,
            false => Self::Times,
        }
    }
}

/// The caller, if he sells. Refuses those who do and are another.
///
/// # Errors
/// `NotFound` for the seller, `NotSubordinate`.
pub(in crate::grpc) async fn require_own(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<Uuid>, Error> {
    seller::get(ctx, db, id).await?;
    let caller = seller::of_principal(ctx, db, &ctx.actor).await?;
    let caller = caller.map(|it| it.seller_id);
    match caller.is_none_or(|it| it == id) {
        true => Ok(caller),
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
) -> Result<View, Error> {
    let private = convert::is_private(&convert::said(&record.row.document)?.document);
    let Some(caller) = seller::of_principal(ctx, db, &ctx.actor).await? else {
        return Ok(View::of(false, private));
    };
    let sellers = record.attendees.iter().filter_map(|it| it.seller_id);
    let sellers: Vec<Uuid> = sellers.collect();
    if sellers.contains(&caller.seller_id) {
        return Ok(View::Full);
    }
    match seller::manages(ctx, db, caller.seller_id, &sellers).await? {
        true => Ok(View::of(false, private)),
        false => Err(Error::NotSubordinate(resource::seller(
            record.row.organizer_id,
        ))),
    }
}
