//! What was refused while two records were one, at the undoing of their merge.
//!
//! It was kept under one of their names, and nobody knows which of the two had said it. So it is
//! refused by both from then on: undoing a merge never widens what anybody permitted.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::alone;
use crate::domain::contact::consent::ConsentScope;
use crate::domain::contact::consent::entry::{ConsentTimes, NewConsent, Subject};
use crate::error::{Error, faults_of, unreadable};
use crate::grpc::consent::{self as consents, of_customer};
use crate::store::contact::consent::{self, Waits};
use crate::store::entity::{consent_event, preference_set};
use crate::store::identity::group::{self, Member};
use crate::store::identity::merge;
use crate::store::identity::undo::{self, Undone};
use crate::store::{contact_point, preference};

const READING: &str = "reading a consent event";

/// Opt-outs, by whose name they have: of records that leave, or that stay.
pub(super) struct OptOuts {
    leaving: Vec<consent_event::Model>,
    staying: Vec<consent_event::Model>,
}

/// The opt-outs that were recorded while the two were one, and stand or will do so again.
pub(super) async fn opt_outs(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
) -> Result<OptOuts, Error> {
    let merge = merge::get(ctx, txn, merge).await?;
    let Some(since) = merge.join_time.filter(|_| merge.undo_time.is_none()) else {
        return Ok(OptOuts {
            leaving: Vec::new(),
            staying: Vec::new(),
        });
    };
    let came: Vec<Member> = undo::read(&merge.members)?;
    let ledger = of_customer(ctx, txn, merge.survivor_id).await?;
    let said = ledger
        .opt_outs_not_lifted_for_good(ctx.now)
        .filter(|it| it.record_time > since);
    let said: Vec<[Uuid; 2]> = said.map(|it| [it.member, it.id]).collect();
    let said = consent::of_ids(ctx, txn, &said).await?;
    let leaves = |it: &consent_event::Model| {
        let id = it.customer_id;
        id == merge.merged_id || came.iter().any(|member| member.customer == id)
    };
    let (leaving, staying) = said.into_iter().partition(leaves);
    Ok(OptOuts { leaving, staying })
}

/// Records the opt-outs of each of the two for the other too.
pub(super) async fn opt_out_too(
    ctx: &Context,
    txn: &DatabaseTransaction,
    undone: &Undone,
    OptOuts { leaving, staying }: OptOuts,
) -> Result<(), Error> {
    opt_out(ctx, txn, undone.restored.customer_id, staying).await?;
    opt_out(ctx, txn, undone.survivor.customer_id, leaving).await
}

/// Records opt-outs of a customer, as far as it has not said so itself: as that whole customer, from
/// whom others may part later.
async fn opt_out(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    opt_outs: Vec<consent_event::Model>,
) -> Result<(), Error> {
    if opt_outs.is_empty() {
        return Ok(());
    }
    let group = group::of(ctx, txn, customer).await?;
    let points = contact_point::all(ctx, txn, &group.members()).await?;
    let points: HashMap<&[u8], Uuid> = points
        .iter()
        .map(|it| (it.address_digest.as_slice(), it.contact_point_id))
        .collect();
    let own = of_customer(ctx, txn, customer).await?;
    for row in opt_outs {
        let said = consent::event(&row).map_err(unreadable(READING))?;
        if own.has_opted_out_since(group.last_joined(), &said.subject()) {
            continue;
        }
        let times = ConsentTimes {
            capture: row.capture_time,
            double_opt_in: None,
            effective: row.effective_time,
            expire: None,
        };
        let entry = consent::repeated(&row, times)?;
        if let Some(entry) = at_own_address(entry, &points) {
            consents::append(ctx, txn, customer, &entry, Waits::No).await?;
        }
    }
    Ok(())
}

/// The entry about the contact point by which this customer has the address. One about an address
/// that it does not have is none of its own.
fn at_own_address(entry: NewConsent, points: &HashMap<&[u8], Uuid>) -> Option<NewConsent> {
    let ConsentScope::ContactPoint(_) = entry.subject.scope else {
        return Some(entry);
    };
    let point = *points.get(entry.address_digest.as_deref()?)?;
    let subject = Subject {
        scope: ConsentScope::ContactPoint(point),
        ..entry.subject
    };
    Some(NewConsent { subject, ..entry })
}

/// Lets the restored customer refuse the channels, and want to be left alone at the times, that
/// were told since `joined`. `set` is locked; answers its version then.
pub(super) async fn refuse_too(
    ctx: &Context,
    txn: &DatabaseTransaction,
    undone: &Undone,
    set: preference_set::Model,
) -> Result<preference_set::Model, Error> {
    let Some(joined) = undone.merge.join_time else {
        return Ok(set);
    };
    let (from, to) = (undone.survivor.customer_id, undone.restored.customer_id);
    let refused = preference::all(ctx, txn, from)
        .await?
        .refusals_since(joined);
    let last_joined = group::of(ctx, txn, to).await?.last_joined();
    alone::too(ctx, txn, (from, joined), (to, last_joined)).await?;
    if refused.is_empty() {
        return Ok(set);
    }
    let own = preference::all(ctx, txn, to).await?;
    let after =
        preference::revise(ctx, &own, last_joined, &refused).map_err(faults_of("entries"))?;
    Ok(preference::replace(ctx, txn, set, &after).await?)
}
