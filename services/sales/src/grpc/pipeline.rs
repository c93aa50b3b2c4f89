//! `PipelineService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::pipeline_service_server::PipelineService;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Shared;
use super::convert::pipeline as convert;
use crate::domain::pipeline::Key;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::{self, PIPELINE};
use crate::store::{opportunity, pipeline};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 100,
};
/// Most pipelines of a tenant: people choose from them.
const MOST: u64 = 100;

/// Keeps the ways of opportunities.
pub(crate) struct Pipelines(pub(crate) Shared);

rpcs! {
    PipelineService for Pipelines {
        create_pipeline(proto::CreatePipelineRequest) -> proto::Pipeline = create;
        get_pipeline(proto::GetPipelineRequest) -> proto::Pipeline = get;
        list_pipelines(proto::ListPipelinesRequest) -> proto::ListPipelinesResponse = list;
        update_pipeline(proto::UpdatePipelineRequest) -> proto::Pipeline = update;
    }
}

impl Pipelines {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreatePipelineRequest,
    ) -> Result<proto::Pipeline, Error> {
        let sent = request.pipeline.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("pipeline"))?;
        let parsed = &convert::parse(sent).map_err(faults_of("pipeline"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                still_bounded(ctx, &txn).await?;
                let row = pipeline::insert(ctx, &txn, parsed).await?;
                let created = convert::to_proto(&row)?;
                outbox::append(&txn, ctx, &[events::pipeline_created(&created, 1)]).await?;
                Ok(created)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetPipelineRequest,
    ) -> Result<proto::Pipeline, Error> {
        let [id] = PIPELINE.parse("name", &request.name)?;
        convert::to_proto(&pipeline::get(&ctx, self.0.db.read(), id).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListPipelinesRequest,
    ) -> Result<proto::ListPipelinesResponse, Error> {
        let proto::ListPipelinesRequest {
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.PipelineService/ListPipelines",
            query: Fingerprint::of(&[]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let rows = pipeline::list(&ctx, self.0.db.read(), page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.pipeline_id)?;
        Ok(proto::ListPipelinesResponse {
            pipelines: rows
                .iter()
                .map(convert::to_proto)
                .collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdatePipelineRequest,
    ) -> Result<proto::Pipeline, Error> {
        let sent = request.pipeline.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("pipeline"))?;
        let [id] = PIPELINE.parse("pipeline.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Pipeline>(mask, &convert::UPDATABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = pipeline::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, row.version)?;
                let merged = mask.merge(&convert::to_proto(&row)?, sent)?;
                let before = pipeline::read(&row)?;
                let (revised, gone) = convert::parse(&merged)
                    .and_then(|revised| before.revise(revised))
                    .map_err(faults_of("pipeline"))?;
                let row = pipeline::update(ctx, &txn, row, &revised).await?;
                self.left_by_all(ctx, id, &gone).await?;
                let updated = convert::to_proto(&row)?;
                let event = events::pipeline_updated(&updated, row.version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(updated)
            })
            .await
    }

    /// Refuses to leave out a stage that opportunities are in.
    ///
    /// Read beside the transaction, which has written the pipeline by now: whoever entered the
    /// stage before has committed, and whoever enters it since waits for us and runs again.
    async fn left_by_all(&self, ctx: &Context, id: Uuid, gone: &[Key]) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        match opportunity::count_in(ctx, self.0.db.read(), id, gone).await? {
            0 => Ok(()),
            dependents => Err(Error::InUse {
                resource: resource::pipeline(id),
                dependents,
            }),
        }
    }
}

/// Refuses one pipeline too many. Those made at the same instant may exceed the bound by as many:
/// nothing depends on it.
async fn still_bounded(ctx: &Context, txn: &DatabaseTransaction) -> Result<(), Error> {
    if pipeline::count(ctx, txn).await? < MOST {
        return Ok(());
    }
    Err(Error::InvalidState {
        resource: "pipelines".to_owned(),
        state: "FULL",
        why: "are 100 already. Change one that nobody uses any more.",
    })
}
