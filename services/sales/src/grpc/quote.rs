//! `QuoteService`.

mod answer;
mod approve;
mod clock;
mod content;
mod message;
mod send;
mod step;

use std::sync::LazyLock;

use rapport_platform::error::PlatformError;
use rapport_platform::filter::FilterSchema;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Shared;
use super::convert::{quote as convert, quote_revision};
use crate::domain::quote::state::QuoteState;
use crate::error::{Error, faults_of};
use crate::events::quote as events;
use crate::resource::{self, CUSTOMER, OPPORTUNITY, QUOTE};
use crate::store::entity::quote::{Column, Model};
use crate::store::opportunity;
use crate::store::quote::{self, decision, revision};

#[cfg(test)]
pub(crate) use clock::sweep;
pub(crate) use clock::worker;
use content::Written;
pub(super) use step::binds;

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 200,
};

/// Makes quotes, has them approved and sends them.
pub(crate) struct Quotes(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.QuoteService" for Quotes {
        create_quote(proto::CreateQuoteRequest) -> proto::Quote = create;
        get_quote(proto::GetQuoteRequest) -> proto::Quote = get;
        list_quotes(proto::ListQuotesRequest) -> proto::ListQuotesResponse = list;
        revise_quote(proto::ReviseQuoteRequest) -> proto::Quote = revise;
        get_quote_revision(proto::GetQuoteRevisionRequest) -> proto::QuoteRevision = get_revision;
        list_quote_revisions(proto::ListQuoteRevisionsRequest)
            -> proto::ListQuoteRevisionsResponse = list_revisions;
        submit_quote(proto::SubmitQuoteRequest) -> proto::Quote = submit;
        approve_quote(proto::ApproveQuoteRequest) -> proto::Quote = approve;
        decline_quote(proto::DeclineQuoteRequest) -> proto::Quote = decline;
        send_quote(proto::SendQuoteRequest) -> proto::Quote = send;
        list_quote_sends(proto::ListQuoteSendsRequest)
            -> proto::ListQuoteSendsResponse = list_sends;
        accept_quote(proto::AcceptQuoteRequest) -> proto::Quote = accept;
        reject_quote(proto::RejectQuoteRequest) -> proto::Quote = reject;
        supersede_quote(proto::SupersedeQuoteRequest) -> proto::Quote = supersede;
    }
}

/// What `ListQuotes` filters by.
pub(super) static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = QuoteState::ALL.iter().map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .enumeration("state", Column::State, states)
        .reference("customer", Column::CustomerId, CUSTOMER)
        .reference("opportunity", Column::OpportunityId, OPPORTUNITY)
        .text("owner", Column::Owner)
        .integer("asked_level", Column::AskedLevel)
});

