//! Whatever a caller sends gets an answer with a reason, and never a fault of ours.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;

use super::{Shop, day, entry};

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        erp.bill(vec![shop.invoice("I1", 1, 100)]).await;
        let (order, invoice) = (shop.order.name.clone(), erp.invoice("I1").await.name);
        let mut calls = 0;
        calls += spoil!(erp.orders(), get_order, GetOrderRequest { name: order.clone() });
        calls += spoil!(erp.orders(), list_orders, ListOrdersRequest { filter: "external_number = \"a\"".into() });
        calls += spoil!(erp.orders(), track_order, TrackOrderRequest { name: order.clone() });
        calls += spoil!(erp.orders(), list_deliveries, ListDeliveriesRequest { parent: order.clone() });
        calls += spoil!(erp.orders(), acknowledge_order, AcknowledgeOrderRequest { name: order.clone(), external_number: "a".into() });
        calls += spoil!(erp.orders(), report_deliveries, ReportDeliveriesRequest { reports: vec![shop.delivery("D1", 1, &[(1, "1")])] });
        calls += spoil!(erp.orders(), cancel_order, CancelOrderRequest { name: order });
        calls += spoil!(erp.receivables(), report_invoices, ReportInvoicesRequest { reports: vec![shop.invoice("I2", 1, 1)] });
        let payment = entry("P1", 1, "I1", proto::InvoiceEntryKind::Payment, 1);
        calls += spoil!(erp.receivables(), report_entries, ReportEntriesRequest { reports: vec![payment] });
        calls += spoil!(erp.receivables(), get_invoice, GetInvoiceRequest { name: invoice.clone() });
        calls += spoil!(erp.receivables(), list_invoices, ListInvoicesRequest { filter: "document = \"a\"".into() });
        calls += spoil!(erp.receivables(), list_invoice_entries, ListInvoiceEntriesRequest { parent: invoice.clone() });
        calls += spoil!(erp.receivables(), dispute_invoice, DisputeInvoiceRequest { name: invoice.clone(), reason: "a".into() });
        calls += spoil!(erp.receivables(), resolve_invoice_dispute, ResolveInvoiceDisputeRequest { name: invoice.clone() });
        calls += spoil!(erp.receivables(), promise_payment, PromisePaymentRequest { name: invoice.clone(), promise_date: day(1, 1) });
        calls += spoil!(erp.receivables(), query_ageing, QueryAgeingRequest { customer: shop.company.customer.clone() });
        let policy = proto::DunningPolicy { level_days: vec![7], ..Default::default() };
        calls += spoil!(erp.dunnings(), get_dunning_policy, GetDunningPolicyRequest { name: "dunningPolicy".into() });
        calls += spoil!(erp.dunnings(), set_dunning_policy, SetDunningPolicyRequest { dunning_policy: Some(policy) });
        calls += spoil!(erp.dunnings(), list_overdue_customers, ListOverdueCustomersRequest {});
        calls += spoil!(erp.dunnings(), dun_customer, DunCustomerRequest { customer: shop.company.customer.clone(), currency_code: "EUR".into() });
        calls += spoil!(erp.dunnings(), list_dunning_notices, ListDunningNoticesRequest { parent: shop.company.customer.clone() });
        calls += spoil!(erp.dunnings(), list_dunning_steps, ListDunningStepsRequest { invoice: invoice });
        calls += spoil!(erp.dunnings(), list_dunning_steps, ListDunningStepsRequest { notice_id: new_id().to_string() });
        assert!(calls > 250, "{calls}");
    }
}
