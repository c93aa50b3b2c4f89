//! One file per proto service. A handler reads the message into the domain, runs one
//! transaction over the store, and writes the answer: rules live in the domain, statements in
//! the store.

mod account_plan;
mod approval_policy;
mod authority;
pub(crate) mod calendar;
pub(crate) mod convert;
mod dunning;
mod expense;
mod forecast;
mod opportunity;
mod order;
mod pipeline;
mod policy;
mod price_book;
mod product;
mod proposal;
mod proposal_template;
pub(crate) mod quote;
mod receivable;
mod report;
mod seller;
pub(crate) mod suggestion;
mod task;
pub(crate) mod territory;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use prost::Message;
use rapport_platform::db::Database;
use rapport_platform::idempotency;
use rapport_platform::identity::Context;
use rapport_platform::key::SecretKey;
use rapport_platform::paging::{PageSizes, PageTokens};
use rapport_platform::public_url::PublicUrl;
use rapport_platform::server::Rpcs;
use rapport_proto::RequestId;
use sea_orm::DatabaseTransaction;

use crate::customers::Customers;
use crate::domain::proposal::pdf::Fonts;
use crate::error::Error;
use account_plan::AccountPlans;
use approval_policy::ApprovalPolicies;
use authority::Authorities;
use calendar::Calendars;
use calendar::feed::CalendarFeeds;
use dunning::Dunnings;
use expense::Expenses;
use forecast::Forecasts;
use opportunity::Opportunities;
use order::Orders;
use pipeline::Pipelines;
use price_book::PriceBooks;
use product::Products;
use proposal::Proposals;
use proposal_template::ProposalTemplates;
use quote::Quotes;
use receivable::Receivables;
use report::SalesReports;
use seller::Sellers;
use suggestion::Suggestions;
use task::Tasks;
use territory::{CustomerTerritories, Territories, TerritoryModels};

/// Pages of lists whose rows are small.
const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// Pages of lists whose rows may hold long texts or many parts: the largest still fits an answer.
const SMALL_PAGE: PageSizes = PageSizes {
    default: 50,
    max: 200,
};

/// Pages of lists whose rows may be tens of kilobytes: the largest still fits an answer.
const LARGE_ROWS: PageSizes = PageSizes {
    default: 20,
    max: 50,
};

/// What every handler works with. Clones share it.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The service's rows.
    pub(crate) db: Database,
    /// Makes and reads page tokens.
    pub(crate) page_tokens: PageTokens,
    /// Makes the secrets in the addresses of feeds.
    pub(crate) feed_key: SecretKey,
    /// Knows who the customers are.
    pub(crate) customers: Customers,
    /// What documents are set in.
    pub(crate) fonts: Fonts,
    /// What addresses of feeds begin with; none while nobody said where programs find the gateway.
    pub(crate) public_url: Option<PublicUrl>,
}

impl Shared {
    /// Runs `work` in one transaction and answers what it answers; a repeated request gets the
    /// first answer instead: [`idempotency::once`].
    pub(crate) fn once<Req, Resp, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        work: W,
    ) -> impl Future<Output = Result<Resp, Error>> + Send
    where
        Req: RequestId,
        Resp: Message + Default,
        W: Fn(Arc<DatabaseTransaction>) -> F + Send + Sync,
        F: Future<Output = Result<Resp, Error>> + Send,
    {
        idempotency::once(&self.db, ctx, request, work)
    }
}

/// Every RPC of the service, without the layers that stand before them.
pub(crate) fn rpcs(shared: &Shared) -> Rpcs {
    let shared = || shared.clone();
    Rpcs::default()
        .serve(AccountPlans(shared()))
        .serve(ApprovalPolicies(shared()))
        .serve(Authorities(shared()))
        .serve(CustomerTerritories(shared()))
        .serve(CalendarFeeds(shared()))
        .serve(Calendars(shared()))
        .serve(Dunnings(shared()))
        .serve(Expenses(shared()))
        .serve(Forecasts(shared()))
        .serve(Opportunities(shared()))
        .serve(Orders(shared()))
        .serve(Pipelines(shared()))
        .serve(PriceBooks(shared()))
        .serve(Products(shared()))
        .serve(Proposals(shared()))
        .serve(ProposalTemplates(shared()))
        .serve(Quotes(shared()))
        .serve(Receivables(shared()))
        .serve(SalesReports(shared()))
        .serve(Sellers(shared()))
        .serve(Territories(shared()))
        .serve(TerritoryModels(shared()))
        .serve(Tasks(shared()))
        .serve(Suggestions(shared()))
}
