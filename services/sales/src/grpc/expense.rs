//! `ExpenseService`.

mod decide;
mod retract;
mod written;

use std::sync::{Arc, LazyLock};

use rapport_platform::error::PlatformError;
use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::convert::{expense as convert, report, required_day};
use super::forecast::entitled;
use super::report::period;
use super::{SMALL_PAGE, Shared};
use crate::domain::date;
use crate::domain::expense::{ExpenseDimension, ExpenseState, Step};
use crate::error::{Error, faults_of};
use crate::events::expense as events;
use crate::resource::{EXPENSE_REPORT, SELLER};
use crate::store::entity::expense_policy::Entity as Policies;
use crate::store::entity::expense_report::{Column, Model};
use crate::store::expense::{self, Record, line};
use crate::store::report::MOST_ROWS;

/// Keeps what sellers spent.
pub(crate) struct Expenses(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.ExpenseService" for Expenses {
        create_expense_report(proto::CreateExpenseReportRequest) -> proto::ExpenseReport = create;
        get_expense_report(proto::GetExpenseReportRequest) -> proto::ExpenseReport = get;
        list_expense_reports(proto::ListExpenseReportsRequest)
            -> proto::ListExpenseReportsResponse = list;
        update_expense_report(proto::UpdateExpenseReportRequest) -> proto::ExpenseReport = update;
        submit_expense_report(proto::SubmitExpenseReportRequest) -> proto::ExpenseReport = submit;
        withdraw_expense_report(proto::WithdrawExpenseReportRequest) -> proto::ExpenseReport
            = withdraw;
        delete_expense_report(proto::DeleteExpenseReportRequest) -> () = delete;
        approve_expense_report(proto::ApproveExpenseReportRequest) -> proto::ExpenseReport
            = approve;
        reject_expense_report(proto::RejectExpenseReportRequest) -> proto::ExpenseReport = reject;
        reimburse_expense_report(proto::ReimburseExpenseReportRequest) -> proto::ExpenseReport
            = reimburse;
        query_expenses(proto::QueryExpensesRequest) -> proto::QueryExpensesResponse = query;
        get_expense_policy(proto::GetExpensePolicyRequest) -> proto::ExpensePolicy = get_policy;
        set_expense_policy(proto::SetExpensePolicyRequest) -> proto::ExpensePolicy = set_policy;
    }
}

/// What `ListExpenseReports` filters by.
pub(super) static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = ExpenseState::ALL.iter().map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .enumeration("state", Column::State, states)
        .reference("seller", Column::SellerId, SELLER)
});

