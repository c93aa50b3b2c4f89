//! Contacts that several callers of one process ask for at the same time, granted in one statement.
//!
//! A reservation by itself costs a round trip and a commit, however little it writes. So those that
//! come while others are under way wait for them, and are then made together: nobody waits who finds
//! nobody before him, and the more there are, the less each costs. One whose customer's row somebody
//! holds, or that was made before, is not granted here: nobody waits for what another one meets.

use std::collections::{HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use rapport_platform::db::{Database, Retryable as _};
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::{DbBackend, DbErr, Statement};
use serde::Serialize;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::Grant;
use crate::domain::contact::clearance::bit;
use crate::domain::contact::permit::PermitState;
use crate::store::contact::permit::Terms;

/// Most statements under way at once; each needs a connection, and more of them would only be smaller.
const LANES: usize = 2;
/// So many wait before another lane is opened: a few cost less together than in two statements.
const CROWD: usize = 100;
/// Most contacts of a statement.
const MOST: usize = 500;

/// Each clearance is looked up by itself and changed at the place where it was found, whatever the
/// planner believes of the tables (see [`SPEND_MANY`](super::SPEND_MANY)), and one that somebody holds
/// is passed over. A request that was granted one before gets none; one that is granted
/// one beside this statement costs the clearance a contact, which is found when it is decided again.
pub(super) const SPEND: &str = "\
WITH asked AS ( \
  SELECT * FROM jsonb_to_recordset((SELECT $1::text::jsonb)) AS a(tenant_id uuid, customer_id uuid, \
    permit uuid, mask bigint, since bigint, policy_version bigint, channel smallint, purpose smallint, \
    topic text, campaign text, expires bigint, holder text, request_id uuid)), \
free AS MATERIALIZED ( \
  SELECT asked.*, c.place, c.version FROM asked CROSS JOIN LATERAL ( \
    SELECT c.ctid AS place, policy_version AS version FROM contact_clearance c \
    WHERE tenant_id = asked.tenant_id AND customer_id = asked.customer_id \
      AND open & asked.mask <> 0 AND spare > 0 AND from_time <= asked.since AND until_time > asked.since \
      AND policy_version = asked.policy_version \
      AND NOT EXISTS (SELECT 1 FROM contact_policy p \
        WHERE p.tenant_id = asked.tenant_id AND p.version > asked.policy_version) \
      AND NOT EXISTS (SELECT 1 FROM contact_point p JOIN suppression s \
        ON s.tenant_id = p.tenant_id AND s.address_digest = p.address_digest \
        WHERE p.tenant_id = asked.tenant_id AND p.customer_id = c.customer_id \
          AND s.lift_time IS NULL OFFSET 0) \
      AND NOT EXISTS (SELECT 1 FROM contact_permit q \
        WHERE q.tenant_id = asked.tenant_id AND q.request_id = asked.request_id) \
    FOR UPDATE SKIP LOCKED) AS c), \
cleared AS ( \
  UPDATE contact_clearance SET spare = spare - 1 FROM free \
  WHERE contact_clearance.ctid = free.place AND free.version = free.policy_version \
  RETURNING free.*) \
INSERT INTO contact_permit (tenant_id, customer_id, contact_permit_id, channel, purpose, topic, \
  campaign, state, reserve_time, expire_time, policy_version, holder, refusals, request_id) \
SELECT tenant_id, customer_id, permit, channel, purpose, topic, campaign, $2, since, expires, \
  policy_version, holder, 0, request_id FROM cleared \
ON CONFLICT DO NOTHING RETURNING contact_permit_id";

/// What callers of this process wait for. Clones share it.
#[derive(Clone)]
pub(crate) struct Spending {
    db: Database,
    counter: Arc<Mutex<Counter>>,
}

/// Where callers wait, and how many lanes serve them.
#[derive(Default)]
struct Counter {
    waiting: VecDeque<Waiting>,
    lanes: usize,
}

struct Waiting {
    asked: Asked,
    /// Whether it is granted.
    answer: oneshot::Sender<bool>,
}

/// What is asked for, by the names of the statement.
#[derive(Serialize)]
struct Asked {
    tenant_id: Uuid,
    customer_id: Uuid,
    permit: Uuid,
    mask: i64,
    since: i64,
    policy_version: i64,
    channel: i16,
    purpose: i16,
    topic: Option<String>,
    campaign: Option<String>,
    expires: i64,
    holder: String,
    request_id: Option<Uuid>,
}

impl Spending {
    pub(crate) fn of(db: &Database) -> Self {
        Self {
            db: db.clone(),
            counter: Arc::default(),
        }
    }

    /// Grants a contact within the customer's clearance. False when the clearance does not cover it,
    /// somebody holds it, or the request was granted one before: then all has to be looked at. The
    /// other engine has no round trips to save and always decides in a transaction.
    pub(crate) async fn grant(&self, ctx: &Context, terms: Terms<'_>, grant: &Grant) -> bool {
        if self.db.backend() != DbBackend::Postgres {
            return false;
        }
        let (answer, granted) = oneshot::channel();
        let asked = Asked::of(ctx, terms, grant);
        self.queue(Waiting { asked, answer });
        granted.await.unwrap_or(false)
    }

    /// Lets one wait, and opens a lane where there is none, or too many wait for it.
    fn queue(&self, one: Waiting) {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        counter.waiting.push_back(one);
        let crowded = counter.waiting.len() >= CROWD && counter.lanes < LANES;
        if counter.lanes == 0 || crowded {
            counter.lanes += 1;
            // Not the work of one caller, who may go away.
            tokio::spawn(self.clone().serve());
        }
    }

    async fn serve(self) {
        while let Some(batch) = self.next() {
            // Whoever is not answered decides by himself; the lane goes on.
            let served = AssertUnwindSafe(self.spend(batch)).catch_unwind().await;
            if served.is_err() {
                tracing::error!("granting contacts together panicked");
            }
        }
    }

    /// The next to be granted together; when nobody waits, the lane is closed.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = counter.next();
        if batch.is_empty() {
            counter.lanes -= 1;
            return None;
        }
        Some(batch)
    }

    async fn spend(&self, batch: Vec<Waiting>) {
        let granted = match self.granted(&batch).await {
            // Another process was faster with one of them: once more, with what is true now.
            Err(error) if error.is_retryable() => self.granted(&batch).await,
            granted => granted,
        };
        let granted = granted.unwrap_or_else(|error| {
            if !error.is_retryable() {
                tracing::warn!(%error, "contacts were not granted together");
            }
            HashSet::new()
        });
        for one in batch {
            // Who went away does not hear it; the permit expires by itself.
            let _ = one.answer.send(granted.contains(&one.asked.permit));
        }
    }

    async fn granted(&self, batch: &[Waiting]) -> Result<HashSet<Uuid>, PlatformError> {
        let asked: Vec<&Asked> = batch.iter().map(|it| &it.asked).collect();
        let asked = serde_json::to_string(&asked)
            .map_err(|error| PlatformError::internal("writing what is asked for", error))?;
        let values = [asked.into(), PermitState::Reserved.code().into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, SPEND, values);
        let rows = self.db.run(statement).await?;
        let permits = rows.iter().map(|row| row.try_get("", "contact_permit_id"));
        Ok(permits.collect::<Result<_, DbErr>>()?)
    }
}

