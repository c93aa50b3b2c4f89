//! What becomes of opportunities, quotes, orders, receivables and territories when customers do not
//! stay who they were.

use prost::Name as _;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::outbox::{self, Consumer, Event, HandleError};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1::{self as customer, Customer};
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::facts;
use crate::error::Error;
use crate::events;
use crate::resource::{CUSTOMER, CUSTOMER_MERGE};
use crate::store::account_plan;
use crate::store::opportunity;
use crate::store::order::customer::{self as orders, Moved};
use crate::store::ownership;
use crate::store::quote::customer as quotes;

/// Versions of a merge as a cause: it holds, it was undone.
const MERGED: i64 = 1;
const UNDONE: i64 = 2;

/// Reacts to merges, their undoing, and erasures; and to what territories depend on.
pub(crate) struct CustomerConsumer;

#[tonic::async_trait]
impl Consumer for CustomerConsumer {
    fn name(&self) -> &'static str {
        "sales-customers"
    }

    fn kinds(&self) -> Vec<String> {
        let told = [
            customer::CustomersMerged::full_name(),
            customer::CustomerMergeUndone::full_name(),
            customer::CustomerErased::full_name(),
        ];
        told.into_iter().chain(facts::kinds()).collect()
    }

    async fn handle(
        &self,
        txn: &DatabaseTransaction,
        ctx: &Context,
        event: &Event,
    ) -> Result<(), HandleError> {
        let handled = if event.kind == customer::CustomersMerged::full_name() {
            let fact: customer::CustomersMerged = event.fact()?;
            let merge = Merge::of(fact.customer_merge)?;
            merged(ctx, txn, &merge, (fact.customer, event.time)).await
        } else if event.kind == customer::CustomerMergeUndone::full_name() {
            let fact: customer::CustomerMergeUndone = event.fact()?;
            let merge = Merge::of(fact.customer_merge)?;
            let both = [fact.customer, fact.restored];
            undone(ctx, txn, &merge, (both, event.time)).await
        } else if event.kind == customer::CustomerErased::full_name() {
            let fact: customer::CustomerErased = event.fact()?;
            erased(ctx, txn, &fact).await
        } else {
            let told = facts::told(event)?;
            facts::changed(ctx, txn, told, event.time).await
        };
        handled.map_err(|error| match error {
            Error::Platform(error) => HandleError::Failed(error),
            _ => HandleError::Rejected("OPPORTUNITIES_UNCHANGEABLE"),
        })
    }
}

/// Two customers that are one.
struct Merge {
    name: String,
    id: Uuid,
    survivor: Uuid,
    merged: Uuid,
}

impl Merge {
    fn of(merge: Option<customer::CustomerMerge>) -> Result<Self, HandleError> {
        let merge = merge.unwrap_or_default();
        let ids = || {
            let [id] = CUSTOMER_MERGE.ids(&merge.name)?;
            let [survivor] = CUSTOMER.ids(&merge.survivor)?;
            let [merged] = CUSTOMER.ids(&merge.merged)?;
            Some((id, survivor, merged))
        };
        let ids = ids().ok_or(HandleError::Rejected("MERGE_UNNAMED"));
        ids.map(|(id, survivor, merged)| Self {
            name: merge.name,
            id,
            survivor,
            merged,
        })
    }
}

async fn merged(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: &Merge,
    (survivor, time): (Option<Customer>, Timestamp),
) -> Result<(), Error> {
    let ids = (merge.merged, merge.survivor);
    let count = opportunity::reassign(ctx, txn, merge.id, ids).await?;
    let quotes = quotes::reassign(ctx, txn, merge.id, ids).await?;
    let moved = orders::reassign(ctx, txn, merge.id, ids).await?;
    facts::merged(ctx, txn, (merge.id, ids), survivor, time).await?;
    ownership::mark(ctx, txn, [merge.survivor, merge.merged]).await?;
    let (from, to) = (merge.merged, Some(merge.survivor));
    tell_of_quotes(ctx, txn, (&merge.name, MERGED), ids, quotes).await?;
    tell_of_orders(ctx, txn, (&merge.name, MERGED), (from, to), moved).await?;
    publish(ctx, txn, (&merge.name, MERGED), (from, to), count).await
}

