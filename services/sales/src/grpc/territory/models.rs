//! `TerritoryModelService`.

use std::collections::HashMap;
use std::sync::LazyLock;

use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{convert, events, publish};
use crate::domain::territory::{Description, ModelState, Step};
use crate::error::{Error, faults_of};
use crate::grpc::{PAGE, SMALL_PAGE, Shared};
use crate::resource::{self, TERRITORY_MODEL};
use crate::store::entity::territory_model::{Column, Model};
use crate::store::territory::{self, cover, moves, pin, tree};

/// Plans how customers are divided.
pub(crate) struct TerritoryModels(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.TerritoryModelService" for TerritoryModels {
        create_territory_model(proto::CreateTerritoryModelRequest) -> proto::TerritoryModel
            = create;
        get_territory_model(proto::GetTerritoryModelRequest) -> proto::TerritoryModel = get;
        list_territory_models(proto::ListTerritoryModelsRequest)
            -> proto::ListTerritoryModelsResponse = list;
        update_territory_model(proto::UpdateTerritoryModelRequest) -> proto::TerritoryModel
            = update;
        prepare_territory_model(proto::PrepareTerritoryModelRequest) -> proto::TerritoryModel
            = prepare;
        activate_territory_model(proto::ActivateTerritoryModelRequest) -> proto::TerritoryModel
            = activate;
        cancel_territory_model(proto::CancelTerritoryModelRequest) -> proto::TerritoryModel
            = cancel;
        archive_territory_model(proto::ArchiveTerritoryModelRequest) -> proto::TerritoryModel
            = archive;
        summarize_territory_moves(proto::SummarizeTerritoryMovesRequest)
            -> proto::SummarizeTerritoryMovesResponse = summarize;
        list_territory_moves(proto::ListTerritoryMovesRequest)
            -> proto::ListTerritoryMovesResponse = list_moves;
    }
}

/// What `ListTerritoryModels` filters by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = ModelState::ALL.iter().map(|it| (it.label(), it.number()));
    FilterSchema::new().enumeration("state", Column::State, states)
});

impl TerritoryModels {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateTerritoryModelRequest,
    ) -> Result<proto::TerritoryModel, Error> {
        let sent = request.territory_model.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("territory_model"))?;
        let described = Description::parse(&sent.display_name, &sent.description);
        let described = &described.map_err(faults_of("territory_model"))?;
        let source = resource::optional(TERRITORY_MODEL, &request.source_model);
        let source = source.map_err(faults_of("source_model"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = territory::insert(ctx, &txn, described).await?;
                if let Some(source) = source {
                    territory::get(ctx, &*txn, source).await?;
                    tree::copy(ctx, &txn, (source, row.model_id)).await?;
                }
                let created = convert::model(row);
                outbox::append(&txn, ctx, &[events::model_changed(&created, 1)]).await?;
                Ok(created)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetTerritoryModelRequest,
    ) -> Result<proto::TerritoryModel, Error> {
        let [id] = TERRITORY_MODEL.parse("name", &request.name)?;
        let row = territory::get(&ctx, self.0.db.read(), id).await?;
        Ok(convert::model(row))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListTerritoryModelsRequest,
    ) -> Result<proto::ListTerritoryModelsResponse, Error> {
        let proto::ListTerritoryModelsRequest {
            filter,
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.TerritoryModelService/ListTerritoryModels",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let db = self.0.db.read();
        let rows = territory::list(&ctx, db, wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.model_id)?;
        Ok(proto::ListTerritoryModelsResponse {
            territory_models: rows.into_iter().map(convert::model).collect(),
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateTerritoryModelRequest,
    ) -> Result<proto::TerritoryModel, Error> {
        let sent = request.territory_model.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("territory_model"))?;
        let [id] = TERRITORY_MODEL.parse("territory_model.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::TerritoryModel>(mask, &convert::MODEL_UPDATABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = territory::get_for(ctx, &*txn, id, Step::Describe).await?;
                Etag::check(&sent.name, &sent.etag, row.version)?;
                let merged = mask.merge(&convert::model(row.clone()), sent)?;
                let described = Description::parse(&merged.display_name, &merged.description);
                let Description {
                    display_name,
                    description,
                } = described.map_err(faults_of("territory_model"))?;
                let changed = Model {
                    display_name,
                    description,
                    ..row
                };
                publish(ctx, &txn, changed).await
            })
            .await
    }

    async fn summarize(
        &self,
        ctx: Context,
        request: proto::SummarizeTerritoryMovesRequest,
    ) -> Result<proto::SummarizeTerritoryMovesResponse, Error> {
        let [id] = TERRITORY_MODEL.parse("name", &request.name)?;
        let db = self.0.db.read();
        let model = prepared(territory::get(&ctx, db, id).await?)?;
        let counts = moves::counts(&ctx, db, &model).await?;
        let count = |count: moves::Count| proto::TerritoryMoveCount {
            from_territory_code: count.from_code.unwrap_or_default(),
            to_territory_code: count.code.unwrap_or_default(),
            customer_count: count.customers,
        };
        Ok(proto::SummarizeTerritoryMovesResponse {
            counts: counts.into_iter().map(count).collect(),
            lost_pin_count: pin::count_lost(&ctx, db, id).await?,
            processed_count: model.processed,
        })
    }

    async fn list_moves(
        &self,
        ctx: Context,
        request: proto::ListTerritoryMovesRequest,
    ) -> Result<proto::ListTerritoryMovesResponse, Error> {
        let proto::ListTerritoryMovesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = TERRITORY_MODEL.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.TerritoryModelService/ListTerritoryMoves",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let model = prepared(territory::get(&ctx, db, id).await?)?;
        let rows = moves::list(&ctx, db, &model, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.customer_id)?;
        let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.territory_id).collect();
        let rules = cover::territories(&ctx, db, &ids).await?.into_iter();
        let rules: HashMap<Uuid, Option<String>> =
            rules.map(|it| (it.territory_id, it.rule)).collect();
        let moves = rows.into_iter().map(|row| {
            let rule = row.territory_id.and_then(|id| rules.get(&id).cloned());
            convert::planned_move(row, rule.flatten(), model.activate_time)
        });
        Ok(proto::ListTerritoryMovesResponse {
            moves: moves.collect(),
            next_page_token,
        })
    }
}

/// The model, if it is known of it who moves.
fn prepared(row: Model) -> Result<Model, Error> {
    if row.preparation != 0 || row.activate_time.is_some() {
        return Ok(row);
    }
    Err(Error::InvalidState {
        resource: TERRITORY_MODEL.format(&[row.model_id]),
        state: "UNPREPARED",
        why: "is not prepared, or no longer. Prepare it first.",
    })
}
