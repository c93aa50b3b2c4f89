//! `TerritoryService`.

use std::sync::Arc;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{DatabaseTransaction, DbBackend};
use uuid::Uuid;

use super::{convert, events, publish};
use crate::domain::date;
use crate::domain::territory::{Step, Territory, check_days};
use crate::error::{Error, faults_of};
use crate::grpc::convert::required_day;
use crate::grpc::{PAGE, Shared};
use crate::resource::{TERRITORY, TERRITORY_MODEL, TERRITORY_SELLER};
use crate::store::entity::{territory_model, territory_seller};
use crate::store::seller;
use crate::store::territory::{self, proceed, rule, seat, tree, unprepared};

/// Keeps the territories of models, and who works them.
pub(crate) struct Territories(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.TerritoryService" for Territories {
        create_territory(proto::CreateTerritoryRequest) -> proto::Territory = create;
        get_territory(proto::GetTerritoryRequest) -> proto::Territory = get;
        list_territories(proto::ListTerritoriesRequest) -> proto::ListTerritoriesResponse = list;
        update_territory(proto::UpdateTerritoryRequest) -> proto::Territory = update;
        delete_territory(proto::DeleteTerritoryRequest) -> () = delete;
        assign_territory_seller(proto::AssignTerritorySellerRequest) -> proto::TerritorySeller
            = assign;
        end_territory_seller(proto::EndTerritorySellerRequest) -> proto::TerritorySeller = end;
        list_territory_sellers(proto::ListTerritorySellersRequest)
            -> proto::ListTerritorySellersResponse = list_sellers;
    }
}

/// The territory that a message says, whose rule is one.
fn parse(sent: &proto::Territory, model: Uuid, backend: DbBackend) -> Result<Territory, Error> {
    let parsed = Territory::parse(convert::parts(sent, model)).map_err(faults_of("territory"))?;
    let rule = parsed.rule.as_deref().unwrap_or_default();
    rule::check(backend, rule).map_err(faults_of("territory.rule"))?;
    Ok(parsed)
}

