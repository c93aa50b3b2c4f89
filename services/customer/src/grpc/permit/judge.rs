//! Looks at everything that has a say, in one transaction, and grants or refuses.

use std::collections::BTreeSet;
use std::time::Duration;

use rapport_platform::db::retry_if_taken;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::policies::{Policies, Policy};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::cap::{CountedContact, Progress};
use crate::domain::contact::clearance::{Clearance, all_kinds};
use crate::domain::contact::decision::{Contact, Decision};
use crate::domain::contact::standing::Standing;
use crate::error::Error;
use crate::resource;
use crate::store::contact::clearance;
use crate::store::contact::permit::{self, Terms};
use crate::store::contact::standing::{self, Found};
use crate::store::entity::contact_permit::Model;

/// What became of one customer's contact.
pub(crate) struct Judged {
    /// The permit, or the note of the refusal.
    pub(crate) row: Model,
    /// Why.
    pub(crate) decision: Decision,
}

/// What somebody wants to do with each of some customers.
pub(crate) struct Wanted<'a> {
    pub(crate) contact: &'a Contact,
    /// How long a permit waits; as the policy says when none.
    pub(crate) ttl: Option<Duration>,
    /// What the request calls the topic.
    pub(crate) topic_field: &'static str,
}

/// As [`judge`], of one customer.
///
/// # Errors
/// `NotFound` for the customer.
pub(crate) async fn judge_one(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policies: &Policies,
    wanted: &Wanted<'_>,
    customer: (Uuid, Option<Uuid>),
) -> Result<Judged, Error> {
    let judged = judge(ctx, txn, policies, wanted, &[customer]).await?;
    let missing = || Error::not_found(resource::customer(customer.0));
    judged.into_iter().flatten().next().ok_or_else(missing)
}

/// Grants or refuses the contact with each of the customers, in their order; none for those that
/// are not there, or are deleted. `customers` come with their request ids. One that comes twice is
/// asked for two contacts.
pub(crate) async fn judge(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policies: &Policies,
    wanted: &Wanted<'_>,
    customers: &[(Uuid, Option<Uuid>)],
) -> Result<Vec<Option<Judged>>, Error> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let ids: BTreeSet<Uuid> = customers.iter().map(|(id, _)| *id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut found = standing::of_customers(ctx, txn, &ids).await?;
    found.retain(|_, it| !it.deleted);
    let mut living: Vec<Uuid> = found.keys().copied().collect();
    living.sort_unstable();
    clearance::lock_known(ctx, txn, &living).await?;
    let policy = policies.current(ctx, txn).await?;
    super::asked::known_topic(&policy.rules, wanted.contact, wanted.topic_field)?;

    let mut expired = Vec::new();
    for (customer, Found { standing, .. }) in &mut found {
        let at = standing.time(ctx.now);
        if standing.drop_expired(at) {
            expired.push((*customer, at));
        }
    }
    let judged: Vec<Option<Judged>> = customers
        .iter()
        .map(|(customer, request_id)| {
            let standing = &mut found.get_mut(customer)?.standing;
            Some(decide(
                ctx,
                &policy,
                wanted,
                standing,
                *customer,
                *request_id,
            ))
        })
        .collect();
    let kinds = kinds_worth_a_look(wanted.contact, living.len());
    let clearances = living.iter().filter_map(|customer| {
        let standing = &found.get(customer)?.standing;
        let at = standing.time(ctx.now);
        let kinds = kinds.iter().copied();
        Some((*customer, standing.clearance(&policy.rules, kinds, at)))
    });
    let clearances: Vec<(Uuid, Clearance)> = clearances.collect();
    write(ctx, txn, &policy, &judged, clearances, &expired).await?;
    Ok(judged)
}

async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policy: &Policy,
    judged: &[Option<Judged>],
    clearances: Vec<(Uuid, Clearance)>,
    expired: &[(Uuid, Timestamp)],
) -> Result<(), Error> {
    // All of one instant, but for customers whose records are ahead of this clock.
    if let Some(at) = expired.iter().map(|(_, at)| *at).max() {
        let customers: Vec<Uuid> = expired.iter().map(|(customer, _)| *customer).collect();
        permit::expire(ctx, txn, &customers, at).await?;
    }
    let rows = judged.iter().flatten().map(|it| it.row.clone());
    let mut rows: Vec<Model> = rows.collect();
    rows.sort_unstable_by_key(|row| (row.customer_id, row.contact_permit_id));
    permit::insert(txn, rows).await.map_err(retry_if_taken)?;
    clearance::replace(ctx, txn, policy.version, clearances).await?;
    Ok(())
}

fn decide(
    ctx: &Context,
    policy: &Policy,
    wanted: &Wanted<'_>,
    standing: &mut Standing,
    customer: Uuid,
    request_id: Option<Uuid>,
) -> Judged {
    let at = standing.time(ctx.now);
    let ttl = wanted.ttl.unwrap_or_else(|| policy.rules.ttl());
    let terms = Terms {
        contact: wanted.contact,
        at,
        expires: at.saturating_add(ttl),
        policy_version: policy.version,
    };
    let decision = standing.decide(&policy.rules, wanted.contact, at);
    if !decision.is_allowed() {
        let row = permit::refused(ctx, terms, customer, &decision.reasons());
        return Judged { row, decision };
    }
    let row = permit::granted(ctx, terms, customer, request_id);
    standing.contacts.push(CountedContact {
        channel: wanted.contact.channel,
        purpose: wanted.contact.purpose,
        campaign: wanted.contact.campaign.clone(),
        since: at,
        progress: Progress::Granted {
            expires: terms.expires,
        },
    });
    Judged { row, decision }
}

/// The kinds of contacts that clearances are made for: all of a single customer's; for many, the
/// one that was asked for, which the next batch will ask for again.
fn kinds_worth_a_look(contact: &Contact, customers: usize) -> Vec<(Channel, Purpose)> {
    match customers {
        0 | 1 => all_kinds().collect(),
        _ => vec![(contact.channel, contact.purpose)],
    }
}
