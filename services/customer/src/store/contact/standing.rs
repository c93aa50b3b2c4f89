//! Everything that has a say in whether customers may be contacted, in a handful of statements
//! for any number of them.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{consent, permit, suppression, times};
use crate::domain::channel::ChannelSet;
use crate::domain::contact::consent::{Ledger, Member};
use crate::domain::contact::decision::{Reachable, Standing};
use crate::domain::contact::purposes::PurposeSet;
use crate::domain::contact_point::ContactPointState;
use crate::domain::locale::ZoneName;
use crate::domain::period::Period;
use crate::domain::rank::Rank;
use crate::error::{Error, unreadable};
use crate::grpc::convert::contact_times;
use crate::store::entity::{contact_point, customer};
use crate::store::{contact_point as points, preference};

const READING: &str = "reading what decides about a contact";

/// A customer, and what decides about contacts with it.
pub(crate) struct Found {
    /// Whether it is deleted: then it is not contacted at all.
    pub(crate) deleted: bool,
    /// What decides.
    pub(crate) standing: Standing,
}

/// What decides about each of the customers; those that are not there are left out.
pub(crate) async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Found>, Error> {
    let lives: Vec<(Uuid, Option<Timestamp>, Option<String>)> = customer::Entity::find()
        .select_only()
        .columns([
            customer::Column::CustomerId,
            customer::Column::DeleteTime,
            customer::Column::TimeZone,
        ])
        .filter(customer::Column::TenantId.eq(ctx.tenant))
        .filter(customer::Column::CustomerId.is_in(customers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let mut preferences = preference::of_customers(ctx, db, customers).await?;
    let mut times = times::of_customers(ctx, db, customers).await?;
    let mut ledgers = consent::ledgers(ctx, db, customers).await?;
    let mut addresses = addresses(ctx, db, customers).await?;
    let mut contacts = permit::counted(ctx, db, customers).await?;
    let mut found = HashMap::with_capacity(lives.len());
    for (id, delete_time, zone) in lives {
        let times = times.remove(&id).unwrap_or_default();
        let times = contact_times::parse(&times).map_err(unreadable(READING))?;
        let me = Member {
            customer: id,
            joined: None,
        };
        let standing = Standing {
            preferences: preferences.remove(&id).unwrap_or_default(),
            quiet_hours: times.quiet_hours,
            pauses: times.pauses,
            caps: times.caps,
            zone: zone.as_deref().and_then(clock),
            ledger: Ledger::new(ledgers.remove(&id).unwrap_or_default(), vec![me]),
            addresses: addresses.remove(&id).unwrap_or_default(),
            contacts: contacts.remove(&id).unwrap_or_default(),
        };
        let deleted = delete_time.is_some();
        found.insert(id, Found { deleted, standing });
    }
    Ok(found)
}

/// A zone that the database of zones no longer knows counts as none.
fn clock(name: &str) -> Option<TimeZone> {
    ZoneName::parse(name).ok().map(|name| name.zone())
}

async fn addresses(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Reachable>>, Error> {
    let rows = points::of_customers(ctx, db, customers).await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let digests = rows.iter().map(|row| row.address_digest.clone());
    let suppressed = suppression::of_addresses(ctx, db, digests).await?;
    let mut addresses: HashMap<Uuid, Vec<Reachable>> = HashMap::new();
    for row in rows {
        let stopped = suppressed.get(&row.address_digest).copied();
        let address = reachable(&row, stopped.unwrap_or_default())
            .map_err(|fault| PlatformError::internal(READING, fault))?;
        addresses.entry(row.customer_id).or_default().push(address);
    }
    Ok(addresses)
}

fn reachable(
    row: &contact_point::Model,
    suppressed: PurposeSet,
) -> Result<Reachable, crate::domain::invalid::InvalidFields> {
    Ok(Reachable {
        contact_point: row.contact_point_id,
        channels: ChannelSet::from_bits(row.channels),
        rank: Rank::parse(points::rank(row), u16::MAX)?,
        valid: Period::parse(row.valid_from_time, row.valid_to_time)?,
        state: ContactPointState::try_from(i32::from(row.state))?,
        suppressed,
    })
}
