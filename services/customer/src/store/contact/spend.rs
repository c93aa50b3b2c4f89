//! Granting within a clearance.
//!
//! One statement uses up one of the clearance's contacts and records the permit: on PostgreSQL one
//! round trip, for thousands of customers as for one. It reads nothing that could be
//! out of date: the row of the clearance is taken in its newest version, and whoever changed what
//! the customer chose has revoked it there. The version of the policy and the suppressed addresses
//! are read in the statement itself.

#[cfg(test)]
mod tests;
mod together;

use std::collections::HashSet;

pub(crate) use together::Spending;

use futures::future::join_all;
use rapport_platform::db::{Database, Retryable as _, retry_if_taken};
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use super::permit::Terms;
use crate::domain::contact::clearance::bit;
use crate::domain::contact::permit::PermitState;

/// Most shares of a batch: PostgreSQL works on each with a processor of its own.
const LANES: usize = 4;
/// Fewest contacts of a share that is not the only one.
const FEWEST: usize = 250;

/// A contact that is to be granted to one customer.
pub(crate) struct Grant {
    /// The customer.
    pub(crate) customer: Uuid,
    /// The permit's id, if it is granted.
    pub(crate) permit: Uuid,
    /// Makes it happen once.
    pub(crate) request_id: Option<Uuid>,
}

/// The rows are taken in the order of their ids, so that nobody waits in a circle. The lists are
/// read in queries of their own, which hides their lengths from the planner, and each clearance is
/// looked up by itself, and changed at the place where it was found: a plan that was made while the
/// tables were empty holds when they are full. That its version is compared once more is for the
/// planner, who expects little of a comparison, and else might read all clearances to find a few.
/// `OFFSET 0` keeps the addresses a question of their own, which their index answers alone.
const SPEND_MANY: &str = "\
WITH asked AS ( \
  SELECT * FROM unnest((SELECT string_to_array($2, ',')::uuid[]), \
    (SELECT string_to_array($6, ',')::uuid[]), (SELECT string_to_array($14, ',', '')::uuid[])) \
    AS a(customer_id, contact_permit_id, request_id) \
  ORDER BY customer_id), \
free AS MATERIALIZED ( \
  SELECT asked.*, c.place, c.version FROM asked CROSS JOIN LATERAL ( \
    SELECT c.ctid AS place, policy_version AS version FROM contact_clearance c \
    WHERE tenant_id = $1 AND customer_id = asked.customer_id \
      AND open & $3 <> 0 AND spare > 0 AND from_time <= $4 AND until_time > $4 \
      AND policy_version = $5 \
      AND NOT EXISTS (SELECT 1 FROM contact_policy p WHERE p.tenant_id = $1 AND p.version > $5) \
      AND NOT EXISTS (SELECT 1 FROM contact_point p JOIN suppression s \
        ON s.tenant_id = p.tenant_id AND s.address_digest = p.address_digest \
        WHERE p.tenant_id = $1 AND p.customer_id = c.customer_id AND s.lift_time IS NULL OFFSET 0) \
    FOR NO KEY UPDATE) AS c), \
cleared AS ( \
  UPDATE contact_clearance SET spare = spare - 1 FROM free \
  WHERE contact_clearance.ctid = free.place AND free.version = $5 \
  RETURNING free.customer_id, free.contact_permit_id, free.request_id) \
INSERT INTO contact_permit (tenant_id, customer_id, contact_permit_id, channel, purpose, topic, \
  campaign, state, reserve_time, expire_time, policy_version, holder, refusals, request_id) \
SELECT $1, customer_id, contact_permit_id, $7, $8, $9, $10, $11, $4, $12, $5, $13, 0, request_id \
FROM cleared \
RETURNING customer_id";

/// Grants contacts within the customers' clearances; answers the customers to whom one was
/// granted. Where a request was granted one before, nobody of its share of the batch is granted one
/// here: that share is looked at as a whole.
pub(crate) async fn many(
    ctx: &Context,
    db: &Database,
    terms: Terms<'_>,
    grants: &[Grant],
) -> Result<HashSet<Uuid>, PlatformError> {
    let shares = shares(db, grants, LANES).map(|it| granted(ctx, db, terms, it));
    let mut customers = HashSet::with_capacity(grants.len());
    // All of them end before one that failed is told.
    for share in join_all(shares).await {
        customers.extend(share?);
    }
    Ok(customers)
}

/// The shares of a batch that are worked on at the same time. The other engine has one writer.
pub(crate) fn shares<'a, T>(
    db: &Database,
    batch: &'a [T],
    most: usize,
) -> impl Iterator<Item = &'a [T]> {
    let share = match db.backend() {
        DbBackend::Postgres => batch.len().div_ceil(most).max(FEWEST),
        _ => batch.len().max(1),
    };
    batch.chunks(share)
}

async fn granted(
    ctx: &Context,
    db: &Database,
    terms: Terms<'_>,
    grants: &[Grant],
) -> Result<Vec<Uuid>, PlatformError> {
    let list = |id: fn(&Grant) -> String| grants.iter().map(id).collect::<Vec<_>>().join(",");
    let customers = list(|it| it.customer.to_string());
    let permits = list(|it| it.permit.to_string());
    let requests = list(|it| it.request_id.map(|id| id.to_string()).unwrap_or_default());
    let values = values(
        ctx,
        terms,
        [customers.into(), permits.into(), requests.into()],
    );
    let rows = spend(db, SPEND_MANY, values).await?;
    let customers = rows.iter().map(|row| row.try_get("", "customer_id"));
    Ok(customers.collect::<Result<_, DbErr>>()?)
}

/// The rows that were granted; none when a request among them was granted one before, or when it
/// met a transaction on a customer's row: what follows waits for that.
///
/// A statement by itself on PostgreSQL; the other engine has no round trips to save and decides in
/// a transaction.
async fn spend(
    db: &Database,
    sql: &str,
    values: [Value; 14],
) -> Result<Vec<QueryResult>, PlatformError> {
    if db.backend() != DbBackend::Postgres {
        return Ok(Vec::new());
    }
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let error = match db.run(statement).await {
        Err(PlatformError::Database(error)) => retry_if_taken(error),
        run => return run,
    };
    if error.is_retryable() {
        Ok(Vec::new())
    } else {
        Err(error)
    }
}

fn values(
    ctx: &Context,
    terms: Terms<'_>,
    [customers, permits, requests]: [Value; 3],
) -> [Value; 14] {
    let Terms {
        contact,
        at,
        expires,
        policy_version,
    } = terms;
    [
        ctx.tenant.into(),
        customers,
        bit(contact.channel, contact.purpose).into(),
        at.into(),
        policy_version.into(),
        permits,
        contact.channel.code().into(),
        contact.purpose.code().into(),
        contact
            .topic
            .as_ref()
            .map(|it| it.as_str().to_owned())
            .into(),
        contact.campaign.clone().into(),
        PermitState::Reserved.code().into(),
        expires.into(),
        ctx.actor.as_str().into(),
        requests,
    ]
}