impl Territories {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateTerritoryRequest,
    ) -> Result<proto::Territory, Error> {
        let [model] = TERRITORY_MODEL.parse("parent", &request.parent)?;
        let sent = request.territory.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("territory"))?;
        let parsed = &parse(sent, model, self.0.db.backend())?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let plan = territory::get_for(ctx, &*txn, model, Step::Plan).await?;
                let row = tree::insert(ctx, &txn, model, parsed).await?;
                publish(ctx, &txn, unprepared(plan)).await?;
                Ok(convert::territory(row))
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetTerritoryRequest,
    ) -> Result<proto::Territory, Error> {
        let ids = TERRITORY.parse("name", &request.name)?;
        let row = tree::get(&ctx, self.0.db.read(), ids).await?;
        Ok(convert::territory(row))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListTerritoriesRequest,
    ) -> Result<proto::ListTerritoriesResponse, Error> {
        let proto::ListTerritoriesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [model] = TERRITORY_MODEL.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.TerritoryService/ListTerritories",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let limit = page.limit();
        let rows = tree::list(&ctx, self.0.db.read(), model, page.after.clone(), limit).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.code.clone())?;
        Ok(proto::ListTerritoriesResponse {
            territories: rows.into_iter().map(convert::territory).collect(),
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateTerritoryRequest,
    ) -> Result<proto::Territory, Error> {
        let sent = request.territory.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("territory"))?;
        let ids @ [model, _] = TERRITORY.parse("territory.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Territory>(mask, &convert::UPDATABLE)?;
        let (ctx, backend) = (&ctx, self.0.db.backend());
        self.0
            .once(ctx, &request, |txn| async move {
                let row = tree::get(ctx, &*txn, ids).await?;
                let plan = territory::get_for(ctx, &*txn, model, Step::Plan).await?;
                Etag::check(&sent.name, &sent.etag, row.version)?;
                let merged = mask.merge(&convert::territory(row.clone()), sent)?;
                if merged.code != row.code {
                    let why = "stays: by it pins and reports go on. Delete and create another one";
                    return Err(Error::invalid("territory.code", why));
                }
                let changed = parse(&merged, model, backend)?;
                let row = tree::update(ctx, &txn, row, &changed).await?;
                publish(ctx, &txn, unprepared(plan)).await?;
                Ok(convert::territory(row))
            })
            .await
    }

    async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteTerritoryRequest,
    ) -> Result<(), Error> {
        let ids @ [model, _] = TERRITORY.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = tree::get(ctx, &*txn, ids).await?;
                let plan = territory::get_for(ctx, &*txn, model, Step::Plan).await?;
                Etag::check(name, etag, row.version)?;
                tree::delete(ctx, &txn, &row).await?;
                publish(ctx, &txn, unprepared(plan)).await.map(drop)
            })
            .await
    }

    async fn assign(
        &self,
        ctx: Context,
        request: proto::AssignTerritorySellerRequest,
    ) -> Result<proto::TerritorySeller, Error> {
        const FIELD: &str = "territory_seller";
        let ids @ [model, id] = TERRITORY.parse("parent", &request.parent)?;
        let sent = request.territory_seller.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let new = &convert::new_seat(&ctx, sent, id).map_err(faults_of(FIELD))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                tree::get(ctx, &*txn, ids).await?;
                claim(ctx, &txn, model).await?;
                let known = seller::activity(ctx, &*txn, [new.seller_id]).await?;
                if known.is_empty() {
                    let why = "does not exist: name a seller that does";
                    return Err(Error::invalid("territory_seller.seller", why));
                }
                let row = seat::insert(ctx, &txn, model, new.clone()).await?;
                publish_seat(ctx, &txn, row, model).await
            })
            .await
    }

    async fn end(
        &self,
        ctx: Context,
        request: proto::EndTerritorySellerRequest,
    ) -> Result<proto::TerritorySeller, Error> {
        let ids @ [model, territory, _] = TERRITORY_SELLER.parse("name", &request.name)?;
        let end = required_day(request.end_date.as_ref()).map_err(faults_of("end_date"))?;
        let (ctx, end) = (&ctx, date::number(end));
        self.0
            .once(ctx, &request, |txn| async move {
                tree::get(ctx, &*txn, [model, territory]).await?;
                claim(ctx, &txn, model).await?;
                let row = seat::get(ctx, &*txn, ids).await?;
                check_days(row.start_date, Some(end)).map_err(faults_of("end_date"))?;
                if row.end_date == Some(end) {
                    return Ok(convert::seat(row, model));
                }
                if row.end_date.is_some_and(|before| before < end) {
                    let why =
                        "must not be after the day that is noted: assign him anew from that day on";
                    return Err(Error::invalid("end_date", why));
                }
                let row = seat::end(&txn, row, end).await?;
                publish_seat(ctx, &txn, row, model).await
            })
            .await
    }

    async fn list_sellers(
        &self,
        ctx: Context,
        request: proto::ListTerritorySellersRequest,
    ) -> Result<proto::ListTerritorySellersResponse, Error> {
        let proto::ListTerritorySellersRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let ids @ [model, id] = TERRITORY.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.TerritoryService/ListTerritorySellers",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        tree::get(&ctx, db, ids).await?;
        let rows = seat::list(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.seat_id)?;
        let named = |row| convert::seat(row, model);
        Ok(proto::ListTerritorySellersResponse {
            territory_sellers: rows.into_iter().map(named).collect(),
            next_page_token,
        })
    }
}

/// The model, in which nobody else notes who works where beside this.
async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: Uuid,
) -> Result<territory_model::Model, Error> {
    let row = territory::get_for(ctx, txn, model, Step::Staff).await?;
    proceed(txn, row).await
}

async fn publish_seat(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    row: territory_seller::Model,
    model: Uuid,
) -> Result<proto::TerritorySeller, Error> {
    let version = row.version;
    let seat = convert::seat(row, model);
    outbox::append(txn, ctx, &[events::seller_changed(&seat, version)]).await?;
    Ok(seat)
}
