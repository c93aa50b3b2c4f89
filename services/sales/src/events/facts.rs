//! What territories depend on: facts about customers, as the customer service tells them. Of
//! companies without territories nothing is kept.

use prost::Name as _;
use rapport_platform::identity::Context;
use rapport_platform::outbox::{Event, HandleError};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1::attribute_value::Value;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::{self as customer, AttributeValue, Customer};
use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::Error;
use crate::resource::CUSTOMER;
use crate::store::entity::customer_fact::Model;
use crate::store::entity::territory_desk;
use crate::store::territory::{assign, desk, fact, pin, write_desk};

/// What tells of facts, beside merges and erasures.
pub(super) fn kinds() -> [String; 5] {
    [
        customer::CustomerCreated::full_name(),
        customer::CustomerUpdated::full_name(),
        customer::CustomerDeleted::full_name(),
        customer::CustomerUndeleted::full_name(),
        customer::ImportRunEnded::full_name(),
    ]
}

/// What an event tells of.
pub(super) enum Told {
    /// A customer as it is now.
    Customer(Box<Customer>),
    /// That many were imported, of whom nothing else is told.
    Imported,
    /// Nothing new.
    Nothing,
}

/// Something became true of a customer, or of many.
pub(super) async fn changed(
    ctx: &Context,
    txn: &DatabaseTransaction,
    told: Told,
    time: Timestamp,
) -> Result<(), Error> {
    let Some(desk) = desk(ctx, txn).await? else {
        return Ok(());
    };
    match told {
        Told::Customer(now) => keep(ctx, txn, fact_of(ctx, &now, time)).await,
        Told::Imported => read_again(txn, desk).await,
        Told::Nothing => Ok(()),
    }
}

/// What an event tells of.
pub(super) fn told(event: &Event) -> Result<Told, HandleError> {
    if event.kind == customer::ImportRunEnded::full_name() {
        let run: customer::ImportRunEnded = event.fact()?;
        return Ok(match (run.created_count, run.updated_count) {
            (0, 0) => Told::Nothing,
            _ => Told::Imported,
        });
    }
    let now = if event.kind == customer::CustomerCreated::full_name() {
        event.fact::<customer::CustomerCreated>()?.customer
    } else if event.kind == customer::CustomerUpdated::full_name() {
        event.fact::<customer::CustomerUpdated>()?.customer
    } else if event.kind == customer::CustomerDeleted::full_name() {
        event.fact::<customer::CustomerDeleted>()?.customer
    } else {
        event.fact::<customer::CustomerUndeleted>()?.customer
    };
    now.map(|now| Told::Customer(Box::new(now)))
        .ok_or(HandleError::Rejected("CUSTOMER_UNNAMED"))
}

/// Customers of a run are not told of one by one, so all are read again: after those who are being
/// read, for otherwise runs that follow each other would let no reading end.
async fn read_again(txn: &DatabaseTransaction, desk: territory_desk::Model) -> Result<(), Error> {
    if desk.refill {
        return Ok(());
    }
    let begun = territory_desk::Model {
        filling: true,
        refill: desk.filling,
        ..desk
    };
    write_desk(txn, begun).await
}

async fn keep(
    ctx: &Context,
    txn: &DatabaseTransaction,
    facts: impl IntoIterator<Item = Model>,
) -> Result<(), Error> {
    let told = fact::put(ctx, txn, facts.into_iter().collect()).await?;
    fact::mark(ctx, txn, &told).await
}

/// A customer became part of another one.
pub(super) async fn merged(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (merge, (merged, survivor)): (Uuid, (Uuid, Uuid)),
    now: Option<Customer>,
    time: Timestamp,
) -> Result<(), Error> {
    if desk(ctx, txn).await?.is_none() {
        return Ok(());
    }
    pin::follow(ctx, txn, merge, (merged, survivor)).await?;
    let survives = now.and_then(|now| fact_of(ctx, &now, time));
    keep(
        ctx,
        txn,
        survives.into_iter().chain([gone(ctx, merged, time)]),
    )
    .await?;
    fact::mark(ctx, txn, &[merged, survivor]).await
}

