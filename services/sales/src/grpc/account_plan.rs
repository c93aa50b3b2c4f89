//! `AccountPlanService`.

mod measure;
mod write;

use std::sync::LazyLock;

use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;

use super::convert::account_plan as convert;
use super::{LARGE_ROWS, SMALL_PAGE, Shared};
use crate::domain::account_plan::AccountPlanState;
use crate::error::Error;
use crate::resource::{ACCOUNT_PLAN, CUSTOMER, SELLER};
use crate::store::account_plan::{self, Record};
use crate::store::entity::account_plan::Column;

/// Keeps what is to be achieved with customers.
pub(crate) struct AccountPlans(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.AccountPlanService" for AccountPlans {
        create_account_plan(proto::CreateAccountPlanRequest) -> proto::AccountPlan = create;
        get_account_plan(proto::GetAccountPlanRequest) -> proto::AccountPlan = get;
        list_account_plans(proto::ListAccountPlansRequest)
            -> proto::ListAccountPlansResponse = list;
        update_account_plan(proto::UpdateAccountPlanRequest) -> proto::AccountPlan = update;
        activate_account_plan(proto::ActivateAccountPlanRequest) -> proto::AccountPlan = activate;
        close_account_plan(proto::CloseAccountPlanRequest) -> proto::AccountPlan = close;
        complete_plan_action(proto::CompletePlanActionRequest) -> proto::AccountPlan = complete;
        review_account_plan(proto::ReviewAccountPlanRequest) -> proto::AccountPlan = review;
        list_account_plan_reviews(proto::ListAccountPlanReviewsRequest)
            -> proto::ListAccountPlanReviewsResponse = list_reviews;
    }
}

/// What `ListAccountPlans` filters by.
pub(super) static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = AccountPlanState::ALL
        .iter()
        .map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .reference("owner", Column::OwnerId, SELLER)
        .reference("customer", Column::CustomerId, CUSTOMER)
        .enumeration("state", Column::State, states)
        .date("start_date", Column::StartDate)
        .date("end_date", Column::EndDate)
        .date("next_review_date", Column::NextReviewDate)
});

impl AccountPlans {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetAccountPlanRequest,
    ) -> Result<proto::AccountPlan, Error> {
        let [id] = ACCOUNT_PLAN.parse("name", &request.name)?;
        let db = self.0.db.read();
        let record = account_plan::get(&ctx, db, id).await?;
        let found = measure::found(&ctx, db, &record).await?;
        let progress = convert::progress(&record.row, found, ctx.now)?;
        Ok(proto::AccountPlan {
            progress: Some(progress),
            ..convert::to_proto(record)?
        })
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListAccountPlansRequest,
    ) -> Result<proto::ListAccountPlansResponse, Error> {
        let proto::ListAccountPlansRequest {
            page_size,
            page_token,
            filter,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.AccountPlanService/ListAccountPlans",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, LARGE_ROWS)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let rows = account_plan::page(&ctx, wanted, page.after, page.limit());
        let rows = rows.all(self.0.db.read()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.plan_id)?;
        let plans = rows.into_iter().map(|row| {
            convert::to_proto(Record {
                row,
                parties: Vec::new(),
            })
        });
        Ok(proto::ListAccountPlansResponse {
            account_plans: plans.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn list_reviews(
        &self,
        ctx: Context,
        request: proto::ListAccountPlanReviewsRequest,
    ) -> Result<proto::ListAccountPlanReviewsResponse, Error> {
        let proto::ListAccountPlanReviewsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = ACCOUNT_PLAN.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.AccountPlanService/ListAccountPlanReviews",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        let rows = account_plan::reviews(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.review_id)?;
        Ok(proto::ListAccountPlanReviewsResponse {
            account_plan_reviews: rows.into_iter().map(convert::review_to_proto).collect(),
            next_page_token,
        })
    }
}
