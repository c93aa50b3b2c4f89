//! `ContactPointService`.

use std::sync::Arc;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::convert::contact_point as convert;
use super::{Shared, suppression};
use crate::domain::contact_point::{AddressProblem, ContactPoint, ContactPointState};
use crate::domain::region::Region;
use crate::domain::search::Terms;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::{self, CONTACT_POINT, CUSTOMER};
use crate::store::entity::contact_point::Model;
use crate::store::entity::customer::Model as Customer;
use crate::store::identity::{group, index};
use crate::store::{contact_point, customer, search};

/// Most contact points of one customer.
pub(super) const MAX_CONTACT_POINTS: u64 = 100;
const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 100,
};

/// Keeps the addresses under which customers can be reached.
pub(crate) struct ContactPoints(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ContactPointService" for ContactPoints {
        create_contact_point(proto::CreateContactPointRequest) -> proto::ContactPoint = create;
        get_contact_point(proto::GetContactPointRequest) -> proto::ContactPoint = get;
        list_contact_points(proto::ListContactPointsRequest)
            -> proto::ListContactPointsResponse = list;
        update_contact_point(proto::UpdateContactPointRequest) -> proto::ContactPoint = update;
        delete_contact_point(proto::DeleteContactPointRequest) -> () = delete;
        verify_contact_point(proto::VerifyContactPointRequest) -> proto::ContactPoint = verify;
        report_contact_point_problem(proto::ReportContactPointProblemRequest)
            -> proto::ContactPoint = report;
    }
}

impl ContactPoints {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateContactPointRequest,
    ) -> Result<proto::ContactPoint, Error> {
        let [customer_id] = CUSTOMER.parse("parent", &request.parent)?;
        let sent = request.contact_point.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("contact_point"))?;
        let (ctx, key) = (&ctx, &self.0.address_key);
        self.0
            .once(ctx, &request, |txn| async move {
                let customer = customer::claim_live(ctx, &txn, customer_id).await?;
                let group = group::with_members(ctx, &*txn, customer).await?;
                let region = match region_of(&group.root) {
                    Some(own) => own,
                    None => self.0.region_of_tenant(ctx, &*txn).await?,
                };
                let (address, usage) =
                    convert::parse(sent, region).map_err(faults_of("contact_point"))?;
                has_room(ctx, &txn, group.id()).await?;
                let point = ContactPoint::new(address, usage, ctx.now);
                let row = contact_point::insert(ctx, &txn, key, &group, &point).await?;
                let mut terms = Terms::default();
                terms.address(point.address());
                search::add(ctx, &txn, &[(group.id(), terms)]).await?;
                index::rebuild_keys(ctx, &txn, &[group.id()]).await?;
                changed(ctx, &txn, row).await
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetContactPointRequest,
    ) -> Result<proto::ContactPoint, Error> {
        let ids = CONTACT_POINT.parse("name", &request.name)?;
        convert::to_proto(contact_point::get(&ctx, self.0.db.read(), ids).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListContactPointsRequest,
    ) -> Result<proto::ListContactPointsResponse, Error> {
        let proto::ListContactPointsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [customer_id] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.ContactPointService/ListContactPoints",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let members = group::of(&ctx, db, customer_id).await?.members();
        let rows = contact_point::list(&ctx, db, &members, page.after, page.limit()).await?;
        let (rows, next_page_token) =
            page.finish(rows, |row| contact_point::Position::from(row))?;
        let contact_points = rows
            .into_iter()
            .map(convert::to_proto)
            .collect::<Result<_, _>>()?;
        Ok(proto::ListContactPointsResponse {
            contact_points,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateContactPointRequest,
    ) -> Result<proto::ContactPoint, Error> {
        let sent = request.contact_point.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("contact_point"))?;
        let ids = CONTACT_POINT.parse("contact_point.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::ContactPoint>(mask, &convert::USAGE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = contact_point::get(ctx, &*txn, ids).await?;
                customer::require_live(ctx, &*txn, before.customer_id).await?;
                Etag::check(&sent.name, &sent.etag, before.version)?;
                let merged = mask.merge(&convert::to_proto(before.clone())?, sent)?;
                let mut point = contact_point::from_row(&before)?;
                let usage = convert::parse_usage(&merged, point.address())
                    .map_err(faults_of("contact_point"))?;
                point.use_for(usage);
                changed(
                    ctx,
                    &txn,
                    contact_point::update(ctx, &txn, before, &point).await?,
                )
                .await
            })
            .await
    }

    async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteContactPointRequest,
    ) -> Result<(), Error> {
        let ids = CONTACT_POINT.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = contact_point::get(ctx, &*txn, ids).await?;
                let customer = customer::claim_live(ctx, &txn, row.customer_id).await?;
                Etag::check(name, etag, row.version)?;
                contact_point::delete(ctx, &txn, &row).await?;
                forget_terms(ctx, &txn, &customer, &row).await?;
                let name = CONTACT_POINT.format(&[row.customer_id, row.contact_point_id]);
                let event = events::contact_point_deleted(&name, row.version);
                Ok(outbox::append(&txn, ctx, &[event]).await?)
            })
            .await
    }

    async fn verify(
        &self,
        ctx: Context,
        request: proto::VerifyContactPointRequest,
    ) -> Result<proto::ContactPoint, Error> {
        let ids = CONTACT_POINT.parse("name", &request.name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = contact_point::get(ctx, &*txn, ids).await?;
                let mut point = contact_point::from_row(&before)?;
                point.verify(ctx.now);
                suppression::back_in_use(ctx, &txn, &before.address_digest).await?;
                changed(
                    ctx,
                    &txn,
                    contact_point::update(ctx, &txn, before, &point).await?,
                )
                .await
            })
            .await
    }

    async fn report(
        &self,
        ctx: Context,
        request: proto::ReportContactPointProblemRequest,
    ) -> Result<proto::ContactPoint, Error> {
        let ids = CONTACT_POINT.parse("name", &request.name)?;
        let problem = problem(request.state)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = contact_point::get(ctx, &*txn, ids).await?;
                let mut point = contact_point::from_row(&before)?;
                point.report(problem, ctx.now);
                suppression::take_out_of_use(ctx, &txn, &before.address_digest, problem).await?;
                changed(
                    ctx,
                    &txn,
                    contact_point::update(ctx, &txn, before, &point).await?,
                )
                .await
            })
            .await
    }
}