/// They are two again.
pub(super) async fn undone(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    both: [Option<Customer>; 2],
    time: Timestamp,
) -> Result<(), Error> {
    if desk(ctx, txn).await?.is_none() {
        return Ok(());
    }
    pin::give_back(ctx, txn, merge).await?;
    let facts = both.into_iter().flatten();
    let facts: Vec<Model> = facts.filter_map(|it| fact_of(ctx, &it, time)).collect();
    let ids: Vec<Uuid> = facts.iter().map(|it| it.customer_id).collect();
    keep(ctx, txn, facts).await?;
    fact::mark(ctx, txn, &ids).await
}

/// All that is known of customers goes, for good.
pub(super) async fn erased(
    ctx: &Context,
    txn: &DatabaseTransaction,
    aliases: &[(Uuid, Uuid)],
) -> Result<(), Error> {
    if desk(ctx, txn).await?.is_none() {
        return Ok(());
    }
    let ids: Vec<Uuid> = aliases.iter().map(|(id, _)| *id).collect();
    pin::forget(ctx, txn, &ids).await?;
    assign::forget(ctx, txn, aliases).await?;
    let never = Timestamp::from_micros(i64::MAX);
    let graves = ids.iter().map(|id| gone(ctx, *id, never));
    fact::bury(txn, graves.collect()).await?;
    // Whoever works out whose they are beside this may not see that they are gone: what that leaves
    // is removed then.
    fact::mark(ctx, txn, &ids).await
}

/// A customer of whom nothing is kept.
fn gone(ctx: &Context, customer: Uuid, time: Timestamp) -> Model {
    Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        gone: true,
        fact_time: time,
        kind: None,
        region_code: None,
        language_code: None,
        industry: None,
        employee_count: None,
        founding_year: None,
        annual_revenue: None,
        revenue_currency: None,
        primary_employee: None,
        attributes: None,
    }
}

/// What is kept of a customer, as of `time`.
pub(crate) fn fact_of(ctx: &Context, now: &Customer, time: Timestamp) -> Option<Model> {
    let [id] = CUSTOMER.ids(&now.name)?;
    let bare = gone(ctx, id, time);
    if now.delete_time.is_some() {
        return Some(bare);
    }
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let number = |number: i32| (number != 0).then_some(number);
    let (kind, organisation) = match &now.profile {
        Some(Profile::Organisation(organisation)) => (Some(2), organisation.clone()),
        Some(Profile::Person(_)) => (Some(1), Default::default()),
        None => (None, Default::default()),
    };
    let revenue = organisation.annual_revenue.as_ref();
    Some(Model {
        gone: false,
        kind,
        region_code: text(&now.region_code),
        language_code: text(&now.language_code),
        industry: text(&organisation.industry),
        employee_count: number(organisation.employee_count),
        founding_year: number(organisation.founding_year),
        annual_revenue: revenue.map(|it| it.units),
        revenue_currency: revenue.and_then(|it| text(&it.currency_code)),
        primary_employee: text(&now.primary_employee),
        attributes: attributes(now),
        ..bare
    })
}

/// What is kept of a customer who was read now: as of its last change.
pub(crate) fn fact_read(ctx: &Context, now: &Customer) -> Option<Model> {
    let time = now.update_time.or(now.create_time)?;
    fact_of(ctx, now, time.try_into().ok()?)
}

/// The company's own attributes as texts; none where there are none.
fn attributes(now: &Customer) -> Option<Json> {
    let texts = now.attributes.iter();
    let texts = texts.filter_map(|(key, value)| Some((key.clone(), Json::String(written(value)?))));
    // In the order of the keys, so that the same attributes are always the same.
    let texts: std::collections::BTreeMap<String, Json> = texts.collect();
    (!texts.is_empty()).then(|| Json::Object(Map::from_iter(texts)))
}

fn written(value: &AttributeValue) -> Option<String> {
    Some(match value.value.as_ref()? {
        Value::Text(text) | Value::Decimal(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Date(day) => format!("{:04}-{:02}-{:02}", day.year, day.month, day.day),
        Value::Timestamp(instant) => Timestamp::try_from(*instant).ok()?.to_string(),
    })
}
