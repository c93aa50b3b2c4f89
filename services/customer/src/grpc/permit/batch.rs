//! One contact with each of many customers.

use std::collections::{HashMap, HashSet};

use futures::future::join_all;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::reserved_contact::Result as Outcome;
use sea_orm::DatabaseTransaction;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::again::{self, Again};
use super::judge::{Judged, Wanted, judge};
use super::policies::Policies;
use super::{ContactPermits, TOPIC, asked, convert, customers};
use crate::domain::contact::permit::PermitState;
use crate::error::{Error, faults_of};
use crate::resource::{CONTACT_PERMIT, customer};
use crate::store::contact::permit::{self, Terms};
use crate::store::contact::spend::{self, Grant};
use crate::store::identity::group;

/// Most customers of a request.
const MAX_CUSTOMERS: usize = 10_000;

/// Most transactions in which a batch is judged: the database works for one while the other decides.
const SHARES: usize = 2;

/// The answers so far, by the customer's name in the request.
type Outcomes = HashMap<Uuid, Outcome>;

impl ContactPermits {
    pub(super) async fn batch(
        &self,
        ctx: Context,
        request: proto::BatchReserveContactsRequest,
    ) -> Result<proto::BatchReserveContactsResponse, Error> {
        let proto::BatchReserveContactsRequest {
            customers: names,
            channel,
            purpose,
            topic,
            campaign,
            ttl,
            request_id,
        } = request;
        if names.is_empty() || names.len() > MAX_CUSTOMERS {
            let why = format!("must be 1 to {MAX_CUSTOMERS} customers");
            return Err(Error::invalid("customers", why));
        }
        let ids = customers(&names)?;
        let contact = asked::kind(channel, purpose, &topic, &campaign).map_err(faults_of(""))?;
        let wanted = Wanted {
            contact: &contact,
            ttl: asked::ttl(ttl.as_ref())?,
            topic_field: TOPIC,
        };
        let request_id = asked::request_id(&request_id)?;
        let policy = self.0.policies.current(&ctx, self.0.db.read()).await?;
        asked::known_topic(&policy.rules, &contact, wanted.topic_field)?;
        let ttl = wanted.ttl.unwrap_or_else(|| policy.rules.ttl());
        let terms = Terms {
            contact: &contact,
            at: ctx.now,
            expires: ctx.now.saturating_add(ttl),
            policy_version: policy.version,
        };
        let requests: Vec<(Uuid, Option<Uuid>)> = ids
            .iter()
            .map(|&id| (id, request_id.map(|all| of_customer(all, id))))
            .collect();
        let mut outcomes = match contact.is_plain(&policy.rules) {
            true => self.spend_many(&ctx, terms, &requests).await?,
            false => Outcomes::new(),
        };
        let open: Vec<_> = requests
            .into_iter()
            .filter(|(id, _)| !outcomes.contains_key(id))
            .collect();
        outcomes.extend(self.judge_many(&ctx, &wanted, &open).await?);
        let results = ids.iter().map(|&id| proto::ReservedContact {
            customer: customer(id),
            // Who is not there, or is deleted, is refused without a reason.
            result: Some(
                outcomes
                    .remove(&id)
                    .unwrap_or(Outcome::Refused(proto::RefusedContact::default())),
            ),
        });
        Ok(proto::BatchReserveContactsResponse {
            results: results.collect(),
            expire_time: Some(terms.expires.into()),
        })
    }

    async fn spend_many(
        &self,
        ctx: &Context,
        terms: Terms<'_>,
        requests: &[(Uuid, Option<Uuid>)],
    ) -> Result<Outcomes, Error> {
        let grants = requests.iter().map(|&(customer, request_id)| Grant {
            customer,
            permit: new_id(),
            request_id,
        });
        let grants: Vec<Grant> = grants.collect();
        let granted: HashSet<Uuid> = spend::many(ctx, &self.0.db, terms, &grants).await?;
        let granted = grants.iter().filter(|it| granted.contains(&it.customer));
        Ok(granted
            .map(|it| (it.customer, permit_name(it.customer, it.permit)))
            .collect())
    }

    /// Judges the contacts, a share of them together.
    async fn judge_many(
        &self,
        ctx: &Context,
        wanted: &Wanted<'_>,
        requests: &[(Uuid, Option<Uuid>)],
    ) -> Result<Outcomes, Error> {
        let shares = spend::shares(&self.0.db, requests, SHARES);
        let shares = shares.map(|it| self.judge_share(ctx, wanted, it));
        let mut outcomes = Outcomes::with_capacity(requests.len());
        // All of them end before one that failed is told.
        for share in join_all(shares).await {
            outcomes.extend(share?);
        }
        Ok(outcomes)
    }