/// The region whose local phone numbers a customer's are, where it has one.
fn region_of(customer: &Customer) -> Option<Region> {
    customer.region_code.as_deref()?.parse().ok()
}

/// Answers with a contact point that was written, and announces it.
async fn changed(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    row: Model,
) -> Result<proto::ContactPoint, Error> {
    let version = row.version;
    let point = convert::to_proto(row)?;
    outbox::append(txn, ctx, &[events::contact_point_changed(&point, version)]).await?;
    Ok(point)
}

async fn has_room(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    customer_id: Uuid,
) -> Result<(), Error> {
    if contact_point::count(ctx, &**txn, customer_id).await? < MAX_CONTACT_POINTS {
        return Ok(());
    }
    Err(Error::InvalidState {
        resource: resource::customer(customer_id),
        state: "FULL",
        why: "has 100 contact points. Delete those that no longer work.",
    })
}

/// Removes the terms that led to a contact point and to none of the customer's others.
async fn forget_terms(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    customer: &Customer,
    deleted: &Model,
) -> Result<(), Error> {
    if customer.merged_count > 0 {
        return index::rebuild(ctx, txn, &[customer.customer_id]).await;
    }
    let (mut lost, mut kept) = (Terms::default(), Terms::default());
    lost.address(&contact_point::address(deleted)?);
    for other in contact_point::all(ctx, &**txn, &[deleted.customer_id]).await? {
        kept.address(&contact_point::address(&other)?);
    }
    let lost: Vec<_> = lost.without(&kept).collect();
    search::remove(ctx, txn, deleted.customer_id, &lost).await?;
    index::rebuild_keys(ctx, txn, &[deleted.customer_id]).await
}

fn problem(state: i32) -> Result<AddressProblem, Error> {
    match ContactPointState::try_from(state).map_err(faults_of("state"))? {
        ContactPointState::Bounced => Ok(AddressProblem::Bounced),
        ContactPointState::Complained => Ok(AddressProblem::Complained),
        ContactPointState::Active => Err(Error::invalid(
            "state",
            "is no problem: set BOUNCED or COMPLAINED",
        )),
    }
}
