//! Orders, what the ERP tells of them, and what customers owe.

mod ageing;
mod billing;
mod customers;
mod deliveries;
mod dunning;
mod hostile;
mod lifecycle;
mod lists;
mod plans;

use rapport_platform::db::Database;
use rapport_platform::testing::answer;
use rapport_proto::google::r#type::{Date, Money};
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::dunning_service_client::DunningServiceClient;
use rapport_proto::rapport::sales::v1::order_service_client::OrderServiceClient;
use rapport_proto::rapport::sales::v1::receivable_service_client::ReceivableServiceClient;
use tonic::Status;

use super::prices::euros;
use super::quotes::{Company, content, line};
use crate::testing::{Caller, Link};
use proto::ReportOutcome as Outcome;

/// A company whose customer ordered 10 pens and 5 books: 1,000.00 and 500.00, with a tax of 15 %.
struct Shop {
    company: Company,
    order: proto::Order,
}

impl Shop {
    async fn open(db: &Database) -> Self {
        let company = Company::open(db).await;
        let order = order(&company).await;
        Self { company, order }
    }

    fn erp(&self) -> Caller {
        self.company.sven.acting_as("systems/erp")
    }

    async fn order_now(&self) -> proto::Order {
        self.erp().order(&self.order.name).await
    }

    /// A report of a delivery document, by position and quantity.
    fn delivery(
        &self,
        document: &str,
        sequence: i64,
        lines: &[(i32, &str)],
    ) -> proto::DeliveryReport {
        let lines = lines
            .iter()
            .map(|(position, quantity)| proto::DeliveryLine {
                position: *position,
                quantity: (*quantity).to_owned(),
            });
        proto::DeliveryReport {
            document: document.to_owned(),
            sequence,
            order: self.order.name.clone(),
            lines: lines.collect(),
            delivery_date: day(2, 1),
            ..Default::default()
        }
    }

    /// A report of an invoice for the order.
    fn invoice(&self, document: &str, sequence: i64, cents: i64) -> proto::InvoiceReport {
        proto::InvoiceReport {
            document: document.to_owned(),
            sequence,
            order: self.order.name.clone(),
            net_amount: euros(cents),
            issue_date: day(1, 1),
            due_date: day(1, 31),
            ..Default::default()
        }
    }
}

/// The order of a new quote that the customer took.
async fn order(company: &Company) -> proto::Order {
    let content = proto::QuoteContent {
        lines: vec![line("10", 10_000, 0), line("5", 10_000, 0)],
        ..content(0)
    };
    let quote = company.sven.create(&company.customer, content, 0).await;
    let approved = company.sven.submit(&quote.unwrap()).await.unwrap();
    let sent = company.sven.send(&approved).await.unwrap();
    let accepted = company.sven.accept(&sent).await.unwrap();
    company.sven.order(&accepted.order).await
}

/// A payment or the like.
fn entry(
    document: &str,
    sequence: i64,
    invoice: &str,
    kind: proto::InvoiceEntryKind,
    cents: i64,
) -> proto::EntryReport {
    proto::EntryReport {
        document: document.to_owned(),
        sequence,
        invoice_document: invoice.to_owned(),
        kind: kind.into(),
        amount: euros(cents),
        booking_date: day(2, 10),
    }
}

fn day(month: i32, day: i32) -> Option<Date> {
    Some(super::day(2026, month, day))
}

fn cents(money: Option<&Money>) -> i64 {
    let money = money.unwrap();
    money.units * 100 + i64::from(money.nanos / 10_000_000)
}

fn outcomes(results: &[proto::ReportResult]) -> Vec<Outcome> {
    results.iter().map(proto::ReportResult::outcome).collect()
}

fn fault_fields(result: &proto::ReportResult) -> Vec<&str> {
    result.faults.iter().map(|it| it.field.as_str()).collect()
}

/// What a caller does in these stories, in few words.
impl Caller {
    fn orders(&self) -> OrderServiceClient<Link> {
        OrderServiceClient::new(self.link())
    }

    fn receivables(&self) -> ReceivableServiceClient<Link> {
        ReceivableServiceClient::new(self.link())
    }

    fn dunnings(&self) -> DunningServiceClient<Link> {
        DunningServiceClient::new(self.link())
    }

    async fn order(&self, name: &str) -> proto::Order {
        let request = proto::GetOrderRequest {
            name: name.to_owned(),
        };
        answer(self.orders().get_order(request).await)
    }

    async fn orders_that(&self, filter: &str) -> Vec<String> {
        let request = proto::ListOrdersRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let listed = answer(self.orders().list_orders(request).await);
        listed.orders.into_iter().map(|it| it.name).collect()
    }

    async fn deliver(&self, reports: Vec<proto::DeliveryReport>) -> Vec<proto::ReportResult> {
        let request = proto::ReportDeliveriesRequest {
            reports,
            ..Default::default()
        };
        answer(self.orders().report_deliveries(request).await).results
    }

    async fn bill(&self, reports: Vec<proto::InvoiceReport>) -> Vec<proto::ReportResult> {
        let request = proto::ReportInvoicesRequest {
            reports,
            ..Default::default()
        };
        answer(self.receivables().report_invoices(request).await).results
    }

    async fn post(&self, reports: Vec<proto::EntryReport>) -> Vec<proto::ReportResult> {
        let request = proto::ReportEntriesRequest {
            reports,
            ..Default::default()
        };
        answer(self.receivables().report_entries(request).await).results
    }

    async fn invoices_that(&self, filter: &str) -> Vec<proto::Invoice> {
        let request = proto::ListInvoicesRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        answer(self.receivables().list_invoices(request).await).invoices
    }

    async fn invoice(&self, document: &str) -> proto::Invoice {
        let mut found = self
            .invoices_that(&format!("document = \"{document}\""))
            .await;
        found.remove(0)
    }

    async fn cancel(&self, order: &str) -> Result<proto::Order, Status> {
        let request = proto::CancelOrderRequest {
            name: order.to_owned(),
            reason: "Changed his mind".to_owned(),
            ..Default::default()
        };
        let answer = self.orders().cancel_order(request).await;
        answer.map(tonic::Response::into_inner)
    }
}
