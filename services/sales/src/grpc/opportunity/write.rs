//! Recording, changing and moving opportunities.

use std::sync::Arc;

use rapport_platform::error::PlatformError;
use rapport_platform::etag::Etag;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Opportunities;
use super::known::references;
use crate::domain::opportunity::{Draft, Opportunity, Refused};
use crate::domain::pipeline::{OpportunityState, Pipeline};
use crate::error::{Error, faults_of};
use crate::events;
use crate::grpc::convert::opportunity as convert;
use crate::resource::{self, OPPORTUNITY};
use crate::store::opportunity::{self, Identity, New, Record, Recorded};
use crate::store::pipeline;

impl Opportunities {
    pub(super) async fn create(
        &self,
        ctx: Context,
        request: proto::CreateOpportunityRequest,
    ) -> Result<proto::Opportunity, Error> {
        let sent = request.opportunity.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("opportunity"))?;
        let draft = &convert::draft(sent).map_err(faults_of("opportunity"))?;
        let (ctx, customers) = (&ctx, &self.customers(&ctx, [draft]).await?);
        self.0
            .once(ctx, &request, |txn| async move {
                taken(ctx, &txn, draft).await?;
                let known = references(ctx, &txn, customers.clone(), &[draft]).await?;
                let opened = draft
                    .open(&known, ctx.now)
                    .map_err(faults_of("opportunity"))?;
                let new = New {
                    identity: identity(ctx, draft),
                    states: vec![opened],
                };
                let recorded = opportunity::insert(ctx, &txn, &[new]).await?;
                publish(ctx, &txn, recorded.into_iter().flatten()).await
            })
            .await
    }

    pub(super) async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateOpportunityRequest,
    ) -> Result<proto::Opportunity, Error> {
        let sent = request.opportunity.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("opportunity"))?;
        let [id] = OPPORTUNITY.parse("opportunity.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Opportunity>(mask, &convert::UPDATABLE)?;
        let named = resource::optional(resource::CUSTOMER, &sent.customer);
        let named = named.map_err(faults_of("opportunity.customer"))?;
        let named: Vec<Uuid> = named.into_iter().collect();
        let customers = match named.as_slice() {
            [] => Default::default(),
            named => self.0.customers.known(&ctx, named).await?,
        };
        let (ctx, customers) = (&ctx, &customers);
        self.0
            .once(ctx, &request, |txn| async move {
                let record = opportunity::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, record.row.version)?;
                let before = record.read()?;
                let merged = mask.merge(&convert::to_proto(record.clone(), ctx.now)?, sent)?;
                let draft = convert::draft(&merged).map_err(faults_of("opportunity"))?;
                let known = references(ctx, &txn, customers.clone(), &[&draft]).await?;
                let after = draft.revise(&before, &known, ctx.now);
                let after = after.map_err(refused(&sent.name, "opportunity"))?;
                let recorded = opportunity::update(ctx, &txn, &record, &before, &after).await?;
                publish(ctx, &txn, [recorded]).await
            })
            .await
    }

    pub(super) async fn step(
        &self,
        ctx: Context,
        request: proto::MoveOpportunityRequest,
    ) -> Result<proto::Opportunity, Error> {
        let step = &convert::step(&request).map_err(faults_of(""))?;
        let named = (request.name.as_str(), request.etag.as_str());
        let now = ctx.now;
        self.advance(ctx, &request, named, |before, pipeline| {
            before.step(step, pipeline, now)
        })
        .await
    }

    pub(super) async fn reopen(
        &self,
        ctx: Context,
        request: proto::ReopenOpportunityRequest,
    ) -> Result<proto::Opportunity, Error> {
        let reopening = &convert::reopening(&request).map_err(faults_of(""))?;
        let named = (request.name.as_str(), request.etag.as_str());
        let now = ctx.now;
        self.advance(ctx, &request, named, |before, pipeline| {
            before.reopen(reopening, pipeline, now)
        })
        .await
    }

    /// Brings an opportunity to another stage of its pipeline.
    async fn advance<Req: RequestId>(
        &self,
        ctx: Context,
        request: &Req,
        (name, etag): (&str, &str),
        next: impl Fn(&Opportunity, &Pipeline) -> Result<Opportunity, Refused> + Sync,
    ) -> Result<proto::Opportunity, Error> {
        let [id] = OPPORTUNITY.parse("name", name)?;
        let (ctx, next) = (&ctx, &next);
        self.0
            .once(ctx, request, |txn| async move {
                let record = opportunity::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, record.row.version)?;
                let before = record.read()?;
                let pipeline = pipeline_of(ctx, &txn, &record).await?;
                let after = next(&before, &pipeline).map_err(refused(name, ""))?;
                let recorded = opportunity::update(ctx, &txn, &record, &before, &after).await?;
                publish(ctx, &txn, [recorded]).await
            })
            .await
    }
}

async fn pipeline_of(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: &Record,
) -> Result<Pipeline, Error> {
    let id = record.row.pipeline_id;
    let held = pipeline::hold(ctx, txn, [id]).await?.remove(&id);
    held.ok_or_else(|| Error::not_found(resource::pipeline(id)))
}

/// Refuses an external id that another opportunity has.
async fn taken(ctx: &Context, txn: &DatabaseTransaction, draft: &Draft) -> Result<(), Error> {
    let known = opportunity::by_external_id(ctx, txn, draft.external_id()).await?;
    match known.into_values().next() {
        None => Ok(()),
        Some(id) => Err(PlatformError::AlreadyExists(resource::opportunity(id)).into()),
    }
}

/// Of a new opportunity.
pub(super) fn identity(ctx: &Context, draft: &Draft) -> Identity {
    Identity {
        id: new_id(),
        pipeline: draft.pipeline(),
        external_id: draft.external_id().map(str::to_owned),
        version: 1,
        create_time: ctx.now,
    }
}

/// Publishes what was recorded, in its order; answers the last of it.
pub(super) async fn publish(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    recorded: impl IntoIterator<Item = Recorded>,
) -> Result<proto::Opportunity, Error> {
    let mut facts = Vec::new();
    let mut last = proto::Opportunity::default();
    for Recorded { record, change } in recorded {
        let version = record.row.version;
        last = convert::to_proto(record, ctx.now)?;
        let change = change.map(convert::change).transpose()?;
        facts.push(events::opportunity_changed(&last, change, version));
    }
    outbox::append(txn, ctx, &facts).await?;
    Ok(last)
}

/// The answer to a change that the domain refused, with the faults of what is in `field`.
fn refused<'a>(name: &'a str, field: &'a str) -> impl Fn(Refused) -> Error + 'a {
    move |refused| {
        let state = |state: OpportunityState, why| Error::InvalidState {
            resource: name.to_owned(),
            state: state.label(),
            why,
        };
        match refused {
            Refused::Invalid(faults) => faults_of::<InvalidFields>(field)(faults),
            Refused::Closed(ended) => state(ended, "is closed. Reopen it first."),
            Refused::Open => state(OpportunityState::Open, "is open. Move it instead."),
            Refused::SameStage => state(OpportunityState::Open, "is in this stage already."),
        }
    }
}