    async fn judge_share(
        &self,
        ctx: &Context,
        wanted: &Wanted<'_>,
        requests: &[(Uuid, Option<Uuid>)],
    ) -> Result<Outcomes, Error> {
        let policies = &self.0.policies;
        let work = self.0.db.write_txn(|txn| async move {
            let mut outcomes = granted_before(ctx, &txn, policies, wanted, requests).await?;
            let open = requests.iter().copied();
            let open: Vec<_> = open.filter(|(id, _)| !outcomes.contains_key(id)).collect();
            let judged = judge(ctx, &txn, policies, wanted, &open).await?;
            let gone = note(&mut outcomes, &open, judged);
            if gone.is_empty() {
                return Ok::<_, Error>(outcomes);
            }
            // Who goes by the name of a record that was merged into another is that other customer,
            // and so may several names be.
            let names: Vec<Uuid> = gone.iter().map(|(id, _)| *id).collect();
            let roots = group::roots_among(ctx, &*txn, &names).await?;
            let merged = gone.into_iter().filter_map(|(id, request)| {
                let root = *roots.get(&id)?;
                Some(((id, request), (root, request)))
            });
            let (merged, asked): (Vec<_>, Vec<_>) = merged.unzip();
            let judged = judge(ctx, &txn, policies, wanted, &asked).await?;
            note(&mut outcomes, &merged, judged);
            Ok(outcomes)
        });
        work.await
    }
}

/// Notes what became of the requests; answers those of which nothing did, as their customers are not
/// there.
fn note(
    outcomes: &mut Outcomes,
    requests: &[(Uuid, Option<Uuid>)],
    judged: Vec<Option<Judged>>,
) -> Vec<(Uuid, Option<Uuid>)> {
    let mut gone = Vec::new();
    for (&(id, request), judged) in requests.iter().zip(judged) {
        match judged {
            Some(judged) => {
                outcomes.insert(id, outcome(&judged));
            }
            None => gone.push((id, request)),
        }
    }
    gone
}

/// What was granted to these requests before, by the customer's name in them. As for a single
/// contact, a permit that can no longer be used does not count, and one whose customer has forbidden the
/// contact since is taken back.
async fn granted_before(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policies: &Policies,
    wanted: &Wanted<'_>,
    requests: &[(Uuid, Option<Uuid>)],
) -> Result<Outcomes, Error> {
    let names = requests.iter().filter_map(|&(id, it)| Some((it?, id)));
    let names: HashMap<Uuid, Uuid> = names.collect();
    let (mut granted, mut asked_as) = (Vec::new(), Vec::new());
    let mut expired = Vec::new();
    for row in permit::of_requests(ctx, txn, names.keys().copied()).await? {
        if !permit::is_for(&row, wanted.contact) {
            return Err(PlatformError::RequestIdReused.into());
        }
        if convert::state(&row, ctx.now)? == PermitState::Expired {
            expired.push(row);
        } else if let Some(&name) = row.request_id.and_then(|it| names.get(&it)) {
            asked_as.push(name);
            granted.push(row);
        }
    }
    permit::forget_requests(ctx, txn, &expired).await?;
    if granted.is_empty() {
        return Ok(Outcomes::new());
    }
    let again = again::judge(policies, ctx, txn, wanted.contact, granted).await?;
    let outcomes = again.into_iter().map(|it| match it {
        Again::Holds(row) => permit_name(row.customer_id, row.contact_permit_id),
        Again::Withdrawn(Some(decision)) => Outcome::Refused(convert::refused(&decision)),
        Again::Withdrawn(None) => Outcome::Refused(proto::RefusedContact::default()),
    });
    Ok(asked_as.into_iter().zip(outcomes).collect())
}

fn outcome(judged: &Judged) -> Outcome {
    match judged.decision.is_allowed() {
        true => permit_name(judged.row.customer_id, judged.row.contact_permit_id),
        false => Outcome::Refused(convert::refused(&judged.decision)),
    }
}

fn permit_name(customer: Uuid, permit: Uuid) -> Outcome {
    Outcome::ContactPermit(CONTACT_PERMIT.format(&[customer, permit]))
}

/// The request's id for one of its customers: a name-based UUID (RFC 9562, version 8). It begins
/// as the request's own, so that those of a batch lie together in the index, and, where callers
/// send UUIDv7, in the order of time.
fn of_customer(request: Uuid, customer: Uuid) -> Uuid {
    let hash = Sha256::new()
        .chain_update(request.as_bytes())
        .chain_update(customer.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[..6].copy_from_slice(&request.as_bytes()[..6]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
