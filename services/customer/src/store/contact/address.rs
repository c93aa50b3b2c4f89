//! The addresses at which customers can be reached, and which of them are not to be used.

use std::collections::HashMap;

use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::period::Period;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::suppression;
use crate::domain::channel::ChannelSet;
use crate::domain::contact::consent::address_id;
use crate::domain::contact::purposes::PurposeSet;
use crate::domain::contact::standing::Reachable;
use crate::domain::contact_point::ContactPointState;
use crate::domain::invalid::InvalidFields;
use crate::domain::rank::Rank;
use crate::error::Error;
use crate::store::contact_point::rank;
use crate::store::entity::contact_point::{Column, Entity};

/// What decides of an address. The address itself does not.
#[derive(FromQueryResult)]
struct Row {
    customer_id: Uuid,
    contact_point_id: Uuid,
    address_digest: Vec<u8>,
    channels: i32,
    rank: i16,
    valid_from_time: Option<Timestamp>,
    valid_to_time: Option<Timestamp>,
    state: i16,
}

/// The addresses of each of the customers.
pub(crate) async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Reachable>>, Error> {
    let rows = rows(ctx, db, customers).await?;
    let mut addresses: HashMap<Uuid, Vec<Reachable>> = HashMap::new();
    if rows.is_empty() {
        return Ok(addresses);
    }
    let digests = rows.iter().map(|row| row.address_digest.clone());
    let suppressed = suppression::of_addresses(ctx, db, digests).await?;
    for row in rows {
        let stopped = suppressed.get(&row.address_digest).copied();
        let address = reachable(&row, stopped.unwrap_or_default())
            .map_err(|fault| PlatformError::internal("reading a contact point", fault))?;
        addresses.entry(row.customer_id).or_default().push(address);
    }
    Ok(addresses)
}

async fn rows(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Vec<Row>, Error> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::ContactPointId])
        .columns([Column::AddressDigest, Column::Channels, Column::Rank])
        .columns([Column::ValidFromTime, Column::ValidToTime, Column::State])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::CustomerId, customers.to_vec()))
        // Of two with one rank, the older is used.
        .order_by_asc(Column::CustomerId)
        .order_by_asc(Column::ContactPointId)
        .into_model::<Row>()
        .all(db)
        .await?;
    Ok(rows)
}

fn reachable(row: &Row, suppressed: PurposeSet) -> Result<Reachable, InvalidFields> {
    Ok(Reachable {
        contact_point: row.contact_point_id,
        address: address_id(&row.address_digest),
        channels: ChannelSet::from_bits(row.channels),
        rank: Rank::parse(rank(row.rank), u16::MAX)?,
        valid: Period::parse(row.valid_from_time, row.valid_to_time)?,
        state: ContactPointState::try_from(i32::from(row.state))?,
        suppressed,
    })
}