impl Expenses {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        const FIELD: &str = "expense_report";
        let sent = request.expense_report.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let [seller] = SELLER.parse("expense_report.seller", &sent.seller)?;
        let draft = convert::draft(sent, date::of(ctx.now)).map_err(faults_of(FIELD))?;
        let draft = &written::known(&ctx, &self.0.customers, draft).await?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                entitled(ctx, &txn, seller, true).await?;
                let ids = (seller, new_id());
                let written = written::write(ctx, &txn, ids, draft).await?;
                let record = written.first(ctx, ids);
                expense::insert(&txn, &record).await?;
                publish(ctx, &txn, record, events::created).await
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        let [id] = EXPENSE_REPORT.parse("name", &request.name)?;
        let record = expense::get(&ctx, self.0.db.read(), id).await?;
        Ok(convert::to_proto(record))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListExpenseReportsRequest,
    ) -> Result<proto::ListExpenseReportsResponse, Error> {
        let proto::ListExpenseReportsRequest {
            filter,
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.ExpenseService/ListExpenseReports",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let rows = expense::list(&ctx, self.0.db.read(), wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.report_id)?;
        Ok(proto::ListExpenseReportsResponse {
            expense_reports: rows.into_iter().map(convert::row_to_proto).collect(),
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        const FIELD: &str = "expense_report";
        let sent = request.expense_report.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let [id] = EXPENSE_REPORT.parse("expense_report.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = Mask::parse::<proto::ExpenseReport>(mask, &convert::UPDATABLE)?;
        // Customers are looked up before the transaction, by what is merged here.
        let base = expense::get(&ctx, self.0.db.read(), id).await?;
        let version = base.row.version;
        let merged = mask.merge(&convert::to_proto(base), sent)?;
        let draft = convert::draft(&merged, date::of(ctx.now)).map_err(faults_of(FIELD))?;
        let draft = &written::known(&ctx, &self.0.customers, draft).await?;
        let named = (sent.name.as_str(), sent.etag.as_str());
        let ctx = &ctx;
        let step = |txn: Arc<DatabaseTransaction>, before: Record| async move {
            if before.row.version != version {
                return Err(PlatformError::EtagMismatch(sent.name.clone()).into());
            }
            expense::allow(&before.row, Step::Write)?;
            let ids = (before.row.seller_id, id);
            entitled(ctx, &txn, ids.0, true).await?;
            let written = written::write(ctx, &txn, ids, draft).await?;
            line::replace(ctx, &txn, id, written.lines.clone()).await?;
            Ok(Some(written.over(ctx, before)))
        };
        self.step(ctx, &request, named, step, events::updated).await
    }

    async fn submit(
        &self,
        ctx: Context,
        request: proto::SubmitExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        let named = (request.name.as_str(), request.etag.as_str());
        let ctx = &ctx;
        let step = |txn: Arc<DatabaseTransaction>, before: Record| async move {
            expense::allow(&before.row, Step::Submit)?;
            entitled(ctx, &txn, before.row.seller_id, true).await?;
            let row = Model {
                state: ExpenseState::Submitted.code(),
                submitter: Some(ctx.actor.to_string()),
                submit_time: Some(ctx.now),
                ..before.row
            };
            Ok(Some(Record { row, ..before }))
        };
        self.step(ctx, &request, named, step, events::submitted)
            .await
    }

    async fn reimburse(
        &self,
        ctx: Context,
        request: proto::ReimburseExpenseReportRequest,
    ) -> Result<proto::ExpenseReport, Error> {
        let number = report::number(&request.payment_document);
        let number = &number.map_err(faults_of("payment_document"))?;
        let paid = required_day(request.payment_date.as_ref());
        let paid = date::number(paid.map_err(faults_of("payment_date"))?);
        let step = |_, before: Record| async move {
            let row = before.row;
            let known = (row.payment_document.as_deref(), row.payment_date);
            let refused = |state, why| Error::InvalidState {
                resource: EXPENSE_REPORT.format(&[row.report_id]),
                state,
                why,
            };
            match row.state {
                it if it == ExpenseState::Approved.code() => {}
                it if it == ExpenseState::Reimbursed.code() => {
                    return match known == (Some(number), Some(paid)) {
                        true => Ok(None),
                        false => Err(refused("REIMBURSED", "was paid back by another payment.")),
                    };
                }
                _ => return Err(refused("UNAPPROVED", "is not approved.")),
            }
            let row = Model {
                state: ExpenseState::Reimbursed.code(),
                payment_document: Some(number.clone()),
                payment_date: Some(paid),
                ..row
            };
            let lines = before.lines;
            Ok(Some(Record { row, lines }))
        };
        let named = (request.name.as_str(), "");
        self.step(&ctx, &request, named, step, events::reimbursed)
            .await
    }

    /// Takes a step of a report, over the version that it was read with; none leaves it as it is.
    async fn step<Req, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        (name, etag): (&str, &str),
        work: W,
        tell: events::Tell,
    ) -> Result<proto::ExpenseReport, Error>
    where
        Req: RequestId,
        W: Fn(Arc<DatabaseTransaction>, Record) -> F + Sync,
        F: Future<Output = Result<Option<Record>, Error>> + Send,
    {
        let [id] = EXPENSE_REPORT.parse("name", name)?;
        let work = &work;
        self.0
            .once(ctx, request, |txn| async move {
                let before = expense::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, before.row.version)?;
                let Some(Record { row, lines }) = work(txn.clone(), before.clone()).await? else {
                    return Ok(convert::to_proto(before));
                };
                let row = expense::write(ctx, &txn, row).await?;
                publish(ctx, &txn, Record { row, lines }, tell).await
            })
            .await
    }

    async fn query(
        &self,
        ctx: Context,
        request: proto::QueryExpensesRequest,
    ) -> Result<proto::QueryExpensesResponse, Error> {
        let period = period(request.start_date.as_ref(), request.end_date.as_ref())?;
        let mut dimensions = Vec::new();
        for (index, number) in request.dimensions.iter().enumerate() {
            let at = format!("dimensions[{index}]");
            let dimension = ExpenseDimension::try_from(*number).map_err(faults_of(&at))?;
            if dimensions.contains(&dimension) {
                return Err(Error::invalid(at, "repeats an earlier dimension"));
            }
            dimensions.push(dimension);
        }
        let rows = line::spent(&ctx, self.0.db.read(), period, &dimensions).await?;
        if rows.len() > MOST_ROWS {
            let why = "make more than 4,000 combinations: ask for fewer, or for less time";
            return Err(Error::invalid("dimensions", why));
        }
        Ok(proto::QueryExpensesResponse {
            rows: rows.into_iter().map(convert::spent_to_proto).collect(),
        })
    }

    async fn get_policy(
        &self,
        ctx: Context,
        request: proto::GetExpensePolicyRequest,
    ) -> Result<proto::ExpensePolicy, Error> {
        self.0.policy::<Policies>(&ctx, &request.name).await
    }

    async fn set_policy(
        &self,
        ctx: Context,
        request: proto::SetExpensePolicyRequest,
    ) -> Result<proto::ExpensePolicy, Error> {
        let sent = request.expense_policy.as_ref();
        self.0.set_policy::<Policies, _>(&ctx, &request, sent).await
    }
}

async fn publish(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: Record,
    tell: events::Tell,
) -> Result<proto::ExpenseReport, Error> {
    let version = record.row.version;
    let report = convert::to_proto(record);
    outbox::append(txn, ctx, &[tell(report.clone(), version)]).await?;
    Ok(report)
}
