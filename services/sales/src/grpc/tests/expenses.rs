//! What sellers spend, and how they get it back.

mod approval;
mod lists;
mod purposes;
mod retract;
mod writing;

use rapport_platform::db::Database;
use rapport_platform::testing::answer;
use rapport_proto::google::r#type::{Date, Money};
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::expense_service_client::ExpenseServiceClient;
use tonic::{Response, Status};

use super::prices::euros;
use super::{day, usd};
use crate::testing::{Caller, Link};

/// Meg manages Sam, who sells; Otto sells too and manages nobody. Up to 100.00 Meg approves alone.
struct Office {
    sam: Caller,
    meg: Caller,
    otto: Caller,
    /// Keeps the books; sells nothing.
    back: Caller,
    seller: String,
}

impl Office {
    async fn open(db: &Database) -> Self {
        Self::of(&Caller::of(db).await).await
    }

    async fn of(caller: &Caller) -> Self {
        let meg = super::sellers::seller(caller, "meg", "").await;
        let sam = super::sellers::seller(caller, "sam", &meg.name).await;
        super::sellers::seller(caller, "otto", "").await;
        let as_who = |who: &str| caller.acting_as(&format!("employees/{who}"));
        let now = "2026-03-31T12:00:00Z".parse().unwrap();
        let office = Self {
            sam: as_who("sam").with(|ctx| ctx.now = now),
            meg: as_who("meg").with(|ctx| ctx.now = now),
            otto: as_who("otto").with(|ctx| ctx.now = now),
            back: as_who("back").with(|ctx| ctx.now = now),
            seller: sam.name,
        };
        answer(office.back.set_expense_policy(policy()).await);
        office
    }

    fn report(&self, lines: Vec<proto::ExpenseLine>) -> proto::ExpenseReport {
        proto::ExpenseReport {
            seller: self.seller.clone(),
            title: "Fair in Hanover".to_owned(),
            lines,
            ..Default::default()
        }
    }

    /// A report of Sam's over so many cents.
    async fn draft(&self, cents: i64) -> proto::ExpenseReport {
        let report = self.report(vec![line("hotel", euros(cents))]);
        self.sam.spend(report).await.unwrap()
    }

    async fn submitted(&self, cents: i64) -> proto::ExpenseReport {
        let draft = self.draft(cents).await;
        self.sam.hand_in(&draft).await.unwrap()
    }
}

fn policy() -> proto::ExpensePolicy {
    proto::ExpensePolicy {
        currency_code: "EUR".to_owned(),
        categories: vec![category("hotel", 15_000, 5_000), category("meal", 3_000, 0)],
        manager_limit: euros(10_000),
        late_after_days: 60,
        ..Default::default()
    }
}

fn category(key: &str, line_limit: i64, receipt_above: i64) -> proto::ExpenseCategory {
    proto::ExpenseCategory {
        key: key.to_owned(),
        display_name: key.to_owned(),
        line_limit: euros(line_limit),
        receipt_above: euros(receipt_above),
    }
}

fn line(category: &str, amount: Option<Money>) -> proto::ExpenseLine {
    proto::ExpenseLine {
        expense_date: Some(day(2026, 3, 1)),
        category: category.to_owned(),
        description: "Two nights".to_owned(),
        amount,
        receipt: "R-1".to_owned(),
        ..Default::default()
    }
}

fn cents(money: Option<&Money>) -> i64 {
    let money = money.unwrap();
    money.units * 100 + i64::from(money.nanos / 10_000_000)
}

fn inner<T>(answer: Result<Response<T>, Status>) -> Result<T, Status> {
    answer.map(Response::into_inner)
}

/// What a caller does in these stories, in few words.
impl Caller {
    fn expenses(&self) -> ExpenseServiceClient<Link> {
        ExpenseServiceClient::new(self.link())
    }

    async fn set_expense_policy(
        &self,
        policy: proto::ExpensePolicy,
    ) -> Result<Response<proto::ExpensePolicy>, Status> {
        let request = proto::SetExpensePolicyRequest {
            expense_policy: Some(policy),
            ..Default::default()
        };
        self.expenses().set_expense_policy(request).await
    }

    async fn spend(&self, report: proto::ExpenseReport) -> Result<proto::ExpenseReport, Status> {
        let request = proto::CreateExpenseReportRequest {
            expense_report: Some(report),
            ..Default::default()
        };
        inner(self.expenses().create_expense_report(request).await)
    }

    async fn write_anew(
        &self,
        report: proto::ExpenseReport,
        paths: &[&str],
    ) -> Result<proto::ExpenseReport, Status> {
        let request = proto::UpdateExpenseReportRequest {
            expense_report: Some(report),
            update_mask: super::mask(paths),
            ..Default::default()
        };
        inner(self.expenses().update_expense_report(request).await)
    }

    async fn hand_in(&self, report: &proto::ExpenseReport) -> Result<proto::ExpenseReport, Status> {
        let request = proto::SubmitExpenseReportRequest {
            name: report.name.clone(),
            ..Default::default()
        };
        inner(self.expenses().submit_expense_report(request).await)
    }

    async fn take_back(
        &self,
        report: &proto::ExpenseReport,
    ) -> Result<proto::ExpenseReport, Status> {
        let request = proto::WithdrawExpenseReportRequest {
            name: report.name.clone(),
            ..Default::default()
        };
        inner(self.expenses().withdraw_expense_report(request).await)
    }

    async fn remove(&self, report: &proto::ExpenseReport, request_id: &str) -> Result<(), Status> {
        let request = proto::DeleteExpenseReportRequest {
            name: report.name.clone(),
            etag: report.etag.clone(),
            request_id: request_id.to_owned(),
        };
        inner(self.expenses().delete_expense_report(request).await)
    }

    async fn sign(&self, report: &proto::ExpenseReport) -> Result<proto::ExpenseReport, Status> {
        let request = proto::ApproveExpenseReportRequest {
            name: report.name.clone(),
            etag: report.etag.clone(),
            ..Default::default()
        };
        inner(self.expenses().approve_expense_report(request).await)
    }

    async fn refuse(&self, report: &proto::ExpenseReport) -> Result<proto::ExpenseReport, Status> {
        let request = proto::RejectExpenseReportRequest {
            name: report.name.clone(),
            etag: report.etag.clone(),
            comment: "By train, please".to_owned(),
            ..Default::default()
        };
        inner(self.expenses().reject_expense_report(request).await)
    }

    async fn pay_back(
        &self,
        report: &proto::ExpenseReport,
        document: &str,
    ) -> Result<proto::ExpenseReport, Status> {
        let request = proto::ReimburseExpenseReportRequest {
            name: report.name.clone(),
            payment_document: document.to_owned(),
            payment_date: Some(day(2026, 4, 15)),
            ..Default::default()
        };
        inner(self.expenses().reimburse_expense_report(request).await)
    }

    async fn spent_by(&self, dimensions: &[proto::ExpenseDimension]) -> Vec<proto::ExpenseRow> {
        let request = proto::QueryExpensesRequest {
            start_date: Some(day(2026, 1, 1)),
            end_date: Some(day(2027, 1, 1)),
            dimensions: dimensions.iter().map(|it| i32::from(*it)).collect(),
        };
        answer(self.expenses().query_expenses(request).await).rows
    }

    async fn reports_that(&self, filter: &str) -> usize {
        let request = proto::ListExpenseReportsRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let listed = answer(self.expenses().list_expense_reports(request).await);
        listed.expense_reports.len()
    }
}

fn date(month: i32, date: i32) -> Option<Date> {
    Some(day(2026, month, date))
}
