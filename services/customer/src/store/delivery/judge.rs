//! Whether a message may leave, asked at the last moment.

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{DatabaseTransaction, EntityTrait as _};

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact_point::{ContactPointState, reachable};
use crate::domain::preferences::ContactRefusal;
use crate::error::{Error, unreadable};
use crate::store::entity::{contact_point as point, delivery};
use crate::store::standing::{self, Standing};
use crate::store::{contact_point, preference};

const READING: &str = "reading a stored delivery";

/// What the customer's choice says now.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// It may leave, to this address if the channel needs one.
    Go(Option<point::Model>),
    /// Not before then.
    Later(Timestamp),
    /// It may not. No reason: the customer is gone.
    Refused(Vec<ContactRefusal>),
}

/// Judges a message that is about to leave, as if it were sent now: a choice that was
/// acknowledged before this transaction counts, and none changes until it has ended.
pub(crate) async fn judge(
    ctx: &Context,
    txn: &DatabaseTransaction,
    delivery: &delivery::Model,
) -> Result<Judgement, Error> {
    let channel = Channel::try_from(i32::from(delivery.channel)).map_err(unreadable(READING))?;
    let purpose = Purpose::try_from(i32::from(delivery.purpose)).map_err(unreadable(READING))?;
    preference::hold(ctx, txn, delivery.customer_id).await?;
    let preferences = match standing::of(ctx, txn, delivery.customer_id).await {
        Ok(Standing {
            deleted: false,
            preferences,
        }) => preferences,
        Ok(_) | Err(Error::Platform(PlatformError::NotFound(_))) => {
            return Ok(Judgement::Refused(Vec::new()));
        }
        Err(error) => return Err(error),
    };
    let row = address(ctx, txn, delivery).await?;
    let address = row.as_ref().map(contact_point::from_row).transpose()?;
    let decision = preferences.decide(reachable(&address, ctx.now), channel, purpose);
    let from = row.as_ref().and_then(|row| row.valid_from_time);
    let from = from.filter(|from| *from > ctx.now);
    let works = address.is_some_and(|it| it.state() == ContactPointState::Active);
    match (decision.refusals(), from) {
        ([], _) => Ok(Judgement::Go(row)),
        ([ContactRefusal::NoUsableContactPoint], Some(from)) if works => Ok(Judgement::Later(from)),
        (refusals, _) => Ok(Judgement::Refused(refusals.to_vec())),
    }
}

/// The address that the message was accepted for, unless it was removed since.
async fn address(
    ctx: &Context,
    txn: &DatabaseTransaction,
    delivery: &delivery::Model,
) -> Result<Option<point::Model>, Error> {
    let Some(id) = delivery.contact_point_id else {
        return Ok(None);
    };
    let key = (ctx.tenant, delivery.customer_id, id);
    Ok(point::Entity::find_by_id(key).one(txn).await?)
}