impl Counter {
    /// The first of those who wait, one for each customer: a clearance gives one contact in one
    /// statement. Who went away is forgotten.
    fn next(&mut self) -> Vec<Waiting> {
        let (mut batch, mut later, mut customers) = (Vec::new(), VecDeque::new(), HashSet::new());
        while batch.len() < MOST
            && let Some(one) = self.waiting.pop_front()
        {
            if one.answer.is_closed() {
                continue;
            }
            match customers.insert((one.asked.tenant_id, one.asked.customer_id)) {
                true => batch.push(one),
                false => later.push_back(one),
            }
        }
        later.append(&mut self.waiting);
        self.waiting = later;
        batch
    }
}

impl Asked {
    fn of(ctx: &Context, terms: Terms<'_>, grant: &Grant) -> Self {
        let contact = terms.contact;
        Self {
            tenant_id: ctx.tenant.as_uuid(),
            customer_id: grant.customer,
            permit: grant.permit,
            mask: bit(contact.channel, contact.purpose),
            since: terms.at.as_micros(),
            policy_version: terms.policy_version,
            channel: contact.channel.code(),
            purpose: contact.purpose.code(),
            topic: contact.topic.as_ref().map(|it| it.as_str().to_owned()),
            campaign: contact.campaign.clone(),
            expires: terms.expires.as_micros(),
            holder: ctx.actor.as_str().to_owned(),
            request_id: grant.request_id,
        }
    }
}
