//! Everything that has a say in whether customers may be contacted, in a handful of statements
//! for any number of them.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::{address, consent, counted, times};
use crate::domain::contact::cap::CountedContact;
use crate::domain::contact::consent::{ConsentEvent, Ledger, Member};
use crate::domain::contact::standing::{Reachable, Standing};
use crate::domain::locale::ZoneName;
use crate::domain::preferences::{Joined, Preferences};
use crate::error::{Error, unreadable};
use crate::grpc::convert::contact_times;
use crate::store::entity::customer;
use crate::store::identity::group;
use crate::store::{past_choice, preference};

const READING: &str = "reading what decides about a contact";

/// A customer, and what decides about contacts with it.
pub(crate) struct Found {
    /// Whether it is deleted: then it is not contacted at all.
    pub(crate) deleted: bool,
    /// What decides.
    pub(crate) standing: Standing,
}

/// What matters of the customer itself.
#[derive(FromQueryResult)]
struct Life {
    customer_id: Uuid,
    delete_time: Option<Timestamp>,
    time_zone: Option<String>,
    merged_count: i32,
}

/// Everything that was found, by the record under which it is kept.
struct ByRecord {
    preferences: HashMap<Uuid, Preferences>,
    times: HashMap<Uuid, proto::ContactTimes>,
    ledgers: HashMap<Uuid, Vec<ConsentEvent>>,
    addresses: HashMap<Uuid, Vec<Reachable>>,
    contacts: HashMap<Uuid, Vec<CountedContact>>,
    /// The clocks of merged records, where they are known.
    clocks: HashMap<Uuid, TimeZone>,
}

/// What decides about each of the customers, of all their records together. Those that are not
/// there, or were merged into another, are left out.
pub(crate) async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Found>, Error> {
    let lives = lives(ctx, db, customers).await?;
    let merged = lives.iter().filter(|life| life.merged_count > 0);
    let merged: Vec<Uuid> = merged.map(|life| life.customer_id).collect();
    let mut joined = group::members(ctx, db, &merged).await?;
    let others = joined.values().flatten().map(|member| member.customer);
    let others: Vec<Uuid> = others.collect();
    let own = lives.iter().map(|life| life.customer_id);
    let records: Vec<Uuid> = own.chain(others.iter().copied()).collect();
    let mut all = ByRecord {
        preferences: preference::of_customers(ctx, db, &records).await?,
        times: times::of_customers(ctx, db, &records).await?,
        ledgers: consent::ledgers(ctx, db, &records).await?,
        addresses: address::of_customers(ctx, db, &records).await?,
        contacts: counted::of_customers(ctx, db, &records).await?,
        clocks: clocks(ctx, db, &others).await?,
    };
    let mut found = HashMap::with_capacity(lives.len());
    for life in lives {
        let others = joined.remove(&life.customer_id).unwrap_or_default();
        let zone = life.time_zone.as_deref().and_then(clock);
        let standing = all.take(zone, members(life.customer_id, &others))?;
        let deleted = life.delete_time.is_some();
        found.insert(life.customer_id, Found { deleted, standing });
    }
    Ok(found)
}

/// What decided at an instant about the customer whose records these were: what was chosen, permitted
/// and counted then. Addresses and zones are those of today.
pub(crate) async fn at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: Vec<Member>,
    at: Timestamp,
) -> Result<Standing, Error> {
    let records: Vec<Uuid> = members.iter().map(|it| it.customer).collect();
    let own = members.iter().find(|it| it.joined.is_none());
    let own = own.map(|it| it.customer).unwrap_or_default();
    let mut clocks = clocks(ctx, db, &records).await?;
    let zone = clocks.remove(&own);
    let choices = past_choice::at(ctx, db, &records, at).await?;
    let contacts = counted::at(ctx, db, &records, at).await?;
    let mut all = ByRecord {
        preferences: choices.preferences,
        times: choices.times,
        ledgers: consent::ledgers(ctx, db, &records).await?,
        addresses: address::of_customers(ctx, db, &records).await?,
        contacts: HashMap::from([(own, contacts)]),
        clocks,
    };
    let standing = all.take(zone, members)?;
    let ledger = standing.ledger.known_at(at);
    let mut then = Standing { ledger, ..standing };
    then.drop_expired(at);
    Ok(then)
}

async fn lives(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Vec<Life>, Error> {
    use customer::{Column, Entity};
    Ok(Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::DeleteTime])
        .columns([Column::TimeZone, Column::MergedCount])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::CustomerId, customers.to_vec()))
        .filter(Column::MergedInto.is_null())
        .into_model::<Life>()
        .all(db)
        .await?)
}

/// The clocks of merged records, of those whose zone is known.
async fn clocks(
    ctx: &Context,
    db: &impl ConnectionTrait,
    records: &[Uuid],
) -> Result<HashMap<Uuid, TimeZone>, Error> {
    use customer::{Column, Entity};
    if records.is_empty() {
        return Ok(HashMap::new());
    }
    let zones: Vec<(Uuid, String)> = Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::TimeZone])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(records.iter().copied()))
        .filter(Column::TimeZone.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    let zones = zones.into_iter();
    Ok(zones
        .filter_map(|(record, name)| Some((record, clock(&name)?)))
        .collect())
}

impl ByRecord {
    /// What decides about one customer, whose records these are: the least permissive of what they
    /// say.
    fn take(&mut self, zone: Option<TimeZone>, members: Vec<Member>) -> Result<Standing, Error> {
        let own = members.iter().find(|it| it.joined.is_none());
        let own = own.and_then(|it| self.preferences.remove(&it.customer));
        let theirs = members.iter().filter_map(|member| {
            Some(Joined {
                since: member.joined?,
                preferences: self.preferences.get(&member.customer)?,
            })
        });
        let preferences = own.unwrap_or_default();
        let preferences = preferences.merged_with(&theirs.collect::<Vec<_>>());
        let mut standing = Standing {
            preferences,
            quiet_hours: Vec::new(),
            pauses: Vec::new(),
            caps: Vec::new(),
            zone,
            ledger: Ledger::default(),
            addresses: Vec::new(),
            contacts: Vec::new(),
        };
        let mut events = Vec::new();
        for Member { customer, .. } in &members {
            let times = self.times.remove(customer).unwrap_or_default();
            let times = contact_times::parse(&times).map_err(unreadable(READING))?;
            // Whoever said when it is night meant the clock where they are.
            let clock = self.clocks.get(customer);
            let quiet = times.quiet_hours.into_iter();
            let quiet = quiet.map(|it| it.by_clock(clock.cloned()));
            standing.quiet_hours.extend(quiet);
            standing.pauses.extend(times.pauses);
            standing.caps.extend(times.caps);
            events.extend(self.ledgers.remove(customer).unwrap_or_default());
            let addresses = self.addresses.remove(customer).unwrap_or_default();
            standing.addresses.extend(addresses);
            let contacts = self.contacts.remove(customer).unwrap_or_default();
            standing.contacts.extend(contacts);
        }
        standing.ledger = Ledger::new(events, members);
        Ok(standing)
    }
}

/// A customer's records, its own and others.
fn members(own: Uuid, others: &[group::Member]) -> Vec<Member> {
    let joined = others.iter().map(|member| Member {
        customer: member.customer,
        joined: Some(member.joined),
    });
    let own = Member {
        customer: own,
        joined: None,
    };
    std::iter::once(own).chain(joined).collect()
}

/// A zone that the database of zones no longer knows counts as none.
fn clock(name: &str) -> Option<TimeZone> {
    ZoneName::parse(name).ok().map(|name| name.zone())
}
