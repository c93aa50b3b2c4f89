//! Invoices, payments, and how old what is open is.

use futures::future::join_all;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, metadata, refused};
use rapport_proto::rapport::sales::v1 as proto;

use super::{Outcome, Shop, cents, day, entry, fault_fields, outcomes};
use crate::testing::Caller;
use proto::InvoiceEntryKind::{CreditNote, Payment, Refund, WriteOff};
use proto::{OrderDiscrepancy, OrderState, PaymentState};

async fn ageing(caller: &Caller, date: Option<super::Date>) -> Vec<proto::Ageing> {
    let request = proto::QueryAgeingRequest {
        as_of_date: date,
        ..Default::default()
    };
    answer(caller.receivables().query_ageing(request).await).ageings
}

/// Current, 1 to 30, to 60, to 90, over 90, and what is owed to customers; in cents.
fn buckets(ageing: &proto::Ageing) -> [i64; 6] {
    [
        &ageing.current,
        &ageing.overdue_1_to_30_days,
        &ageing.overdue_31_to_60_days,
        &ageing.overdue_61_to_90_days,
        &ageing.overdue_over_90_days,
        &ageing.credit,
    ]
    .map(|it| cents(it.as_ref()))
}

on_each_engine! {
    async fn an_order_is_completed_when_all_is_delivered_invoiced_and_paid(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let billed = async || {
            let order = shop.order_now().await;
            let amounts = [&order.invoiced_amount, &order.paid_amount, &order.open_amount];
            (order.payment_state(), amounts.map(|it| cents(it.as_ref())))
        };
        let taxed = proto::InvoiceReport {
            tax_amount: super::euros(15_000),
            ..shop.invoice("I1", 1, 100_000)
        };
        erp.bill(vec![taxed]).await;
        assert_eq!(billed().await, (PaymentState::Unpaid, [115_000, 0, 115_000]));
        erp.post(vec![entry("P1", 1, "I1", Payment, 15_000)]).await;
        assert_eq!(billed().await, (PaymentState::PartlyPaid, [115_000, 15_000, 100_000]));
        erp.post(vec![entry("P2", 1, "I1", Payment, 100_000)]).await;
        assert_eq!(billed().await, (PaymentState::PartlyPaid, [115_000, 115_000, 0]), "more is to be invoiced");
        erp.bill(vec![shop.invoice("I2", 1, 57_500)]).await;
        erp.post(vec![entry("P3", 1, "I2", Payment, 57_500)]).await;
        assert_eq!(billed().await, (PaymentState::Paid, [172_500, 172_500, 0]));
        assert_eq!(shop.order_now().await.state(), OrderState::Open);
        erp.deliver(vec![shop.delivery("D1", 1, &[(1, "10"), (2, "5")])]).await;
        assert_eq!(shop.order_now().await.state(), OrderState::Completed);
        // The payment bounced: the ERP takes it back.
        erp.post(vec![entry("P3", 2, "I2", Payment, 0)]).await;
        assert_eq!(billed().await, (PaymentState::PartlyPaid, [172_500, 115_000, 57_500]));
        assert_eq!(shop.order_now().await.state(), OrderState::Open);
    }

    async fn each_kind_of_entry_changes_what_is_open(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        erp.bill(vec![shop.invoice("I1", 1, 10_000)]).await;
        for (document, kind, amount, open, paid) in [
            ("P1", Payment, 12_000, -2_000, 12_000),
            ("R1", Refund, 5_000, 3_000, 7_000),
            ("C1", CreditNote, 1_000, 2_000, 7_000),
            ("W1", WriteOff, 2_000, 0, 7_000),
        ] {
            let booked = erp.post(vec![entry(document, 1, "I1", kind, amount)]).await;
            assert_eq!(outcomes(&booked), [Outcome::Applied]);
            let invoice = erp.invoice("I1").await;
            assert_eq!(cents(invoice.open_amount.as_ref()), open, "{document}");
            assert_eq!(cents(invoice.paid_amount.as_ref()), paid, "{document}");
            let order = shop.order_now().await;
            let overpaid = [i32::from(OrderDiscrepancy::Overpaid)];
            assert_eq!(order.discrepancies == overpaid, open < 0, "{document}");
            assert_eq!(order.open_amount, invoice.open_amount);
        }
        let request = proto::ListInvoiceEntriesRequest {
            parent: erp.invoice("I1").await.name,
            ..Default::default()
        };
        let entries = answer(erp.receivables().list_invoice_entries(request).await).entries;
        let documents: Vec<_> = entries.iter().map(|it| it.document.as_str()).collect();
        assert_eq!(documents, ["C1", "P1", "R1", "W1"]);
        erp.bill(vec![shop.invoice("I2", 1, 500_000)]).await;
        let shown = shop.order_now().await.discrepancies;
        assert_eq!(shown, [i32::from(OrderDiscrepancy::OverInvoiced)]);
    }

    async fn invoices_and_payments_may_come_again_late_and_at_once(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let invoice = shop.invoice("I1", 3, 10_000);
        erp.bill(vec![invoice.clone()]).await;
        let results = erp.bill(vec![
            invoice,
            shop.invoice("I1", 2, 99_900),
            shop.invoice("I1", 3, 99_900),
        ]).await;
        assert_eq!(outcomes(&results), [Outcome::Unchanged, Outcome::Stale, Outcome::Refused]);
        // The same payment from four processes, with three others of their own.
        let payments = (0..4).map(|number| {
            let own = format!("OWN{number}");
            vec![entry("P1", 1, "I1", Payment, 1_000), entry(&own, 1, "I1", Payment, 100)]
        });
        let all = join_all(payments.map(|reports| erp.post(reports))).await;
        let first = all.iter().filter(|it| it[0].outcome() == Outcome::Applied);
        assert_eq!(first.count(), 1);
        assert_eq!(cents(erp.invoice("I1").await.paid_amount.as_ref()), 1_400);
        assert_eq!(cents(shop.order_now().await.paid_amount.as_ref()), 1_400);
        erp.bill(vec![shop.invoice("I1", 4, 2_000)]).await;
        assert_eq!(cents(erp.invoice("I1").await.open_amount.as_ref()), 600, "payments stay");
        erp.bill(vec![shop.invoice("I1", 5, 0)]).await;
        assert_eq!(cents(shop.order_now().await.open_amount.as_ref()), -1_400, "void, and yet paid");
    }

    async fn what_can_not_be_right_is_refused_beside_what_is(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let nobody = "customers/018f0000-0000-7000-8000-000000000000";
        let good = shop.invoice("I1", 1, 100);
        let (usd, yen) = (super::super::usd(1), proto::InvoiceReport {
            tax_amount: Some(super::Money { currency_code: "JPY".to_owned(), units: 1, nanos: 0 }),
            ..shop.invoice("I7", 1, 100)
        });
        let results = erp.bill(vec![
            good.clone(),
            proto::InvoiceReport { net_amount: Some(usd), ..shop.invoice("I2", 1, 0) },
            proto::InvoiceReport { order: String::new(), customer: nobody.to_owned(), ..shop.invoice("I3", 1, 1) },
            proto::InvoiceReport { order: String::new(), ..shop.invoice("I4", 1, 1) },
            proto::InvoiceReport { due_date: super::super::day(2025, 1, 1).into(), ..shop.invoice("I5", 1, 1) },
            proto::InvoiceReport { order: shop.order.name.replace("orders/0", "orders/f"), ..shop.invoice("I6", 1, 1) },
            yen,
            shop.invoice("I8", 1, -1),
            proto::InvoiceReport { customer: shop.company.customer.clone(), ..good },
        ]).await;
        let refused_at: Vec<_> = results.iter().skip(1).map(|it| fault_fields(it).join(" ")).collect();
        assert_eq!(results[0].outcome(), Outcome::Applied);
        assert_eq!(refused_at, [
            "net_amount", "customer", "order", "due_date", "order", "tax_amount", "net_amount", "customer",
        ]);
        let results = erp.post(vec![
            entry("P1", 1, "none", Payment, 1),
            entry("P2", 1, "I1", Payment, -1),
            proto::EntryReport { kind: 0, ..entry("P3", 1, "I1", Payment, 1) },
            proto::EntryReport { amount: Some(super::super::usd(1)), ..entry("P4", 1, "I1", Payment, 1) },
        ]).await;
        let refused_at: Vec<_> = results.iter().map(|it| fault_fields(it).join(" ")).collect();
        assert_eq!(refused_at, ["invoice_document", "amount", "kind", "amount"]);
        erp.post(vec![entry("P5", 1, "I1", Payment, 1)]).await;
        erp.bill(vec![shop.invoice("I9", 1, 100)]).await;
        let moved = erp.post(vec![entry("P5", 2, "I9", Payment, 1)]).await;
        assert_eq!(fault_fields(&moved[0]), ["document"]);
    }

    async fn an_invoice_needs_no_order_and_is_due_by_the_terms(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let free = proto::InvoiceReport {
            order: String::new(),
            customer: shop.company.customer.clone(),
            due_date: None,
            ..shop.invoice("I1", 1, 100)
        };
        erp.bill(vec![free]).await;
        let invoice = erp.invoice("I1").await;
        assert_eq!((invoice.order.as_str(), &invoice.customer), ("", &shop.company.customer));
        assert_eq!(invoice.due_date, day(1, 31), "30 days after the first of January");
        let his = format!("customer = \"{}\" AND open = true AND due_date < \"2026-02-01\"", invoice.customer);
        assert_eq!(erp.invoices_that(&his).await.len(), 1);
        assert_eq!(erp.invoices_that("open = false").await.len(), 0);
        assert_eq!(erp.of_another_tenant().invoices_that("").await.len(), 0);
    }

    async fn what_is_open_has_its_age_on_any_day(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        // Due on January 31st; half is paid on February 10th, the rest on May 20th.
        erp.bill(vec![shop.invoice("I1", 1, 10_000)]).await;
        let rest = proto::EntryReport { booking_date: day(5, 20), ..entry("P2", 1, "I1", Payment, 5_000) };
        erp.post(vec![entry("P1", 1, "I1", Payment, 5_000), rest]).await;
        for (date, expected) in [
            (day(1, 1), Some([10_000, 0, 0, 0, 0, 0])),
            (day(1, 31), Some([10_000, 0, 0, 0, 0, 0])),
            (day(2, 1), Some([0, 10_000, 0, 0, 0, 0])),
            (day(2, 10), Some([0, 5_000, 0, 0, 0, 0])),
            (day(3, 2), Some([0, 5_000, 0, 0, 0, 0])),
            (day(3, 3), Some([0, 0, 5_000, 0, 0, 0])),
            (day(4, 2), Some([0, 0, 0, 5_000, 0, 0])),
            (day(5, 1), Some([0, 0, 0, 5_000, 0, 0])),
            (day(5, 2), Some([0, 0, 0, 0, 5_000, 0])),
            (day(5, 19), Some([0, 0, 0, 0, 5_000, 0])),
            (day(5, 20), None),
            (super::super::day(2025, 12, 31).into(), None),
        ] {
            let found = ageing(&erp, date).await;
            assert_eq!(found.first().map(buckets), expected, "{date:?}");
        }
        // Later knowledge of what was booked earlier counts; too much is apart.
        let late = proto::EntryReport { booking_date: day(3, 10), ..entry("P3", 1, "I1", Payment, 1_000) };
        erp.post(vec![late]).await;
        assert_eq!(buckets(&ageing(&erp, day(3, 9)).await[0]), [0, 0, 5_000, 0, 0, 0]);
        assert_eq!(buckets(&ageing(&erp, day(3, 10)).await[0]), [0, 0, 4_000, 0, 0, 0]);
        assert_eq!(buckets(&ageing(&erp, day(6, 1)).await[0]), [0, 0, 0, 0, 0, 1_000]);
        assert!(ageing(&erp.of_another_tenant(), day(2, 1)).await.is_empty());
    }

    async fn only_what_is_open_is_disputed_and_only_once(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        erp.bill(vec![shop.invoice("I1", 1, 10_000)]).await;
        let name = erp.invoice("I1").await.name;
        let dispute = || {
            let request = proto::DisputeInvoiceRequest { name: name.clone(), reason: "Broken".to_owned(), ..Default::default() };
            let mut client = erp.receivables();
            async move { client.dispute_invoice(request).await }
        };
        let resolve = || {
            let request = proto::ResolveInvoiceDisputeRequest { name: name.clone(), ..Default::default() };
            let mut client = erp.receivables();
            async move { client.resolve_invoice_dispute(request).await }
        };
        assert_eq!(metadata(&refused(resolve().await), "state"), "UNDISPUTED");
        let disputed = answer(dispute().await);
        assert_eq!((disputed.dispute_reason.as_str(), disputed.next_dunning_date), ("Broken", None));
        assert_eq!(cents(ageing(&erp, day(2, 1)).await[0].disputed.as_ref()), 10_000);
        assert_eq!(metadata(&refused(dispute().await), "state"), "DISPUTED");
        let resolved = answer(resolve().await);
        assert_eq!((resolved.dispute_time, resolved.next_dunning_date), (None, day(2, 7)));
        erp.post(vec![entry("P1", 1, "I1", Payment, 10_000)]).await;
        assert_eq!(metadata(&refused(dispute().await), "state"), "SETTLED");
    }
}
