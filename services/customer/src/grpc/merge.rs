//! `MergeService`.

mod alone;
mod carry;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox::{self, NewEvent};
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Shared;
use super::convert::{customer as convert_customer, merge as convert, preference};
use crate::domain::identity::reason;
use crate::domain::identity::survivorship::Chosen;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::{self, CUSTOMER, CUSTOMER_MERGE};
use crate::store::contact::times;
use crate::store::entity::{customer as customer_row, preference_set};
use crate::store::identity::group;
use crate::store::identity::merge::{self, Done, Pair};
use crate::store::identity::undo::{self, Undone};
use crate::store::{customer, preference as preferences};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// Makes one customer of two, and two of one.
pub(crate) struct Merges(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.MergeService" for Merges {
        merge_customers(proto::MergeCustomersRequest) -> proto::CustomerMerge = merge;
        undo_customer_merge(proto::UndoCustomerMergeRequest) -> proto::CustomerMerge = undo;
        get_customer_merge(proto::GetCustomerMergeRequest) -> proto::CustomerMerge = get;
        list_customer_merges(proto::ListCustomerMergesRequest)
            -> proto::ListCustomerMergesResponse = list;
    }
}

impl Merges {
    async fn merge(
        &self,
        ctx: Context,
        request: proto::MergeCustomersRequest,
    ) -> Result<proto::CustomerMerge, Error> {
        let [survivor] = CUSTOMER.parse("name", &request.name)?;
        let [merged] = CUSTOMER.parse("merged", &request.merged)?;
        let reason = &reason(&request.reason).map_err(|fault| fault.at("reason"))?;
        let (ctx, request) = (&ctx, &request);
        self.0
            .once(ctx, request, |txn| async move {
                let pair = merge::claim(ctx, &txn, survivor, merged).await?;
                Etag::check(&request.name, &request.etag, pair.survivor.version)?;
                Etag::check(&request.merged, &request.merged_etag, pair.merged.version)?;
                let chosen = Chosen::parse(pair.kind()?, &request.fields_from_merged)
                    .map_err(faults_of("fields_from_merged"))?;
                join(ctx, &txn, pair, &chosen, reason.clone()).await
            })
            .await
    }

    async fn undo(
        &self,
        ctx: Context,
        request: proto::UndoCustomerMergeRequest,
    ) -> Result<proto::CustomerMerge, Error> {
        let [id] = CUSTOMER_MERGE.parse("name", &request.name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let opt_outs = carry::opt_outs(ctx, &txn, id).await?;
                let undone = undo::undo(ctx, &txn, id).await?;
                carry::opt_out_too(ctx, &txn, &undone, opt_outs).await?;
                announce_undone(ctx, &txn, undone).await
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetCustomerMergeRequest,
    ) -> Result<proto::CustomerMerge, Error> {
        let [id] = CUSTOMER_MERGE.parse("name", &request.name)?;
        convert::to_proto(merge::get(&ctx, self.0.db.read(), id).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListCustomerMergesRequest,
    ) -> Result<proto::ListCustomerMergesResponse, Error> {
        let proto::ListCustomerMergesRequest {
            customer,
            page_size,
            page_token,
        } = request;
        let of = match customer.as_str() {
            "" => None,
            name => Some(CUSTOMER.parse("customer", name)?).map(|[id]| id),
        };
        let list = ListRequest {
            method: "rapport.customer.v1.MergeService/ListCustomerMerges",
            query: Fingerprint::of(&[&customer]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let rows = merge::list(&ctx, self.0.db.read(), of, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.merge_id)?;
        let customer_merges = rows.into_iter().map(convert::to_proto);
        Ok(proto::ListCustomerMergesResponse {
            customer_merges: customer_merges.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }
}

/// Merges a pair that the transaction has claimed, and announces it.
pub(super) async fn join(
    ctx: &Context,
    txn: &DatabaseTransaction,
    pair: Pair,
    chosen: &Chosen,
    reason: Option<String>,
) -> Result<proto::CustomerMerge, Error> {
    let ids = [pair.survivor.customer_id, pair.merged.customer_id];
    let Done { merge, survivor } = merge::join(ctx, txn, pair, chosen, reason).await?;
    let sets = touch(ctx, txn, ids).await?;
    let choices = choices_of(ctx, txn, sets).await?;
    let version = survivor.version;
    let merge = convert::to_proto(merge)?;
    let fact = proto::CustomersMerged {
        customer_merge: Some(merge.clone()),
        customer: Some(read_back(ctx, txn, survivor).await?),
    };
    let merged = NewEvent::new(resource::customer(ids[0]), version, &fact);
    // What the survivor wants may be less now.
    let chosen = choices.into_iter().next();
    let events = std::iter::once(merged).chain(chosen).collect::<Vec<_>>();
    outbox::append(txn, ctx, &events).await?;
    Ok(merge)
}

async fn announce_undone(
    ctx: &Context,
    txn: &DatabaseTransaction,
    undone: Undone,
) -> Result<proto::CustomerMerge, Error> {
    let ids = [undone.survivor.customer_id, undone.restored.customer_id];
    let [survivors, restoreds] = touch(ctx, txn, ids).await?;
    let restoreds = carry::refuse_too(ctx, txn, &undone, restoreds).await?;
    let mut events = choices_of(ctx, txn, [survivors, restoreds]).await?;
    let Undone {
        merge,
        survivor,
        restored,
    } = undone;
    let version = survivor.version;
    let merge = convert::to_proto(merge)?;
    let fact = proto::CustomerMergeUndone {
        customer_merge: Some(merge.clone()),
        customer: Some(read_back(ctx, txn, survivor).await?),
        restored: Some(read_back(ctx, txn, restored).await?),
    };
    events.push(NewEvent::new(resource::customer(ids[0]), version, &fact));
    outbox::append(txn, ctx, &events).await?;
    Ok(merge)
}

/// A customer that was written, as callers read it.
async fn read_back(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: customer_row::Model,
) -> Result<proto::Customer, Error> {
    let mut records = customer::with_external_ids(ctx, txn, vec![row]).await?;
    let record = records.pop().ok_or_else(|| Error::missing("customer"))?;
    convert_customer::to_proto(record)
}

/// Gives the preferences of both customers another version, so that nobody acts on what they
/// were before.
async fn touch(
    ctx: &Context,
    txn: &DatabaseTransaction,
    [one, other]: [Uuid; 2],
) -> Result<[preference_set::Model; 2], Error> {
    // In the order of their keys, as everybody who locks two.
    if one < other {
        let one = preferences::touch(ctx, txn, one).await?;
        return Ok([one, preferences::touch(ctx, txn, other).await?]);
    }
    let other = preferences::touch(ctx, txn, other).await?;
    Ok([preferences::touch(ctx, txn, one).await?, other])
}

/// Tells what both customers prefer now.
async fn choices_of(
    ctx: &Context,
    txn: &DatabaseTransaction,
    sets: [preference_set::Model; 2],
) -> Result<Vec<NewEvent>, Error> {
    let mut events = Vec::with_capacity(sets.len());
    for set in sets {
        let group = group::of(ctx, txn, set.customer_id).await?;
        let together = preferences::of_group(ctx, txn, &group).await?;
        let times = times::of_customer(ctx, txn, set.customer_id).await?;
        let changed = preference::to_proto(&set, &together, times);
        events.push(events::preferences_changed(&changed, set.version));
    }
    Ok(events)
}
