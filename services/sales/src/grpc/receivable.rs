//! `ReceivableService`.

mod entries;
mod invoices;
mod orders;

use std::sync::LazyLock;

use jiff::Span;
use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_platform::text::passage;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::ColumnTrait as _;
use sea_orm::sea_query::ExprTrait as _;

use super::convert::{day, receivable as convert, required_day};
use super::order::require_batch;
use super::{PAGE, SMALL_PAGE, Shared};
use crate::domain::date;
use crate::domain::receivable::NEVER;
use crate::error::{Error, faults_of};
use crate::events::order as events;
use crate::resource::{self, CUSTOMER, INVOICE, ORDER};
use crate::store::dunning;
use crate::store::entity::invoice::{Column, Model};
use crate::store::invoice::{self, ageing, entry};

/// Keeps what customers owe.
pub(crate) struct Receivables(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.ReceivableService" for Receivables {
        report_invoices(proto::ReportInvoicesRequest) -> proto::ReportInvoicesResponse
            = report_invoices;
        report_entries(proto::ReportEntriesRequest) -> proto::ReportEntriesResponse
            = report_entries;
        get_invoice(proto::GetInvoiceRequest) -> proto::Invoice = get;
        list_invoices(proto::ListInvoicesRequest) -> proto::ListInvoicesResponse = list;
        list_invoice_entries(proto::ListInvoiceEntriesRequest)
            -> proto::ListInvoiceEntriesResponse = list_entries;
        dispute_invoice(proto::DisputeInvoiceRequest) -> proto::Invoice = dispute;
        resolve_invoice_dispute(proto::ResolveInvoiceDisputeRequest) -> proto::Invoice = resolve;
        promise_payment(proto::PromisePaymentRequest) -> proto::Invoice = promise;
        query_ageing(proto::QueryAgeingRequest) -> proto::QueryAgeingResponse = query_ageing;
    }
}

/// What `ListInvoices` filters by.
pub(super) static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    FilterSchema::new()
        .reference("customer", Column::CustomerId, CUSTOMER)
        .reference("order", Column::OrderId, ORDER)
        .text("document", Column::Document)
        .date("due_date", Column::DueDate)
        .computed("open", |operand| {
            let settled = || Column::SettledDate.eq(NEVER);
            match operand.text {
                "true" if !operand.prefix => Ok(settled()),
                "false" if !operand.prefix => Ok(settled().not()),
                _ => Err("expected true or false.".to_owned()),
            }
        })
});

impl Receivables {
    async fn report_invoices(
        &self,
        ctx: Context,
        request: proto::ReportInvoicesRequest,
    ) -> Result<proto::ReportInvoicesResponse, Error> {
        require_batch(request.reports.len())?;
        let reports: Vec<_> = request
            .reports
            .iter()
            .map(convert::invoice_report)
            .collect();
        let customers = self
            .0
            .customers
            .known(&ctx, &invoices::payers(&reports))
            .await?;
        let (ctx, reports, customers) = (&ctx, &reports, &customers);
        self.0
            .once(ctx, &request, |txn| async move {
                let results = invoices::take_in(ctx, &txn, reports, customers).await?;
                Ok(proto::ReportInvoicesResponse { results })
            })
            .await
    }

