//! Getting and listing opportunities, and their history.

use std::sync::LazyLock;

use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_proto::rapport::sales::v1 as proto;

use super::Opportunities;
use crate::domain::pipeline::{ForecastCategory, OpportunityState};
use crate::error::Error;
use crate::grpc::PAGE;
use crate::grpc::convert::opportunity as convert;
use crate::resource::{CUSTOMER, OPPORTUNITY, PIPELINE, SELLER};
use crate::store::entity::opportunity::Column;
use crate::store::opportunity;

/// What `ListOpportunities` filters by: what has an index.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = OpportunityState::ALL.iter();
    let states = states.map(|it| (it.label(), it.number()));
    let categories = ForecastCategory::ALL.iter();
    let categories = categories.map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .reference("owner", Column::OwnerId, SELLER)
        .text("stage", Column::Stage)
        .reference("pipeline", Column::PipelineId, PIPELINE)
        .reference("customer", Column::CustomerId, CUSTOMER)
        .enumeration("state", Column::State, states)
        .enumeration("forecast_category", Column::Category, categories)
        .date("close_date", Column::CloseDate)
        .timestamp("stall_time", Column::StallTime)
        .text("external_id", Column::ExternalId)
});

/// What `ListOpportunities` filters by.
pub(crate) fn filter() -> &'static FilterSchema {
    &FILTER
}

impl Opportunities {
    pub(super) async fn get(
        &self,
        ctx: Context,
        request: proto::GetOpportunityRequest,
    ) -> Result<proto::Opportunity, Error> {
        let [id] = OPPORTUNITY.parse("name", &request.name)?;
        let record = opportunity::get(&ctx, self.0.db.read(), id).await?;
        convert::to_proto(record, ctx.now)
    }

    pub(super) async fn list(
        &self,
        ctx: Context,
        request: proto::ListOpportunitiesRequest,
    ) -> Result<proto::ListOpportunitiesResponse, Error> {
        let proto::ListOpportunitiesRequest {
            page_size,
            page_token,
            filter,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.OpportunityService/ListOpportunities",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let wanted = self::filter().parse(self.0.db.backend(), &filter)?;
        let db = self.0.db.read();
        let rows = opportunity::page(&ctx, wanted, page.after, page.limit());
        let (rows, next_page_token) = page.finish(rows.all(db).await?, |row| row.opportunity_id)?;
        let records = opportunity::with_lines(&ctx, db, rows).await?;
        let opportunities = records.into_iter().map(|it| convert::to_proto(it, ctx.now));
        Ok(proto::ListOpportunitiesResponse {
            opportunities: opportunities.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    pub(super) async fn list_changes(
        &self,
        ctx: Context,
        request: proto::ListStageChangesRequest,
    ) -> Result<proto::ListStageChangesResponse, Error> {
        let proto::ListStageChangesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = OPPORTUNITY.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.OpportunityService/ListStageChanges",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let rows =
            opportunity::changes(&ctx, self.0.db.read(), id, page.after, page.limit()).await?;
        // Every opportunity has a history, so that none means that there is no such opportunity.
        if rows.is_empty() && page.after.is_none() {
            return Err(Error::not_found(parent));
        }
        let (rows, next_page_token) = page.finish(rows, |row| row.version)?;
        Ok(proto::ListStageChangesResponse {
            stage_changes: rows
                .into_iter()
                .map(convert::change)
                .collect::<Result<_, _>>()?,
            next_page_token,
        })
    }
}
