//! `SuppressionService`.

use std::sync::LazyLock;

use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Shared;
use super::convert::suppression as convert;
use crate::domain::contact::suppression::{self as rules, SuppressionReason};
use crate::domain::contact_point::AddressProblem;
use crate::error::{Error, faults_of, unreadable};
use crate::events;
use crate::resource::SUPPRESSION;
use crate::store::contact::suppression::{self, Added, NewSuppression};
use crate::store::entity::suppression::{Column, Model};

const READING: &str = "reading a suppression";

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// What suppressions can be filtered by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let reasons = SuppressionReason::ALL.iter();
    FilterSchema::new()
        .enumeration(
            "reason",
            Column::Reason,
            reasons.map(|it| (it.label(), it.number())),
        )
        .timestamp("create_time", Column::CreateTime)
        .timestamp("lift_time", Column::LiftTime)
});

/// Keeps the addresses that are not to be used.
pub(crate) struct Suppressions(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.SuppressionService" for Suppressions {
        suppress_address(proto::SuppressAddressRequest) -> proto::Suppression = suppress;
        find_suppressions(proto::FindSuppressionsRequest) -> proto::FindSuppressionsResponse = find;
        list_suppressions(proto::ListSuppressionsRequest) -> proto::ListSuppressionsResponse = list;
        lift_suppression(proto::LiftSuppressionRequest) -> proto::Suppression = lift;
    }
}

impl Suppressions {
    async fn suppress(
        &self,
        ctx: Context,
        request: proto::SuppressAddressRequest,
    ) -> Result<proto::Suppression, Error> {
        let digest = &self.digest(&ctx, request.address.clone()).await?;
        let (reason, stops) =
            convert::reason(request.reason, &request.purposes).map_err(faults_of(""))?;
        let note = &rules::note(&request.note).map_err(faults_of("note"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let new = NewSuppression {
                    digest: digest.clone(),
                    reason,
                    stops,
                    note: note.as_deref(),
                };
                suppress(ctx, &txn, new).await
            })
            .await
    }

    async fn find(
        &self,
        ctx: Context,
        request: proto::FindSuppressionsRequest,
    ) -> Result<proto::FindSuppressionsResponse, Error> {
        let proto::FindSuppressionsRequest { address } = request;
        let digest = self.digest(&ctx, address).await?;
        let rows = suppression::in_force(&ctx, self.0.db.read(), &digest).await?;
        let suppressions = rows.into_iter().map(convert::to_proto).collect();
        Ok(proto::FindSuppressionsResponse { suppressions })
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListSuppressionsRequest,
    ) -> Result<proto::ListSuppressionsResponse, Error> {
        let proto::ListSuppressionsRequest {
            page_size,
            page_token,
            filter,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.SuppressionService/ListSuppressions",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let filter = FILTER.parse(self.0.db.backend(), &filter)?;
        let (after, limit) = (page.after, page.limit());
        let rows = suppression::list(&ctx, self.0.db.read(), filter, after, limit).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.suppression_id)?;
        Ok(proto::ListSuppressionsResponse {
            suppressions: rows.into_iter().map(convert::to_proto).collect(),
            next_page_token,
        })
    }

    async fn lift(
        &self,
        ctx: Context,
        request: proto::LiftSuppressionRequest,
    ) -> Result<proto::Suppression, Error> {
        let [id] = SUPPRESSION.parse("name", &request.name)?;
        let reason = &rules::lift_reason(&request.reason).map_err(faults_of("reason"))?;
        let (ctx, name) = (&ctx, &request.name);
        self.0
            .once(ctx, &request, |txn| async move {
                let before = suppression::get(ctx, &*txn, id).await?;
                let before = before.ok_or_else(|| Error::not_found(name.clone()))?;
                if before.lift_time.is_some() {
                    return Err(Error::InvalidState {
                        resource: name.clone(),
                        state: "LIFTED",
                        why: "is lifted already.",
                    });
                }
                let row = suppression::lift(ctx, &txn, before, reason).await?;
                announced(ctx, &txn, row).await
            })
            .await
    }

    async fn digest(
        &self,
        ctx: &Context,
        address: Option<proto::SuppressedAddress>,
    ) -> Result<Vec<u8>, Error> {
        let address = address.ok_or_else(|| Error::missing("address"))?;
        let region = self.0.region_of_tenant(ctx, self.0.db.read()).await?;
        let address = convert::address(address, region).map_err(faults_of("address"))?;
        Ok(self.0.address_key.digest(&address))
    }
}

/// Suppresses an address, and announces it if it was not suppressed alike.
pub(crate) async fn suppress(
    ctx: &Context,
    txn: &DatabaseTransaction,
    new: NewSuppression<'_>,
) -> Result<proto::Suppression, Error> {
    match suppression::add(ctx, txn, new).await? {
        Added::Now(row) => announced(ctx, txn, row).await,
        Added::Before(row) => Ok(convert::to_proto(row)),
    }
}

/// Suppresses an address with a problem, for everybody who has it.
pub(super) async fn take_out_of_use(
    ctx: &Context,
    txn: &DatabaseTransaction,
    digest: &[u8],
    problem: AddressProblem,
) -> Result<(), Error> {
    let reason = match problem {
        AddressProblem::Bounced => SuppressionReason::Bounce,
        AddressProblem::Complained => SuppressionReason::Complaint,
    };
    let new = NewSuppression {
        digest: digest.to_vec(),
        reason,
        stops: reason.stops(&[]).map_err(unreadable(READING))?,
        note: None,
    };
    suppress(ctx, txn, new).await?;
    Ok(())
}

/// Lifts what bounces suppressed: something arrived at the address.
pub(super) async fn back_in_use(
    ctx: &Context,
    txn: &DatabaseTransaction,
    digest: &[u8],
) -> Result<(), Error> {
    let stopped = suppression::in_force(ctx, txn, digest).await?;
    let bounces = stopped
        .into_iter()
        .filter(|it| it.reason == SuppressionReason::Bounce.code());
    for row in bounces {
        let row = suppression::lift(ctx, txn, row, "The address was verified.").await?;
        announced(ctx, txn, row).await?;
    }
    Ok(())
}

async fn announced(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
) -> Result<proto::Suppression, Error> {
    let suppression = convert::to_proto(row);
    outbox::append(txn, ctx, &[events::suppression_changed(&suppression)]).await?;
    Ok(suppression)
}