async fn undone(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: &Merge,
    (both, time): ([Option<Customer>; 2], Timestamp),
) -> Result<(), Error> {
    let ids = (merge.survivor, merge.merged);
    let count = opportunity::give_back(ctx, txn, merge.id, ids).await?;
    let quotes = quotes::give_back(ctx, txn, merge.id, ids).await?;
    let moved = orders::give_back(ctx, txn, merge.id, ids).await?;
    facts::undone(ctx, txn, merge.id, both, time).await?;
    ownership::mark(ctx, txn, [merge.survivor, merge.merged]).await?;
    let (from, to) = (merge.survivor, Some(merge.merged));
    tell_of_quotes(ctx, txn, (&merge.name, UNDONE), ids, quotes).await?;
    tell_of_orders(ctx, txn, (&merge.name, UNDONE), (from, to), moved).await?;
    publish(ctx, txn, (&merge.name, UNDONE), (from, to), count).await
}

async fn erased(
    ctx: &Context,
    txn: &DatabaseTransaction,
    fact: &customer::CustomerErased,
) -> Result<(), Error> {
    let names = std::iter::once(&fact.customer).chain(&fact.merged_names);
    let ids: Vec<Uuid> = names.filter_map(|it| CUSTOMER.ids(it)).flatten().collect();
    let Some(&first) = ids.first() else {
        return Err(PlatformError::internal("reading an erasure", "no customer").into());
    };
    // What is counted of the past stays, under ids that lead to nobody.
    let aliases: Vec<(Uuid, Uuid)> = ids.iter().map(|id| (*id, new_id())).collect();
    let count = opportunity::forget(ctx, txn, &aliases).await?;
    account_plan::forget(ctx, txn, &ids).await?;
    let moved = orders::forget(ctx, txn, &ids).await?;
    facts::erased(ctx, txn, &aliases).await?;
    // At once; and once more, should they be counted at this very moment.
    ownership::settle(ctx, txn, ids.iter().copied().collect()).await?;
    ownership::mark(ctx, txn, ids.iter().copied()).await?;
    tell_of_orders(ctx, txn, (&fact.customer, 1), (first, None), moved).await?;
    publish(ctx, txn, (&fact.customer, 1), (first, None), count).await
}

/// Tells of the quotes that have another customer, if there are any.
async fn tell_of_quotes(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (cause, version): (&str, i64),
    (from, to): (Uuid, Uuid),
    count: u64,
) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let fact = proto::QuotesReassigned {
        from_customer: CUSTOMER.format(&[from]),
        to_customer: CUSTOMER.format(&[to]),
        quote_count: i64::try_from(count).unwrap_or(i64::MAX),
    };
    let event = events::quote::reassigned(cause, version, &fact);
    Ok(outbox::append(txn, ctx, &[event]).await?)
}

/// Tells of the orders and invoices that have another customer, if there are any.
async fn tell_of_orders(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (cause, version): (&str, i64),
    (from, to): (Uuid, Option<Uuid>),
    Moved { orders, invoices }: Moved,
) -> Result<(), Error> {
    if orders + invoices == 0 {
        return Ok(());
    }
    let name = |id: Uuid| CUSTOMER.format(&[id]);
    let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let fact = proto::OrdersReassigned {
        from_customer: name(from),
        to_customer: to.map(name).unwrap_or_default(),
        order_count: count(orders),
        invoice_count: count(invoices),
    };
    let event = events::order::reassigned(cause, version, &fact);
    Ok(outbox::append(txn, ctx, &[event]).await?)
}

/// Tells of the opportunities that have another customer, if there are any.
async fn publish(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (cause, version): (&str, i64),
    (from, to): (Uuid, Option<Uuid>),
    count: u64,
) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let name = |id: Uuid| CUSTOMER.format(&[id]);
    let fact = proto::OpportunitiesReassigned {
        from_customer: name(from),
        to_customer: to.map(name).unwrap_or_default(),
        opportunity_count: i64::try_from(count).unwrap_or(i64::MAX),
    };
    let event = events::opportunities_reassigned(cause, version, &fact);
    Ok(outbox::append(txn, ctx, &[event]).await?)
}
