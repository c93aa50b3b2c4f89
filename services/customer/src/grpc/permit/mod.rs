//! `ContactPermitService`: the leave to contact customers.

mod again;
mod asked;
mod batch;
mod explain;
mod judge;
mod policies;
mod take;

use std::collections::HashSet;

use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::problem::FieldViolation;
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

pub(super) use asked::kind;
pub(crate) use policies::{Policies, read as read_policy};
pub(super) use take::{take, take_over};

use super::Shared;
use super::convert::contact as convert;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::decision::{Contact, Decision};
use crate::domain::contact::permit::{PermitState, Settlement, Step};
use crate::error::Error;
use crate::resource::{self, CONTACT_PERMIT, CUSTOMER};
use crate::store::contact::permit::{self, Terms};
use crate::store::contact::spend::Grant;
use crate::store::contact::standing;
use crate::store::customer;
use crate::store::entity::contact_permit::Model;
use crate::store::identity::group;
use again::Again;
use asked::Asked;
use judge::{Judged, Wanted, judge_one};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// Grants the leave to contact customers.
pub(crate) struct ContactPermits(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ContactPermitService" for ContactPermits {
        check_contact(proto::CheckContactRequest) -> proto::ContactDecision = check;
        reserve_contact(proto::ReserveContactRequest) -> proto::ContactPermit = reserve;
        batch_reserve_contacts(proto::BatchReserveContactsRequest)
            -> proto::BatchReserveContactsResponse = batch;
        get_contact_permit(proto::GetContactPermitRequest) -> proto::ContactPermit = get;
        list_contact_permits(proto::ListContactPermitsRequest)
            -> proto::ListContactPermitsResponse = list;
        explain_contact(proto::ExplainContactRequest) -> proto::ContactExplanation = explain;
        confirm_contact(proto::ConfirmContactRequest) -> proto::ContactPermit = confirm;
        release_contact(proto::ReleaseContactRequest) -> proto::ContactPermit = release;
    }
}

/// What most requests call the topic.
const TOPIC: &str = "topic";

impl ContactPermits {
    async fn check(
        &self,
        ctx: Context,
        request: proto::CheckContactRequest,
    ) -> Result<proto::ContactDecision, Error> {
        let Asked { customer, contact } = asked::contact("", &request)?;
        let db = self.0.db.read();
        let policy = self.0.policies.current(&ctx, db).await?;
        asked::known_topic(&policy.rules, &contact, TOPIC)?;
        let customer = customer::get(&ctx, db, customer).await?.customer_id;
        let found = standing::of_customers(&ctx, db, &[customer]).await?;
        let living = found.into_values().find(|it| !it.deleted);
        let mut standing = living
            .ok_or_else(|| Error::not_found(resource::customer(customer)))?
            .standing;
        let at = standing.time(ctx.now);
        standing.drop_expired(at);
        let decision = standing.survey(&policy.rules, &contact, at);
        Ok(convert::decision(customer, policy.version, &decision))
    }

    /// One statement where the customer's clearance covers the contact, as it mostly does; else
    /// everything is looked at.
    async fn reserve(
        &self,
        ctx: Context,
        request: proto::ReserveContactRequest,
    ) -> Result<proto::ContactPermit, Error> {
        let proto::ReserveContactRequest {
            contact,
            ttl,
            request_id,
        } = request;
        let sent = contact.ok_or_else(|| Error::missing("contact"))?;
        let Asked { customer, contact } = asked::contact("contact", &sent)?;
        let wanted = Wanted {
            contact: &contact,
            ttl: asked::ttl(ttl.as_ref())?,
            topic_field: "contact.topic",
        };
        let request_id = asked::request_id(&request_id)?;
        if let Some(row) = self.spend(&ctx, customer, &wanted, request_id).await {
            return convert::permit(row, ctx.now);
        }
        let row = self.decide(&ctx, customer, &wanted, request_id).await?;
        convert::permit(row, ctx.now)
    }

    async fn spend(
        &self,
        ctx: &Context,
        customer: Uuid,
        wanted: &Wanted<'_>,
        request_id: Option<Uuid>,
    ) -> Option<Model> {
        let known = self.0.policies.known(ctx);
        let policy = known.filter(|it| wanted.contact.is_plain(&it.rules))?;
        let ttl = wanted.ttl.unwrap_or_else(|| policy.rules.ttl());
        let terms = Terms {
            contact: wanted.contact,
            at: ctx.now,
            expires: ctx.now.saturating_add(ttl),
            policy_version: policy.version,
        };
        let grant = Grant {
            customer,
            permit: new_id(),
            request_id,
        };
        let granted = self.0.spending.grant(ctx, terms, &grant).await;
        granted.then(|| Model {
            contact_permit_id: grant.permit,
            ..permit::granted(ctx, terms, customer, request_id)
        })
    }

    async fn decide(
        &self,
        ctx: &Context,
        customer: Uuid,
        wanted: &Wanted<'_>,
        request_id: Option<Uuid>,
    ) -> Result<Model, Error> {
        let policies = &self.0.policies;
        let judged = self.0.db.write_txn(|txn| async move {
            let customer = customer::require_live(ctx, &*txn, customer)
                .await?
                .customer_id;
            let before = granted_before(ctx, &txn, customer, wanted.contact, request_id);
            if let Some(row) = before.await? {
                let contact = wanted.contact;
                let mut again = again::judge(policies, ctx, &txn, contact, vec![row]).await?;
                return Ok(match again.pop() {
                    Some(Again::Withdrawn(Some(decision))) => {
                        Err(refusal(customer, contact, *decision, None))
                    }
                    Some(Again::Withdrawn(None)) | None => {
                        Err(Error::not_found(resource::customer(customer)))
                    }
                    Some(Again::Holds(row)) => Ok(*row),
                });
            }
            let judged = judge_one(ctx, &txn, policies, wanted, (customer, request_id)).await?;
            let Judged { row, decision } = judged;
            // The refusal is kept, so the transaction is not to fail.
            Ok::<_, Error>(match decision.is_allowed() {
                true => Ok(row),
                false => Err(refusal(customer, wanted.contact, decision, Some(&row))),
            })
        });
        judged.await?
    }