    async fn report_entries(
        &self,
        ctx: Context,
        request: proto::ReportEntriesRequest,
    ) -> Result<proto::ReportEntriesResponse, Error> {
        require_batch(request.reports.len())?;
        let reports: Vec<_> = request.reports.iter().map(convert::entry_report).collect();
        let (ctx, reports) = (&ctx, &reports);
        self.0
            .once(ctx, &request, |txn| async move {
                let results = entries::take_in(ctx, &txn, reports).await?;
                Ok(proto::ReportEntriesResponse { results })
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetInvoiceRequest,
    ) -> Result<proto::Invoice, Error> {
        let [id] = INVOICE.parse("name", &request.name)?;
        let row = invoice::get(&ctx, self.0.db.read(), id).await?;
        Ok(convert::invoice_to_proto(row))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListInvoicesRequest,
    ) -> Result<proto::ListInvoicesResponse, Error> {
        let proto::ListInvoicesRequest {
            filter,
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.ReceivableService/ListInvoices",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let rows = invoice::list(&ctx, self.0.db.read(), wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.invoice_id)?;
        Ok(proto::ListInvoicesResponse {
            invoices: rows.into_iter().map(convert::invoice_to_proto).collect(),
            next_page_token,
        })
    }

    async fn list_entries(
        &self,
        ctx: Context,
        request: proto::ListInvoiceEntriesRequest,
    ) -> Result<proto::ListInvoiceEntriesResponse, Error> {
        let proto::ListInvoiceEntriesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = INVOICE.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.ReceivableService/ListInvoiceEntries",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open::<String>(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let currency = invoice::get(&ctx, db, id).await?.currency;
        let rows = entry::list(&ctx, db, id, page.after.clone(), page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.document.clone())?;
        let entries = rows
            .into_iter()
            .map(|row| convert::entry_to_proto(row, &currency));
        Ok(proto::ListInvoiceEntriesResponse {
            entries: entries.collect(),
            next_page_token,
        })
    }

    async fn dispute(
        &self,
        ctx: Context,
        request: proto::DisputeInvoiceRequest,
    ) -> Result<proto::Invoice, Error> {
        let reason = passage(&request.reason, 1_000).map_err(faults_of("reason"))?;
        let named = (request.name.as_str(), request.etag.as_str());
        let now = ctx.now;
        let step = |row: Model| {
            if row.dispute_time.is_some() {
                return Err(("DISPUTED", "is disputed before. Settle that first."));
            }
            require_open(&row)?;
            Ok(Model {
                dispute_time: Some(now),
                dispute_reason: Some(reason.clone()),
                ..row
            })
        };
        self.step(&ctx, &request, named, &step, events::disputed)
            .await
    }

    async fn resolve(
        &self,
        ctx: Context,
        request: proto::ResolveInvoiceDisputeRequest,
    ) -> Result<proto::Invoice, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let step = |row: Model| match row.dispute_time {
            None => Err(("UNDISPUTED", "is not disputed.")),
            Some(_) => Ok(Model {
                dispute_time: None,
                dispute_reason: None,
                ..row
            }),
        };
        self.step(&ctx, &request, named, &step, events::dispute_resolved)
            .await
    }

    async fn promise(
        &self,
        ctx: Context,
        request: proto::PromisePaymentRequest,
    ) -> Result<proto::Invoice, Error> {
        const FIELD: &str = "promise_date";
        let promised = required_day(request.promise_date.as_ref()).map_err(faults_of(FIELD))?;
        let today = date::of(ctx.now);
        if promised < today || promised > today.saturating_add(Span::new().years(1)) {
            let why = "must be today or later, and at most a year ahead";
            return Err(Error::invalid(FIELD, why));
        }
        let named = (request.name.as_str(), request.etag.as_str());
        let step = |row: Model| {
            require_open(&row)?;
            Ok(Model {
                promise_date: Some(date::number(promised)),
                ..row
            })
        };
        self.step(&ctx, &request, named, &step, events::promised)
            .await
    }

    /// Takes a step of an invoice, over the version that it was read with.
    async fn step<Req: RequestId>(
        &self,
        ctx: &Context,
        request: &Req,
        (name, etag): (&str, &str),
        step: &(dyn Fn(Model) -> Result<Model, Refusal> + Sync),
        tell: events::TellInvoice,
    ) -> Result<proto::Invoice, Error> {
        let [id] = INVOICE.parse("name", name)?;
        self.0
            .once(ctx, request, |txn| async move {
                let row = invoice::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                let row = step(row).map_err(|(state, why)| Error::InvalidState {
                    resource: name.to_owned(),
                    state,
                    why,
                })?;
                let policy = dunning::in_force(ctx, &*txn).await?;
                let mut rows = invoice::write(ctx, &txn, &policy, [row]).await?;
                let row = rows
                    .pop()
                    .ok_or_else(|| Error::not_found(name.to_owned()))?;
                let (version, after) = (row.version, convert::invoice_to_proto(row));
                outbox::append(&txn, ctx, &[tell(after.clone(), version)]).await?;
                Ok(after)
            })
            .await
    }

    async fn query_ageing(
        &self,
        ctx: Context,
        request: proto::QueryAgeingRequest,
    ) -> Result<proto::QueryAgeingResponse, Error> {
        let proto::QueryAgeingRequest {
            as_of_date,
            customer,
        } = request;
        let as_of = day(as_of_date.as_ref()).map_err(faults_of("as_of_date"))?;
        let as_of = as_of.unwrap_or_else(|| date::of(ctx.now));
        let customer = resource::optional(CUSTOMER, &customer).map_err(faults_of("customer"))?;
        let ages = ageing::ages(&ctx, self.0.db.read(), as_of, customer).await?;
        Ok(proto::QueryAgeingResponse {
            ageings: ages.into_iter().map(convert::ageing_to_proto).collect(),
        })
    }
}

/// Why a step can't be taken: for programs, and in words.
type Refusal = (&'static str, &'static str);

fn require_open(row: &Model) -> Result<(), Refusal> {
    match row.open {
        1.. => Ok(()),
        _ => Err(("SETTLED", "has nothing open.")),
    }
}