impl Quotes {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let sent = request.quote.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("quote"))?;
        let [customer] = CUSTOMER.parse("quote.customer", &sent.customer)?;
        let opportunity = resource::optional(OPPORTUNITY, &sent.opportunity);
        let opportunity = opportunity.map_err(faults_of("quote.opportunity"))?;
        let content = sent.content.as_ref();
        let content = content.ok_or_else(|| Error::missing("quote.content"))?;
        let draft = &convert::draft(content).map_err(faults_of("quote.content"))?;
        let known = self.0.customers.known(&ctx, &[customer]).await?;
        let customer = known.get(&customer).copied().ok_or_else(|| {
            Error::invalid(
                "quote.customer",
                "does not exist: name a customer that does",
            )
        })?;
        let (ctx, most) = (&ctx, request.max_discount_ppm);
        self.0
            .once(ctx, &request, |txn| async move {
                let names = (customer, opportunity);
                require_about(ctx, &txn, names).await?;
                let written = content::write(ctx, &txn, draft, names, "quote.content").await?;
                written.check_discount(most)?;
                let row = first(ctx, names, &written);
                quote::insert(&txn, &row).await?;
                let id = (row.quote_id, row.revision);
                revision::insert(ctx, &txn, id, &written.document).await?;
                let content = written.document.content;
                step::publish(ctx, &txn, row, content, Box::new(events::created)).await
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let [id] = QUOTE.parse("name", &request.name)?;
        let db = self.0.db.read();
        let row = quote::get(&ctx, db, id).await?;
        let said = revision::get(&ctx, db, id, row.revision).await?;
        let content = revision::document(&said)?.content;
        convert::to_proto(row, content, ctx.now)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListQuotesRequest,
    ) -> Result<proto::ListQuotesResponse, Error> {
        let proto::ListQuotesRequest {
            filter,
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.QuoteService/ListQuotes",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let rows = quote::list(&ctx, self.0.db.read(), wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.quote_id)?;
        let quotes = rows
            .into_iter()
            .map(|row| convert::to_proto(row, None, ctx.now));
        Ok(proto::ListQuotesResponse {
            quotes: quotes.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn get_revision(
        &self,
        ctx: Context,
        request: proto::GetQuoteRevisionRequest,
    ) -> Result<proto::QuoteRevision, Error> {
        let (id, number) = resource::quote_revision_ids("name", &request.name)?;
        let db = self.0.db.read();
        let row = revision::get(&ctx, db, id, number).await?;
        let decisions = decision::list(&ctx, db, id, number).await?;
        quote_revision::to_proto(&row, decisions)
    }

    async fn list_revisions(
        &self,
        ctx: Context,
        request: proto::ListQuoteRevisionsRequest,
    ) -> Result<proto::ListQuoteRevisionsResponse, Error> {
        let proto::ListQuoteRevisionsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = QUOTE.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.QuoteService/ListQuoteRevisions",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        quote::get(&ctx, db, id).await?;
        let rows = revision::list(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.revision)?;
        let revisions = rows.iter().map(|row| {
            Ok(proto::QuoteRevision {
                content: None,
                taxes: Vec::new(),
                ..quote_revision::to_proto(row, Vec::new())?
            })
        });
        Ok(proto::ListQuoteRevisionsResponse {
            revisions: revisions.collect::<Result<_, Error>>()?,
            next_page_token,
        })
    }
}

/// Refuses an opportunity that does not exist, or is about another customer.
async fn require_about(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (customer, opportunity): (Uuid, Option<Uuid>),
) -> Result<(), Error> {
    let Some(id) = opportunity else { return Ok(()) };
    let refused = |why: &str| Error::invalid("quote.opportunity", why);
    let about = match opportunity::get(ctx, txn, id).await {
        Ok(record) => record.row.customer_id,
        Err(Error::Platform(PlatformError::NotFound(_))) => return Err(refused("does not exist")),
        Err(error) => return Err(error),
    };
    match about {
        Some(about) if about != customer => Err(refused("is about another customer")),
        _ => Ok(()),
    }
}

/// A draft that was just written.
fn first(ctx: &Context, (customer, opportunity): (Uuid, Option<Uuid>), written: &Written) -> Model {
    let total = written.content.total();
    Model {
        tenant_id: ctx.tenant,
        quote_id: new_id(),
        customer_id: customer,
        customer: resource::customer(customer),
        opportunity_id: opportunity,
        title: written.content.title.clone(),
        currency: written.content.currency.code().to_owned(),
        net: total.net,
        tax: total.tax,
        revision: 1,
        content_hash: written.hash.bytes().to_vec(),
        approved_hash: None,
        approved_revision: None,
        expire_time: written.content.expire,
        state: QuoteState::Draft.code(),
        owner: ctx.actor.to_string(),
        submitter: None,
        submit_time: None,
        submission: 0,
        policy_version: 0,
        pending_level: None,
        asked_level: None,
        escalate_time: None,
        send_channel: None,
        send_time: None,
        send_proposal_id: None,
        send_hash: None,
        reject_reason: None,
        successor_id: None,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    }
}