    async fn confirm(
        &self,
        ctx: Context,
        request: proto::ConfirmContactRequest,
    ) -> Result<proto::ContactPermit, Error> {
        self.settle(ctx, request.name, Settlement::Confirm).await
    }

    async fn release(
        &self,
        ctx: Context,
        request: proto::ReleaseContactRequest,
    ) -> Result<proto::ContactPermit, Error> {
        self.settle(ctx, request.name, Settlement::Release).await
    }

    async fn settle(
        &self,
        ctx: Context,
        name: String,
        settlement: Settlement,
    ) -> Result<proto::ContactPermit, Error> {
        let ids = CONTACT_PERMIT.parse("name", &name)?;
        let (ctx, name) = (&ctx, &name);
        let row = self.0.db.write_txn(|txn| async move {
            let found = permit::get(ctx, &*txn, ids).await?;
            let row = found.ok_or_else(|| Error::not_found(name.clone()))?;
            match settlement.of(convert::state(&row, ctx.now)?) {
                Step::Nothing => Ok(row),
                Step::Impossible(state) => Err(Error::InvalidState {
                    resource: name.clone(),
                    state: state.label(),
                    why: state.why_not(),
                }),
                Step::Enter(state) => {
                    let settled = permit::settle(ctx, &txn, &row, state).await?;
                    settled.ok_or(PlatformError::Conflict.into())
                }
            }
        });
        convert::permit(row.await?, ctx.now)
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetContactPermitRequest,
    ) -> Result<proto::ContactPermit, Error> {
        let ids = CONTACT_PERMIT.parse("name", &request.name)?;
        let row = permit::get(&ctx, self.0.db.read(), ids).await?;
        let row = row.ok_or(Error::not_found(request.name))?;
        convert::permit(row, ctx.now)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListContactPermitsRequest,
    ) -> Result<proto::ListContactPermitsResponse, Error> {
        let proto::ListContactPermitsRequest {
            customer,
            page_size,
            page_token,
        } = request;
        let [id] = CUSTOMER.parse("customer", &customer)?;
        let list = ListRequest {
            method: "rapport.customer.v1.ContactPermitService/ListContactPermits",
            query: Fingerprint::of(&[&customer]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let members = group::of(&ctx, db, id).await?.members();
        let rows = permit::list(&ctx, db, &members, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.contact_permit_id)?;
        let contact_permits = rows.into_iter().map(|row| convert::permit(row, ctx.now));
        Ok(proto::ListContactPermitsResponse {
            contact_permits: contact_permits.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }
}

/// What was granted to this request before. A permit that can no longer be used does not count:
/// the request then needs another one.
async fn granted_before(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    contact: &Contact,
    request_id: Option<Uuid>,
) -> Result<Option<Model>, Error> {
    let rows = permit::of_requests(ctx, txn, request_id).await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(None);
    };
    // It may have been granted to a record that was merged into this customer since.
    let group = group::of(ctx, txn, customer).await?;
    if !group.members().contains(&row.customer_id) || !permit::is_for(&row, contact) {
        return Err(PlatformError::RequestIdReused.into());
    }
    if convert::state(&row, ctx.now)? == PermitState::Expired {
        permit::forget_requests(ctx, txn, &[row]).await?;
        return Ok(None);
    }
    Ok(Some(row))
}

/// The refusal of a contact; `noted` when it is kept.
fn refusal(customer: Uuid, contact: &Contact, decision: Decision, noted: Option<&Model>) -> Error {
    Error::ContactRefused {
        customer: resource::customer(customer),
        channel: contact.channel,
        purpose: contact.purpose,
        decision: Box::new(decision),
        contact_permit: noted.map(convert::name),
    }
}

/// Refuses a list that names a customer twice or names none.
fn customers(names: &[String]) -> Result<Vec<Uuid>, Error> {
    let mut faults = Vec::new();
    let mut seen = HashSet::with_capacity(names.len());
    let mut ids = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let field = || format!("customers[{index}]");
        match CUSTOMER.ids(name) {
            Some([id]) if seen.insert(id) => ids.push(id),
            Some(_) => faults.push(FieldViolation::new(
                field(),
                "repeats a customer: name each once",
            )),
            None => faults.push(FieldViolation::new(
                field(),
                "must have the form `customers/{uuid}`",
            )),
        }
        // What is wrong with a few tells enough.
        if faults.len() == 20 {
            break;
        }
    }
    match faults.is_empty() {
        true => Ok(ids),
        false => Err(faults.into()),
    }
}

/// The channels on which the customer may be served at this moment, in its order.
pub(super) async fn open_for_service(
    shared: &Shared,
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Vec<Channel>, Error> {
    let policy = shared.policies.current(ctx, db).await?;
    let mut found = standing::of_customers(ctx, db, &[customer]).await?;
    let Some(standing) = found.remove(&customer).map(|it| it.standing) else {
        return Ok(Vec::new());
    };
    Ok(standing.open_for(&policy.rules, Purpose::Service, standing.time(ctx.now)))
}
