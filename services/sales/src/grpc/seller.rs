//! `SellerService`.

use std::sync::LazyLock;

use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::calendar::feed::end;
use super::convert::seller as convert;
use super::{PAGE, Shared};
use crate::domain::seller::{Seller, SellerState};
use crate::error::{Error, faults_of, unreadable};
use crate::events;
use crate::resource::SELLER;
use crate::store::calendar::feed::of_seller;
use crate::store::entity::seller::Column;
use crate::store::seller;

/// Keeps those who sell.
pub(crate) struct Sellers(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.SellerService" for Sellers {
        create_seller(proto::CreateSellerRequest) -> proto::Seller = create;
        get_seller(proto::GetSellerRequest) -> proto::Seller = get;
        list_sellers(proto::ListSellersRequest) -> proto::ListSellersResponse = list;
        update_seller(proto::UpdateSellerRequest) -> proto::Seller = update;
        deactivate_seller(proto::DeactivateSellerRequest) -> proto::Seller = deactivate;
        reactivate_seller(proto::ReactivateSellerRequest) -> proto::Seller = reactivate;
    }
}

/// What `ListSellers` filters by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = SellerState::ALL.iter().map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .text("principal", Column::Principal)
        .reference("manager", Column::ManagerId, SELLER)
        .text("team", Column::Team)
        .text("region", Column::Region)
        .enumeration("state", Column::State, states)
});

impl Sellers {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateSellerRequest,
    ) -> Result<proto::Seller, Error> {
        let sent = request.seller.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("seller"))?;
        let parsed = &Seller::parse(convert::parts(sent)).map_err(faults_of("seller"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = seller::insert(ctx, &txn, parsed).await?;
                let created = convert::to_proto(row);
                outbox::append(&txn, ctx, &[events::seller_created(&created, 1)]).await?;
                Ok(created)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetSellerRequest,
    ) -> Result<proto::Seller, Error> {
        let [id] = SELLER.parse("name", &request.name)?;
        seller::get(&ctx, self.0.db.read(), id)
            .await
            .map(convert::to_proto)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListSellersRequest,
    ) -> Result<proto::ListSellersResponse, Error> {
        let proto::ListSellersRequest {
            page_size,
            page_token,
            filter,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.SellerService/ListSellers",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let rows = seller::list(&ctx, self.0.db.read(), wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.seller_id)?;
        Ok(proto::ListSellersResponse {
            sellers: rows.into_iter().map(convert::to_proto).collect(),
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateSellerRequest,
    ) -> Result<proto::Seller, Error> {
        let sent = request.seller.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("seller"))?;
        let [id] = SELLER.parse("seller.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Seller>(mask, &convert::UPDATABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = seller::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, row.version)?;
                let before = convert::to_proto(row.clone());
                let merged = mask.merge(&before, sent)?;
                let seller = Seller::parse(convert::parts(&before))
                    .map_err(unreadable("reading a stored seller"))?
                    .revise(convert::parts(&merged))
                    .map_err(faults_of("seller"))?;
                let row = seller::update(ctx, &txn, row, &seller).await?;
                let version = row.version;
                let updated = convert::to_proto(row);
                outbox::append(&txn, ctx, &[events::seller_updated(&updated, version)]).await?;
                Ok(updated)
            })
            .await
    }

    async fn deactivate(
        &self,
        ctx: Context,
        request: proto::DeactivateSellerRequest,
    ) -> Result<proto::Seller, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        self.enter(ctx, &request, named, SellerState::Inactive)
            .await
    }

    async fn reactivate(
        &self,
        ctx: Context,
        request: proto::ReactivateSellerRequest,
    ) -> Result<proto::Seller, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        self.enter(ctx, &request, named, SellerState::Active).await
    }

    async fn enter<Req: RequestId>(
        &self,
        ctx: Context,
        request: &Req,
        (name, etag): (&str, &str),
        state: SellerState,
    ) -> Result<proto::Seller, Error> {
        let [id] = SELLER.parse("name", name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, request, |txn| async move {
                let row = seller::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                if row.state == state.code() {
                    return Err(Error::InvalidState {
                        resource: name.to_owned(),
                        state: state.label(),
                        why: "is in this state already.",
                    });
                }
                let row = seller::enter(ctx, &txn, row, state).await?;
                if state == SellerState::Inactive {
                    end_feed(ctx, &txn, id).await?;
                }
                let version = row.version;
                let changed = convert::to_proto(row);
                let event = events::seller_state_changed(&changed, version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(changed)
            })
            .await
    }
}

/// Nobody reads the calendar of who sells no longer by the address that he gave them.
async fn end_feed(ctx: &Context, txn: &DatabaseTransaction, id: Uuid) -> Result<(), Error> {
    let row = of_seller(ctx, txn, id).await?;
    if row.is_some_and(|it| it.secret_hash.is_some()) {
        end(ctx, txn, id).await?;
    }
    Ok(())
}
